"""May this post mention a role? At most once in so many minutes a destination, over restarts."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime, timedelta

from bot.model import Claim
from bot.ports import Clock, Storage
from bot.posts import Verdict, ping_for

REMEMBERED = 1000


class Pings:
    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage, self._clock = storage, clock
        self._last: OrderedDict[int, datetime | None] = OrderedDict()

    async def may(self, claim: Claim, verdict: Verdict) -> bool:
        """Whether somebody is to be mentioned, and enough time has passed since the last time."""
        preferences = claim.destination.preferences
        if not preferences.pings or verdict.quiet or claim.story is None:
            return False
        if not ping_for(claim.story, preferences):
            return False
        last = await self._last_at(claim.destination.id)
        return last is None or self._clock() - last >= timedelta(minutes=preferences.ping_gap)

    async def done(self, claim: Claim) -> None:
        """Note that somebody was mentioned."""
        now = self._clock()
        self._keep(claim.destination.id, now)
        await self._storage.remember(_key(claim.destination.id), now.isoformat())

    async def _last_at(self, destination_id: int) -> datetime | None:
        if destination_id not in self._last:
            told = await self._storage.recall(_key(destination_id))
            self._keep(destination_id, datetime.fromisoformat(told) if told else None)
        return self._last[destination_id]

    def _keep(self, destination_id: int, at: datetime | None) -> None:
        self._last[destination_id] = at
        self._last.move_to_end(destination_id)
        if len(self._last) > REMEMBERED:
            self._last.popitem(last=False)


def _key(destination_id: int) -> str:
    return f"outbox.pinged.{destination_id}"
