"""Feeds that change what nobody reads at every poll: nothing is told twice, nothing breaks, nothing unrelated is merged."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.config import Settings
from bot.feeds.client import Client
from bot.model import Destination, Feed, Story
from bot.poller import Poller
from bot.series.catalog import load_catalog
from storage import Store
from tests.conftest import FakeClock
from tests.loopback.outlets import Item, Outlets, rss

POLLS = 60
FEWER = 3  # of a document with a thousand entries
LONG = "<p>" + "The session was decided on the last lap, as so often at this circuit. " * 12 + "</p>"
SITE = "https://paddock.example/wec"
NEWS = tuple(
    Item(title=title, guid=f"g{n}", link=f"{SITE}/{n}", body=LONG.replace("session", what), at=datetime(2026, 11, 22, 13, n, tzinfo=UTC))
    for n, (title, what) in enumerate(
        (
            ("WEC: Toyota signs a rookie for Fuji", "signing"),
            ("WEC: Porsche leaves the Hypercar class", "exit"),
            ("WEC: Ferrari protests the result at Imola", "protest"),
        )
    )
)  # fmt: skip
Bad = Callable[[random.Random, datetime], Sequence[Item]]


def each(change: Callable[[Item, random.Random, datetime], Item]) -> Bad:
    return lambda rng, now: [change(item, rng, now) for item in NEWS]


def noise(rng: random.Random) -> str:
    return f"{rng.getrandbits(40):x}"


def tracked(item: Item, rng: random.Random) -> Item:
    return replace(item, link=f"{item.link}?utm_source=rss&utm_campaign={noise(rng)}&fbclid={noise(rng)}")


def everything(rng: random.Random, now: datetime) -> list[Item]:
    items = [replace(tracked(item, rng), guid=noise(rng), at=now) for item in NEWS]
    rng.shuffle(items)
    return items


BAD: dict[str, Bad] = {
    "other guids": each(lambda item, rng, _: replace(item, guid=noise(rng))),
    "other guids, no links": each(lambda item, rng, _: replace(item, guid=noise(rng), link=" ")),
    "guids made of tracked links": each(
        lambda item, rng, _: replace(tracked(item, rng), guid=tracked(item, rng).link)
    ),
    "dated now": each(lambda item, _, now: replace(item, at=now)),
    "another order": lambda rng, _: rng.sample(NEWS, len(NEWS)),
    "other tracking": each(lambda item, rng, _: tracked(item, rng)),
    "all of it": everything,
    "no guids": each(lambda item, rng, _: replace(tracked(item, rng), guid=None)),
    "no links": each(lambda item, *_: replace(item, link=" ")),
    "neither guids nor links": each(lambda item, *_: replace(item, guid=None, link=" ")),
    "no titles": each(lambda item, *_: replace(item, title="")),
    "no dates": each(lambda item, *_: replace(item, at=None)),
    "one guid for all": each(lambda item, *_: replace(item, guid="1")),
    "dated 1970": each(lambda item, *_: replace(item, at=datetime(1970, 1, 1, tzinfo=UTC))),
    "dated 2099": each(lambda item, rng, _: replace(item, at=datetime(2099, 1, 1 + rng.randrange(28), tzinfo=UTC))),
    "endless titles": each(lambda item, *_: replace(item, title=f"{item.title} " + "und weiter " * 370)),
    "one entry a thousand times": lambda *_: [NEWS[0]] * 1_000,
    "one entry a thousand times, each with its guid": lambda rng, _: [
        replace(NEWS[0], guid=noise(rng)) for _ in range(1_000)
    ],
    "clocks and counters": each(
        lambda item, rng, now: replace(
            item, title=f"{item.title}  ({now:%H:%M}, {rng.randrange(900)} comments)"
        )
    ),
}  # fmt: skip


class World:
    def __init__(self, store: Store, outlets: Outlets, clock: FakeClock, poller: Poller, follower: int):
        self.store, self.outlets, self.clock = store, outlets, clock
        self.poller, self.follower = poller, follower

    async def poll(self, items: Sequence[Item]) -> None:
        """Let the feed list these, and read it; it is no older than the last poll says."""
        self.outlets.put("/feed", rss(*items))
        self.clock.forward(minutes=16)
        for feed in await self.store.feeds():
            await self.store.save_feed(replace(feed, next_check_at=self.clock()))
        await self.poller.poll_due()

    async def told(self) -> list[Story]:
        return [story for _, story in await self.store.waiting(self.follower, limit=999)]


@pytest.fixture
async def world(sqlite_store: Store, clock: FakeClock) -> AsyncIterator[World]:
    settings = Settings.model_validate(
        {"http": {"timeout": 5, "allow_networks": ["127.0.0.0/8"]}, "poll": {"host_gap": 0, "pages": False}}
    )
    place = Destination(adapter="test", address="1", space="1", created_at=clock())
    follower = await sqlite_store.ensure_destination(place)
    await sqlite_store.follow(follower.id, ["series:wec"], now=clock(), by="test")
    async with Outlets() as outlets, Client(settings.http, settings.poll, clock) as client:
        url = outlets.put("/feed", rss(Item(title="WEC: the season so far", guid="old", body=LONG)))
        feed = Feed(url=url, outlet="Paddock Post", language="en", series=("wec",), next_check_at=clock())
        await sqlite_store.add_feed(feed)
        poller = Poller(sqlite_store, client, load_catalog(), clock, settings, rng=lambda: 0.5)
        await poller.poll_due()
        yield World(sqlite_store, outlets, clock, poller, follower.id)


@pytest.mark.parametrize("kind", list(BAD))
async def test_what_a_bad_feed_lists_again_is_told_once(world: World, kind: str) -> None:
    rng = random.Random(7)
    await world.poll(BAD[kind](rng, world.clock()))
    first = await world.told()
    assert first
    for _ in range(FEWER if "thousand" in kind else POLLS):
        await world.poll(BAD[kind](rng, world.clock()))
    again = await world.told()
    assert [story.id for story in again] == [story.id for story in first]
    assert [story.revision for story in again] == [story.revision for story in first]


async def test_nearly_empty_titles_are_merged_with_nothing(world: World) -> None:
    titles = ("Video", "Live", "Video", "WEC", "LIVE!", "Galerie", "News", "F1")
    for number, title in enumerate(titles):
        await world.poll([Item(title=title, guid=f"v{number}", link=f"{SITE}/v{number}", summary=title)])
    assert all(len(story.sources) == 1 for story in await world.store.latest(limit=99))
