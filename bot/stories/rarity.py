"""How much does a shared token say? Counted once in racing news, so that it does not depend on what was read today."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files

COUNTED = "ptcn#wk"  # kinds of tokens that are compared
SMOOTH = 300  # articles that are added, so that few counts do not decide alone


class Rarities:
    """The weight of tokens: a word of every second article weighs little, one that was never counted the most."""

    def __init__(self, counts: Mapping[str, int], total: int) -> None:
        self._most = math.log((total + SMOOTH) / 3)
        self._known = {token: math.log((total + SMOOTH) / (2 + count)) for token, count in counts.items()}

    def __call__(self, token: str) -> float:
        return self._known.get(token, self._most)

    def total(self, tokens: Iterable[str]) -> float:
        """The sum of what tokens weigh."""
        weight, most = self._known.get, self._most
        return sum([weight(token, most) for token in tokens])

    def squares(self, tokens: Iterable[str]) -> float:
        """The sum of the squares."""
        weight, most = self._known.get, self._most
        return sum([(each := weight(token, most)) * each for token in tokens])


@cache
def rarities() -> Rarities:
    """The counts that ship with Pitwire: the number of articles, then a token and its count a line."""
    first, *rows = files("bot.stories").joinpath("rarity.txt").read_text(encoding="utf-8").splitlines()
    counts = {token: int(count) for token, _, count in (row.partition(" ") for row in rows)}
    return Rarities(counts, int(first))
