"""SQLite through aiosqlite: one connection that writes, others that read, each in a thread of its own.

A storage function runs in that thread from its first statement to its last, in one go: the way there and back costs more
than most statements do. It may wait for nothing else meanwhile.
"""

from __future__ import annotations

import asyncio
import functools
import os
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import aiosqlite

from bot.errors import StorageBusy, StorageError, StorageFull
from storage.codec import dump
from storage.database import Dialect, P, Row, SearchDialect, T, Transaction, Work, plain
from storage.lock import WriterLock
from storage.migrate import APPLIED, RECORD, TABLE, Migration, migrations, pending, statements

CACHE = 1_000  # KiB a connection; four times as much makes nothing faster, not even a story for 100,000
READERS = 2  # a slow search leaves one for everything else
BUSY_TIMEOUT = 10  # seconds to wait for a backup or a checkpoint
APPLICATION_ID = 0x50495457  # "PITW", in the file's header

DIALECT = Dialect(
    name="sqlite",
    words={
        "key": "INTEGER PRIMARY KEY AUTOINCREMENT",  # an id is never used twice: it is part of a delivery's key
        "id": "INTEGER PRIMARY KEY",
        "clustered": "WITHOUT ROWID",
        "greatest": "MAX",
        "least": "MIN",
        "for_update": "",
        "skip_locked": "",
        "words_id": "rowid",
        "words_match": "story_words MATCH :query",
    },
    each="SELECT value FROM json_each({})",
    ids="SELECT value FROM json_each({})",
    rows="SELECT {columns} FROM json_each({})",
    field="json_extract(value, '$[{}]')",
    parameter=":{}",
    search=SearchDialect(
        add="INSERT INTO story_words (rowid, words) VALUES (:story, :words)",
        drop="DELETE FROM story_words WHERE rowid IN ($ids(:stories))",
        words="SELECT words FROM story_words WHERE rowid = :story",
        word='"{}"',
        prefix='"{}" *',
        joint=" ",
    ),
)
_compile = functools.lru_cache(maxsize=None)(DIALECT.compile)


def _bind(values: Mapping[str, object]) -> dict[str, Any]:
    bound = {name: plain(value) for name, value in values.items()}
    for name, value in bound.items():
        if type(value) is list:
            bound[name] = dump(value)
    return bound


class SqliteTransaction:
    """Statements on one connection, for functions that run in its thread. None of these suspends."""

    dialect = DIALECT

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    async def all(self, sql: str, /, **values: object) -> list[Row]:
        return self._connection.execute(_compile(sql), _bind(values)).fetchall()

    async def one(self, sql: str, /, **values: object) -> Row | None:
        rows = self._connection.execute(_compile(sql), _bind(values)).fetchall()
        return rows[0] if rows else None

    async def run(self, sql: str, /, **values: object) -> int:
        return self._connection.execute(_compile(sql), _bind(values)).rowcount

    async def many(self, sql: str, rows: Iterable[Mapping[str, object]], /) -> None:
        self._connection.executemany(_compile(sql), [_bind(row) for row in rows])

    async def lock(self, sql: str, /, **values: object) -> None:
        """There is one writer."""

    async def notify(self) -> None:
        """Nobody else writes this file."""


@dataclass(slots=True)
class Errand:
    """Work given to a connection's thread."""

    is_wanted: bool = True  # whoever asked for it was not cancelled


