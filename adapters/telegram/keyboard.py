"""Choices as inline buttons. A button carries its command line itself, so it works after a restart, too.

What a button's data may be (at most 64 bytes, the first is its version and kind):
`1LINE` a command line · `2PV±VALUE` option V of picker P, chosen or not · `3PLEAST-MOST LINE` the end of picker P ·
`0` nothing · `9KEY` one of these that was too long and waits in the vault.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from adapters.telegram.rich import web_url, whole
from bot.locale import say
from bot.model import Choice, Picker, Style
from bot.text import cut, tame

DATA = 64  # bytes
MOST_BUTTONS = 100
WIDE = 32  # characters that a row of buttons shows on a phone
IN_A_ROW = 4
NOTHING = "0"
CHOSEN = "✅ "

_STYLES = {Style.PRIMARY: "primary", Style.SUCCESS: "success", Style.DANGER: "danger"}


class Vault:
    """Data that no button can carry, by a digest of it. Bounded: an old button then says that it is too old."""

    def __init__(self, most: int = 5_000) -> None:
        self._kept: OrderedDict[str, str] = OrderedDict()
        self._most = most

    def pack(self, data: str) -> str:
        """Return data that fits."""
        if len(data.encode()) <= DATA:
            return data
        key = hashlib.blake2b(data.encode(), digest_size=12).hexdigest()
        self._kept[key] = data
        self._kept.move_to_end(key)
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)
        return f"9{key}"

    def unpack(self, data: str) -> str | None:
        """Return what was packed; None when it is forgotten."""
        return self._kept.get(data[1:]) if data.startswith("9") else data


@dataclass(frozen=True, slots=True)
class Option:
    """A picker's option as its button carries it."""

    picker: str
    is_chosen: bool
    value: str

    @property
    def data(self) -> str:
        return f"2{self.picker}{'+' if self.is_chosen else '-'}{self.value}"


@dataclass(frozen=True, slots=True)
class End:
    """The button that ends a picker."""

    picker: str
    least: int
    most: int
    line: str

    @property
    def data(self) -> str:
        return f"3{self.picker}{self.least}-{self.most} {self.line}"


def line_of(data: str) -> str | None:
    """Read a pressed command line; None for data of another kind or version."""
    return data[1:] if data.startswith("1") and 1 < len(data) <= 512 else None


def option_of(data: str) -> Option | None:
    """Read an option; None for other data."""
    if len(data) < 4 or data[0] != "2" or data[2] not in "+-":
        return None
    return Option(data[1], data[2] == "+", data[3:])


def end_of(data: str) -> End | None:
    """Read the end of a picker; None for other data."""
    bounds, blank, line = data[2:].partition(" ")
    least, dash, most = bounds.partition("-")
    if not (data.startswith("3") and blank and dash and least.isdecimal() and most.isdecimal() and line):
        return None
    return End(data[1], int(least), int(most), line)


def keyboard(
    choices: Iterable[Choice], pickers: Sequence[Picker] = (), *, vault: Vault, locale: str = "en"
) -> InlineKeyboardMarkup | None:
    """Lay out pickers and choices in rows that a phone can show; None when there is nothing to press."""
    rows: list[list[InlineKeyboardButton]] = []
    for number, picker in enumerate(pickers[:10]):
        rows += _picker(picker, str(number), vault, locale)
    rows += _rows([button for choice in choices if (button := _button(choice, vault))])
    kept, count = [], 0
    for row in rows:
        count += len(row)
        if count > MOST_BUTTONS:
            break
        kept.append(row)
    return InlineKeyboardMarkup(kept) if kept else None


def toggled(markup: InlineKeyboardMarkup, pressed: str, vault: Vault) -> InlineKeyboardMarkup | None:
    """The keyboard after a press on an option; None when no more may be chosen, or the option is not there."""
    target = option_of(vault.unpack(pressed) or "")
    buttons = [
        (button, vault.unpack(_data(button)) or "") for row in markup.inline_keyboard for button in row
    ]
    if target is None or not any(_data(button) == pressed for button, _ in buttons):
        return None
    end = next((end for _, data in buttons if (end := end_of(data)) and end.picker == target.picker), None)
    most = end.most if end else 1
    chosen = [
        o for _, data in buttons if (o := option_of(data)) and o.picker == target.picker and o.is_chosen
    ]
    if not target.is_chosen and len(chosen) >= most > 1:
        return None

    def flip(button: InlineKeyboardButton) -> InlineKeyboardButton:
        option = option_of(vault.unpack(_data(button)) or "")
        if option is None or option.picker != target.picker:
            return button
        is_pressed = _data(button) == pressed
        if not is_pressed and not (most == 1 and option.is_chosen):
            return button
        after = Option(option.picker, is_pressed and not option.is_chosen, option.value)
        return _option_button(after, button.text.removeprefix(CHOSEN), vault)

    return InlineKeyboardMarkup([[flip(button) for button in row] for row in markup.inline_keyboard])


def picked(markup: InlineKeyboardMarkup, end: End, vault: Vault) -> tuple[str, ...]:
    """The values chosen on a keyboard, in its order."""
    options = [option_of(vault.unpack(_data(b)) or "") for row in markup.inline_keyboard for b in row]
    return tuple(o.value for o in options if o and o.picker == end.picker and o.is_chosen)


def _picker(picker: Picker, number: str, vault: Vault, locale: str) -> list[list[InlineKeyboardButton]]:
    if picker.most == 1 and picker.least == 1:
        return _rows(
            [
                _labelled(option, vault.pack(f"1{picker.line} {option.line}"))
                for option in picker.options
                if option.line
            ]
        )
    options = [
        _option_button(Option(number, option.chosen, option.line), _label(option), vault)
        for option in picker.options[: MOST_BUTTONS - 10]
        if option.line
    ]
    end = End(number, picker.least, picker.most, picker.line)
    done = InlineKeyboardButton(
        say(locale, "telegram.picker.done"), callback_data=vault.pack(end.data), style="primary"
    )
    return [*_rows(options), [done]]


def _option_button(option: Option, label: str, vault: Vault) -> InlineKeyboardButton:
    return InlineKeyboardButton(
        f"{CHOSEN}{label}" if option.is_chosen else label, callback_data=vault.pack(option.data)
    )


def _button(choice: Choice, vault: Vault) -> InlineKeyboardButton | None:
    if choice.url:
        url = web_url(choice.url)
        return InlineKeyboardButton(_label(choice), url=url) if url else None
    if choice.disabled or not choice.line:
        return _labelled(choice, NOTHING)
    return _labelled(choice, vault.pack(f"1{choice.line}"))


def _labelled(choice: Choice, data: str) -> InlineKeyboardButton:
    marked = f"{CHOSEN}{_label(replace(choice, emoji=''))}" if choice.chosen else _label(choice)
    return InlineKeyboardButton(marked, callback_data=data, style=_STYLES.get(choice.style))


def _label(choice: Choice) -> str:
    return cut(tame(whole(f"{choice.emoji} {choice.label}")), 60) or "·"


def _data(button: InlineKeyboardButton) -> str:
    return button.callback_data if isinstance(button.callback_data, str) else ""


def _rows(buttons: Sequence[InlineKeyboardButton]) -> list[list[InlineKeyboardButton]]:
    rows: list[list[InlineKeyboardButton]] = []
    for button in buttons:
        row = rows[-1] if rows else None
        if row and len(row) < IN_A_ROW and sum(len(b.text) + 3 for b in row) + len(button.text) <= WIDE:
            row.append(button)
        else:
            rows.append([button])
    return rows
