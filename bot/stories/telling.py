"""One telling of a story, its tokens laid out so that two are compared by a few intersections of small sets."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import NamedTuple

from bot.stories.keys import Keys
from bot.stories.rarity import Rarities

# Where the tokens of a kind stand. A part of the title comes before the part of what the lead says besides.
NAMES, WORDS, CONCEPTS, REST = 0, 2, 4, 6
PARTS = 8
ALL_NAMES, ALL = 5, 7  # of the lengths
_PART = {**dict.fromkeys("ptcn#", NAMES), "w": WORDS, "k": CONCEPTS}

VOICES = ("reaction", "chorus", "emotion", "analysis", "colon", "quote", "question")
_VOICES = frozenset(VOICES)
_NONE: frozenset[str] = frozenset()


class News(NamedTuple):
    """What kind of news it is, in whose voice, and of which part of an event."""

    acts: frozenset[str]
    all_acts: frozenset[str]
    echoes: frozenset[str]
    voices: frozenset[str]
    all_voices: frozenset[str]
    legs: frozenset[str]
    sessions: frozenset[str]
    series: frozenset[str]
    facts: frozenset[str]


class Telling:
    """The tokens of a telling in parts; what is worked out of them is worked out when first asked for."""

    __slots__ = ("_lengths", "_news", "_sets", "at", "kinds", "language", "outlet", "parts", "rarity")

    def __init__(
        self, parts: Sequence[Collection[str]], at: float, language: str, outlet: str, rarity: Rarities
    ) -> None:
        self.parts = parts
        self.at = at  # in seconds: most tellings are only asked whether they are near
        self.language = language
        self.outlet = outlet
        self.rarity = rarity
        self.kinds = "".join([name[0] for name in parts[NAMES]])  # of the names in the title
        self._sets: tuple[frozenset[str], ...] | None = None
        self._news: News | None = None
        self._lengths: tuple[float, ...] | None = None

    @property
    def is_bare(self) -> bool:
        """Say what `Keys.is_bare` says of the keys."""
        return len(self.parts[NAMES]) + len(self.parts[WORDS]) < 2

    @property
    def title(self) -> frozenset[str]:
        """All tokens of the title."""
        return _NONE.union(*self.parts[::2])

    @property
    def whole(self) -> frozenset[str]:
        """All tokens of title and lead."""
        return _NONE.union(*self.parts)

    @property
    def sets(self) -> tuple[frozenset[str], ...]:
        """The parts to be met with others'."""
        if self._sets is None:
            self._sets = tuple(map(frozenset, self.parts))
        return self._sets

    @property
    def news(self) -> News:
        """What kind of news it is."""
        if self._news is None:
            self._news = _news(self.parts[REST], self.parts[REST + 1])
        return self._news

    @property
    def lengths(self) -> tuple[float, ...]:
        """The lengths of the vectors: of words in the title and in all, then of concepts, names, and everything."""
        if self._lengths is None:
            squares = [self.rarity.squares(part) for part in self.parts[:REST]]
            sums = [(squares[part], squares[part] + squares[part + 1]) for part in (WORDS, CONCEPTS, NAMES)]
            sums.append((sum(title for title, _ in sums), sum(whole for _, whole in sums)))
            self._lengths = tuple(math.sqrt(value) for pair in sums for value in pair)
        return self._lengths


def telling_of(keys: Keys, rarity: Rarities) -> Telling:
    """Lay the keys of a telling out."""
    return Telling(parted(keys), keys.at.timestamp(), keys.language, keys.outlet, rarity)


def parted(keys: Keys) -> list[list[str]]:
    """The tokens by the part that they stand in."""
    parts: list[list[str]] = [[] for _ in range(PARTS)]
    for token in keys.title:
        parts[_PART.get(token[0], REST)].append(token)
    for token in keys.lead - keys.title:
        parts[_PART.get(token[0], REST) + 1].append(token)
    return parts


def _news(title: Collection[str], lead: Collection[str]) -> News:
    own, more = _by_kind(title), _by_kind(lead)
    echoes = frozenset(own["e"])
    return News(
        acts=frozenset(own["a"]),
        all_acts=frozenset(own["a"] + own["b"] + more["a"] + more["b"]),
        echoes=echoes,
        voices=echoes & _VOICES,
        all_voices=_VOICES.intersection(own["e"] + own["d"]),
        legs=frozenset(own["h"] or more["h"]),
        sessions=frozenset(own["x"] or own["y"] + more["x"] + more["y"]),
        series=frozenset(own["s"] + more["s"]),
        facts=frozenset(own["f"]),
    )


def _by_kind(tokens: Collection[str]) -> defaultdict[str, list[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for token in tokens:
        found[token[0]].append(token[1:])
    return found
