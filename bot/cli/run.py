"""`pitwire run`, `demo` and `check`."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Annotated

import typer

from bot.cli.root import app, in_loop


class Role(StrEnum):
    POLL = "poll"
    DELIVER = "deliver"
    DISCORD = "discord"
    TELEGRAM = "telegram"


@app.command()
def run(
    only: Annotated[
        list[Role] | None,
        typer.Option(
            help="Run one part only, beside other processes (PostgreSQL). May be given several times."
        ),
    ] = None,
) -> None:
    """Poll the outlets and post to every platform that has a token; to this terminal if none has."""
    from bot.cli.start import start

    start([str(role) for role in only or ()])


@app.command()
def demo(
    once: Annotated[bool, typer.Option("--once", help="Play the weekend quickly and end.")] = False,
) -> None:
    """Watch an invented race weekend come in: no token, no network, nothing left behind.

    Without a terminal to type at, it is played quickly and ends by itself, too.
    """
    from bot.demo import play

    in_loop(play(once=once or not sys.stdin.isatty()))


@app.command()
def check(
    offline: Annotated[bool, typer.Option("--offline", help="Do not ask the outlets.")] = False,
) -> None:
    """Look at settings, tokens, database and feeds, and say what to do about each failure."""
    from bot.cli.check import check_all

    if not in_loop(check_all(with_feeds=not offline)):
        raise typer.Exit(1)
