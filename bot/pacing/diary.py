"""What would a restart forget that the platform still counts? Answers of the last minute, and how long to wait.

Posts need no diary: when they were sent stands with the deliveries (`bot.outbox.recollection`).
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Protocol

import structlog

from bot.errors import StorageError
from bot.model import Rate
from bot.pacing.bucket import ALL

log = structlog.get_logger()

REACH = 60.0  # seconds: no limit looks farther back
MOST = 500  # answers
NOT_HELD = (float("-inf"), 0.0)
TOGETHER = 0.2  # seconds: what comes meanwhile is written together


class Memory(Protocol):
    """The part of `bot.ports.Storage` that this needs."""

    async def remember(self, key: str, value: str) -> None: ...
    async def recall(self, key: str) -> str | None: ...


class Diary:
    """Of one platform. Told in seconds of the loop, kept in time of day: the loop's clock begins anew with each process."""

    def __init__(
        self, name: str, memory: Memory, clock: Callable[[], datetime], now: Callable[[], float]
    ) -> None:
        self._key, self._memory, self._clock, self._now = f"pacing.{name}", memory, clock, now
        self._answers: deque[tuple[str, float]] = deque(maxlen=MOST)
        self._holds: dict[str, tuple[float, float]] = {}  # until when, and how long that was
        self._is_written = True
        self._writing: asyncio.Task[None] | None = None
        self._reading: asyncio.Task[None] | None = None

    async def read(self) -> None:
        """Take up what the process before wrote; whoever comes meanwhile waits for it."""
        if self._reading is None:
            self._reading = asyncio.create_task(self._read(), name=f"{self._key} read")
        if not self._reading.done():
            await asyncio.shield(self._reading)

    def answered_at(self, bucket: str) -> Sequence[float]:
        """When somebody was answered out of this bucket."""
        return [at for name, at in self._answers if name == bucket]

    def held_until(self, bucket: str) -> float:
        return self._holds.get(bucket, NOT_HELD)[0]

    def answer(self, buckets: Mapping[str, Rate]) -> None:
        """Note that one goes now that is no delivery."""
        lasting = [name for name, rate in buckets.items() if rate.count > 1 and name != ALL]
        self._answers.extend((name, self._now()) for name in lasting)
        if lasting:
            self._write_soon()

    def hold(self, bucket: str, seconds: float) -> None:
        """Note that the platform wants nothing more for so long."""
        self._holds[bucket] = max(self._holds.get(bucket, NOT_HELD), (self._now() + seconds, seconds))
        self._write_soon()

    async def _read(self) -> None:
        try:
            kept = json.loads(await self._memory.recall(self._key) or "{}")
        except StorageError as error:  # a refusal that comes of it is obeyed
            log.warning("limits of before not known", pacer=self._key, reason=str(error))
            return
        away = self._clock().timestamp() - self._now()
        with suppress(KeyError, TypeError, ValueError):  # another version wrote it
            answers = [(str(name), float(at) - away) for name, at in kept["answers"]]
            holds = {str(name): (float(until) - away, float(span)) for name, (until, span) in kept["holds"]}
            now = self._now()  # what a clock that went back puts into the future is counted from here on
            self._answers.extendleft((name, min(at, now)) for name, at in reversed(answers))
            for name, (until, span) in holds.items():
                self._holds.setdefault(name, (min(until, now + span), span))

    def _write_soon(self) -> None:
        self._is_written = False
        if self._writing is None:
            self._writing = asyncio.create_task(self._write(), name=f"{self._key} write")

    async def _write(self) -> None:
        """Write at once, and then together what comes within a moment."""
        try:
            while not self._is_written:
                self._is_written = True
                with suppress(StorageError):  # it is written with the next
                    await self._memory.remember(self._key, self._told())
                await asyncio.sleep(TOGETHER)
        finally:
            self._writing = None

    def _told(self) -> str:
        now = self._now()
        away = self._clock().timestamp() - now
        while self._answers and self._answers[0][1] < now - REACH:
            self._answers.popleft()
        self._holds = {name: hold for name, hold in self._holds.items() if hold[0] > now}
        told = {
            "answers": [(name, round(at + away, 2)) for name, at in self._answers],
            "holds": [(name, (round(until + away, 2), span)) for name, (until, span) in self._holds.items()],
        }
        return json.dumps(told)
