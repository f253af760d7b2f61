"""Makes digests when they are due: what quiet hours, caps and schedules held back, told in one message set."""

from __future__ import annotations

import asyncio
import heapq
import json
from collections.abc import Mapping
from datetime import datetime, timedelta

import structlog

from bot.errors import StorageError
from bot.model import Claim, Destination, Preferences
from bot.ports import Clock, Storage
from bot.posts import GRACE, Verdict, next_digest_at, plan_digests
from bot.posts.schedule import ScheduleKind, schedule_of
from bot.waits import first_of

log = structlog.get_logger()

MOST_WAITING = 1000  # stories that one digest looks at
SESSION_LOOK = timedelta(minutes=5)
FAILED_LOOK = timedelta(seconds=30)
LONGEST_REST = 60.0  # seconds
_SESSIONS = "sessions told {}"
_GATHERED = ("post.why.digest", "post.why.session", "post.why.quiet", "post.why.cap")


class Digests:
    """Knows when to look at which destination. After a restart every one that may have something is looked at."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage, self._clock = storage, clock
        self._at: dict[int, datetime] = {}
        self._queue: list[tuple[datetime, int]] = []
        self._earlier = asyncio.Event()

    def expect(self, destination_id: int, at: datetime) -> None:
        """Look at a destination then, unless it is looked at earlier."""
        known = self._at.get(destination_id)
        if known is not None and known <= at:
            return
        self._at[destination_id] = at
        heapq.heappush(self._queue, (at, destination_id))
        self._earlier.set()

    def expect_for(self, claim: Claim, verdict: Verdict) -> None:
        """Look when what is held here for a digest is to be told."""
        if verdict.until is None or (verdict.reason or "").split("|")[0] not in _GATHERED:
            return
        now = self._clock()
        was_held = (claim.delivery.reason or "").split("|")[0] in _GATHERED
        is_session = schedule_of(claim.destination.preferences).kind is ScheduleKind.SESSION
        at = now + SESSION_LOOK if is_session else verdict.until - GRACE
        self.expect(claim.destination.id, now if was_held else at)

    async def expect_all(self) -> None:
        """Look soon at every destination whose preferences hold things back: what was expected died with a process."""
        now = self._clock()
        for destination in await self._storage.destinations():
            if may_gather(destination.preferences):
                self.expect(destination.id, now)

    async def run(self, stop: asyncio.Event) -> None:
        """Make digests until `stop`."""
        while not stop.is_set():
            self._earlier.clear()
            try:
                await self.make_due()
            except StorageError as error:
                log.warning("digests not made", reason=str(error))
            rest = min(LONGEST_REST, max(0.05, self._seconds_to_next()))
            await first_of(stop.wait(), self._earlier.wait(), seconds=rest)

    async def make_due(self) -> int:
        """Look at the destinations whose time has come; return how many digests were made."""
        made = 0
        while self._queue and self._queue[0][0] <= self._clock():
            at, destination_id = heapq.heappop(self._queue)
            if self._at.get(destination_id) != at:
                continue  # looked at since, at an earlier time
            del self._at[destination_id]
            try:
                made += await self._make(destination_id)
            except StorageError:
                self.expect(destination_id, self._clock() + FAILED_LOOK)
                raise
        return made

    async def _make(self, destination_id: int) -> int:
        destination = await self._storage.destination_by_id(destination_id)
        if destination is None:
            return 0
        now, made = self._clock(), 0
        waiting = await self._storage.waiting(destination_id, limit=MOST_WAITING)
        told = await self._sessions_told(destination)
        for digest in plan_digests(destination, waiting, now=now, told=told):
            if await self._storage.make_digest(
                destination_id, digest.story_ids, slot=digest.slot, due_at=now, now=now
            ):
                made += 1
                log.info("digest made", destination=destination_id, stories=len(digest.story_ids))
                told = {**told, **dict.fromkeys(digest.sessions, now)}
                if digest.sessions:
                    times = {slug: at.isoformat() for slug, at in told.items()}
                    await self._storage.remember(_SESSIONS.format(destination_id), json.dumps(times))
        self._expect_next(destination_id, destination.preferences, now, is_waiting=bool(waiting))
        return made

    async def _sessions_told(self, destination: Destination) -> Mapping[str, datetime]:
        """When a session of each series was last told there, where digests follow sessions."""
        if schedule_of(destination.preferences).kind is not ScheduleKind.SESSION:
            return {}
        kept = await self._storage.recall(_SESSIONS.format(destination.id))
        return {slug: datetime.fromisoformat(at) for slug, at in json.loads(kept or "{}").items()}

    def _expect_next(
        self, destination_id: int, preferences: Preferences, now: datetime, *, is_waiting: bool
    ) -> None:
        if (slot := next_digest_at(preferences, now)) is not None:
            self.expect(destination_id, slot)
        elif is_waiting and schedule_of(preferences).kind is ScheduleKind.SESSION:
            self.expect(destination_id, now + SESSION_LOOK)

    def _seconds_to_next(self) -> float:
        if not self._queue:
            return LONGEST_REST
        return (self._queue[0][0] - self._clock()).total_seconds()


def may_gather(preferences: Preferences) -> bool:
    """Whether these preferences ever hold stories back for a digest."""
    is_scheduled = schedule_of(preferences).kind is not ScheduleKind.NOW
    return is_scheduled or bool(preferences.quiet) or preferences.per_hour > 0
