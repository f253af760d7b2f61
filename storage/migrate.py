"""Which migrations a database still needs: numbered SQL files, forward only, one transaction each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

from bot.errors import NewerDatabase

_NAME = re.compile(r"(\d{4})_(\w+)(?:\.(sqlite|postgresql))?\.sql")

TABLE = "CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at BIGINT NOT NULL)"
APPLIED = "SELECT COALESCE(MAX(number), 0) AS number FROM migrations"
RECORD = "INSERT INTO migrations (number, name, applied_at) VALUES (:number, :name, :now)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    number: int
    name: str
    sql: str


def migrations(engine: str) -> Sequence[Migration]:
    """All migrations of an engine in their order."""
    found = []
    for file in resources.files("storage").joinpath("migrations").iterdir():
        name = _NAME.fullmatch(file.name)
        if name and name[3] in (None, engine):
            found.append(Migration(number=int(name[1]), name=name[2], sql=file.read_text(encoding="utf-8")))
    return sorted(found, key=lambda migration: migration.number)


def pending(known: Sequence[Migration], applied: int, where: str) -> Sequence[Migration]:
    """The ones not applied yet; refuses a database that a newer version wrote."""
    newest = known[-1].number
    if applied > newest:
        raise NewerDatabase(
            f"{where} was written by a newer version of Pitwire (schema {applied}, this version knows {newest}): "
            "install that version again, or go back to a backup."
        )
    return [migration for migration in known if migration.number > applied]


def statements(sql: str) -> Sequence[str]:
    """Split a migration at the semicolons that end a line; migrations have none inside a statement."""
    bare = "\n".join(line.partition("--")[0].rstrip() for line in sql.splitlines())
    return [statement for part in re.split(r";\s*(?:\n|$)", bare) if (statement := part.strip())]
