"""Answers on their way: paced before all news, tried again where that is safe, buttons told that they were heard."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import structlog
from telegram import Bot, CallbackQuery, Chat, InlineKeyboardButton, InlineKeyboardMarkup, InputFile, User
from telegram import Message as Incoming
from telegram.error import BadRequest, RetryAfter, TelegramError

from adapters.telegram import answers
from adapters.telegram.errors import is_unchanged, paused_reason, retry_after
from adapters.telegram.floods import Floods
from adapters.telegram.http import NotSent
from adapters.telegram.keyboard import Vault
from adapters.telegram.outgoing import Outgoing
from adapters.telegram.place import Place, parse_place, rates
from adapters.telegram.render import Message
from adapters.telegram.requests import place_of_message
from adapters.telegram.rich import Rich, clean
from adapters.telegram.under import Turns, fitted, is_post, is_switch, turned
from bot.errors import DestinationPaused
from bot.locale import pick, say
from bot.model import Document, Lane, Reply, Request
from bot.ports import Pace

if TYPE_CHECKING:
    from bot.config import TelegramSettings

log = structlog.get_logger()

PASSING = 90  # characters that are read while a notice passes by; a longer one waits for an OK
PATIENCE = 1.0  # seconds that a pressed button waits for a notice of its own
TRIES = 3
LONGEST_HOLD = 61.0  # seconds that an answer waits when Telegram asks for patience
LONGEST_WAIT = 90.0  # seconds for its place in the queue: a later answer helps nobody
MOST_CAPTION = 1_000
MOST_QUESTIONS = 1_000  # that wait for an answer


class Unsaid(Exception):
    """An answer that its chat does not let in; `reason` is the locale key that says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Press:
    """A pressed button. It must be told once that it was heard, or it turns and turns: at the latest after a moment."""

    def __init__(self, bot: Bot, query: CallbackQuery) -> None:
        self._bot = bot
        self._query = query
        self.is_open = True
        self._timer = asyncio.create_task(self._close_later(), name="telegram press")
        self.locale = query.from_user.language_code

    async def close(self, notice: str | None = None) -> bool:
        """Say that it was heard, with a notice or without; False when that was said before."""
        if not self.is_open:
            return False
        self.is_open = False
        try:
            is_long = len(notice or "") > PASSING
            await self._bot.answer_callback_query(self._query.id, notice, show_alert=is_long or None)
        except TelegramError as error:  # pressed long ago
            log.info("press not answered", reason=error.message)
            return False
        return True

    async def lead(self, address: str) -> bool:
        """Open a chat with the bot for who pressed; False when it was told before that it was heard."""
        if not self.is_open:
            return False
        self.is_open = False
        try:
            await self._bot.answer_callback_query(self._query.id, url=address)
        except TelegramError as error:
            log.info("press not answered", reason=error.message)
            return False
        return True

    async def end(self) -> None:
        """Make sure that it was told."""
        await self.close()
        if not self._timer.done():
            self._timer.cancel()
        await asyncio.gather(self._timer, return_exceptions=True)

    async def _close_later(self) -> None:
        await asyncio.sleep(PATIENCE)
        await self.close()


