"""What the poller tells whoever watches it: counts for the metrics, signs of life for the health check."""

from __future__ import annotations

from datetime import timedelta
from typing import Protocol

from bot.errors import AddressRefused, FetchError, Unreachable


class Metrics(Protocol):
    """Counts what happens; every method is cheap and never raises."""

    def polled(self, result: str, seconds: float) -> None:
        """A feed was asked; `result` is "new", "unchanged" or "failed"."""

    def feed_failed(self, reason: str) -> None:
        """`reason` is one of few."""

    def entries(self, new: int, changed: int = 0) -> None:
        """So many entries were new, so many had changed."""

    def story(self, kind: str) -> None:
        """`kind` is "new", "joined" or "changed"."""


class Health(Protocol):
    """Is told signs of life."""

    def beat(self, part: str, within: timedelta) -> None:
        """Promise a sign of life again within this time."""

    def rest(self, part: str) -> None:
        """End the promise: the part has ended in order."""


class Nobody:
    """Nobody watches."""

    def polled(self, result: str, seconds: float) -> None: ...
    def feed_failed(self, reason: str) -> None: ...
    def entries(self, new: int, changed: int = 0) -> None: ...
    def story(self, kind: str) -> None: ...
    def beat(self, part: str, within: timedelta) -> None: ...
    def rest(self, part: str) -> None: ...


def reason(error: FetchError) -> str:
    """Sort a trouble into one of few kinds: sentences are for people, kinds are for counting."""
    if error.status is not None:
        return f"http {error.status}"
    if isinstance(error, Unreachable):
        return "unreachable"
    return "address refused" if isinstance(error, AddressRefused) else "unreadable"
