"""A command line as typed, picked or pressed: its command, the place it is about, and the rest."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from bot.commands.menu import BY_NAME
from bot.locale import LOCALES, texts
from bot.text import tame

ABOUT_A_PLACE = frozenset(
    [
        "settings",
        "setup",
        "channel",
        "filter",
        "preview",
        "follow",
        "unfollow",
        "following",
        "series",
        "import",
        "export",
        "why",
    ]
)
MOST_CHARACTERS = 4_000  # of a line that is read at all
_WORD = re.compile(r'((?:[A-Za-z]+:)?)"([^"]*)"|(\S+)')
_QUOTES = str.maketrans("“”„«»‟", '""""""')


@dataclass(frozen=True, slots=True)
class Line:
    name: str  # "" for an empty line
    rest: str = ""
    target: str = ""  # address of another place: "settings @-100123 spoilers"

    @property
    def words(self) -> tuple[str, ...]:
        """The rest, word by word; a quoted phrase is one word."""
        return tuple(word.text for word in split(self.rest))


@dataclass(frozen=True, slots=True)
class Word:
    text: str
    is_quoted: bool = False


def read_line(line: str, options: Mapping[str, str]) -> Line:
    """Read a line, and the options of a platform that has them: both ways come to the same."""
    name, _, rest = tame(line[:MOST_CHARACTERS]).removeprefix("/").partition(" ")
    name = name.partition("@")[0].lower()  # Telegram writes "/latest@pitwire_bot" in groups
    name = name if name in BY_NAME else _by_local_name().get(name, name)
    target = options.get("destination", "")
    if rest.startswith("@") and name in ABOUT_A_PLACE:
        target, _, rest = rest[1:].partition(" ")
    if options and name in BY_NAME:
        given = [
            options.get(option.name, "") for option in BY_NAME[name].options if option.kind != "destination"
        ]
        rest = " ".join(filter(None, (rest, *(tame(value[:MOST_CHARACTERS]) for value in given))))
    return Line(name, rest.strip(), target.removeprefix("@"))


@cache
def _by_local_name() -> Mapping[str, str]:
    """Commands by their names in other languages: who reads "/folgen" in a menu may type it anywhere."""
    names: dict[str, str] = {}
    for locale in LOCALES:
        for command in BY_NAME:
            if name := texts(locale).get(f"command.{command}.name"):
                names.setdefault(name, command)
    return names


def split(text: str) -> tuple[Word, ...]:
    """Part a text into words and "quoted phrases"; a quote that never ends is an ordinary sign."""
    text = text.translate(_QUOTES)
    if text.count('"') % 2:
        text = text.replace('"', " ")
    found: list[Word] = []
    for match in _WORD.finditer(text):
        if match[2] is None:
            if word := match[3].strip(",;"):
                found.append(Word(word))
        elif phrase := match[2].strip():
            found.append(Word(match[1] + phrase, is_quoted=True))
    return tuple(found)


def fits(line: str) -> bool:
    """Tell whether a choice can carry a line on every platform."""
    return len(line.encode()) <= 64
