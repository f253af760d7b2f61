"""Find phrases that are data: a small language of words, alternatives and gaps, matched token by token.

    takes|took [the] pole      alternatives; a word that may be missing
    triumph* ..3 {race}        a beginning of a word; up to three words between; a named set of words
    *sieg                      an end of a word: "Heimsieg"
    # win  @ on pole           a figure; a name (of a driver, a team …)
    finished #th  won in #y    a place: "3rd", "2e", "5º", "P4"; a year

Each phrase hangs on its rarest word, which is looked up in a dictionary together with all parts of phrases that the word
fits: the cost is one look-up a word, and no input can blow it up as it could a regular expression.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
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
_MOST_KNOWN = 6_000
_MOST_HITS = 150  # in one text: enough to know, whatever somebody wrote


class Hit(NamedTuple):
    kind: str
    weight: float
    first: int  # words, both inclusive
    last: int


class Part(NamedTuple):
    """One position of a phrase: words, parts of words, a figure, a place, a name, or up to `gap` words of any kind."""

    words: tuple[str, ...] = ()
    starts: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()
    figure: bool = False
    place: bool = False
    year: bool = False
    name: bool = False
    gap: int = 0

    def commonness(self) -> tuple[float, int]:
        """Order parts by how often they will be met: a phrase hangs on its rarest one."""
        if self.gap or self.name:
            return (9e9, 0)
        short = sum(len(word) <= _SHORT for word in self.words)
        return (short + 3 * (self.figure or self.place or self.year), len(self.words))


class _Loose(NamedTuple):
    """A part that is no list of words, and its number."""

    number: int
    starts: tuple[str, ...]
    ends: tuple[str, ...]
    figure: bool
    place: bool
    year: bool

    def fits(self, key: str) -> bool:
        return (
            (self.figure and key[:1].isdigit())
            or (self.place and _PLACE.fullmatch(key) is not None)
            or (self.year and _YEAR.fullmatch(key) is not None)
            or (bool(self.starts) and key.startswith(self.starts))
            or (bool(self.ends) and key.endswith(self.ends))
        )


class _Phrase(NamedTuple):
    """What stands around the part it hangs on: numbers of parts, or a gap of up to n words as -n."""

    right: int  # the part that must stand right behind, or a negative number where any may
    left: int
    far: int  # a part that must stand somewhere in the text, behind a gap maybe
    kind: str
    weight: float
    before: tuple[int, ...]  # nearest first
    after: tuple[int, ...]


_Fits = frozenset[int]  # the parts that a word fits
_Known = tuple[tuple[_Phrase, ...], _Fits]  # of a word: what hangs on it, and the parts that it fits
_STOP = -1  # "fits" what ends a sentence, and nothing else does
_NOTHING: _Known = ((), frozenset())
_END_OF_SENTENCE: _Known = ((), frozenset({_STOP}))


class Words:
    """A text cut into words that know where they stand; an empty word ends a sentence."""

    __slots__ = ("_parts", "text", "written")

    def __init__(self, text: str) -> None:
        self.text = text
        self._parts = _WORD.split(text, _MOST_WORDS)  # gap, word, gap, word, …, gap
        self.written = self._parts[1::2]
        inner = enumerate(self._parts[2:-1:2], 1)
        ends = [at for at, gap in inner if gap != " " and (mark := _mark(gap)) and self._ends(mark, at - 1)]
        for at in reversed(ends):
            self.written.insert(at, "")

    def _ends(self, mark: str, at: int) -> bool:
        """Say whether a sentence ends at this mark behind a word: not after "P." and "Nr."."""
        return mark != "." or len(word := self.written[at]) > 2 or word.isdigit()

    def quote(self, first: int, last: int) -> str:
        """The text from one word to another, as written."""
        places = self._places()
        return "".join(self._parts[places[first] : places[last] + 1])

    def within(self, spans: Collection[tuple[int, int]]) -> frozenset[int]:
        """The words that begin within these spans of characters."""
        offsets = list(accumulate(map(len, self._parts), initial=0))
        return frozenset(
            at
            for at, place in enumerate(self._places())
            if any(start <= offsets[place] < end for start, end in spans)
        )

    def _places(self) -> list[int]:
        """Where each word stands among the parts; what ends a sentence stands in the gap."""
        places: list[int] = []
        place = 1
        for word in self.written:
            places.append(place if word else place - 1)
            place += 2 if word else 0
        return places


@lru_cache(maxsize=200)
def _mark(gap: str) -> str:
    """What may end a sentence between two words; few gaps are written, again and again."""
    mark = _END.search(gap) if len(gap) > 1 else None
    return mark[0] if mark else ""


class Lexicon:
    """Phrases of one language, ready to be found."""

    def __init__(self) -> None:
        self._numbers: dict[Part, int] = {}
        self._hung: dict[int, tuple[_Phrase, ...]] = {}  # what hangs on a part, by its number
        self._words: dict[str, tuple[int, ...]] = {}
        self._pieces: dict[str, tuple[_Loose, ...]] = {}  # by the first or last letters of what fits them
        self._figures: tuple[_Loose, ...] = ()  # a figure, a place or a year
        self._names: tuple[int, ...] = ()
        self._known = _KnownWords(self._look_up)
        self._shared: dict[tuple[int, ...], tuple[int, ...]] = {}

    def add(self, kind: str, weight: float, written: str, sets: Mapping[str, Sequence[str]]) -> None:
        """Add a phrase; `sets` are the named sets that it may use."""
        for parts in _variants(written.split(), sets):
            hook = min(range(len(parts)), key=lambda at: parts[at].commonness())
            if parts[hook].gap:
                raise ValueError(f"a phrase of gaps only: {written}")
            around = [-part.gap if part.gap else self._number(part) for part in parts]
            before, after = self._once(around[:hook][::-1]), self._once(around[hook + 1 :])
            far = next((part for part in (*after[::-1], *before[::-1]) if part >= 0), _STOP)
            phrase = _Phrase((*after, _STOP)[0], (*before, _STOP)[0], far, kind, weight, before, after)
            self._hung[around[hook]] = (*self._hung.get(around[hook], ()), phrase)

    def close(self) -> None:
        """Forget what only adding needed."""
        self._numbers.clear()
        self._shared.clear()

    def _number(self, part: Part) -> int:
        """Give each different part one number, and note by which words it is found."""
        number = self._numbers.get(part)
        if number is not None:
            return number
        self._numbers[part] = number = len(self._numbers)
        for word in part.words:
            self._words[word] = self._once((*self._words.get(word, ()), number))
        loose = _Loose(number, part.starts, part.ends, part.figure, part.place, part.year)
        for piece in {*(start[:_PIECE] for start in part.starts), *(end[-_PIECE:] for end in part.ends)}:
            self._pieces[piece] = (*self._pieces.get(piece, ()), loose)
        if part.figure or part.place or part.year:
            self._figures += (loose,)
        if part.name:
            self._names += (number,)
        return number

    def _once(self, numbers: Sequence[int]) -> tuple[int, ...]:
        return self._shared.setdefault(kept := tuple(numbers), kept)

    def find(self, among: Words, names: Collection[int] = ()) -> list[Hit]:
        """Find all phrases; `names` are the words of names."""
        looked_up = [*map(self._known.__getitem__, among.written), _END_OF_SENTENCE]
        # Before the first word and behind the last one stands what ends a sentence: both are the last item here.
        fits = [parts for _, parts in looked_up]
        if names:
            named = frozenset(self._names)
            for at in names:
                fits[at] |= named
        there = frozenset[int]().union(*fits)  # what no word fits need not be looked for, however near
        found: list[Hit] = []
        _try(((at, phrases) for at, (phrases, _) in enumerate(looked_up) if phrases), fits, there, found)
        for at in names:
            for part in self._names:
                _try(((at, self._hung.get(part, ())),), fits, there, found)
        return found

    def _look_up(self, word: str) -> _Known:
        """Look up which parts a word fits and what hangs on those."""
        if not word:
            return _END_OF_SENTENCE
        key = word.lower() if word.isascii() and word.isalnum() else fold(word) or word
        pieces = (*self._pieces.get(key[:_PIECE], ()), *self._pieces.get(key[-_PIECE:], ()))
        if key[:1].isdigit() or key[1:2].isdigit():  # "3", "p4"
            pieces += self._figures
        numbers = dict.fromkeys(self._words.get(key, ()))
        if pieces:
            numbers |= dict.fromkeys(part.number for part in pieces if part.fits(key))
        if not numbers:
            return _NOTHING
        phrases = dict.fromkeys(phrase for number in numbers for phrase in self._hung.get(number, ()))
        return tuple(phrases), frozenset(numbers)


class _KnownWords(dict[str, _Known]):
    """Words as written → what is known of them; texts share most of their words."""

    def __init__(self, look_up: Callable[[str], _Known]) -> None:
        self._look_up = look_up

    def __missing__(self, word: str) -> _Known:
        if len(self) >= _MOST_KNOWN:
            self.clear()
        self[word] = known = self._look_up(word)
        return known


def _try(
    hung: Iterable[tuple[int, Sequence[_Phrase]]], fits: Sequence[_Fits], there: _Fits, found: list[Hit]
) -> None:
    """Try the phrases that hang on each of some words, until enough is found."""
    for at, phrases in hung:
        after_it, before_it = fits[at + 1], fits[at - 1]
        for right, left, far, kind, weight, before, after in phrases:
            # Most phrases fail at the very next word, or further on.
            if (
                (right >= 0 and right not in after_it)
                or (left >= 0 and left not in before_it)
                or (far >= 0 and far not in there)
            ):
                continue
            last = _match(after, fits, at + 1, 1) if after else at
            first = _match(before, fits, at - 1, -1) if before and last >= 0 else at
            if last >= 0 and first >= 0:
                found.append(Hit(kind, weight, first, last))
        if len(found) >= _MOST_HITS:
            return


def _match(parts: Sequence[int], fits: Sequence[_Fits], at: int, step: int) -> int:
    """Match parts from word `at` on, to the right or to the left; return the last word of the match, or -1."""
    for place, part in enumerate(parts):
        if part < 0:
            return _match_gap(-part, parts[place + 1 :], fits, at, step)
        if part not in fits[at]:
            return -1
        at += step
    return at - step


def _match_gap(gap: int, parts: Sequence[int], fits: Sequence[_Fits], at: int, step: int) -> int:
    """Match parts behind up to `gap` words of one sentence, as few of them as will do."""
    first = parts[0] if parts else _STOP
    while True:
        here = fits[at]
        if first < 0 or first in here:
            last = _match(parts, fits, at, step)
            if last >= 0:
                return last
        if not gap or _STOP in here:
            return -1
        gap -= 1
        at += step


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
            yield tuple(Part((word,)) for word in several)
        else:
            words.update(several)
    if words or starts or ends or marks:
        yield (
            Part(
                tuple(sorted(words)),
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
