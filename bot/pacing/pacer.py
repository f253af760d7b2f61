"""Who sends next? Answers before news, places that may before places that must wait, never too fast."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog

from bot.model import Lane, Rate
from bot.pacing.bucket import ALL, LONG_AGO, Bucket
from bot.pacing.diary import Diary, Memory
from bot.pacing.flights import Flight, Flights
from bot.pacing.tickets import SharedSchedule, Tickets
from bot.pacing.trips import Sent

log = structlog.get_logger()

OLDEST_TURN = 10  # one grant in so many goes to whoever has waited longest, whatever the lane
NEWS_TURN = 3  # one in so many is no answer while anything else waits: thousands may ask at once
CROWD = 512  # buckets from which on idle ones are looked for
LOOK_AGAIN = 60.0  # seconds
LATE = 0.003  # seconds from a grant until its sender runs: the loop was busy


@dataclass(slots=True, eq=False)
class Waiter:
    """Someone who wants to send."""

    lane: Lane
    whole: Bucket | None
    own: tuple[Bucket, ...]  # all buckets but the whole
    arrived: float
    granted: asyncio.Future[float]  # when
    flight: Flight | None = None
    sent: tuple[Sent, ...] = ()  # once granted, as each of its buckets counts it

    def own_ready_at(self, now: float) -> float:
        return max((bucket.ready_at(self.lane, now) for bucket in self.own), default=LONG_AGO)

    @property
    def buckets(self) -> tuple[Bucket, ...]:
        return self.own if self.whole is None else (self.whole, *self.own)


class Pacer:
    """The one pacer that everything sent with one token passes: a `bot.ports.Pace`."""

    def __init__(
        self,
        name: str,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] | None = None,
        store: SharedSchedule | None = None,
        memory: Memory | None = None,
    ) -> None:
        """`store` is given where several processes send with this token; `monotonic` is the loop's time by default.

        With a `memory`, a restart knows what the platform still counts.
        """
        self.name = name
        self._monotonic = monotonic
        self._buckets: dict[str, Bucket] = {}
        self._crowd = CROWD
        self._lanes: dict[Lane, deque[Waiter]] = {lane: deque() for lane in sorted(Lane)}
        self._timer: asyncio.TimerHandle | None = None
        self._grants = 0
        self._flights = Flights()
        self._tickets = Tickets(name, store, clock, self._now, self._serve) if store else None
        self._diary = Diary(name, memory, clock, self._now) if memory else None

    @property
    def waiting(self) -> int:
        """How many want to send and may not yet."""
        return sum(len(lane) for lane in self._lanes.values())

    @property
    def buckets(self) -> int:
        """How many buckets are remembered."""
        return len(self._buckets)

    async def slot(self, buckets: Mapping[str, Rate], lane: Lane, *, flight: Flight | None = None) -> None:
        """Wait for a place in every bucket; lower lanes wait longer. Cancelling gives the place back.

        A `flight` begins with the grant, waits until few others are on their way, and ends by `land`.
        """
        if self._diary is not None:
            await self._diary.read()
        waiter = Waiter(
            lane=lane,
            whole=self._bucket(ALL, buckets[ALL]) if ALL in buckets else None,
            own=tuple(self._bucket(name, rate) for name, rate in buckets.items() if name != ALL),
            arrived=self._now(),
            granted=asyncio.get_running_loop().create_future(),
            flight=None if flight is None or flight.began is not None else flight,
        )
        self._lanes[lane].append(waiter)
        self._serve()
        try:
            granted = await waiter.granted
        except asyncio.CancelledError:
            self._withdraw(waiter)
            raise
        if self._diary is not None and flight is None:
            self._diary.answer(buckets)
        now = self._now()
        if now - granted > LATE:
            for bucket, sent in zip(waiter.buckets, waiter.sent, strict=True):
                bucket.leave(sent, now)
            if waiter.flight:
                waiter.flight.began = now

    def answered(self, flight: Flight) -> None:
        """The platform has what was sent; what could be doubled is still to be written down."""
        if flight.began is None:
            return
        self._flights.answer(flight, self._now())
        if not flight.may_double:
            self.land(flight)

    def land(self, flight: Flight) -> None:
        """What became of a flight is written down."""
        if flight.began is not None:
            self._flights.end(flight, self._now())
            self._serve()

    def learn(self, bucket: str, *, remaining: int, reset_after: timedelta, rate: Rate | None = None) -> None:
        """Correct a bucket by what the platform answered (Discord's X-RateLimit-* headers)."""
        seconds = max(reset_after.total_seconds(), 0.001)
        known = self._bucket(bucket, rate or Rate(count=max(remaining, 1), per=timedelta(seconds=seconds)))
        known.learn(remaining, seconds, rate, self._now())
        self._serve()

    def hold(self, bucket: str, retry_after: timedelta) -> None:
        """Obey a 429: nothing from this bucket until then; its pace slows a little and recovers slowly."""
        known = self._bucket(bucket, Rate(count=1, per=timedelta(seconds=1)))
        known.hold(retry_after.total_seconds(), self._now())
        if self._diary is not None:
            self._diary.hold(bucket, retry_after.total_seconds())
        log.warning("rate limited", pacer=self.name, bucket=bucket, retry_after=retry_after.total_seconds())
        self._serve()

    async def recollect(self, buckets: Mapping[str, Rate], ages: Sequence[float]) -> None:
        """Count what an earlier process sent to a place, so many seconds ago."""
        if self._diary is not None:
            await self._diary.read()
        now = self._now()
        for name, rate in buckets.items():
            self._bucket(name, rate).recollect([now - age for age in ages], now)

    def busy_for(self, buckets: Mapping[str, Rate]) -> timedelta:
        """How long a place's own buckets keep news waiting, "all" left out: time that other places can use."""
        now = self._now()
        known = (self._buckets.get(name) for name in buckets if name != ALL)
        ready_at = max((bucket.ready_at(Lane.NEWS, now) for bucket in known if bucket), default=now)
        return timedelta(seconds=max(0.0, ready_at - now))

    def _serve(self) -> None:
        """Grant whatever may go now, and come back when the next may."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self.waiting:
            now = self._now()
            waiter, at = self._next(now)
            if waiter is None:
                self._timer = asyncio.get_running_loop().call_later(max(0.0, at - now), self._serve)
                return
            self._grant(waiter, now)

    def _next(self, now: float) -> tuple[Waiter | None, float]:
        """Choose who goes now: the first in the order of lanes, in turn the oldest; else when to look again."""
        whole_at = self._whole_at(now)
        is_turn_of_oldest = self._grants % OLDEST_TURN == OLDEST_TURN - 1
        is_turn_of_news = self._grants % NEWS_TURN == NEWS_TURN - 1
        best, answer, soonest = None, None, now + LOOK_AGAIN
        for waiter in self._waiters():
            is_spared = is_turn_of_news and waiter.lane is Lane.ANSWER
            if is_spared and answer is not None:
                continue
            at = self._ready_at(waiter, whole_at, now)
            soonest = min(soonest, at)
            if at > now:
                continue
            if is_spared:
                answer = waiter
            elif best is None or waiter.arrived < best.arrived:
                best = waiter
                if not is_turn_of_oldest:
                    break
        return best or answer, soonest

    def _ready_at(self, waiter: Waiter, whole_at: float, now: float) -> float:
        if waiter.whole is None or whole_at <= now:
            return max(waiter.own_ready_at(now), self._flies_at(waiter, now))
        if self._tickets is None:
            return whole_at  # what "all" keeps back need not be looked at closer
        # A place in the shared schedule is asked for from then on.
        own_at = max(waiter.own_ready_at(now), self._flies_at(waiter, now))
        return own_at if own_at > now else whole_at

    def _whole_at(self, now: float) -> float:
        whole = self._buckets.get(ALL)
        if whole is None:
            return LONG_AGO
        at = whole.ready_at(Lane.NEWS, now)
        if self._tickets is None:
            return at
        wanted = sum(
            waiter.own_ready_at(now) <= now and self._flies_at(waiter, now) <= now
            for waiter in self._waiters()
            if waiter.whole
        )
        return max(at, self._tickets.next_at(wanted, whole.gap(now)))

    def _flies_at(self, waiter: Waiter, now: float) -> float:
        if waiter.flight is None or waiter.whole is None:
            return LONG_AGO
        return self._flights.ready_at(waiter.flight, waiter.whole.gap(now), now)

    def _waiters(self) -> Iterator[Waiter]:
        """Everyone who waits, in the order of lanes; a cancelled one is still to take itself out."""
        return (waiter for lane in self._lanes.values() for waiter in lane if not waiter.granted.done())

    def _grant(self, waiter: Waiter, now: float) -> None:
        self._lanes[waiter.lane].remove(waiter)
        since = max(waiter.arrived, waiter.own_ready_at(now))
        waiter.sent = tuple(bucket.take(now, since) for bucket in waiter.buckets)
        if self._tickets and waiter.whole:
            self._tickets.use()
        if waiter.flight:
            self._flights.begin(waiter.flight, now)
            if waiter.whole:
                waiter.flight.sent = waiter.sent[0]
        self._grants += 1
        waiter.granted.set_result(now)

    def _withdraw(self, waiter: Waiter) -> None:
        if waiter.granted.cancelled():
            self._lanes[waiter.lane].remove(waiter)
        else:  # granted, and cancelled before it could send
            for bucket, sent in zip(waiter.buckets, waiter.sent, strict=True):
                bucket.give_back(sent, self._now())
        self._serve()

    def _bucket(self, name: str, rate: Rate) -> Bucket:
        known = self._buckets.get(name)
        if known is None:
            self._forget_idle()
            known = self._buckets[name] = Bucket(
                rate, is_whole=name == ALL, is_shared=self._tickets is not None
            )
            if self._diary is not None:
                known.held_until = self._diary.held_until(name)
                known.recollect(self._diary.answered_at(name), self._now())
        elif not known.is_told:
            known.rate = rate
        return known

    def _forget_idle(self) -> None:
        """A bot with a hundred thousand chats remembers the ones that it just wrote to."""
        if len(self._buckets) < self._crowd:
            return
        now = self._now()
        in_use = {id(bucket) for waiter in self._waiters() for bucket in waiter.buckets}
        self._buckets = {
            name: bucket
            for name, bucket in self._buckets.items()
            if id(bucket) in in_use or not bucket.is_idle(now)
        }
        self._crowd = max(CROWD, 2 * len(self._buckets))

    def _now(self) -> float:
        return self._monotonic() if self._monotonic else asyncio.get_running_loop().time()
