"""Turn the bytes of a feed into a FeedDocument: RSS, Atom and RDF by feedparser, JSON Feed by our own reader."""

from __future__ import annotations

import calendar
import copy
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import urljoin, urlsplit

import structlog

from bot.errors import FetchError
from bot.feeds import armour, health, trouble
from bot.feeds.cloud import named_by
from bot.feeds.dates import worded_date
from bot.feeds.encoding import is_utf8
from bot.feeds.jsonfeed import looks_like_json, parse_json
from bot.model import Entry, FeedDocument

log = structlog.get_logger()

_PERIODS = {"hourly": 1, "daily": 24, "weekly": 168, "monthly": 720, "yearly": 8760}
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_LONGEST_TTL = timedelta(days=7)
_SKIP = re.compile(rb"<skip(hours|days)>(.{0,2000}?)</skip\1>", re.I | re.S)
_SKIPPED = re.compile(rb"<(?:hour|day)>\s*(\w+)\s*</(?:hour|day)>", re.I)
_IMAGE = re.compile(r"""<img\b[^>]{0,2000}?\ssrc\s*=\s*["']([^"'<>]{1,2000})["']""", re.I)
_PIXEL = re.compile(
    r"""feedburner|/pixel|doubleclick|stat[s.]|\b1x1\b|\.gif\b|emoji|smilies|s\.w\.org|gravatar""", re.I
)
_PICTURE = re.compile(r"\.(?:jpe?g|png|webp|avif)(?:$|[?#])", re.I)


def parse(body: bytes, *, content_type: str = "", url: str = "") -> FeedDocument:
    """Parse a feed, however broken. `url` is where it came from: relative links are joined to it.

    What is no feed has `kind == ""` and no entries. Raises FetchError for documents made to hurt.
    """
    if looks_like_json(body):
        found = parse_json(body)
        return joined(found, url) if found else FeedDocument(title="", kind="", entries=())
    return parse_xml(body, content_type=true_type(body, content_type), url=url)


def parse_xml(body: bytes, *, content_type: str, url: str = "") -> FeedDocument:
    """Parse a document, or a part of one, in the encoding that `true_type` found for the whole."""
    armour.check(body)
    body = armour.shortened(armour.tightened(body))
    armour.refuse_depth(body)
    body, left_out = armour.lightened(body)
    if left_out:
        log.warning("entries left out: they have more elements than any article", url=url, count=left_out)
    result = _read(body, content_type)
    if not result.entries and result.get("bozo"):
        second = _second_opinion(body)
        if second is not None and second.entries:
            result = second
    return joined(document(result, body), url)


def _read(body: bytes, content_type: str) -> Any:
    """Run feedparser as it should be run here: it neither sanitises nor joins, both cost more than the parsing."""
    return _feedparser().parse(
        io.BytesIO(body),  # bare bytes would be taken for a path first: a body of "/dev/zero" would be opened
        response_headers={"content-type": content_type},
        sanitize_html=False,
        resolve_relative_uris=False,
    )


@cache
def _feedparser() -> Any:
    """Import it when it is needed, and keep it from looking for a long-gone driver on disk at every call."""
    import feedparser
    import feedparser.api

    feedparser.api.PREFERRED_XML_PARSERS.clear()  # Python's own expat is left
    # It copies its state at the end of each text, and deepcopy's way for classes that have none of their own is slow.
    if "__deepcopy__" not in vars(feedparser.FeedParserDict):
        feedparser.FeedParserDict.__deepcopy__ = _deep_copy
    return feedparser


def _deep_copy(copied: Any, memo: dict[int, Any]) -> Any:
    made = type(copied)()
    for key, value in copied.items():
        made[key] = copy.deepcopy(value, memo)
    return made


