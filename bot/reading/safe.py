"""Say what a result is about without giving it away: "Result: WEC, 6 Hours of Imola"."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from pathlib import Path

from bot.reading.cues import FORCES, NAMES, RESULTS, Zone, scan
from bot.reading.spoiler import Verdict
from bot.series.catalog import Catalog, Mention

PLACES = ("event", "circuit")  # the better one first


def safe_title(
    verdict: Verdict,
    title: Zone,
    primary: str | None,
    mentions: Sequence[Mention],
    language: str,
    catalog: Catalog,
) -> str:
    """Leave a title that tells no result; else build one from the series and the place, and let nothing else in."""
    if not verdict.spoiler and not _is_doubtful(title):
        return title.words.text
    say = words(language)
    about = _series(primary, language, catalog) or say["motorsport"]
    where = place(mentions, primary, language, catalog)
    subject = f"{about}, {where}" if where else about
    return f"{say[_head(verdict.kinds)]}: {subject}" if verdict.spoiler else subject


def place(mentions: Sequence[Mention], primary: str | None, language: str, catalog: Catalog) -> str:
    """Choose the words for where it was: an event rather than a circuit, the first rather than a later one."""
    for kind in PLACES:
        for mention in mentions:
            if mention.kind != kind or not any(slug == primary for slug, _ in mention.series):
                continue
            if is_safe(mention.words, language, catalog):
                return mention.words
    return ""


def is_safe(text: str, language: str, catalog: Catalog) -> bool:
    """Say whether a text names nobody and tells no result."""
    if any(mention.kind in NAMES for mention in catalog.mentions(text)):
        return False
    zone = scan(text, language)
    return not any(hit.weight > FORCES["hint"] for hit in zone.hits if hit.kind.startswith(RESULTS))


def _is_doubtful(title: Zone) -> bool:
    """Say whether a title holds any word of a result, however meant: then a plainer one costs nothing."""
    return any(hit.kind.startswith(RESULTS) for hit in title.hits) or bool(title.void)


def _head(kinds: Collection[str]) -> str:
    if kinds and {*kinds} <= {"pole"}:
        return "qualifying"
    if kinds and {*kinds} <= {"title", "standings"}:
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
