"""Turn a feed's entry (and its page, where one was read) into a clean Article."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from bot.model import Article, Entry, Feed
from bot.reading.clean import text_of
from bot.text import fold, tame

TEASER = 600  # characters: a feed whose entries are shorter gives only teasers
FARTHEST_FUTURE = timedelta(minutes=5)
LONGEST_TITLE = 400
LONGEST_TEXT = 50_000


def article_from(entry: Entry, feed: Feed, *, now: datetime, page: str | None = None) -> Article:  # noqa: ARG001
    """Clean an entry: markup out, dates in UTC and never in the future, a hash of what a reader would notice."""
    title = tame(text_of(entry.title))[:LONGEST_TITLE]
    standfirst = text_of(entry.standfirst)[:LONGEST_TEXT]
    text = text_of(entry.content)[:LONGEST_TEXT]
    return Article(
        feed_id=feed.id,
        outlet=feed.outlet,
        official=feed.official,
        guid=entry.guid,
        url=entry.url,
        title=title,
        standfirst=standfirst,
        text=text,
        author=tame(text_of(entry.author)),
        published_at=_sane(entry.published_at, now),
        language=entry.language or feed.language,
        image_url=_picture(entry.image_url),
        categories=tuple(tame(category) for category in entry.categories),
        feed_series=feed.series,
        content_hash=content_hash(title, standfirst or text),
    )


def needs_page(entry: Entry) -> bool:
    """Say whether the feed gives only a teaser of this entry."""
    return len(text_of(entry.content or entry.standfirst)) < TEASER


def content_hash(title: str, told: str) -> str:
    """Hash what a reader would notice: folded words, so that a space or an accent's spelling changes nothing."""
    return hashlib.blake2b(f"{fold(title)}\n{fold(told)}".encode(), digest_size=12).hexdigest()


def _sane(published_at: datetime | None, now: datetime) -> datetime | None:
    """Some feeds stamp 1970 or 2099: the first is no date, the second is now."""
    if published_at is None or published_at.year < 1995:
        return None
    return min(published_at.astimezone(UTC), now + FARTHEST_FUTURE)


def _picture(url: str | None) -> str | None:
    if not url or urlsplit(url).scheme not in ("http", "https"):
        return None
    return url
