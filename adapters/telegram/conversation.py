"""Updates answered: commands, pressed buttons, typed answers, inline queries, and what happens to chats."""

from __future__ import annotations

from dataclasses import replace

import structlog
from telegram import (
    Bot,
    CallbackQuery,
    Chat,
    ChatMemberUpdated,
    ChatShared,
    InlineKeyboardMarkup,
    InlineQuery,
    MaybeInaccessibleMessage,
    Update,
    User,
)
from telegram import Message as Incoming
from telegram.constants import ChatMemberStatus
from telegram.error import TelegramError

from adapters.telegram import answers
from adapters.telegram.documents import NotRead, document_of
from adapters.telegram.inline import CACHED, cards_for
from adapters.telegram.keyboard import NOTHING, Vault, end_of, line_of, option_of, picked, toggled
from adapters.telegram.people import People, is_anonymous_manager, standing_of
from adapters.telegram.place import Place, parse_place, place_of, space_of
from adapters.telegram.requests import (
    SETUP,
    Target,
    asked_line,
    deep_link,
    faded,
    is_alert,
    line_of_text,
    message_id_of,
    name_of,
    place_of_message,
    replied_to,
    target_of,
    title_of,
)
from adapters.telegram.speaker import Press, Speaker, Unsaid
from bot.errors import DestinationPaused
from bot.locale import pick, say
from bot.model import Change, PlatformChange, Request
from bot.ports import Answerer
from bot.text import tame

log = structlog.get_logger()

NAME = "telegram"
MOST_PRESSES = 2_000  # pressed and not answered yet
ABOUT_POSTING = frozenset(
    {"setup", "channel", "settings", "preview"}
)  # commands that look whether posts can be sent
_OUT = (ChatMemberStatus.LEFT, ChatMemberStatus.BANNED)


