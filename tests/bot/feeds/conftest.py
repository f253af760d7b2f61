"""A client that may talk to loopback, and outlets there to talk to."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.config import HttpSettings, PollSettings
from bot.feeds.client import Client
from bot.ports import Clock
from tests.loopback.outlets import Outlets


@pytest.fixture
async def outlets() -> AsyncIterator[Outlets]:
    async with Outlets() as server:
        yield server


@pytest.fixture
async def client(clock: Clock) -> AsyncIterator[Client]:
    """Patient for a second, and for 100 kB."""
    http = HttpSettings.model_validate(
        {"timeout": 1, "max_bytes": 100_000, "allow_networks": ["127.0.0.1/32"]}
    )
    async with Client(http, PollSettings(host_gap=0), clock) as made:
        yield made


@pytest.fixture
async def wary(clock: Clock) -> AsyncIterator[Client]:
    """A client as it runs in public: no network is allowed."""
    async with Client(HttpSettings(timeout=1), PollSettings(host_gap=0), clock) as made:
        yield made
