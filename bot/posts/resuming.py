"""A place that was closed for long comes back: it gets the newest stories and one digest, not a flood."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog

from bot.model import Destination
from bot.ports import Storage
from bot.posts.schedule import ScheduleKind, schedule_of
from bot.posts.spoilers import may_delay

log = structlog.get_logger()

LONG = timedelta(hours=1)  # what a shorter pause held up is told story by story


async def resume(
    storage: Storage, adapter: str, *, space: str = "", address: str = "", now: datetime, keep: int
) -> int:
    """Resume what was paused at an address, or in a whole space; returns how many places."""
    paused = await _paused(storage, adapter, space, address)
    long = {place.id for place in paused if place.paused_at is not None and now - place.paused_at >= LONG}
    if long:
        await _fold(storage, long, now=now, keep=keep)
    if not paused:
        return 0
    return await storage.resume(adapter, space=space, address=address, now=now)


async def _paused(storage: Storage, adapter: str, space: str, address: str) -> Sequence[Destination]:
    if address:
        place = await storage.destination(adapter, address)
        places: Sequence[Destination] = [place] if place else []
    else:
        places = await storage.destinations(adapter, space) if space else []
    return [place for place in places if place.paused_at is not None]


async def _fold(storage: Storage, long: set[int], *, now: datetime, keep: int) -> None:
    """Fold before anything is sent there; places that gather digests of their own have theirs."""
    places = await storage.destinations()
    folded = await storage.fold_backlog(
        now=now,
        keep=keep,
        older_than=timedelta(),
        spare=[
            one.id
            for one in places
            if one.id not in long or schedule_of(one.preferences).kind is not ScheduleKind.NOW
        ],
        spare_results=[one.id for one in places if may_delay(one.preferences)],
    )
    log.info("backlog folded", destinations=len(long), deliveries=folded)
