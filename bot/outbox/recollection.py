"""What did the process before say here a moment ago? The platform still counts it."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import timedelta

from bot.errors import StorageError
from bot.model import Destination
from bot.pacing import ALL, Pacer
from bot.ports import Adapter, Clock, Storage

PARTS = 3  # of a window: how exactly the ages of what was sent are known


class Recollection:
    """Tells the pacer, as long as a window of the platform reaches back to before the start of this process."""

    def __init__(self, storage: Storage, adapter: Adapter, pace: Pacer, clock: Clock) -> None:
        self._storage, self._adapter, self._pace, self._clock = storage, adapter, pace, clock
        self._began: float | None = None
        self._known: set[int] = set()

    async def of(self, destination: Destination) -> None:
        """Look once at a place, while that matters."""
        if destination.id in self._known:
            return
        rates = self._adapter.rates(destination)
        spans = [rate.per for name, rate in rates.items() if name != ALL and rate.count > 1]
        span = max(spans, default=timedelta())
        now = asyncio.get_running_loop().time()
        if self._began is None:
            self._began = now
        if now - self._began >= span.total_seconds():
            return
        self._known.add(destination.id)
        with contextlib.suppress(StorageError):  # a refusal that comes of it is obeyed
            await self._pace.recollect(rates, await self._ages(destination, span))

    async def _ages(self, destination: Destination, span: timedelta) -> list[float]:
        """How long ago each was sent, rather too young than too old; one more may have been on its way."""
        ages: list[float] = []
        now = self._clock()
        for part in range(PARTS):
            sent = await self._storage.sent_since(destination.id, now - span * (part + 1) / PARTS)
            ages += [span.total_seconds() * part / PARTS] * (sent - len(ages))
        return [0.0, *ages] if ages else ages
