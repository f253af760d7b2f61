"""From a moderator's command to what stands in the channel: each preference through desk, store and outbox."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.commands.desk import Desk
from bot.config import Settings
from bot.feeds.client import Client
from bot.model import DeliveryState, Feed, Importance, Label
from bot.poller import Poller
from bot.posts import GRACE
from bot.series.catalog import load_catalog
from storage import Store
from tests.chat import Chat, clear
from tests.conftest import FakeClock
from tests.fakes import FakeAdapter
from tests.loopback.outlets import Item, Outlets, rss
from tests.racing import publish, result, source, story
from tests.stores import sqlite_store
from tests.wire import Wire, quickly

__all__ = ["quickly", "sqlite_store"]
pytestmark = pytest.mark.usefixtures("quickly")
LEAKS = ("Ferrari", "ferrari", "wins")


class Channel:
    """A moderator, the outbox and what stands in the channel."""

    def __init__(self, store: Store, clock: FakeClock) -> None:
        self.store, self.clock = store, clock
        self.platform = FakeAdapter(clock, name="rig")
        self.wire = Wire(store, clock, self.platform)
        self.chat = Chat(Desk(store, load_catalog(), clock))

    async def settings(self, *lines: str) -> None:
        for line in lines:
            assert "✓ Saved." in await self.chat.say(f"settings {line}")

    async def publish(self, *titles: str, **more: object) -> None:
        for title in titles:
            await publish(self.store, story(title, at=self.clock(), **more))  # type: ignore[arg-type]

    async def pass_by(self, **span: float) -> None:
        """Let time pass, with the outbox looking every ten minutes."""
        end = self.clock() + timedelta(**span)
        while self.clock() < end:
            await self.wire.deliver()
            self.clock.at = min(end, self.clock() + timedelta(minutes=10))
        await self.wire.deliver()

    @property
    def told(self) -> list[str]:
        return self.platform.told("channel-1")


@pytest.fixture
async def channel(sqlite_store: Store, clock: FakeClock) -> Channel:
    made = Channel(sqlite_store, clock)
    await made.chat.say("follow wec")
    return made


async def test_a_channel_without_wishes_hears_at_once(channel: Channel) -> None:
    await channel.publish("Rain at Imola")
    await channel.wire.deliver()
    assert channel.told == ["Rain at Imola"]


async def test_what_the_moderator_keeps_out_never_comes(channel: Channel) -> None:
    await channel.settings(
        "languages en", "labels -rumour", "importance normal", "exclude esports OR /sim ?rac/"
    )
    await channel.publish("Regen in Imola", sources=[source(title="Regen in Imola", language="de")])
    await channel.publish("Toyota may leave", label=Label.RUMOUR)
    await channel.publish("Tickets on sale", importance=Importance.MINOR)
    await channel.publish("Esports final", "Sim racing night", "Rain at Imola")
    await channel.pass_by(hours=1)
    assert channel.told == ["Rain at Imola"]


async def test_results_are_covered_and_stay_so_when_they_are_edited(channel: Channel) -> None:
    await channel.settings("spoilers cover")
    kept = await publish(channel.store, result("Ferrari wins", at=channel.clock()))
    await channel.wire.deliver()
    channel.clock.forward(minutes=5)
    await channel.wire.revise(kept, "Ferrari wins again", safe_title=kept.safe_title)
    await channel.pass_by(minutes=10)
    (message,) = channel.platform.places["channel-1"]
    assert len(message.edits) == 1
    assert not any(leak in clear(post) for post in (message.post, *message.edits) for leak in LEAKS)


async def test_a_delayed_result_comes_after_its_time_over_a_restart(channel: Channel) -> None:
    await channel.settings("spoilers wec delay 24h")
    kept = await publish(channel.store, result("Ferrari wins", at=channel.clock()))
    await channel.pass_by(hours=12)
    await channel.wire.restart()
    await channel.pass_by(hours=11, minutes=50)
    assert channel.told == [] and "Spoiler protection" in await channel.chat.say(f"why {kept.id}")
    await channel.pass_by(minutes=10)
    assert channel.told == ["Ferrari wins"]


async def test_a_note_on_a_delayed_result_becomes_the_result(channel: Channel) -> None:
    await channel.settings("spoilers delay 24h", "delay-note on")
    kept = await publish(channel.store, result("Ferrari wins", at=channel.clock()))
    await channel.pass_by(hours=1)
    (message,) = channel.platform.places["channel-1"]
    assert not any(leak in repr(message.post) for leak in LEAKS)
    assert "Result held until Monday 23 November, 14:00." in message.post.summary
    await channel.settings("style compact")  # looking again at what is held posts no second note
    await channel.pass_by(hours=12)
    assert "Not posted yet." in await channel.chat.say(f"why {kept.id}")
    assert (len(channel.platform.places["channel-1"]), message.edits) == (1, [])
    await channel.pass_by(hours=12)
    assert len(channel.platform.places["channel-1"]) == 1
    assert message.now_says.title == "Ferrari wins"
    assert "Posted here" in await channel.chat.say(f"why {kept.id}")


async def test_quiet_hours_end_with_one_digest(channel: Channel) -> None:
    await channel.settings("timezone berlin", "quiet 23:00-07:00")
    await channel.pass_by(hours=9)  # midnight in Berlin
    await channel.publish("Night story one", "Night story two")
    await channel.publish("Title decided", importance=Importance.BREAKING)
    await channel.pass_by(hours=6, minutes=50)
    assert channel.told == ["Title decided"]
    assert channel.platform.places["channel-1"][0].post.quiet
    await channel.pass_by(minutes=20)
    assert len(channel.told) == 2 and "2 stories" in channel.told[1]


async def test_a_silent_night_makes_no_sound(channel: Channel) -> None:
    await channel.settings("quiet 13:00-15:00", "quiet-mode silent", "ping <@&123456789012345678>")
    await channel.publish("Rain at Imola")
    await channel.pass_by(hours=2)
    await channel.publish("Sun at Imola")
    await channel.wire.deliver()
    assert [(m.post.quiet, bool(m.post.ping)) for m in channel.platform.places["channel-1"]] == [
        (True, False),
        (False, True),
    ]


async def test_a_daily_digest_tells_each_story_once(channel: Channel) -> None:
    await channel.settings("schedule digest daily 18:00")
    await channel.publish("One", "Two")
    await channel.pass_by(hours=4, minutes=30)
    await channel.publish("Three", "Four")
    await channel.pass_by(hours=24)
    assert len(channel.told) == 2
    lines = [
        [line.text for section in message.post.sections for line in section.lines]
        for message in channel.platform.places["channel-1"]
    ]
    assert [sorted(one) for one in lines] == [["One", "Two"], ["Four", "Three"]]


async def test_over_the_cap_the_rest_comes_in_a_digest(channel: Channel) -> None:
    await channel.settings("per-hour 2")
    await channel.publish("One", "Two", "Three", "Four", "Five")
    await channel.pass_by(minutes=30)
    assert len(channel.told) == 2
    await channel.pass_by(minutes=45)
    assert len(channel.told) == 3 and "3 stories" in channel.told[2]


async def test_a_changed_setting_counts_for_what_is_held_already(channel: Channel) -> None:
    await channel.settings("schedule digest weekly mon 08:00")
    await channel.publish("Rain at Imola")
    await channel.wire.deliver()
    assert channel.told == []
    await channel.settings("schedule now")
    await channel.wire.deliver()
    assert channel.told == ["Rain at Imola"]


async def test_a_mention_comes_for_its_series_and_not_too_often(channel: Channel) -> None:
    await channel.settings("ping wec <@&123456789012345678>", "ping-gap 30")
    for title in ("One", "Two"):
        await channel.publish(title)
        await channel.wire.deliver()
    channel.clock.forward(minutes=31)
    await channel.publish("Three")
    await channel.wire.deliver()
    assert [bool(m.post.ping) for m in channel.platform.places["channel-1"]] == [True, False, True]


async def test_the_preview_is_what_then_stands_there(channel: Channel) -> None:
    await channel.settings(
        "template [{series}] {title}", "style compact", "spoilers cover", "languages en de"
    )
    kept = await publish(channel.store, result("Ferrari wins", at=channel.clock()))
    await channel.chat.say("preview")
    await channel.wire.deliver()
    (message,) = channel.platform.places["channel-1"]
    assert channel.chat.reply.posts == (message.post,)
    place = await channel.store.destination("rig", "channel-1")
    assert place is not None
    assert await channel.wire.state(place, kept) is DeliveryState.SENT


async def test_a_lone_story_of_a_quiet_night_follows_soon(channel: Channel) -> None:
    await channel.settings("quiet 13:00-15:00")
    await channel.publish("Rain at Imola")
    await channel.pass_by(hours=1)
    assert channel.told == []
    await channel.pass_by(seconds=GRACE.total_seconds() + 600)
    assert channel.told == ["Rain at Imola"]


async def test_alerts_reach_the_person_alone(channel: Channel) -> None:
    fan = Chat(channel.chat.desk, user="8", name="ben", may_manage=False, private_address="dm:8")
    await fan.say("alerts f1")
    await publish(channel.store, story("Grid news", series=("f1",), at=channel.clock()))
    await channel.wire.deliver()
    assert channel.platform.told("dm:8") == ["Grid news"] and channel.told == []


async def test_outlets_and_words_can_be_followed(channel: Channel) -> None:
    settings = Settings.model_validate(
        {"http": {"timeout": 2, "allow_networks": ["127.0.0.0/8"]}, "poll": {"host_gap": 0, "pages": False}}
    )
    old, news = Item(title="F1: the season so far", guid="1"), "F1: Verstappen profits from a late safety car"
    async with Outlets() as outlets, Client(settings.http, settings.poll, channel.clock) as client:
        for outlet in ("Autosport", "Le Paddock"):
            url = outlets.put(f"/{outlet[:2]}", rss(old))
            await channel.store.add_feed(Feed(url=url, outlet=outlet, next_check_at=channel.clock()))
        await channel.chat.say('follow "safety car" le paddock')
        await channel.chat.say("unfollow wec")
        poller = Poller(channel.store, client, load_catalog(), channel.clock, settings)
        await poller.poll_due()
        outlets.put(
            "/Au", rss(Item(title="F1: Hamilton quickest", guid="3"), Item(title=news, guid="2"), old)
        )
        outlets.put("/Le", rss(Item(title="MotoGP: Bagnaia confirmed", guid="4"), old))
        channel.clock.forward(hours=2)
        await poller.poll_due()
    await channel.wire.deliver()
    assert sorted(channel.told) == [news, "MotoGP: Bagnaia confirmed"]


async def test_what_a_moderator_split_stays_apart_when_its_outlet_edits_it(channel: Channel) -> None:
    settings = Settings.model_validate(
        {"http": {"timeout": 2, "allow_networks": ["127.0.0.0/8"]}, "poll": {"host_gap": 0, "pages": False}}
    )
    title, edited = (
        "WEC: Ferrari protests the result at Imola",
        "WEC: Ferrari protests at Imola, stewards agree",
    )
    names = ("Autosport", "Paddock")
    async with Outlets() as outlets, Client(settings.http, settings.poll, channel.clock) as client:
        poller = Poller(channel.store, client, load_catalog(), channel.clock, settings)
        for name in names:
            url = outlets.put(f"/{name}", rss())
            await channel.store.add_feed(Feed(url=url, outlet=name, next_check_at=channel.clock()))
        for titles in ((title, title), (title, edited)):
            for name, words in zip(names, titles, strict=True):
                outlets.put(
                    f"/{name}", rss(Item(title=words, guid=name, link=f"https://{name}.example/protest"))
                )
            channel.clock.forward(hours=2)
            await poller.poll_due()
            await channel.chat.say("split https://paddock.example/protest")
    told = {story.title: story.outlets for story in await channel.store.latest(limit=9)}
    assert told == {title: ("Autosport",), edited: ("Paddock",)}
