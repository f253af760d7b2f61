"""From a feed on loopback to stories and deliveries in a real store."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from bot.config import Settings
from bot.errors import StorageError
from bot.feeds.client import Client
from bot.feeds.trouble import in_english
from bot.feeds.websub import is_alive
from bot.model import Article, Destination, Feed, FeedState, Lane, Preferences, Published, Story
from bot.poller import Poller
from bot.poller import newsroom as newsroom_module
from bot.series.catalog import load_catalog
from storage import Store
from tests.conftest import FakeClock
from tests.loopback.outlets import Answer, Item, Outlets, raw_server, rss

LONG = "<p>" + "The session was decided on the last lap, as so often at this circuit. " * 12 + "</p>"


def item(number: int, title: str = "", **more: object) -> Item:
    title = title or f"Ferrari wins the 6 Hours of Bahrain, part {number} of the WEC season"
    return Item(title=title, guid=f"g{number}", body=LONG, **more)  # type: ignore[arg-type]


class World:
    """A poller over a store and outlets, with somebody who follows the WEC."""

    def __init__(
        self, store: Store, outlets: Outlets, clock: FakeClock, client: Client, settings: Settings
    ) -> None:
        self.store, self.outlets, self.clock = store, outlets, clock
        self.client, self.settings = client, settings
        self.poller = self.restarted()

    def restarted(self) -> Poller:
        self.poller = Poller(
            self.store, self.client, load_catalog(), self.clock, self.settings, rng=lambda: 0.5
        )
        return self.poller

    async def add(self, path: str, body: bytes, outlet: str = "Paddock Post", **facts: object) -> Feed:
        url = self.outlets.put(path, body)
        return await self.store.add_feed(Feed(url=url, outlet=outlet, next_check_at=self.clock(), **facts))  # type: ignore[arg-type]

    async def poll(self, **span: float) -> int:
        """Let time pass, then check what is due."""
        self.clock.forward(**(span or {"minutes": 16}))
        return await self.poller.poll_due()

    async def titles(self) -> list[str]:
        return [story.title for story in await self.store.latest(limit=50)]

    async def owed(self) -> list[str]:
        """Titles of what the follower is owed, in the order of the queue."""
        assert self.follower.id
        return [story.title for _, story in await self.store.waiting(self.follower.id)]

    async def feed(self, number: int = 0) -> Feed:
        return (await self.store.feeds())[number]

    async def trouble(self) -> str:
        return in_english((await self.feed()).trouble or "")

    follower: Destination


@pytest.fixture
async def world(sqlite_store: Store, clock: FakeClock) -> AsyncIterator[World]:
    settings = Settings.model_validate(
        {"http": {"timeout": 2, "allow_networks": ["127.0.0.0/8"]}, "poll": {"host_gap": 0, "pages": False}}
    )
    async with Outlets() as outlets, Client(settings.http, settings.poll, clock) as client:
        world = World(sqlite_store, outlets, clock, client, settings)
        place = Destination(adapter="test", address="1", space="1", created_at=clock())
        world.follower = await sqlite_store.ensure_destination(place)
        await sqlite_store.follow(world.follower.id, ["series:wec"], now=clock(), by="test")
        yield world


async def test_the_first_poll_of_a_feed_tells_nobody_but_answers_latest(world: World) -> None:
    await world.add("/feed", rss(item(1), item(2)))
    assert await world.poll() == 1
    assert len(await world.titles()) == 2
    assert await world.owed() == []


async def test_what_a_new_feed_lists_from_last_week_answers_latest_and_is_compared_with_nothing(
    world: World,
) -> None:
    now = world.clock()
    old, new = item(1, at=now - timedelta(days=8)), item(2, at=now - timedelta(hours=8))
    await world.add("/feed", rss(new, old))
    await world.poll()
    kept = await world.store.latest(limit=9)
    compared = world.poller._newsroom._index
    assert compared is not None
    assert [story.id in compared for story in kept] == [True, False]


async def test_what_is_new_after_that_is_owed_in_the_order_it_was_written(world: World) -> None:
    await world.add("/feed", rss(item(1)))
    await world.poll()
    world.outlets.put("/feed", rss(item(3, "WEC: Toyota protests"), item(2, "WEC: Ferrari answers"), item(1)))
    await world.poll()
    assert await world.owed() == ["WEC: Ferrari answers", "WEC: Toyota protests"]


async def test_an_unchanged_feed_costs_a_conditional_request_and_no_story(world: World) -> None:
    await world.add("/feed", rss(item(1)))
    await world.poll()
    await world.poll()
    assert "If-None-Match" in world.outlets.asked[1].headers
    assert len(await world.titles()) == 1
    assert (await world.feed()).next_check_at > world.clock()


async def test_a_server_without_validators_is_known_by_its_body(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.add("/feed", b"")
    world.outlets.answers["/feed"] = Answer(body=rss(item(1)), validators=False)
    await world.poll()
    hashed = (await world.feed()).body_hash
    monkeypatch.setattr("bot.feeds.intake.Reader.read", None)  # would fail if anything were read
    await world.poll()
    feed = await world.feed()
    assert (feed.body_hash, feed.trouble) == (hashed, None)


async def test_only_new_items_reach_the_parser(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.add("/feed", rss(*(item(n) for n in range(30, 0, -1))))
    await world.poll()
    seen: list[bytes] = []
    import bot.feeds.intake

    parse = bot.feeds.intake.parse_xml
    monkeypatch.setattr(
        bot.feeds.intake, "parse_xml", lambda body, **more: seen.append(body) or parse(body, **more)
    )
    world.outlets.put("/feed", rss(*(item(n) for n in range(31, 1, -1))))
    await world.poll()
    assert [body.count(b"<item>") for body in seen] == [1]
    assert len(await world.owed()) == 1


async def test_an_article_about_no_series_is_kept_and_told_to_nobody(world: World) -> None:
    await world.add("/feed", rss(item(1)))
    await world.poll()
    world.outlets.put(
        "/feed",
        rss(Item(title="Ten recipes for a rainy day", guid="soup", body="<p>Take an onion.</p>"), item(1)),
    )
    await world.poll()
    assert await world.owed() == []
    assert set(await world.store.known_entries(1, [("soup", "")])) == {"soup"}


async def test_one_address_in_several_feeds_is_one_story(world: World) -> None:
    link = "https://paddock.example/wec/news/ferrari-wins-at-bahrain/10643322/"
    await world.add("/all", rss(item(1)))
    await world.add("/wec", rss(item(1)), outlet="Paddock Post WEC")
    await world.poll()
    new = replace(item(9, "Alpine signs a driver for the next WEC season"), link=link)
    world.outlets.put(
        "/all", rss(replace(new, guid="a", link=link + "?utm_source=RSS&utm_medium=referral"), item(1))
    )
    world.outlets.put("/wec", rss(replace(new, guid="b", link=link.replace("https", "http")), item(1)))
    await world.poll()
    assert await world.owed() == ["Alpine signs a driver for the next WEC season"]


async def test_one_outlets_article_under_two_categories_is_one_story(world: World) -> None:
    await world.add("/wec", rss(item(1)))
    await world.add("/f1", rss(item(1)))
    await world.poll()
    title, slug = "Ferrari wins in the WEC at Bahrain", "ferrari-wins-at-bahrain/10643322/"
    for category in ("wec", "f1"):
        one = Item(
            title=title, guid=category, link=f"https://paddock.example/{category}/news/{slug}", body=LONG
        )
        world.outlets.put(f"/{category}", rss(one, item(1)))
    await world.poll()
    assert await world.owed() == [title]


async def test_a_changed_headline_revises_the_story_and_posts_nothing_new(world: World) -> None:
    await world.add("/feed", rss(item(1)))
    await world.poll()
    world.outlets.put("/feed", rss(item(2, "WEC: Toyota on pole"), item(1)))
    await world.poll()
    world.outlets.put("/feed", rss(item(2, "WEC: Toyota loses its pole"), item(1)))
    await world.poll()
    assert await world.owed() == ["WEC: Toyota loses its pole"]
    (story,) = [story for story in await world.store.latest(limit=9) if "pole" in story.title]
    assert story.revision == 2


async def test_a_headline_and_its_address_may_change_together(world: World) -> None:
    await world.add("/feed", rss(item(1)))
    await world.poll()
    for title in ("WEC: Toyota on pole", "WEC: Toyota loses its pole"):
        link = "https://paddock.example/" + title.lower().replace(" ", "-")
        world.outlets.put("/feed", rss(replace(item(2, title), link=link), item(1)))
        await world.poll()
    assert await world.owed() == ["WEC: Toyota loses its pole"]


@pytest.mark.parametrize("what", ["guid", "date", "order", "tracking", "counter"])
async def test_what_changes_at_each_poll_makes_no_news(world: World, what: str) -> None:
    rounds = itertools.count()

    async def serve(_: web.BaseRequest) -> web.StreamResponse:
        turn = next(rounds)
        items = [item(1), item(2), item(3)]
        if what == "guid":
            items = [
                replace(each, guid=f"{each.guid}-{turn}", link=f"https://paddock.example/{each.guid}")
                for each in items
            ]
        elif what == "date":
            items = [replace(each, at=world.clock() + timedelta(hours=turn)) for each in items]
        elif what == "order":
            items = items[turn % 3 :] + items[: turn % 3]
        elif what == "tracking":
            items = [
                replace(each, guid=None, link=f"https://paddock.example/{each.guid}?utm_campaign={turn}")
                for each in items
            ]
        else:
            items = [replace(each, extra=f"<slash:comments>{turn}</slash:comments>") for each in items]
        return web.Response(body=rss(*items), content_type="application/rss+xml")

    await world.add("/feed", b"")
    world.outlets.answers["/feed"] = serve
    for _ in range(6):
        assert await world.poll(hours=2) == 1
    assert next(rounds) == 6
    assert await world.owed() == []
    assert len(await world.titles()) == 3


async def test_a_feed_with_one_guid_for_all_is_told_by_addresses(world: World) -> None:
    def same(*numbers: int) -> bytes:
        return rss(*(replace(item(n), guid="1", link=f"https://paddock.example/{n}") for n in numbers))

    await world.add("/feed", same(2, 1))
    await world.poll()
    assert len(await world.titles()) == 2
    world.outlets.put("/feed", same(3, 2, 1))
    await world.poll()
    assert len(await world.owed()) == 1


async def test_old_entries_that_are_listed_again_are_no_news(world: World) -> None:
    now = world.clock()
    await world.add("/feed", rss(item(1, at=now)))
    await world.poll()
    old, late = item(2, at=now - timedelta(days=9)), item(3, "WEC: a late entry", at=now - timedelta(days=1))
    world.outlets.put("/feed", rss(item(1, at=now), late, old))
    await world.poll()
    assert await world.owed() == ["WEC: a late entry"]


async def test_after_days_without_a_network_what_was_missed_is_still_news(world: World) -> None:
    await world.add("/feed", rss(item(1, at=world.clock())))
    await world.poll()
    missed = item(2, "WEC: what happened on Monday", at=world.clock() + timedelta(days=1))
    world.outlets.put("/feed", rss(missed, item(1)))
    await world.poll(days=8)
    assert await world.owed() == ["WEC: what happened on Monday"]


async def test_a_date_in_the_future_is_now(world: World) -> None:
    await world.add("/feed", rss(item(1, at=world.clock() + timedelta(days=400))))
    await world.poll()
    (story,) = await world.store.latest(limit=5)
    assert story.published_at <= world.clock()


async def test_a_failing_feed_backs_off_and_hurts_no_other(world: World) -> None:
    await world.add("/good", rss(item(1)), outlet="A")
    await world.add("/bad", b"<html><body>Please enable JavaScript</body></html>", outlet="B")
    world.outlets.answers["/down"] = Answer(status=503, headers={"Retry-After": "7200"})
    await world.store.add_feed(Feed(url=world.outlets.url + "/down", outlet="C", next_check_at=world.clock()))
    await world.poll()
    good, bad, down = await world.store.feeds()
    assert (good.trouble, good.error_count) == (None, 0)
    assert bad.trouble == "trouble.web_page"
    assert (bad.error_count, bad.last_success_at) == (1, None)
    assert bad.next_check_at - world.clock() > timedelta(minutes=20)
    assert down.next_check_at - world.clock() >= timedelta(hours=2)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "empty"),
        (b"<!doctype html><p>hello", "web page"),
        (rss(item(1))[:300] + b" " * 50, "cut off"),
        (b'{"items": [', "JSON"),
        (b"\x1f\x8b\x08garbage", "compressed"),
        (b"x" * 6_000_000, "bigger"),
        (b"<rss/>" + b"<" * 500_000, "attack"),
        (b"plain words", "not a feed"),
    ],
)
async def test_what_is_no_feed_is_said_in_plain_words(world: World, body: bytes, words: str) -> None:
    await world.add("/feed", body)
    await world.poll()
    assert words in await world.trouble()


async def test_a_feed_that_recovers_is_well_again_and_its_backlog_is_news(world: World) -> None:
    await world.add("/feed", rss(item(1)))
    await world.poll()
    world.outlets.answers["/feed"] = Answer(status=500)
    await world.poll()
    assert (await world.feed()).trouble
    world.outlets.put("/feed", rss(item(2), item(1)))
    await world.poll(days=1)
    feed = await world.feed()
    assert (feed.trouble, feed.error_count, feed.failing_since) == (None, 0, None)
    assert len(await world.owed()) == 1


async def test_a_feed_that_fails_for_a_week_is_paused_with_a_sentence(world: World) -> None:
    await world.add("/feed", rss(item(1)))
    world.outlets.answers["/feed"] = Answer(status=404)
    with capture_logs() as logged:
        for _ in range(40):
            await world.poll(hours=25)
    feed = await world.feed()
    assert feed.state == FeedState.PAUSED
    told = [line["reason"] for line in logged if line["event"] == "feed paused"]
    assert told == [await world.trouble()]
    assert await world.trouble() == "Paused after failing for 7 days. There is no feed at this address (404)."
    assert len(world.outlets.asked) < 20


async def test_a_feed_that_is_given_up_says_which_one_its_site_names_now(world: World) -> None:
    await world.add("/feed", rss(item(1)))
    new = world.outlets.put("/news.xml", rss(item(1)))
    page = f'<!doctype html><html><link rel="alternate" type="application/rss+xml" href="{new}"></html>'
    world.outlets.put("/feed", page.encode(), headers={"Content-Type": "text/html"})
    for _ in range(12):
        await world.poll(hours=25)
    feed = await world.feed()
    assert feed.state == FeedState.PAUSED
    assert (await world.trouble()).endswith(
        f"This is a web page, not a feed. The site names this feed instead: {new}"
    )


async def test_410_ends_a_feed(world: World) -> None:
    await world.add("/feed", b"")
    world.outlets.answers["/feed"] = Answer(status=410)
    await world.poll()
    assert (await world.feed()).state == FeedState.GONE
    assert await world.poll(days=9) == 0


async def test_the_third_permanent_redirect_moves_a_feed(world: World) -> None:
    new = world.outlets.put("/new", rss(item(1)))
    await world.add("/old", b"")
    old = world.outlets.redirect("/old", "/new", 301)
    for expected in (old, old, new):
        await world.poll(hours=2)
        assert (await world.feed()).url == expected
    await world.poll(hours=2)
    assert world.outlets.paths()[-1] == "/new"


async def test_when_nothing_can_be_reached_no_feed_is_blamed(world: World) -> None:
    for number in range(8):
        await world.add("/x", b"", outlet=str(number), title=str(number))
        feed = Feed(url=f"http://127.0.0.{number + 2}:9/", outlet=f"O{number}", next_check_at=world.clock())
        await world.store.add_feed(feed)
    await world.store.remove_feed(1)
    await world.poll()
    counts = sorted(feed.error_count for feed in await world.store.feeds())
    assert counts == [0, 0, 0, 0, 1, 1, 1, 1]


async def test_an_entry_that_cannot_be_read_hurts_no_other_and_is_tried_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.add("/feed", rss(item(1)))
    await world.poll()
    read = newsroom_module.read

    def stumbling(article: Article, *rest: object, **more: object) -> object:
        if "stumble" in article.title:
            raise ZeroDivisionError
        return read(article, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(newsroom_module, "read", stumbling)
    world.outlets.put("/feed", rss(item(3, "WEC: all well"), item(2, "WEC: Toyota may stumble"), item(1)))
    await world.poll()
    assert await world.owed() == ["WEC: all well"]
    monkeypatch.setattr(newsroom_module, "read", read)
    world.outlets.put(
        "/feed", rss(item(3, "WEC: all well"), item(2, "WEC: Toyota may stumble"), item(1), title="New name")
    )
    await world.poll()
    assert sorted(await world.owed()) == ["WEC: Toyota may stumble", "WEC: all well"]


Publish = Callable[..., Awaitable[Published | None]]


async def test_a_crash_while_publishing_loses_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.add("/feed", rss(item(1)))
    await world.poll()
    publish: Publish = world.store.publish
    calls = itertools.count()

    async def crashing(article: Article, story: Story | None, **more: object) -> Published | None:
        if next(calls) == 1:
            raise StorageError("the disk is full")
        return await publish(article, story, **more)

    monkeypatch.setattr(world.store, "publish", crashing)
    world.outlets.put("/feed", rss(item(4), item(3), item(2), item(1)))
    await world.poll()
    assert len(await world.owed()) == 1, "the validators are not saved before the articles"
    monkeypatch.setattr(world.store, "publish", publish)
    world.restarted()
    await world.poll()
    assert len(await world.owed()) == 3


async def test_breaking_news_goes_ahead(world: World) -> None:
    await world.add("/feed", rss(item(1)))
    await world.poll()
    breaking = item(2, "BREAKING: WEC season finale in Bahrain called off after earthquake")
    world.outlets.put("/feed", rss(breaking, item(1)))
    await world.poll()
    ((delivery, story),) = await world.store.waiting(world.follower.id)
    assert delivery.lane == (Lane.URGENT if story.importance >= 3 else Lane.NEWS)


async def test_a_teaser_is_completed_from_its_page_once(world: World, clock: FakeClock) -> None:
    settings = world.settings.model_copy(
        update={"poll": world.settings.poll.model_copy(update={"pages": True})}
    )
    poller = Poller(world.store, world.client, load_catalog(), clock, settings, rng=lambda: 0.5)
    teaser = Item(
        title="WEC: Ferrari renews with its drivers",
        guid="t",
        link=world.outlets.url + "/t",
        summary="Six stay.",
    )
    text = "".join(
        f"<p>Paragraph {n}: the manufacturer keeps all six drivers for another WEC season.</p>"
        for n in range(8)
    )
    world.outlets.put(
        "/t",
        f"<html><body><article><h1>{teaser.title}</h1>{text}</article></body></html>".encode(),
        headers={"Content-Type": "text/html"},
    )
    await world.add("/feed", rss(item(1)))
    clock.forward(minutes=16)
    await poller.poll_due()
    world.outlets.put("/feed", rss(teaser, item(1)))
    for _ in range(3):
        clock.forward(minutes=16)
        await poller.poll_due()
    assert world.outlets.paths().count("/t") == 1
    assert world.outlets.paths().count("/robots.txt") == 1
    ((known, _),) = await world.store.articles_at([world.outlets.url + "/t"])
    assert "Paragraph 7" in known.text


async def test_it_polls_by_itself_and_stops_when_told(world: World) -> None:
    asked = asyncio.Event()

    async def serve(_: web.BaseRequest) -> web.StreamResponse:
        asked.set()
        return web.Response(body=rss(item(1)))

    await world.add("/feed", b"")
    world.outlets.answers["/feed"] = serve
    stop = asyncio.Event()
    running = asyncio.create_task(world.poller.run(stop))
    await asyncio.wait_for(asked.wait(), 5)
    stop.set()
    await asyncio.wait_for(running, 5)
    assert (await world.feed()).last_success_at == world.clock()


async def test_of_a_feed_that_is_cut_off_whole_entries_are_read_and_its_health_says_so(world: World) -> None:
    whole = rss(item(1), item(2))
    await world.add("/feed", whole[: whole.rindex(b"<content")])
    await world.poll()
    assert len(await world.titles()) == 1
    assert "cut off" in await world.trouble()
    await world.poll()
    assert "cut off" in await world.trouble(), "as long as it is so"
    world.outlets.put("/feed", whole)
    await world.poll()
    assert (await world.feed()).trouble is None
    assert len(await world.owed()) == 1


async def test_a_feed_in_another_encoding_than_it_names_is_read_and_its_health_says_so(world: World) -> None:
    await world.add("/feed", rss(item(1, "WEC: Hülkenberg kehrt zurück")).decode().encode("cp1252"))
    await world.poll()
    assert await world.titles() == ["WEC: Hülkenberg kehrt zurück"]
    assert "encoding" in await world.trouble()


# ── WebSub ───────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
async def pushed(world: World) -> AsyncIterator[World]:
    """The world with a hub that verifies at once, and a feed that names it."""
    door = world.settings.web.model_copy(
        update={"listen": "127.0.0.1:0", "public_url": "https://bot.example/"}
    )
    world.settings = world.settings.model_copy(update={"web": door})
    world.restarted()

    async def hub(request: web.BaseRequest) -> web.StreamResponse:
        form = parse_qs((await request.read()).decode())
        _, _, number, token = urlsplit(form["hub.callback"][0]).path.rsplit("/", 3)
        assert world.poller.pushes
        query = {
            "hub.mode": "subscribe",
            "hub.topic": form["hub.topic"][0],
            "hub.challenge": "c",
            "hub.lease_seconds": "864000",
        }
        answer = await world.poller.pushes.answer("GET", number, token, query, {}, b"")
        assert answer.body == "c"
        return web.Response(status=202)

    world.outlets.answers["/hub"] = hub
    await world.add("/feed", rss(item(1), head=f'<atom:link rel="hub" href="{world.outlets.url}/hub"/>'))
    yield world


def signed(feed: Feed, body: bytes) -> dict[str, str]:
    digest = hmac.new(feed.push["secret"].encode(), body, "sha256").hexdigest()
    return {"x-hub-signature": f"sha256={digest}", "content-type": "application/rss+xml"}


async def test_a_hub_is_asked_to_push_and_what_it_pushes_is_told_at_once(pushed: World) -> None:
    await pushed.poll()
    await pushed.poll()
    feed = await pushed.feed()
    assert is_alive(feed, pushed.clock())
    assert feed.next_check_at - pushed.clock() >= timedelta(hours=1), (
        "polling is only for what the hub may miss"
    )
    assert pushed.poller.pushes
    body = rss(item(2, "WEC: pushed"))
    answer = await pushed.poller.pushes.answer("POST", "1", feed.push["token"], {}, signed(feed, body), body)
    assert answer.status == 202
    assert await pushed.owed() == ["WEC: pushed"]
    pushed.outlets.put("/feed", rss(item(2, "WEC: pushed"), item(1)))
    await pushed.poll(hours=2)
    assert await pushed.owed() == ["WEC: pushed"]
    assert pushed.outlets.paths().count("/hub") == 1


async def test_what_is_not_signed_changes_nothing(pushed: World) -> None:
    await pushed.poll()
    feed, body = await pushed.feed(), rss(item(2, "WEC: forged"))
    assert pushed.poller.pushes
    for token, headers in (
        (feed.push["token"], {}),
        (feed.push["token"], signed(feed, b"other")),
        ("guess", signed(feed, body)),
    ):
        await pushed.poller.pushes.receive("1", token, body, headers)
    assert (await pushed.poller.pushes.receive("99", "x", body, {})).status == 410
    assert await pushed.owed() == []
    assert await pushed.feed() == feed


async def test_an_empty_push_says_that_it_is_time_to_poll(pushed: World) -> None:
    await pushed.poll()
    feed = await pushed.feed()
    pushed.outlets.put("/feed", rss(item(2), item(1)))
    assert pushed.poller.pushes
    await pushed.poller.pushes.receive("1", feed.push["token"], b"", signed(feed, b""))
    assert await pushed.poll(seconds=1) == 1
    assert len(await pushed.owed()) == 1


async def test_when_a_lease_dies_it_is_polling_alone_and_the_hub_is_asked_again(pushed: World) -> None:
    await pushed.poll()
    pushed.outlets.answers["/hub"] = Answer(status=503)
    await pushed.poll(days=9)
    assert pushed.outlets.paths().count("/hub") == 2
    await pushed.poll(days=2)
    feed = await pushed.feed()
    assert not is_alive(feed, pushed.clock())
    assert feed.trouble is None


async def test_a_cloud_s_ping_lets_the_feed_be_polled_now(pushed: World) -> None:
    pushes = pushed.poller.pushes
    assert pushes

    async def cloud(request: web.BaseRequest) -> web.StreamResponse:
        form = parse_qs((await request.read()).decode())
        _, _, number, token = form["path"][0].rsplit("/", 3)
        query = {"url": form["url1"][0], "challenge": "c"}
        assert (await pushes.answer("GET", number, token, query, {}, b"")).body == "c"
        return web.Response(text='<notifyResult success="true"/>')

    pushed.outlets.answers["/cloud"] = cloud
    host, port = urlsplit(pushed.outlets.url).netloc.split(":")
    head = f'<cloud domain="{host}" port="{port}" path="/cloud" registerProcedure="" protocol="http-post"/>'
    pushed.outlets.put("/feed", rss(item(1), head=head))
    await pushed.poll()
    feed = await pushed.feed()
    assert feed.push["until"] > pushed.clock().timestamp()
    pushed.outlets.put("/feed", rss(item(2, "WEC: pinged"), item(1), head=head))
    await pushes.receive("1", feed.push["token"], b"url=https://other.example/", {})
    assert await pushed.poll(seconds=1) == 0
    assert (await pushes.receive("1", feed.push["token"], f"url={feed.url}".encode(), {})).status == 200
    assert await pushed.poll(seconds=1) == 1
    assert await pushed.owed() == ["WEC: pinged"]


async def test_a_ping_ends_the_nap(pushed: World) -> None:
    await pushed.poll()
    feed, stop = await pushed.feed(), asyncio.Event()
    pushed.outlets.put("/feed", rss(item(2, "WEC: pinged"), item(1)))
    assert pushed.poller.pushes
    async with asyncio.TaskGroup() as group:
        group.create_task(pushed.poller._nap(9999, stop))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await pushed.poller.pushes.receive("1", feed.push["token"], b"", signed(feed, b""))


@pytest.mark.parametrize("is_changed", [False, True])
async def test_a_feed_that_is_pinged_while_it_is_checked_is_due_again(
    pushed: World, is_changed: bool
) -> None:
    await pushed.poll()
    await pushed.poll()
    feed = await pushed.feed()
    body = rss(item(2), item(1)) if is_changed else rss(item(1))

    async def pinged(_: web.BaseRequest) -> web.StreamResponse:
        assert pushed.poller.pushes
        await pushed.poller.pushes.receive("1", feed.push["token"], b"", signed(feed, b""))
        pushed.outlets.put("/feed", rss(item(3), item(2), item(1)))
        return web.Response(body=body, content_type="application/rss+xml")

    pushed.outlets.answers["/feed"] = pinged
    pushed.clock.forward(hours=2)
    assert await pushed.poller.poll_due() == 2
    assert (await pushed.feed()).next_check_at > pushed.clock()


async def test_a_feed_that_ended_takes_no_push(pushed: World) -> None:
    await pushed.poll()
    feed, body = await pushed.feed(), rss(item(2, "WEC: late"))
    await pushed.store.save_feed(replace(feed, state=FeedState.GONE))
    assert pushed.poller.pushes
    answer = await pushed.poller.pushes.receive("1", feed.push["token"], body, signed(feed, body))
    assert answer.status == 410
    assert await pushed.owed() == []


async def test_strangers_cost_one_look_a_second(pushed: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await pushed.poll()
    looks = []
    look = pushed.store.feed
    monkeypatch.setattr(pushed.store, "feed", lambda number: looks.append(1) or look(number))
    assert pushed.poller.pushes
    for number in range(50):
        assert (await pushed.poller.pushes.receive(str(number), "guess", b"", {})).status == 410
        assert (await pushed.poller.pushes.verify(str(number), "guess", {})).status == 404
    assert (await pushed.poller.pushes.verify("²", "guess", {})).status == 404
    assert len(looks) == 1


async def test_a_lease_that_ends_before_the_next_check_is_no_reason_to_poll_less(pushed: World) -> None:
    await pushed.poll()
    feed = await pushed.feed()
    for minutes, is_pushed in ((30, False), (90, True)):
        until = (pushed.clock() + timedelta(minutes=minutes)).timestamp()
        held = replace(feed, push={**feed.push, "until": until})
        assert pushed.poller._checker.moment(held).is_pushed is is_pushed


BAD_ADDRESS = "http://[bad/"


@pytest.mark.parametrize(
    "extra",
    [
        {"link": BAD_ADDRESS},
        {"link": BAD_ADDRESS, "guid": BAD_ADDRESS},
        {"link": "https://a.example:99999/x"},
        {"link": "http://x\u2100y.example/"},
        {"extra": f'<media:content url="{BAD_ADDRESS}" medium="image"/>'},
        {"extra": f'<enclosure url="{BAD_ADDRESS}a.jpg" type="image/jpeg" length="1"/>'},
        {"extra": f'<description>&lt;img src="{BAD_ADDRESS}a.jpg"&gt;</description>'},
        {"head": f"<atom:link rel='hub' href='{BAD_ADDRESS}'/>"},
        {"head": f"<atom:link rel='self' href='{BAD_ADDRESS}'/>"},
        {"head": f"<link>{BAD_ADDRESS}</link>"},
        {"header": f'<{BAD_ADDRESS}>; rel="hub"'},
    ],
)
async def test_an_address_that_is_none_costs_no_entry(pushed: World, extra: dict[str, str]) -> None:
    head, header = extra.pop("head", ""), extra.pop("header", "")
    odd = replace(item(1, "Ferrari leads the WEC at Imola, by a lap"), **extra)  # type: ignore[arg-type]
    await pushed.add("/feed", rss(head=head))
    for items in ((item(3),), (odd, item(3)), (item(2, "WEC: Toyota answers"), odd, item(3))):
        headers = {"Link": header} if header else {}
        pushed.outlets.answers["/feed"] = Answer(body=rss(*items, head=head), headers=headers)
        await pushed.poll(hours=2)
        assert (await pushed.feed()).trouble is None
    assert await pushed.owed() == ["Ferrari leads the WEC at Imola, by a lap", "WEC: Toyota answers"]


async def test_what_a_moderator_splits_is_known_to_every_poller_at_once(world: World) -> None:
    title = "WEC: Toyota protests the penalty for Kobayashi at Imola"
    for path, outlet in (("/a", "A Post"), ("/b", "B Post")):
        await world.add(path, rss(item(1)), outlet=outlet)
    await world.poll()
    world.outlets.put("/a", rss(item(2, title), item(1)))
    world.outlets.put(
        "/b", rss(replace(item(3, title), link="https://b.example/wec/imola-protest-news"), item(1))
    )
    await world.poll()
    (merged,) = [story for story in await world.store.latest(limit=9) if story.title == title]
    assert merged.outlets == ("A Post", "B Post")
    wrong = next(source for source in merged.sources if source.outlet == "B Post")
    alone = replace(merged, id=0, sources=(wrong,), url=wrong.url, reasons=(), revision=1)
    world.clock.forward(minutes=1)
    # As another process would.
    apart = await world.store.split([wrong.article_id], alone, now=world.clock(), by="Ada")
    world.outlets.put(  # the same article, in another category and with another guid
        "/b", rss(replace(item(4, title), link="https://b.example/f1/imola-protest-news"), item(1))
    )
    await world.poll()
    rest, part = await world.store.story(merged.id), await world.store.story(apart.id)
    assert rest is not None and part is not None
    assert (rest.outlets, part.outlets) == (("A Post",), ("B Post",))


async def apart(world: World) -> Callable[[], Awaitable[list[str]]]:
    """Somebody who follows the WEC and wants every outlet's telling: what they are owed, in order."""
    there = await world.store.ensure_destination(
        Destination(
            adapter="test",
            address="2",
            space="2",
            created_at=world.clock(),
            preferences=Preferences(merge=False),
        )
    )
    await world.store.follow(there.id, ["series:wec"], now=world.clock(), by="test")

    async def owed() -> list[str]:
        return [story.title for _, story in await world.store.waiting(there.id)]

    return owed


