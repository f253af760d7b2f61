"""What happens to servers and channels without anybody asking: the bot comes and goes, rights are given and taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from adapters.discord.asking import NAME, space_of
from adapters.discord.permissions import trouble_in
from bot.model import Change, PlatformChange
from bot.ports import Answerer

if TYPE_CHECKING:
    import discord

log = structlog.get_logger()

POSTED_TO = frozenset((0, 5, 15, 16))  # kinds of channel whose rights are watched
WATCHED_GUILDS = 1000  # told of one by one at a start; who runs more knows how long the bot was away


class Life:
    """Tells the core what an adapter noticed."""

    def __init__(self, answer: Answerer) -> None:
        self._answer = answer
        self._closed: dict[int, frozenset[int]] = {}  # channels of a server in which the bot cannot post

    async def joined(self, guild: discord.Guild) -> None:
        log.info("joined a server", guild=guild.id)
        await self._tell(Change.JOINED, space=space_of(guild.id))
        await self._restored(guild)

    async def removed(self, guild: discord.Guild) -> None:
        log.info("removed from a server", guild=guild.id)
        self._closed.pop(guild.id, None)
        await self._tell(Change.REMOVED, space=space_of(guild.id), reason="discord.paused.removed")

    async def channel_deleted(self, channel_id: int) -> None:
        await self._tell(Change.REMOVED, address=str(channel_id), reason="discord.paused.deleted")

    async def seen(self, guild: discord.Guild, *, is_start: bool) -> None:
        """A server is there (again): at a start, after an outage of Discord's, or after an invitation.

        What changed while this process was away is not known: its channels are asked for, in not too many servers.
        """
        if guild.id in self._closed:
            await self.rights_changed(guild)
        elif not is_start or len(self._closed) < WATCHED_GUILDS:
            await self._restored(guild)
        else:
            self._closed[guild.id] = _closed(guild)

    async def _restored(self, guild: discord.Guild) -> None:
        """Everything may go on; where some channels are closed to the bot, all but these."""
        closed = self._closed[guild.id] = _closed(guild)
        if not closed:
            await self._tell(Change.RESTORED, space=space_of(guild.id))
            return
        for channel in guild.channels:
            if channel.type.value in POSTED_TO and channel.id not in closed:
                await self._tell(Change.RESTORED, address=str(channel.id))

    async def rights_changed(self, guild: discord.Guild) -> None:
        """Compare with what was before, and tell of the channels that opened or closed."""
        before, after = self._closed.get(guild.id, frozenset()), _closed(guild)
        self._closed[guild.id] = after
        for channel_id in before - after:
            if guild.get_channel(channel_id) is not None:
                await self._tell(Change.RESTORED, address=str(channel_id))
        for channel_id in after - before:
            channel = guild.get_channel(channel_id)
            if channel is not None:
                await self._tell(Change.REMOVED, address=str(channel_id), reason=trouble_in(channel))

    async def _tell(self, change: Change, *, space: str = "", address: str = "", reason: str = "") -> None:
        await self._answer.noticed(
            PlatformChange(adapter=NAME, change=change, space=space, address=address, reason=reason)
        )


def _closed(guild: discord.Guild) -> frozenset[int]:
    return frozenset(
        channel.id for channel in guild.channels if channel.type.value in POSTED_TO and trouble_in(channel)
    )
