"""What kind of news do these words bring? Beginnings of words in seven languages, looked up in one pass."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

_WORD = re.compile(r"[^\W_]+")


class Cue(NamedTuple):
    """A word of the lexicon in a text: its section and name, and which word of the text it begins with."""

    section: str
    name: str
    place: int


class _Entry(NamedTuple):
    section: str
    name: str
    rest: tuple[str, ...]  # the words that must follow; the last one by its beginning
    is_whole: bool


class Lexicon:
    """Cues by the word that they begin with. A trailing "=" means the whole word; only a last word may be a beginning."""

    def __init__(self, table: Mapping[str, Any]) -> None:
        self.noise = frozenset(table["noise"]["words"])
        self.sections = frozenset(table["noise"]["sections"])
        self._whole: dict[str, list[_Entry]] = {}
        begins: dict[str, list[_Entry]] = {}
        for section in ("acts", "echo", "concepts", "sessions", "numbers"):
            for name, forms in table[section].items():
                for form in forms:
                    self._put(section, name, form, begins)
        # By the letters that all beginnings have: most words are of none, and the others of few.
        self._shortest = min(map(len, begins))
        self._begins: dict[str, list[tuple[str, list[_Entry]]]] = {}
        for begin in sorted(begins, key=len):
            self._begins.setdefault(begin[: self._shortest], []).append((begin, begins[begin]))

    def cues(self, words: Sequence[str]) -> Iterator[Cue]:
        """Find every cue among folded words."""
        whole, begins, shortest = self._whole, self._begins, self._shortest
        for place, word in enumerate(words):
            if word in whole:
                for entry in whole[word]:
                    if _follows(entry, words, place):
                        yield Cue(entry.section, entry.name, place)
            head = word[:shortest]
            if head in begins:
                for begin, entries in begins[head]:
                    if word.startswith(begin):
                        for entry in entries:
                            yield Cue(entry.section, entry.name, place)

    def _put(self, section: str, name: str, form: str, begins: dict[str, list[_Entry]]) -> None:
        is_whole = form.endswith("=")
        first, *rest = _WORD.findall(form)
        entry = _Entry(section, name, tuple(rest), is_whole)
        by = self._whole if rest or is_whole else begins
        by.setdefault(first, []).append(entry)


def _follows(entry: _Entry, words: Sequence[str], place: int) -> bool:
    if not entry.rest:
        return True
    *middle, last = entry.rest
    end = place + len(entry.rest)
    if end >= len(words) or any(words[place + 1 + at] != word for at, word in enumerate(middle)):
        return False
    return words[end] == last if entry.is_whole else words[end].startswith(last)


@cache
def lexicon() -> Lexicon:
    """The lexicon that ships with Pitwire."""
    return Lexicon(tomllib.loads(files("bot.stories").joinpath("acts.toml").read_text(encoding="utf-8")))