class Speaker:
    """Says replies in chats."""

    def __init__(
        self,
        bot: Bot,
        outgoing: Outgoing,
        pace: Pace,
        settings: TelegramSettings,
        vault: Vault,
        floods: Floods,
        turns: Turns,
    ) -> None:
        self._bot = bot
        self._outgoing = outgoing
        self._pace = pace
        self._settings = settings
        self._vault = vault
        self._floods = floods
        self._turns = turns
        self._questions: OrderedDict[tuple[int, int], int] = (
            OrderedDict()
        )  # each with the panel it was asked from

    async def answer(self, request: Request, to: Incoming, reply: Reply, press: Press | None = None) -> None:
        """Say a reply: as a notice, as an edit of what was pressed, as a question, or as a message."""
        place = place_of_message(to)
        after = turned(to.reply_markup, request.line, reply.locale) if press and place.is_private else None
        notice = answers.notice_of(
            reply, is_brief=after is not None or _is_overheard(press, place, to, reply)
        )
        if notice and after is not None:  # the button shows what may follow
            notice = notice.partition("\n")[0]
        if press and notice and await press.close(notice):
            if after is not None and reply.choices:  # without any it did not work
                self._turns.note(place, str(to.message_id), request.line)
                await self.redraw(place, str(to.message_id), after)
            return
        if reply.form is not None:
            await self._ask(request, to, reply, is_panel=press is not None and bool(to.text))
            return
        message = answers.message_of(_as_posted(reply, request), self._vault)
        if press is None and reply.choices and await self._back_in_panel(place, to, message):
            return
        if reply.document is not None:
            await self._hand_over(place, message, reply.document)
            return
        if press and to.text and _takes_its_place(request, to, reply):
            if not _is_same(to, message):
                await self._tried(place, lambda: self._outgoing.edit(place, str(to.message_id), message))
            return
        await self._send(place, _in_reply(message, to))

    async def say(self, to: Incoming, key: str, locale: str | None, press: Press | None = None) -> None:
        """Say one sentence."""
        words = say(pick(locale), key)
        if press is None or not await press.close(words):
            await self._send(place_of_message(to), _in_reply(Message(rich=Rich().add(words)), to))

    async def explain(self, chat: Chat, user: User, reason: str) -> None:
        """Tell somebody, alone with the bot, why nothing was answered where they asked."""
        locale = pick(user.language_code)
        words = say(locale, "telegram.unsaid", place=clean(chat.title or "…", 60), reason=say(locale, reason))
        await self._send(Place(user.id), Message(rich=Rich().add(words)))

    async def invite(self, to: Incoming, locale: str | None, address: str, press: Press | None) -> None:
        """Ask somebody to open the chat with the bot, which may not write there first."""
        if press is not None and await press.lead(address):
            return
        words = say(pick(locale), "telegram.write_first")
        button = InlineKeyboardButton(say(pick(locale), "telegram.open_chat"), url=address)
        message = Message(rich=Rich().add(words), markup=InlineKeyboardMarkup([[button]]))
        await self._send(place_of_message(to), _in_reply(message, to))

    async def redraw(self, place: Place, message_id: str, markup: InlineKeyboardMarkup) -> None:
        """Change the buttons of a message."""
        await self._tried(place, lambda: self._outgoing.redraw(place, message_id, markup))

    async def _send(self, place: Place, message: Message) -> None:
        await self._tried(place, lambda: self._outgoing.send(place, message))

    async def _back_in_panel(self, place: Place, to: Incoming, message: Message) -> bool:
        """What was typed for a panel shows in that panel; question and answer go. False when there is no such panel."""
        question = to.reply_to_message.message_id if to.reply_to_message else 0
        panel = self._questions.get((place.chat, question))
        if not panel or not await self._tried(place, lambda: self._outgoing.edit(place, str(panel), message)):
            return False
        del self._questions[place.chat, question]
        done = [question, to.message_id] if place.is_private else [question]
        try:
            await self._bot.delete_messages(place.chat, done)
        except TelegramError as error:
            log.info("question not removed", place=str(place), reason=error.message)
        return True

    async def _ask(self, request: Request, to: Incoming, reply: Reply, *, is_panel: bool) -> None:
        assert reply.form is not None
        place = place_of_message(to)
        is_shared = not place.is_private and request.user.isdigit()
        rich, force = answers.question_of(
            reply.form,
            reply.locale,
            user=int(request.user) if is_shared else 0,
            name=clean(request.user_name, 60),
        )
        question = Message(rich=rich.clipped(4_096))

        async def ask() -> None:
            number = await self._outgoing.send(place, question, reply_markup=force)
            if is_panel:
                self._questions[place.chat, int(number)] = to.message_id
                while len(self._questions) > MOST_QUESTIONS:
                    self._questions.popitem(last=False)

        await self._tried(place, ask)

    async def offer_places(self, place: Place, locale: str) -> None:
        """Show the platform's own list of channels and groups."""
        question, chooser = answers.chooser_of(locale)
        await self._tried(place, lambda: self._outgoing.send(place, question, reply_markup=chooser))

    async def _hand_over(self, place: Place, message: Message, document: Document) -> None:
        file = InputFile(
            document.text.encode(errors="replace"), filename=clean(document.name, 60) or "pitwire.txt"
        )
        text = message.rich.clipped(MOST_CAPTION)
        await self._tried(
            place,
            lambda: self._bot.send_document(
                place.chat,
                file,
                caption=text.text,
                caption_entities=text.entities(),
                reply_markup=message.markup,
                message_thread_id=place.topic,
            ),
        )

    async def _tried(self, place: Place, act: Callable[[], Awaitable[object]]) -> bool:
        """Do it in its turn. What surely was not done is tried again; an answer said twice would be worse than none."""
        buckets = rates(place, self._settings)
        for attempt in range(TRIES):
            try:
                async with asyncio.timeout(LONGEST_WAIT):
                    await self._pace.slot(buckets, Lane.ANSWER)
                await act()
                return True
            except TimeoutError:
                break
            except RetryAfter as error:
                wait = retry_after(error)
                self._pace.hold(self._floods.bucket_of(place, asyncio.get_running_loop().time()), wait)
                if wait.total_seconds() > LONGEST_HOLD:
                    break
            except NotSent:
                await asyncio.sleep(2.0**attempt)
            except BadRequest as error:
                if is_unchanged(error):
                    return True
                return _refused(place, error)
            except TelegramError as error:
                return _refused(place, error)
        log.warning("answer given up", place=str(place))
        return False


