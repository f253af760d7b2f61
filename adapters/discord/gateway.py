"""The gateway through discord.py: kept connected, whatever happens to it.

discord.py resumes and reconnects by itself in most cases. What it does not survive ends up here: a first connection
that is refused ends in an AttributeError, a close code it does not know ends the client. Each time a new client starts,
later and later, and no client identifies sooner than Discord allows.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any

import discord
import structlog
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from adapters.discord.errors import NOT_ACCEPTED, RestError, TokenRefused
from adapters.discord.permissions import trouble_in
from adapters.discord.places import Asks, Place, Tag
from bot.errors import SettingsError

if TYPE_CHECKING:
    from bot.config import DiscordSettings

log = structlog.get_logger()

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 120.0
GATHERING = 0.5  # seconds without another server at a start: all of them are there
IDENTIFY_GAP = 5.5  # seconds: Discord lets a bot identify once in five
OWN_REQUESTS = 2  # that discord.py makes when it logs in: they count like all others
CANCELS = 3  # a second wish to stop is heard where the first one was not
STEADY = 300.0  # seconds after which a connection counts as having worked
REFUSED_TOKEN, DISALLOWED_INTENTS, SHARDING_REQUIRED = 4004, 4014, 4011

# Its own lines come with tracebacks for what it goes on to repair; what it cannot repair is said below.
logging.getLogger("discord").setLevel(logging.CRITICAL)

On = Callable[..., Awaitable[None]]


class Events:
    """What of discord.py's events this adapter listens to; mixed into both kinds of client."""

    handlers: dict[str, On]
    settled: asyncio.Event
    may_identify: Callable[[], Awaitable[None]]

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:  # noqa: ARG002
        """discord.py waits five seconds here, but not in a new client: what counts is the last time anyone did."""
        await self.may_identify()

    async def on_ready(self) -> None:
        self.settled.set()

    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        await self.handlers["interaction"](interaction)

    async def on_guild_join(self, guild: discord.Guild) -> None:
        await self.handlers["guild_join"](guild)

    async def on_guild_available(self, guild: discord.Guild) -> None:
        await self.handlers["guild_seen"](guild, is_start=not self.settled.is_set())

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        await self.handlers["guild_remove"](guild)

    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        await self.handlers["channel_delete"](channel.id)

    async def on_raw_thread_delete(self, payload: discord.RawThreadDeleteEvent) -> None:
        await self.handlers["channel_delete"](payload.thread_id)

    async def on_guild_channel_create(self, channel: discord.abc.GuildChannel) -> None:
        await self.handlers["permissions"](channel.guild)

    async def on_guild_channel_update(
        self, before: discord.abc.GuildChannel, after: discord.abc.GuildChannel
    ) -> None:
        if before.overwrites != after.overwrites or before.category_id != after.category_id:
            await self.handlers["permissions"](after.guild)

    async def on_guild_role_update(self, before: discord.Role, after: discord.Role) -> None:
        if before.permissions != after.permissions and after in after.guild.me.roles:
            await self.handlers["permissions"](after.guild)

    async def on_member_update(self, before: discord.Member, after: discord.Member) -> None:
        if before.roles != after.roles and after.id == after.guild.me.id:
            await self.handlers["permissions"](after.guild)

    async def on_connect(self) -> None:
        log.info("discord connected")

    async def on_resumed(self) -> None:
        log.info("discord resumed")

    async def on_disconnect(self) -> None:
        log.debug("discord disconnected")  # it comes with each attempt that fails

    async def on_error(self, event: str, *_: Any, **__: Any) -> None:
        """Discord.py calls this inside its `except` block."""
        log.error("discord event failed", discord_event=event, exc_info=True)


class Single(Events, discord.Client):
    pass


class Sharded(Events, discord.AutoShardedClient):
    pass


