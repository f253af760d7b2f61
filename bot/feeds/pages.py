"""Read an article's page where its feed gives only a teaser: once, politely, and only where the site allows it."""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import Generic, TypeVar
from urllib.parse import urlsplit

import structlog

from bot.errors import FetchError
from bot.feeds.client import PAGE, Client, Response
from bot.feeds.robots import EVERYTHING, MOST, NOTHING, Robots, read_robots

MOST_PAGE = 3_000_000  # bytes; what is longer is no article
KEPT = 200  # answers that are remembered: several feeds name one article
ROBOTS_FOR = 24 * 3600.0  # seconds that a robots.txt holds (RFC 9309 2.4)
ROBOTS_FAILED_FOR = 3600.0
GONE = frozenset({404, 410})

Value = TypeVar("Value")
log = structlog.get_logger()


class _Recent(Generic[Value]):
    """The last few things that were asked, each for a while."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[str, tuple[float, Value]] = OrderedDict()

    def get(self, key: str) -> Value | None:
        found = self._kept.get(key)
        return found[1] if found and found[0] > time.monotonic() else None

    def put(self, key: str, value: Value, seconds: float) -> Value:
        self._kept[key] = (time.monotonic() + seconds, value)
        self._kept.move_to_end(key)
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)
        return value


class Pages:
    """Article pages, asked for ahead of the next polls of their host."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._robots: _Recent[Robots] = _Recent(2_000)
        self._texts: _Recent[str] = _Recent(KEPT)

    async def page_of(self, url: str, *, anew: bool = False) -> str | None:
        """The HTML of a page; None where it cannot or may not be read. `anew`: it changed since it was last read."""
        found = None if anew else self._texts.get(url)
        if found is not None:
            return found or None
        text = ""
        try:
            if (await self._rules(url)).allows(url):
                response = await self._client.get(url, accept=PAGE, most=MOST_PAGE, urgent=True)
                text = page_text(response)
            else:
                log.info("page not read: robots.txt", url=url)
        except FetchError as error:
            log.info("page not read", url=url, reason=str(error))
        return self._texts.put(url, text, 600.0) or None

    async def is_gone(self, url: str, *, wholly: bool) -> bool:
        """Say whether an outlet took a page away (404, 410). Whatever else may be wrong says nothing.

        `wholly` asks for the page itself: some servers answer a mere look (HEAD) with a 404 of its own.
        """
        try:
            if not (await self._rules(url)).allows(url):
                return False
            if not wholly:
                return await self._client.head(url) in GONE
            await self._client.get(url, accept=PAGE, most=MOST_PAGE)
        except FetchError as error:
            return error.status in GONE
        return False

    async def prepare(self, url: str) -> None:
        """Read the robots.txt of a page's site ahead of time: the first story should not wait for it."""
        try:
            await self._rules(url)
        except ValueError:
            log.info("robots.txt not read", url=url)

    async def _rules(self, url: str) -> Robots:
        parts = urlsplit(url)
        site = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        known = self._robots.get(site)
        if known is not None:
            return known
        try:
            response = await self._client.get(
                f"{site}/robots.txt", accept="text/plain, */*;q=0.5", most=MOST, urgent=True
            )
        except FetchError as error:
            # RFC 9309 2.3.1: a missing robots.txt forbids nothing; a server in trouble is to be left alone.
            missing = error.status is not None and 400 <= error.status < 500 and error.status != 429
            return self._robots.put(site, EVERYTHING if missing else NOTHING, ROBOTS_FAILED_FOR)
        return self._robots.put(site, read_robots(response.body.decode("utf-8", "replace")), ROBOTS_FOR)


def page_text(response: Response) -> str:
    """Decode a page: UTF-8 where it is valid, else as its header or itself says. What is no HTML is nothing."""
    kind = response.headers.get("Content-Type", "text/html").lower()
    if response.status != 200 or not ("html" in kind or kind.startswith(("text/plain", "application/octet"))):
        return ""
    return response.text
