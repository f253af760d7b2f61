"""Who may manage a chat, and whether the bot may post there: asked of Telegram, remembered for a minute."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass

import structlog
from telegram import (
    Bot,
    ChatMember,
    ChatMemberAdministrator,
    ChatMemberOwner,
    ChatMemberRestricted,
    Message,
    User,
)
from telegram.constants import ChatAction, ChatMemberStatus
from telegram.error import Forbidden, TelegramError

from adapters.telegram.errors import paused_reason
from adapters.telegram.place import Place
from bot.text import tame

log = structlog.get_logger()

REMEMBERED = 60.0  # seconds
DOUBTED = 10.0  # seconds that a "no" is remembered: who was just made administrator tries again soon
MOST = 5_000
_ABSENT = (ChatMemberStatus.LEFT, ChatMemberStatus.BANNED)


@dataclass(frozen=True, slots=True)
class Standing:
    """What someone may do in a chat."""

    may_manage: bool
    trouble: str = ""  # why nothing can be posted, as a locale key


class People:
    """Memberships, with a bounded memory."""

    def __init__(self, bot: Bot, me: User) -> None:
        self._bot = bot
        self._me = me
        self._known: OrderedDict[tuple[int, int], tuple[float, Standing]] = OrderedDict()
        self._titles: dict[int, str] = {}
        self._reached: dict[int, float] = {}  # people with a chat of their own, until when that is believed

    async def may_manage(self, chat: int, user: int) -> bool:
        """Tell whether a person is an administrator; a private chat is everyone's own, and nobody else's."""
        if chat > 0:
            return chat == user
        return (await self._standing(chat, user)).may_manage

    async def trouble_at(self, place: Place) -> str:
        """Say why the bot cannot post at a place, as a locale key; "" where it can."""
        return "" if place.is_private else (await self._standing(place.chat, self._me.id)).trouble

    async def may_be_written_to(self, user: int) -> bool:
        """Tell whether a person has a chat with the bot: nobody can be written to who never started it."""
        now = asyncio.get_running_loop().time()
        if now < self._reached.get(user, 0.0):
            return True
        try:
            await self._bot.send_chat_action(user, ChatAction.TYPING)
        except Forbidden:
            return False
        except TelegramError as error:
            log.info("person unknown", reason=error.message)
        if len(self._reached) >= MOST:
            self._reached.clear()
        self._reached[user] = now + REMEMBERED
        return True

    async def title_of(self, chat: int) -> str:
        """The name of a chat that the bot is in; "" where it cannot be asked."""
        if chat not in self._titles:
            try:
                title = tame((await self._bot.get_chat(chat)).title or "")
            except TelegramError as error:
                log.info("title unknown", chat=chat, reason=error.message)
                return ""
            if len(self._titles) >= MOST:
                self._titles.clear()
            self._titles[chat] = title
        return self._titles[chat]

    def forget(self, chat: int) -> None:
        """Someone's standing in a chat changed."""
        self._titles.pop(chat, None)
        for key in [key for key in self._known if key[0] == chat]:
            del self._known[key]

    async def _standing(self, chat: int, user: int) -> Standing:
        now = asyncio.get_running_loop().time()
        until, standing = self._known.get((chat, user), (0.0, Standing(False)))
        if now < until:
            return standing
        standing = await self._asked(chat, user)
        is_fine = standing.may_manage and not standing.trouble
        self._known[chat, user] = now + (REMEMBERED if is_fine else DOUBTED), standing
        self._known.move_to_end((chat, user))
        while len(self._known) > MOST:
            self._known.popitem(last=False)
        return standing

    async def _asked(self, chat: int, user: int) -> Standing:
        try:
            return standing_of(await self._bot.get_chat_member(chat, user))
        except TelegramError as error:
            log.info("membership unknown", chat=chat, reason=error.message)
            return Standing(False, paused_reason(error.message) or "")


def is_anonymous_manager(message: Message) -> bool:
    """An anonymous administrator speaks as the group, an author of a channel as the channel."""
    return message.sender_chat is not None and message.sender_chat.id == message.chat.id


def standing_of(member: ChatMember) -> Standing:
    """Read what a membership allows."""
    if member.status in _ABSENT:
        return Standing(False, "telegram.paused.removed")
    if isinstance(member, ChatMemberOwner):
        return Standing(True)
    if isinstance(member, ChatMemberAdministrator):
        # In a channel the right to post is a right of its own; in a group Telegram leaves it out.
        return Standing(True, "telegram.paused.no_rights" if member.can_post_messages is False else "")
    if isinstance(member, ChatMemberRestricted) and not member.can_send_messages:
        return Standing(False, "telegram.paused.no_rights")
    return Standing(False)
