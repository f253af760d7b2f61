"""What is SQLite's alone: one file, one writer, a disk that may be full."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from bot.errors import NewerDatabase, SettingsError, StorageBusy, StorageError, StorageFull
from storage import Store, open_store
from storage import sqlite as engine
from storage.database import Transaction
from storage.migrate import Migration, migrations, statements
from tests.contracts.given import claim, place, publish, record


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "pitwire.sqlite3"


@pytest.fixture
async def file_store(path: Path) -> AsyncIterator[Store]:
    store = await open_store(f"sqlite:///{path}")
    yield store
    await store.close()


async def test_the_file_is_written_for_power_cuts(file_store: Store, path: Path) -> None:
    database = file_store.database
    for pragma, value in (("synchronous", 2), ("foreign_keys", 1), ("journal_mode", "wal")):
        row = await database.write(lambda tx, pragma=pragma: tx.one(f"PRAGMA {pragma}"))
        assert row is not None
        assert row[0] == value
    assert path.stat().st_size > 0


async def test_readers_do_not_wait_for_the_writer(file_store: Store) -> None:
    published = await publish(file_store)
    reading = asyncio.Event()

    async def slow_write(tx: object) -> None:
        await tx.run("UPDATE stories SET title = 'half written'")  # type: ignore[attr-defined]
        await asyncio.wait_for(reading.wait(), 5)

    writing = asyncio.create_task(file_store.database.write_in_steps(slow_write))
    await asyncio.sleep(0)
    seen = await asyncio.wait_for(file_store.story(published.story.id), 5)
    assert seen == published.story
    reading.set()
    await writing


class Paused:
    """A storage function that stops in the connection's thread, between its statement and its end."""

    def __init__(self) -> None:
        self.begun, self.go_on = threading.Event(), threading.Event()

    async def __call__(self, tx: Transaction) -> None:
        await tx.run("INSERT INTO facts (key, value) VALUES ('half', 'done')")
        self.begun.set()
        assert self.go_on.wait(5)

    async def until_begun(self) -> None:
        assert await asyncio.to_thread(self.begun.wait, 5)


async def test_who_is_cancelled_while_a_transaction_runs_leaves_when_it_is_rolled_back(
    file_store: Store,
) -> None:
    paused = Paused()
    writing = asyncio.create_task(file_store.database.write(paused))
    await paused.until_begun()
    following = asyncio.create_task(file_store.remember("next", "one"))
    for _ in range(3):
        writing.cancel()
        await asyncio.sleep(0)
    assert not writing.done()
    assert not following.done()
    paused.go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert await file_store.recall("half") is None
    await following
    assert await file_store.recall("next") == "one"


async def test_who_is_cancelled_before_a_transaction_began_has_written_nothing(file_store: Store) -> None:
    paused = Paused()
    writing = asyncio.create_task(file_store.database.write(paused))
    await paused.until_begun()
    queued = asyncio.create_task(file_store.remember("queued", "one"))
    await asyncio.sleep(0)
    queued.cancel()
    with pytest.raises(asyncio.CancelledError):
        await queued
    paused.go_on.set()
    await writing
    assert (await file_store.recall("half"), await file_store.recall("queued")) == ("done", None)


async def test_what_is_shielded_is_kept_though_its_caller_was_cancelled(file_store: Store) -> None:
    paused = Paused()
    kept = asyncio.ensure_future(file_store.database.write(paused))
    recording = asyncio.create_task(_shielded(kept))
    await paused.until_begun()
    recording.cancel()
    with pytest.raises(asyncio.CancelledError):
        await recording
    paused.go_on.set()
    await kept
    assert await file_store.recall("half") == "done"


async def _shielded(kept: asyncio.Future[None]) -> None:
    await asyncio.shield(kept)


