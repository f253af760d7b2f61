"""Which feeds does a site offer? From whatever a person types: an address, a YouTube channel, a subreddit."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from bot.errors import AddressRefused, FetchError
from bot.feeds import trouble
from bot.feeds.client import Client, Response
from bot.feeds.health import not_a_feed
from bot.feeds.parse import parse
from bot.model import FeedDocument
from bot.text import tame

MOST = 8  # feeds that are offered
MOST_TRIED = 12  # addresses that are asked for one site
PATIENCE = 15.0  # seconds; what was found by then is offered
LONG_PATIENCE = 40.0  # where nobody waits for it
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
_MASTODON = re.compile(r"^@([\w.-]{1,64})@([\w-]+(?:\.[\w-]+)+)$")
_WRITTEN = re.compile(r"https?://\S+", re.I)
# Of a channel's own page the first is surest: other channels are named in it, too.
_CHANNEL_IN_PAGE = tuple(
    re.compile(rf"{before}(UC[\w-]{{22}})")
    for before in (
        r"videos\.xml\?channel_id=",
        r'"externalId"\s*:\s*"',
        r'"(?:channelId|browseId)"\s*:\s*"',
        "channel/",
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A feed that was read just now and could be added."""

    url: str
    title: str
    kind: str
    entries: int
    language: str | None = None
    read_at: str = ""  # where redirects led


async def discover(client: Client, typed: str, *, patience: float = PATIENCE) -> tuple[Candidate, ...]:
    """Find the feeds of what was typed, the likeliest first. Raises FetchError saying why there is none."""
    until = asyncio.get_running_loop().time() + patience
    try:
        async with asyncio.timeout_at(until):
            url, answer = await _asked(client, typed)
            found = await _read(answer)
    except TimeoutError:
        raise trouble.unreachable("slow", f"{patience:g}") from None
    if found is not None and found.kind:
        return (_candidate(answer.moved_to or url, found, answer.url),)
    offered = named_in(answer.text, answer.url)
    candidates = await _tried(client, offered, until)
    if not candidates:
        root = f"{urlsplit(answer.url).scheme}://{urlsplit(answer.url).netloc}"
        usual = [root + path for path in _USUAL if root + path not in offered]
        candidates = await _tried(client, usual, until)
    if not candidates:
        raise trouble.error("names_none", not_a_feed(answer.body, answer.content_type))
    return candidates


async def _asked(client: Client, typed: str) -> tuple[str, Response]:
    """Ask the address that was typed; where its scheme was left out and https does not answer, by http."""
    url = address_of(typed)
    try:
        return url, await client.get(url)
    except FetchError as error:
        if url != f"https://{typed.strip()}" or error.status is not None or isinstance(error, AddressRefused):
            raise
        with contextlib.suppress(FetchError):
            plain = f"http://{typed.strip()}"
            return plain, await client.get(plain)
        raise


def address_of(typed: str) -> str:
    """Turn what a person types into an address: "motorsport.com", "r/formula1", a channel's page. Raises FetchError."""
    typed = _written(typed.strip().strip("<>").strip())
    subreddit = _SUBREDDIT.match(typed)
    if subreddit:
        return f"https://www.reddit.com/r/{subreddit.group(1)}/.rss"
    channel = _CHANNEL.search(typed)
    if channel:
        return f"https://www.youtube.com/feeds/videos.xml?channel_id={channel.group(1)}"
    playlist = _PLAYLIST.search(typed)
    if playlist:
        return f"https://www.youtube.com/feeds/videos.xml?playlist_id={playlist.group(1)}"
    person = _MASTODON.match(typed)
    if person:
        return f"https://{person.group(2)}/@{person.group(1)}"
    if typed.lower().startswith("feed:"):
        typed = typed[5:].removeprefix("//")
    return typed if "://" in typed else f"https://{typed}"