class Conversation:
    """Everything said to the bot. One update at a time in a chat (`Lanes`), chats side by side."""

    def __init__(self, bot: Bot, speaker: Speaker, answer: Answerer, me: User, vault: Vault) -> None:
        self._bot = bot
        self._speaker = speaker
        self._answer = answer
        self._me = me
        self._vault = vault
        self._people = People(bot, me)
        self._presses: dict[str, Press] = {}

    def arrived(self, update: Update) -> None:
        """Take note of a pressed button before its turn comes: it is told soon that it was heard."""
        query = update.callback_query
        if query is None:
            return
        if len(self._presses) >= MOST_PRESSES:  # of what was dropped, only the press is left
            self._presses = {key: press for key, press in self._presses.items() if press.is_open}
        self._presses[query.id] = Press(self._bot, query)

    async def close(self) -> None:
        """Tell what is still pressed that it was heard."""
        presses, self._presses = self._presses, {}
        for press in presses.values():
            await press.end()

    async def handle(self, update: Update) -> None:
        """Answer one update."""
        try:
            await self._handle(update)
        except Unsaid as refusal:
            chat, user = update.effective_chat, update.effective_user
            if chat is not None and user is not None and not user.is_bot:
                await self._speaker.explain(chat, user, refusal.reason)

    async def _handle(self, update: Update) -> None:
        if update.callback_query is not None:
            await self._pressed(update.callback_query)
        elif update.inline_query is not None:
            await self._inline(update.inline_query)
        elif update.my_chat_member is not None:
            await self._membership(update.my_chat_member)
        elif (message := update.message or update.channel_post) is not None:
            await self._said(message)

    # ── messages ──

    async def _said(self, message: Incoming) -> None:
        if await self._happened(message):
            return
        sender = message.from_user
        if message.via_bot or message.is_automatic_forward:  # an inline card; a channel's post in its group
            return
        if sender is not None and sender.is_bot and not is_anonymous_manager(message):
            return
        if message.chat_shared is not None:
            await self._chosen(message, message.chat_shared)
            return
        line = self._line(message)
        if line is None:
            return
        request = await self._request(message.chat, place_of_message(message), line, sender, message)
        if message.document is not None:
            try:
                request = replace(request, document=await document_of(self._bot, message.document))
            except NotRead as problem:
                await self._speaker.say(message, problem.key, request.locale)
                return
        await self._reply(request, message)

    def _line(self, message: Incoming) -> str | None:
        text = message.text or message.caption or ""
        is_private = message.chat.type == Chat.PRIVATE
        asked = asked_line(message.reply_to_message, self._me.id)
        if asked is not None and not text.startswith("/"):
            return f"{asked} {text}"
        if not text and message.document is not None and (is_private or asked):
            return asked or "import"
        if message.forward_origin is not None and not text.startswith("/"):
            return None
        return line_of_text(text, self._me.username or "", is_private=is_private) if text else None

    async def _reply(self, request: Request, message: Incoming, press: Press | None = None) -> None:
        if request.is_private and request.line.split(" ")[0] == "start":  # whoever blocked the bot is back
            await self._noticed(Change.RESTORED, space=request.space)
        if request.is_private and request.line == answers.CHOOSE:
            await self._speaker.offer_places(place_of_message(message), pick(request.locale))
            return
        if is_alert(request) and not await self._people.may_be_written_to(int(request.user)):
            address = f"https://t.me/{self._me.username}?start={deep_link(request.line)}"
            await self._speaker.invite(message, request.locale, address, press)
            return
        target = target_of(request.line)
        if target is not None:
            found = await self._elsewhere(request, target)
            if found is None:
                await self._speaker.say(message, "telegram.not_yours", request.locale, press)
                return
            request = found
        reply = await self._answer(request)
        if request.is_private and request.line in ("start", SETUP):
            reply = answers.with_chooser(reply)
        await self._speaker.answer(request, message, reply, press)

    # ── buttons ──

    async def _pressed(self, query: CallbackQuery) -> None:
        press = self._presses.pop(query.id, None) or Press(self._bot, query)
        try:
            await self._act(query, press)
        finally:
            await press.end()

    async def _act(self, query: CallbackQuery, press: Press) -> None:
        message = query.message
        data = self._vault.unpack(query.data or "")
        locale = query.from_user.language_code
        if message is None or query.data == NOTHING:
            return
        markup = message.reply_markup if isinstance(message, Incoming) else None
        if data is not None and option_of(data) is not None and markup is not None:
            await self._toggle(press, message, markup, query.data or "")
            return
        line = self._pressed_line(data, markup)
        if line is None:
            key = "telegram.picker.least" if data and end_of(data) else "telegram.expired"
            await press.close(say(pick(locale), key))
            return
        incoming = message if isinstance(message, Incoming) else faded(query)
        request = await self._request(
            message.chat, place_of_message(incoming), line, query.from_user, incoming, is_pressed=True
        )
        await self._reply(request, incoming, press)

    def _pressed_line(self, data: str | None, markup: InlineKeyboardMarkup | None) -> str | None:
        """The command line of a button; None for an unknown or forged one, or when too little is chosen."""
        if data is None:
            return None
        end = end_of(data)
        if end is None or markup is None:
            return tame(line_of(data) or "") or None
        values = picked(markup, end, self._vault)
        return " ".join([end.line, *values]) if end.least <= len(values) <= end.most else None

    async def _toggle(
        self, press: Press, message: MaybeInaccessibleMessage, markup: InlineKeyboardMarkup, data: str
    ) -> None:
        after = toggled(markup, data, self._vault)
        if after is None:
            await press.close(say(pick(press.locale), "telegram.picker.most"))
            return
        await press.close()
        await self._speaker.redraw(Place(message.chat.id), str(message.message_id), after)

    # ── other places ──

    async def _chosen(self, message: Incoming, shared: ChatShared) -> None:
        """A person chose a channel or group with the platform's own chooser: set it up from here."""
        chat = shared.chat_id
        self._people.forget(chat)
        request = await self._request(
            message.chat, place_of_message(message), SETUP, message.from_user, message
        )
        found = await self._elsewhere(request, Target(SETUP, str(chat), ""), title=shared.title or "")
        if found is None:
            await self._speaker.say(message, "telegram.not_yours", request.locale)
            return
        found = replace(found, line=SETUP, options={"destination": str(chat)})
        await self._speaker.answer(found, message, await self._answer(found))

    async def _elsewhere(self, request: Request, target: Target, *, title: str = "") -> Request | None:
        """The request as one about another place; None unless who asks may manage that place."""
        place, name = await self._found(target.name)
        if place is None or not request.user.isdigit():
            return None
        line = replace(target, name=str(place)).line
        is_here = place.space == request.space
        if not is_here and not await self._people.may_manage(place.chat, int(request.user)):
            return None
        trouble = await self._people.trouble_at(place)
        if is_here:
            return replace(request, line=line, place_trouble=trouble)
        return replace(
            request,
            address=str(place),
            space=place.space,
            line=line,
            is_private=False,
            may_manage=True,
            place_title=title or name or await self._people.title_of(place.chat),
            place_trouble=trouble,
        )

    async def _found(self, name: str) -> tuple[Place | None, str]:
        """Find a place by address or public name."""
        try:
            if name[0] in "-0123456789":
                return parse_place(name), ""
            chat = await self._bot.get_chat(f"@{name}")
        except (TelegramError, DestinationPaused):
            return None, ""
        return place_of(chat.id), tame(chat.title or "")

    # ── inline mode ──

    async def _inline(self, query: InlineQuery) -> None:
        cards = await cards_for(query, self._answer, self._vault)
        try:
            await self._bot.answer_inline_query(query.id, cards, cache_time=CACHED, is_personal=True)
        except TelegramError as error:  # typed on, and too late
            log.info("inline query not answered", reason=error.message)

    # ── what happens to chats ──

    async def _membership(self, update: ChatMemberUpdated) -> None:
        chat, before, after = update.chat, update.old_chat_member, update.new_chat_member
        self._people.forget(chat.id)
        trouble = standing_of(after).trouble  # out, or without the right to post
        if trouble:
            reason = "telegram.paused.blocked" if chat.type == Chat.PRIVATE else trouble
            await self._noticed(Change.REMOVED, space=space_of(chat.id), reason=reason)
            return
        await self._noticed(Change.RESTORED, space=space_of(chat.id))
        if before.status in _OUT and chat.type != Chat.PRIVATE:
            await self._noticed(Change.JOINED, space=space_of(chat.id))

    async def _happened(self, message: Incoming) -> bool:
        """Take note of a service message; False for one that somebody wrote."""
        chat = message.chat.id
        if message.migrate_to_chat_id is not None:
            await self._moved(chat, message.migrate_to_chat_id)
        elif message.migrate_from_chat_id is not None:
            await self._moved(message.migrate_from_chat_id, chat)
        elif message.forum_topic_reopened is not None:
            await self._noticed(Change.RESTORED, address=str(place_of(chat, message.message_thread_id)))
        else:
            return False
        return True

    async def _moved(self, old: int, new: int) -> None:
        change = PlatformChange(
            adapter=NAME, change=Change.MOVED, space=space_of(old), address=str(old), new_address=str(new)
        )
        await self._answer.noticed(change)

    async def _noticed(self, change: Change, *, space: str = "", address: str = "", reason: str = "") -> None:
        await self._answer.noticed(
            PlatformChange(adapter=NAME, change=change, space=space, address=address, reason=reason)
        )

    # ── who asks, and where ──

    async def _request(
        self,
        chat: Chat,
        place: Place,
        line: str,
        user: User | None,
        message: Incoming,
        *,
        is_pressed: bool = False,
    ) -> Request:
        is_private = chat.type == Chat.PRIVATE
        is_anonymous = not is_pressed and is_anonymous_manager(message)
        asker = str(chat.id if is_anonymous or user is None else user.id)
        may_manage = is_private or is_anonymous
        if (not may_manage and user is not None and message.sender_chat is None) or (
            is_pressed and not is_private
        ):
            may_manage = await self._people.may_manage(chat.id, user.id if user else 0)
        trouble = ""
        if not is_private and line.split(" ")[0] in ABOUT_POSTING:
            trouble = await self._people.trouble_at(place)
        return Request(
            adapter=NAME,
            address=str(place),
            space=place.space,
            user=asker,
            user_name=title_of(chat) if is_anonymous else name_of(user),
            line=line,
            locale=user.language_code if user else None,
            is_private=is_private,
            may_manage=may_manage,
            is_button=is_pressed,
            place_title=title_of(chat, message),
            message_id=message_id_of(message) if is_pressed else replied_to(message),
            private_address="" if is_anonymous or user is None else str(user.id),
            private_space="" if is_anonymous or user is None else space_of(user.id),
            place_trouble=trouble,
        )
