"""What every test may use: a clock that stands still until it is set."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.stores import postgresql_server, postgresql_shared, postgresql_url, sqlite_store, store

__all__ = [
    "FakeClock",
    "clock",
    "postgresql_server",
    "postgresql_shared",
    "postgresql_url",
    "sqlite_store",
    "store",
]


class FakeClock:
    """A clock to pass where the code takes `now`."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def forward(self, **span: float) -> datetime:
        """Move on by `timedelta(**span)`."""
        self.at += timedelta(**span)
        return self.at


@pytest.fixture
def clock() -> FakeClock:
    """Sunday afternoon of a race weekend."""
    return FakeClock(datetime(2026, 11, 22, 14, 0, tzinfo=UTC))
