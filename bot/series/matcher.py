"""Find every known name in a text in one pass, the longest first; a dictionary of words beats a compiled pattern at start-up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import NamedTuple

from bot.series.folding import flat, split
from bot.series.names import Alias

# Gaps that may stand inside a name: "Formel-1", "d'Ambrosio", "LMP2/GT3" — but no comma, bracket or line break.
_JOINTS = frozenset({" ", "-", "'", "/", "_", ".", "&", " & ", "-'", " '", "' ", "  ", " - "})
_SHORT_STOP = ". "  # as in "P. Fillon", not as in "… for Le Mans. Series director …"


class Hit(NamedTuple):
    """Spellings found at one place: several where two people share a surname."""

    start: int
    end: int
    aliases: tuple[Alias, ...]


class Matcher:
    """Looks names up by their first word, then takes the longest spelling that stands there."""

    def __init__(self, aliases: Iterable[Alias]) -> None:
        phrases: dict[str, list[Alias]] = defaultdict(list)
        longest: dict[str, int] = {}
        foreign: list[Alias] = []
        for alias in aliases:
            if not alias.words.isascii():
                foreign.append(alias)
                continue
            known = phrases[alias.words]
            if all(other.owner is not alias.owner for other in known):
                known.append(alias)
            first, count = alias.words.partition(" ")[0], alias.words.count(" ") + 1
            if longest.get(first, 0) < count:
                longest[first] = count
        self._phrases = {phrase: tuple(found) for phrase, found in phrases.items()}
        self._longest = longest
        self._foreign = tuple(foreign)

    def find(self, text: str) -> list[Hit]:
        """Find names from left to right, none inside another."""
        parts = split(flat(text))
        longest = self._longest
        candidates = [
            index
            for index in range(0, len(parts), 2)
            if (word := parts[index]) in longest or (word[-1:] == "s" and word[:-1] in longest)
        ]
        if not candidates:
            return self._without_words(text)
        ends = list(accumulate(map(len, parts)))
        hits: list[Hit] = []
        free = 0
        for index in candidates:
            if index < free:
                continue
            found = self._longest_at(parts, index, text, ends)
            if found is not None:
                hit, free = found
                hits.append(hit)
        return hits + self._without_words(text)

    def spelled(self, phrase: str) -> tuple[Alias, ...]:
        """Look a folded phrase up exactly."""
        return self._phrases.get(phrase, ())

    def phrases(self) -> Iterable[tuple[str, tuple[Alias, ...]]]:
        return self._phrases.items()

    def _without_words(self, text: str) -> list[Hit]:
        """Find names in scripts that put no blanks between words."""
        if text.isascii():
            return []
        places = ((text.find(alias.words), alias) for alias in self._foreign)
        return [Hit(at, at + len(alias.words), (alias,)) for at, alias in places if at >= 0]

    def _longest_at(
        self, parts: Sequence[str], index: int, text: str, ends: Sequence[int]
    ) -> tuple[Hit, int] | None:
        word = parts[index]
        reach = self._longest.get(word, 0)
        if word[-1:] == "s":
            reach = max(reach, self._longest.get(word[:-1], 0))
        last = min(index + 2 * reach, len(parts) + 1)
        phrase, options = word, [(index, word)]
        for position in range(index + 2, last, 2):
            gap = parts[position - 1]
            if gap not in _JOINTS and not (gap == _SHORT_STOP and len(parts[position - 2]) <= 2):
                break
            phrase = f"{phrase} {parts[position]}"
            options.append((position, phrase))
        start = ends[index] - len(word)
        for position, candidate in reversed(options):
            aliases = self._phrases.get(candidate)
            if aliases is None and candidate[-1] == "s":  # "Vettels", "Indycars"
                aliases = self._phrases.get(candidate[:-1])
            if aliases is None:
                continue
            written = text[start : ends[position]]
            fitting = _fitting(aliases, written)
            if fitting:
                return Hit(start, ends[position], fitting), position + 2
        return None


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
