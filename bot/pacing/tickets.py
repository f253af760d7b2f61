"""How do several processes share the limit of one token? By places in one schedule, kept in the store."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from bot.errors import StorageError

log = structlog.get_logger()

AHEAD = 3  # places taken ahead of time: hides the store's answer time, and wastes little when nobody comes
STALE = 0.1  # seconds: a place not used by then is another process's time


class SharedSchedule(Protocol):
    """The part of `bot.ports.Storage` that this needs."""

    async def reserve(self, bucket: str, gap: timedelta, *, now: datetime) -> datetime: ...


class Tickets:
    """Places in the common schedule, taken while somebody here is ready to send."""

    def __init__(
        self,
        bucket: str,
        store: SharedSchedule,
        clock: Callable[[], datetime],
        now: Callable[[], float],
        arrived: Callable[[], None],
    ) -> None:
        self._bucket, self._store, self._clock, self._now, self._arrived = bucket, store, clock, now, arrived
        self._places: deque[float] = deque()
        self._last = float("-inf")
        self._reserving: asyncio.Task[None] | None = None

    def next_at(self, wanted: int, gap: float) -> float:
        """When the next place is; asks the store for more when fewer are in hand than wanted."""
        while self._places and self._places[0] < self._now() - STALE:
            self._places.popleft()
        if self._reserving is None and len(self._places) < min(wanted, AHEAD):
            self._reserving = asyncio.create_task(self._reserve(gap), name=f"{self._bucket} reserve")
        return self._places[0] if self._places else float("inf")

    def use(self) -> None:
        self._places.popleft()

    async def _reserve(self, gap: float) -> None:
        try:
            now = self._clock()
            at = await self._store.reserve(self._bucket, timedelta(seconds=gap), now=now)
            place = self._now() + (at - self._clock()).total_seconds()
        except StorageError as error:
            # Nothing can be claimed now either; what is in hand, and answers, go on at our own pace.
            log.warning("shared schedule out of reach", pacer=self._bucket, reason=str(error))
            place = max(self._now(), self._last) + gap
        finally:
            self._reserving = None
        self._last = place
        self._places.append(place)
        self._arrived()
