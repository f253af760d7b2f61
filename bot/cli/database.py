"""`pitwire db …`: where the database is, bring it up to date, back it up, move it to another engine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bot.cli.root import app, in_loop

db = typer.Typer(help="The database: where it is, upgrade, back up, copy.", no_args_is_help=True)
app.add_typer(db, name="db")


@db.command()
def path() -> None:
    """Print the SQLite file, or the PostgreSQL address without its password."""
    from bot.cli.mask import masked
    from bot.config import load_settings

    typer.echo(masked(load_settings().database).removeprefix("sqlite:///"))


@db.command()
def upgrade() -> None:
    """Bring the database up to this version; a SQLite file is copied first."""
    from bot.app import opened
    from bot.cli.mask import masked
    from bot.config import load_settings

    settings = load_settings()

    async def work() -> None:
        async with opened(settings):
            pass

    in_loop(work())
    typer.echo(f"{masked(settings.database)} is up to date")


@db.command()
def backup(
    target: Annotated[Path, typer.Argument(help="The file to write. Must not exist.")],
) -> None:
    """Write a copy of the SQLite database, also while the bot posts."""
    from bot.config import load_settings
    from storage import backup_store

    in_loop(backup_store(load_settings().database, target))
    typer.echo(f"{target} written")


@db.command()
def copy(
    source: Annotated[str, typer.Argument(help="sqlite:///PATH or postgresql://…")],
    target: Annotated[str, typer.Argument(help="sqlite:///PATH or postgresql://…: must be empty.")],
) -> None:
    """Move everything from one database to another, with all ids and message ids."""
    from rich.progress import Progress, TaskID

    from storage import copy_store

    with Progress() as bar:
        tasks: dict[str, TaskID] = {}

        def progress(table: str, done: int, total: int) -> None:
            if table not in tasks:
                tasks[table] = bar.add_task(table, total=total)
            bar.update(tasks[table], completed=done, total=total)

        in_loop(copy_store(source, target, progress))
    typer.echo("copied")
