"""Writes down what was done, until it is written: whatever is in hand together in one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog

from bot.errors import StorageError
from bot.metrics import Health
from bot.model import Outcome
from bot.ports import Clock, Storage

log = structlog.get_logger()

PART = "outbox records"
RETRY = (0.2, 1.0, 2.0, 5.0)  # seconds between two tries, the last one again and again
MOST_AT_ONCE = 500


class Ledger:
    """The only way from a sender to the store. While it cannot write, nobody posts: `is_open` says so.

    Writing goes on in a task of its own: a sender that is cancelled has still sent what it sent.
    """

    def __init__(self, storage: Storage, clock: Clock, health: Health) -> None:
        self._storage, self._clock, self._health = storage, clock, health
        self._pending: list[tuple[Outcome, asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None
        self.is_open = True

    @property
    def pending(self) -> int:
        """How many outcomes are not written yet."""
        return len(self._pending)

    async def write(self, outcome: Outcome) -> None:
        """Return when it is written. A cancelled caller's outcome is written all the same."""
        await asyncio.shield(self.add(outcome))

    def add(self, outcome: Outcome) -> asyncio.Future[None]:
        """Have it written as soon as possible."""
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._pending.append((outcome, written))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_all(), name="outbox ledger")
        return written

    async def close(self, seconds: float) -> None:
        """Give what is left a last chance."""
        if self._writing is not None:
            await asyncio.wait({self._writing}, timeout=seconds)
        if self._writing is not None:
            self._writing.cancel()
            log.error(
                "not written down", deliveries=[outcome.delivery_id for outcome, _ in self._pending][:50]
            )

    async def _write_all(self) -> None:
        try:
            failures = 0
            while self._pending:
                batch = self._pending[:MOST_AT_ONCE]
                trouble = await self._record([outcome for outcome, _ in batch])
                if trouble is not None:
                    self._shut(trouble, is_first=not failures)
                    await asyncio.sleep(RETRY[min(failures, len(RETRY) - 1)])
                    failures += 1
                    continue
                del self._pending[: len(batch)]
                failures = 0
                self._reopen()
                for _, written in batch:
                    if not written.done():
                        written.set_result(None)
        finally:
            self._writing = None

    async def _record(self, outcomes: Sequence[Outcome]) -> str | None:
        """Write; what is wrong, if it could not be done."""
        try:
            await self._storage.record(outcomes, now=self._clock())
        except StorageError as error:
            return str(error) or "the store cannot be written"
        except Exception:  # an outcome that no store understands must not stop all others
            log.exception(
                "outcome not understood", deliveries=[outcome.delivery_id for outcome in outcomes][:50]
            )
            if len(outcomes) == 1:
                return None
            results = [await self._record([outcome]) for outcome in outcomes]
            return next((trouble for trouble in results if trouble is not None), None)
        return None

    def _shut(self, trouble: str, *, is_first: bool) -> None:
        self.is_open = False
        self._health.report(PART, trouble)
        if is_first:
            log.error("posting stops: the store cannot be written", reason=trouble, waiting=self.pending)

    def _reopen(self) -> None:
        if not self.is_open:
            log.warning("posting goes on: the store can be written again")
        self.is_open = True
        self._health.report(PART, None)
