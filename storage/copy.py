"""Move everything from one database to another, with every id: what was posted stays posted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.errors import StorageError
from storage.database import Row, Transaction
from storage.opening import open_store
from storage.store import Store

Progress = Callable[[str, int, int], None]  # table, rows done, rows in all

PORTION = 1_000


@dataclass(frozen=True, slots=True)
class Table:
    name: str
    key: tuple[str, ...] = ("id",)
    truths: frozenset[str] = frozenset()  # BOOLEAN columns: SQLite gives them as 0 and 1


# In an order that satisfies the references.
TABLES = (
    Table("feeds", truths=frozenset({"official", "left_catalogue"})),
    Table("articles", truths=frozenset({"official"})),
    Table("stories", truths=frozenset({"spoiler"})),
    Table("story_topics", ("story_id", "topic")),
    Table("destinations", truths=frozenset({"apart"})),
    Table("queues", ("destination_id",)),
    Table("waves"),
    Table("subscriptions", ("destination_id", "topic")),
    Table("deliveries"),
    Table("audit"),
    Table("reservations", ("bucket",)),
    Table("jobs", ("name",)),
    Table("facts", ("key",)),
)
COUNTED = tuple(table.name for table in TABLES if table.key == ("id",))  # tables that give out ids

_LAST_ID = {
    "sqlite": "SELECT seq AS last FROM sqlite_sequence WHERE name = 'TABLE'",
    "postgresql": "SELECT last_value AS last FROM pg_sequences "
    "WHERE format('%I.%I', schemaname, sequencename) = pg_get_serial_sequence('TABLE', 'id')",
}
_SET_LAST_ID = {
    "sqlite": (
        "DELETE FROM sqlite_sequence WHERE name = 'TABLE'",
        "INSERT INTO sqlite_sequence VALUES ('TABLE', :last)",
    ),
    "postgresql": ("SELECT setval(pg_get_serial_sequence('TABLE', 'id'), :last)",),
}
_ALL_WORDS = {
    "sqlite": "SELECT rowid AS story_id, words FROM story_words WHERE rowid > :after ORDER BY rowid LIMIT :portion",
    "postgresql": "SELECT story_id, array_to_string(tsvector_to_array(words), ' ') AS words FROM story_words "
    "WHERE story_id > :after ORDER BY story_id LIMIT :portion",
}


async def copy_store(source_url: str, target_url: str, progress: Progress = lambda *_: None) -> None:
    """Copy a store that no process uses into an empty one, in one transaction."""
    source = await open_store(source_url)
    try:
        await _refuse_while_used(source)
        target = await open_store(target_url)
        try:
            await source.database.write_in_steps(_copy, target, progress)
        finally:
            await target.close()
    finally:
        await source.close()


async def _refuse_while_used(source: Store) -> None:
    """What a running process sends while it is copied would be sent again by the copy. SQLite's lock has refused already."""
    others = (await source.describe()).get("others", 0)
    if others:
        raise StorageError(
            f"The database is in use by {others} other connections of Pitwire: stop them first."
        )


async def snapshot(source: Store, target: Store, progress: Progress) -> None:
    """Copy a store that others may use at this moment, as it is at one instant."""
    await source.database.write_in_steps(_copy, target, progress)


async def _copy(source: Transaction, target: Store, progress: Progress) -> None:
    if source.dialect.name == "postgresql":
        await source.run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    await target.database.write_in_steps(_fill, source, progress)


async def _fill(target: Transaction, source: Transaction, progress: Progress) -> None:
    for table in TABLES:
        if await target.one(f"SELECT 1 AS one FROM {table.name} LIMIT 1"):  # noqa: S608 - a constant
            raise StorageError(f"The target is not empty: it has rows in {table.name}.")
    for table in TABLES:
        await _copy_table(source, target, table, progress)
    await _copy_words(source, target, progress)
    for name in COUNTED:
        await _copy_last_id(source, target, name)


async def _copy_table(source: Transaction, target: Transaction, table: Table, progress: Progress) -> None:
    total = await _count(source, table.name)
    done = 0
    async for rows in _portions(source, table):
        columns = list(rows[0])
        await target.many(
            f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({', '.join(f':{name}' for name in columns)})",  # noqa: S608
            [{name: _value(table, name, row[name]) for name in columns} for row in rows],
        )
        done += len(rows)
        progress(table.name, done, total)


def _value(table: Table, column: str, value: Any) -> Any:
    return bool(value) if column in table.truths else value


async def _portions(source: Transaction, table: Table) -> AsyncIterator[Sequence[Mapping[str, Any]]]:
    key = ", ".join(table.key)
    after = ", ".join(f":after_{name}" for name in table.key)
    first = f"SELECT * FROM {table.name} ORDER BY {key} LIMIT {PORTION}"  # noqa: S608 - constants
    further = f"SELECT * FROM {table.name} WHERE ({key}) > ({after}) ORDER BY {key} LIMIT {PORTION}"  # noqa: S608
    rows = _mappings(await source.all(first))
    while rows:
        yield rows
        if len(rows) < PORTION:
            return
        rows = _mappings(await source.all(further, **{f"after_{name}": rows[-1][name] for name in table.key}))


def _mappings(rows: Sequence[Row]) -> Sequence[Mapping[str, Any]]:
    return [dict(row) for row in rows]


async def _copy_words(source: Transaction, target: Transaction, progress: Progress) -> None:
    """Full-text search is kept differently by each engine; the words are the same."""
    total, done, after = await _count(source, "stories"), 0, 0
    while rows := await source.all(_ALL_WORDS[source.dialect.name], after=after, portion=PORTION):
        await target.many(
            target.dialect.search.add,
            [{"story": row["story_id"], "words": row["words"] or ""} for row in rows],
        )
        after, done = rows[-1]["story_id"], done + len(rows)
        progress("search", done, total)


async def _copy_last_id(source: Transaction, target: Transaction, table: str) -> None:
    """Go on counting where the source stopped, not at the highest id left: a delivery's key must never come again."""
    row = await source.one(_LAST_ID[source.dialect.name].replace("TABLE", table))
    if row is not None and row["last"]:
        for statement in _SET_LAST_ID[target.dialect.name]:
            await target.run(statement.replace("TABLE", table), last=row["last"])


async def _count(source: Transaction, table: str) -> int:
    row = await source.one(f"SELECT COUNT(*) AS rows FROM {table}")  # noqa: S608 - a constant
    return int(row["rows"]) if row else 0