async def test_where_merging_is_off_each_outlet_is_told_by_itself(world: World) -> None:
    owed_apart = await apart(world)
    german = "WEC: Toyota protestiert gegen die Strafe für Kobayashi in Imola"
    english = "WEC: Toyota protests the penalty for Kobayashi at Imola"
    for path, outlet in (("/a", "A Post"), ("/b", "B Post")):
        await world.add(path, rss(item(1)), outlet=outlet)
    await world.poll()
    world.outlets.put("/a", rss(item(2, english), item(1)))
    await world.poll()
    world.outlets.put("/b", rss(replace(item(3, german), link="https://b.example/wec/imola"), item(1)))
    await world.poll()
    assert len(await world.owed()) == 1
    assert await owed_apart() == [english, german]


async def test_where_merging_is_off_one_article_in_several_feeds_comes_once_and_is_corrected(
    world: World,
) -> None:
    owed_apart = await apart(world)
    await world.add("/wec", rss(item(1)))
    await world.add("/f1", rss(item(1)))
    await world.poll()
    slug = "ferrari-wins-at-bahrain/10643322/"
    for title in ("Ferrari wins in the WEC at Bahrain", "Ferrari wins the WEC finale at Bahrain"):
        for category in ("wec", "f1"):
            link = f"https://paddock.example/{category}/news/{slug}"
            world.outlets.put(
                f"/{category}", rss(Item(title=title, guid=category, link=link, body=LONG), item(1))
            )
        await world.poll()
        assert await owed_apart() == [title]


