"""Choices, pickers and forms as buttons, selects and modals; and back from what was pressed to a command line.

A `custom_id` carries the command line itself, behind a versioned prefix, so a button works after a restart and
needs no memory: "p1:latest wec". Two controls of one message may not share an id: "p1.1:latest wec" says the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import count as numbers

from adapters.discord import components as piece
from adapters.discord.components import Component
from adapters.discord.emoji import emoji
from adapters.discord.markup import safe_url
from bot.model import Choice, Form, Picker, Style
from bot.text import cut_utf16, tame

VERSION = "p1"
_PRESSED = re.compile(r"^p1(?:\.(\d+))?:(.*)$", re.DOTALL)
_STYLES = {Style.NORMAL: 2, Style.PRIMARY: 1, Style.SUCCESS: 3, Style.DANGER: 4}
LINK_STYLE = 5
MAX_TITLE, MAX_HINT, MAX_TYPED = 45, 100, 4000
MAX_OPTION, MAX_PLACEHOLDER = 100, 150
_CHOOSERS = {"role": piece.ROLE_SELECT, "destination": piece.CHANNEL_SELECT}
POSTABLE = (0, 5, 10, 11, 12, 15)  # kinds of channels where posts can go
FIELD = "typed"  # the one field of a form


def line_of(custom_id: str) -> str | None:
    """The command line that a pressed control stands for; None for one that is not ours."""
    found = _PRESSED.match(custom_id)
    return found[2] if found else None


class Names:
    """The ids of one message's controls, none of them twice."""

    def __init__(self, used: Iterable[str] = ()) -> None:
        self._used = set(used)

    def copy(self) -> Names:
        return Names(self._used)

    def take(self, line: str) -> str | None:
        """An id for a command line; None where it cannot carry it."""
        for number in numbers():
            name = f"{VERSION}.{number}:{line}" if number else f"{VERSION}:{line}"
            if name not in self._used:
                break
        if len(name.encode("utf-16-le")) // 2 > piece.MAX_CUSTOM_ID:
            return None
        self._used.add(name)
        return name


def label(text: str, most: int) -> str:
    """Plain words for where Discord reads no markup."""
    return cut_utf16(tame(text[: 4 * most]), most) or "…"


def buttons(choices: Iterable[Choice], names: Names) -> list[Component]:
    """A button for each choice that Discord can carry."""
    made = (button(choice, names) for choice in choices)
    return [found for found in made if found is not None]


def button(choice: Choice, names: Names) -> Component | None:
    if choice.url:
        return link_button(choice.label, choice.url, icon=choice.emoji)
    name = names.take(choice.line)
    if name is None or not choice.line:
        return None
    made: Component = {
        "type": piece.BUTTON,
        "style": _STYLES[Style.SUCCESS if choice.chosen else choice.style],
        "label": label(choice.label, piece.MAX_LABEL),
        "custom_id": name,
    }
    return _with(made, emoji=emoji(choice.emoji), disabled=choice.disabled or None)


def button_named(name: str, text: str, *, icon: str = "") -> Component:
    """A button of the adapter's own, with an id that is no command line."""
    made: Component = {
        "type": piece.BUTTON,
        "style": 2,
        "label": label(text, piece.MAX_LABEL),
        "custom_id": name,
    }
    return _with(made, emoji=emoji(icon))


def link_button(text: str, url: str, *, icon: str = "") -> Component | None:
    """A button that opens a web address; None where the address is none or too long for one."""
    address = safe_url(url, most=piece.MAX_BUTTON_URL)
    if address is None:
        return None
    made: Component = {
        "type": piece.BUTTON,
        "style": LINK_STYLE,
        "label": label(text, piece.MAX_LABEL),
        "url": address,
    }
    return _with(made, emoji=emoji(icon))


def selects(picker: Picker, names: Names) -> list[Component]:
    """A select menu in its row; several of them where there are more than 25 options."""
    if picker.kind:
        return _chooser(picker, names)
    options = _once(option for option in picker.options if option.line and not option.disabled)
    parts = [
        options[start : start + piece.MAX_OPTIONS] for start in range(0, len(options), piece.MAX_OPTIONS)
    ]
    made = []
    for number, part in enumerate(parts, start=1):
        name = names.take(picker.line)
        if name is None:
            return []
        prompt = f"{picker.prompt} ({number}/{len(parts)})" if len(parts) > 1 else picker.prompt
        most = max(1, min(picker.most, len(part)))
        chosen = 0
        shown = []
        for option in part:
            marked = option.chosen and chosen < most
            chosen += marked
            shown.append(_option(option, marked=marked))
        select: Component = {
            "type": piece.SELECT,
            "custom_id": name,
            "placeholder": label(prompt, MAX_PLACEHOLDER),
            "min_values": 0 if len(parts) > 1 else max(0, min(picker.least, most)),
            "max_values": most,
            "options": shown,
        }
        made.append(piece.row([select]))
    return made


def _chooser(picker: Picker, names: Names) -> list[Component]:
    """Discord's own list of channels or roles."""
    name = names.take(picker.line)
    if name is None or picker.kind not in _CHOOSERS:
        return []
    made: Component = {
        "type": _CHOOSERS[picker.kind],
        "custom_id": name,
        "placeholder": label(picker.prompt, MAX_PLACEHOLDER),
        "min_values": 1,
        "max_values": 1,
    }
    if picker.kind == "destination":
        made["channel_types"] = list(POSTABLE)
    return [piece.row([made])]


def _option(option: Choice, *, marked: bool) -> Component:
    made: Component = {"label": label(option.label, MAX_OPTION), "value": option.line, "default": marked}
    hint = cut_utf16(tame(option.hint), MAX_OPTION) or None
    return _with(made, description=hint, emoji=emoji(option.emoji))


def _once(options: Iterable[Choice]) -> list[Choice]:
    """Values may not repeat, nor be longer than Discord takes them."""
    kept: dict[str, Choice] = {}
    for option in options:
        if len(option.line) <= MAX_OPTION:
            kept.setdefault(option.line, option)
    return list(kept.values())


def modal(form: Form) -> Component:
    """A form as a modal with one field."""
    most = max(1, min(form.most, MAX_TYPED))
    prompt = tame(form.prompt) or tame(form.title)
    field: Component = {
        "type": piece.TEXT_INPUT,
        "custom_id": FIELD,
        "style": 2 if form.long else 1,
        "max_length": most,
        "required": True,
    }
    if form.value:
        field["value"] = form.value[:most]
    asked: Component = {"type": piece.LABEL, "label": label(prompt, MAX_TITLE), "component": field}
    if len(prompt) > MAX_TITLE:
        asked["label"] = label(form.title, MAX_TITLE)
        asked["description"] = cut_utf16(prompt, MAX_HINT)
    return {
        "custom_id": Names().take(form.line) or f"{VERSION}:help",
        "title": label(form.title, MAX_TITLE),
        "components": [asked],
    }


def chosen(picked: Sequence[str], custom_id: str, message: Iterable[Component]) -> list[str]:
    """What is chosen now: what was picked, and what the further selects of the same picker still show as chosen."""
    line = line_of(custom_id)
    values = list(picked)
    for other in piece.walk(message):
        name = other.get("custom_id") or ""
        if other.get("type") != piece.SELECT or name == custom_id or line_of(name) != line:
            continue
        if int(other.get("max_values") or 1) > 1:
            values += [option["value"] for option in other.get("options") or () if option.get("default")]
    return list(dict.fromkeys(values))


def _with(made: Component, **more: object) -> Component:
    return made | {key: value for key, value in more.items() if value is not None}
