"""Put the parts together and keep them running until asked to stop. The only module that knows everything."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import importlib
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import structlog

from bot.crew import crew, stopped_by_signals
from bot.errors import PitwireError, SettingsError
from bot.lean import give_back, in_place_of, share_arenas, without
from bot.model import Destination, Feed, FeedState
from bot.ports import Adapter, Clock, Pace, Storage
from bot.waits import first_of

if TYPE_CHECKING:
    from bot.config import LlmSettings, Settings
    from bot.metrics import Health, Metrics
    from bot.poller import Poller
    from bot.reading.llm import Writer
    from bot.series.catalog import Catalog
    from bot.web import Route

log = structlog.get_logger()

ROLES = ("poll", "deliver", "discord", "telegram")
PRUNE_EVERY = timedelta(hours=6)
TIDY_EVERY = timedelta(minutes=1)
FIRST_ROUND = timedelta(seconds=1)  # that the first requests have before the platforms' libraries are loaded


def utc_now() -> datetime:
    """The clock of a running process."""
    return datetime.now(UTC)


def warm_up() -> None:
    """Import what every process needs that polls or posts, while its settings are read."""
    for module in (
        "aiohttp",
        "bot.metrics",
        "bot.series.catalog",
        "bot.poller",
        "bot.feeds.client",
        "storage",
    ):
        importlib.import_module(module)


@dataclass(frozen=True, slots=True)
class Parts:
    """Which parts a process runs: all of them, or some where several processes share the work."""

    roles: frozenset[str] = frozenset(ROLES)

    def __contains__(self, role: str) -> bool:
        return role in self.roles


@contextlib.asynccontextmanager
async def opened(
    settings: Settings, *, clock: Clock = utc_now, writes: bool = True
) -> AsyncIterator[Storage]:
    """Open the store for as long as the block lasts. Raises StorageError with a plain sentence."""
    from storage import open_store

    store = await open_store(settings.database, clock=clock, exclusive=writes)
    try:
        yield store
    finally:
        await store.close()


async def run(
    settings: Settings,
    *,
    only: Sequence[str] = (),
    feeds: Sequence[Feed] | None = None,
    clock: Clock = utc_now,
    stop: asyncio.Event | None = None,
    ready: Callable[[Storage], Coroutine[Any, Any, None]] | None = None,
    console: Adapter | None = None,
) -> None:
    """Run until a signal or `stop`. Raises SettingsError for a wrong setting, StorageError when the store fails.

    `ready` is called once everything runs: a demo drives its newsroom from there.
    """
    share_arenas()
    stop = stop or asyncio.Event()
    roles = Parts(frozenset(only or ROLES))
    if only and settings.database.startswith("sqlite"):
        raise SettingsError("--only needs PostgreSQL: several processes cannot share a SQLite file.")
    with stopped_by_signals(stop):
        async with opened(settings, clock=clock) as store:
            await _run_parts(settings, store, roles, feeds, clock, stop, ready, console)


async def _run_parts(
    settings: Settings,
    store: Storage,
    roles: Parts,
    feeds: Sequence[Feed] | None,
    clock: Clock,
    stop: asyncio.Event,
    ready: Callable[[Storage], Coroutine[Any, Any, None]] | None,
    console: Adapter | None,
) -> None:
    """Poll at once; what talks to platforms is loaded while the outlets answer."""
    from bot.metrics import Health, Metrics
    from bot.series.catalog import load_catalog

    catalog = load_catalog()
    health = Health(clock)
    metrics = Metrics() if settings.web.listen else None  # nobody could ask for them
    routes: list[Route] = []
    adapters: dict[str, Adapter] = {}
    async with contextlib.AsyncExitStack() as stack:
        poller = None
        if "poll" in roles:
            poller = await stack.enter_async_context(
                _poller(settings, store, catalog, clock, feeds, metrics, health)
            )
            routes += _hub_routes(poller)
        stack.push_async_callback(_close, adapters)
        start = await stack.enter_async_context(crew(stop))
        if poller is not None:
            start("poller", poller.run(stop))
            await poller.first_round(FIRST_ROUND.total_seconds())
        await asyncio.to_thread(_load_the_rest, settings, roles)

        from bot.commands.desk import Desk
        from bot.commands.menu import MENU
        from bot.outbox import Outbox
        from bot.pacing import Pacer

        shared = (
            store if settings.database.startswith("postgresql") and len(roles.roles) < len(ROLES) else None
        )
        paces: dict[str, Pacer] = {}

        def pace(name: str) -> Pacer:
            return paces.setdefault(name, Pacer(name, store=shared, memory=store))

        adapters.update(_adapters(settings, pace, clock, console, store))
        limits = {name: adapter.limits for name, adapter in adapters.items()}
        outbox = Outbox(
            store, adapters, paces, catalog, clock, settings.delivery, health=health, metrics=metrics
        )
        notices = outbox.tools.notices
        desk = Desk(store, catalog, clock, settings=settings, limits=limits, paused=notices.heard)
        if "console" in adapters:
            await _follow_everything(store, catalog.series, clock)
        if "deliver" in roles:
            start("outbox", outbox.run(stop))
        else:  # what this process hears of closed places, it tells
            start("notices", notices.run(stop))
        for name, adapter in adapters.items():
            if name == "console" or name in roles:
                start(f"{name} adapter", adapter.run(MENU, desk))
        if metrics is not None:
            from bot.web import Route, serve
            from bot.web.page import StatusPage

            routes.append(Route(path="/", answer=StatusPage(store, health, catalog, clock).answer))
            start("web", serve(settings.web, store, health, metrics, stop=stop, clock=clock, routes=routes))
        start("housekeeping", _housekeeping(settings, store, clock, stop))
        start("tidying", _tidying(stop))
        if ready is not None:
            start("demo", ready(store))
        gc.collect()
        gc.freeze()  # the catalogue and the libraries stay: collections need not walk them while posts are paced


def _load_the_rest(settings: Settings, roles: Parts) -> None:
    """Import what is not needed for the first poll; half of the start goes into the platforms' libraries."""
    modules = ["bot.commands.desk", "bot.outbox"]
    if settings.discord.token:
        modules += ["adapters.discord.adapter", *["adapters.discord.gateway"] * ("discord" in roles)]
    if settings.telegram.token:
        modules.append("adapters.telegram.adapter")
    # Telegram's library loads its client on httpx, although ours takes its place (adapters/telegram/http.py).
    # It also takes times of pytz's, which we have none of, where something else has brought that.
    with (
        in_place_of("telegram.request._httpxrequest", HTTPXRequest=type("HTTPXRequest", (), {})),
        without("pytz"),
    ):
        for module in modules:
            importlib.import_module(module)


