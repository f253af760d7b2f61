"""The wire between store and platform, for tests: publish a story, let the outbox work, look at what was posted."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
import structlog

from bot.config import DeliverySettings
from bot.model import (
    Article,
    Delivery,
    DeliveryState,
    Destination,
    Lane,
    Preferences,
    Published,
    Source,
    Story,
)
from bot.outbox import Outbox, downtime, ledger, line
from bot.pacing import Pacer
from bot.ports import Clock
from bot.series.catalog import load_catalog
from tests.fakes import FakeAdapter


@pytest.fixture
def quickly(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The outbox without its breaths, and without its logs: they take most of a test's time."""
    monkeypatch.setattr(line, "BREATH", 0.002)
    monkeypatch.setattr(line, "OUTAGE_BREATH", 0.02)
    monkeypatch.setattr(downtime, "LOOK", 0.01)
    monkeypatch.setattr(ledger, "RETRY", (0.01, 0.02))
    monkeypatch.setattr(line, "STORE_RETRY", 0.02)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.reset_defaults()


class Wire:
    """One outbox over a store and platforms in memory. `restart` is what follows a kill."""

    def __init__(
        self, store: Any, clock: Clock, *adapters: FakeAdapter, settings: DeliverySettings | None = None
    ) -> None:
        self.store, self.clock = store, clock
        self.adapters = {adapter.name: adapter for adapter in adapters or (FakeAdapter(clock),)}
        self.settings = settings or DeliverySettings()
        self.outbox = self.new_outbox()
        self._number = 0

    @property
    def adapter(self) -> FakeAdapter:
        return next(iter(self.adapters.values()))

    def new_outbox(self, **more: Any) -> Outbox:
        paces = {name: Pacer(name) for name in self.adapters}
        return Outbox(self.store, self.adapters, paces, load_catalog(), self.clock, self.settings, **more)

    async def restart(self) -> None:
        """What a new process does first."""
        await self.store.free_leases(now=self.clock())
        self.outbox = self.new_outbox()

    async def place(
        self, address: str = "a", *topics: str, adapter: str = "", space: str = "", **preferences: Any
    ) -> Destination:
        """A destination that follows topics (Formula 1 by default)."""
        new = Destination(
            adapter=adapter or self.adapter.name,
            address=address,
            space=space or f"space of {address}",
            title=f"#{address}",
            created_at=self.clock(),
            preferences=Preferences(**preferences),
        )
        kept: Destination = await self.store.ensure_destination(new)
        await self.store.follow(kept.id, topics or ("series:f1",), now=self.clock(), by="test")
        return kept

    async def publish(
        self, title: str, *, lane: Lane = Lane.NEWS, outlet: str = "Autosport", **more: Any
    ) -> Story:
        """A new story about Formula 1, told by one outlet."""
        self._number += 1
        now = self.clock()
        url = f"https://example.org/{self._number}"
        source = Source(outlet=outlet, url=url, language="en", title=title, summary=f"{title} happened.")
        story = Story(
            **{
                "title": title,
                "summary": source.summary,
                "url": url,
                "language": "en",
                "sources": (source,),
                "series": ("f1",),
                "primary": "f1",
                "published_at": now,
                "created_at": now,
                "updated_at": now,
                **more,
            }
        )
        published = await self._publish(story, title, url, lane)
        return published.story

    async def revise(self, story: Story, title: str, **more: Any) -> Story:
        """The outlet changes its headline."""
        current = await self.store.story(story.id)
        now = self.clock()
        changed = replace(
            current,
            **{
                "title": title,
                "sources": (replace(current.sources[0], title=title), *current.sources[1:]),
                "revision": current.revision + 1,
                "updated_at": now,
                **more,
            },
        )
        published = await self._publish(changed, title, story.url, Lane.NEWS)
        return published.story

    async def _publish(self, story: Story, title: str, url: str, lane: Lane) -> Published:
        article = Article(
            feed_id=1, guid=url, url=url, title=title, language="en", content_hash=f"{title} {story.revision}"
        )
        published = await self.store.publish(article, story, now=self.clock(), lane=lane)
        assert published is not None
        return published

    async def deliver(self, passes: int = 20) -> int:
        """Let the outbox work until nothing is due any more."""
        total = 0
        for _ in range(passes):
            claimed = await self.outbox.deliver_due()
            total += claimed
            if not claimed:
                break
        return total

    async def delivery(self, place: Destination, story: Story) -> Delivery:
        found: Delivery | None = await self.store.delivery(place.id, story.id)
        assert found is not None
        return found

    async def state(self, place: Destination, story: Story) -> DeliveryState:
        return (await self.delivery(place, story)).state

    def told(self, address: str = "a") -> Sequence[str]:
        return self.adapter.told(address)


async def eventually(true: Any, seconds: float = 5.0) -> None:
    """Wait until something is true, turn by turn of the loop."""
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.002)


class Faulty:
    """A store whose named methods fail as long as the test says so."""

    def __init__(self, store: Any, error: Exception, *methods: str) -> None:
        self.store, self.error, self.methods = store, error, methods
        self.is_failing = False
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Any:
        value = getattr(self.store, name)
        if name not in self.methods:
            return value

        async def call(*args: Any, **kwargs: Any) -> Any:
            self.calls.append(name)
            if self.is_failing:
                raise self.error
            return await value(*args, **kwargs)

        return call
