"""Find every known name in a text in one pass, the longest at each place.

A trie of words instead of a compiled pattern: as fast on an article, and ready in a tenth of the time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate
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
_MOST_MET = 1_000


class Hit(NamedTuple):
    """Spellings found at one place: several where two people share a surname."""

    start: int
    end: int
    aliases: tuple[Alias, ...]


class Matcher:
    """A trie of words: walks on while a name goes on, and keeps the longest that fits."""

    def __init__(self) -> None:
        self.owners: Sequence[Name] = ()  # by the numbers under which their spellings are planted
        self._root: dict[str, _Node] = {}
        self._foreign: list[tuple[str, int]] = []
        self._claims: list[Claim] = []
        self._kinds: dict[Claim, int] = {}
        self._met: dict[int, tuple[Alias, ...]] = {}
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
        words = parted(folded).split(" ")
        hits: list[Hit] = []
        if begins := self._begins(words):
            before = list(
                accumulate(map(len, words), initial=0)
            )  # letters before a word; a blank a word besides
            free = 0
            for number, word in enumerate(words):
                if word in begins and number >= free:
                    last, claims = number, begins[word]
                    if type(claims) is not int:  # a name of one word, and nobody else's, mostly
                        found = self._longest_at(claims, words, number, folded, before)
                        if found is None:
                            continue
                        last, claims = found
                    start, end = before[number] + number, before[last + 1] + last
                    if aliases := self._fitting(claims, text[start:end]):
                        hits.append(Hit(start, end, aliases))
                        free = last + 1
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
        if claims is None:
            return ()
        if type(claims) is list:
            return tuple(map(self._alias, claims))
        known = self._met.get(claims)
        if known is None:
            if len(self._met) >= _MOST_MET:
                self._met.clear()
            known = self._met[claims] = (self._alias(claims),)
        return known

    def _alias(self, number: int) -> Alias:
        return Alias(self.owners[number >> _KIND], *self._claims[number & (1 << _KIND) - 1])

    def _begins(self, words: Sequence[str]) -> dict[str, _Node]:
        """The words of a text that a name may begin with, and what they lead to in the trie.

        Leaves out those that need another word which is nowhere in the text.
        """
        root, there = self._root, set(words)
        there.discard("")
        singular = {word[:-1] for word in there if word[-1] == "s"}
        begins = {
            f"{word}s": claims
            for word in root.keys() & singular
            if f"{word}s" not in root and (claims := _ended(root[word])) is not None
        }
        for word in root.keys() & there:
            node = root[word]
            if not _is_claim(node) and _HERE not in node:
                after = node.keys() if type(node) is dict else node[::2]
                if there.isdisjoint(after) and singular.isdisjoint(after):
                    continue
            begins[word] = node
        return begins

    def _longest_at(
        self, node: _Node, words: Sequence[str], number: int, folded: str, before: Sequence[int]
    ) -> tuple[int, _Node] | None:
        """Walk the trie from what a word leads to: the last word of the longest name, and its claims.

        "Vettels" and "Indycars" are read as their singular.
        """
        best = None
        while not _is_claim(node):
            if _HERE in node:
                best = number, _below(node, _HERE)
            last, end = words[number], before[number + 1] + number
            number += 1
            while number < len(words) and not words[number]:
                number += 1
            if number == len(words):
                return best
            word = words[number]
            below = _below(node, word)
            if below is None and word[-1] == "s":
                below = _ended(_below(node, word[:-1]))
            if below is None:
                return best
            gap = folded[end : before[number] + number]
            if gap != " " and gap not in _JOINTS and not (gap == _SHORT_STOP and len(last) <= 2):
                return best
            node = below
        return number, node

    def _fitting(self, claims: _Node, written: str) -> tuple[Alias, ...]:
        """Keep the claims whose capitals fit: "alms" is charity, "power" is not Will Power."""
        aliases = self._aliases(claims)
        for alias in aliases:
            if (alias.capitals or alias.proper) and not _fits(alias, written):
                return tuple(alias for alias in aliases if _fits(alias, written))
        return aliases

    def _without_words(self, text: str) -> list[Hit]:
        """Find names in scripts that put no blanks between words."""
        places = ((text.find(spelling), spelling, number) for spelling, number in self._foreign)
        return [
            Hit(at, at + len(spelling), (self._alias(number),)) for at, spelling, number in places if at >= 0
        ]


def _is_claim(node: _Node) -> bool:
    kind = type(node)
    return kind is int or kind is list


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


def _fits(alias: Alias, written: str) -> bool:
    if alias.capitals and not written.isupper():
        return False
    return not alias.proper or _is_proper(written)


def _is_proper(written: str) -> bool:
    return not written[:1].islower() or any(letter.isupper() for letter in written)