def true_type(body: bytes, content_type: str) -> str:
    """Keep servers from lying about the encoding: bytes that are valid UTF-8 are UTF-8."""
    charset = re.search(r"charset\s*=\s*[\"']?([\w.:-]+)", content_type, re.I)
    if body[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "application/xml"
    if is_utf8(body):
        return "application/xml; charset=utf-8" if not body.isascii() or charset else "application/xml"
    return f"application/xml; charset={charset.group(1)}" if charset else "application/xml"


def _second_opinion(body: bytes) -> Any:
    """Where feedparser finds nothing in broken XML, let lxml mend it and ask again."""
    try:
        from lxml import etree  # type: ignore[import-untyped,unused-ignore]
    except ImportError:
        return None
    parser = etree.XMLParser(
        recover=True, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    try:
        root = etree.fromstring(body.lstrip(), parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
    if root is None:
        return None
    return _read(etree.tostring(root, encoding="utf-8"), "application/xml; charset=utf-8")


# ── feedparser's result → our nouns ──────────────────────────────────────────────────────────────


def document(result: Any, body: bytes) -> FeedDocument:
    """Take over what feedparser found; `body` is asked for what it leaves out."""
    feed = dict(result.get("feed", {}))
    links = feed.get("links", ())
    hours, days = _skips(body)
    return FeedDocument(
        title=_text(feed.get("title")),
        kind=_text(result.get("version")) or ("rss" if result.get("entries") else ""),
        entries=tuple(entry_from(item) for item in result.get("entries", ())),
        language=_text(feed.get("language")) or None,
        site_url=_text(feed.get("link")) or None,
        hub_url=_link(links, "hub") or named_by(feed.get("cloud")),
        topic_url=_link(links, "self"),
        ttl=_ttl(feed),
        skip_hours=hours,
        skip_days=days,
    )


def entry_from(item: dict[str, Any]) -> Entry:
    """Take over one entry."""
    named = dict(
        item
    )  # the names that we ask for are none that feedparser's own kind of dictionary maps to others
    title = dict(named.get("title_detail") or ())
    content = max((_text(part.get("value")) for part in named.get("content", ())), key=len, default="")
    standfirst = _text(named.get("summary"))
    base = _text((title or named.get("summary_detail") or {}).get("base"))
    url = _text(named.get("link")) or _own_address(named)
    return Entry(
        guid=_text(named.get("id")),
        url=_joined(base, url),
        title=_text(named.get("title")),
        standfirst="" if standfirst == content else standfirst,
        content=content,
        author=_text(named.get("author")),
        published_at=_time(named.get("published_parsed"))
        or _time(named.get("updated_parsed"))
        or worded_date(_text(named.get("published"))),
        image_url=_joined(base, _image(item, content or standfirst)) or None,
        categories=tuple(
            dict.fromkeys(
                filter(
                    None,
                    (_text(tag.get("label") or tag.get("term")).strip() for tag in named.get("tags", ())),
                )
            )
        )[:30],
        language=_text(title.get("language")) or None,
    )


def _own_address(item: Mapping[str, Any]) -> str:
    """Without a link, an id that is a web address (and a permalink by default, RSS 2.0) is one."""
    guid = _text(item.get("id"))
    return guid if guid.startswith(("http://", "https://")) else ""


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _link(links: Sequence[Mapping[str, Any]], rel: str) -> str | None:
    return next(
        (_text(link.get("href")) for link in links if link.get("rel") == rel and link.get("href")), None
    )


def _time(parsed: Any) -> datetime | None:
    """feedparser's dates are UTC; absurd ones (year 0, day 99) are none."""
    if not parsed:
        return None
    try:
        return datetime.fromtimestamp(calendar.timegm(parsed), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _image(item: Mapping[str, Any], text: str) -> str:
    """The picture that the outlet names, the widest one; else the first in the text that is no tracking pixel."""
    media = [m for m in item.get("media_content", ()) if _is_picture(m, _text(m.get("url")))]
    media += [m for m in item.get("media_thumbnail", ()) if m.get("url")]
    if media:
        return _text(max(media, key=_width).get("url"))
    for enclosure in item.get("enclosures", ()):
        if _is_picture(enclosure, _text(enclosure.get("href"))):
            return _text(enclosure.get("href"))
    image = item.get("image")
    if isinstance(image, Mapping) and image.get("href"):
        return _text(image.get("href"))
    return next((src for src in _IMAGE.findall(text[:20_000]) if not _PIXEL.search(src)), "")


def _is_picture(media: Mapping[str, Any], url: str) -> bool:
    if not url:
        return False
    kind = _text(media.get("type")) or _text(media.get("medium"))
    return kind.startswith("image") if kind else bool(_PICTURE.search(url))


def _width(media: Mapping[str, Any]) -> int:
    value = _text(media.get("width")).removesuffix("px")
    return int(value) if value.isdecimal() and len(value) < 6 else 0


def _ttl(feed: Mapping[str, Any]) -> timedelta | None:
    """How often the feed itself asks to be read at most: RSS's ttl, or the syndication module's period."""
    minutes = _text(feed.get("ttl")).strip()
    if minutes.isdecimal() and int(minutes[:6]) > 0:
        return min(timedelta(minutes=int(minutes[:6])), _LONGEST_TTL)
    hours = _PERIODS.get(_text(feed.get("sy_updateperiod")).strip().lower())
    if hours is None:
        return None
    frequency = _text(feed.get("sy_updatefrequency")).strip()
    times = int(frequency[:6]) if frequency.isdecimal() and int(frequency[:6]) > 0 else 1
    return min(timedelta(hours=hours / times), _LONGEST_TTL)


def _skips(body: bytes) -> tuple[frozenset[int], frozenset[int]]:
    """skipHours and skipDays of RSS 2.0; feedparser's releases drop them."""
    hours: set[int] = set()
    days: set[int] = set()
    if b"<skip" not in body[:100_000]:
        return frozenset(), frozenset()
    for kind, inside in _SKIP.findall(body[:100_000]):
        values = [value.decode("ascii", "ignore").lower() for value in _SKIPPED.findall(inside)]
        if kind.lower() == b"hours":
            hours |= {int(value) % 24 for value in values if value.isdigit() and int(value) <= 24}
        else:
            days |= {_DAYS.index(value) for value in values if value in _DAYS}
    # A feed that skips every hour or day would never be read: then it did not mean it.
    return (frozenset() if len(hours) == 24 else frozenset(hours)), (
        frozenset() if len(days) == 7 else frozenset(days)
    )


# ── relative addresses ───────────────────────────────────────────────────────────────────────────


def joined(found: FeedDocument, url: str) -> FeedDocument:
    """Make relative addresses whole: by the feed's site where it names one, else by where the feed came from."""
    if not url:
        return found
    site = _joined(url, found.site_url or "")
    base = site if _is_url(site) else url
    entries = tuple(
        entry
        if _is_whole(entry.url) and _is_whole(entry.image_url or "")
        else replace(
            entry, url=_joined(base, entry.url), image_url=_joined(base, entry.image_url or "") or None
        )
        for entry in found.entries
    )
    return replace(
        found,
        entries=entries,
        site_url=site or None,
        hub_url=_joined(url, found.hub_url or "") or None,
        topic_url=_joined(url, found.topic_url or "") or None,
    )


def _is_url(url: str) -> bool:
    try:
        return urlsplit(url).scheme in ("http", "https")
    except ValueError:
        return False


def _is_whole(url: str) -> bool:
    return not url or url.startswith(("https://", "http://"))


def _joined(base: str, url: str) -> str:
    url = url.strip()
    if not base or _is_whole(url):
        return url
    try:
        return urljoin(base, url)
    except ValueError:
        return url


def insist(found: FeedDocument, body: bytes, content_type: str = "") -> FeedDocument:
    """Return a document that is a feed; raises FetchError saying what it is instead."""
    if found.kind:
        return found
    raise trouble.error_of(health.not_a_feed(body, content_type), FetchError)
