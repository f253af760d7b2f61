"""Telegram as the core sees it: posts sent and edited, errors translated, commands answered."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

import structlog
from telegram import Bot, User
from telegram.constants import ChatMemberStatus
from telegram.error import BadRequest, InvalidToken, TelegramError

from adapters.telegram import errors
from adapters.telegram.conversation import Conversation
from adapters.telegram.floods import Floods
from adapters.telegram.http import AiohttpRequest
from adapters.telegram.keyboard import Vault
from adapters.telegram.lanes import Lanes
from adapters.telegram.leftovers import Leftovers, Memory
from adapters.telegram.menu import sync_menu
from adapters.telegram.outgoing import PICTURE, Outgoing
from adapters.telegram.place import Place, parse_place, rates
from adapters.telegram.polling import poll
from adapters.telegram.render import FULL, TEXT, UNDER_PICTURE, plain, render, write
from adapters.telegram.speaker import Speaker
from adapters.telegram.under import Turns, fitted
from bot.errors import DeliveryError, DestinationPaused, MaybePosted, RateLimited, SettingsError
from bot.locale.reasons import join
from bot.model import Command, Destination, Lane, Limits, Post, Rate
from bot.ports import Answerer, Clock, Pace

if TYPE_CHECKING:
    from bot.config import TelegramSettings

log = structlog.get_logger()

FIRST_WAIT = 1.0  # seconds, doubled with each failure
LONGEST_QUESTION = 8.0  # seconds, for whether Telegram answers at all
LONGEST_SEND = 20.0  # seconds: with the question before it, less than the 30 s of the port
NOT_OURS = "PITWIRE_TELEGRAM__TOKEN: Telegram does not know this token. @BotFather shows the right one."


class TelegramAdapter:
    """The Bot API behind the port."""

    name = "telegram"
    limits = Limits(text=TEXT, title=FULL.title, unit="utf-16", can_cover=True)

    def __init__(
        self, settings: TelegramSettings, *, pace: Pace, clock: Clock, memory: Memory | None = None
    ) -> None:
        assert settings.token is not None
        self._settings = settings
        self._pace = pace
        self._clock = clock
        self._requests = AiohttpRequest(), AiohttpRequest(connections=2)
        self._bot = Bot(
            settings.token.get_secret_value().strip(),
            base_url=f"{settings.api_url}/bot",
            base_file_url=f"{settings.api_url}/file/bot",
            request=self._requests[0],
            get_updates_request=self._requests[1],
        )
        self._outgoing = Outgoing(self._bot)
        self._vault = Vault()
        self._turns = Turns()
        self._me: User | None = None
        self._floods = Floods()
        self._leftovers = Leftovers(memory)
        self._in_doubt = False  # an answer was lost, and none has come since

    # ── life ──

    async def run(self, menu: Sequence[Command], answer: Answerer) -> None:
        """Answer commands until cancelled; outages are waited out."""
        me = await self._introduced()
        log.info("telegram connected", bot=me.username)
        speaker = Speaker(
            self._bot, self._outgoing, self._pace, self._settings, self._vault, self._floods, self._turns
        )
        conversation = Conversation(self._bot, speaker, answer, me, self._vault)
        lanes = Lanes(conversation.handle, conversation.arrived)
        menu_task = asyncio.create_task(sync_menu(self._bot, menu), name="telegram menu")
        try:
            if self._settings.webhook_url is not None:
                from adapters.telegram.webhook import listen  # with aiohttp's server, which few need

                await listen(self._bot, self._settings, lanes, self._leftovers)
            else:
                await poll(self._bot, lanes, self._leftovers)
        except InvalidToken:
            raise SettingsError(NOT_OURS) from None
        finally:
            menu_task.cancel()
            await asyncio.gather(menu_task, return_exceptions=True)
            await conversation.close()

    async def ready(self) -> None:
        """Return as soon as Telegram answers."""
        while self._me is None:
            try:
                await self._introduced()
            except SettingsError:  # `run` says so; nothing can be sent
                await asyncio.sleep(60)

    async def check(self) -> str:
        """Ask Telegram who we are."""
        try:
            me = await self._bot.get_me()
        except InvalidToken:
            raise SettingsError(NOT_OURS) from None
        except TelegramError as error:
            raise DeliveryError(join("outbox.cause.unreached", "Telegram", error.message)) from error
        return f"connected as @{me.username}"

    async def close(self) -> None:
        """Close the connections."""
        for request in self._requests:
            await request.shutdown()

    async def _introduced(self) -> User:
        """Ask Telegram who we are until it answers."""
        wait = FIRST_WAIT
        while self._me is None:
            try:
                self._me = await self._bot.get_me()
            except InvalidToken:
                raise SettingsError(NOT_OURS) from None
            except TelegramError as error:
                log.warning("telegram not reached", reason=error.message, next=f"{wait:.0f}s")
                await asyncio.sleep(wait)
                wait = min(60.0, wait * 2)
        return self._me

    # ── posts ──

    async def send(self, to: Destination, post: Post, *, key: str) -> str:  # noqa: ARG002  Telegram has no such key
        """Post it. A picture that Telegram cannot fetch costs a second request, and the post goes without."""
        place = parse_place(to.address)
        post = fitted(post, place)
        message = render(post, self._vault)
        await self._wait_for_an_answer()
        is_asked = True  # a request is on its way: whether it was heard is not known
        try:
            async with asyncio.timeout(LONGEST_SEND):
                if message.photo:
                    try:
                        return await self._outgoing.send(place, message)
                    except BadRequest as error:
                        log.info("picture refused", place=str(place), reason=error.message)
                    is_asked = False
                    await self._pace.slot(rates(place, self._settings), Lane.URGENT)
                    is_asked = True
                    message = plain(message, post)
                return await self._outgoing.send(place, message)
        except Exception as error:
            if not is_asked:
                raise DeliveryError("outbox.cause.queue") from error
            told = self._noted(errors.of_sending(error, place), place)
            self._in_doubt = isinstance(told, MaybePosted)
            raise told from error

    async def _wait_for_an_answer(self) -> None:
        """After a lost answer, ask something harmless first: in an outage, no further post comes to be in doubt."""
        if not self._in_doubt:
            return
        try:
            async with asyncio.timeout(LONGEST_QUESTION):
                await self._bot.get_me()
        except (TimeoutError, TelegramError) as error:
            raise DeliveryError("outbox.cause.silent|Telegram") from error
        self._in_doubt = False

    async def edit(self, to: Destination, message_id: str, post: Post) -> None:
        """Change a posted message; nobody's phone rings for that."""
        place = parse_place(to.address)
        post = fitted(post, place)
        room = UNDER_PICTURE if message_id.endswith(PICTURE) else FULL
        message = render(post, self._vault)
        markup = self._turns.kept(place, message_id.removesuffix(PICTURE), message.markup, post.locale)
        message = replace(message, rich=write(post, room), markup=markup)
        try:
            async with asyncio.timeout(LONGEST_SEND):
                await self._outgoing.edit(place, message_id, message)
        except Exception as error:
            if errors.is_unchanged(error):
                return
            raise self._noted(errors.of_editing(error, place), place) from error

    async def find(self, to: Destination, post: Post, *, key: str, since: datetime) -> str | None:  # noqa: ARG002
        """The Bot API cannot look back."""
        return None

    async def moderator(self, to: Destination) -> Destination | None:
        """Somebody who governs a place and may be written to: its owner, else an administrator."""
        try:
            place = parse_place(to.address)
            members = () if place.is_private else await self._bot.get_chat_administrators(place.chat)
        except (TelegramError, DestinationPaused) as error:
            log.info("moderators unknown", place=to.address, reason=type(error).__name__)
            return None
        people = [member for member in members if not member.user.is_bot]
        people.sort(key=lambda member: member.status != ChatMemberStatus.OWNER)
        if not people:
            return None
        address = str(people[0].user.id)
        return replace(to, id=0, address=address, space=address, title="")

    def rates(self, to: Destination) -> Mapping[str, Rate]:
        """The buckets that a message there draws from."""
        try:
            return rates(parse_place(to.address), self._settings)
        except DestinationPaused:  # no address of ours: `send` says so
            return {}

    def _noted(self, error: DeliveryError, place: Place) -> DeliveryError:
        if not isinstance(error, RateLimited):
            return error
        now = asyncio.get_running_loop().time()
        return RateLimited(error.retry_after, bucket=self._floods.bucket_of(place, now))