class Gateway:
    """One connection (or as many shards as Discord recommends), and what is known of places through it."""

    def __init__(
        self,
        settings: DiscordSettings,
        ask: Asks,
        slot: Callable[[], Awaitable[None]],
        handlers: dict[str, On],
    ) -> None:
        self._settings = settings
        self._ask = ask
        self._slot = slot
        self._handlers = handlers
        self._client: Single | Sharded | None = None
        self._settled = asyncio.Event()
        self._identified_at = float("-inf")

    async def run(self) -> None:
        """Stay connected until cancelled. Raises SettingsError only."""
        failures = 0
        while True:
            began = asyncio.get_running_loop().time()
            try:
                await self._connected()
                reason = "the connection ended"
            except TokenRefused as error:
                raise SettingsError(NOT_ACCEPTED) from error
            except discord.LoginFailure as error:
                raise SettingsError(NOT_ACCEPTED) from error
            except discord.ConnectionClosed as error:
                if error.code == REFUSED_TOKEN:
                    raise SettingsError(NOT_ACCEPTED) from error
                reason = f"the gateway closed with code {error.code}"
            except RestError as error:
                reason = str(error)
            except AttributeError:
                reason = "the gateway cannot be reached"  # discord.py stumbles over the socket that it does not have
            except Exception as error:  # noqa: BLE001  whatever discord.py ended in: only a new client helps
                reason = f"{type(error).__name__}: {error}"
            finally:
                await self._end_client()
            failures = 0 if asyncio.get_running_loop().time() - began > STEADY else failures + 1
            pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** max(0, failures - 1)) * random.uniform(1, 1.3)  # noqa: S311
            log.warning("discord not connected", reason=reason, next_try=f"{pause:.0f}s")
            await asyncio.sleep(pause)

    async def ready(self) -> None:
        """Return when the servers and channels are known."""
        await self._settled.wait()

    def place(self, channel_id: str) -> Place | None:
        """What the gateway knows of a channel or a living thread."""
        channel = self._channel(channel_id)
        return _place(channel) if channel is not None else None

    def _channel(self, channel_id: str) -> discord.abc.GuildChannel | discord.Thread | None:
        client = self._client
        if client is None or not client.is_ready() or not channel_id.isdigit():
            return None
        channel = client.get_channel(int(channel_id))
        return channel if isinstance(channel, discord.abc.GuildChannel | discord.Thread) else None

    def trouble(self, channel_id: str) -> str:
        """What the bot lacks to post in a channel: a reason, "" where nothing is known to be lacking."""
        channel = self._channel(channel_id)
        return trouble_in(channel) if channel is not None else ""

    def owner_of(self, guild_id: str) -> int | None:
        """The owner of a server that the bot is in."""
        guild = self._client.get_guild(int(guild_id)) if self._client is not None else None
        return guild.owner_id if guild is not None else None

    async def close(self) -> None:
        await self._end_client()

    # ── one client's life ──

    async def _connected(self) -> None:
        told = await self._ask("GET", "/gateway/bot")
        limit = told.get("session_start_limit") or {}
        if limit.get("remaining") == 0:
            wait = float(limit.get("reset_after") or 0) / 1000
            log.warning("discord allows no new session", seconds=wait)
            await asyncio.sleep(min(wait, 3600) + 1)
        # Class attributes of the library: a plain client never asks for the gateway, and comes back to
        # this default after each session that it cannot resume.
        Route.BASE = self._settings.api_url
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(self._settings.gateway_url or str(told["url"]))
        self._client = self._new_client(int(told.get("shards") or 1))
        assert self._settings.token is not None
        for _ in range(OWN_REQUESTS):
            await self._slot()
        await _to_its_end(self._client.start(self._settings.token.get_secret_value(), reconnect=True))

    def _new_client(self, shards: int) -> Single | Sharded:
        options: dict[str, Any] = {
            "intents": discord.Intents(guilds=True),  # none privileged; interactions come without any
            "allowed_mentions": discord.AllowedMentions.none(),
            "max_messages": None,
            "chunk_guilds_at_startup": False,
            "member_cache_flags": discord.MemberCacheFlags.none(),
            "guild_ready_timeout": GATHERING,
        }
        if shards > 1:
            options["shard_count"] = shards
        client = Sharded(**options) if shards > 1 else Single(**options)
        client.handlers, client.settled = self._handlers, self._settled
        client.may_identify = self._may_identify
        return client

    async def _may_identify(self) -> None:
        loop = asyncio.get_running_loop()
        at = max(loop.time(), self._identified_at + IDENTIFY_GAP)
        self._identified_at = at
        await asyncio.sleep(at - loop.time())

    async def _end_client(self) -> None:
        client, self._client = self._client, None
        self._settled.clear()
        if client is None:
            return
        try:
            async with asyncio.timeout(5):
                await client.close()
        except Exception as error:  # noqa: BLE001  a client that never began cannot be closed, and that is fine
            log.debug("discord client not closed", reason=f"{type(error).__name__}: {error}")


async def _to_its_end(work: Coroutine[Any, Any, None]) -> None:
    """Await what may swallow a cancellation: before Python 3.12 `asyncio.wait_for` does, and discord.py connects in one."""
    task = asyncio.create_task(work, name="discord client")
    try:
        await asyncio.wait({task})
        task.result()
    finally:
        for _ in range(CANCELS):
            if task.done():
                break
            task.cancel()
            await asyncio.wait({task}, timeout=1)


def _place(channel: discord.abc.GuildChannel | discord.Thread) -> Place:
    parent_id = channel.parent_id if isinstance(channel, discord.Thread) else channel.category_id
    return Place(
        id=str(channel.id),
        kind=int(channel.type.value),
        guild_id=str(channel.guild.id),
        parent_id=str(parent_id or ""),
        name=channel.name,
        is_archived=isinstance(channel, discord.Thread) and channel.archived,
        tags=_tags(channel),
        flags=channel.flags.value if isinstance(channel, discord.ForumChannel) else 0,
    )


def _tags(channel: discord.abc.GuildChannel | discord.Thread) -> tuple[Tag, ...]:
    if not isinstance(channel, discord.ForumChannel):
        return ()
    return tuple(
        Tag(
            str(tag.id),
            tag.name,
            tag.moderated,
            str(tag.emoji.id) if tag.emoji and tag.emoji.id else None,
            tag.emoji.name if tag.emoji and not tag.emoji.id else None,
        )
        for tag in channel.available_tags
    )
