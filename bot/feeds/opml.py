"""Read and write lists of feeds as OPML, as every feed reader does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from xml.etree.ElementTree import Element, ParseError, SubElement, indent, tostring
from xml.parsers import expat

from bot.feeds import trouble
from bot.feeds.identity import canonical_url
from bot.model import Feed, FeedState
from bot.series.catalog import load_catalog
from bot.text import tame

MOST_FEEDS = 5_000
MOST_BYTES = 5_000_000


def from_opml(data: bytes, *, now: datetime) -> list[Feed]:
    """The feeds of an OPML file, each once; raises FetchError with a sentence for what is none."""
    if len(data) > MOST_BYTES:
        raise trouble.error("opml.big", MOST_BYTES // 1_000_000)
    found: dict[str, Feed] = {}
    series = load_catalog().series
    for outline in _outlines(data):
        url = outline.get("xmlUrl", "").strip()
        if not url.startswith(("http://", "https://")) or not canonical_url(url) or len(url) > 2000:
            continue
        if len(found) >= MOST_FEEDS:
            break
        name = tame(outline.get("text") or outline.get("title") or "")[:200]
        found.setdefault(
            url,
            Feed(
                url=url,
                outlet=tame(outline.get("outlet", ""))[:200] or name or url,
                title=name or None,
                language=tame(outline.get("language", ""))[:20] or None,
                series=tuple(
                    slug for slug in map(str.strip, outline.get("series", "").split(",")) if slug in series
                ),
                added_by="operator",
                next_check_at=now,
            ),
        )
    if not found:
        raise trouble.error("opml.none")
    return list(found.values())


def _outlines(data: bytes) -> Iterator[dict[str, str]]:
    """The attributes of every outline. Entities are refused: OPML needs none, attacks do."""
    parser = expat.ParserCreate()
    outlines: list[dict[str, str]] = []

    def refuse(*_: object) -> None:
        raise trouble.error("opml.entities")

    def take(name: str, attributes: dict[str, str]) -> None:
        if name.lower() == "outline":
            outlines.append({key: value[:5000] for key, value in attributes.items()})

    parser.EntityDeclHandler = refuse
    parser.StartElementHandler = take
    try:
        parser.Parse(data.lstrip(), True)
    except (expat.ExpatError, ParseError) as error:
        raise trouble.error("opml.unreadable", error) from error
    return iter(outlines)


def to_opml(feeds: Iterable[Feed]) -> str:
    """All feeds as OPML 2.0, an outline a feed; our own attributes come back by `from_opml`."""
    root = Element("opml", version="2.0")
    SubElement(SubElement(root, "head"), "title").text = "Pitwire"
    body = SubElement(root, "body")
    for feed in feeds:
        if feed.state == FeedState.GONE:
            continue
        outline = SubElement(
            body, "outline", type="rss", text=_legal(feed.title or feed.outlet), xmlUrl=_legal(feed.url)
        )
        outline.set("outlet", _legal(feed.outlet))
        if feed.language:
            outline.set("language", _legal(feed.language))
        if feed.series:
            outline.set("series", ",".join(feed.series))
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _legal(text: str) -> str:
    """XML knows no control characters, however they are written."""
    return "".join(c for c in text if c >= " " and c not in "\ufffe\uffff")
