"""Open a store by its address."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from bot.errors import SettingsError
from bot.ports import Clock
from storage.store import Store


def _utc_now() -> datetime:
    return datetime.now(UTC)


async def open_store(url: str, *, clock: Clock = _utc_now, exclusive: bool = True) -> Store:
    """Open `sqlite:///PATH`, `sqlite:///:memory:` or `postgresql://…`, bring it up to date, and return it.

    With `exclusive` no second process may have opened the same SQLite file so (StorageBusy); without, the store is
    meant for one short errand beside the process that has.
    """
    scheme, _, rest = url.partition("://")
    if scheme == "sqlite":
        from storage.sqlite import open_sqlite

        path = sqlite_path(url)
        return Store(await open_sqlite(path, now=clock(), exclusive=exclusive), clock)
    if scheme in ("postgresql", "postgres") and rest:
        return await _open_postgresql(url, clock)
    raise SettingsError(
        "PITWIRE_DATABASE_URL: must be sqlite:///PATH or postgresql://USER:PASSWORD@HOST/NAME."
    )


def is_store_there(url: str) -> bool:
    """Say whether a store was ever opened at an address, without making one."""
    if not url.startswith("sqlite:"):
        return True
    path = sqlite_path(url)
    return path is not None and path.exists()


def sqlite_path(url: str) -> Path | None:
    """The file of a SQLite address; None: in memory."""
    place = url.partition("://")[2].removeprefix("/")
    if not place:
        raise SettingsError("PITWIRE_DATABASE_URL: sqlite:/// must be followed by the path of a file.")
    return None if place == ":memory:" else Path(place).expanduser()


async def _open_postgresql(url: str, clock: Clock) -> Store:
    try:
        from storage.postgresql import open_postgresql
    except ImportError as error:
        raise SettingsError(
            'PITWIRE_DATABASE_URL: PostgreSQL needs psycopg: pip install "pitwire[postgres]".'
        ) from error
    store = Store(await open_postgresql(url, now=clock()), clock)
    await store.database.listen(store.wake.set)
    return store