class Connection(aiosqlite.Connection):
    """One whose thread takes whole storage functions, not only statements."""

    async def run(self, work: Work[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work` in the thread, each statement for itself."""
        return await self._call(functools.partial(_run, self._conn, work, args, kwargs))

    async def transact(self, work: Work[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work` in the thread, in one transaction.

        Who is cancelled meanwhile leaves when it is over: committed whole, or, if its commit had not begun, not at all.
        """
        errand = Errand()
        try:
            return await self._call(functools.partial(_transact, self._conn, errand, work, args, kwargs))
        except asyncio.CancelledError:
            errand.is_wanted = False
            await self.clear()
            raise

    async def clear(self) -> None:
        """Roll back what is open, whatever is cancelled meanwhile: what the thread was given before is over then."""
        task = asyncio.ensure_future(self.rollback())
        while not task.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait((task,))
        if not task.cancelled():
            task.exception()  # of a connection that was closed meanwhile, and is clear

    async def _call(self, function: Callable[[], T]) -> T:
        return await self._execute(function)  # type: ignore[no-any-return,no-untyped-call]


def _run(
    connection: sqlite3.Connection,
    work: Callable[..., Awaitable[T]],
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
) -> T:
    """Run a storage function from its beginning to its end, here and now."""
    steps = work(SqliteTransaction(connection), *args, **kwargs).__await__()
    try:
        next(steps)
    except StopIteration as done:
        return cast("T", done.value)
    steps.close()
    raise RuntimeError(f"{work} waits for something else than its statements: give it to `write_in_steps`")


def _transact(
    connection: sqlite3.Connection,
    errand: Errand,
    work: Callable[..., Awaitable[T]],
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
) -> T:
    _insist(errand)
    connection.execute("BEGIN IMMEDIATE")
    try:
        done = _run(connection, work, args, kwargs)
        _insist(errand)
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            connection.rollback()
        raise
    return done


def _insist(errand: Errand) -> None:
    if not errand.is_wanted:
        raise asyncio.CancelledError


class SteppingTransaction:
    """Statements on one connection, each a way into its thread and back: between them anything may be awaited."""

    dialect = DIALECT

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def all(self, sql: str, /, **values: object) -> list[Row]:
        return await self._connection.run(lambda tx: tx.all(sql, **values))

    async def one(self, sql: str, /, **values: object) -> Row | None:
        return await self._connection.run(lambda tx: tx.one(sql, **values))

    async def run(self, sql: str, /, **values: object) -> int:
        return await self._connection.run(lambda tx: tx.run(sql, **values))

    async def many(self, sql: str, rows: Iterable[Mapping[str, object]], /) -> None:
        await self._connection.run(lambda tx: tx.many(sql, rows))

    async def lock(self, sql: str, /, **values: object) -> None:
        """There is one writer."""

    async def notify(self) -> None:
        """Nobody else writes this file."""


class SqliteDatabase:
    """See `Database`. Made by `open_sqlite`."""

    dialect = DIALECT

    def __init__(
        self,
        path: Path | None,
        writer: Connection,
        readers: list[Connection],
        lock: WriterLock | None,
    ) -> None:
        self.path = path
        self._lock = lock
        self._writer = writer
        self._writing = asyncio.Lock()
        self._connections = [writer, *readers]
        self._readers: asyncio.Queue[Connection] = asyncio.Queue()
        for reader in readers:
            self._readers.put_nowait(reader)
        self._reads_from_writer = not readers  # a database in memory is seen by its own connection only

    async def write(self, work: Work[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        with translated(self.path):
            async with self._writing:
                return await self._writer.transact(work, *args, **kwargs)

    async def write_in_steps(self, work: Work[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        with translated(self.path):
            async with self._writing, _transaction(self._writer):
                return await work(SteppingTransaction(self._writer), *args, **kwargs)

    async def read(self, work: Work[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        with translated(self.path):
            if self._reads_from_writer:
                async with self._writing:
                    return await self._writer.run(work, *args, **kwargs)
            reader = await self._readers.get()
            try:
                return await reader.run(work, *args, **kwargs)
            finally:
                self._readers.put_nowait(reader)

    async def listen(self, woken: Callable[[], None]) -> None:
        """No other process writes this file, so none has hints."""

    async def describe(self) -> Mapping[str, str | int]:
        size = 0
        if self.path is not None:
            for name in (self.path, Path(f"{self.path}-wal")):
                with suppress(OSError):
                    size += name.stat().st_size
        return {
            "engine": f"SQLite {sqlite3.sqlite_version}",
            "place": str(self.path or "memory"),
            "bytes": size,
        }

    async def close(self) -> None:
        for connection in reversed(self._connections):
            with suppress(sqlite3.Error, ValueError):
                await connection.close()
        if self._lock is not None:
            self._lock.release()


@asynccontextmanager
async def _transaction(connection: Connection) -> AsyncIterator[None]:
    """Commit, or roll back on everything: a cancellation leaves its statement running in the thread."""
    try:
        await connection.execute("BEGIN IMMEDIATE")
        yield
        await connection.commit()
    except BaseException:
        await connection.clear()
        raise


@contextmanager
def translated(path: Path | None) -> Iterator[None]:
    """Raise SQLite's errors as ours."""
    try:
        yield
    except sqlite3.Error as error:
        raise storage_error(error, path) from error
    except ValueError as error:
        if str(error) in ("Connection closed", "no active connection"):
            raise StorageError("The database is closed.") from error
        raise


def storage_error(error: sqlite3.Error, path: Path | None) -> StorageError:
    """Say in a sentence what SQLite means."""
    place = path or "The database in memory"
    match getattr(error, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_FULL:
            return StorageFull(f"The disk of {place} is full: make room, nothing is lost meanwhile.")
        case sqlite3.SQLITE_IOERR:
            return StorageFull(f"The disk of {place} fails ({error}): nothing was written.")
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return StorageBusy(f"{place} is locked by another program.")
        case sqlite3.SQLITE_READONLY:
            return StorageError(f"{place} cannot be written: check the rights of the file and its folder.")
        case sqlite3.SQLITE_CANTOPEN:
            return StorageError(f"{place} cannot be opened: check that its folder exists and may be written.")
        case sqlite3.SQLITE_NOTADB:
            return StorageError(f"{place} is not a SQLite database.")
        case sqlite3.SQLITE_CORRUPT:
            return StorageError(f"{place} is damaged: go back to a backup.")
    return StorageError(f"{place}: {error}")


async def open_sqlite(path: Path | None, *, now: datetime, exclusive: bool = True) -> SqliteDatabase:
    """Open a file (None: memory) and bring it up to date; `exclusive` keeps others out until it is closed."""
    lock = None
    if path is not None:
        _make_folder(path.parent)
        lock = WriterLock(path)
        if exclusive:
            lock.acquire()
    opened: list[Connection] = []
    try:
        with translated(path):
            writer = await _connect(path)
            opened.append(writer)
            await _claim_file(writer, path)
            await _migrate(writer, path, now, lock)
            while path is not None and len(opened) <= READERS:
                opened.append(await _connect(path, query_only=True))
    except BaseException:
        for connection in opened:
            await connection.close()
        if lock is not None:
            lock.release()
        raise
    return SqliteDatabase(path, writer, opened[1:], lock)


async def backup_sqlite(path: Path, target: Path) -> None:
    """Copy a file as it is at one instant, beside its writer: in WAL mode a reader keeps nobody waiting."""
    if not await asyncio.to_thread(path.exists):
        raise StorageError(f"There is no database at {path} yet.")
    with translated(path):
        await asyncio.to_thread(_vacuum_into, path, target)


def _vacuum_into(path: Path, target: Path) -> None:
    with closing(sqlite3.connect(path, timeout=BUSY_TIMEOUT)) as connection:
        connection.execute("VACUUM INTO ?", (str(target),))
    with target.open("rb") as written:
        os.fsync(written.fileno())  # SQLite does not wait for the disk here


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"The folder {folder} cannot be made: {error.strerror}.") from error


async def _connect(path: Path | None, *, query_only: bool = False) -> Connection:
    if path is not None:
        # aiosqlite leaves its thread behind when a file cannot be opened.
        await asyncio.to_thread(_try_to_open, path)
    connection = Connection(functools.partial(_open, path), iter_chunk_size=64)
    await connection
    try:
        await connection.execute("PRAGMA foreign_keys = ON")
        # A page that is not cached here is a copy from the system's cache: two microseconds.
        await connection.execute(f"PRAGMA cache_size = -{CACHE}")
        await connection.execute("PRAGMA temp_store = MEMORY")
        if query_only:
            await connection.execute("PRAGMA query_only = ON")
        elif path is not None:
            await connection.execute("PRAGMA journal_mode = WAL")
            # FULL, because after a power cut a post that was sent must not be owed again.
            await connection.execute("PRAGMA synchronous = FULL")
            await connection.execute("PRAGMA journal_size_limit = 67108864")
    except BaseException:
        await connection.close()
        raise
    return connection


def _open(path: Path | None) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path or ":memory:", timeout=BUSY_TIMEOUT, isolation_level=None, cached_statements=256
    )
    connection.row_factory = sqlite3.Row
    return connection


def _try_to_open(path: Path) -> None:
    sqlite3.connect(path).close()


async def _claim_file(writer: Connection, path: Path | None) -> None:
    """Refuse the database of another program; mark ours."""
    [(owner,)] = await writer.execute_fetchall("PRAGMA application_id")
    [(tables,)] = await writer.execute_fetchall("SELECT count(*) FROM sqlite_master")
    if owner != APPLICATION_ID and tables:
        raise StorageError(f"{path} is a database of another program.")
    if not tables:
        await writer.execute(f"PRAGMA application_id = {APPLICATION_ID}")


async def _migrate(writer: Connection, path: Path | None, now: datetime, lock: WriterLock | None) -> None:
    """Bring the schema up to date, alone: a running process of an older version would trip over it."""
    known, place = migrations("sqlite"), str(path or "The database")
    todo = pending(known, await _applied(writer), place)
    if not todo:
        return
    if lock is not None:
        lock.acquire()
    applied = await _applied(writer)
    todo = pending(known, applied, place)
    if applied and todo and path is not None:
        await _copy_before(path, todo[0].number)
    for migration in todo:
        await writer.transact(_apply, migration, now=now)


async def _apply(tx: Transaction, migration: Migration, *, now: datetime) -> None:
    await tx.run(TABLE)
    for statement in statements(migration.sql):
        await tx.run(statement)
    await tx.run(RECORD, number=migration.number, name=migration.name, now=now)


async def _applied(writer: Connection) -> int:
    """The newest migration that a file has; 0 for a new one."""
    tables = await writer.execute_fetchall("SELECT 1 FROM sqlite_master WHERE name = 'migrations'")
    return next(iter(await writer.execute_fetchall(APPLIED)))["number"] if tables else 0


async def _copy_before(path: Path, number: int) -> None:
    """Keep the file as it was: `pitwire.sqlite3.before-0003`."""
    target = Path(f"{path}.before-{number:04}")
    unfinished = Path(f"{target}.unfinished")
    await asyncio.to_thread(unfinished.unlink, missing_ok=True)
    await asyncio.to_thread(_vacuum_into, path, unfinished)
    await asyncio.to_thread(unfinished.replace, target)
