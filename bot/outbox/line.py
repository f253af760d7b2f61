"""The deliveries of one platform: a pool of senders that refills, and a watch over them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine, Sequence
from datetime import timedelta
from typing import Any

import structlog

from bot.errors import StorageError
from bot.model import Claim
from bot.outbox.rules import LEASE
from bot.outbox.sender import Hand, Phase, Sender, Tools
from bot.outbox.weather import Weather
from bot.ports import Adapter
from bot.waits import ended

log = structlog.get_logger()

GRACE = 7.0  # seconds: for sends in flight, once the process is asked to stop
FAREWELL = 0.5  # seconds: for senders to say how far they had come
BREATH = 0.05  # seconds between two claims: senders that finish meanwhile are replaced together
LOOK_AGAIN = 15.0  # seconds: without any hint, the table is looked at
OUTAGE_LIMIT, OUTAGE_BREATH = 2, 1.0  # while nothing gets through
STORE_RETRY = 2.0
WATCH = 5.0
LEFT_ALONE = 10.0  # seconds past its lease after which a sender that does not end is replaced
BEAT_WITHIN = timedelta(seconds=90)


class Line:
    """Claims what is due for one adapter and hands it to senders, as many at once as the settings say."""

    def __init__(self, adapter: Adapter, sender: Sender, weather: Weather, tools: Tools) -> None:
        self._adapter, self._sender, self._weather = adapter, sender, weather
        self._storage, self._clock, self._room = tools.storage, tools.clock, tools.settings.senders
        self._ledger, self._health, self._metrics = tools.ledger, tools.health, tools.metrics
        self._at_work: dict[asyncio.Task[None], Hand] = {}
        self._left_alone: set[asyncio.Task[None]] = set()
        self._hint = asyncio.Event()  # something may have become due, or a sender is free

    @property
    def name(self) -> str:
        return self._adapter.name

    def wake(self) -> None:
        """Look at the table soon."""
        self._hint.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Deliver until `stop`; then finish what is being sent, and put the rest back."""
        stopping = asyncio.create_task(stop.wait(), name=f"{self.name} stop")
        stopping.add_done_callback(lambda _: self._hint.set())
        watching = asyncio.create_task(self._watch(), name=f"{self.name} watch")
        try:
            await self._until(stopping, self._adapter.ready())
            while not stop.is_set():
                self._health.beat(f"{self.name} outbox", BEAT_WITHIN)
                self._hint.clear()
                rest = await self._fill()
                await self._rest(rest, stopping)
        finally:
            await ended(watching, stopping)
            await self._stop(GRACE if stop.is_set() else 0)
            self._health.rest(f"{self.name} outbox")

    async def deliver_due(self) -> int:
        """Deliver what is due now and wait until it is done; return how many were claimed."""
        claims = await self._claim()
        for claim in claims:
            self._start(claim)
        if self._at_work:
            await asyncio.wait(self._at_work)
        return len(claims)

    # ── claiming ──

    async def _fill(self) -> float:
        """Claim for the senders that are free; return how long to rest unless there is a hint."""
        try:
            claims = await self._claim()
            for claim in claims:
                self._start(claim)
            if len(self._at_work) >= self._room or (claims and not self._weather.is_outage):
                return LOOK_AGAIN  # the next to finish gives the hint
            due_at = await self._storage.next_delivery_at([self.name])
        except StorageError as error:
            self._health.report(f"{self.name} outbox", str(error))
            log.warning("nothing claimed", adapter=self.name, reason=str(error))
            return STORE_RETRY
        self._health.report(f"{self.name} outbox", None)
        if due_at is None:
            return LOOK_AGAIN
        return min(LOOK_AGAIN, max(0.0, (due_at - self._clock()).total_seconds()))

    async def _claim(self) -> Sequence[Claim]:
        limit = self._room - len(self._at_work)
        if self._weather.is_outage:
            limit = min(limit, OUTAGE_LIMIT)
        if limit <= 0 or not self._ledger.is_open:
            return ()
        return await self._storage.claim(
            now=self._clock(), lease=LEASE, limit=limit, adapters=[self.name], per_destination=1
        )

    async def _rest(self, seconds: float, stopping: asyncio.Task[bool]) -> None:
        """Breathe, then wait for a hint in this very task: each task in between would be turns of the loop for news."""
        breath = OUTAGE_BREATH if self._weather.is_outage else BREATH
        await asyncio.wait({stopping}, timeout=breath)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds - breath):
                await self._hint.wait()

    def _start(self, claim: Claim) -> None:
        hand = Hand(claim, asyncio.get_running_loop().time())
        name = f"{self.name} delivery {claim.delivery.id}"
        task = asyncio.create_task(self._sender.deliver(hand), name=name)
        self._at_work[task] = hand
        task.add_done_callback(self._finished)
        self._metrics.in_hand(self.name, len(self._at_work))

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._at_work.pop(task, None)
        self._left_alone.discard(task)
        self._metrics.in_hand(self.name, len(self._at_work))
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("sender failed", adapter=self.name, exc_info=error)
        self._hint.set()

    # ── watching and stopping ──

    async def _watch(self) -> None:
        """Notice senders that are at one delivery for longer than its lease, and replace them."""
        while True:
            await asyncio.sleep(WATCH)
            self.look_after(asyncio.get_running_loop().time())

    def look_after(self, now: float) -> None:
        """End senders that are over time; one that does not end is left alone, and its place given to another."""
        for task, hand in list(self._at_work.items()):
            over = now - hand.since - LEASE.total_seconds()
            if over > LEFT_ALONE:
                log.error("sender stuck, replaced", adapter=self.name, delivery=hand.claim.delivery.id)
                del self._at_work[task]
                self._left_alone.add(task)
                self._hint.set()
            if over > 0:
                task.cancel()
        stuck = len(self._left_alone)
        self._metrics.stuck(self.name, stuck)
        trouble = f"{stuck} stuck for longer than {LEASE.total_seconds():.0f} s" if stuck else None
        self._health.report(f"{self.name} senders", trouble)

    async def _stop(self, grace: float) -> None:
        """Put back what has not left, wait for what has, and then for no one."""
        for task, hand in self._at_work.items():
            if hand.phase is Phase.WAITING and hand.outcome is None:
                task.cancel()
        if self._at_work:
            await asyncio.wait(list(self._at_work), timeout=grace)
        for task in self._at_work:
            task.cancel()
        if self._at_work:
            log.warning("sends broken off", adapter=self.name, deliveries=len(self._at_work))
            await asyncio.wait(list(self._at_work), timeout=FAREWELL)

    async def _until(self, stopping: asyncio.Task[bool], work: Coroutine[Any, Any, None]) -> None:
        """Do something, or as much of it as there is time for until the stop."""
        task = asyncio.create_task(work)
        try:
            await asyncio.wait({stopping, task}, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                task.result()
        finally:
            await ended(task)
