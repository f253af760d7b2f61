"""What is PostgreSQL's alone: several processes, and a server that restarts under them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta

import psycopg
import pytest

from bot.errors import NewerDatabase, SettingsError, StorageError
from bot.model import OutcomeKind
from storage import Store, open_store
from storage import postgresql as engine
from storage.database import Transaction
from storage.migrate import Migration, migrations
from tests.contracts.given import LEASE, NOW, claim, outcome, place, publish


@pytest.fixture
async def stores(postgresql_url: str) -> AsyncIterator[tuple[Store, Store]]:
    """Two processes over one database."""
    both = await asyncio.gather(open_store(postgresql_url), open_store(postgresql_url))
    yield both
    for store in both:
        await store.close()


def _disconnect_everybody(url: str) -> None:
    """What a restart of the server is for its clients."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'pitwire%'"
        )


async def test_two_processes_migrate_an_empty_database_once(stores: tuple[Store, Store]) -> None:
    for store in stores:
        await store.check_writable()


async def test_one_process_wakes_another(stores: tuple[Store, Store]) -> None:
    here, there = stores
    await place(here)
    await asyncio.wait_for(there.wake.wait(), 5)  # it listens
    there.wake.clear()
    await publish(here)
    await asyncio.wait_for(there.wake.wait(), 5)


async def test_processes_share_the_work_and_double_none_of_it(stores: tuple[Store, Store]) -> None:
    here, there = stores
    for number in range(12):
        await place(here, str(number))
    sent: Counter[int] = Counter()
    busy: set[int] = set()

    async def work(store: Store) -> None:
        while claims := await claim(store, limit=3):
            ours = {one.destination.id for one in claims}
            assert busy.isdisjoint(ours), "one sender a destination"
            busy.update(ours)
            await asyncio.sleep(0)
            sent.update(one.delivery.id for one in claims)
            busy.difference_update(ours)
            await store.record([outcome(one) for one in claims], now=NOW)

    async def tell(store: Store, first: int) -> None:
        for number in range(first, first + 4):
            await publish(store, f"s{number}")

    await asyncio.gather(tell(here, 0), tell(there, 4))
    await asyncio.gather(work(here), work(here), work(there), work(there))
    await work(here)
    assert len(sent) == 12 * 8
    assert set(sent.values()) == {1}


async def test_a_dead_process_is_replaced_within_a_lease(stores: tuple[Store, Store]) -> None:
    here, there = stores
    await place(here)
    await publish(here)
    await claim(here)
    assert await there.free_leases(now=NOW) == 0, "others may be alive"
    assert await claim(there) == []
    assert len(await claim(there, now=NOW + LEASE)) == 1


async def test_a_restart_of_the_server_loses_and_doubles_nothing(
    stores: tuple[Store, Store], postgresql_url: str
) -> None:
    here, there = stores
    for number in range(5):
        await place(here, str(number))
    sent: Counter[int] = Counter()

    async def tell() -> None:
        for number in range(20):
            done = await publish(here, f"s{number}")
            assert done.deliveries in (5, 0), "0: committed, but the answer was lost and it was asked again"

    async def send(store: Store) -> None:
        # A claim whose answer was lost is owed again after its lease, so time goes on.
        now, idle = NOW, 0
        while idle < 25:
            claims = await claim(store, now=now)
            idle = 0 if claims else idle + 1
            now += timedelta(seconds=0 if claims else 10)
            await store.record([outcome(one) for one in claims], now=now)
            sent.update(one.delivery.id for one in claims)
            await asyncio.sleep(0)

    async def restart() -> None:
        for _ in range(4):
            await asyncio.to_thread(_disconnect_everybody, postgresql_url)
            await asyncio.sleep(0.02)

    await asyncio.gather(tell(), send(there), restart())
    await send(here)
    assert len(await here.latest(limit=99)) == 20
    assert await here.counts(now=NOW) == {("discord", "sent"): 100}
    assert len(sent) == 100


async def test_hints_come_again_after_a_restart(stores: tuple[Store, Store], postgresql_url: str) -> None:
    here, there = stores
    await place(here)
    await asyncio.to_thread(_disconnect_everybody, postgresql_url)
    await asyncio.sleep(0)
    there.wake.clear()
    await asyncio.wait_for(there.wake.wait(), 5)  # what was missed meanwhile is looked for


async def test_two_transactions_that_meet_are_both_done(stores: tuple[Store, Store]) -> None:
    here, there = stores
    await here.remember("a", "")
    await here.remember("b", "")
    met = asyncio.Barrier(2)
    began: list[str] = []

    async def change(tx: Transaction, first: str, second: str) -> None:
        append = "UPDATE facts SET value = value || :x WHERE key = :key"
        await tx.run(append, x=first, key=first)
        began.append(first)
        if began.count(first) == 1:  # the loser of the deadlock runs again, and meets nobody
            await asyncio.wait_for(met.wait(), 5)
        await tx.run(append, x=first, key=second)

    await asyncio.gather(here.database.write(change, "a", "b"), there.database.write(change, "b", "a"))
    assert len(began) == 3
    assert {await here.recall("a"), await here.recall("b")} <= {"ab", "ba"}


async def test_a_server_that_stays_away_is_a_sentence(
    postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "PATIENCE", 0.1)
    with pytest.raises(StorageError, match="PostgreSQL cannot be used"):
        await open_store("postgresql://nobody@/none?host=/nowhere")
    with pytest.raises(SettingsError, match="PITWIRE_DATABASE_URL"):
        await open_store("postgresql://[")


async def test_a_closed_store_says_so_at_once(postgresql_url: str) -> None:
    store = await open_store(postgresql_url)
    await store.close()
    with pytest.raises(StorageError, match="closed"):
        await asyncio.wait_for(store.remember("a", "b"), 2)


async def test_a_newer_database_is_refused(postgresql_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    further = Migration(number=9001, name="further", sql="ALTER TABLE facts ADD COLUMN further TEXT;")
    monkeypatch.setattr(engine, "migrations", lambda name: [*migrations(name), further])
    await (await open_store(postgresql_url)).close()
    monkeypatch.undo()
    with pytest.raises(NewerDatabase, match="newer version"):
        await open_store(postgresql_url)


async def test_a_migration_is_whole_or_not_at_all(
    postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = Migration(
        number=9001, name="broken", sql="CREATE TABLE half (x TEXT);\nINSERT INTO nowhere VALUES (1);"
    )
    monkeypatch.setattr(engine, "migrations", lambda name: [*migrations(name), broken])
    with pytest.raises(StorageError, match="nowhere"):
        await open_store(postgresql_url)
    monkeypatch.undo()
    store = await open_store(postgresql_url)
    row = await store.database.read(lambda tx: tx.one("SELECT to_regclass('half') AS half"))
    assert row is not None
    assert row["half"] is None
    await store.close()


async def test_outcomes_of_two_processes_for_one_destination_are_both_counted(
    stores: tuple[Store, Store],
) -> None:
    here, there = stores
    await place(here)
    for slug in "ab":
        await publish(here, slug)
    claims = await claim(here, per_destination=2)
    await asyncio.gather(
        here.record([outcome(claims[0])], now=NOW),
        there.record([outcome(claims[1], OutcomeKind.RETRY, due_at=NOW)], now=NOW),
    )
    assert [one.delivery.id for one in await claim(there)] == [claims[1].delivery.id]
