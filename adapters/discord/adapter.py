"""Discord as a platform: a `bot.ports.Adapter`."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

import structlog

from adapters.discord import commands
from adapters.discord.answering import Answering
from adapters.discord.asking import NAME, SPACE, asked
from adapters.discord.components import MAX_TEXT, Component
from adapters.discord.errors import NOT_ACCEPTED, Refused, RestError, TokenRefused
from adapters.discord.places import PERSON, Place, Places
from adapters.discord.posting import Posting, bucket_of
from adapters.discord.rest import ALL, ALL_RATE, Rest
from adapters.discord.wire import Wire
from bot.errors import DeliveryError, SettingsError
from bot.locale import say
from bot.model import Command, Destination, Limits, Post, Rate
from bot.ports import Answerer, Clock, Pace

if TYPE_CHECKING:
    from adapters.discord.gateway import Gateway
    from bot.config import DiscordSettings

log = structlog.get_logger()

CHANNEL_RATE = Rate(count=5, per=timedelta(seconds=5))
FORUM_RATE = Rate(count=50, per=timedelta(minutes=5))
LOGIN_AGAIN = 5.0
SETTLING = 8.0  # seconds that senders wait for the gateway to name the channels; afterwards they ask for each


class DiscordAdapter:
    """Servers, channels, threads, forums and direct messages."""

    name = NAME
    limits = Limits(
        text=MAX_TEXT,
        title=256,
        can_cover=True,
        drops_copies_for=timedelta(minutes=2),  # "a few minutes", says Discord, and no more
        can_find=True,
        can_thread=True,
        can_publish=True,
    )

    def __init__(self, settings: DiscordSettings, *, pace: Pace, clock: Clock) -> None:
        token = settings.token.get_secret_value() if settings.token else ""
        self._settings = settings
        self._rest = Rest(settings.api_url, token, pace)
        self._places = Places(self._ask, self._open_direct, self._known_place, clock)
        self._posting = Posting(self._rest, self._places, self._trouble, pace, clock)
        self._gateway: Gateway | None = None
        self._me: Mapping[str, Any] = {}

    # ── posts ──

    async def ready(self) -> None:
        """Posts can be sent as soon as Discord knows us; with a gateway it is worth waiting for its channel list."""
        while not self._me:
            try:
                await self._log_in()
            except (RestError, SettingsError) as error:
                log.warning("discord not ready", reason=str(error))
                await asyncio.sleep(LOGIN_AGAIN)
        if self._gateway is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(SETTLING):
                    await self._gateway.ready()

    async def send(self, to: Destination, post: Post, *, key: str) -> str:
        """Post it: with the key as nonce in channels; in forums an earlier attempt is looked for first."""
        return await self._posting.send(to, post, key=key)

    async def edit(self, to: Destination, message_id: str, post: Post) -> None:
        """Change a post in place."""
        await self._posting.edit(to, message_id, post)

    async def find(self, to: Destination, post: Post, *, key: str, since: datetime) -> str | None:
        """Look for a post among the messages that came after `since`."""
        if not self._me:
            with contextlib.suppress(RestError, SettingsError):
                await self._log_in()
        return await self._posting.find(to, post, key=key, since=since)

    def rates(self, to: Destination) -> Mapping[str, Rate]:
        """Fifty a second in all, five in five seconds a channel; a forum's threads have their own limit."""
        place = self._places.glance(to.address)
        rate = FORUM_RATE if place is not None and place.is_forum else CHANNEL_RATE
        return {ALL: ALL_RATE, bucket_of(to.address): rate}

    async def check(self) -> str:
        """Ask Discord who we are."""
        try:
            await self._log_in()
        except RestError as error:
            raise DeliveryError(str(error)) from error
        return say("en", "discord.check", name=self._me.get("username", "?"), id=self._me.get("id", "?"))

    async def close(self) -> None:
        """Release the connections."""
        if self._gateway is not None:
            await self._gateway.close()
        await self._rest.close()

    async def moderator(self, to: Destination) -> Destination | None:
        """Somebody who governs a place and can be written to: the owner of its server, also of a deleted channel."""
        guild_id = to.space.removeprefix(SPACE)
        if guild_id == to.space or not guild_id.isdigit():
            return None
        owner = self._gateway.owner_of(guild_id) if self._gateway is not None else None
        try:
            owner = owner or (await self._ask("GET", f"/guilds/{guild_id}"))["owner_id"]
        except (RestError, KeyError, TypeError) as error:
            log.info("moderator unknown", guild=guild_id, reason=type(error).__name__)
            return None
        address = f"{PERSON}{owner}"
        return replace(to, id=0, address=address, space=address, title="")

    # ── commands ──

    async def run(self, menu: Sequence[Command], answer: Answerer) -> None:
        """Stay connected and answer commands until cancelled. Raises SettingsError when the token is wrong."""
        from adapters.discord.gateway import Gateway
        from adapters.discord.life import Life
        from adapters.discord.roles import Roles, command, is_about_roles

        life = Life(answer)
        wire = Wire(self._rest)
        answering, roles = Answering(self._rest, wire, menu, answer), Roles(wire, self._ask)

        async def interaction(seen: Any) -> None:
            what = asked(seen)
            await (roles.handle(seen, what) if is_about_roles(what) else answering.handle(what))

        self._gateway = Gateway(
            self._settings,
            self._ask,
            self._posting.slot,
            {
                "interaction": interaction,
                "guild_join": life.joined,
                "guild_seen": life.seen,
                "guild_remove": life.removed,
                "channel_delete": life.channel_deleted,
                "permissions": life.rights_changed,
            },
        )
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._gateway.run(), name="discord gateway")
                wanted = [*commands.application_commands(menu), command()]
                group.create_task(self._write_commands(wanted), name="discord commands")
                group.create_task(self._watch_token(), name="discord token")
        except* SettingsError as errors:
            raise errors.exceptions[0] from None

    async def _write_commands(self, wanted: Sequence[Component]) -> None:
        """Tell Discord the menu, as often as it takes; a menu that it refuses does not stop the posts."""
        for attempt in count(1):
            try:
                application = await self._ask("GET", "/applications/@me")
                await commands.sync(self._ask, str(application["id"]), wanted)
                return
            except TokenRefused as error:
                raise SettingsError(NOT_ACCEPTED) from error
            except Refused as error:
                log.error("discord refused the commands", reason=str(error))  # noqa: TRY400  the reason is all there is
                return
            except RestError as error:
                log.warning("commands not written yet", reason=str(error))
                await asyncio.sleep(min(120, 5 * attempt))

    async def _watch_token(self) -> None:
        """End the process, with a sentence, when the token stops being valid while posts are sent."""
        await self._posting.token_refused.wait()
        raise SettingsError(NOT_ACCEPTED)

    # ── who we are ──

    async def _log_in(self) -> None:
        try:
            self._me = await self._ask("GET", "/users/@me")
        except TokenRefused as error:
            raise SettingsError(NOT_ACCEPTED) from error
        self._posting.bot_id = str(self._me["id"])

    async def _ask(self, method: str, path: str, *, body: Any = None) -> Any:
        return await self._posting.ask(method, path, body=body)

    async def _open_direct(self, user_id: str) -> Any:
        return await self._posting.open_direct(user_id)

    def _trouble(self, channel_id: str) -> str:
        return self._gateway.trouble(channel_id) if self._gateway is not None else ""

    def _known_place(self, channel_id: str) -> Place | None:
        return self._gateway.place(channel_id) if self._gateway is not None else None
