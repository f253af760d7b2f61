"""/feed: what a moderator may add, and how much of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.commands.desk import Desk
from bot.config import FeedAdding, HttpSettings, PollSettings, Settings
from bot.model import Feed, FeedState
from bot.series.catalog import load_catalog
from storage import Store
from tests.chat import Chat
from tests.conftest import FakeClock
from tests.loopback.outlets import Item, Outlets, rss


@pytest.fixture
async def outlets() -> AsyncIterator[Outlets]:
    async with Outlets() as running:
        yield running


def chat_with(store: Store, clock: FakeClock, **feed: Any) -> Chat:
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]
        http=HttpSettings.model_validate({"timeout": 2, "allow_networks": ["127.0.0.0/8"]}),
        poll=PollSettings(host_gap=0),
        feed=FeedAdding(**feed),
    )
    return Chat(Desk(store, load_catalog(), clock, settings=settings))


async def test_a_feed_is_added_listed_and_removed(
    sqlite_store: Store, clock: FakeClock, outlets: Outlets
) -> None:
    url = outlets.put("/feed", rss(Item(title="One"), Item(title="Two"), title="Hill Climb Weekly"))
    chat = chat_with(sqlite_store, clock, adding="any")
    assert "No feed was added here" in await chat.say("/feed")
    assert "Added: Hill Climb Weekly, with 2 entries." in await chat.say(f"/feed add {url}")
    (kept,) = await sqlite_store.feeds()
    assert (kept.url, kept.added_by, kept.last_success_at) == (url, "club", None)
    assert "read already: Hill Climb Weekly" in await chat.command("feed", action="add", words=url)
    assert "1 feed was added here" in await chat.say("feed list")
    assert "Removed: Hill Climb Weekly." in await chat.press("Remove Hill Climb Weekly")
    assert "No feed was added here" in await chat.say("feed")


async def test_a_site_s_feeds_are_offered_as_buttons(
    sqlite_store: Store, clock: FakeClock, outlets: Outlets
) -> None:
    links = "".join(
        f'<link rel="alternate" type="application/rss+xml" href="/{name}.xml">' for name in ("cars", "bikes")
    )
    for name in ("cars", "bikes"):
        outlets.put(f"/{name}.xml", rss(Item(title=name), title=f"All {name}"))
    site = outlets.put(
        "/", f"<html><head>{links}</head></html>".encode(), headers={"Content-Type": "text/html"}
    )
    chat = chat_with(sqlite_store, clock, adding="any")
    assert "offers several feeds" in await chat.say(f"feed add {site}")
    assert chat.labels() == ["All cars", "All bikes"]
    again = chat_with(sqlite_store, clock, adding="any")  # after a restart
    again.reply = chat.reply
    assert "Added: All bikes" in await again.press("All bikes")
    assert "offer is no longer there" in await again.say("feed add 9")


async def test_the_operator_decides_what_may_be_added(
    sqlite_store: Store, clock: FakeClock, outlets: Outlets
) -> None:
    url = outlets.put("/feed", rss(Item(title="One")))
    for adding, words in (("off", "switched off"), ("catalogue", "outlets in the catalogue")):
        chat = chat_with(sqlite_store, clock, adding=adding)
        assert words in await chat.say(f"feed add {url}")
    small = chat_with(sqlite_store, clock, adding="any", per_space=0)
    assert "At most 0 feeds" in await small.say(f"feed add {url}")
    assert await sqlite_store.feeds() == []


async def test_the_quota_is_each_servers_own_and_a_removed_feed_gives_its_place_back(
    sqlite_store: Store, clock: FakeClock, outlets: Outlets
) -> None:
    first, second = (outlets.put(f"/{name}", rss(Item(title=name))) for name in ("one", "two"))
    chat = chat_with(sqlite_store, clock, adding="any", per_space=1)
    assert "Added" in await chat.say(f"feed add {first}")
    assert "At most 1 feed" in await chat.say(f"feed add {second}")
    assert "Added" in await Chat(chat.desk, space="other").say(f"feed add {second}")
    kept = next(feed for feed in await sqlite_store.feeds() if feed.url == first)
    await chat.say(f"feed remove {kept.id}")
    assert "Added" in await chat.say(f"feed add {first}")


async def test_what_is_no_feed_is_said_in_a_sentence(
    sqlite_store: Store, clock: FakeClock, outlets: Outlets
) -> None:
    chat = chat_with(sqlite_store, clock, adding="any")
    assert "Which feed?" in await chat.say("feed add")
    assert "I cannot read that" in await chat.say(f"feed add {outlets.url}/nothing")
    assert "I cannot read that" in await chat.say("feed add http://169.254.169.254/latest")
    assert "No feed with that number" in await chat.say("feed remove 77")
    chat.request = replace(chat.request, locale="de")
    assert "Adresse gibt es keinen Feed (404)." in await chat.say(f"feed add {outlets.url}/nothing")
    assert "169.254.169.254 ist das lokale Segment" in await chat.say(
        "feed add http://169.254.169.254/latest"
    )


async def test_only_the_place_that_added_a_feed_removes_it(
    sqlite_store: Store, clock: FakeClock, outlets: Outlets
) -> None:
    url = outlets.put("/feed", rss(Item(title="One")))
    chat = chat_with(sqlite_store, clock, adding="any")
    await chat.say(f"feed add {url}")
    (kept,) = await sqlite_store.feeds()
    stranger = Chat(chat.desk, space="other")
    assert "No feed with that number" in await stranger.say(f"feed remove {kept.id}")
    assert len(await sqlite_store.feeds()) == 1


async def test_what_may_not_be_added_is_not_offered(
    sqlite_store: Store, clock: FakeClock, outlets: Outlets, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = Feed(url=f"{outlets.url}/known", outlet="Listed", next_check_at=clock())
    monkeypatch.setattr("bot.commands.feeds.load_outlets", lambda *_: [listed])
    async with Outlets() as elsewhere:
        outlets.put("/f1.xml", rss(Item(title="One"), title="Ours"))
        theirs = elsewhere.put("/wec.xml", rss(Item(title="Two"), title="Theirs"))
        theirs = theirs.replace("127.0.0.1", "localhost")
        links = "".join(
            f'<link rel="alternate" type="application/rss+xml" href="{url}">' for url in ("/f1.xml", theirs)
        )
        site = outlets.put("/", f"<html>{links}</html>".encode(), headers={"Content-Type": "text/html"})
        chat = chat_with(sqlite_store, clock, adding="catalogue")
        assert "Added: Ours" in await chat.say(f"feed add {site}")
        assert "outlets in the catalogue" in await chat.say(f"feed add {theirs}")


async def test_a_feed_is_known_by_where_it_leads(
    sqlite_store: Store, clock: FakeClock, outlets: Outlets
) -> None:
    url = outlets.put("/feed", rss(Item(title="One"), title="Hill Climb"))
    chat = chat_with(sqlite_store, clock, adding="any")
    await chat.say(f"feed add {url}")
    assert "read already: Hill Climb" in await chat.say(f"feed add {outlets.redirect('/short', '/feed')}")


async def test_a_feed_that_was_given_up_is_read_again(
    sqlite_store: Store, clock: FakeClock, outlets: Outlets
) -> None:
    url = outlets.put("/feed", rss(Item(title="One"), title="Hill Climb"))
    chat = chat_with(sqlite_store, clock, adding="any")
    await chat.say(f"feed add {url}")
    (kept,) = await sqlite_store.feeds()
    await sqlite_store.save_feed(replace(kept, state=FeedState.PAUSED, trouble="trouble.wall|403"))
    clock.forward(days=3)
    assert "Hill Climb had been given up" in await chat.say(f"feed add {url}")
    (again,) = await sqlite_store.feeds()
    assert (again.state, again.next_check_at) == (FeedState.ACTIVE, clock())


async def test_sources_say_how_each_feed_is_in_words(sqlite_store: Store, clock: FakeClock) -> None:
    now = clock()
    facts: dict[str, dict[str, Any]] = {
        "Well": {
            "last_success_at": now - timedelta(minutes=5),
            "last_entry_at": now - timedelta(hours=2),
            "next_check_at": now + timedelta(minutes=12),
        },
        "Quiet": {"last_success_at": now, "next_check_at": now + timedelta(seconds=30)},
        "New": {},
        "Walled": {
            "trouble": "trouble.wall|403",
            "last_success_at": now - timedelta(days=3),
            "next_check_at": now + timedelta(minutes=100),
        },
        "Ended": {"trouble": "trouble.paused|7|trouble.wall|403", "state": FeedState.PAUSED},
    }
    for name, more in facts.items():
        feed = Feed(url=f"https://{name.lower()}.example/", outlet=name, **{"next_check_at": now, **more})
        await sqlite_store.save_feed(replace(feed, id=(await sqlite_store.add_feed(feed)).id))
    said = (await chat_with(sqlite_store, clock).say("/sources")).splitlines()
    assert said[1:] == [
        "⏸ Ended (–): Paused after failing for 7 days. A bot wall keeps robots out of this site (403).",
        "⚠ Walled (–): A bot wall keeps robots out of this site (403). Last read 3 days ago. Next try in 2 h.",
        "… New (–): not read yet",
        "✅ Quiet (–): read just now · nothing new yet · next within a minute",
        "✅ Well (–): read 5 min ago · new 2 h ago · next in 12 min",
    ]
