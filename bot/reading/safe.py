"""Say what a result is about without giving it away: "Result: WEC, 6 Hours of Imola"."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path

from bot.series.catalog import Catalog, Mention

PLACES = ("event", "circuit")  # the better one first


def safe_title(
    kinds: Iterable[str], primary: str | None, mentions: Sequence[Mention], language: str, catalog: Catalog
) -> str:
    """Build it from the series and the event or circuit that is named first; nothing else gets in."""
    say = words(language)
    head = say[_head(set(kinds))]
    series = _series(primary, language, catalog) or say["motorsport"]
    where = place(mentions, primary)
    return f"{head}: {series}, {where}" if where else f"{head}: {series}"


def place(mentions: Sequence[Mention], primary: str | None) -> str:
    """Choose the words for where it was: an event rather than a circuit, the first rather than a later one."""
    for kind in PLACES:
        for mention in mentions:
            if mention.kind == kind and any(slug == primary for slug, _ in mention.series):
                return mention.words
    return ""


def _head(kinds: set[str]) -> str:
    if kinds and kinds <= {"pole"}:
        return "qualifying"
    if kinds and kinds <= {"title", "standings"}:
        return "championship"
    return "result"


def _series(slug: str | None, language: str, catalog: Catalog) -> str:
    if slug is None or slug not in catalog.series:
        return ""
    return catalog.series[slug].short or catalog.name(slug, language)


@cache
def words(language: str) -> Mapping[str, str]:
    """The words of a language; English for one we do not know."""
    data = tomllib.loads(Path(__file__).with_name("safe.toml").read_text("utf-8"))
    return data.get(language, data["en"])  # type: ignore[no-any-return]
