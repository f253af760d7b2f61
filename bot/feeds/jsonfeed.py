"""Read a JSON Feed (jsonfeed.org, versions 1 and 1.1); feedparser's releases return nothing for it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from bot.feeds import trouble
from bot.feeds.armour import MOST_ENTRIES
from bot.model import Entry, FeedDocument

MOST_VALUES = 400_000  # of one document: an object of nothing takes more memory than its two characters
_KINDS = {"https://jsonfeed.org/version/1": "json1", "https://jsonfeed.org/version/1.1": "json11"}


def looks_like_json(body: bytes) -> bool:
    """Say whether a body begins as a JSON object does."""
    return body[:64].removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"{"


def parse_json(body: bytes) -> FeedDocument | None:
    """Parse a JSON Feed; None when it is none. A whole number or a missing field hurts nothing else.

    Raises FetchError for one that was made to hurt.
    """
    if sum(body.count(mark) for mark in (b"{", b"[", b",")) > MOST_VALUES:
        raise trouble.error("bulk")
    try:
        feed = json.loads(body.removeprefix(b"\xef\xbb\xbf"))
    except (ValueError, RecursionError):
        return None
    if not isinstance(feed, dict) or not isinstance(feed.get("items"), list):
        return None
    version = _text(feed.get("version"))
    if "jsonfeed.org/version" not in version:
        return None
    hubs = feed.get("hubs")
    hub = next((_text(hub.get("url")) for hub in _objects(hubs) if _text(hub.get("type")) == "WebSub"), "")
    return FeedDocument(
        title=_text(feed.get("title")),
        kind=_kind(version),
        entries=tuple(_entry(item, feed) for item in _objects(feed["items"])),
        language=_text(feed.get("language")) or None,
        site_url=_text(feed.get("home_page_url")) or None,
        hub_url=hub or None,
        topic_url=_text(feed.get("feed_url")) or None,
    )


def _kind(version: str) -> str:
    """https or http, with or without a slash at the end."""
    return _KINDS.get(version.rstrip("/").replace("http://", "https://"), "json")


def _entry(item: Mapping[str, Any], feed: Mapping[str, Any]) -> Entry:
    content = _text(item.get("content_html")) or _text(item.get("content_text"))
    tags = item.get("tags")
    return Entry(
        guid=_text(item.get("id")),
        url=_text(item.get("url")) or _text(item.get("external_url")),
        title=_text(item.get("title")),
        standfirst=_text(item.get("summary")),
        content=content,
        author=_author(item) or _author(feed),
        published_at=_time(item.get("date_published")) or _time(item.get("date_modified")),
        image_url=_text(item.get("image")) or _text(item.get("banner_image")) or None,
        categories=tuple(filter(None, (_text(tag) for tag in tags))) if isinstance(tags, list) else (),
        language=_text(item.get("language")) or None,
    )


def _author(owner: Mapping[str, Any]) -> str:
    authors = [*_objects(owner.get("authors")), *_objects([owner.get("author")])]
    return ", ".join(filter(None, (_text(author.get("name")) for author in authors[:5])))


def _objects(value: object) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, list):
        yield from (each for each in value[:MOST_ENTRIES] if isinstance(each, dict))


def _text(value: object) -> str:
    """Ids are numbers in some feeds; everything else that is no string is nothing."""
    if isinstance(value, str):  # half of a character ("\\ud800") can be neither saved nor sent
        return value if value.isascii() else value.encode("utf-8", "replace").decode()
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def _time(value: object) -> datetime | None:
    try:
        at = datetime.fromisoformat(_text(value).strip())
    except ValueError:
        return None
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
