"""One message sent or edited by one request: which method of the Bot API, with which parameters."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from typing import Any

from telegram import Bot, InlineKeyboardMarkup, ReplyParameters
from telegram.error import BadRequest

from adapters.telegram.place import Place
from adapters.telegram.render import Message

PICTURE = "p"  # the end of a picture's message id: its text is edited by another method
REMEMBERED = 10_000  # messages whose present look is known


class Looks:
    """What messages look like now: an edit that changes nothing is an error to Telegram, so it is not asked for."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[int, str], bytes] = OrderedDict()

    def is_known(self, place: Place, message_id: str, message: Message) -> bool:
        return self._known.get((place.chat, message_id)) == _look(message)

    def note(self, place: Place, message_id: str, message: Message) -> None:
        self._known[place.chat, message_id] = _look(message)
        self._known.move_to_end((place.chat, message_id))
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)

    def forget(self, place: Place, message_id: str) -> None:
        self._known.pop((place.chat, message_id), None)


class Outgoing:
    """Knows how a `Message` is said to the Bot API. Raises what python-telegram-bot raises."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot
        self._with_dates = True
        self._looks = Looks()

    async def send(self, place: Place, message: Message, **more: Any) -> str:
        """Send it and return its id."""
        common: dict[str, Any] = {
            "chat_id": place.chat,
            "message_thread_id": place.topic,
            "disable_notification": message.quiet or None,
            "reply_markup": message.markup,
            "reply_parameters": _reply_to(message.reply_to),
            **more,
        }
        dated = self._with_dates
        entities = message.rich.entities(with_dates=dated)
        try:
            if message.photo:
                sent = await self._bot.send_photo(
                    photo=message.photo,
                    caption=message.rich.text,
                    caption_entities=entities,
                    has_spoiler=True,
                    **common,
                )
                self._looks.note(place, f"{sent.message_id}{PICTURE}", message)
                return f"{sent.message_id}{PICTURE}"
            sent = await self._bot.send_message(
                text=message.rich.text,
                entities=entities,
                link_preview_options=message.preview,
                **common,
            )
        except BadRequest as error:
            if not self._can_do_without(dated, error):
                raise
            return await self.send(place, message, **more)
        self._looks.note(place, str(sent.message_id), message)
        return str(sent.message_id)

    async def edit(self, place: Place, message_id: str, message: Message) -> None:
        """Change a message and its buttons."""
        if self._looks.is_known(place, message_id, message):
            return
        self._looks.forget(place, message_id)
        number = int(message_id.removesuffix(PICTURE))
        dated = self._with_dates
        entities = message.rich.entities(with_dates=dated)
        common: dict[str, Any] = {
            "chat_id": place.chat,
            "message_id": number,
            "reply_markup": message.markup,
        }
        try:
            if message_id.endswith(PICTURE):
                await self._bot.edit_message_caption(
                    caption=message.rich.text, caption_entities=entities, **common
                )
            else:
                await self._bot.edit_message_text(
                    text=message.rich.text,
                    entities=entities,
                    link_preview_options=message.preview,
                    **common,
                )
        except BadRequest as error:
            if not self._can_do_without(dated, error):
                raise
            await self.edit(place, message_id, message)
        else:
            self._looks.note(place, message_id, message)

    async def redraw(self, place: Place, message_id: str, markup: InlineKeyboardMarkup) -> None:
        """Change a message's buttons alone."""
        self._looks.forget(place, message_id)
        await self._bot.edit_message_reply_markup(
            chat_id=place.chat, message_id=int(message_id.removesuffix(PICTURE)), reply_markup=markup
        )

    def _can_do_without(self, dated: bool, error: BadRequest) -> bool:
        """A Bot API server of one's own may be too old for times as entities: their text says it, too."""
        if not dated or "entity type" not in error.message.lower():
            return False
        self._with_dates = False
        return True


def _look(message: Message) -> bytes:
    seen = (
        message.rich.text,
        [entity.to_dict() for entity in message.rich.entities()],
        message.markup.to_dict() if message.markup else None,
        message.preview.to_dict(),
    )
    return hashlib.blake2b(repr(seen).encode(errors="replace"), digest_size=12).digest()


def _reply_to(number: int | None) -> ReplyParameters | None:
    return ReplyParameters(number, allow_sending_without_reply=True) if number else None