@pytest.mark.parametrize("way", ["read", "write"])
async def test_a_storage_function_that_waits_for_something_else_fails_loudly(
    file_store: Store, way: str
) -> None:
    async def wait(tx: Transaction) -> None:
        await tx.all("SELECT 1")
        await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="waits for something else"):
        await getattr(file_store.database, way)(wait)
    await file_store.remember("next", "one")
    assert await file_store.recall("next") == "one"


async def test_a_store_that_is_closed_says_so(path: Path) -> None:
    store = await open_store(f"sqlite:///{path}")
    await store.close()
    for asked in (store.recall("a"), store.remember("a", "b")):
        with pytest.raises(StorageError, match="closed"):
            await asked


async def test_a_second_process_that_would_write_is_refused_with_a_clear_sentence(
    file_store: Store, path: Path
) -> None:
    script = "import asyncio, sys; from storage import open_store; asyncio.run(open_store(sys.argv[1]))"
    result = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", script, f"sqlite:///{path}"],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert result.returncode == 1
    assert f"in use by process {os.getpid()} of Pitwire: stop it first" in result.stderr


async def test_a_short_errand_is_possible_beside_the_process_that_runs(file_store: Store, path: Path) -> None:
    errand = await open_store(f"sqlite:///{path}", exclusive=False)
    there = await place(errand)
    await errand.close()
    assert await file_store.destination_by_id(there.id) is not None
    with pytest.raises(StorageBusy):
        await open_store(f"sqlite:///{path}")


async def test_the_lock_ends_with_the_store(path: Path) -> None:
    for _ in range(2):
        await (await open_store(f"sqlite:///{path}")).close()


async def test_a_file_locked_by_another_program_is_busy(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "BUSY_TIMEOUT", 0.01)
    store = await open_store(f"sqlite:///{path}")
    other = sqlite3.connect(path)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageBusy, match="locked by another program"):
        await store.remember("a", "b")
    other.rollback()
    other.close()
    await store.remember("a", "b")
    await store.close()


async def test_a_full_disk_marks_nothing_as_sent_and_goes_on_when_there_is_room(file_store: Store) -> None:
    await place(file_store)
    await publish(file_store)
    [sending] = await claim(file_store)

    async def limit(tx: object, pages: str) -> None:
        await tx.one(f"PRAGMA max_page_count = {pages}")  # type: ignore[attr-defined]

    await file_store.database.write(limit, "1")
    with pytest.raises(StorageFull, match="full"):
        await publish(file_store, "big", summary="x" * 100_000)
    with pytest.raises(StorageFull):
        for number in range(1000):
            await file_store.remember(f"{number}", "x" * 4000)
    assert await file_store.story_at("https://pit.example/big") is None
    await file_store.database.write(limit, "1000000")
    await file_store.check_writable()
    await record(file_store, sending)
    assert (await publish(file_store, "big")).deliveries == 1


@pytest.mark.parametrize(
    ("url", "error", "says"),
    [
        ("sqlite:///", SettingsError, "path of a file"),
        ("mysql://x", SettingsError, "PITWIRE_DATABASE_URL"),
        ("postgresql://", SettingsError, "PITWIRE_DATABASE_URL"),
        ("sqlite:////proc/no/such/folder/db", StorageError, "cannot be made"),
        ("sqlite:////", StorageError, "cannot be"),
    ],
)
async def test_an_address_that_cannot_be_opened_is_one_sentence(
    url: str, error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says) as raised:
        await open_store(url)
    assert "\n" not in str(raised.value)


async def test_what_is_not_a_database_of_pitwire_is_left_alone(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"not a database, but long enough to look at" * 50)
    with pytest.raises(StorageError, match="is not a SQLite database"):
        await open_store(f"sqlite:///{path}")
    path.unlink()
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE theirs (x)")
    other.close()
    with pytest.raises(StorageError, match="another program"):
        await open_store(f"sqlite:///{path}")


