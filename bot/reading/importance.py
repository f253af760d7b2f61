"""How much does an article matter, before anyone else has told the story?"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from bot.model import Importance, Label
from bot.reading.phrases import Lexicon, tokens

KINDS = ("grave", "breaking", "major", "minor")
FLAGSHIPS = frozenset(
    {"f1", "motogp", "wec", "le-mans-24h", "wrc", "indycar", "nascar", "formula-e", "imsa", "dtm", "dakar"}
)


def weigh(
    title: str,
    standfirst: str,
    language: str,
    *,
    series: tuple[str, ...],
    label: Label,
    official: bool = False,
    is_title_decided: bool = False,
) -> Importance:
    """Weigh the words of title and standfirst, who tells it and of what; more outlets add to it later."""
    said = _said(title, language)
    below = _said(standfirst, language)
    if not series:
        return Importance.MINOR
    if "grave" in said or is_title_decided or "breaking" in said:
        return Importance.BREAKING if series[0] in FLAGSHIPS or "grave" in said else Importance.MAJOR
    if "minor" in said or label in (Label.OPINION, Label.LIVE):
        return Importance.MINOR
    points = (
        ("major" in said) + ("grave" in below) + official + (label is Label.RESULT and series[0] in FLAGSHIPS)
    )
    if label is Label.RUMOUR:
        points -= 1
    return Importance.MAJOR if points >= 1 else Importance.NORMAL


def _said(text: str, language: str) -> frozenset[str]:
    return frozenset(hit.kind for hit in lexicon(language).find(tokens(text)))


@cache
def lexicon(language: str) -> Lexicon:
    data = _data()
    return Lexicon(_phrases(data, ("any", language)))


def _phrases(data: Mapping[str, Any], parts: tuple[str, ...]) -> Iterator[tuple[str, float, str]]:
    for part in parts:
        for kind in KINDS:
            yield from ((kind, 1.0, phrase) for phrase in data.get(part, {}).get(kind, ()))


@cache
def _data() -> Mapping[str, Any]:
    return tomllib.loads(Path(__file__).with_name("importance.toml").read_text("utf-8"))
