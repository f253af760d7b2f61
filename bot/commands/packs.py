"""Ready packs of series and a language, from packs.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from bot.locale import say


@dataclass(frozen=True, slots=True)
class Pack:
    slug: str  # "f1-en"
    series: tuple[str, ...]
    language: str
    emoji: str
    names: Mapping[str, str]

    def label(self, locale: str) -> str:
        """Name it, with its language in that language: "Endurance · Deutsch"."""
        name = self.names.get(locale) or self.names.get(self.language) or self.names["en"]
        return f"{name} · {say(self.language, 'commands.value.own_name')}"


@lru_cache(maxsize=1)
def load_packs() -> Mapping[str, Pack]:
    """All packs by slug, each in each of its languages."""
    rows = tomllib.loads((files(__package__) / "packs.toml").read_text("utf-8"))["pack"]
    return {
        f"{row['slug']}-{language}": Pack(
            f"{row['slug']}-{language}", tuple(row["series"]), language, row["emoji"], row["name"]
        )
        for row in rows
        for language in row["languages"]
    }


def offered(locale: str, most: int) -> tuple[Pack, ...]:
    """The packs of a language first, then the English ones."""
    packs = load_packs().values()
    own = [pack for pack in packs if pack.language == locale]
    return tuple((own + [pack for pack in packs if pack.language == "en" != locale])[:most])
