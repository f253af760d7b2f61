"""A desk over a real store, and a moderator talking to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.commands.desk import Desk
from bot.locale import be_strict
from bot.series.catalog import load_catalog
from storage import Store
from tests.chat import Chat
from tests.conftest import FakeClock
from tests.stores import sqlite_store

__all__ = ["sqlite_store"]


@pytest.fixture(autouse=True)
def strict() -> Iterator[None]:
    """Whatever a locale file lacks fails the test."""
    be_strict()
    yield
    be_strict(False)


@pytest.fixture
def desk(sqlite_store: Store, clock: FakeClock) -> Desk:
    return Desk(sqlite_store, load_catalog(), clock)


@pytest.fixture
def chat(desk: Desk) -> Chat:
    """A moderator in a channel of a server."""
    return Chat(desk)


@pytest.fixture
def member(desk: Desk) -> Chat:
    """Somebody in the same channel who may not manage it."""
    return Chat(desk, user="8", name="ben", may_manage=False, private_address="dm:8")


@pytest.fixture
def alone(desk: Desk) -> Chat:
    """The same member, alone with the bot."""
    return Chat(
        desk,
        user="8",
        name="ben",
        may_manage=False,
        is_private=True,
        address="dm:8",
        space="dm:8",
        private_address="dm:8",
    )
