"""The terminal as a platform: the smallest adapter, and the one to copy for a new platform."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.console.adapter import ADDRESS, NAME, SPACE, ConsoleAdapter
from adapters.console.keyboard import STDIN, Keyboard
from bot.ports import Clock

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["ADDRESS", "NAME", "SPACE", "ConsoleAdapter", "create"]


def create(
    *, clock: Clock, console: Console | None = None, source: int | None = STDIN, locale: str = "en"
) -> ConsoleAdapter:
    """Make the console adapter. `source` is the file descriptor that commands are read from, None for no commands."""
    if console is None:
        from rich.console import Console

        console = Console(highlight=False)
    return ConsoleAdapter(clock=clock, console=console, keyboard=Keyboard(source), locale=locale)