async def test_a_killed_process_leaves_a_whole_store_and_no_lock(path: Path) -> None:
    script = """
import asyncio, sys
from storage import open_store
from tests.contracts.given import place, publish
async def main():
    store = await open_store(sys.argv[1])
    await place(store)
    for number in range(100000):
        await publish(store, f"s{number}")
        print(number, flush=True)
asyncio.run(main())
"""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, f"sqlite:///{path}", stdout=asyncio.subprocess.PIPE
    )
    assert child.stdout is not None
    for _ in range(30):
        told = int(await asyncio.wait_for(child.stdout.readline(), 20))
    child.send_signal(signal.SIGKILL)
    rest = await asyncio.wait_for(child.stdout.read(), 20)
    await child.wait()
    told = int(rest.split()[-1]) if rest.split() else told
    store = await open_store(f"sqlite:///{path}")
    there = await store.destination("discord", "42")
    assert there is not None
    stories = await store.latest(limit=1000)
    assert len(stories) in (told + 1, told + 2), "what was answered is there; one more may be"
    assert len(await store.waiting(there.id, limit=1000)) == len(stories)
    await store.close()


# ── migrations ──


def _with(*more: Migration) -> Sequence[Migration]:
    return [*migrations("sqlite"), *more]


FURTHER = Migration(number=9001, name="further", sql="ALTER TABLE facts ADD COLUMN further TEXT;")
BROKEN = Migration(
    number=9002, name="broken", sql="CREATE TABLE half (x TEXT);\nINSERT INTO nowhere VALUES (1);"
)


async def test_a_newer_database_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "migrations", lambda name: _with(FURTHER))
    await (await open_store(f"sqlite:///{path}")).close()
    monkeypatch.undo()
    ours = len(migrations("sqlite"))
    with pytest.raises(
        NewerDatabase, match=rf"newer version of Pitwire \(schema 9001, this version knows {ours}\)"
    ):
        await open_store(f"sqlite:///{path}")


async def test_a_migration_copies_the_file_first_and_is_whole_or_not_at_all(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = await open_store(f"sqlite:///{path}")
    await store.remember("kept", "yes")
    await store.close()
    unfinished = Path(f"{path}.before-9001.unfinished")
    unfinished.write_bytes(b"left by a process that was killed")

    monkeypatch.setattr(engine, "migrations", lambda name: _with(FURTHER, BROKEN))
    with pytest.raises(StorageError, match="nowhere"):
        await open_store(f"sqlite:///{path}")
    monkeypatch.setattr(engine, "migrations", lambda name: _with(FURTHER))
    store = await open_store(f"sqlite:///{path}")
    assert await store.recall("kept") == "yes"
    await store.close()

    copy = sqlite3.connect(f"{path}.before-9001")
    assert [column[1] for column in copy.execute("PRAGMA table_info(facts)")] == ["key", "value"]
    assert copy.execute("SELECT value FROM facts").fetchall() == [("yes",)]
    copy.close()
    assert not unfinished.exists()
    file = sqlite3.connect(path)
    assert file.execute("SELECT count(*) FROM sqlite_master WHERE name = 'half'").fetchone() == (0,)
    file.close()


async def test_a_short_errand_does_not_migrate_under_a_running_process(
    file_store: Store, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "migrations", lambda name: _with(FURTHER))
    with pytest.raises(StorageBusy):
        await open_store(f"sqlite:///{path}", exclusive=False)


def test_migrations_are_numbered_without_gaps_on_both_engines() -> None:
    for name in ("sqlite", "postgresql"):
        numbers = [migration.number for migration in migrations(name)]
        assert numbers == list(range(1, len(numbers) + 1))


def test_a_migration_is_split_into_statements() -> None:
    assert statements("-- why; this\nCREATE TABLE a (x TEXT); -- and;\n\nDROP TABLE b\n;\n") == [
        "CREATE TABLE a (x TEXT)",
        "DROP TABLE b",
    ]
