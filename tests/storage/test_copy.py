"""Moving a store to another engine, and backing it up while it is used."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.errors import StorageBusy, StorageError
from bot.model import OutcomeKind, Preferences
from storage import Store, backup_store, copy_store, open_store
from storage.copy import TABLES
from storage.migrate import migrations, statements
from tests.contracts.given import NOW, claim, feed, outcome, place, publish, record, revise


async def fill(store: Store) -> None:
    """Something of everything, with ids that do not begin at 1 and gaps between them."""
    await store.add_feed(feed(official=True, series=("wec",)))
    there = await place(store, "1", "series:wec", "words:münchen")
    await place(store, "2", adapter="telegram")
    await store.save_preferences(
        there.id, Preferences(locale="de", unknown={"new": 1}), version=0, now=NOW, by="Ada", what="locale de"
    )
    for slug in "abcd":
        await publish(store, slug, topics=("team:ferrari",), spoiler=True, article={"text": f"Pérez {slug}"})
    await revise(store, (await publish(store, "e")).story)
    claims = await claim(store, "discord", "telegram")
    await store.record([outcome(one) for one in claims], now=NOW)
    await record(store, (await claim(store))[0], OutcomeKind.UNCERTAIN, due_at=NOW)
    await claim(store, "telegram")  # in flight
    await store.make_digest(there.id, [4], slot="s", due_at=NOW, now=NOW)
    await store.remember("telegram.offset", "7")
    await store.lease_job("poll", "a", now=NOW, lease=NOW - NOW)
    await store.reserve("all", NOW - NOW, now=NOW)

    async def forget_the_last(tx: object) -> None:
        await tx.run("DELETE FROM deliveries WHERE id = (SELECT MAX(id) FROM deliveries)")  # type: ignore[attr-defined]

    await store.database.write(forget_the_last)


async def contents(store: Store) -> dict[str, list[dict[str, object]]]:
    async def read(tx: object) -> dict[str, list[dict[str, object]]]:
        found = {}
        for table in TABLES:
            rows = await tx.all(f"SELECT * FROM {table.name} ORDER BY {', '.join(table.key)}")  # type: ignore[attr-defined]
            found[table.name] = [
                {name: int(value) if isinstance(value, bool) else value for name, value in dict(row).items()}
                for row in rows
            ]
        return found

    return await store.database.read(read)


async def _filled(path: Path) -> str:
    url = f"sqlite:///{path}"
    store = await open_store(url)
    await fill(store)
    await store.close()
    return url


async def test_a_store_moves_to_postgresql_and_back_with_everything(
    tmp_path: Path, postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.copy.PORTION", 2)
    source = await _filled(tmp_path / "a.sqlite3")
    seen: list[tuple[str, int, int]] = []
    await copy_store(source, postgresql_url, lambda table, done, total: seen.append((table, done, total)))
    assert {"feeds", "deliveries", "search"} < {table for table, _, _ in seen}
    assert all(0 < done <= total for _, done, total in seen)
    back = f"sqlite:///{tmp_path / 'b.sqlite3'}"
    await copy_store(postgresql_url, back)
    before, *after = [await _looked_at(url) for url in (source, postgresql_url, back)]
    assert after == [before, before]


async def _looked_at(url: str) -> tuple[object, ...]:
    """Everything in a store, what is found in it, and how its ids go on: the last ones were deleted or not."""
    store = await open_store(url)
    kept, found = await contents(store), await store.search("pérez")
    new = await publish(store, "new")
    delivery = await store.delivery(1, new.story.id)
    assert found
    assert delivery
    await store.close()
    return kept, found, new, delivery


async def test_a_running_process_is_not_copied_away_from(tmp_path: Path, postgresql_url: str) -> None:
    running = await open_store(f"sqlite:///{tmp_path / 'a.sqlite3'}")
    with pytest.raises(StorageBusy):
        await copy_store(f"sqlite:///{tmp_path / 'a.sqlite3'}", postgresql_url)
    await running.close()
    running = await open_store(postgresql_url)
    with pytest.raises(StorageError, match="in use by 1 other"):
        await copy_store(postgresql_url, f"sqlite:///{tmp_path / 'b.sqlite3'}")
    await running.close()


async def test_a_target_with_anything_in_it_is_refused(tmp_path: Path, postgresql_url: str) -> None:
    source = await _filled(tmp_path / "a.sqlite3")
    target = await open_store(postgresql_url)
    await place(target)
    await target.close()
    with pytest.raises(StorageError, match="not empty"):
        await copy_store(source, postgresql_url)


async def test_a_copy_that_fails_leaves_an_empty_target(tmp_path: Path, postgresql_url: str) -> None:
    source = await _filled(tmp_path / "a.sqlite3")

    def fail(table: str, done: int, total: int) -> None:
        if table == "deliveries" and done:
            raise StorageError("on purpose")

    with pytest.raises(StorageError, match="on purpose"):
        await copy_store(source, postgresql_url, fail)
    await copy_store(source, postgresql_url)


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
async def test_a_backup_is_whole_while_the_bot_works(
    tmp_path: Path, engine: str, request: pytest.FixtureRequest
) -> None:
    is_sqlite = engine == "sqlite"
    url = f"sqlite:///{tmp_path / 'a.sqlite3'}" if is_sqlite else request.getfixturevalue("postgresql_url")
    store = await open_store(url)
    await fill(store)
    backing_up = asyncio.create_task(backup_store(url, tmp_path / "copy.sqlite3"))
    number = 0
    while not backing_up.done():
        number += 1
        await publish(store, f"meanwhile-{number}")
    await backing_up
    copy = await open_store(f"sqlite:///{tmp_path / 'copy.sqlite3'}")
    stories = await copy.latest(limit=1000)
    assert 5 <= len(stories) <= 5 + number
    for told in stories:
        assert await copy.story_at(told.url) == told
    assert {left.name for left in tmp_path.iterdir() if "unfinished" in left.name} == set()
    with pytest.raises(StorageError, match="exists already"):
        await backup_store(url, tmp_path / "copy.sqlite3")
    await copy.close()
    await store.close()


async def test_what_has_no_backup_says_so(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="no database"):
        await backup_store(f"sqlite:///{tmp_path / 'none.sqlite3'}", tmp_path / "copy.sqlite3")
    with pytest.raises(StorageError, match="in memory"):
        await backup_store("sqlite:///:memory:", tmp_path / "copy.sqlite3")


def test_every_table_is_copied_with_its_truths() -> None:
    """A new table or BOOLEAN column that the copy forgets would be found years later."""
    truths: dict[str, set[str]] = {}
    for migration in migrations("sqlite"):
        for statement in statements(migration.sql):
            words = statement.split()
            if words[:2] == ["CREATE", "TABLE"]:
                truths[words[2]] = {line.split()[0] for line in statement.splitlines() if " BOOLEAN" in line}
            elif (
                words[:2] == ["ALTER", "TABLE"] and words[3:5] == ["ADD", "COLUMN"] and words[6] == "BOOLEAN"
            ):
                truths[words[2]].add(words[5])
    assert truths == {table.name: set(table.truths) for table in TABLES}
