"""Looks at what no part reports by itself: the event loop's punctuality and the store."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from datetime import timedelta

from bot.errors import StorageError
from bot.metrics import Health, Metrics
from bot.ports import Clock, Storage

LOOP = "event loop"
LOOP_HANGS = timedelta(seconds=10)
BEAT = 1.0  # seconds
LOOK = 10.0  # seconds between two looks at the store
STORE_ANSWERS = 10.0  # seconds
FRESH = 1.0  # seconds that numbers read from the store are good for


class Watch:
    """Runs on the main event loop as long as the door is open."""

    def __init__(self, store: Storage, health: Health, metrics: Metrics, clock: Clock) -> None:
        self._store, self._health, self._metrics, self._clock = store, health, metrics, clock
        self._refreshed = float("-inf")

    async def beat(self) -> None:
        """Show that the event loop turns."""
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            self._health.beat(LOOP, LOOP_HANGS)
            await asyncio.sleep(BEAT)
            self._metrics.loop_delay(loop.time() - began - BEAT)

    async def look(self) -> None:
        """Try whether the store can be written."""
        while True:
            try:
                async with asyncio.timeout(STORE_ANSWERS):
                    await self._store.check_writable()
                trouble = None
            except (StorageError, TimeoutError) as error:
                trouble = str(error) or "the store does not answer"
            self._health.report("store", trouble)
            self._metrics.writable(trouble is None)
            await asyncio.sleep(LOOK)

    async def refresh(self) -> None:
        """Bring the numbers up to date that are read from the store."""
        loop = asyncio.get_running_loop()
        if loop.time() - self._refreshed < FRESH:
            return
        self._refreshed = loop.time()
        with contextlib.suppress(StorageError):
            now = self._clock()
            self._metrics.queue(
                await self._store.counts(now=now), await self._store.oldest_owed_at(now=now), now
            )
            feeds = await self._store.feeds()
            states = Counter(str(feed.state) for feed in feeds)
            failing = sum(bool(feed.error_count) for feed in feeds)
            self._metrics.feeds({"active": 0, "paused": 0, "gone": 0, **states, "failing": failing})
