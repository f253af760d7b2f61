"""Discord: posts as Components V2 cards, slash commands and buttons, one bot in many servers.

An address is the id of a channel, thread or forum, or "dm:USER" for a person; a space is "discord:SERVER" or "dm:USER".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.ports import Clock, Pace

if TYPE_CHECKING:
    from adapters.discord.adapter import DiscordAdapter
    from bot.config import DiscordSettings


def create(settings: DiscordSettings, *, pace: Pace, clock: Clock) -> DiscordAdapter:
    """Make the Discord adapter; discord.py itself is imported when it runs."""
    from adapters.discord.adapter import DiscordAdapter

    return DiscordAdapter(settings, pace=pace, clock=clock)
