"""Start what `pitwire run` runs: also without typer, for a process that stays for months."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from bot.errors import SettingsError
from bot.lean import begun_apart

if TYPE_CHECKING:
    from bot.config import Settings


def start(only: Sequence[str] = ()) -> None:
    """Poll the outlets and post until stopped; to this terminal where no platform has a token."""
    settings_read = begun_apart(_settings, raises=SettingsError)
    from bot.app import run, warm_up
    from bot.locale import say
    from bot.log import set_up_logging

    warm_up()
    settings = settings_read()
    on_terminal = not settings.discord.token and not settings.telegram.token
    set_up_logging(settings.log, quiet=on_terminal)
    if on_terminal:
        print(say(settings.locale, "cli.run.no_token"), file=sys.stderr)  # noqa: T201
    asyncio.run(run(settings, only=only))


def _settings() -> Settings:
    from bot.config import plain_settings

    return plain_settings()
