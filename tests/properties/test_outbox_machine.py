"""Whatever happens in whatever order: nothing is lost, nothing is doubled, and each place is one queue."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bot.errors import DeliveryError, DestinationMoved, DestinationPaused, PostRejected, RateLimited
from bot.model import Claim, Outcome, OutcomeKind, Post, Story
from bot.outbox.rules import LEASE
from storage import Store, open_store
from tests.conftest import FakeClock
from tests.fakes import FakeAdapter, loses_the_answer, loses_the_request, refuses
from tests.wire import Wire

SLOTS = st.integers(0, 2)  # which of three places
FAULTS = {
    "answer lost": loses_the_answer,
    "request lost": loses_the_request,
    "failed": lambda: refuses(DeliveryError("502")),
    "too fast": lambda: refuses(RateLimited(timedelta(seconds=20), bucket="chat")),
    "not understood": lambda: refuses(PostRejected("x|400")),
    "unforeseen": lambda: refuses(ZeroDivisionError("division by zero")),
}


class OutboxMachine(RuleBasedStateMachine):
    """A model of what was published and where; the outbox and SQLite do the rest."""

    @initialize()
    def begin(self) -> None:
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
        self.loop = asyncio.new_event_loop()
        self.clock = FakeClock(datetime(2026, 11, 22, 14, 0, tzinfo=UTC))
        self.adapter = FakeAdapter(self.clock)
        self.store: Store = self.do(open_store("sqlite:///:memory:", clock=self.clock))
        self.wire = Wire(self.store, self.clock, self.adapter)
        self.addresses = ["a", "b", "c"]
        for address in self.addresses:
            self.do(self.wire.place(address))
        self.stories: dict[int, Story] = {}
        self.late: list[tuple[Claim, str]] = []
        self.moves = 0

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(asyncio.wait_for(work, 20))

    # ── what may happen ──

    @precondition(lambda self: len(self.stories) < 5)
    @rule()
    def publish(self) -> None:
        story = self.do(self.wire.publish(f"Story {len(self.stories)}"))
        self.stories[story.id] = story

    @precondition(lambda self: self.stories)
    @rule(which=st.integers(0, 4))
    def revise(self, which: int) -> None:
        story = list(self.stories.values())[which % len(self.stories)]
        if story.revision < 6:
            title = f"Story {which}, revision {story.revision + 1}"
            self.stories[story.id] = self.do(self.wire.revise(story, title))

    @rule()
    def deliver(self) -> None:
        self.do(self.wire.outbox.deliver_due())

    @rule(seconds=st.sampled_from([1, 30, 61, 170, 600]))
    def wait(self, seconds: int) -> None:
        self.clock.forward(seconds=seconds)
        self.wire.outbox = self.wire.new_outbox()  # pacers hold by real time

    @rule(slot=SLOTS, fault=st.sampled_from(sorted(FAULTS)))
    def go_wrong(self, slot: int, fault: str) -> None:
        waiting = self.adapter.faults[self.addresses[slot]]
        is_second_refusal = fault == "not understood" and any(
            isinstance(f.error, PostRejected) for f in waiting
        )
        if (
            len(waiting) < 2 and not is_second_refusal
        ):  # refused twice, a post is set aside: another test's fact
            self.adapter.next(self.addresses[slot], FAULTS[fault]())

    @rule()
    def die_with_claims_in_hand(self) -> None:
        self.do(self._claim())
        self.do(self.wire.restart())

    @rule()
    def die_before_writing_down(self) -> None:
        """Another process had sent, and its answer came; then it was killed."""
        self.do(self._claim_and_send())
        self.do(self.wire.restart())

    @rule()
    def send_and_answer_late(self) -> None:
        """Another process sends; its lease runs out before it writes that down."""
        self.late += self.do(self._claim_and_send())

    @precondition(lambda self: self.late)
    @rule()
    def hear_the_late_answers(self) -> None:
        outcomes = [
            Outcome(
                delivery_id=claim.delivery.id,
                revision=claim.delivery.revision,
                kind=OutcomeKind.SENT,
                message_id=message_id,
            )
            for claim, message_id in self.late
        ]
        self.late.clear()
        self.do(self.store.record(outcomes, now=self.clock()))

    @rule(slot=SLOTS)
    def close_a_place(self, slot: int) -> None:
        self.adapter.closed[self.addresses[slot]] = DestinationPaused("x.closed")

    @rule(slot=SLOTS)
    def open_a_place(self, slot: int) -> None:
        address = self.addresses[slot]
        self.adapter.closed.pop(address, None)
        self.do(self.store.resume("fake", address=address, now=self.clock()))

    @precondition(lambda self: self.moves < 4)
    @rule(slot=SLOTS)
    def move_a_place(self, slot: int) -> None:
        """A group becomes a supergroup: its messages move with it, its old address answers with the new one."""
        old = self.addresses[slot]
        if old in self.adapter.closed:
            return
        self.moves += 1
        new = self.addresses[slot] = f"{old}'"
        self.adapter.places[new] = self.adapter.places.pop(old, [])
        self.adapter.faults[new] = self.adapter.faults.pop(old, self.adapter.faults[new])
        self.adapter.closed[old] = DestinationMoved(new)

    async def _claim(self) -> list[Claim]:
        return list(await self.store.claim(now=self.clock(), lease=LEASE, limit=9, adapters=["fake"]))

    async def _claim_and_send(self) -> list[tuple[Claim, str]]:
        sent = []
        for claim in await self._claim():
            address, delivery = claim.destination.address, claim.delivery
            is_first = delivery.message_id is None and delivery.first_attempt_at is None
            if is_first and address not in self.adapter.closed and claim.story is not None:
                message_id = self.adapter._accept(
                    claim.destination, Post(title=claim.story.title), delivery.key
                )
                sent.append((claim, message_id))
        return sent

    # ── what must be true ──

    @invariant()
    def nothing_is_doubled(self) -> None:
        for address in getattr(self, "addresses", ()):
            told = Counter(message.key.split(".")[0] for message in self.adapter.places[address])
            assert all(count == 1 for count in told.values()), told

    def teardown(self) -> None:
        if not hasattr(self, "store"):
            return
        try:
            self.do(self._heal_and_deliver())
            self.nothing_is_doubled()
            for address in self.addresses:
                assert sorted(self.adapter.told(address)) == sorted(s.title for s in self.stories.values())
        finally:
            self.do(self.store.close())
            self.loop.close()
            structlog.reset_defaults()

    async def _heal_and_deliver(self) -> None:
        """All faults end; then everything that is owed must come, and every edit."""
        self.adapter.faults.clear()
        self.adapter.closed = {
            k: v for k, v in self.adapter.closed.items() if isinstance(v, DestinationMoved)
        }
        for address in self.addresses:
            await self.store.resume("fake", address=address, now=self.clock())
        quiet = 0
        while quiet < 2:
            self.clock.forward(minutes=2)
            self.wire.outbox = self.wire.new_outbox()
            claimed = await self.wire.outbox.deliver_due()
            due_at = await self.store.next_delivery_at(["fake"])
            quiet = quiet + 1 if not claimed and due_at is None else 0


TestOutboxMachine = OutboxMachine.TestCase
TestOutboxMachine.settings = settings(
    max_examples=30,
    stateful_step_count=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
