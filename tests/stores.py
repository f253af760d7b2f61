"""Stores to test with, as fixtures: every engine, empty, cheap."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.ports import Clock
from storage import Store, open_store


@pytest.fixture
async def sqlite_store(clock: Clock) -> AsyncIterator[Store]:
    """SQLite in memory: the fake of a store that every unit test uses."""
    store = await open_store("sqlite:///:memory:", clock=clock)
    yield store
    await store.close()


@pytest.fixture
async def store(clock: Clock) -> AsyncIterator[Store]:
    """An empty store."""
    store = await open_store("sqlite:///:memory:", clock=clock)
    yield store
    await store.close()
