"""`pitwire demo`: the whole bot against an invented newsroom on loopback, in a temporary folder."""

from __future__ import annotations

import asyncio
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import SecretStr

from bot.ports import Storage
from bot.waits import first_of

if TYPE_CHECKING:
    from bot.config import Settings
    from bot.demo.newsroom import Newsroom

BEAT = 3.0  # seconds between two steps of the weekend; with --once it is played quickly
QUICK_BEAT = 0.12
QUICK_POLL = 0.2
SOON = timedelta(seconds=2)
LONGEST_WAIT = 4.0  # seconds for the last posts, with --once
QUIET_CHECK = 0.05


async def play(*, once: bool) -> None:
    """Run Pitwire on the demo weekend until it is over (`once`) or a person ends it."""
    from bot.app import run, utc_now
    from bot.config import LogSettings
    from bot.demo.newsroom import Newsroom
    from bot.log import set_up_logging

    set_up_logging(LogSettings(), quiet=True)
    with tempfile.TemporaryDirectory(prefix="pitwire-demo-") as folder:
        async with Newsroom(utc_now()) as newsroom:
            stop = asyncio.Event()
            settings = _settings(Path(folder), QUICK_POLL if once else 1.0)

            async def weekend(store: Storage) -> None:
                await _first_poll(store, stop)
                await _publish(newsroom, QUICK_BEAT if once else BEAT, stop)
                if once:
                    await _all_told(store, newsroom, stop)
                    stop.set()

            _introduce(once)
            await run(settings, feeds=newsroom.feeds(), stop=stop, ready=weekend)


def _settings(folder: Path, interval: float) -> Settings:
    """Settings of the demo alone: nothing of the environment, `.env` or pitwire.toml."""
    from ipaddress import ip_network

    from bot.config import HttpSettings, PollSettings, default_settings

    return default_settings(
        database_url=SecretStr(f"sqlite:///{folder / 'demo.sqlite3'}"),
        poll=PollSettings(interval=interval, min_interval=interval, host_gap=0, pages=False),
        http=HttpSettings(allow_networks=(ip_network("127.0.0.0/8"),)),
    )


def _introduce(once: bool) -> None:
    from rich.console import Console

    from bot.locale import say

    Console().print(say("en", "cli.demo.once" if once else "cli.demo.start"), style="dim", markup=False)


async def _first_poll(store: Storage, stop: asyncio.Event) -> None:
    """Wait until every feed was read once: what stands in it before is not news."""
    while not stop.is_set() and not all(feed.last_success_at for feed in await store.feeds()):
        await first_of(stop.wait(), seconds=QUIET_CHECK)


async def _publish(newsroom: Newsroom, beat: float, stop: asyncio.Event) -> None:
    for _ in range(newsroom.steps):
        if stop.is_set():
            return
        newsroom.step()
        await first_of(stop.wait(), seconds=beat)


async def _all_told(store: Storage, newsroom: Newsroom, stop: asyncio.Event) -> None:
    """Wait until the last article was read and nothing is owed any more."""
    from bot.app import utc_now

    deadline = utc_now() + timedelta(seconds=LONGEST_WAIT)
    while not stop.is_set() and utc_now() < deadline:
        due_at = await store.next_delivery_at(["console"])
        if newsroom.is_read and (
            due_at is None or due_at > utc_now() + SOON
        ):  # an edit may wait for more changes
            return
        await first_of(stop.wait(), seconds=QUIET_CHECK)
