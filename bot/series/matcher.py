"""Find every known name in a text in one pass, the longest at each place.

A trie of words instead of a compiled pattern: as fast on an article, and ready in a tenth of the time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Any, NamedTuple

from bot.series.folding import flat, split
from bot.series.names import Alias

# Gaps that may stand inside a name: "Formel-1", "d'Ambrosio", "LMP2/GT3" — but no comma, bracket or line break.
_JOINTS = frozenset({" ", "-", "'", "/", "_", ".", "&", " & ", "-'", " '", "' ", "  ", " - "})
_SHORT_STOP = ". "  # as in "P. Fillon", not as in "… for Le Mans. Series director …"


_HERE = " "  # key of what ends at a node; no word is a blank
# Words to nodes, `_HERE` to the owners of the spelling. Where nothing goes on, which is nearly everywhere, the owners
# stand in place of a node: three megabytes less.
_Node = dict[str, Any]


class Hit(NamedTuple):
    """Spellings found at one place: several where two people share a surname."""

    start: int
    end: int
    aliases: tuple[Alias, ...]


class Matcher:
    """A trie of words: walks on while a name goes on, and keeps the longest that fits."""

    def __init__(self, aliases: Iterable[Alias]) -> None:
        self._root: _Node = {}
        self._foreign: list[Alias] = []
        self._lone: set[str] = set()  # names of one word, and how a genitive or plural writes them
        for alias in aliases:
            if alias.words.isascii():
                self._plant(alias)
            else:
                self._foreign.append(alias)
        self._first = self._lone.union(self._root)  # words that a name may begin with

    def find(self, text: str) -> list[Hit]:
        """Find names from left to right, none inside another."""
        parts = split(flat(text))
        words = [*parts[::2], ""]
        lone, root, first = self._lone, self._root, self._first
        places = [
            2 * place
            for place, word in enumerate(words)
            if word in first
            and (word in lone or (after := words[place + 1]) in (node := root[word]) or after[:-1] in node)
        ]
        hits: list[Hit] = []
        if places:
            ends = list(accumulate(map(len, parts)))
            free = 0
            for index in places:
                if index >= free and (found := self._longest_at(parts, index)):
                    position, aliases = found
                    start, end = ends[index] - len(parts[index]), ends[position]
                    if fitting := _fitting(aliases, text[start:end]):
                        hits.append(Hit(start, end, fitting))
                        free = position + 2
        return hits if text.isascii() else hits + self._without_words(text)

    def spelled(self, phrase: str) -> tuple[Alias, ...]:
        """Look a folded phrase up exactly."""
        node: Any = self._root
        for word in phrase.split():
            node = None if type(node) is tuple else node.get(word)
            if node is None:
                return ()
        return _ended(node) or ()

    def phrases(self) -> Iterator[tuple[str, tuple[Alias, ...]]]:
        """Give every spelling with its owners."""
        stack = [self._root]
        while stack:
            for below in stack.pop().values():
                if type(below) is tuple:
                    yield below[0].words, below
                else:
                    stack.append(below)

    def _plant(self, alias: Alias) -> None:
        *before, last = alias.words.split() or [""]
        if not before:
            self._lone.update((last, last + "s"))
        node = self._root
        for word in before:
            below = node.get(word)
            if type(below) is not dict:
                below = node[word] = {_HERE: below} if below else {}
            node = below
        below = node.get(last)
        if type(below) is dict:
            node, last = below, _HERE
        known = node.get(last, ())
        if all(other.owner is not alias.owner for other in known):
            node[last] = (*known, alias)

    def _longest_at(self, parts: Sequence[str], index: int) -> tuple[int, tuple[Alias, ...]] | None:
        """Walk the trie from a word on; "Vettels" and "Indycars" are read as their singular."""
        best = None
        node = self._root.get(parts[index])
        if node is None:
            found = _ended(self._root[parts[index][:-1]])
            return (index, found) if found else None
        last = len(parts) - 1
        while True:
            if type(node) is tuple:
                return index, node
            if found := node.get(_HERE):
                best = index, found
            if index == last:
                return best
            gap = parts[index + 1]
            if gap != " " and gap not in _JOINTS and not (gap == _SHORT_STOP and len(parts[index]) <= 2):
                return best
            index += 2
            word = parts[index]
            below = node.get(word)
            if below is None:
                if word[-1:] == "s" and (below := node.get(word[:-1])) and (found := _ended(below)):
                    return index, found
                return best
            node = below

    def _without_words(self, text: str) -> list[Hit]:
        """Find names in scripts that put no blanks between words."""
        places = ((text.find(alias.words), alias) for alias in self._foreign)
        return [Hit(at, at + len(alias.words), (alias,)) for at, alias in places if at >= 0]


def _ended(node: Any) -> tuple[Alias, ...] | None:
    """The owners of what ends at a node."""
    found: tuple[Alias, ...] | None = node if type(node) is tuple else node.get(_HERE)
    return found


def _fitting(aliases: tuple[Alias, ...], written: str) -> tuple[Alias, ...]:
    """Keep the spellings whose capitals fit: "alms" is charity, "power" is not Will Power."""
    if len(aliases) == 1:
        alias = aliases[0]
        if alias.capitals:
            return aliases if written.isupper() else ()
        if alias.proper:
            return aliases if _is_proper(written) else ()
        return aliases
    return tuple(
        alias
        for alias in aliases
        if not (alias.capitals and not written.isupper()) and not (alias.proper and not _is_proper(written))
    )


def _is_proper(written: str) -> bool:
    return not written[:1].islower() or any(letter.isupper() for letter in written)
