"""Telegram by its Bot API: posts with entities, commands, buttons, inline mode, topics and channels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.errors import SettingsError
from bot.ports import Clock, Pace

if TYPE_CHECKING:
    from adapters.telegram.adapter import TelegramAdapter
    from adapters.telegram.leftovers import Memory
    from bot.config import TelegramSettings


def create(
    settings: TelegramSettings, *, pace: Pace, clock: Clock, memory: Memory | None = None
) -> TelegramAdapter:
    """Make the Telegram adapter. The platform's library is imported here, not before.

    With a memory no update is lost to a kill, however long others take.
    """
    from adapters.telegram.adapter import TelegramAdapter

    if settings.token is None or not settings.token.get_secret_value().strip():
        raise SettingsError("PITWIRE_TELEGRAM__TOKEN is empty: @BotFather on Telegram gives you one.")
    return TelegramAdapter(settings, pace=pace, clock=clock, memory=memory)