def _written(text: str) -> str:
    """The address in a text: what was pasted may be broken by blanks, or stand in a sentence. Raises FetchError."""
    if len(text.split()) < 2:
        return text
    if text.lower().startswith(("http://", "https://", "feed:")):
        return "".join(text.split())
    found = _WRITTEN.search(text)
    if found is None:
        raise trouble.error("no_url")
    return found[0].rstrip(">.,;:!?)\"'")


def named_in(html: str, url: str) -> list[str]:
    """The feeds that a page names, the ones meant for readers first."""
    host = urlsplit(url).hostname or ""
    if f".{host}".endswith(".youtube.com"):
        channel = next(filter(None, (pattern.search(html) for pattern in _CHANNEL_IN_PAGE)), None)
        if channel:
            return [f"https://www.youtube.com/feeds/videos.xml?channel_id={channel.group(1)}"]
    from selectolax.lexbor import LexborHTMLParser

    tree = LexborHTMLParser(html)
    base = tree.css_first("base[href]")
    root = _joined(url, (base.attributes.get("href") or "") if base else "") or url
    named = [
        node.attributes.get("href") or ""
        for node in tree.css("link[rel~=alternate][href]")
        if (node.attributes.get("type") or "").partition(";")[0].strip().lower() in _TYPES
    ]
    linked = [
        href
        for node in tree.css("a[href]")
        if _NAMED.search(_path(href := node.attributes.get("href") or "")) or _is_said_so(node.text())
    ]
    whole = dict.fromkeys(_joined(root, href) for href in (*named, *linked) if href.strip())
    wanted = [address for address in whole if address.startswith(("http://", "https://")) and address != url]
    return sorted(wanted, key=lambda address: bool(_COMMENTS.search(address)))[:MOST_TRIED]


def _joined(base: str, href: str) -> str:
    try:
        return urljoin(base, href.strip())
    except ValueError:  # "http://["
        return ""


def _path(href: str) -> str:
    try:
        return urlsplit(href).path
    except ValueError:
        return ""


def _is_said_so(text: str) -> bool:
    return text.strip().lower() in ("rss", "rss feed", "atom", "rss-feed", "feed", "flux rss")


def instead_of(answer: Response) -> str:
    """The reason for which an answer is no feed, with the feed that it names where it names one."""
    reason, named = not_a_feed(answer.body, answer.content_type), named_in(answer.text, answer.url)
    return trouble.reason("elsewhere", named[0], reason) if named else reason


async def _tried(client: Client, urls: Iterable[str], until: float) -> tuple[Candidate, ...]:
    """Read each of these, and keep those that are feeds: once each, whatever the redirects."""
    found: dict[str, Candidate] = {}
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout_at(until):
            for url in urls:
                if len(found) >= MOST:
                    break
                with contextlib.suppress(FetchError):
                    answer = await client.get(url)
                    document = await _read(answer)
                    if document is not None and document.kind and document.entries:
                        candidate = _candidate(answer.moved_to or url, document, answer.url)
                        found.setdefault(answer.url, candidate)
    return tuple(found.values())


async def _read(answer: Response) -> FeedDocument | None:
    beginning = answer.body[:1000].lstrip().lower()
    if beginning.startswith((b"<!doctype html", b"<html")):
        return None
    return await asyncio.to_thread(parse, answer.body, content_type=answer.content_type, url=answer.url)


def _candidate(url: str, document: FeedDocument, read_at: str) -> Candidate:
    return Candidate(
        url=url,
        title=tame(document.title)[:200] or urlsplit(url).hostname or url,
        kind=document.kind,
        entries=len(document.entries),
        language=document.language,
        read_at=read_at,
    )


async def elsewhere(client: Client, url: str) -> str | None:
    """Another feed that a site offers in place of one that works no more: named at its address, else on the front page."""
    parts = urlsplit(url)
    for address in (url, f"{parts.scheme}://{parts.netloc}/"):
        with contextlib.suppress(FetchError):
            candidates = await discover(client, address, patience=LONG_PATIENCE)
            found = [candidate.url for candidate in candidates if candidate.url != url]
            if found:
                return found[0]
    return None
