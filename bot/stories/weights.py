"""How likely is it that two tellings are of one story? A logistic model whose every weight has a name."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Weights:
    """What each piece of evidence weighs, in log odds."""

    bias: float
    by_name: Mapping[str, float]
    merge_at: float  # likelihood from which an article joins a story
    trained_on: str = ""  # fingerprint of the labelled file

    def likelihood(self, found: Mapping[str, float]) -> float:
        """Weigh the evidence of two tellings."""
        odds = self.bias + sum([weight * found[name] for name, weight in self.by_name.items()])
        return 1 / (1 + math.exp(-max(-40.0, min(40.0, odds))))


@cache
def weights() -> Weights:
    """The weights that ship with Pitwire."""
    raw = tomllib.loads(files("bot.stories").joinpath("weights.toml").read_text(encoding="utf-8"))
    return Weights(
        bias=raw["bias"], by_name=raw["weights"], merge_at=raw["merge_at"], trained_on=raw["trained_on"]
    )
