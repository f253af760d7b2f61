"""A Telegram on loopback, an adapter that talks to it, and a core behind it."""

from __future__ import annotations

import asyncio
import contextlib
import warnings
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from telegram.warnings import PTBUserWarning

from adapters.telegram import adapter as adapter_module
from adapters.telegram import create, lanes, polling
from adapters.telegram.adapter import TelegramAdapter
from adapters.telegram.leftovers import Memory
from bot.commands.desk import Desk
from bot.config import TelegramSettings
from bot.model import (
    Command,
    Destination,
    Link,
    PlatformChange,
    Post,
    Preferences,
    Reply,
    Request,
    Suggestion,
)
from bot.ports import Answerer
from bot.series.catalog import load_catalog
from storage import Store
from tests.loopback.telegram import TOKEN, BotApi
from tests.pace import Paper

NOW = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)


class Notebook(dict[str, str]):
    """What a store keeps."""

    async def remember(self, key: str, value: str) -> None:
        self[key] = value

    async def recall(self, key: str) -> str | None:
        return self.get(key)


class Parrot:
    """A core that answers with what a test prepared, or repeats what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Request] = []
        self.changes: list[PlatformChange] = []
        self.replies: dict[str, Reply] = {}
        self.gates: dict[str, asyncio.Event] = {}  # a line is answered when its gate opens

    async def __call__(self, request: Request) -> Reply:
        self.asked.append(request)
        if gate := self.gates.get(request.line):
            await gate.wait()
        prepared = self.replies.get(request.line) or self.replies.get(request.line.split(" ")[0])
        return prepared or Reply(text=f"You said {request.line}")

    async def suggest(self, request: Request, option: str, typed: str) -> Sequence[Suggestion]:
        return []

    async def noticed(self, change: PlatformChange) -> None:
        self.changes.append(change)

    async def preferences_at(self, request: Request) -> Preferences:
        return Preferences()

    @property
    def lines(self) -> list[str]:
        return [request.line for request in self.asked]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is waited for between two tries costs a test nothing; the library's advice is known."""
    monkeypatch.setattr(polling, "SHORT", 0.02)
    monkeypatch.setattr(lanes, "GRACE", 0.3)
    monkeypatch.setattr(adapter_module, "FIRST_WAIT", 0.01)
    warnings.filterwarnings("ignore", category=PTBUserWarning)


@pytest.fixture
async def api() -> AsyncIterator[BotApi]:
    """Telegram, which must find nothing wrong with what it is asked."""
    async with BotApi() as api:
        yield api
        assert api.problems == []


@pytest.fixture
def pace() -> Paper:
    return Paper()


@pytest.fixture
async def adapter(api: BotApi, pace: Paper) -> AsyncIterator[TelegramAdapter]:
    """An adapter that sends and does not listen."""
    made = make_adapter(api.url, pace)
    yield made
    await made.close()


@pytest.fixture
def parrot() -> Parrot:
    return Parrot()


@pytest.fixture
async def talking(api: BotApi, parrot: Parrot) -> AsyncIterator[BotApi]:
    """Telegram with a listening bot whose core is a parrot."""
    async with listening(api, parrot):
        yield api


@pytest.fixture
async def bot(api: BotApi, sqlite_store: Store) -> AsyncIterator[BotApi]:
    """Telegram with a listening bot and the real core over an empty store."""
    desk = Desk(sqlite_store, load_catalog(), lambda: NOW)
    async with listening(api, desk):
        yield api


def make_adapter(
    url: str, pace: Paper | None = None, memory: Memory | None = None, **settings: Any
) -> TelegramAdapter:
    given = {"token": SecretStr(TOKEN), "api_url": url, **settings}
    return create(TelegramSettings(**given), pace=pace or Paper(), clock=lambda: NOW, memory=memory)


@contextlib.asynccontextmanager
async def listening(
    api: BotApi, answer: Answerer, menu: Sequence[Command] = (), **settings: Any
) -> AsyncIterator[TelegramAdapter]:
    """A bot at work for as long as the block lasts; its end is an orderly stop."""
    adapter = make_adapter(api.url, **settings)
    task = asyncio.create_task(adapter.run(menu, answer))
    try:
        await api.until(lambda: task.done() or api.sent("deleteWebhook", "setWebhook"))
        yield adapter
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await adapter.close()


def place(address: str = "7") -> Destination:
    """A chat as a destination."""
    return Destination(adapter="telegram", address=address, space=address.partition("/")[0], created_at=NOW)


def a_post(**changes: Any) -> Post:
    """A post as it usually is."""
    usual: dict[str, Any] = {
        "title": "Hypercar rules stay until 2032",
        "url": "https://example.com/wec/rules",
        "summary": "The organiser keeps the rules for five more years. Teams had asked for it.",
        "badge": "🏁 WEC",
        "label": "Official",
        "hashtag": "WEC",
        "outlet": "Example Racing",
        "also": (Link(text="Motor Example", url="https://example.org/1"),),
        "at": NOW - timedelta(hours=1),
        "image_url": "https://example.com/picture.jpg",
    }
    return Post(**{**usual, **changes})


def buttons(message: Mapping[str, Any]) -> list[str]:
    """The labels under a message."""
    rows = message.get("reply_markup", {}).get("inline_keyboard", [])
    return [button["text"] for row in rows for button in row]
