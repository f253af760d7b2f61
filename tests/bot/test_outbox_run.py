"""The outbox as it runs: hints, refilling, an orderly stop, a full disk, stuck senders, downtime."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from bot.config import DeliverySettings
from bot.errors import DeliveryError, SettingsError, StorageFull
from bot.metrics import Health, Metrics
from bot.model import DeliveryState, Destination, Feed, Lane, Outcome, OutcomeKind, Post, Rate
from bot.outbox import line
from bot.outbox.downtime import ALIVE
from bot.outbox.ledger import Ledger
from bot.outbox.rules import LEASE
from storage import Store
from tests.conftest import FakeClock
from tests.fakes import FakeAdapter, waits_for
from tests.wire import Faulty, Wire, eventually, quickly  # noqa: F401 - a fixture

pytestmark = pytest.mark.usefixtures("quickly")


@pytest.fixture
def wire(sqlite_store: Store, clock: FakeClock) -> Wire:
    return Wire(sqlite_store, clock)


@asynccontextmanager
async def running(wire: Wire) -> AsyncIterator[asyncio.Event]:
    stop = asyncio.Event()
    task = asyncio.create_task(wire.outbox.run(stop))
    try:
        yield stop
    finally:
        stop.set()
        await asyncio.wait_for(task, 9)


async def test_a_published_story_is_posted_at_once(wire: Wire) -> None:
    await wire.place("a")
    async with running(wire):
        await wire.publish("Story 1")
        await eventually(lambda: wire.told() == ["Story 1"], 1)
        await wire.publish("Story 2")
        await eventually(lambda: wire.told() == ["Story 1", "Story 2"], 1)


async def test_a_slow_place_holds_nobody_else(sqlite_store: Store, clock: FakeClock) -> None:
    wire = Wire(sqlite_store, clock, settings=DeliverySettings(senders=2))
    answered = asyncio.Event()
    for address in ("slow", "a", "b", "c"):
        await wire.place(address)
    wire.adapter.next("slow", waits_for(answered))
    async with running(wire):
        for number in range(3):
            await wire.publish(f"Story {number}")
        await eventually(lambda: all(len(wire.told(address)) == 3 for address in "abc"))
        assert wire.told("slow") == ["Story 0"]
        answered.set()
        await eventually(lambda: len(wire.told("slow")) == 3)


async def test_senders_are_as_many_as_the_setting_says(sqlite_store: Store, clock: FakeClock) -> None:
    adapter = FakeAdapter(clock, seconds=lambda: 0.002)
    wire = Wire(sqlite_store, clock, adapter, settings=DeliverySettings(senders=4))
    for number in range(12):
        await wire.place(f"place {number}")
    async with running(wire):
        await wire.publish("Story")
        await eventually(lambda: adapter.posts() == 12)
    assert adapter.most_in_flight == 4


async def test_platforms_do_not_wait_for_each_other(sqlite_store: Store, clock: FakeClock) -> None:
    hanging, working = FakeAdapter(clock, name="hanging"), FakeAdapter(clock, name="working")
    wire = Wire(sqlite_store, clock, hanging, working, settings=DeliverySettings(senders=1))
    answered = asyncio.Event()
    await wire.place("a", adapter="hanging")
    await wire.place("a", adapter="working")
    hanging.next("a", waits_for(answered))
    async with running(wire):
        for number in range(3):
            await wire.publish(f"Story {number}")
        await eventually(lambda: len(working.told("a")) == 3)
        answered.set()


# ── stopping ──


async def test_a_stop_finishes_what_is_being_sent(wire: Wire) -> None:
    place, answered = await wire.place("a"), asyncio.Event()
    wire.adapter.next("a", waits_for(answered))
    async with running(wire) as stop:
        story = await wire.publish("Story")
        await wire.adapter.accepted.wait()
        stop.set()
        answered.set()
    delivery = await wire.delivery(place, story)
    assert (delivery.state, delivery.message_id) == (DeliveryState.SENT, "1")


async def test_a_stop_puts_back_what_still_waits_for_its_turn(sqlite_store: Store, clock: FakeClock) -> None:
    slow = Rate(count=1, per=timedelta(hours=1))
    adapter = FakeAdapter(clock, rates=lambda to: {"all": slow})
    wire = Wire(sqlite_store, clock, adapter)
    places = [await wire.place(address) for address in "ab"]
    async with running(wire):
        story = await wire.publish("Story")
        await eventually(lambda: adapter.posts() == 1 and wire.outbox.lines["fake"]._at_work)
    deliveries = [await wire.delivery(place, story) for place in places]
    assert sorted(d.state for d in deliveries) == [DeliveryState.OWED, DeliveryState.SENT]
    assert [d.attempts for d in deliveries] == [0, 0]


async def test_a_send_that_outlasts_the_grace_is_uncertain(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line, "GRACE", 0.05)
    place = await wire.place("a")
    wire.adapter.next("a", waits_for(asyncio.Event()))
    async with running(wire):
        story = await wire.publish("Story")
        await wire.adapter.accepted.wait()
    assert await wire.state(place, story) is DeliveryState.UNCERTAIN


async def test_a_cancelled_outbox_writes_down_how_far_it_came(wire: Wire) -> None:
    place, answered = await wire.place("a"), asyncio.Event()
    wire.adapter.next("a", waits_for(answered))
    task = asyncio.create_task(wire.outbox.run(asyncio.Event()))
    story = await wire.publish("Story")
    await wire.adapter.accepted.wait()
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert await wire.state(place, story) is DeliveryState.UNCERTAIN


async def test_a_cancelled_outbox_leaves_no_task_behind(wire: Wire) -> None:
    before = asyncio.all_tasks()
    task = asyncio.create_task(wire.outbox.run(asyncio.Event()))
    await wire.place("a")
    await wire.publish("Story")
    await wire.adapter.accepted.wait()
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert asyncio.all_tasks() == before


async def test_a_wrong_token_ends_the_outbox_with_its_sentence(wire: Wire) -> None:
    async def ready() -> None:
        raise SettingsError("PITWIRE_DISCORD__TOKEN: is not accepted.")

    wire.adapter.ready = ready  # type: ignore[method-assign]
    with pytest.raises(SettingsError, match="PITWIRE_DISCORD__TOKEN"):
        await wire.outbox.run(asyncio.Event())


# ── a store that cannot be written ──


async def test_with_a_full_disk_posting_stops_nothing_is_lost_and_it_goes_on_when_there_is_room(
    sqlite_store: Store, clock: FakeClock
) -> None:
    store = Faulty(sqlite_store, StorageFull("The disk is full."), "record", "claim")
    wire, health = Wire(store, clock), Health(clock)
    wire.outbox = wire.new_outbox(health=health)
    answered = asyncio.Event()
    place = await wire.place("a")
    wire.adapter.next("a", waits_for(answered))
    async with running(wire):
        story = await wire.publish("Story 1")
        await wire.adapter.accepted.wait()
        store.is_failing = True
        answered.set()
        await eventually(lambda: "outbox records" in health.troubles())
        assert "The disk is full." in health.troubles()["outbox records"]
        assert await wire.state(place, story) is not DeliveryState.SENT
        await wire.publish("Story 2")
        await eventually(lambda: store.calls.count("record") > 1)
        assert wire.told() == ["Story 1"]
        store.is_failing = False
        await eventually(lambda: wire.told() == ["Story 1", "Story 2"])
        assert not health.troubles()
    assert await wire.state(place, story) is DeliveryState.SENT
    assert wire.adapter.sends == 2


async def test_outcomes_that_come_together_are_written_together(clock: FakeClock) -> None:
    written: list[int] = []
    first = asyncio.Event()

    class SlowStore:
        async def record(self, outcomes: list[Outcome], *, now: object) -> None:
            await first.wait()
            written.append(len(outcomes))

    ledger = Ledger(SlowStore(), clock, Health(clock))  # type: ignore[arg-type]
    futures = [
        ledger.add(Outcome(delivery_id=number, revision=1, kind=OutcomeKind.SENT)) for number in range(30)
    ]
    first.set()
    await asyncio.gather(*futures)
    assert written == [30]


async def test_an_outcome_that_no_store_understands_does_not_stop_the_others(clock: FakeClock) -> None:
    written: list[int] = []

    class PickyStore:
        async def record(self, outcomes: list[Outcome], *, now: object) -> None:
            if any(outcome.delivery_id == 7 for outcome in outcomes):
                raise ValueError("seven")
            written.extend(outcome.delivery_id for outcome in outcomes)

    ledger = Ledger(PickyStore(), clock, Health(clock))  # type: ignore[arg-type]
    await asyncio.gather(
        *(ledger.add(Outcome(delivery_id=number, revision=1, kind=OutcomeKind.SENT)) for number in range(9))
    )
    assert written == [0, 1, 2, 3, 4, 5, 6, 8]


# ── watching ──


async def test_a_sender_that_does_not_end_is_replaced_and_said(sqlite_store: Store, clock: FakeClock) -> None:
    class Deaf(FakeAdapter):
        async def send(self, to: Destination, post: Post, *, key: str) -> str:
            while to.address == "deaf" and not heard.is_set():
                with contextlib.suppress(asyncio.CancelledError):
                    await heard.wait()
            return await super().send(to, post, key=key)

    heard = asyncio.Event()
    wire = Wire(sqlite_store, clock, Deaf(clock), settings=DeliverySettings(senders=1))
    health, metrics = Health(clock), Metrics()
    wire.outbox = wire.new_outbox(health=health, metrics=metrics)
    deaf = await wire.place("deaf")
    async with running(wire):
        story = await wire.publish("Story")
        await wire.place("a")
        await eventually(lambda: wire.outbox.lines["fake"]._at_work)
        await wire.publish("Story 2")
        now = asyncio.get_running_loop().time() + LEASE.total_seconds()
        wire.outbox.lines["fake"].look_after(now + 1)  # asked to end
        assert wire.told() == []
        wire.outbox.lines["fake"].look_after(now + 15)  # left alone
        await eventually(lambda: wire.told() == ["Story 2"])
        assert health.troubles()["fake senders"].startswith("1 stuck for longer than 60 s")
        assert b'pitwire_stuck_senders{adapter="fake"} 1.0' in metrics.text()
        heard.set()
        await eventually(lambda: not wire.outbox.lines["fake"]._left_alone)
        wire.outbox.lines["fake"].look_after(asyncio.get_running_loop().time())
        assert not health.troubles()
        assert wire.told("deaf")[0] == "Story"  # its late answer counts
    assert await wire.state(deaf, story) is DeliveryState.SENT


async def test_in_an_outage_a_platform_is_only_probed(wire: Wire) -> None:
    for number in range(30):
        await wire.place(f"place {number}")
    wire.adapter.is_down = DeliveryError("503")
    await wire.publish("Story")
    await wire.outbox.deliver_due()
    assert wire.adapter.sends == 30
    for number in range(30, 60):
        await wire.place(f"place {number}")
    await wire.publish("Story 2")
    await wire.outbox.deliver_due()
    assert wire.adapter.sends == 32


# ── downtime ──


async def test_after_downtime_a_place_gets_the_newest_stories_and_the_rest_in_one_digest(
    wire: Wire, clock: FakeClock
) -> None:
    await wire.place("a")
    await wire.store.remember(ALIVE, (clock() - timedelta(days=3)).isoformat())
    for number in range(25):
        await wire.publish(f"Story {number}")
        clock.forward(seconds=1)
    async with running(wire):
        await eventually(lambda: len(wire.told()) == 11)
    assert wire.told()[:10] == [f"Story {number}" for number in range(15, 25)]
    digest = wire.adapter.places["a"][-1].post
    assert len([line for section in digest.sections for line in section.lines]) == 15


async def test_after_downtime_the_outlets_are_heard_before_anything_is_folded(
    wire: Wire, clock: FakeClock
) -> None:
    await wire.place("a")
    feed = await wire.store.add_feed(Feed(url="https://example.org/feed", outlet="x", next_check_at=clock()))
    await wire.store.remember(ALIVE, (clock() - timedelta(days=3)).isoformat())
    async with running(wire):
        for number in range(25):  # the poller finds them one by one
            await wire.publish(f"Story {number}")
            clock.forward(seconds=1)
        assert wire.told() == []
        await wire.store.save_feed(
            Feed(id=feed.id, url=feed.url, outlet="x", next_check_at=clock() + timedelta(hours=1))
        )
        await eventually(lambda: len(wire.told()) == 11)


async def test_a_short_break_is_made_up_for_story_by_story(wire: Wire, clock: FakeClock) -> None:
    await wire.place("a")
    await wire.store.remember(ALIVE, (clock() - timedelta(minutes=50)).isoformat())
    for number in range(25):
        await wire.publish(f"Story {number}", lane=Lane.BACKFILL)
    async with running(wire):
        await eventually(lambda: len(wire.told()) == 25)


async def test_what_a_killed_process_had_in_hand_is_taken_up_at_once(wire: Wire, clock: FakeClock) -> None:
    await wire.place("a")
    await wire.publish("Story")
    claims = await wire.store.claim(now=clock(), lease=LEASE, limit=5, adapters=["fake"])
    assert len(claims) == 1
    async with running(wire):
        await eventually(lambda: wire.told() == ["Story"])