async def test_the_next_feed_is_polled_in_time_while_one_host_drips(world: World) -> None:
    released = asyncio.Event()

    async def drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n<rss>")
        while not released.is_set():
            writer.write(b" ")
            await writer.drain()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(released.wait(), 0.02)

    await world.add("/feed", rss(item(1)))
    await world.poll()
    world.outlets.put("/feed", rss(item(1), item(2, "Le Mans 24h: WEC grid grows to 62 cars")))
    patient = world.settings.http.model_copy(update={"timeout": 60.0})
    async with Client(patient, world.settings.poll, world.clock) as world.client, raw_server(drip) as url:
        world.restarted()
        await world.store.add_feed(Feed(url=url, outlet="Drip", next_check_at=world.clock()))
        world.clock.forward(minutes=16)
        world.store.wake.clear()
        polling = asyncio.create_task(world.poller.poll_due())
        async with asyncio.timeout(50):
            await world.store.wake.wait()
        assert not polling.done()
        assert len(await world.owed()) == 1
        released.set()
        await polling


async def away(world: World, *urls: str) -> None:
    """Follow feeds of hosts at which nobody answers."""
    for number, url in enumerate(urls):
        await world.store.add_feed(Feed(url=url, outlet=f"Outlet {number}", next_check_at=world.clock()))


@pytest.mark.parametrize("hosts", [1, 2, 4, 7])
async def test_a_week_without_any_network_pauses_no_feed_however_few_there_are(
    world: World, hosts: int
) -> None:
    await away(world, *(f"http://127.0.0.{number + 2}:9/feed" for number in range(hosts)))
    for _ in range(9 * 24):
        await world.poll(hours=1)
    assert {feed.state for feed in await world.store.feeds()} == {FeedState.ACTIVE}
    assert {
        feed.next_check_at - world.clock() < timedelta(hours=1) for feed in await world.store.feeds()
    } == {True}


async def test_a_host_that_is_gone_for_a_week_is_given_up_while_another_one_answers(world: World) -> None:
    await world.add("/feed", rss(item(1)), outlet="Zenith")
    await away(world, "http://127.0.0.2:9/feed")
    for _ in range(9 * 24):
        await world.poll(hours=1)
    assert [feed.state for feed in await world.store.feeds()] == [FeedState.PAUSED, FeedState.ACTIVE]
