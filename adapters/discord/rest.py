"""Requests to Discord's REST interface: one connection pool, no limiter of its own, no retry behind one's back.

discord.py's HTTP client waits and repeats where it sees fit; a delivery has to know whether its request left.
What the answers say about limits goes to the one pacer.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import structlog

from adapters.discord.errors import Lost, TooFast, Unreached, refused
from bot import __version__
from bot.model import Document, Rate
from bot.ports import Pace

log = structlog.get_logger()

ALL = "all"  # the bucket of all requests with our token
ALL_RATE = Rate(count=50, per=timedelta(seconds=1))
USER_AGENT = f"DiscordBot (https://pitwire.example, {__version__})"  # the form that Discord asks for
MAX_BODY = 16 << 20
FILE_HOSTS = ("cdn.discordapp.com", "media.discordapp.net")

# Shown before the request left the machine: nothing was asked, nothing was done.
_BEFORE = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)


class Rest:
    """A thin client: what comes back, or one of the errors of `adapters.discord.errors`."""

    def __init__(self, base: str, token: str, pace: Pace) -> None:
        self._base = base.rstrip("/")
        self._token = token
        self._pace = pace
        self._session: aiohttp.ClientSession | None = None

    async def get(self, path: str, **more: Any) -> Any:
        return await self.request("GET", path, **more)

    async def request(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        document: Document | None = None,
        bucket: str | None = None,
        is_open: bool = False,
        seconds: float = 15,
    ) -> Any:
        """Ask once. `bucket` learns from the answer's headers; `is_open` sends no token (interactions carry their own)."""
        headers = {"User-Agent": USER_AGENT} | ({} if is_open else {"Authorization": f"Bot {self._token}"})
        try:
            async with self._open().request(
                method,
                self._base + path,
                json=body if document is None else None,
                data=None if document is None else _form(body, document),
                headers=headers,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=seconds, connect=min(8, seconds)),
            ) as response:
                raw = await _body(response, MAX_BODY)
        except _BEFORE as error:
            raise Unreached(f"Discord cannot be reached: {type(error).__name__}") from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Lost(f"the answer was lost: {type(error).__name__}") from error
        return self._read(response, raw, bucket, is_open=is_open)

    async def download(self, address: str, *, most: int) -> bytes:
        """Fetch a file that a person attached: from Discord's own file hosts only, without our token."""
        if not self._is_ours(address):
            raise Unreached("not an address of Discord's")
        try:
            timeout = aiohttp.ClientTimeout(total=10)
            async with self._open().get(address, allow_redirects=False, timeout=timeout) as response:
                raw = await _body(response, most)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Lost(f"the file did not come: {type(error).__name__}") from error
        if response.status != 200 or len(raw) > most:
            raise Lost("the file is too large" if len(raw) > most else f"status {response.status}")
        return raw

    def _is_ours(self, address: str) -> bool:
        parts, base = urlsplit(address), urlsplit(self._base)
        is_file_host = parts.scheme == "https" and parts.hostname in FILE_HOSTS
        return is_file_host or (parts.scheme, parts.netloc) == (base.scheme, base.netloc)

    def _read(
        self, response: aiohttp.ClientResponse, raw: bytes, bucket: str | None, *, is_open: bool
    ) -> Any:
        try:
            answer = json.loads(raw) if raw else None
        except ValueError:
            answer = None
        if bucket is not None:
            self._learn(bucket, response.headers)
        if response.status == 429:
            raise self._too_fast(response.headers, answer, bucket, is_open=is_open)
        if response.status >= 500 or response.status == 408:
            raise Lost(f"Discord answered {response.status}")
        if response.status >= 300:
            raise refused(response.status, answer)
        if raw and answer is None:
            raise Lost("the answer cannot be read")
        return answer

    def _learn(self, bucket: str, headers: Mapping[str, str]) -> None:
        try:
            limit, remaining = int(headers["X-RateLimit-Limit"]), int(headers["X-RateLimit-Remaining"])
            reset_after = timedelta(seconds=float(headers["X-RateLimit-Reset-After"]))
        except (KeyError, ValueError):
            return
        # The first request of a window tells the window's whole length; later ones only what is left of it.
        rate = Rate(count=limit, per=reset_after) if remaining == limit - 1 and reset_after else None
        self._pace.learn(bucket, remaining=remaining, reset_after=reset_after, rate=rate)

    def _too_fast(
        self, headers: Mapping[str, str], answer: Any, bucket: str | None, *, is_open: bool
    ) -> TooFast:
        said = answer.get("retry_after") if isinstance(answer, dict) else None
        try:
            seconds = float(said if said is not None else headers.get("Retry-After", 5))
        except (TypeError, ValueError):
            seconds = 5.0
        # Without JSON it is not Discord that answers but its doorman, who bans the whole address.
        is_global = headers.get("X-RateLimit-Scope") == "global" or not isinstance(answer, dict)
        is_global = is_global or answer.get("global") is True
        wait = timedelta(seconds=max(seconds, 0.05))
        log.warning("discord said too fast", bucket=bucket, is_global=is_global, seconds=seconds)
        if is_global and not is_open:
            self._pace.hold(ALL, wait)
        elif bucket is not None:
            self._pace.hold(bucket, wait)
        return TooFast(wait, is_global=is_global)

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=45),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            await asyncio.sleep(0)  # let the transports say goodbye


async def _body(response: aiohttp.ClientResponse, most: int) -> bytes:
    """The whole body, or what shows that there is more of it than `most` bytes."""
    parts, size = [], 0
    async for part in response.content.iter_chunked(1 << 16):
        parts.append(part)
        size += len(part)
        if size > most:
            break
    return b"".join(parts)


def _form(body: Any, document: Document) -> aiohttp.FormData:
    """A body with a file, as Discord takes it: the JSON in one part, the file in the next."""
    form = aiohttp.FormData()
    form.add_field("payload_json", json.dumps(body), content_type="application/json")
    form.add_field("files[0]", document.text.encode(), filename=document.name, content_type="text/plain")
    return form
