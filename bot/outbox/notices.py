"""A place where nothing can be posted: pause it, tell a moderator once, and try again now and then by itself."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from bot.errors import DeliveryError, StorageError
from bot.locale import say
from bot.model import Destination, Lane, Post
from bot.pacing import Pacer
from bot.ports import Adapter, Clock, KnowsModerators, Storage
from bot.posts.reasons import say_reason

log = structlog.get_logger()

FIRST_TRY = timedelta(hours=1)
MOST_TRIES = 12  # 1 h, 2 h, 4 h … then once a day; about ten days
LOOK = 60.0  # seconds
TELL_AGAIN = timedelta(days=7)
TELLING = 15.0  # seconds, while the delivery's lease runs
MOST_TOLD = 3  # places that are tried, one after another, until one can be written to


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What is remembered of a pause, so that nobody is told twice. Kept as JSON."""

    reason: str
    at: datetime
    tries: int = 0
    next_at: datetime

    @property
    def text(self) -> str:
        return json.dumps([self.reason, self.at.isoformat(), self.tries, self.next_at.isoformat()])


def told_from(text: str | None) -> Told | None:
    if text is None:
        return None
    reason, at, tries, next_at = json.loads(text)
    return Told(
        reason=reason, at=datetime.fromisoformat(at), tries=tries, next_at=datetime.fromisoformat(next_at)
    )


class Notices:
    """Pauses and their end."""

    def __init__(
        self, storage: Storage, adapters: Mapping[str, Adapter], paces: Mapping[str, Pacer], clock: Clock
    ) -> None:
        self._storage, self._adapters, self._paces, self._clock = storage, adapters, paces, clock
        self._next_at: dict[int, datetime] = {}

    async def paused(self, destination: Destination, reason: str) -> None:
        """Pause a destination; the first time, say so where moderators of the same space can see it."""
        now = self._clock()
        if not await self._storage.pause(destination.id, reason, now=now):
            return
        told = told_from(await self._storage.recall(_key(destination.id)))
        is_known = told is not None and told.reason == reason and now - told.at < TELL_AGAIN
        tries = told.tries + 1 if told is not None and is_known else 0
        next_at = now + min(FIRST_TRY * 2 ** min(tries, 10), timedelta(days=1))
        first_at = told.at if told is not None and is_known else now
        fact = Told(reason=reason, at=first_at, tries=tries, next_at=next_at)
        await self._storage.remember(_key(destination.id), fact.text)
        self._plan(destination.id, fact)
        log.warning("destination paused", destination=destination.id, reason=reason, again_at=str(next_at))
        if not is_known:
            await self._tell(destination, reason)

    async def look_back(self) -> None:
        """After a start: find the places that an earlier process paused."""
        for name in self._adapters:
            for destination in await self._storage.destinations(name):
                if destination.paused_at is not None:
                    told = told_from(await self._storage.recall(_key(destination.id)))
                    if told is not None:  # else paused by the platform's word, which will also end it
                        self._plan(destination.id, told)

    async def try_again(self) -> int:
        """Resume the places whose time has come; if they still refuse, the next delivery pauses them again."""
        resumed, now = 0, self._clock()
        for destination_id in [known for known, at in self._next_at.items() if at <= now]:
            destination = await self._storage.destination_by_id(destination_id)
            if destination is not None and destination.paused_at is not None:
                resumed += await self._storage.resume(
                    destination.adapter, address=destination.address, now=now
                )
            del self._next_at[destination_id]
        return resumed

    async def run(self, stop: asyncio.Event) -> None:
        """Try again now and then until `stop`."""
        while not stop.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), LOOK)
                return
            try:
                if resumed := await self.try_again():
                    log.info("paused destinations tried again", destinations=resumed)
            except StorageError as error:
                log.warning("paused destinations not looked at", reason=str(error))

    def _plan(self, destination_id: int, told: Told) -> None:
        if told.tries < MOST_TRIES:
            self._next_at[destination_id] = told.next_at

    async def _tell(self, destination: Destination, reason: str) -> None:
        """Write to whoever governs the place, else into another place of the same space; else /status has to do."""
        try:
            async with asyncio.timeout(TELLING):
                for other in await self._who(destination):
                    if await self._told(other, destination, reason):
                        return
        except TimeoutError:
            log.info("moderator not told", destination=destination.id, reason="no answer in time")

    async def _who(self, destination: Destination) -> Sequence[Destination]:
        adapter = self._adapters[destination.adapter]
        moderator = await adapter.moderator(destination) if isinstance(adapter, KnowsModerators) else None
        places = await self._storage.destinations(destination.adapter, destination.space)
        others = [other for other in places if other.id != destination.id and other.paused_at is None]
        return [*([moderator] if moderator else []), *others][:MOST_TOLD]

    async def _told(self, to: Destination, destination: Destination, reason: str) -> bool:
        adapter = self._adapters[to.adapter]
        try:
            await self._paces[to.adapter].slot(adapter.rates(to), Lane.URGENT)
            await adapter.send(to, notice(destination, reason), key=f"pause.{destination.id}"[:25])
        except DeliveryError as error:
            log.info("moderator not told", destination=destination.id, reason=str(error))
            return False
        return True


def notice(destination: Destination, reason: str) -> Post:
    """Say that nothing can be posted in a place, and why, in that place's language."""
    locale, zone = destination.preferences.locale, destination.preferences.timezone
    return Post(
        locale=locale,
        title=say(locale, "outbox.paused.title", place=destination.title or destination.address),
        summary=say(locale, "outbox.paused.text", reason=_sentence(say_reason(reason, locale, zone))),
    )


def _sentence(words: str) -> str:
    """A reason usually ends a sentence; here it stands alone."""
    words = words.strip()
    return words[:1].upper() + words[1:] + ("" if words.endswith((".", "!", "?")) else ".")


def _key(destination_id: int) -> str:
    return f"outbox.paused.{destination_id}"
