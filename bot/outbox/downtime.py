"""After hours of downtime a channel gets the newest stories and one digest, not a flood."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import datetime, timedelta

import structlog

from bot.errors import StorageError
from bot.ports import Clock, Storage
from bot.posts.schedule import ScheduleKind, schedule_of
from bot.posts.spoilers import may_delay
from bot.waits import first_of

log = structlog.get_logger()

LONG = timedelta(hours=1)  # shorter downtimes are made up for story by story
FIRST_ROUND = 120.0  # seconds that the outlets get to tell what happened meanwhile, before anything is folded
LOOK = 1.0
BEAT = 60.0

ALIVE = "outbox.alive_at"


class Downtime:
    """Remembers when the outbox last worked, and folds what piled up while it did not."""

    def __init__(self, storage: Storage, clock: Clock, *, keep: int) -> None:
        self._storage, self._clock, self._keep = storage, clock, keep

    async def catch_up(self, stop: asyncio.Event) -> int:
        """After a long downtime, wait for the outlets' news of it and fold what is too much; return how much."""
        now = self._clock()
        told = await self._storage.recall(ALIVE)
        alive_at = datetime.fromisoformat(told) if told else None
        if alive_at is None or now - alive_at < LONG:
            return 0
        log.info("catching up", down_since=alive_at.isoformat())
        await self._first_round(now, stop)
        places = await self._storage.destinations()
        folded = await self._storage.fold_backlog(
            now=self._clock(),
            keep=self._keep,
            older_than=timedelta(),
            spare=[one.id for one in places if schedule_of(one.preferences).kind is not ScheduleKind.NOW],
            spare_results=[one.id for one in places if may_delay(one.preferences)],
        )
        log.info("backlog folded", deliveries=folded)
        return folded

    async def run(self, stop: asyncio.Event) -> None:
        """Note every minute that the outbox works, until `stop`."""
        while True:
            with contextlib.suppress(StorageError):
                await self._storage.remember(ALIVE, self._clock().isoformat())
            if stop.is_set():
                return
            await first_of(stop.wait(), seconds=BEAT)

    async def _first_round(self, since: datetime, stop: asyncio.Event) -> None:
        """Wait until every feed that was due has been asked."""
        loop = asyncio.get_running_loop()
        end = loop.time() + FIRST_ROUND
        while loop.time() < end and not stop.is_set():
            next_at = await self._storage.next_feed_at()
            if next_at is None or next_at > since:
                return
            await first_of(stop.wait(), seconds=LOOK)
