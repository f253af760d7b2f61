"""Say in a plain sentence why an outlet could not be read, and what became of it."""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, TypeVar

import aiohttp

from bot.errors import FetchError
from bot.feeds.encoding import named_encoding, reads_as

if TYPE_CHECKING:
    from bot.feeds.client import Client
    from bot.model import Feed

LONGEST_RETRY = timedelta(days=1)
Kind = TypeVar("Kind", bound=BaseException)

# Signs of a wall that stops robots, in headers or at the beginning of the page.
_WALL_HEADERS = ("cf-mitigated", "x-datadome", "x-sucuri-block", "x-iinfo")
_WALL_WORDS = (
    b"just a moment...",
    b"cf-chl",
    b"attention required! | cloudflare",
    b"captcha",
    b"datadome",
    b"_incapsula_",
    b"access denied",
    b"perimeterx",
    b"enable javascript and cookies",
)

_STATUS = {
    400: "The server calls the request malformed (400).",
    401: "The feed wants a password (401).",
    402: "The feed wants to be paid for (402).",
    403: "The server refuses to serve this feed (403).",
    404: "There is no feed at this address (404).",
    406: "The server has the feed in no form that Pitwire reads (406).",
    410: "The feed was taken down for good (410).",
    421: "The server does not answer for this host (421).",
    429: "The server asks for fewer requests (429).",
    451: "The feed may not be served here for legal reasons (451).",
    500: "The server has an error (500).",
    502: "The server behind the feed cannot be reached (502).",
    503: "The server is overloaded or in maintenance (503).",
    504: "The server behind the feed takes too long (504).",
}


class Unreachable(FetchError):
    """No server answered at all. Where that happens to every outlet, it is our own line that is down."""


def fetch_error(error: BaseException, *, seconds: float) -> FetchError:
    """Translate what aiohttp and the system raise into a sentence."""
    refused = _found(error, FetchError)
    if refused is not None:
        return refused
    certificate = _found(error, ssl.SSLCertVerificationError)
    if certificate is not None:
        return FetchError(f"The certificate of the server is not valid: {_brief(_said(certificate))}.")
    if _found(error, ssl.SSLError, aiohttp.ClientSSLError) is not None:
        return FetchError("No secure connection can be made to the server.")
    if isinstance(error, TimeoutError | asyncio.TimeoutError):
        return Unreachable(f"The server is too slow: no complete answer within {seconds:g} seconds.")
    if _found(error, aiohttp.ClientConnectorDNSError, socket.gaierror) is not None:
        return Unreachable("The name of the server is not known.")
    gate = _found(error, PermissionError)
    if gate is not None and gate.strerror:
        return FetchError(gate.strerror)
    if isinstance(error, aiohttp.InvalidURL | ValueError):
        return FetchError("The address cannot be read as a URL.")
    if isinstance(error, aiohttp.ClientPayloadError):
        return FetchError("The answer was cut off before its end.")
    if isinstance(error, aiohttp.ClientResponseError):  # malformed or oversized header fields
        return FetchError("The server's answer is not proper HTTP, or its headers are too big.")
    return Unreachable(_by_kind(error))


def _by_kind(error: BaseException) -> str:
    if _found(error, ConnectionRefusedError) is not None:
        return "The server refuses connections."
    if _found(error, ConnectionResetError, aiohttp.ServerDisconnectedError) is not None:
        return "The server ended the connection without an answer."
    return "The server cannot be reached."


def _found(error: BaseException, *kinds: type[Kind]) -> Kind | None:
    """Look for a kind of error in an error, its causes and what aiohttp keeps inside it."""
    seen: list[BaseException] = []
    queue: list[BaseException | None] = [error]
    while queue and len(seen) < 20:
        current = queue.pop(0)
        if current is None or current in seen:
            continue
        if isinstance(current, kinds):
            return current
        seen.append(current)
        queue += [current.__cause__, current.__context__, getattr(current, "os_error", None)]
        queue.append(getattr(current, "certificate_error", None))
        queue += list(getattr(current, "exceptions", ()))
    return None


def too_big(most: int) -> FetchError:
    """The answer passes the cap, packed or unpacked."""
    return FetchError(f"The answer is bigger than {most / 1_000_000:g} MB.")


