"""Five invented outlets on loopback: they publish a race weekend step by step, as RSS, Atom and JSON Feed."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from html import escape
from importlib.resources import files
from typing import Any

from aiohttp import web

from bot.model import Feed

PIXEL = bytes.fromhex(  # a PNG of one grey pixel: enough for a picture on loopback
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b55"
    "0000000a49444154789c63680000008200814dd2c8ba0000000049454e44ae426082"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlet:
    name: str
    feed: str
    kind: str
    language: str
    official: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """An article as an outlet publishes it."""

    outlet: str
    after: int
    slug: str
    title: str
    standfirst: str = ""
    text: str = ""
    html: str = ""
    author: str = ""


class Newsroom:
    """Serve the outlets' feeds on 127.0.0.1; `step` publishes what comes next."""

    def __init__(self, now: datetime) -> None:
        weekend = tomllib.loads(files("bot.demo").joinpath("weekend.toml").read_text(encoding="utf-8"))
        self._outlets = [Outlet(**outlet) for outlet in weekend["outlet"]]
        self._articles = [Item(**article) for article in weekend["article"]]
        self._corrections: list[Mapping[str, Any]] = weekend["correction"]
        self._started_at = now
        self._step = 0
        self._asked: Counter[str] = Counter()  # since the last step
        self._runner: web.AppRunner | None = None
        self.base = ""

    @property
    def steps(self) -> int:
        """How often `step` has something new."""
        return max(item.after for item in self._articles)

    async def __aenter__(self) -> Newsroom:
        app = web.Application()
        app.router.add_get("/picture.png", self._picture)
        app.router.add_get("/{feed}", self._feed)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.base = f"http://{host}:{port}"
        return self

    async def __aexit__(self, *exc: object) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    def feeds(self) -> list[Feed]:
        """What Pitwire is told to poll."""
        return [
            Feed(
                url=f"{self.base}/{outlet.feed}",
                outlet=outlet.name,
                language=outlet.language,
                official=outlet.official,
                next_check_at=self._started_at,
            )
            for outlet in self._outlets
        ]

    def step(self) -> None:
        """Publish the articles and corrections of the next step."""
        self._step += 1
        self._asked.clear()

    @property
    def is_read(self) -> bool:
        """Whether every feed was asked twice since the last step: the first answer has been read by then."""
        return all(self._asked[outlet.feed] >= 2 for outlet in self._outlets)

    def published(self, outlet: str) -> list[Item]:
        """What an outlet's feed holds now, newest first."""
        held = [item for item in self._articles if item.outlet == outlet and item.after <= self._step]
        return [self._corrected(item) for item in sorted(held, key=lambda item: -item.after)]

    def _corrected(self, item: Item) -> Item:
        for correction in self._corrections:
            if (correction["outlet"], correction["slug"]) == (item.outlet, item.slug) and correction[
                "after"
            ] <= self._step:
                return replace(item, title=correction["title"])
        return item

    async def _picture(self, request: web.Request) -> web.Response:  # noqa: ARG002
        return web.Response(body=PIXEL, content_type="image/png")

    async def _feed(self, request: web.Request) -> web.Response:
        outlet = next((o for o in self._outlets if o.feed == request.match_info["feed"]), None)
        if outlet is None:
            return web.Response(text=_page(self._page_title(request)), content_type="text/html")
        self._asked[outlet.feed] += 1
        items = self.published(outlet.name)
        body, content_type = RENDER[outlet.kind](self, outlet, items)
        etag = f'"{hashlib.sha256(body.encode()).hexdigest()[:16]}"'
        if request.headers.get("If-None-Match") == etag:
            return web.Response(status=304, headers={"ETag": etag})
        return web.Response(text=body, content_type=content_type, headers={"ETag": etag})

    def _page_title(self, request: web.Request) -> str:
        slug = request.match_info["feed"]
        return next((item.title for item in self._articles if item.slug == slug), slug)

    def url(self, item: Item) -> str:
        return f"{self.base}/{item.slug}"

    def html(self, item: Item) -> str:
        """The article as the outlet's editor wrote it."""
        if item.html:
            return item.html.replace("{base}", self.base)
        return "".join(f"<p>{escape(part.strip())}</p>" for part in item.text.strip().split("\n\n"))

    def published_at(self, item: Item) -> datetime:
        return (
            self._started_at + timedelta(seconds=item.after)
            if item.after
            else self._started_at - timedelta(days=1)
        )


def _page(title: str) -> str:
    return f"<!doctype html><meta charset=utf-8><title>{escape(title)}</title><p>{escape(title)}</p>"


def _rss(room: Newsroom, outlet: Outlet, items: Sequence[Item]) -> tuple[str, str]:
    entries = "".join(
        f"<item><title>{escape(item.title)}</title><link>{room.url(item)}</link>"
        f'<guid isPermaLink="false">{item.slug}</guid><description>{escape(item.standfirst)}</description>'
        f"<dc:creator>{escape(item.author)}</dc:creator>"
        f"<pubDate>{format_datetime(room.published_at(item))}</pubDate>"
        f"<content:encoded>{escape(room.html(item))}</content:encoded></item>"
        for item in items
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?><rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel>'
        f"<title>{escape(outlet.name)}</title><link>{room.base}</link><language>{outlet.language}</language>"
        f"{entries}</channel></rss>"
    ), "application/rss+xml"


def _atom(room: Newsroom, outlet: Outlet, items: Sequence[Item]) -> tuple[str, str]:
    entries = "".join(
        f'<entry><title>{escape(item.title)}</title><link href="{room.url(item)}"/><id>{item.slug}</id>'
        f"<updated>{room.published_at(item).isoformat()}</updated><summary>{escape(item.standfirst)}</summary>"
        f'<content type="html">{escape(room.html(item))}</content></entry>'
        for item in items
    )
    return (
        f'<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{outlet.language}">'
        f"<title>{escape(outlet.name)}</title><id>{room.base}</id>{entries}</feed>"
    ), "application/atom+xml"


def _json(room: Newsroom, outlet: Outlet, items: Sequence[Item]) -> tuple[str, str]:
    document = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": outlet.name,
        "language": outlet.language,
        "items": [
            {
                "id": item.slug,
                "url": room.url(item),
                "title": item.title,
                "summary": item.standfirst,
                "content_html": room.html(item),
                "date_published": room.published_at(item).isoformat(),
            }
            for item in items
        ],
    }
    return json.dumps(document, ensure_ascii=False), "application/feed+json"


RENDER = {"rss": _rss, "atom": _atom, "json": _json}
