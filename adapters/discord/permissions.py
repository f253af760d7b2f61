"""Who may change what a place follows, and what the bot lacks to post there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import discord

_TARGET = re.compile(r"^\S+ @(\d{15,20})\b")

# What posting needs, in the order in which a moderator would look for it.
_IN_CHANNELS = ("view_channel", "send_messages")
_IN_THREADS = ("view_channel", "send_messages_in_threads")
# Without these there are posts, but no replies and follow-ups, and a post whose answer was lost cannot be looked for.
_BETTER_IN_CHANNELS = (*_IN_CHANNELS, "read_message_history")
_BETTER_IN_THREADS = (*_IN_THREADS, "read_message_history")
_BETTER_IN_FORUMS = (*_BETTER_IN_CHANNELS, "send_messages_in_threads")
_FORUMS, _THREADS = (15, 16), (10, 11, 12)


def target_of(
    interaction: discord.Interaction[Any], line: str, options: Mapping[str, str]
) -> discord.abc.GuildChannel | discord.Thread | None:
    """The other channel of the same server that a command is about: an option, or "settings @123 …"."""
    found = _TARGET.match(line)
    given = options.get("destination", "") or (found[1] if found else "")
    if not given.isdigit() or interaction.guild is None:
        return None
    return interaction.guild.get_channel_or_thread(int(given))


def may_manage_there(
    interaction: discord.Interaction[Any], target: discord.abc.GuildChannel | discord.Thread | None
) -> bool:
    """Manage Server or Manage Channels, here and in the channel that the command is about."""
    if not _may_manage(interaction.permissions):
        return False
    if target is None or interaction.permissions.manage_guild or interaction.permissions.administrator:
        return True
    member: Any = interaction.user
    return _may_manage(target.permissions_for(member))


def _may_manage(permissions: discord.Permissions) -> bool:
    return permissions.administrator or permissions.manage_guild or permissions.manage_channels


def trouble_at(
    interaction: discord.Interaction[Any], target: discord.abc.GuildChannel | discord.Thread | None
) -> str:
    """What the bot lacks to do all it does at the place that a command is about: a reason, or ""."""
    if target is not None:
        return _trouble(target, _better(target.type.value))
    kind = interaction.channel.type.value if interaction.channel is not None else 0
    return _reason(interaction.app_permissions, _better(kind))


def trouble_in(channel: discord.abc.GuildChannel | discord.Thread) -> str:
    """Why the bot could not post in a channel that the gateway knows."""
    return _trouble(channel, _IN_THREADS if channel.type.value in _THREADS else _IN_CHANNELS)


def _better(kind: int) -> tuple[str, ...]:
    if kind in _THREADS:
        return _BETTER_IN_THREADS
    return _BETTER_IN_FORUMS if kind in _FORUMS else _BETTER_IN_CHANNELS


def _trouble(channel: discord.abc.GuildChannel | discord.Thread, needed: tuple[str, ...]) -> str:
    if channel.type.value in (4, 14):
        return "discord.paused.kind"
    try:
        permissions = channel.permissions_for(channel.guild.me)
    except Exception:  # noqa: BLE001  a thread whose parent is unknown, a guild not yet loaded: nobody knows
        return ""
    return _reason(permissions, needed)


def _reason(permissions: discord.Permissions, needed: tuple[str, ...]) -> str:
    if permissions.administrator:
        return ""
    lacking = next((name for name in needed if not getattr(permissions, name)), None)
    return f"discord.paused.lacks_{lacking}" if lacking else ""
