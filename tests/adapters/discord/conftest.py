"""A Discord on loopback, an adapter that talks to it, and a core behind it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr

from adapters.discord import create
from adapters.discord.adapter import DiscordAdapter
from bot.config import DiscordSettings
from bot.model import (
    Destination,
    Link,
    PlatformChange,
    Post,
    Preferences,
    Reply,
    Request,
    Suggestion,
)
from tests.loopback.discord import Discord, discord_server
from tests.pace import Paper

NOW = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)


class Parrot:
    """A core that answers with what a test prepared, or repeats what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Request] = []
        self.changes: list[PlatformChange] = []
        self.changed = asyncio.Event()
        self.replies: dict[str, Reply] = {}
        self.slow = asyncio.Event()
        self.slow.set()
        self.suggestions = [Suggestion(label="World Endurance Championship", value="wec")]

    async def __call__(self, request: Request) -> Reply:
        self.asked.append(request)
        await self.slow.wait()
        name = request.line.partition(" ")[0]
        if name == "crash":
            raise RuntimeError("a bug")
        return self.replies.get(name, Reply(text=f"You said {request.line} {dict(request.options)}"))

    async def suggest(self, request: Request, option: str, typed: str) -> list[Suggestion]:
        self.asked.append(request)
        return self.suggestions

    async def noticed(self, change: PlatformChange) -> None:
        self.changes.append(change)
        self.changed.set()

    async def preferences_at(self, request: Request) -> Preferences:
        return Preferences()


@pytest.fixture
async def discord() -> AsyncIterator[Discord]:
    async with discord_server() as server:
        yield server


@pytest.fixture
def pace() -> Paper:
    return Paper()


@pytest.fixture
async def adapter(discord: Discord, pace: Paper) -> AsyncIterator[DiscordAdapter]:
    """An adapter that is not connected to the gateway."""
    made = make_adapter(discord, pace)
    await made.ready()
    yield made
    await made.close()
    assert discord.breaches == []


def make_adapter(
    discord: Discord, pace: Paper | None = None, token: str = "loopback-token"
) -> DiscordAdapter:
    settings = DiscordSettings(token=SecretStr(token), api_url=discord.url + "/api/v10")
    return create(settings, pace=pace or Paper(), clock=lambda: datetime.now(UTC))


def place(discord: Discord, name: str) -> Destination:
    """A channel as a destination; "dm fan" is a person's direct messages."""
    if name.startswith("dm "):
        address = f"dm:{discord.users[name[3:]]['id']}"
        return Destination(adapter="discord", address=address, space=address, created_at=NOW)
    space = f"discord:{discord.guild['id']}"
    return Destination(adapter="discord", address=discord.id(name), space=space, created_at=NOW)


def a_post(**changes: object) -> Post:
    facts: dict[str, object] = {
        "title": "Toyota wins at Fuji",
        "url": "https://outlet.example/toyota-wins",
        "summary": "Toyota won the six hours of Fuji. Ferrari came second.",
        "badge": "🏁 WEC",
        "label": "Result",
        "colour": 0x0099CC,
        "outlet": "Outlet",
        "at": NOW,
        "image_url": "https://outlet.example/toyota.jpg",
        "image_text": "A car in the rain",
        "also": (Link(text="Other", url="https://other.example/x"),),
        "tags": ("WEC",),
    }
    return Post(**(facts | changes))  # type: ignore[arg-type]
