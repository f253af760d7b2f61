"""The command line as typer reads it: what each group of commands registers with."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Annotated, Any, TypeVar

import typer

from bot import __version__

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
