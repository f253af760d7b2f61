"""How long from the last byte of a feed to the accepted post? `python -m tools.bench.promptness`

Everything but the platform is real: a server in a process of its own, poller, store on disk and outbox in this one. The
server notes when it has handed over the last byte, the platform, which is in memory, when it accepts the post.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import json
import math
import re
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import structlog

from bot.config import Settings
from bot.feeds.client import Client
from bot.model import Command, Destination, Feed, Limits, Post, Rate
from bot.outbox import Outbox
from bot.pacing import Pacer
from bot.poller import Poller
from bot.poller.loop import LONGEST_NAP
from bot.ports import Answerer
from bot.series.catalog import load_catalog
from storage import open_store
from tools.bench.newsstand import newsstand

FEEDS, HOSTS = 40, 8
APART = timedelta(seconds=0.23)  # between two checks: what the one before left behind is over
PATIENCE = timedelta(seconds=1)  # for the last post of a round
NAP = timedelta(seconds=LONGEST_NAP)  # by then the poller has seen when the next check is due
GOAL = 0.015  # seconds, for 95 of 100
SERIES = "wec"


def clock() -> datetime:
    return datetime.now(UTC)


class Platform:
    """Accepts everything at once, and notes when."""

    name = "bench"
    limits = Limits(text=4000, title=256, can_cover=True)

    def __init__(self) -> None:
        self.accepted: asyncio.Queue[tuple[float, Post]] = asyncio.Queue()

    async def run(self, menu: Sequence[Command], answer: Answerer) -> None:  # noqa: ARG002 (the port)
        await asyncio.Event().wait()

    async def ready(self) -> None:
        return

    async def send(self, to: Destination, post: Post, *, key: str) -> str:  # noqa: ARG002
        self.accepted.put_nowait((time.monotonic(), post))
        return key

    async def edit(self, to: Destination, message_id: str, post: Post) -> None:  # noqa: ARG002
        return

    async def find(self, to: Destination, post: Post, *, key: str, since: datetime) -> str | None:  # noqa: ARG002
        return None

    def rates(self, to: Destination) -> dict[str, Rate]:  # noqa: ARG002
        return {}

    async def check(self) -> str:
        return "accepts everything"

    async def close(self) -> None:
        return


async def measured(urls: list[str], rounds: int) -> list[float]:
    """Seconds of each new entry that has a post of its own: each feed has one when its next check is due."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    settings = Settings.model_validate(
        {"http": {"allow_networks": ["127.0.0.0/8"]}, "poll": {"host_gap": 0, "pages": False}}
    )
    catalog, platform, took = load_catalog(), Platform(), []
    with tempfile.TemporaryDirectory() as folder:
        store = await open_store(f"sqlite:///{Path(folder) / 'bench.sqlite3'}", clock=clock)
        feeds = [
            Feed(url=url, outlet=f"Outlet {n}", series=(SERIES,), next_check_at=clock())
            for n, url in enumerate(urls)
        ]
        await store.sync_feeds(feeds, now=clock())
        place = await store.ensure_destination(
            Destination(adapter=platform.name, address="1", space="1", title="#news", created_at=clock())
        )
        topics = [f"series:{slug}" for slug in catalog.series]
        await store.follow(place.id, topics, now=clock(), by="bench")
        outbox = Outbox(
            store,
            {platform.name: platform},
            {platform.name: Pacer(platform.name)},
            catalog,
            clock,
            settings.delivery,
        )
        stop = asyncio.Event()
        async with (
            contextlib.AsyncExitStack() as closing,
            Client(settings.http, settings.poll, clock) as client,
            aiohttp.ClientSession() as session,
        ):
            closing.push_async_callback(store.close)  # its threads would keep a run alive that failed
            poller = Poller(store, client, catalog, clock, settings)
            await poller.poll_due()
            working = [asyncio.create_task(part.run(stop)) for part in (poller, outbox)]
            gc.collect()
            gc.freeze()  # as the app does when it has started

            for _ in range(rounds):
                async with session.get(urls[0].rsplit("/", 1)[0] + "/turn"):
                    pass
                began = clock() + NAP
                planned = [
                    replace(feed, next_check_at=began + number * APART)
                    for number, feed in enumerate(await store.feeds())
                ]
                await store.save_feeds(planned)
                await asyncio.sleep((planned[-1].next_check_at - clock() + PATIENCE).total_seconds())
                while not platform.accepted.empty():
                    accepted_at, post = platform.accepted.get_nowait()
                    async with session.get(f"{urls[_feed_of(post)]}/sent") as answer:
                        took.append(accepted_at - json.loads(await answer.text()))
            stop.set()
            await asyncio.wait(working)
    return took


def _feed_of(post: Post) -> int:
    """The number of the feed whose entry was posted: its outlet lives at outlet12.example."""
    found = re.match(r"https://outlet(\d+)\.", post.url or "")
    assert found is not None
    return int(found[1])


def main() -> int:
    """Measure and print; 1 when the goal is missed."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=3)
    chosen = arguments.parse_args()
    with newsstand(FEEDS, HOSTS) as urls:
        took = sorted(asyncio.run(measured(urls, chosen.rounds)))
    late = took[math.ceil(0.95 * len(took)) - 1]
    met = late <= GOAL
    print(f"Last byte of a feed to its accepted post, {len(took)} new entries, milliseconds")
    print(f"  median {statistics.median(took) * 1000:.1f} · longest {took[-1] * 1000:.1f}")
    print(
        f"  {'ok    ' if met else 'MISSED'} 95 of 100 within {late * 1000:.1f} (goal: at most {GOAL * 1000:.0f})"
    )
    return 0 if met else 1


if __name__ == "__main__":
    raise SystemExit(main())
