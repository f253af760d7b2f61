"""A process is killed at every step between a story and the chats, and started again."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.model import Limits, Story
from storage import Store, open_store
from tests.conftest import FakeClock
from tests.fakes import WITH_NONCE, WITHOUT_NONCE, FakeAdapter, loses_the_answer
from tests.mortal import Fate, Mortal, live
from tests.wire import Wire, quickly  # noqa: F401 - a fixture

pytestmark = pytest.mark.usefixtures("quickly")

# What a process does to the world, in this story.
STEPS = ("publish", "claim", "record", "send", "edit", "find", "hold", "free_leases")
PLACES = "ab"


async def life(store: Store, clock: FakeClock, adapter: FakeAdapter, fate: Fate) -> bool:
    """One process from its start to its end or death: it publishes what is not published yet, and delivers."""
    wire = Wire(Mortal(store, fate, *STEPS), clock, Mortal(adapter, fate, *STEPS))  # type: ignore[arg-type]
    return await live(weekend(wire, clock), fate)


async def weekend(wire: Wire, clock: FakeClock) -> None:
    """A story for two places that is corrected: a post and an edit each."""
    for address in PLACES:
        await wire.place(address)
    await wire.restart()
    story = await wire.publish("Hamilton wins")
    await _all_done(wire, clock)
    if (await wire.store.story(story.id)).revision == 1:
        await wire.revise(story, "Hamilton disqualified")
    await _all_done(wire, clock)


async def _all_done(wire: Wire, clock: FakeClock) -> None:
    while await wire.outbox.deliver_due() or await wire.store.next_delivery_at(["fake"]) is not None:
        clock.forward(seconds=70)


def doubled(adapter: FakeAdapter) -> int:
    """How many posts stand twice."""
    return sum(
        count - 1
        for address in PLACES
        for count in Counter(message.key for message in adapter.places[address]).values()
    )


def assert_all_told(adapter: FakeAdapter, step: str) -> None:
    for address in PLACES:
        told = set(adapter.told(address))
        told -= (
            {"Hamilton wins"} if doubled(adapter) else set()
        )  # the copy that nobody knows of stays as it was
        assert told == {"Hamilton disqualified"}, step


@pytest.mark.parametrize("limits", [WITH_NONCE, WITHOUT_NONCE], ids=["with nonce", "without nonce"])
async def test_killed_at_any_step_nothing_is_lost_and_with_a_nonce_nothing_is_doubled(
    limits: Limits, clock: FakeClock
) -> None:
    steps, at = 0, 0
    while at <= steps:  # the first life comes to its end, and tells how many steps it has
        adapter, fate = FakeAdapter(clock, limits=limits), Fate(at)
        async with empty_store(clock) as store:
            assert await life(store, clock, adapter, fate) is (at == 0)
            assert at == 0 or await life(store, clock, adapter, Fate())
        assert_all_told(adapter, fate.last)
        assert doubled(adapter) <= (0 if limits is WITH_NONCE else len(PLACES)), (
            fate.last
        )  # what was on its way
        steps, at = max(steps, fate.steps), at + 1
    assert steps >= 20


@asynccontextmanager
async def empty_store(clock: FakeClock) -> AsyncIterator[Store]:
    store = await open_store("sqlite:///:memory:", clock=clock)
    try:
        yield store
    finally:
        await store.close()


async def test_started_again_hours_later_a_post_is_looked_for_before_it_is_sent_again(
    sqlite_store: Store, clock: FakeClock
) -> None:
    adapter = FakeAdapter(clock)
    fate = Fate(step="after send")
    assert not await life(sqlite_store, clock, adapter, fate)
    clock.forward(minutes=50)
    assert await life(sqlite_store, clock, adapter, Fate())
    assert adapter.finds >= 1
    assert_all_told(adapter, fate.last)
    assert doubled(adapter) == 0


@pytest.mark.parametrize("limits", [WITH_NONCE, WITHOUT_NONCE], ids=["with nonce", "without nonce"])
async def test_twenty_kills_of_a_running_process_double_at_most_what_was_on_its_way(
    limits: Limits, tmp_path: Path, clock: FakeClock
) -> None:
    rng = random.Random(3)
    places, stories, kills = 5, 8, 20
    adapter = FakeAdapter(clock, limits=limits)
    path = tmp_path / "wire.db"
    for kill in range(kills + 1):
        store = await open_store(f"sqlite:///{path}", clock=clock)
        fate = Fate(rng.randrange(2, 25) if kill < kills else 0)
        wire = Wire(Mortal(store, fate, *STEPS), clock, Mortal(adapter, fate, *STEPS))  # type: ignore[arg-type]
        if kill % 3 == 0:
            adapter.next(f"place {kill % places}", loses_the_answer())
        await live(_race(wire, clock, places, stories), fate)
        await store.close()
        clock.forward(seconds=rng.choice([1, 20, 400]))
    copies = 0
    for number in range(places):
        told = Counter(adapter.told(f"place {number}"))
        assert len(told) == stories
        copies += sum(count - 1 for count in told.values())
    lost_answers = kills // 3 + 1
    assert copies == 0 if limits is WITH_NONCE else copies <= kills + lost_answers


async def _race(wire: Wire, clock: FakeClock, places: int, stories: int) -> list[Story]:
    for number in range(places):
        await wire.place(f"place {number}")
    await wire.restart()
    told = [await wire.publish(f"Story {number}") for number in range(stories)]
    stop = asyncio.Event()
    running = asyncio.create_task(wire.outbox.run(stop))
    while await wire.store.next_delivery_at(["fake"]) is not None:
        await asyncio.sleep(0.002)
        clock.forward(seconds=5)
    stop.set()
    await running
    return told
