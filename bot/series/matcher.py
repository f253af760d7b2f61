"""Find every known name in a text in one pass, the longest at each place.

A trie of words instead of a compiled pattern: as fast on an article, and ready in a tenth of the time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from bot.series.folding import flat, parted
from bot.series.names import Alias, Claim, Name

# Gaps that may stand inside a name: "Formel-1", "d'Ambrosio", "LMP2/GT3" — but no comma, bracket or line break.
_JOINTS = frozenset({" ", "-", "'", "/", "_", ".", "&", " & ", "-'", " '", "' ", "  ", " - "})
_SHORT_STOP = ". "  # as in "P. Fillon", not as in "… for Le Mans. Series director …"

# What a word leads to in the trie. Twelve thousand spellings are kept, so it is small: most words are followed by one
# or two others. A claim of a spelling is a number (which owner claims it, and how), several are a list of numbers; what
# goes on is a tuple (word, what it leads to, word, …), or a dictionary where more than a few words may follow.
_Node = Any
_HERE = " "  # stands for the claims of what ends where something longer goes on; no word is a blank
_FEW = 16  # items of such a tuple
_KIND = 6  # bits of a number that say how it is claimed


class Hit(NamedTuple):
    """Spellings found at one place: several where two people share a surname."""

    start: int
    end: int
    aliases: tuple[Alias, ...]


class _View(NamedTuple):
    """A text as it is walked through: folded, with blanks for all gaps, and as words."""

    folded: str
    parted: str
    words: Sequence[str]


class Matcher:
    """A trie of words: walks on while a name goes on, and keeps the longest that fits."""

    def __init__(self) -> None:
        self.owners: Sequence[Name] = ()  # by the numbers under which their spellings are planted
        self._root: dict[str, _Node] = {}
        self._foreign: list[tuple[str, int]] = []
        self._claims: list[Claim] = []
        self._kinds: dict[Claim, int] = {}
        self._words: dict[str, str] = {}  # each word once, while spellings are planted

    def plant(self, spelling: str, owner: int, claim: Claim) -> None:
        """Take in a spelling. The first claim of an owner stays."""
        number = owner << _KIND | self._kind(claim)
        if not spelling.isascii():
            self._foreign.append((spelling, number))
            return
        words = [self._words.setdefault(word, word) for word in spelling.split()]
        if words:
            first = words[0]
            self._root[first] = _planted(self._root.get(first), words, 1, number)

    def close(self) -> None:
        """Forget what only planting needed."""
        self._words.clear()

    def find(self, text: str) -> list[Hit]:
        """Find names from left to right, none inside another."""
        folded = flat(text)
        gapless = parted(folded)
        words = gapless.split()
        root = self._root
        begins = [
            number
            for number, word in enumerate(words)
            if word in root or (word[-1] == "s" and word[:-1] in root)
        ]
        hits: list[Hit] = []
        if begins:
            view, padded = _View(folded, gapless, words), f" {gapless} "
            at = free = 0
            for number in begins:
                at = padded.index(f" {words[number]} ", at)
                if number >= free and (found := self._longest_at(view, number, at)):
                    last, end, claims = found
                    if aliases := self._fitting(claims, text[at:end]):
                        hits.append(Hit(at, end, aliases))
                        free = last + 1
                at += 1
        return hits if text.isascii() else hits + self._without_words(text)

    def spelled(self, phrase: str) -> tuple[Alias, ...]:
        """Look a folded phrase up exactly."""
        node: _Node = self._root
        for word in phrase.split():
            node = _below(node, word)
        return self._aliases(_ended(node)) if node is not self._root else ()

    def phrases(self) -> Iterator[tuple[str, tuple[Alias, ...]]]:
        """Give every spelling with its owners."""
        stack: list[tuple[tuple[str, ...], _Node]] = [((), self._root)]
        while stack:
            path, node = stack.pop()
            for word, below in _goes_on(node):
                if word == _HERE or _is_claim(below):
                    yield " ".join(path if word == _HERE else (*path, word)), self._aliases(below)
                else:
                    stack.append(((*path, word), below))

    def _kind(self, claim: Claim) -> int:
        kind = self._kinds.get(claim)
        if kind is None:
            kind = self._kinds[claim] = len(self._claims)
            self._claims.append(claim)
        return kind

    def _aliases(self, claims: _Node) -> tuple[Alias, ...]:
        numbers = () if claims is None else (claims,) if type(claims) is int else claims
        return tuple(map(self._alias, numbers))

    def _alias(self, number: int) -> Alias:
        return Alias(self.owners[number >> _KIND], *self._claims[number & (1 << _KIND) - 1])

    def _longest_at(self, view: _View, number: int, start: int) -> tuple[int, int, _Node] | None:
        """Walk the trie from a word on; "Vettels" and "Indycars" are read as their singular.

        Gives the number of the last word, where it ends, and the claims.
        """
        folded, gapless, words = view
        word = words[number]
        end = start + len(word)
        node = self._root.get(word)
        if node is None:
            found = _ended(self._root[word[:-1]])
            return (number, end, found) if found is not None else None
        best = None
        while True:
            if _is_claim(node):
                return number, end, node
            if (found := _below(node, _HERE)) is not None:
                best = number, end, found
            number += 1
            if number == len(words):
                return best
            before, word = word, words[number]
            at = gapless.index(word, end)
            gap = folded[end:at]
            if gap != " " and gap not in _JOINTS and not (gap == _SHORT_STOP and len(before) <= 2):
                return best
            end = at + len(word)
            below = _below(node, word)
            if below is None:
                singular = _below(node, word[:-1]) if word[-1] == "s" else None
                found = _ended(singular)
                return (number, end, found) if found is not None else best
            node = below

    def _fitting(self, claims: _Node, written: str) -> tuple[Alias, ...]:
        """Keep the claims whose capitals fit: "alms" is charity, "power" is not Will Power."""
        return tuple(
            alias
            for alias in self._aliases(claims)
            if not (alias.capitals and not written.isupper())
            and not (alias.proper and not _is_proper(written))
        )

    def _without_words(self, text: str) -> list[Hit]:
        """Find names in scripts that put no blanks between words."""
        places = ((text.find(spelling), spelling, number) for spelling, number in self._foreign)
        return [
            Hit(at, at + len(spelling), (self._alias(number),)) for at, spelling, number in places if at >= 0
        ]


def _is_claim(node: _Node) -> bool:
    return type(node) is int or type(node) is list


def _below(node: _Node, word: str) -> _Node:
    """What a word leads to from a node, or None."""
    if type(node) is dict:
        return node.get(word)
    return node[node.index(word) + 1] if type(node) is tuple and word in node else None


def _ended(node: _Node) -> _Node:
    """The claims of what ends at a node, or None."""
    return node if node is None or _is_claim(node) else _below(node, _HERE)


def _goes_on(node: _Node) -> Iterator[tuple[str, _Node]]:
    if type(node) is dict:
        yield from node.items()
    else:
        yield from zip(node[::2], node[1::2], strict=True)


def _planted(node: _Node, words: Sequence[str], place: int, number: int) -> _Node:
    """Make a node that also leads from the word at `place` on to what the number claims."""
    if place == len(words):
        if node is None or _is_claim(node):
            return _claimed(node, number)
        return _with(node, _HERE, _claimed(_below(node, _HERE), number))
    if node is None or _is_claim(node):
        node = () if node is None else (_HERE, node)
    word = words[place]
    return _with(node, word, _planted(_below(node, word), words, place + 1, number))


def _with(node: _Node, word: str, below: _Node) -> _Node:
    if type(node) is dict:
        node[word] = below
        return node
    if word in node:
        place = node.index(word) + 1
        return (*node[:place], below, *node[place + 1 :])
    if len(node) < _FEW:
        return (*node, word, below)
    return {**dict(_goes_on(node)), word: below}


def _claimed(claims: _Node, number: int) -> _Node:
    known = [] if claims is None else [claims] if type(claims) is int else claims
    if any(other >> _KIND == number >> _KIND for other in known):
        return claims
    return [*known, number] if known else number


def _is_proper(written: str) -> bool:
    return not written[:1].islower() or any(letter.isupper() for letter in written)
