"""What every test may use: a clock that stands still until it is set."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings

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


# Fewer examples than hypothesis' hundred keep the suite under a minute; HYPOTHESIS_PROFILE=thorough looks longer.
settings.register_profile("quick", max_examples=40, deadline=None)
settings.register_profile("thorough", max_examples=1_000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


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
