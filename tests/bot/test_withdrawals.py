"""What an outlet takes back is marked; nothing else is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.config import Settings
from bot.feeds.client import Client
from bot.model import Destination, Feed, Lane, Outcome, OutcomeKind, Story
from bot.poller import Poller
from bot.poller.withdrawals import AGES, MOST_OF_A_HOST, ROUND, SURE_AFTER, SURE_SOON
from bot.series.catalog import load_catalog
from storage import Store
from tests.conftest import FakeClock
from tests.loopback.outlets import Answer, Item, Outlets, rss

LONG = "<p>" + "The session was decided on the last lap, as so often at this circuit. " * 12 + "</p>"
TITLE = "WEC: Ferrari wins the 6 Hours of Bahrain"


class World:
    """A poller that reads pages, outlets with pages, and somebody who is posted whatever tells of the WEC."""

    def __init__(self, store: Store, outlets: Outlets, clock: FakeClock, client: Client, settings: Settings):
        self.store, self.outlets, self.clock = store, outlets, clock
        self.dates: dict[str, datetime] = {}
        self.poller = Poller(store, client, load_catalog(), clock, settings, rng=lambda: 0.5)

    def item(self, name: str, title: str) -> Item:
        """An entry whose page stands there."""
        self.outlets.put(f"/{name}", b"<html>told</html>", headers={"Content-Type": "text/html"})
        self.dates.setdefault(name, self.clock())  # the same whenever it is listed
        return Item(title=title, guid=name, link=f"{self.outlets.url}/{name}", body=LONG, at=self.dates[name])

    async def poll(self, **span: float) -> None:
        self.clock.forward(**(span or {"minutes": 16}))
        await self.poller.poll_due()

    async def tell(self, *items: Item, feed: str = "/feed") -> Story:
        """Let a feed list these after its first poll, and post what is owed; the newest story."""
        if feed not in self.outlets.answers:
            url = self.outlets.put(feed, rss(self.item("old", "WEC: the season so far")))
            await self.store.add_feed(
                Feed(url=url, outlet=f"Outlet {feed}", next_check_at=self.clock(), language="en")
            )
            await self.poll()
        self.outlets.put(feed, rss(*items, self.item("old", "WEC: the season so far")))
        await self.poll(minutes=20)
        await self.post()
        return (await self.store.latest(limit=1))[0]

    async def post(self) -> None:
        claims = await self.store.claim(
            now=self.clock(), lease=timedelta(minutes=1), limit=9, adapters=["test"], per_destination=9
        )
        sent = [
            Outcome(
                delivery_id=claim.delivery.id,
                revision=claim.delivery.revision,
                kind=OutcomeKind.SENT,
                message_id=claim.delivery.message_id or f"m{claim.delivery.id}",
            )
            for claim in claims
        ]
        await self.store.record(sent, now=self.clock())

    def gone(self, name: str, status: int = 404) -> None:
        self.outlets.answers[f"/{name}"] = Answer(status=status, body=b"not here")

    async def look(self, **span: float) -> int:
        assert self.poller.withdrawals is not None
        self.clock.forward(**span)
        return await self.poller.withdrawals.look()

    async def look_for_a_day(self) -> int:
        marked = 0
        for _ in range(24 * 6 + 12):
            marked += await self.look(minutes=10)
        return marked

    async def stands(self, story: Story) -> Story:
        known = await self.store.story(story.id)
        assert known is not None
        return known

    def asked(self, name: str) -> int:
        return self.outlets.paths().count(f"/{name}")


@pytest.fixture
async def world(sqlite_store: Store, clock: FakeClock) -> AsyncIterator[World]:
    settings = Settings.model_validate(
        {"http": {"timeout": 2, "allow_networks": ["127.0.0.0/8"]}, "poll": {"host_gap": 0}}
    )
    async with Outlets() as outlets, Client(settings.http, settings.poll, clock) as client:
        place = await sqlite_store.ensure_destination(
            Destination(adapter="test", address="1", space="1", created_at=clock())
        )
        await sqlite_store.follow(place.id, ["series:wec"], now=clock(), by="test")
        yield World(sqlite_store, outlets, clock, client, settings)


@pytest.mark.parametrize("status", [404, 410])
async def test_a_page_that_is_gone_twice_marks_the_posted_story_by_an_edit(world: World, status: int) -> None:
    story = await world.tell(world.item("win", TITLE))
    world.gone("win", status)
    assert await world.look_for_a_day() == 1
    marked = await world.stands(story)
    assert marked.withdrawn_at is not None
    assert marked.revision == story.revision + 1
    claims = await world.store.claim(
        now=world.clock(), lease=timedelta(minutes=1), limit=9, adapters=["test"], per_destination=9
    )
    assert [(claim.delivery.message_id, claim.delivery.lane) for claim in claims] == [("m1", Lane.URGENT)]


async def test_a_page_that_stays_is_asked_for_three_times_and_only_its_head(world: World) -> None:
    await world.tell(world.item("win", TITLE))
    assert await world.look_for_a_day() == 0
    assert world.asked("win") == len(AGES)
    assert world.asked("robots.txt") <= 2


async def test_what_was_never_posted_is_not_asked_for(world: World) -> None:
    await world.tell(world.item("win", TITLE))
    await world.look_for_a_day()
    assert world.asked("old") == 0


@pytest.mark.parametrize("status", [403, 429, 500, 503])
async def test_a_wall_or_an_error_is_no_withdrawal(world: World, status: int) -> None:
    story = await world.tell(world.item("win", TITLE))
    world.gone("win", status)
    assert await world.look_for_a_day() == 0
    assert (await world.stands(story)).withdrawn_at is None


async def test_a_page_that_comes_back_before_the_second_look_was_not_taken_back(world: World) -> None:
    story = await world.tell(world.item("win", TITLE))
    world.gone("win")
    while world.asked("win") == 0:
        await world.look(minutes=10)
    world.item("win", TITLE)
    assert await world.look(seconds=(SURE_AFTER + ROUND).total_seconds()) == 0
    assert (await world.stands(story)).withdrawn_at is None


async def test_an_entry_that_left_its_feed_while_older_ones_stay_is_asked_about_at_once(world: World) -> None:
    story = await world.tell(world.item("win", TITLE))
    world.gone("win")
    world.outlets.put("/feed", rss(world.item("old", "WEC: the season so far")))
    await world.poll()
    assert await world.look() == 0
    assert await world.look(seconds=SURE_SOON.total_seconds()) == 1
    assert (await world.stands(story)).withdrawn_at is not None


async def test_of_entries_that_nobody_was_told_of_the_newest_show_that_older_ones_are_still_there(
    world: World,
) -> None:
    old = [
        world.item(f"old-{n}", f"WEC: the season so far, part {n}") for n in range(6, 0, -1)
    ]  # newest first
    url = world.outlets.put("/feed", rss(*old))
    await world.store.add_feed(Feed(url=url, outlet="Outlet", next_check_at=world.clock(), language="en"))
    await world.poll()
    world.clock.forward(minutes=1)
    world.outlets.put("/feed", rss(world.item("told", TITLE), *old))
    await world.poll(minutes=20)
    await world.post()
    world.gone("told")
    world.outlets.put("/feed", rss(*old[:3]))  # the older ones have left as well, in order
    await world.poll()
    assert await world.look() == 0
    assert await world.look(seconds=SURE_SOON.total_seconds()) == 1


async def test_an_entry_that_left_its_feed_with_all_older_ones_is_only_old(world: World) -> None:
    await world.tell(world.item("win", TITLE))
    world.gone("win")
    world.outlets.put("/feed", rss(world.item("pole", "WEC: Toyota takes pole at Fuji with Kobayashi")))
    await world.poll()
    assert await world.look() == 0
    assert await world.look(seconds=SURE_SOON.total_seconds()) == 0


async def test_one_outlet_of_two_steps_back_and_the_story_stays(world: World) -> None:
    story = await world.tell(world.item("win", TITLE))
    again = replace(world.item("win-too", TITLE), body=LONG * 2)
    story = await world.tell(again, feed="/other")
    assert len(story.sources) == 2
    world.gone("win-too")
    assert await world.look_for_a_day() == 1
    left = await world.stands(story)
    assert left.withdrawn_at is None
    assert left.url.endswith("/win")
    assert left.revision == story.revision + 1


async def test_a_site_whose_pages_are_all_gone_has_moved_them(world: World) -> None:
    names = ["Ferrari", "Toyota", "Porsche", "Cadillac", "Alpine"][: MOST_OF_A_HOST + 1]
    subjects = ["signs a rookie", "protests a penalty", "leaves the paddock", "tests a wing", "sells shares"]
    told = [
        world.item(f"s{n}", f"WEC: {name} {subjects[n]} in week {n + 31}") for n, name in enumerate(names)
    ]
    await world.tell(*told)
    for number in range(len(told)):
        world.gone(f"s{number}")
    assert await world.look_for_a_day() == 0


async def test_robots_txt_forbids_looking_too(world: World) -> None:
    world.outlets.put("/robots.txt", b"User-agent: *\nDisallow: /", headers={"Content-Type": "text/plain"})
    await world.tell(world.item("win", TITLE))
    world.gone("win")
    assert await world.look_for_a_day() == 0
    assert world.asked("win") == 0


async def test_latest_leaves_a_withdrawn_story_out_and_search_still_finds_it(world: World) -> None:
    story = await world.tell(world.item("win", TITLE))
    world.gone("win")
    await world.look_for_a_day()
    assert story.id not in {other.id for other in await world.store.latest(limit=9)}
    assert story.id not in {other.id for other in await world.store.latest(["series:wec"], limit=9)}
    assert [other.id for other in await world.store.search("Bahrain")] == [story.id]


async def test_told_again_it_is_no_longer_withdrawn(world: World) -> None:
    story = await world.tell(world.item("win", TITLE))
    world.gone("win")
    await world.look_for_a_day()
    await world.tell(world.item("win", "WEC: Ferrari wins the 6 Hours of Bahrain after all"))
    assert (await world.stands(story)).withdrawn_at is None


async def test_where_no_pages_are_read_none_is_asked_for(sqlite_store: Store, clock: FakeClock) -> None:
    settings = Settings.model_validate({"poll": {"pages": False}})
    async with Client(settings.http, settings.poll, clock) as client:
        assert Poller(sqlite_store, client, load_catalog(), clock, settings).withdrawals is None
