"""What stands under a post: for several readers only what opens a page, alone with the bot Mute and Follow, too.

A button that answers in a channel would let anybody who reads it write there.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from adapters.telegram.place import Place
from bot.locale import say
from bot.model import Choice, Post
from bot.series.catalog import load_catalog

MOST_TURNED = 10_000  # posts

_ALERT = "alerts follow "
_OTHER = {"follow": "unfollow", "unfollow": "follow"}


def fitted(post: Post, place: Place) -> Post:
    """The post with the buttons that make sense where it stands."""
    if not place.is_private:
        return replace(post, choices=tuple(choice for choice in post.choices if choice.url))
    return replace(post, choices=tuple(_muting(choice, post.locale) for choice in post.choices))


def is_post(markup: InlineKeyboardMarkup | None) -> bool:
    """Tell whether a message is a story: it opens a page."""
    return markup is not None and any(button.url for row in markup.inline_keyboard for button in row)


def is_switch(line: str) -> bool:
    """Tell whether a line is one that a later press takes back."""
    return line.partition(" ")[0] in _OTHER


def turned(markup: InlineKeyboardMarkup | None, line: str, locale: str) -> InlineKeyboardMarkup | None:
    """The buttons of a post after Mute or Follow was pressed: the other one takes its place. None for all others."""
    command, _, slug = line.partition(" ")
    if markup is None or not is_post(markup) or command not in _OTHER or slug not in load_catalog().series:
        return None
    data = f"1{line}"
    after = _switch(_OTHER[command], slug, locale)

    def turn(button: InlineKeyboardButton) -> InlineKeyboardButton:
        if button.callback_data != data:
            return button
        return InlineKeyboardButton(f"{after.emoji} {after.label}", callback_data=f"1{after.line}")

    return InlineKeyboardMarkup([[turn(button) for button in row] for row in markup.inline_keyboard])


class Turns:
    """Posts whose Mute was pressed: an edit, minutes later, must not take that back for the eye."""

    def __init__(self) -> None:
        self._pressed: OrderedDict[tuple[int, str], str] = OrderedDict()

    def note(self, place: Place, message_id: str, line: str) -> None:
        """Remember what was pressed last under a post."""
        self._pressed[place.chat, message_id] = line
        self._pressed.move_to_end((place.chat, message_id))
        if len(self._pressed) > MOST_TURNED:
            self._pressed.popitem(last=False)

    def kept(
        self, place: Place, message_id: str, markup: InlineKeyboardMarkup | None, locale: str
    ) -> InlineKeyboardMarkup | None:
        """The buttons of an edit as they were pressed."""
        line = self._pressed.get((place.chat, message_id), "")
        return turned(markup, line, locale) or markup


def _muting(choice: Choice, locale: str) -> Choice:
    """Who reads a post alone gets it already: what is left to wish is to get no more of them."""
    slug = choice.line.removeprefix(_ALERT)
    is_alert = choice.line.startswith(_ALERT) and slug in load_catalog().series
    return _switch("unfollow", slug, locale) if is_alert else choice


def _switch(command: str, slug: str, locale: str) -> Choice:
    catalog = load_catalog()
    name = catalog.series[slug].short or catalog.name(slug, locale)
    key, emoji = ("follow", "➕") if command == "follow" else ("mute", "🔕")
    return Choice(label=say(locale, f"telegram.{key}", name=name), line=f"{command} {slug}", emoji=emoji)