async def _close(adapters: Mapping[str, Adapter]) -> None:
    for adapter in adapters.values():
        await adapter.close()


def _adapters(
    settings: Settings, pace: Callable[[str], Any], clock: Clock, console: Adapter | None, memory: Storage
) -> Mapping[str, Adapter]:
    """The platforms that have a token; the console where none has."""
    adapters = platform_adapters(settings, pace, clock, memory)
    if not adapters or console is not None:
        from adapters import console as terminal

        pace("console")
        adapters["console"] = console or terminal.create(clock=clock)
    return adapters


def platform_adapters(
    settings: Settings,
    pace: Callable[[str], Pace] | None = None,
    clock: Clock = utc_now,
    memory: Storage | None = None,
) -> dict[str, Adapter]:
    """The platforms that have a token. A platform's library is imported only then."""
    if pace is None:
        from bot.pacing import Pacer

        pace = Pacer
    adapters: dict[str, Adapter] = {}
    if settings.discord.token:
        from adapters import discord

        adapters["discord"] = discord.create(settings.discord, pace=pace("discord"), clock=clock)
    if settings.telegram.token:
        from adapters import telegram

        adapters["telegram"] = telegram.create(
            settings.telegram, pace=pace("telegram"), clock=clock, memory=memory
        )
    return adapters


@contextlib.asynccontextmanager
async def _poller(
    settings: Settings,
    store: Storage,
    catalog: Catalog,
    clock: Clock,
    feeds: Sequence[Feed] | None,
    metrics: Metrics | None,
    health: Health,
) -> AsyncIterator[Poller]:
    from bot.feeds.client import Client
    from bot.feeds.outlets import load_outlets
    from bot.poller import Poller

    now = clock()
    await store.sync_feeds(load_outlets(settings.feeds, now=now) if feeds is None else feeds, now=now)
    async with (
        Client(settings.http, settings.poll, clock) as client,
        _writer(settings.llm, catalog, clock) as writer,
    ):
        yield Poller(store, client, catalog, clock, settings, metrics=metrics, health=health, writer=writer)


@contextlib.asynccontextmanager
async def _writer(settings: LlmSettings, catalog: Catalog, clock: Clock) -> AsyncIterator[Writer | None]:
    """The model that writes summaries, where the operator named one."""
    if not settings.base_url:
        yield None
        return
    import aiohttp

    from bot.reading.llm import Writer

    async with aiohttp.ClientSession() as session:
        yield Writer(session, settings, catalog, clock)


def _hub_routes(poller: Poller) -> list[Route]:
    """Where hubs call back (WebSub), if they can reach us: `PITWIRE_WEB__PUBLIC_URL`."""
    pushes = poller.pushes
    if pushes is None:
        return []
    from bot.feeds.websub import PATH
    from bot.web import Route, WebAnswer, WebRequest

    async def answer(request: WebRequest) -> WebAnswer:
        feed, token = request.parts["feed"], request.parts["token"]
        done = await pushes.answer(request.method, feed, token, request.query, request.headers, request.body)
        return WebAnswer(status=done.status, body=done.body)

    return [Route(path=PATH, answer=answer, methods=("GET", "POST"))]


async def synced_feeds(settings: Settings, store: Storage, now: datetime) -> list[Feed]:
    """Make the store's feeds those of the catalogue (or of PITWIRE_FEEDS) and return what is polled."""
    from bot.feeds.outlets import load_outlets

    await store.sync_feeds(load_outlets(settings.feeds, now=now), now=now)
    return [feed for feed in await store.feeds() if feed.state != FeedState.GONE]


async def _follow_everything(store: Storage, series: Mapping[str, Any], clock: Clock) -> None:
    """The console follows every series when it is first seen."""
    here = await store.destination("console", "console")
    if here is None:
        new = Destination(
            adapter="console", address="console", space="console", title="console", created_at=clock()
        )
        here = await store.ensure_destination(new)
        await store.follow(here.id, [f"series:{slug}" for slug in series], now=clock(), by="console")


async def _housekeeping(settings: Settings, store: Storage, clock: Clock, stop: asyncio.Event) -> None:
    """Forget what is older than `keep_days`, four times a day."""
    while not stop.is_set():
        try:
            rows = await store.prune(before=clock() - timedelta(days=settings.delivery.keep_days))
            log.info("store pruned", rows=rows)
        except PitwireError as error:
            log.warning("prune failed", reason=str(error))
        await first_of(stop.wait(), seconds=PRUNE_EVERY.total_seconds())


async def _tidying(stop: asyncio.Event) -> None:
    """Give freed memory back now and then: what was needed to start, or for the first look at a thousand feeds."""
    while not stop.is_set():
        give_back()
        await first_of(stop.wait(), seconds=TIDY_EVERY.total_seconds())
