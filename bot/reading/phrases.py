"""Find phrases that are data: a small language of words, alternatives and gaps, matched token by token.

    takes|took [the] pole      alternatives; a word that may be missing
    triumph* ..3 {race}        a beginning of a word; up to three words between; a named set of words
    *sieg                      an end of a word: "Heimsieg"
    # win  @ on pole           a figure; a name (of a driver, a team …)
    finished #th  won in #y    a place: "3rd", "2e", "5º", "P4"; a year

Each phrase hangs on its rarest word, which is looked up in a dictionary: the cost is one look-up a word, and no
input can blow it up as it could a regular expression.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import NamedTuple

from bot.text import fold

_WORD = re.compile(r"(\w+°?)")  # "2°" is a place, "2" may be anything
_END = re.compile(r"[.!?…;|\n]")
_YEAR = re.compile(r"(?:19|20)\d\d")
_PLACE = re.compile(r"p\d{1,2}|\d{1,2}(?:st|nd|rd|th|er|ere|e|eme|os?|as?|°)")
_PIECE = 4  # letters of a beginning or an end of a word that are looked up
_SHORT = 3  # words up to this long are everywhere: no phrase hangs on them if it can help it
_MOST_WORDS = 4_000
_MOST_KEYS = 50_000
_MOST_HITS = 150  # in one text: enough to know, whatever somebody wrote


class Hit(NamedTuple):
    kind: str
    weight: float
    first: int  # words, both inclusive
    last: int


class Part(NamedTuple):
    """One position of a phrase: words, parts of words, a figure, a place, a name, or up to `gap` words of any kind."""

    words: frozenset[str] = frozenset()
    starts: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()
    figure: bool = False
    place: bool = False
    year: bool = False
    name: bool = False
    gap: int = 0

    def fits(self, key: str, is_name: bool) -> bool:
        return (
            key in self.words
            or (self.name and is_name)
            or (self.figure and key[:1].isdigit())
            or (self.place and _PLACE.fullmatch(key) is not None)
            or (self.year and _YEAR.fullmatch(key) is not None)
            or (bool(self.starts) and key.startswith(self.starts))
            or (bool(self.ends) and key.endswith(self.ends))
        )

    def commonness(self) -> tuple[float, int]:
        """Order parts by how often they will be met: a phrase hangs on its rarest one."""
        if self.gap or self.name:
            return (9e9, 0)
        short = sum(len(word) <= _SHORT for word in self.words)
        return (short + 3 * (self.figure or self.place or self.year), len(self.words))


class _Phrase(NamedTuple):
    kind: str
    weight: float
    before: tuple[Part, ...]  # nearest first
    after: tuple[Part, ...]


class Words:
    """A text cut into folded words that know where they stand; an empty word ends a sentence."""

    __slots__ = ("_parts", "_places", "keys", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.keys: list[str] = []
        self._parts = _WORD.split(text, _MOST_WORDS)  # gap, word, gap, word, …, gap
        self._places: list[int] = []  # of each key in the parts
        for place in range(1, len(self._parts), 2):
            gap, word = self._parts[place - 1], self._parts[place]
            if gap != " " and place > 1 and _ends(gap, self._parts[place - 2]):
                self.keys.append("")
                self._places.append(place - 1)
            self.keys.append(_KEYS[word])
            self._places.append(place)

    def quote(self, first: int, last: int) -> str:
        """The text from one word to another, as written."""
        return "".join(self._parts[self._places[first] : self._places[last] + 1])

    def starting_at(self, starts: Collection[int]) -> frozenset[int]:
        """The words that begin at these characters."""
        offsets = list(accumulate(map(len, self._parts), initial=0))
        return frozenset(at for at, place in enumerate(self._places) if offsets[place] in starts)


class _Keys(dict[str, str]):
    """Words as written → folded; texts share most of their words."""

    def __missing__(self, word: str) -> str:
        if len(self) >= _MOST_KEYS:
            self.clear()
        self[word] = folded = fold(word) or word
        return folded


_KEYS = _Keys()


def _ends(gap: str, word: str) -> bool:
    """Say whether a sentence ends between a word and the next: not after "P." and "Nr."."""
    mark = _END.search(gap) if len(gap) > 1 else None
    return mark is not None and (mark[0] != "." or len(word) > 2 or word.isdigit())


class Lexicon:
    """Phrases of one language, ready to be found."""

    def __init__(self) -> None:
        self._words: dict[str, list[_Phrase]] = {}
        self._starts: dict[str, list[tuple[_Phrase, Part]]] = {}
        self._ends: dict[str, list[tuple[_Phrase, Part]]] = {}
        self._figures: list[tuple[_Phrase, Part]] = []  # that hang on a figure, a place or a year
        self._names: list[_Phrase] = []
        self._known: dict[str, tuple[_Phrase, ...]] = {}

    def add(self, kind: str, weight: float, written: str, sets: Mapping[str, Sequence[str]]) -> None:
        """Add a phrase; `sets` are the named sets that it may use."""
        for parts in _variants(written.split(), sets):
            hook = min(range(len(parts)), key=lambda at: parts[at].commonness())
            phrase = _Phrase(kind, weight, tuple(reversed(parts[:hook])), parts[hook + 1 :])
            self._hang(phrase, parts[hook])

    def _hang(self, phrase: _Phrase, part: Part) -> None:
        if part.gap:
            raise ValueError(f"a phrase of gaps only: {phrase}")
        for word in part.words:
            self._words.setdefault(word, []).append(phrase)
        for start in {start[:_PIECE] for start in part.starts}:
            self._starts.setdefault(start, []).append((phrase, part))
        for end in {end[-_PIECE:] for end in part.ends}:
            self._ends.setdefault(end, []).append((phrase, part))
        if part.figure or part.place or part.year:
            self._figures.append((phrase, part))
        if part.name:
            self._names.append(phrase)

    def find(self, among: Words, names: Collection[int] = ()) -> list[Hit]:
        """Find all phrases; `names` are the words that begin a name."""
        keys, known = among.keys, self._known
        found: list[Hit] = []
        for at, key in enumerate(keys):
            candidates = known.get(key)
            if candidates is None:
                candidates = self._hanging_on(key)
            if candidates:
                _try(candidates, keys, at, names, found)
                if len(found) >= _MOST_HITS:
                    break
        for at in names:
            _try(self._names, keys, at, names, found)
        return found

    def _hanging_on(self, key: str) -> tuple[_Phrase, ...]:
        """Look up, once for each word there is, what hangs on it."""
        if len(self._known) >= _MOST_KEYS:
            self._known.clear()
        pieces = (*self._starts.get(key[:_PIECE], ()), *self._ends.get(key[-_PIECE:], ()), *self._figures)
        fitting = (phrase for phrase, part in pieces if part.fits(key, False))
        self._known[key] = hanging = tuple(dict.fromkeys((*self._words.get(key, ()), *fitting)))
        return hanging


def _try(
    candidates: Sequence[_Phrase],
    keys: Sequence[str],
    at: int,
    names: Collection[int],
    found: list[Hit],
) -> None:
    for phrase in candidates:
        last = _match(phrase.after, 0, keys, at + 1, 1, names) if phrase.after else at
        if last < 0:
            continue
        first = _match(phrase.before, 0, keys, at - 1, -1, names) if phrase.before else at
        if first >= 0:
            found.append(Hit(phrase.kind, phrase.weight, first, last))


def _match(
    parts: tuple[Part, ...], part: int, keys: Sequence[str], at: int, step: int, names: Collection[int]
) -> int:
    """Match parts from word `at` on, to the right or to the left; return the last word of the match, or -1."""
    most = len(keys)
    while part < len(parts):
        here = parts[part]
        if here.gap:
            for skipped in range(here.gap + 1):
                if skipped and not (0 <= at < most and keys[at]):
                    return -1
                at += step if skipped else 0
                last = _match(parts, part + 1, keys, at, step, names)
                if last >= 0:
                    return last
            return -1
        if not 0 <= at < most or not here.fits(keys[at], at in names):
            return -1
        at += step
        part += 1
    return at - step


def _variants(written: Sequence[str], sets: Mapping[str, Sequence[str]]) -> Iterator[tuple[Part, ...]]:
    """Spell a phrase out: with and without each `[optional]` word, and with each choice of several words."""
    if not written:
        yield ()
        return
    head, rest = written[0], written[1:]
    optional = head.startswith("[") and head.endswith("]")
    heads = list(_heads(head.strip("[]"), sets))
    for tail in list(_variants(rest, sets)):
        for parts in heads:
            yield (*parts, *tail)
        if optional:
            yield tail


def _heads(written: str, sets: Mapping[str, Sequence[str]]) -> Iterator[tuple[Part, ...]]:
    """Read one place of a phrase: all its single words make one part; a choice like "e-prix" makes two in a row."""
    if written.startswith(".."):
        yield (Part(gap=int(written[2:])),)
        return
    words: set[str] = set()
    starts: set[str] = set()
    ends: set[str] = set()
    marks: set[str] = set()
    for choice in _choices(written, sets):
        if choice in ("#", "#th", "#y", "@"):
            marks.add(choice)
        elif choice.endswith("*"):
            starts.add(_piece(choice[:-1]))
        elif choice.startswith("*"):
            ends.add(_piece(choice[1:]))
        elif len(several := _WORD.findall(fold(choice))) > 1:
            yield tuple(Part(frozenset((word,))) for word in several)
        else:
            words.update(several)
    if words or starts or ends or marks:
        yield (
            Part(
                frozenset(words),
                tuple(sorted(starts)),
                tuple(sorted(ends)),
                figure="#" in marks,
                place="#th" in marks,
                year="#y" in marks,
                name="@" in marks,
            ),
        )


def _choices(written: str, sets: Mapping[str, Sequence[str]]) -> Iterator[str]:
    for choice in written.split("|"):
        if choice.startswith("{"):
            for word in sets[choice.strip("{}")]:
                yield from _choices(word, sets)
        elif choice:
            yield choice


def _piece(written: str) -> str:
    piece = fold(written)
    if len(piece) < _PIECE:
        raise ValueError(f"part of a word needs {_PIECE} letters: {written!r}")
    return piece