def _refused(place: Place, error: TelegramError) -> bool:
    """Log it. Raises Unsaid where many would wonder why nobody answers."""
    log.warning("answer refused", place=str(place), reason=error.message)
    reason = paused_reason(error.message)
    if reason and not place.is_private:
        raise Unsaid(reason) from error
    return False


def _as_posted(reply: Reply, request: Request) -> Reply:
    """With the buttons that its posts have where they are posted: a preview is no promise otherwise."""
    try:
        place = parse_place(request.address)
    except DestinationPaused:
        return reply
    return replace(reply, posts=tuple(fitted(post, place) for post in reply.posts))


def _in_reply(message: Message, to: Incoming) -> Message:
    """In a group an answer stands under the question; elsewhere that would be noise."""
    return (
        replace(message, reply_to=to.message_id) if to.chat.type in (Chat.GROUP, Chat.SUPERGROUP) else message
    )


def _is_same(shown: Incoming, message: Message) -> bool:
    """Tell whether an edit would change nothing: Telegram takes that for an error."""
    before = shown.reply_markup.inline_keyboard if shown.reply_markup else ()
    after = message.markup.inline_keyboard if message.markup else ()
    marks = {(e.type, e.offset, e.length, e.url) for e in message.rich.entities(with_dates=False)}
    known = {(e.type, e.offset, e.length, e.url) for e in shown.entities}
    return shown.text == message.rich.text and before == after and marks <= known


def _is_overheard(press: Press | None, place: Place, to: Incoming, reply: Reply) -> bool:
    """An answer to one of many: it is said to them alone, and nobody makes the bot write in a channel."""
    if press is None or place.is_private or reply.replaces:
        return False
    return reply.private or to.chat.type == Chat.CHANNEL


def _takes_its_place(request: Request, to: Incoming, reply: Reply) -> bool:
    """Whether an answer takes the place of what was pressed. What follows and unfollows turns in one message."""
    return reply.replaces or (is_switch(request.line) and not is_post(to.reply_markup))
