"""Find out why an outlet could not be read, and what became of it."""

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
from bot.feeds import trouble
from bot.feeds.encoding import named_encoding, reads_as
from bot.locale import has

if TYPE_CHECKING:
    from bot.feeds.client import Client
    from bot.model import Feed

LONGEST_RETRY = timedelta(days=1)
LONGEST_WALL = 10_000  # bytes of a page that stands in for another
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


def fetch_error(error: BaseException, *, seconds: float) -> FetchError:
    """Translate what aiohttp and the system raise."""
    refused = _found(error, FetchError)
    if refused is not None:
        return refused
    certificate = _found(error, ssl.SSLCertVerificationError)
    if certificate is not None:
        return _uncertified(certificate)
    if _found(error, ssl.SSLError, aiohttp.ClientSSLError) is not None:
        return trouble.error("insecure")
    if isinstance(error, TimeoutError | asyncio.TimeoutError):
        return trouble.unreachable("slow", f"{seconds:g}")
    if _found(error, aiohttp.ClientConnectorDNSError, socket.gaierror) is not None:
        return trouble.unreachable("unknown_name")
    gate = _found(error, PermissionError)
    if gate is not None and gate.strerror:
        return trouble.error("denied", gate.strerror)
    if isinstance(error, aiohttp.InvalidURL | ValueError):
        return trouble.error("no_url")
    if isinstance(error, aiohttp.ClientPayloadError):
        return trouble.error("cut_off")
    if isinstance(error, aiohttp.ClientResponseError):  # malformed or oversized header fields
        return trouble.error("not_http")
    return trouble.unreachable(_by_kind(error))


def _by_kind(error: BaseException) -> str:
    if _found(error, ConnectionRefusedError) is not None:
        return "refused"
    if _found(error, ConnectionResetError, aiohttp.ServerDisconnectedError) is not None:
        return "hung_up"
    return "unreachable"


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
    return trouble.error("too_big", f"{most / 1_000_000:g}")


def check_status(status: int, headers: Mapping[str, str], body: bytes = b"", *, now: datetime) -> None:
    """Raise FetchError for a status that is neither 200 nor 304."""
    if status in (200, 304):
        return
    is_wall = status in (401, 403, 429, 503) and is_bot_wall(headers, body)
    key = "wall" if is_wall else _key_of(status)
    raise trouble.error(key, status, status=status, retry_at=retry_at(headers, now=now))


def _key_of(status: int) -> str:
    """Some statuses have a sentence of their own, the others one for their family."""
    if has(f"trouble.status.{status}"):
        return f"status.{status}"
    return "status_fails" if status >= 500 else "status_refuses" if status >= 400 else "status_odd"


def is_bot_wall(headers: Mapping[str, str], body: bytes) -> bool:
    """Recognise the pages that Cloudflare and its like show to programs."""
    beginning = body[:20_000].lower()
    return any(name in headers for name in _WALL_HEADERS) or any(word in beginning for word in _WALL_WORDS)


def is_wall_page(body: bytes) -> bool:
    """Recognise such a page by itself. Many a front page asks for a captcha in its forms: a wall is short, or says so on top."""
    return b"<title>just a moment...</title>" in body[:2000].lower() or (
        len(body) <= LONGEST_WALL and is_bot_wall({}, body)
    )


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


def not_a_feed(body: bytes, content_type: str = "") -> str:
    """The reason for which a body is no feed: what came instead."""
    return trouble.reason(_instead(body, content_type))


def _instead(body: bytes, content_type: str) -> str:
    beginning = body[:2000].lstrip().lower()
    if not body.strip():
        return "empty"
    if body[:2] == b"\x1f\x8b":
        return "packed_silently"
    if b"<!doctype html" in beginning or b"<html" in beginning or "html" in content_type.lower():
        if is_wall_page(body):
            return "wall_page"
        return "web_page"
    if beginning[:1] in (b"{", b"["):
        return "other_json"
    if beginning.startswith(b"<") and not body.rstrip().endswith(b">"):
        return "feed_cut_off"
    return "no_feed"


_ROOT = re.compile(rb"<(?:[\w-]+:)?(?:rss|feed|rdf)[\s>]", re.I)
_ROOT_END = re.compile(rb"</(?:[\w-]+:)?(?:rss|feed|rdf)\s*>", re.I)


def remark(body: bytes, content_type: str) -> str | None:
    """The reason for which a feed is not quite right that could be read all the same."""
    if is_cut_off(body):
        return trouble.reason("read_in_part")
    name = named_encoding(body, content_type)
    if name and not reads_as(body, name):
        return trouble.reason("encoding", name)
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
    """Read a feed now; the reason for which it is not well, or None."""
    from bot.feeds.discovery import instead_of
    from bot.feeds.parse import parse

    try:
        response = await client.get(feed.url)
        found = await asyncio.to_thread(
            parse, response.body, content_type=response.content_type, url=response.url
        )
    except FetchError as error:
        return error.reason
    if not found.kind:
        return instead_of(response)
    return remark(response.body, response.content_type) or (
        None if found.entries else trouble.reason("no_entries")
    )


def paused(since: datetime, reason: str, *, now: datetime) -> str:
    """The reason for which a feed is polled no more."""
    return trouble.reason("paused", max(1, (now - since).days), reason)


def _uncertified(error: ssl.SSLCertVerificationError) -> FetchError:
    """What is wrong with a certificate; aiohttp keeps the error that says so inside its own."""
    inner = getattr(error, "certificate_error", error)
    known = trouble.reason(f"ssl.{getattr(inner, 'verify_code', 0)}")
    if has(known):
        return trouble.error("certificate", known)
    said = " ".join((getattr(inner, "verify_message", "") or str(inner)).split())[:120].rstrip(".")
    return trouble.error("certificate", said) if said else trouble.error("no_certificate")
