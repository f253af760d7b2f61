"""Several processes deliver side by side from one PostgreSQL database, and one of them is killed."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from bot.config import DeliverySettings
from bot.outbox.rules import LEASE
from storage import open_store
from tests.conftest import FakeClock
from tests.fakes import FakeAdapter
from tests.mortal import Fate, Mortal, live
from tests.wire import Wire, quickly  # noqa: F401 - a fixture

pytestmark = pytest.mark.usefixtures("quickly")

PLACES, STORIES = 6, 8
STEPS = ("claim", "record", "send", "hold")


async def process(url: str, clock: FakeClock, adapter: FakeAdapter, fate: Fate, stop: asyncio.Event) -> bool:
    store = await open_store(url, clock=clock)
    try:
        wire = Wire(
            Mortal(store, fate, *STEPS),
            clock,
            Mortal(adapter, fate, *STEPS),  # type: ignore[arg-type]
            settings=DeliverySettings(senders=3),
        )
        return await live(wire.outbox.run(stop), fate)
    finally:
        await store.close()


async def test_three_processes_share_the_work_and_take_over_from_the_one_that_dies(
    postgresql_url: str, clock: FakeClock
) -> None:
    store = await open_store(postgresql_url, clock=clock)
    adapter = FakeAdapter(clock, seconds=lambda: 0.001)  # it minds that no place gets two posts at once
    wire, stop = Wire(store, clock, adapter), asyncio.Event()
    for number in range(PLACES):
        await wire.place(f"place {number}")
    fates = [Fate(at=10), Fate(), Fate()]
    processes = [asyncio.create_task(process(postgresql_url, clock, adapter, fate, stop)) for fate in fates]
    for number in range(STORIES):
        await wire.publish(f"Story {number}")
    await asyncio.wait_for(fates[0].dead.wait(), 10)
    clock.forward(seconds=LEASE.total_seconds() + 1)
    async with asyncio.timeout(10):
        while await store.next_delivery_at(["fake"]) is not None:
            await asyncio.sleep(0.005)
    stop.set()
    assert await asyncio.gather(*processes) == [False, True, True]
    for number in range(PLACES):
        assert set(Counter(adapter.told(f"place {number}")).values()) == {1}
    assert all(fate.steps > 10 for fate in fates[1:])
    await store.close()
