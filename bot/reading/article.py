"""Turn a feed's entry (and its page, where one was read) into a clean Article."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from bot.model import Article, Entry, Feed
from bot.reading.clean import article_lines, lines_of, text_of
from bot.reading.dates import parse_date
from bot.reading.head import head_of
from bot.reading.language import detect
from bot.text import fold, tame

if TYPE_CHECKING:
    from bot.reading.extract import Page

TEASER = 600  # characters: a feed whose entries are shorter gives only teasers
FARTHEST_FUTURE = timedelta(minutes=5)
EARLIEST_YEAR = 1995
LONGEST_TITLE = 400
LONGEST_STANDFIRST = 1_500
LONGEST_TEXT = 50_000
LONGEST_MARKUP = 400_000
LONGEST_READ = 60_000  # characters of what is left of it; titles, names and tags are given less
LONGEST_FIELD = 20_000
LONGEST_NAME = 400
MOST_CATEGORIES = 100


def article_from(entry: Entry, feed: Feed, *, now: datetime, page: str | None = None) -> Article:
    """Clean an entry: markup out, fields read off, a hash of what a reader would notice.

    With a page the text is the page's, where it holds more than the feed's; fields of the feed win over the page's.
    """
    from bot.reading.extract import Page, page_of

    found = page_of(page) if page else Page()
    language = entry.language or feed.language or found.language[:2] or None
    titled, summed_up = text_of(entry.title[:LONGEST_FIELD]), _read(entry.standfirst)
    title = (tame(titled) or found.title)[:LONGEST_TITLE]
    told = _standfirst(summed_up, titled)
    standfirst = told or found.standfirst
    written = _read(entry.content)
    if not written and len("\n\n".join(summed_up)) > LONGEST_STANDFIRST:
        written = summed_up

    @cache
    def spoken() -> str:
        return language or detect(f"{title}. {standfirst}")

    head = head_of(written, title=title, now=now, language=spoken)
    author = (
        tame(text_of(entry.author[:LONGEST_FIELD]))[:LONGEST_NAME]
        or found.author[:LONGEST_NAME]
        or head.author
    )
    text = "\n\n".join(article_lines(head.lines, authors=(author, head.author)))
    if len(found.text) > len(text):
        text = found.text
    return Article(
        feed_id=feed.id,
        outlet=feed.outlet,
        official=feed.official,
        guid=entry.guid,
        url=entry.url or found.url,
        title=title,
        standfirst=standfirst[:LONGEST_STANDFIRST],
        text=text[:LONGEST_TEXT],
        author=author,
        photo_credit=head.photo_credit or found.credit,
        published_at=_published(entry, found, head.published_at, now, spoken),
        language=language,
        image_url=_picture(entry.image_url, entry.url) or _picture(found.image_url, entry.url),
        categories=tuple(tame(category[:LONGEST_NAME]) for category in entry.categories[:MOST_CATEGORIES]),
        feed_series=feed.series,
        content_hash=content_hash(
            title, told or "\n\n".join(written)[:LONGEST_STANDFIRST]
        ),  # of the feed: pages are read once
    )


def article_from_raw(raw: str, feed: Feed, *, now: datetime) -> Article:
    """Read an article pasted as plain text: its first line is the title, then standfirst, date and author in any order."""
    lines = _read(raw)
    if not lines:
        return article_from(Entry(guid="", url="", title=""), feed, now=now)
    title, rest = lines[0][:LONGEST_TITLE], lines[1:]
    language = feed.language or detect(" ".join(lines)[:2_000])
    head = head_of(rest, title=title, now=now, language=lambda: language, has_standfirst=False)
    kept = article_lines(head.lines, authors=(head.author,))
    return Article(
        feed_id=feed.id,
        outlet=feed.outlet,
        guid=title,
        url="",
        title=title,
        standfirst=head.standfirst,
        text="\n\n".join(kept)[:LONGEST_TEXT],
        author=head.author,
        photo_credit=head.photo_credit,
        published_at=_sane(head.published_at, now),
        language=feed.language,
        feed_series=feed.series,
        content_hash=content_hash(title, head.standfirst or "\n".join(kept)),
    )


def needs_page(entry: Entry, article: Article | None = None) -> bool:
    """Say whether the feed gives only a teaser of this entry; the article made of it often tells that at once."""
    if article is not None and len(article.text) >= TEASER:
        return False
    return len("\n\n".join(_read(entry.content or entry.standfirst))) < TEASER


def _read(markup: str) -> list[str]:
    """The paragraphs of an entry's field; of endless ones their beginning."""
    lines = lines_of(markup[:LONGEST_MARKUP])
    if sum(map(len, lines)) <= LONGEST_READ:
        return lines
    return "\n\n".join(lines)[:LONGEST_READ].split("\n\n")


def content_hash(title: str, told: str) -> str:
    """Hash what a reader would notice: folded words, so that a space or an accent's spelling changes nothing."""
    return hashlib.blake2b(f"{fold(title)}\n{fold(told)}".encode(), digest_size=12).hexdigest()


def _standfirst(summed_up: Sequence[str], title: str) -> str:
    """The feed's summary, without what feeds add to it; "" where it is the whole article."""
    text = " ".join(article_lines(summed_up))
    if len(text) > LONGEST_STANDFIRST:
        return ""
    return "" if fold(text) == fold(title) else text


def _published(
    entry: Entry, page: Page, written_at: datetime | None, now: datetime, language: Callable[[], str]
) -> datetime | None:
    """The feed's date, else the page's, else the one written above the text."""
    on_page = parse_date(page.published, now=now, language=language()) if page.published else None
    return _sane(entry.published_at, now) or _sane(on_page, now) or _sane(written_at, now)


def _sane(published_at: datetime | None, now: datetime) -> datetime | None:
    """Some feeds stamp 1970 or 2099: the first is no date, the second is now. Keeps the zone it was written in."""
    if published_at is None or published_at.year < EARLIEST_YEAR:
        return None
    if published_at.tzinfo is None:
        published_at = published_at.replace(tzinfo=UTC)
    return published_at if published_at <= now + FARTHEST_FUTURE else now


def _picture(url: str | None, base: str) -> str | None:
    """An absolute http(s) address that is no logo or counter, or None."""
    if not url:
        return None
    try:
        absolute = urljoin(base, url.strip())
        parts = urlsplit(absolute)
    except ValueError:  # "http://["
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return None
    name = parts.path.lower()
    if name.endswith((".svg", ".gif")) or any(
        word in name for word in ("logo", "pixel", "spacer", "blank.", "1x1", "avatar")
    ):
        return None
    return absolute
