"""A place where nothing can be posted: pause it, tell a moderator once, and try again now and then by itself."""

from __future__ import annotations

import asyncio
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
from bot.posts.resuming import resume
from bot.waits import first_of

log = structlog.get_logger()

FIRST_TRY = timedelta(hours=1)
MOST_TRIES = 12  # 1 h, 2 h, 4 h … then once a day; about ten days
LOOK = 60.0  # seconds
TELL_AGAIN = timedelta(days=7)
TELLING = 15.0  # seconds, while the delivery's lease runs
MOST_TOLD = 3  # places that are tried, one after another, until one can be written to
GATHERING = (
    3.0  # seconds in which a role's change closes channel after channel: whoever governs them is told once
)
MOST_HEARD = 1000  # places that closed and that nobody was told of yet
MOST_NAMED = 5  # places in one notice


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
        self,
        storage: Storage,
        adapters: Mapping[str, Adapter],
        paces: Mapping[str, Pacer],
        clock: Clock,
        *,
        keep: int,
    ) -> None:
        self._keep = keep  # stories that a place gets one by one when it comes back
        self._storage, self._adapters, self._paces, self._clock = storage, adapters, paces, clock
        self._next_at: dict[int, datetime] = {}
        self._heard: dict[int, str] = {}  # destinations that the platform closed, and why
        self._wake = asyncio.Event()

    async def paused(self, destination: Destination, reason: str) -> None:
        """Pause a destination; the first time, say so where moderators of the same space can see it."""
        if not await self._storage.pause(destination.id, reason, now=self._clock()):
            return
        if await self._is_news(destination, reason):
            await self._tell((destination,), reason)

    def heard(self, destination: Destination, reason: str) -> None:
        """Hear that a place was paused by the platform's word: whoever governs it is told by `run`."""
        if len(self._heard) < MOST_HEARD:
            self._heard[destination.id] = reason
            self._wake.set()

    async def tell_heard(self) -> None:
        """Tell of what was heard, once for all places of a space that closed for the same reason."""
        heard, self._heard = self._heard, {}
        groups: dict[tuple[str, str, str], list[Destination]] = {}
        for destination_id, reason in heard.items():
            place = await self._storage.destination_by_id(destination_id)
            if place is None or place.paused_at is None or not await self._is_news(place, reason):
                continue
            groups.setdefault((place.adapter, place.space, reason), []).append(place)
        for (_, _, reason), places in groups.items():
            await self._tell(places, reason)

    async def _is_news(self, destination: Destination, reason: str) -> bool:
        """Note a pause and plan its end; False where it was told of lately."""
        now = self._clock()
        told = told_from(await self._storage.recall(_key(destination.id)))
        is_known = told is not None and told.reason == reason and now - told.at < TELL_AGAIN
        tries = told.tries + 1 if told is not None and is_known else 0
        next_at = now + min(FIRST_TRY * 2 ** min(tries, 10), timedelta(days=1))
        first_at = told.at if told is not None and is_known else now
        fact = Told(reason=reason, at=first_at, tries=tries, next_at=next_at)
        await self._storage.remember(_key(destination.id), fact.text)
        self._plan(destination.id, fact)
        log.warning("destination paused", destination=destination.id, reason=reason, again_at=str(next_at))
        return not is_known

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
                resumed += await resume(
                    self._storage, destination.adapter, address=destination.address, now=now, keep=self._keep
                )
            del self._next_at[destination_id]
        return resumed

    async def run(self, stop: asyncio.Event) -> None:
        """Try again now and then until `stop`."""
        while not await self._stopped(stop):
            try:
                await self.tell_heard()
                if resumed := await self.try_again():
                    log.info("paused destinations tried again", destinations=resumed)
            except StorageError as error:
                log.warning("paused destinations not looked at", reason=str(error))

    async def _stopped(self, stop: asyncio.Event) -> bool:
        """Wait for the next look, or until something was heard; True when asked to stop."""
        await first_of(stop.wait(), self._wake.wait(), seconds=LOOK)
        if self._wake.is_set():
            self._wake.clear()
            await first_of(stop.wait(), seconds=GATHERING)
        return stop.is_set()

    def _plan(self, destination_id: int, told: Told) -> None:
        if told.tries < MOST_TRIES:
            self._next_at[destination_id] = told.next_at

    async def _tell(self, places: Sequence[Destination], reason: str) -> None:
        """Write to whoever governs the places, else into another of the same space; else /status has to do."""
        try:
            async with asyncio.timeout(TELLING):
                for other in await self._who(places[0]):
                    if await self._told(other, places, reason):
                        return
        except TimeoutError:
            log.info("moderator not told", destination=places[0].id, reason="no answer in time")

    async def _who(self, destination: Destination) -> Sequence[Destination]:
        adapter = self._adapters[destination.adapter]
        moderator = await adapter.moderator(destination) if isinstance(adapter, KnowsModerators) else None
        places = await self._storage.destinations(destination.adapter, destination.space)
        others = [other for other in places if other.id != destination.id and other.paused_at is None]
        return [*([moderator] if moderator else []), *others][:MOST_TOLD]

    async def _told(self, to: Destination, places: Sequence[Destination], reason: str) -> bool:
        adapter = self._adapters[to.adapter]
        try:
            await self._paces[to.adapter].slot(adapter.rates(to), Lane.URGENT)
            key = f"pause.{places[0].id}.{int(self._clock().timestamp()):x}"  # a copy of none before it
            await adapter.send(to, notice(places, reason), key=key[:25])
        except DeliveryError as error:
            log.info("moderator not told", destination=places[0].id, reason=str(error))
            return False
        return True


def notice(places: Sequence[Destination], reason: str) -> Post:
    """Say that nothing can be posted in these places, and why, in the first one's language."""
    preferences = places[0].preferences
    locale, zone = preferences.locale, preferences.timezone
    names = ", ".join(place.title or place.address for place in places[:MOST_NAMED])
    if len(places) > MOST_NAMED:
        names += " " + say(locale, "commands.and_more", count=len(places) - MOST_NAMED)
    return Post(
        locale=locale,
        title=say(locale, "outbox.paused.title", place=names),
        summary=say(locale, "outbox.paused.text", reason=_sentence(say_reason(reason, locale, zone))),
    )


def _sentence(words: str) -> str:
    """A reason usually ends a sentence; here it stands alone."""
    words = words.strip()
    return words[:1].upper() + words[1:] + ("" if words.endswith((".", "!", "?")) else ".")


def _key(destination_id: int) -> str:
    return f"outbox.paused.{destination_id}"
