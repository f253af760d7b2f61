"""What does an article say? Everything that is understood of it, in one pure function."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bot.model import Article, Reading
from bot.reading.cues import Zone, scan
from bot.reading.importance import weigh
from bot.reading.label import label
from bot.reading.language import detect
from bot.reading.safe import safe_title
from bot.reading.spoiler import OPENING, decides_title, judge
from bot.reading.summary import summarise
from bot.reading.tag import tag
from bot.series.catalog import Catalog, Mention

LANGUAGE_TEXT = 800  # characters are plenty to tell a language by
MOST_TITLE, MOST_STANDFIRST, MOST_TEXT = 500, 4_000, 20_000  # nothing that matters stands below


def read(article: Article, catalog: Catalog, *, now: datetime) -> Reading:  # noqa: ARG001 (ages of what is told)
    """Understand an article: its language, series, summary, whether it gives a result away, label and weight."""
    article = _bounded(article)
    tagging = tag(article, catalog)
    language = _language(article, [mention.words for mention in (*tagging.title, *tagging.standfirst)])
    text = article.text
    summary = summarise(article.title, article.standfirst, text, language)
    title = _zone(article.title, language, tagging.title)
    standfirst = _zone(article.standfirst[:OPENING], language, tagging.standfirst)
    verdict = judge(title, standfirst, text, language, summary=summary, racing=bool(tagging.series))
    results = verdict.evidence if verdict.is_report else ()
    labelled = label(title, standfirst, official=article.official, results=results)
    mentions = (*tagging.title, *tagging.standfirst, *tagging.text)
    return Reading(
        language=language,
        series=tagging.series,
        primary=tagging.primary,
        summary=summary,
        spoiler=verdict.spoiler,
        safe_title=safe_title(verdict, title, tagging.primary, mentions, language, catalog),
        label=labelled.label,
        label_evidence=labelled.evidence,
        importance=weigh(
            title,
            standfirst,
            series=tuple(found.slug for found in tagging.series),
            label=labelled.label,
            official=article.official,
            is_title_decided=verdict.spoiler and decides_title(title),
        ),
        topics=tagging.topics,
        spoiler_evidence=verdict.evidence,
    )


def _zone(text: str, language: str, mentions: Sequence[Mention]) -> Zone:
    """Scan a part of an article: in its own language too, since some stand in another one than what follows them."""
    zone = scan(text, language, mentions)
    own = detect(text, prior=language, names=[mention.words for mention in mentions])
    if own == language:
        return zone
    other = scan(text, own, mentions)
    hits, void = (
        list(dict.fromkeys((*one, *more))) for one, more in ((zone.hits, other.hits), (zone.void, other.void))
    )
    return zone._replace(hits=hits, void=void)


def _bounded(article: Article) -> Article:
    """Cut what is absurdly long, so that no article takes long to read."""
    if (
        len(article.title) <= MOST_TITLE
        and len(article.standfirst) <= MOST_STANDFIRST
        and len(article.text) <= MOST_TEXT
    ):
        return article
    return replace(
        article,
        title=article.title[:MOST_TITLE],
        standfirst=article.standfirst[:MOST_STANDFIRST],
        text=article.text[:MOST_TEXT],
    )


def _language(article: Article, names: list[str]) -> str:
    text = " ".join((article.title, article.standfirst, article.text[:LANGUAGE_TEXT]))
    return detect(text, prior=article.language, names=names)
