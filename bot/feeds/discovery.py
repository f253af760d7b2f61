"""Which feeds does a site offer? From whatever a person types: an address, a YouTube channel, a subreddit."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from bot.errors import FetchError
from bot.feeds import trouble
from bot.feeds.client import Client, Response
from bot.feeds.health import not_a_feed
from bot.feeds.parse import parse
from bot.model import FeedDocument
from bot.text import tame

MOST = 8  # feeds that are offered
MOST_TRIED = 12  # addresses that are asked for one site
_USUAL = ("/feed/", "/rss", "/rss.xml", "/feed.xml", "/atom.xml", "/index.xml", "/feed.json")
_TYPES = (
    "application/rss+xml",
    "application/atom+xml",
    "application/feed+json",
    "application/rdf+xml",
    "text/xml",
    "application/xml",
)
_NAMED = re.compile(r"(?:^|[/._-])(?:rss|feeds?|atom)(?:$|[/._?-])", re.I)
_COMMENTS = re.compile(r"comments?(?:/|$|\b.*feed)|/comments/feed", re.I)
_SUBREDDIT = re.compile(
    r"^(?:https?://)?(?:(?:www|old|new|m)\.)?(?:reddit\.com)?/?r/(\w{2,30})/?(?:[?#].*)?$", re.I
)
_CHANNEL = re.compile(r"youtube\.com/(?:channel/|feeds/videos\.xml\?channel_id=)(UC[\w-]{22})", re.I)
_PLAYLIST = re.compile(r"youtube\.com/playlist\?(?:.*&)?list=([\w-]{10,50})", re.I)
_CHANNEL_IN_PAGE = re.compile(r'(?:"(?:channelId|externalId|browseId)"\s*:\s*"|channel/)(UC[\w-]{22})')


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A feed that was read just now and could be added."""

    url: str
    title: str
    kind: str
    entries: int
    language: str | None = None


async def discover(client: Client, typed: str) -> tuple[Candidate, ...]:
    """Find the feeds of what was typed, the likeliest first. Raises FetchError saying why there is none."""
    url = address_of(typed)
    answer = await client.get(url)
    found = await _read(answer)
    if found is not None and found.kind:
        return (_candidate(answer.moved_to or url, found),)
    html = answer.text
    offered = named_in(html, answer.url)
    candidates = await _tried(client, offered)
    if not candidates:
        root = f"{urlsplit(answer.url).scheme}://{urlsplit(answer.url).netloc}"
        candidates = await _tried(client, [root + path for path in _USUAL if root + path not in offered])
    if not candidates:
        raise trouble.error("names_none", not_a_feed(answer.body, answer.content_type))
    return candidates


def address_of(typed: str) -> str:
    """Turn what a person types into an address: "motorsport.com", "r/formula1", a channel's page."""
    typed = typed.strip().strip("<>")
    subreddit = _SUBREDDIT.match(typed)
    if subreddit:
        return f"https://www.reddit.com/r/{subreddit.group(1)}/.rss"
    channel = _CHANNEL.search(typed)
    if channel:
        return f"https://www.youtube.com/feeds/videos.xml?channel_id={channel.group(1)}"
    playlist = _PLAYLIST.search(typed)
    if playlist:
        return f"https://www.youtube.com/feeds/videos.xml?playlist_id={playlist.group(1)}"
    if typed.lower().startswith("feed:"):
        typed = typed[5:].removeprefix("//")
    return typed if "://" in typed else f"https://{typed}"


def named_in(html: str, url: str) -> list[str]:
    """The feeds that a page names, the ones meant for readers first."""
    host = urlsplit(url).hostname or ""
    if host.endswith("youtube.com"):
        channel = _CHANNEL_IN_PAGE.search(html)
        if channel:
            return [f"https://www.youtube.com/feeds/videos.xml?channel_id={channel.group(1)}"]
    from selectolax.lexbor import LexborHTMLParser

    tree = LexborHTMLParser(html)
    base = tree.css_first("base[href]")
    root = urljoin(url, (base.attributes.get("href") or "") if base else "")
    named = [
        node.attributes.get("href") or ""
        for node in tree.css("link[rel~=alternate][href]")
        if (node.attributes.get("type") or "").partition(";")[0].strip().lower() in _TYPES
    ]
    linked = [
        href
        for node in tree.css("a[href]")
        if _NAMED.search(urlsplit(href := node.attributes.get("href") or "").path) or _is_said_so(node.text())
    ]
    whole = dict.fromkeys(urljoin(root, href.strip()) for href in (*named, *linked) if href.strip())
    wanted = [address for address in whole if address.startswith(("http://", "https://")) and address != url]
    return sorted(wanted, key=lambda address: bool(_COMMENTS.search(address)))[:MOST_TRIED]


def _is_said_so(text: str) -> bool:
    return text.strip().lower() in ("rss", "rss feed", "atom", "rss-feed", "feed", "flux rss")


async def _tried(client: Client, urls: Iterable[str]) -> tuple[Candidate, ...]:
    """Read each of these, and keep those that are feeds: once each, whatever the redirects."""
    found: dict[str, Candidate] = {}
    for url in urls:
        if len(found) >= MOST:
            break
        try:
            answer = await client.get(url)
            document = await _read(answer)
        except FetchError:
            continue
        if document is not None and document.kind and document.entries:
            found.setdefault(answer.url, _candidate(answer.moved_to or url, document))
    return tuple(found.values())


async def _read(answer: Response) -> FeedDocument | None:
    beginning = answer.body[:1000].lstrip().lower()
    if beginning.startswith((b"<!doctype html", b"<html")):
        return None
    return await asyncio.to_thread(parse, answer.body, content_type=answer.content_type, url=answer.url)


def _candidate(url: str, document: FeedDocument) -> Candidate:
    return Candidate(
        url=url,
        title=tame(document.title)[:200] or url,
        kind=document.kind,
        entries=len(document.entries),
        language=document.language,
    )


async def elsewhere(client: Client, url: str) -> str | None:
    """Another feed that a site offers in place of one that works no more: named at its address, else on the front page."""
    parts = urlsplit(url)
    for address in (url, f"{parts.scheme}://{parts.netloc}/"):
        with contextlib.suppress(FetchError):
            found = [candidate.url for candidate in await discover(client, address) if candidate.url != url]
            if found:
                return found[0]
    return None
