"""Find phrases that are data: a small language of words, alternatives and gaps, matched token by token.

    takes|took [the] pole      alternatives; a word that may be missing
    triumph* ..3 {race}        a stem; up to three words between; a named set of words
    # win  @ on pole           a figure; a name (of a driver, a team …)

Every phrase starts with a word, which is looked up in a dictionary: the cost is one look-up a token, and no input
can blow it up as it could a regular expression.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from bot.text import fold

_WORD = re.compile(r"\w+")
_STEM = 4  # letters of a stem that are looked up
_MOST_TOKENS = 4_000


class Token(NamedTuple):
    key: str  # folded
    start: int
    end: int


class Hit(NamedTuple):
    kind: str
    weight: float
    first: int  # tokens, both inclusive
    last: int


class Part(NamedTuple):
    """One place of a phrase: words, stems, a figure, a name, or up to `gap` words of any kind."""

    words: frozenset[str] = frozenset()
    stems: tuple[str, ...] = ()
    figure: bool = False
    name: bool = False
    gap: int = 0

    def fits(self, key: str, is_name: bool) -> bool:
        return (
            key in self.words
            or (self.name and is_name)
            or (self.figure and key[0].isdigit())
            or (bool(self.stems) and key.startswith(self.stems))
        )


class _Phrase(NamedTuple):
    kind: str
    weight: float
    parts: tuple[Part, ...]


@lru_cache(maxsize=50_000)
def _key(word: str) -> str:
    return fold(word) or word


def tokens(text: str) -> list[Token]:
    """Cut text into folded words that know where they stand."""
    found = []
    for word in _WORD.finditer(text):
        found.append(Token(_key(word[0]), word.start(), word.end()))
        if len(found) == _MOST_TOKENS:
            break
    return found


class Lexicon:
    """Phrases of one language, ready to be found."""

    def __init__(
        self, phrases: Iterable[tuple[str, float, str]], sets: Mapping[str, Sequence[str]] | None = None
    ) -> None:
        self._words: dict[str, list[_Phrase]] = {}
        self._stems: dict[str, list[_Phrase]] = {}
        self._figures: list[_Phrase] = []
        self._names: list[_Phrase] = []
        for kind, weight, written in phrases:
            for parts in _variants(written.replace("'", " ").split(), sets or {}):
                self._add(_Phrase(kind, weight, parts))

    def _add(self, phrase: _Phrase) -> None:
        first = phrase.parts[0]
        if first.gap:
            raise ValueError(f"a phrase may not start with a gap: {phrase}")
        for word in first.words:
            self._words.setdefault(word, []).append(phrase)
        for stem in first.stems:
            self._stems.setdefault(stem[:_STEM], []).append(phrase)
        if first.figure:
            self._figures.append(phrase)
        if first.name:
            self._names.append(phrase)

    def find(self, among: Sequence[Token], names: Collection[int] = ()) -> list[Hit]:
        """Find all phrases; `names` are the tokens that belong to a name."""
        found: list[Hit] = []
        words, stems = self._words, self._stems
        for at, token in enumerate(among):
            key = token.key
            candidates = words.get(key)
            if candidates:
                self._try(candidates, among, at, names, found)
            if len(key) >= _STEM and (candidates := stems.get(key[:_STEM])):
                self._try(candidates, among, at, names, found)
            if self._figures and key[0].isdigit():
                self._try(self._figures, among, at, names, found)
            if self._names and at in names:
                self._try(self._names, among, at, names, found)
        return found

    @staticmethod
    def _try(
        candidates: Sequence[_Phrase],
        among: Sequence[Token],
        at: int,
        names: Collection[int],
        found: list[Hit],
    ) -> None:
        for phrase in candidates:
            last = _match(phrase.parts, 0, among, at, names)
            if last >= 0:
                found.append(Hit(phrase.kind, phrase.weight, at, last))


def _match(
    parts: tuple[Part, ...], part: int, among: Sequence[Token], at: int, names: Collection[int]
) -> int:
    """Return the last token of a match that starts at token `at`, or -1."""
    while part < len(parts):
        here = parts[part]
        if here.gap:
            for skipped in range(here.gap + 1):
                last = _match(parts, part + 1, among, at + skipped, names)
                if last >= 0:
                    return last
            return -1
        if at >= len(among) or not here.fits(among[at].key, at in names):
            return -1
        at += 1
        part += 1
    return at - 1


def _variants(written: Sequence[str], sets: Mapping[str, Sequence[str]]) -> Iterable[tuple[Part, ...]]:
    """Spell out a phrase with and without each `[optional]` word."""
    if not written:
        yield ()
        return
    head, rest = written[0], written[1:]
    optional = head.startswith("[") and head.endswith("]")
    for tail in list(_variants(rest, sets)):
        yield (_part(head.strip("[]"), sets), *tail)
        if optional:
            yield tail


def _part(written: str, sets: Mapping[str, Sequence[str]]) -> Part:
    if written.startswith(".."):
        return Part(gap=int(written[2:] or 1))
    words: set[str] = set()
    stems: set[str] = set()
    figure = name = False
    for choice in _choices(written, sets):
        if choice == "#":
            figure = True
        elif choice == "@":
            name = True
        elif choice.endswith("*"):
            stems.add(_one_word(choice[:-1]))
        else:
            words.add(_one_word(choice))
    if any(len(stem) < _STEM for stem in stems):
        raise ValueError(f"a stem needs {_STEM} letters: {written}")
    return Part(frozenset(words), tuple(sorted(stems)), figure, name)


def _choices(written: str, sets: Mapping[str, Sequence[str]]) -> Iterable[str]:
    for choice in written.split("|"):
        if choice.startswith("{"):
            for word in sets[choice.strip("{}")]:
                yield from _choices(word, sets)
        else:
            yield choice


def _one_word(written: str) -> str:
    folded = fold(written)
    if not folded or not _WORD.fullmatch(folded):
        raise ValueError(f"not one word: {written!r}")
    return folded
