"""What a running Pitwire occupies, and how soon it asks its first feed: `python -m tools.bench.memory [--full]`.

`pitwire run` as it is started by hand, both platforms connected (to the loopback servers of the tests), with one feed of
the newsstand and with 1,000; with --full 10,000. Resident memory is what `ps` calls RSS, shared libraries included: once
everything was read and has settled (freed memory is given back once a minute), and the most there was until then.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from tests.loopback.discord import TOKEN as DISCORD_TOKEN
from tests.loopback.discord import discord_server
from tests.loopback.telegram import TOKEN as TELEGRAM_TOKEN
from tests.loopback.telegram import BotApi
from tools.bench.newsstand import newsstand
from tools.bench.polling import turn

HOSTS = 100
# Entries of a feed, and hours between two of them. Ten times the feeds bring no ten times the news: those that come after
# the first thousand are the quiet ones, and the same number of stories is remembered.
NEWS = {1_000: (30, 6.0), 10_000: (6, 60.0)}
GOALS = {1_000: 90.0, 10_000: 105.0}  # MB
COLD_START = 0.8  # seconds
STARTS = 5
TURNS = 3
SETTLING = 65.0  # seconds after the last poll that counts: by then, what was freed has been given back
NEW_ENTRIES = 2.0  # seconds after a turn
PATIENCE = 1800.0
MB = 1024 * 1024

# Polls follow each other as closely as they may, so that the measurement ends in minutes.
HASTE = {
    "PITWIRE_HTTP__ALLOW_NETWORKS": '["127.0.0.0/8"]',
    "PITWIRE_POLL__HOST_GAP": "0",
    "PITWIRE_POLL__INTERVAL": "15",
    "PITWIRE_POLL__MIN_INTERVAL": "5",
}


@dataclass(frozen=True, slots=True)
class Occupied:
    """The memory of a process, in MB: resident, its share of what others map too, its alone, and the most it had."""

    rss: float
    pss: float
    uss: float
    most: float


def occupied(pid: int) -> Occupied:
    """Read what the kernel counts."""
    found: dict[str, int] = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]:
        name, value = line.split(":")
        found[name] = int(value.split()[0]) * 1024
    own = found["Private_Clean"] + found["Private_Dirty"]
    status = Path(f"/proc/{pid}/status").read_text()
    most = int(status.split("VmHWM:")[1].split()[0]) * 1024
    return Occupied(found["Rss"] / MB, found["Pss"] / MB, own / MB, most / MB)


@contextlib.asynccontextmanager
async def platforms() -> AsyncIterator[Mapping[str, str]]:
    """Both platforms on loopback; yields the settings that lead there."""
    async with discord_server() as discord, BotApi() as telegram:
        yield {
            "PITWIRE_DISCORD__TOKEN": DISCORD_TOKEN,
            "PITWIRE_DISCORD__API_URL": f"{discord.url}/api/v10",
            "PITWIRE_TELEGRAM__TOKEN": TELEGRAM_TOKEN,
            "PITWIRE_TELEGRAM__API_URL": telegram.url,
        }


@contextlib.contextmanager
def pitwire(urls: Sequence[str], settings: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run it in a folder of its own, with nothing of this environment's settings."""
    with tempfile.TemporaryDirectory(prefix="pitwire-bench-") as folder:
        home = Path(folder)
        feeds = [f'[[feed]]\nurl = "{url}"\noutlet = "Outlet {n}"\n' for n, url in enumerate(urls)]
        (home / "feeds.toml").write_text("\n".join(feeds), encoding="utf-8")
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PITWIRE_")}
        environment |= {
            **HASTE,
            **settings,
            "HOME": folder,
            "PYTHONPATH": str(Path.cwd()),
            "PITWIRE_DATABASE_URL": f"sqlite:///{home / 'bench.sqlite3'}",
            "PITWIRE_FEEDS": str(home / "feeds.toml"),
        }
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # else the compiler is measured, too
        with (home / "log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "bot", "run"], env=environment, cwd=folder, stdout=log, stderr=log
            )
            try:
                yield process
            finally:
                if process.poll() is None:
                    process.send_signal(signal.SIGTERM)
                process.wait(30)
                if process.returncode:
                    print((home / "log").read_text("utf-8", "replace")[-2000:], file=sys.stderr)


async def polled(url: str, times: int) -> None:
    """Wait until every feed was asked so often since the last turn."""
    address = url.rsplit("/", 1)[0] + "/asked"
    async with asyncio.timeout(PATIENCE), aiohttp.ClientSession() as session:
        while True:
            async with session.get(address) as answer:
                if int(await answer.text()) >= times:
                    return
            await asyncio.sleep(0.5)


async def resident(feeds: int, turns: int) -> list[Occupied]:
    """Poll every feed twice and look; then again after each turn, when every feed had one new entry."""
    found: list[Occupied] = []
    entries, hours = NEWS[_size(feeds)]
    with newsstand(feeds, HOSTS, hours, entries) as urls:
        async with platforms() as settings:
            with pitwire(urls, settings) as process:
                await polled(urls[0], 2)
                await asyncio.sleep(SETTLING)
                found.append(occupied(process.pid))
                for _ in range(turns):
                    await turn(urls)
                    await polled(urls[0], 2)
                    await asyncio.sleep(NEW_ENTRIES)
                    found.append(occupied(process.pid))
    return found


def _size(feeds: int) -> int:
    """The installation that so many feeds come nearest to."""
    return min((size for size in GOALS if size >= feeds), default=max(GOALS))


async def cold_start(settings: Mapping[str, str]) -> float:
    """Seconds from the start of the process to the first byte that a feed's server hears."""
    heard = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        heard.set()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        began = time.perf_counter()
        with pitwire([f"http://127.0.0.1:{port}/0"], settings):
            async with asyncio.timeout(60):
                await heard.wait()
            return time.perf_counter() - began


async def starts(times: int) -> list[float]:
    """Several cold starts; the first one compiles and warms the disk, and does not count."""
    async with platforms() as settings:
        return [await cold_start(settings) for _ in range(times + 1)][1:]


def main() -> int:
    """Measure and print; 1 when a goal is missed."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--full", action="store_true", help="10,000 feeds as well")
    arguments.add_argument("--turns", type=int, default=TURNS)
    arguments.add_argument("--starts", type=int, default=STARTS)
    arguments.add_argument("--feeds", type=int, help="so many feeds only")
    chosen = arguments.parse_args()

    missed = 0

    def told(name: str, value: float, goal: float, unit: str) -> None:
        nonlocal missed
        missed += value > goal
        print(
            f"  {'MISSED' if value > goal else 'ok    '} {name}: {value:.2f} {unit} (goal: at most {goal:g})"
        )

    if chosen.starts:
        seconds = asyncio.run(starts(chosen.starts))
        print("start to first request: " + " ".join(f"{value:.2f}" for value in seconds) + " s", flush=True)
        told("cold start, median", statistics.median(seconds), COLD_START, "s")
    for feeds in [chosen.feeds] if chosen.feeds else [1, 1_000, 10_000][: 2 + chosen.full]:
        found = asyncio.run(resident(feeds, chosen.turns if feeds == 1_000 else 0))
        for number, at in enumerate(found):
            when = f"{number} new entries each" if number else f"{feeds:,} feeds polled twice"
            print(
                f"  {when}: RSS {at.rss:.1f} · PSS {at.pss:.1f} · USS {at.uss:.1f} · most {at.most:.1f} MB",
                flush=True,
            )
        told(f"resident with {feeds:,} feeds", found[0].rss, GOALS[_size(feeds)], "MB")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
