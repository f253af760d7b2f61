"""A platform in memory: it accepts posts, drops copies by key, and fails as it is told to."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bot.errors import DeliveryError, DestinationPaused, MaybePosted, MessageGone
from bot.model import Command, Destination, Limits, Post, Rate
from bot.ports import Answerer, Clock

# With and without a way to tell whether a post was accepted.
WITH_NONCE = Limits(
    text=4000, title=256, can_cover=True, drops_copies_for=timedelta(minutes=3), can_find=True
)
WITHOUT_NONCE = Limits(text=4096, title=256, unit="utf-16", can_cover=True)


@dataclass
class Message:
    """What stands in a place."""

    id: str
    key: str
    at: datetime
    post: Post
    edits: list[Post] = field(default_factory=list)

    @property
    def now_says(self) -> Post:
        return self.edits[-1] if self.edits else self.post


@dataclass
class Fault:
    """What happens to one request instead of success."""

    error: Exception | None = None
    accepts: bool = False  # the post stands before the error is raised
    until: asyncio.Event | None = None  # answers only then


def refuses(error: Exception) -> Fault:
    """Raise, and post nothing."""
    return Fault(error)


def loses_the_answer() -> Fault:
    """Accept, and lose the answer on the way."""
    return Fault(MaybePosted("connection reset"), accepts=True)


def loses_the_request() -> Fault:
    """Accept nothing, in a way that nobody can tell from a lost answer."""
    return Fault(MaybePosted("connection reset"))


def waits_for(event: asyncio.Event) -> Fault:
    """Accept at once and answer later."""
    return Fault(until=event, accepts=True)


class FakeAdapter:
    """An `Adapter` without a network."""

    def __init__(
        self,
        clock: Clock,
        *,
        name: str = "fake",
        limits: Limits = WITH_NONCE,
        rates: Callable[[Destination], Mapping[str, Rate]] = lambda to: {},
        seconds: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self.name, self.limits, self.clock = name, limits, clock
        self._rates, self._seconds = rates, seconds
        self.places: dict[str, list[Message]] = defaultdict(list)
        self.faults: dict[str, deque[Fault]] = defaultdict(deque)
        self.closed: dict[str, Exception] = {}  # places that refuse everything
        self.is_down: Exception | None = None
        self.sends = self.edits = self.finds = self.copies_dropped = 0
        self.in_flight = self.most_in_flight = 0
        self.accepted = asyncio.Event()
        self._at_once: defaultdict[str, int] = defaultdict(int)
        self._number = 0

    # ── what tests ask and tell ──

    def told(self, address: str) -> list[str]:
        """The titles of the posts that stand in a place, as they are now."""
        return [message.now_says.title for message in self.places[address]]

    def next(self, address: str, *faults: Fault) -> None:
        """What happens to the next requests to a place."""
        self.faults[address].extend(faults)

    def posts(self) -> int:
        return sum(map(len, self.places.values()))

    # ── the port ──

    async def run(self, menu: Sequence[Command], answer: Answerer) -> None:
        await asyncio.Event().wait()

    async def ready(self) -> None:
        return

    async def send(self, to: Destination, post: Post, *, key: str) -> str:
        assert len(key) <= 25
        self.sends += 1
        async with _Flight(self, to.address):
            return await self._through(to, lambda: self._accept(to, post, key))

    async def edit(self, to: Destination, message_id: str, post: Post) -> None:
        self.edits += 1
        async with _Flight(self, to.address):
            await self._through(to, lambda: self._change(to, message_id, post))

    async def find(self, to: Destination, post: Post, *, key: str, since: datetime) -> str | None:
        self.finds += 1
        if self.is_down is not None:
            raise DeliveryError("down")
        return next((m.id for m in self.places[to.address] if m.key == key and m.at >= since), None)

    def rates(self, to: Destination) -> Mapping[str, Rate]:
        return self._rates(to)

    async def check(self) -> str:
        return "connected as a fake"

    async def close(self) -> None:
        return

    # ── the platform ──

    async def _through(self, to: Destination, accept: Callable[[], str]) -> str:
        if self.is_down is not None:
            raise self.is_down
        if to.address in self.closed:
            raise self.closed[to.address]
        faults = self.faults[to.address]
        fault = faults.popleft() if faults else Fault(accepts=True)
        if seconds := self._seconds():
            await asyncio.sleep(seconds)
        message_id = accept() if fault.accepts else ""
        if fault.until is not None:
            await fault.until.wait()
        if fault.error is not None:
            raise fault.error
        return message_id

    def _accept(self, to: Destination, post: Post, key: str) -> str:
        window = self.limits.drops_copies_for
        for message in self.places[to.address]:
            if window and message.key == key and self.clock() - message.at < window:
                self.copies_dropped += 1
                return message.id
        self._number += 1
        message = Message(id=str(self._number), key=key, at=self.clock(), post=replace(post))
        self.places[to.address].append(message)
        self.accepted.set()
        return message.id

    def _change(self, to: Destination, message_id: str, post: Post) -> str:
        for message in self.places[to.address]:
            if message.id == message_id:
                message.edits.append(post)
                self.accepted.set()
                return message_id
        raise MessageGone("deleted")


class _Flight:
    """Counts what is on its way; one destination must never have two."""

    def __init__(self, adapter: FakeAdapter, address: str) -> None:
        self.adapter, self.address = adapter, address

    async def __aenter__(self) -> None:
        self.adapter._at_once[self.address] += 1
        assert self.adapter._at_once[self.address] == 1, f"two requests at once to {self.address}"
        self.adapter.in_flight += 1
        self.adapter.most_in_flight = max(self.adapter.most_in_flight, self.adapter.in_flight)

    async def __aexit__(self, *error: object) -> None:
        self.adapter._at_once[self.address] -= 1
        self.adapter.in_flight -= 1


CLOSED = DestinationPaused("outbox.trying|closed")
