"""Write outcomes of many senders in one commit: while one is on its way to the disk, the next ones gather."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime

from bot.model import Outcome
from storage import outbox
from storage.database import Database

_MOST = 500  # outcomes a transaction

_Waiting = tuple[Sequence[Outcome], datetime, asyncio.Future[None]]


class Recorder:
    """The group commit of `record`. An outcome handed in is written even if its sender is cancelled meanwhile."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: list[_Waiting] = []
        self._writing: asyncio.Task[None] | None = None

    async def record(self, outcomes: Sequence[Outcome], now: datetime) -> None:
        """Return when these outcomes are durable."""
        if not outcomes:
            return
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((outcomes, now, done))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write(), name="record outcomes")
        await done

    async def close(self) -> None:
        """Write what was handed in."""
        if self._writing is not None:
            await asyncio.wait((self._writing,))

    async def _write(self) -> None:
        while self._waiting:
            group = self._next_group()
            outcomes = [outcome for handed_in, _, _ in group for outcome in handed_in]
            error: BaseException | None = None
            try:
                await self._database.write(outbox.record, outcomes, now=max(now for _, now, _ in group))
            except Exception as failure:  # noqa: BLE001 - each sender gets it
                error = failure
            for _, _, done in group:
                if done.done():
                    continue  # its sender was cancelled
                if error is None:
                    done.set_result(None)
                else:
                    done.set_exception(error)

    def _next_group(self) -> list[_Waiting]:
        group: list[_Waiting] = []
        size = 0
        while self._waiting and (not group or size + len(self._waiting[0][0]) <= _MOST):
            group.append(self._waiting.pop(0))
            size += len(group[-1][0])
        return group
