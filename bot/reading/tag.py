"""Decide which series an article is about, from what it says, and with which words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from bot.model import Article, SeriesTag
from bot.series.catalog import Catalog, Mention

MOST_TEXT = (
    6_000  # characters of the body that are looked at: what an article is about stands at its beginning
)
ENOUGH = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Tagging:
    """The series of an article, and every name that was found on the way."""

    series: tuple[SeriesTag, ...]
    primary: str | None
    topics: tuple[str, ...] = ()  # "driver:max-verstappen", "team:…", "circuit:…"
    title: tuple[Mention, ...] = ()
    standfirst: tuple[Mention, ...] = ()
    text: tuple[Mention, ...] = ()  # of the first `MOST_TEXT` characters
    esports: bool = False


def tag(article: Article, catalog: Catalog) -> Tagging:
    """Tag an article with its series, best first."""
    title = catalog.mentions(article.title)
    standfirst = catalog.mentions(article.standfirst)
    text = catalog.mentions(article.text[:MOST_TEXT])
    scores: dict[str, float] = defaultdict(float)
    words: dict[str, dict[str, None]] = defaultdict(dict)
    for zone, mentions in ((1.0, title), (0.8, standfirst), (0.3, text)):
        _add(scores, words, zone, mentions)
    best = sorted((slug for slug in scores if scores[slug] >= ENOUGH), key=lambda slug: -scores[slug])
    chosen = [slug for slug in best if scores[slug] >= 0.5 * scores[best[0]]]
    series = tuple(
        SeriesTag(slug=slug, score=min(1.0, scores[slug] / 4), evidence=tuple(words[slug])[:6])
        for slug in chosen
    )
    return Tagging(
        series=series, primary=chosen[0] if chosen else None, title=title, standfirst=standfirst, text=text
    )


def _add(
    scores: dict[str, float], words: dict[str, dict[str, None]], zone: float, mentions: Iterable[Mention]
) -> None:
    for mention in {mention.key: mention for mention in mentions}.values():
        for slug, weight in mention.series:
            scores[slug] += zone * weight * (1.0 if mention.sure else 0.4)
            words[slug][mention.words] = None
