"""What polling costs, in one run on loopback: `python -m tools.bench.polling`.

CPU time of the polling process, as ratios against the bare GETs of aiohttp, against feedparser on whole documents, and
against the library `reader` where it is installed (`pip install reader`; it is no dependency of Pitwire).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp

from tools.bench.newsstand import document

FEEDS, HOSTS, ENTRIES = 500, 20, 30


class Clock:
    """A clock that is set by hand, so that everything is due when the bench says so."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at


@contextmanager
def newsstand(feeds: int, hosts: int, hours: float = 0) -> Iterator[list[str]]:
    """Run the server in its own process; yields the URLs of its feeds."""
    command = [sys.executable, "-m", "tools.bench.newsstand", str(feeds), str(hosts), str(hours)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout and server.stdin
        ports = json.loads(server.stdout.readline())
        server.stdout.readline()
        try:
            yield [f"http://127.0.0.1:{ports[number % hosts]}/{number}" for number in range(feeds)]
        finally:
            server.stdin.close()


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
        before = time.process_time()
        await asyncio.gather(*(one(session, host) for host in by_host.values()))
        return (time.process_time() - before) * 1000 / len(urls)


async def pitwire(urls: list[str], rounds: int) -> dict[str, float]:
    """CPU milliseconds a feed of whole polls, the store on disk included."""
    import tempfile

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
    result: dict[str, float] = {}
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

            result["first"] = await poll()
            await poll()
            result["unchanged"] = statistics.median([await poll() for _ in range(rounds)])
            await turn(urls)
            result["changed"] = await poll()
        await store.close()
    return result


def feedparser_whole(rounds: int) -> float:
    """CPU milliseconds of feedparser, as it comes, on one whole document."""
    import feedparser

    bodies = [document(feed, 0, ENTRIES) for feed in range(rounds)]
    feedparser.parse(bodies[0])
    before = time.process_time()
    for body in bodies:
        feedparser.parse(body)
    return (time.process_time() - before) * 1000 / rounds


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
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--peer", default=sys.executable, help="a Python that has `reader`")
    chosen = arguments.parse_args()

    with newsstand(chosen.feeds, HOSTS) as urls:
        ours = asyncio.run(pitwire(urls, chosen.rounds))
    with newsstand(chosen.feeds, HOSTS) as urls:
        etags: dict[str, str] = {}
        asyncio.run(bare(urls, etags))
        gets = statistics.median([asyncio.run(bare(urls, etags)) for _ in range(chosen.rounds)])
    with newsstand(chosen.feeds, HOSTS) as urls:
        peer = reader(urls, chosen.peer)
    whole = feedparser_whole(60)

    print(f"CPU a feed ({chosen.feeds} feeds × {ENTRIES} entries, {HOSTS} hosts), milliseconds")
    print(
        f"  first poll {ours['first']:.2f} · unchanged {ours['unchanged']:.3f} · one new entry {ours['changed']:.2f}"
    )
    print(f"  bare GET, 304 {gets:.3f} · feedparser, whole document {whole:.2f}")
    goals = [
        ("unchanged, against the bare GETs", ours["unchanged"] / gets, 1.7, "at most"),
        ("one new entry, against a whole feedparser parse", ours["changed"] / whole, 1 / 8, "at most"),
        (
            "10,000 feeds every 5 minutes, share of a core",
            ours["unchanged"] / 1000 * 10_000 / 300,
            0.08,
            "at most",
        ),
    ]
    if peer is None:
        print("  `reader` is not installed: pip install reader, or name a Python that has it with --peer")
    else:
        print(f"  reader: unchanged {peer['unchanged']:.2f} · one new entry {peer['changed']:.2f}")
        goals += [
            ("unchanged: times cheaper than reader", peer["unchanged"] / ours["unchanged"], 10, "at least"),
            ("one new entry: times cheaper than reader", peer["changed"] / ours["changed"], 8, "at least"),
        ]
    missed = 0
    for name, value, goal, way in goals:
        met = value <= goal if way == "at most" else value >= goal
        missed += not met
        print(f"  {'ok    ' if met else 'MISSED'} {name}: {value:.3f} (goal: {way} {goal:.3f})")
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
