"""What polling costs, in one run on loopback: `python -m tools.bench.polling`.

CPU time of the polling process, as ratios against the bare GETs of aiohttp, against feedparser on whole documents, and
against the library `reader` where it is installed (`pip install reader`; it is no dependency of Pitwire). Rounds are
paired: what is compared with takes turns with Pitwire, in a process of its own, and the median of the ratios counts.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp

from tools.bench.newsstand import document, newsstand

FEEDS, HOSTS, ENTRIES = 500, 20, 30


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


async def bare(urls: list[str], etags: dict[str, str]) -> float:
    """CPU milliseconds a feed of nothing but the conditional GETs, as politely as Pitwire: one at a time a host."""
    by_host: dict[str, list[str]] = {}
    for url in urls:
        by_host.setdefault(url.rsplit("/", 1)[0], []).append(url)

    async def one(session: aiohttp.ClientSession, host: list[str]) -> None:
        for url in host:
            headers = {"If-None-Match": etags[url]} if url in etags else {}
            async with session.get(url, headers=headers) as answer:
                await answer.read()
                etags[url] = answer.headers["ETag"]

    async with aiohttp.ClientSession() as session:
        for host in by_host.values():
            await one(session, host[:1])  # connections are kept by both
        before = time.process_time()
        await asyncio.gather(*(one(session, host) for host in by_host.values()))
        return (time.process_time() - before) * 1000 / len(urls)


def whole(first: int, count: int) -> float:
    """CPU milliseconds of feedparser, as it comes, on one whole document."""
    import feedparser

    bodies = [document(feed, 0, ENTRIES) for feed in range(first, first + count)]
    before = time.process_time()
    for body in bodies:
        feedparser.parse(body)
    return (time.process_time() - before) * 1000 / count


class Rival:
    """What polling is compared with, in a process of its own, measured when asked."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tools.bench.polling", "--rival"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> Rival:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def ask(self, what: str, urls: list[str] | None = None) -> float:
        """Milliseconds of CPU a feed."""
        assert self._process.stdin and self._process.stdout
        print(json.dumps([what, urls]), file=self._process.stdin, flush=True)
        return float(self._process.stdout.readline())

    @staticmethod
    def serve() -> None:
        """Be that process."""
        etags: dict[str, str] = {}
        whole(0, 1)
        for number, line in enumerate(sys.stdin):
            what, urls = json.loads(line)
            print(asyncio.run(bare(urls, etags)) if what == "bare" else whole(number * 40, 40), flush=True)


async def pitwire(urls: list[str], rounds: int, turns: int) -> dict[str, list[float]]:
    """CPU milliseconds a feed of whole polls, the store on disk included, beside its rival's."""
    import structlog

    from bot.config import Settings
    from bot.feeds.client import Client
    from bot.model import Feed
    from bot.poller import Poller
    from bot.series.catalog import load_catalog
    from storage import open_store

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    clock = Clock()
    settings = Settings.model_validate(
        {"http": {"allow_networks": ["127.0.0.0/8"]}, "poll": {"host_gap": 0, "pages": False}}
    )
    found: dict[str, list[float]] = {"first": [], "unchanged": [], "bare": [], "changed": [], "whole": []}
    with tempfile.TemporaryDirectory() as folder, Rival() as rival:
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
            rival.ask("bare", urls)
            gc.collect()
            gc.freeze()  # as the app does when it has started
            await poll()
            for _ in range(rounds):
                found["bare"].append(rival.ask("bare", urls))
                found["unchanged"].append(await poll())
            for _ in range(turns):
                await turn(urls)
                found["whole"].append(rival.ask("whole"))
                found["changed"].append(await poll())
        await store.close()
    return found


def ratio(ours: list[float], theirs: list[float]) -> float:
    """The median of what each pair gives."""
    return statistics.median(mine / other for mine, other in zip(ours, theirs, strict=True))


PEER = """
import json, sys, time, tempfile, os
from reader import make_reader
urls = json.loads(sys.argv[1]); base = urls[0].rsplit("/", 1)[0]
with tempfile.TemporaryDirectory() as folder:
    reader = make_reader(os.path.join(folder, "peer.sqlite"))
    for url in urls: reader.add_feed(url)
    def update():
        before = time.process_time(); reader.update_feeds(scheduled=False); return (time.process_time() - before) * 1000 / len(urls)
    result = {"first": update(), "unchanged": update()}
    import urllib.request; urllib.request.urlopen(base + "/turn")
    result["changed"] = update()
print(json.dumps(result))
"""


def reader(urls: list[str], python: str) -> dict[str, float] | None:
    """The same by the library `reader`, in a process of its own; None where it is not installed."""
    done = subprocess.run([python, "-c", PEER, json.dumps(urls)], capture_output=True, text=True, check=False)
    if done.returncode:
        return None
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> int:
    """Measure and print; 1 when a goal is missed."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--feeds", type=int, default=FEEDS)
    arguments.add_argument("--rounds", type=int, default=7)
    arguments.add_argument("--turns", type=int, default=3, help="rounds with one new entry in every feed")
    arguments.add_argument("--rival", action="store_true", help=argparse.SUPPRESS)
    arguments.add_argument("--peer", default=sys.executable, help="a Python that has `reader`")
    chosen = arguments.parse_args()

    if chosen.rival:
        Rival.serve()
        return 0

    with newsstand(chosen.feeds, HOSTS) as urls:
        found = asyncio.run(pitwire(urls, chosen.rounds, chosen.turns))
    with newsstand(chosen.feeds, HOSTS) as urls:
        peer = reader(urls, chosen.peer)
    middle = {name: statistics.median(values) for name, values in found.items()}

    print(f"CPU a feed ({chosen.feeds} feeds × {ENTRIES} entries, {HOSTS} hosts), milliseconds")
    print(
        f"  first poll {middle['first']:.2f} · unchanged {middle['unchanged']:.3f} · one new entry {middle['changed']:.2f}"
    )
    print(f"  bare GET, 304 {middle['bare']:.3f} · feedparser, whole document {middle['whole']:.2f}")
    goals = [
        ("unchanged, against the bare GETs", ratio(found["unchanged"], found["bare"]), 1.7, "at most"),
        (
            "one new entry, against a whole feedparser parse",
            ratio(found["changed"], found["whole"]),
            1 / 8,
            "at most",
        ),
        (
            "10,000 feeds every 5 minutes, share of a core",
            middle["unchanged"] / 1000 * 10_000 / 300,
            0.08,
            "at most",
        ),
    ]
    if peer is None:
        print("  `reader` is not installed: pip install reader, or name a Python that has it with --peer")
    else:
        print(f"  reader: unchanged {peer['unchanged']:.2f} · one new entry {peer['changed']:.2f}")
        goals += [
            ("unchanged: times cheaper than reader", peer["unchanged"] / middle["unchanged"], 10, "at least"),
            ("one new entry: times cheaper than reader", peer["changed"] / middle["changed"], 8, "at least"),
        ]
    missed = 0
    for name, value, goal, way in goals:
        met = value <= goal if way == "at most" else value >= goal
        missed += not met
        print(f"  {'ok    ' if met else 'MISSED'} {name}: {value:.3f} (goal: {way} {goal:.3f})")
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
