"""What polling costs, in one run on loopback: `python -m tools.bench.polling`.

CPU time of the polling process, as ratios against its rivals (`tools/bench/rivals.py`): the bare GETs of aiohttp,
feedparser on whole documents, and the library `reader`. All ask the same server, turn by turn, and the median of the
ratios counts. A new entry is not only parsed here: it is read, tagged, compared with the stories of three days (15,000
of a small invented vocabulary, the worst case), told and kept; `reader` keeps it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import statistics
import tempfile
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import structlog

from bot.config import Settings
from bot.feeds.client import Client
from bot.model import Feed
from bot.poller import Poller
from bot.series.catalog import load_catalog
from storage import open_store
from tools.bench.newsstand import ENTRIES, newsstand
from tools.bench.rivals import RIVALS, Rival, is_there, rival

FEEDS, HOSTS = 500, 20
CHECKS = 10_000 / 300  # a second: ten thousand feeds every five minutes

Found = dict[str, list[float]]


class Clock:
    """A clock that is set by hand, so that everything is due when the bench says so."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at


async def turn(urls: list[str]) -> None:
    """One new entry in every feed."""
    async with aiohttp.ClientSession() as session, session.get(urls[0].rsplit("/", 1)[0] + "/turn"):
        pass


async def measured(urls: list[str], rounds: int, turns: int, rivals: Mapping[str, Rival]) -> Found:
    """CPU milliseconds a feed: whole polls, the store on disk included, and what each rival takes for the same."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    clock = Clock()
    settings = Settings.model_validate(
        {"http": {"allow_networks": ["127.0.0.0/8"]}, "poll": {"host_gap": 0, "pages": False}}
    )
    found: Found = {
        name: [] for name in ("first", "still", "new", "bare", "whole", "reader still", "reader new")
    }
    with tempfile.TemporaryDirectory() as folder:
        store = await open_store(f"sqlite:///{Path(folder) / 'bench.sqlite3'}", clock=clock)
        feeds = [Feed(url=url, outlet=f"Outlet {n}", next_check_at=clock()) for n, url in enumerate(urls)]
        await store.sync_feeds(feeds, now=clock())
        async with Client(settings.http, settings.poll, clock) as client:
            poller = Poller(store, client, load_catalog(), clock, settings)

            async def poll() -> float:
                clock.at += timedelta(hours=3)
                before = time.process_time()
                assert await poller.poll_due() == len(urls)
                return (time.process_time() - before) * 1000 / len(urls)

            found["first"].append(await poll())
            gc.collect()
            gc.freeze()  # as the app does when it has started
            await poll()
            for other in rivals.values():  # connected, and with everything kept
                other.ask()
            for _ in range(rounds):
                found["bare"].append(rivals["bare"].ask())
                found["still"].append(await poll())
                if "reader" in rivals:
                    found["reader still"].append(rivals["reader"].ask())
            for _ in range(turns):
                await turn(urls)
                found["whole"].append(rivals["whole"].ask())
                found["new"].append(await poll())
                if "reader" in rivals:
                    found["reader new"].append(rivals["reader"].ask())
        await store.close()
    return found


def ratio(ours: list[float], theirs: list[float]) -> float:
    """The median of what each pair gives."""
    return statistics.median(mine / other for mine, other in zip(ours, theirs, strict=True))


def goals(found: Found) -> list[tuple[str, float, str, float]]:
    """What is asked for, what was found, and whether that is the most or the least."""
    asked = [
        ("unchanged, against the bare GETs", ratio(found["still"], found["bare"]), "at most", 1.7),
        (
            "one new entry, against a whole feedparser parse",
            ratio(found["new"], found["whole"]),
            "at most",
            1 / 8,
        ),
        (
            "10,000 feeds every 5 minutes, share of a core",
            statistics.median(found["still"]) / 1000 * CHECKS,
            "at most",
            0.08,
        ),
    ]
    if found["reader new"]:
        asked += [
            (
                "unchanged: times cheaper than reader",
                ratio(found["reader still"], found["still"]),
                "at least",
                10,
            ),
            (
                "one new entry: times cheaper than reader",
                ratio(found["reader new"], found["new"]),
                "at least",
                8,
            ),
        ]
    return asked


def main() -> int:
    """Measure and print; 1 when a goal is missed."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--feeds", type=int, default=FEEDS)
    arguments.add_argument("--rounds", type=int, default=7)
    arguments.add_argument("--turns", type=int, default=3, help="rounds with one new entry in every feed")
    chosen = arguments.parse_args()

    with newsstand(chosen.feeds, HOSTS) as urls, contextlib.ExitStack() as stack:
        rivals = {name: stack.enter_context(rival(name, urls)) for name in RIVALS if is_there(name)}
        found = asyncio.run(measured(urls, chosen.rounds, chosen.turns, rivals))

    print(f"CPU a feed ({chosen.feeds} feeds × {ENTRIES} entries, {HOSTS} hosts), milliseconds")
    middle = {name: statistics.median(values) for name, values in found.items() if values}
    print("  " + " · ".join(f"{name} {value:.3f}" for name, value in middle.items()))
    missed = 0
    for name, value, way, goal in goals(found):
        met = value <= goal if way == "at most" else value >= goal
        missed += not met
        print(f"  {'ok    ' if met else 'MISSED'} {name}: {value:.3f} (goal: {way} {goal:.3f})")
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
