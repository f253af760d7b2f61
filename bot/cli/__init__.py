"""The command line `pitwire`: one module a group of commands; heavy parts are imported when a command needs them."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Coroutine
from typing import Annotated, Any, TypeVar

import typer

from bot import __version__
from bot.errors import PitwireError, SettingsError, StorageError
from bot.lean import without

with without("rich"):
    import structlog  # noqa: F401 - before anything else does

T = TypeVar("T")

app = typer.Typer(
    name="pitwire",
    help="The newswire bot for motorsport communities: Discord, Telegram and your terminal.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def in_loop(work: Coroutine[Any, Any, T]) -> T:
    """Run a command's coroutine."""
    return asyncio.run(work)


def main() -> None:
    """Run a command. A wrong setting or store is one sentence and exit code 2; anything else of ours is 1."""
    from bot.cli import run  # noqa: F401 - each module registers its commands

    if sys.argv[1:2] != ["run"]:  # what runs for months loads nothing for the others
        from bot.cli import database, explain, feeds  # noqa: F401

    try:
        app()
    except (SettingsError, StorageError) as error:
        _complain(error)
        sys.exit(2)
    except PitwireError as error:
        _complain(error)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:  # `pitwire explain … | head`: whoever read has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


def _complain(error: PitwireError) -> None:
    typer.echo(f"pitwire: {error}", err=True)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"pitwire {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and end.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    pass
