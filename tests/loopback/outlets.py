"""Outlets on loopback for tests: feeds and pages that behave, and servers that do not."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from html import escape

from aiohttp import web

RSS = "application/rss+xml; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """An entry as its outlet writes it."""

    title: str
    guid: str | None = None
    link: str | None = None
    summary: str = ""
    body: str = ""
    at: datetime | None = None
    extra: str = ""


def rss(*items: Item, title: str = "Paddock Post", head: str = "") -> bytes:
    """An RSS 2.0 document."""
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<rss version="2.0" '
        'xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:media="http://search.yahoo.com/mrss/" '
        'xmlns:sy="http://purl.org/rss/1.0/modules/syndication/" xmlns:atom="http://www.w3.org/2005/Atom"><channel>'
        f"<title>{escape(title)}</title><link>https://paddock.example/</link><description>News</description>{head}"
        + "".join(map(_item, items))
        + "</channel></rss>"
    ).encode()


def _item(item: Item) -> str:
    link = item.link or f"https://paddock.example/{item.guid or item.title.lower().replace(' ', '-')}"
    parts = [f"<title>{escape(item.title)}</title>", f"<link>{escape(link)}</link>"]
    if item.guid is not None:
        parts.append(f'<guid isPermaLink="false">{escape(item.guid)}</guid>')
    if item.summary:
        parts.append(f"<description>{escape(item.summary)}</description>")
    if item.body:
        parts.append(f"<content:encoded><![CDATA[{item.body}]]></content:encoded>")
    if item.at is not None:
        parts.append(f"<pubDate>{format_datetime(item.at.astimezone(UTC))}</pubDate>")
    return f"<item>{''.join(parts)}{item.extra}</item>\n"


@dataclass(slots=True)
class Answer:
    """What an address answers; feeds also answer 304."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": RSS})
    validators: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request as it came."""

    path: str
    headers: Mapping[str, str]
    at: float
    body: bytes = b""


Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class Outlets:
    """A web server on 127.0.0.1; what a path answers can change at any time."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer | Handler] = {}
        self.asked: list[Asked] = []
        self.most_at_once = 0
        self._at_once = 0
        self._runner: web.ServerRunner | None = None
        self.url = ""

    async def __aenter__(self) -> Outlets:
        self._runner = web.ServerRunner(web.Server(self._serve))
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    def put(self, path: str, body: bytes, **more: object) -> str:
        """Let a path answer this; returns its URL."""
        self.answers[path] = Answer(body=body, **more)  # type: ignore[arg-type]
        return self.url + path

    def redirect(self, path: str, to: str, status: int = 302) -> str:
        """Let a path lead elsewhere."""
        self.answers[path] = Answer(status=status, headers={"Location": to})
        return self.url + path

    def paths(self) -> list[str]:
        """What was asked for, in order."""
        return [asked.path for asked in self.asked]

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        loop = asyncio.get_running_loop()
        body = await request.read()
        self.asked.append(
            Asked(path=request.rel_url.raw_path_qs, headers=dict(request.headers), at=loop.time(), body=body)
        )
        try:
            answer = self.answers.get(request.rel_url.raw_path_qs) or self.answers.get(
                request.rel_url.raw_path
            )
            if answer is None:
                return web.Response(status=404, text="not found")
            if isinstance(answer, Answer):
                return _answered(request, answer)
            return await answer(request)
        finally:
            self._at_once -= 1


def _answered(request: web.BaseRequest, answer: Answer) -> web.Response:
    headers = dict(answer.headers)
    if answer.status == 200 and answer.validators:
        headers["ETag"] = f'"{hashlib.blake2b(answer.body, digest_size=6).hexdigest()}"'
        if request.headers.get("If-None-Match") == headers["ETag"]:
            return web.Response(status=304, headers=headers)
    return web.Response(status=answer.status, body=answer.body, headers=headers)


@contextlib.asynccontextmanager
async def raw_server(
    talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]], host: str = "127.0.0.1"
) -> AsyncIterator[str]:
    """A server that speaks whatever `talk` writes, for what no web framework would send."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            await talk(reader, writer)
        writer.close()

    server = await asyncio.start_server(serve, host, 0)
    try:
        yield f"http://{host}:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