def check_status(status: int, headers: Mapping[str, str], body: bytes = b"", *, now: datetime) -> None:
    """Raise FetchError for a status that is neither 200 nor 304."""
    if status in (200, 304):
        return
    sentence = _STATUS.get(status)
    if status in (401, 403, 429, 503) and is_bot_wall(headers, body):
        sentence = f"A bot wall keeps robots out of this site ({status})."
    if sentence is None:
        family = "has an error" if status >= 500 else "refuses" if status >= 400 else "gave an odd answer"
        sentence = f"The server {family} ({status})."
    raise FetchError(sentence, status=status, retry_at=retry_at(headers, now=now))


def is_bot_wall(headers: Mapping[str, str], body: bytes) -> bool:
    """Recognise the pages that Cloudflare and its like show to programs."""
    beginning = body[:20_000].lower()
    return any(name in headers for name in _WALL_HEADERS) or any(word in beginning for word in _WALL_WORDS)


def retry_at(headers: Mapping[str, str], *, now: datetime) -> datetime | None:
    """Read Retry-After: seconds or a date (RFC 9110 10.2.3), at most a day from now."""
    value = headers.get("Retry-After", "").strip()
    if not value:
        return None
    if value.isdigit():
        return now + min(timedelta(seconds=int(value[:8])), LONGEST_RETRY)
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return None
    return min(at if at.tzinfo else at.replace(tzinfo=UTC), now + LONGEST_RETRY)


def not_a_feed(body: bytes, content_type: str = "", reason: str = "") -> str:
    """Say what came instead of a feed."""
    beginning = body[:2000].lstrip().lower()
    if not body.strip():
        return "The answer is empty."
    if body[:2] == b"\x1f\x8b":
        return "The answer is compressed without saying so: it cannot be read as a feed."
    if b"<!doctype html" in beginning or b"<html" in beginning or "html" in content_type.lower():
        if is_bot_wall({}, body):
            return "A bot wall answers with a web page instead of the feed."
        return "This is a web page, not a feed."
    if beginning[:1] in (b"{", b"["):
        return "This is JSON, but not a JSON Feed, or it was cut off."
    if beginning.startswith(b"<") and not body.rstrip().endswith(b">"):
        return "The feed is cut off before its end."
    return reason or "This is not a feed that Pitwire can read."


_ROOT = re.compile(rb"<(?:[\w-]+:)?(?:rss|feed|rdf)[\s>]", re.I)
_ROOT_END = re.compile(rb"</(?:[\w-]+:)?(?:rss|feed|rdf)\s*>", re.I)


def remark(body: bytes, content_type: str) -> str | None:
    """Say what is wrong with a feed that could be read all the same."""
    if is_cut_off(body):
        return "The feed is cut off before its end; what came was read."
    name = named_encoding(body, content_type)
    if name and not reads_as(body, name):
        return f"The feed is not in the encoding that it names ({name}); it was read as well as it could be."
    return None


def is_cut_off(body: bytes) -> bool:
    """Say whether an XML feed ends before its root element does."""
    begins = body[:200].removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"<"
    return (
        begins
        and not _ROOT_END.search(body, max(0, len(body) - 2000))
        and _ROOT.search(body[:5000]) is not None
    )


async def ask(client: Client, feed: Feed) -> str | None:
    """Read a feed now; what is wrong with it in a sentence, or None."""
    from bot.feeds.parse import insist, parse

    try:
        response = await client.get(feed.url)
        found = await asyncio.to_thread(
            parse, response.body, content_type=response.content_type, url=response.url
        )
        insist(found, response.body, response.content_type)
    except FetchError as error:
        return str(error)
    return remark(response.body, response.content_type) or (
        None if found.entries else "The feed has no entries."
    )


def paused(since: datetime, trouble: str | None, *, now: datetime) -> str:
    """Say why a feed is polled no more."""
    days = max(1, (now - since).days)
    return f"Paused after failing for {days} days. {trouble or 'It could not be read.'}"


def _said(error: ssl.SSLCertVerificationError) -> str:
    """What is wrong with a certificate; aiohttp keeps the error that says so inside its own."""
    inner = getattr(error, "certificate_error", error)
    return getattr(inner, "verify_message", "") or str(inner)


def _brief(text: str | None) -> str:
    return " ".join((text or "it could not be verified").split())[:120].rstrip(".")
