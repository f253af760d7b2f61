"""The status page: how the wire is doing, for a browser. No script, nothing from elsewhere, no names of places."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from html import escape
from urllib.parse import urlsplit

from bot.errors import StorageError
from bot.locale import pick, say
from bot.locale.dates import ago
from bot.metrics import Health
from bot.model import DeliveryState, Feed, FeedState, Story
from bot.ports import Clock, Storage
from bot.posts.reasons import say_reason
from bot.posts.spoilers import safe_title
from bot.series.catalog import Catalog
from bot.text import cut, tame
from bot.web.look import STYLE, STYLE_HASH
from bot.web.routes import WebAnswer, WebRequest

STORIES = 12
TROUBLED = 25  # feeds in trouble that are named
AGAIN = 30  # seconds until a browser asks again
_LONGEST = 200
_STATES = (
    DeliveryState.OWED,
    DeliveryState.LEASED,
    DeliveryState.HELD,
    DeliveryState.UNCERTAIN,
    DeliveryState.SET_ASIDE,
    DeliveryState.SENT,
)
_HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src '{STYLE_HASH}'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True, slots=True)
class Standing:
    """What the page shows, looked up at one moment."""

    now: datetime
    troubles: Mapping[str, str]
    feeds: Sequence[Feed] = ()
    counts: Mapping[tuple[str, str], int] = field(default_factory=dict)
    oldest_owed_at: datetime | None = None
    stories: Sequence[Story] = ()


class StatusPage:
    """Answers `GET /` in the language that the browser asks for."""

    def __init__(self, store: Storage, health: Health, catalog: Catalog, clock: Clock) -> None:
        self._store, self._health, self._catalog, self._clock = store, health, catalog, clock

    async def answer(self, request: WebRequest) -> WebAnswer:
        """Look everything up and draw it; a store that does not answer is the trouble that is shown."""
        try:
            standing = await self._standing(self._clock())
        except StorageError as error:
            troubles = {**self._health.troubles(), "store": str(error)}
            standing = Standing(now=self._clock(), troubles=troubles)
        locale = pick(request.headers.get("accept-language", "").split(",")[0])
        page = draw(standing, self._catalog, locale)
        return WebAnswer(body=page, content_type="text/html", headers=_HEADERS)

    async def _standing(self, now: datetime) -> Standing:
        return Standing(
            now=now,
            troubles=self._health.troubles(),
            feeds=await self._store.feeds(),
            counts=await self._store.counts(now=now),
            oldest_owed_at=await self._store.oldest_owed_at(now=now),
            stories=await self._store.latest(limit=STORIES),
        )


def draw(standing: Standing, catalog: Catalog, locale: str) -> str:
    """Write the whole page as HTML. Text from outside is escaped, addresses link only where they are of the web."""
    state = "bad" if standing.troubles else "good"
    return "".join(
        (
            f'<!doctype html><html lang="{locale}"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f'<meta http-equiv="refresh" content="{AGAIN}"><title>Pitwire</title><style>{STYLE}</style></head>',
            f'<body class="{state}"><header><h1>Pitwire</h1>',
            *_health(standing, locale),
            "</header><main>",
            *_queue(standing, locale),
            *_feeds(standing, locale),
            *_stories(standing, catalog, locale),
            f"</main><footer>{_time(standing.now)}</footer></body></html>",
        )
    )


def _health(standing: Standing, locale: str) -> Iterator[str]:
    if not standing.troubles:
        yield f'<p class="health">{escape(say(locale, "web.well"))}</p>'
        return
    yield '<ul class="health">'
    for part, trouble in sorted(standing.troubles.items()):
        yield f"<li><b>{_words(part)}</b>: {_words(trouble)}</li>"
    yield "</ul>"


def _queue(standing: Standing, locale: str) -> Iterator[str]:
    yield f"<section><h2>{escape(say(locale, 'web.queue.title'))}</h2>"
    adapters = sorted({adapter for adapter, _ in standing.counts})
    if adapters:
        heads = "".join(f"<th>{_words(adapter.title())}</th>" for adapter in adapters)
        yield f"<table><thead><tr><th></th>{heads}</tr></thead><tbody>"
        for state in _STATES:
            name = escape(say(locale, f"web.queue.{state.name.lower()}"))
            cells = "".join(_count(standing.counts.get((adapter, state.value), 0)) for adapter in adapters)
            yield f"<tr><th>{name}</th>{cells}</tr>"
        yield "</tbody></table>"
    else:
        yield f"<p>{escape(say(locale, 'web.queue.empty'))}</p>"
    if standing.oldest_owed_at is not None and standing.oldest_owed_at < standing.now:
        waits = say(locale, "web.queue.oldest", ago=ago(locale, standing.oldest_owed_at, standing.now))
        yield f"<p>{escape(waits)}</p>"
    yield "</section>"


def _feeds(standing: Standing, locale: str) -> Iterator[str]:
    kept = [feed for feed in standing.feeds if feed.state is not FeedState.GONE]
    active = [feed for feed in kept if feed.state is FeedState.ACTIVE]
    troubled = sorted((feed for feed in kept if feed.trouble), key=lambda feed: -feed.error_count)
    read = [feed.last_success_at for feed in active if feed.last_success_at]
    yield f"<section><h2>{escape(say(locale, 'web.feeds.title'))}</h2><p>"
    yield escape(say(locale, "web.feeds.count", count=len(active), failing=len(troubled)))
    if read:
        yield f" {escape(say(locale, 'web.feeds.read', ago=ago(locale, max(read), standing.now)))}"
    yield "</p>"
    if troubled:
        yield '<table class="feeds"><tbody>'
        for feed in troubled[:TROUBLED]:
            since = ago(locale, feed.last_success_at, standing.now) if feed.last_success_at else "–"
            reason = say_reason(feed.trouble or "", locale)
            yield f"<tr><th>{_words(feed.outlet)}</th><td>{_words(reason)}</td><td>{escape(since)}</td></tr>"
        yield "</tbody></table>"
    if len(troubled) > TROUBLED:
        yield f"<p>{escape(say(locale, 'commands.and_more', count=len(troubled) - TROUBLED))}</p>"
    yield "</section>"


def _stories(standing: Standing, catalog: Catalog, locale: str) -> Iterator[str]:
    yield f"<section><h2>{escape(say(locale, 'web.stories.title'))}</h2>"
    if not standing.stories:
        yield f"<p>{escape(say(locale, 'web.stories.none'))}</p></section>"
        return
    yield "<ol>"
    for story in standing.stories:
        series = catalog.name(story.primary, locale) if story.primary else ""
        outlets = ", ".join(tame(outlet) for outlet in story.outlets)
        facts = " · ".join(
            part for part in (series, outlets, ago(locale, story.created_at, standing.now)) if part
        )
        yield f'<li lang="{escape(story.language)}">{_title(story, locale)}<small>{_words(facts)}</small></li>'
    yield "</ol></section>"


def _title(story: Story, locale: str) -> str:
    title, url = _words(story.title), tame(story.url)
    if urlsplit(url).scheme in ("http", "https"):
        title = f'<a href="{escape(url)}" rel="noopener noreferrer">{title}</a>'
    if not story.spoiler:
        return title
    covered = escape(safe_title(story, None, locale))
    return f"<details><summary>{covered}</summary>{title}</details>"  # who watches tonight may run a bot, too


def _count(number: int) -> str:
    return f"<td>{number:,}</td>".replace(",", "\u202f") if number else '<td class="none">0</td>'


def _words(text: str) -> str:
    return escape(cut(tame(text), _LONGEST))


def _time(at: datetime) -> str:
    return f'<time datetime="{at:%Y-%m-%dT%H:%M:%SZ}">{at:%Y-%m-%d %H:%M:%S} UTC</time>'
