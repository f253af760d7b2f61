"""The seam between the portable SQL and an engine: transactions, parameters, and the few words that differ."""

from __future__ import annotations

import itertools
import re
import string
from collections.abc import Awaitable, Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from storage.codec import clean, dump, span_ms, to_ms

P = ParamSpec("P")
T = TypeVar("T")


class Row(Protocol):
    """A row of a result, by column name."""

    def __getitem__(self, column: str, /) -> Any: ...

    def __iter__(self) -> Iterator[Any]: ...

    def keys(self) -> Iterable[str]: ...


class Transaction(Protocol):
    """What a storage function works with. SQL has `:name` parameters and the `$words` of `Dialect`."""

    @property
    def dialect(self) -> Dialect: ...

    async def all(self, sql: str, /, **values: object) -> list[Row]:
        """Run a statement and return its rows."""
        ...

    async def one(self, sql: str, /, **values: object) -> Row | None:
        """Run a statement and return its first row."""
        ...

    async def run(self, sql: str, /, **values: object) -> int:
        """Run a statement without a result; returns how many rows it touched."""
        ...

    async def many(self, sql: str, rows: Iterable[Mapping[str, object]], /) -> None:
        """Run a statement once for each set of parameters, in one round trip."""
        ...

    async def lock(self, sql: str, /, **values: object) -> None:
        """Lock rows against other processes (`… FOR UPDATE`); an engine with one writer has no need of it."""
        ...

    async def notify(self) -> None:
        """Hint to other processes, after the commit, that something may have become due."""
        ...


Work = Callable[Concatenate[Transaction, P], Awaitable[T]]


class Database(Protocol):
    """An engine. Raises StorageError and its kinds, nothing else."""

    dialect: Dialect

    async def read(self, work: Work[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work`, which only reads, beside the writers. Each statement sees what was committed before it."""
        ...

    async def write(self, work: Work[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work` in one transaction: whole, durable, or not at all. It may be run again after a lost connection.

        It awaits nothing but its transaction, here and in `read`: on SQLite it runs in the connection's thread.
        """
        ...

    async def write_in_steps(self, work: Work[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """`write` for work that waits for other things between its statements; slower, and other writers wait as well."""
        ...

    async def listen(self, woken: Callable[[], None]) -> None:
        """Call `woken` for each hint of another process, from now on."""
        ...

    async def describe(self) -> Mapping[str, str | int]:
        """Say which engine it is and how large the database has become."""
        ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchDialect:
    """Full-text search of `story_words`, the one table that is not portable."""

    add: str  # with :story and :words, joined by blanks
    drop: str  # with :stories
    words: str  # of :story, joined by blanks
    word: str  # how a word stands in the query; {} is the word
    prefix: str
    joint: str

    def query(self, words: Sequence[str], prefixes: Container[str]) -> str:
        """Ask for all of these words, the ones in `prefixes` by their beginning. Words are letters and digits only."""
        return self.joint.join(
            (self.prefix if word in prefixes else self.word).format(word) for word in words
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """What the engines spell differently. In SQL these stand as words that begin with `$`."""

    name: str
    words: Mapping[str, str]  # "key" → "INTEGER PRIMARY KEY"
    each: str  # rows of a list of texts, in one column `value`; {} is the parameter
    ids: str  # the same for whole numbers
    rows: str  # rows of a list of tuples, given as JSON; {columns} picks from `value`
    field: str  # one of them; {} is its place
    parameter: str  # {} is the name
    search: SearchDialect

    def compile(self, sql: str) -> str:
        """Translate portable SQL into this engine's.

        `$each(:names)`, `$ids(:numbers)`: the rows of a list. `$rows(:rows, id BIGINT, title TEXT)`: the rows of a list of
        tuples. `$owed(d)`: the delivery `d` still has something to send.
        """
        return _TOKEN.sub(self._translate, sql.replace("%", "%%") if "%(" in self.parameter else sql)

    def _translate(self, found: re.Match[str]) -> str:
        token = found[0]
        if token.startswith(("'", "--", "::")):
            return token
        if token.startswith(":"):
            return self.parameter.format(token[1:])
        word, _, inner = token[1:].partition("(")
        if not inner:
            return self.words[word]
        name, *columns = (part.strip() for part in inner.removesuffix(")").split(","))
        if word == "owed":
            return f"{name}.closed IS NULL AND {name}.revision > {name}.sent_revision"
        parameter = self.parameter.format(name.removeprefix(":"))
        if word == "rows":
            return self.rows.format(parameter, columns=", ".join(self._columns(columns)))
        return (self.each if word == "each" else self.ids).format(parameter)

    def _columns(self, columns: Sequence[str]) -> Iterator[str]:
        for place, column in enumerate(columns):
            name, kind = column.split()
            yield f"CAST({self.field.format(place)} AS {kind}) AS {name}"


_TOKEN = re.compile(r"'[^']*'|--[^\n]*|::|:[a-z_]+|\$(?:each|ids|rows|owed)\([^)]*\)|\$[a-z_]+")


def named(rows: Sequence[Row]) -> Sequence[Row]:
    """The rows as dictionaries, for wide ones: sqlite3 looks for a column from the first one on, each time."""
    if not rows or isinstance(rows[0], dict):
        return rows
    columns = tuple(rows[0].keys())
    return [dict(zip(columns, row, strict=True)) for row in rows]


@dataclass(frozen=True, slots=True)
class Rows:
    """A parameter for `$rows`."""

    rows: Sequence[Sequence[object]]


def names() -> Iterator[str]:
    """Count in letters, a, b, … z, aa, …: parameters of statements that are made for a number of things."""
    for size in itertools.count(1):
        for letters in itertools.product(string.ascii_lowercase, repeat=size):
            yield "".join(letters)


def plain(value: object) -> Any:
    """Turn a parameter into what a driver understands; lists stay lists."""
    turn = _PLAIN.get(type(value))  # a look-up: a story has a hundred parameters on its way
    return _plain_kind(value) if turn is None else turn(value)


def _plain_kind(value: object) -> Any:
    """What is not exactly of a type that is looked up."""
    match value:
        case Enum():
            return value.value
        case str():
            return clean(value)
        case tuple() | list() | set() | frozenset():
            return _plain_list(value)
        case Rows():
            return dump([_plain_list(row) for row in value.rows])
        case _:
            return value


def _plain_list(values: Iterable[object]) -> list[Any]:
    return [plain(value) for value in values]


def _same(value: object) -> object:
    return value


_PLAIN: Mapping[type, Callable[[Any], Any]] = {
    str: clean,
    int: _same,
    type(None): _same,
    datetime: to_ms,
    timedelta: span_ms,
    list: _plain_list,
    tuple: _plain_list,
}
