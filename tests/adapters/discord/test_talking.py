"""Every command of the menu on Discord, with the real core behind it: what a fan and a moderator read and press."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from adapters.discord.adapter import DiscordAdapter
from bot.commands.desk import Desk
from bot.commands.menu import MENU
from bot.config import DeliverySettings
from bot.locale import pick, say
from bot.model import Article, Source, Story
from bot.outbox import Outbox
from bot.pacing import Pacer
from bot.series.catalog import load_catalog
from storage import Store, open_store
from tests.adapters.discord.chat import Chat, read
from tests.adapters.discord.conftest import make_adapter
from tests.loopback.discord import Discord, walk
from tests.pace import Paper

NOW = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)


def now() -> datetime:
    return NOW


@dataclass
class Club:
    """A server with a connected bot. `fan` and `moderator` are people in #news."""

    discord: Discord
    store: Store
    adapter: DiscordAdapter

    @property
    def fan(self) -> Chat:
        return Chat(self.discord)

    @property
    def moderator(self) -> Chat:
        return Chat(self.discord, user="moderator")

    async def publish(self, title: str, *, slug: str = "wec", spoiler: bool = False) -> Story:
        url = f"https://outlet.example/{abs(hash(title))}"
        source = Source(
            outlet="Outlet",
            url=url,
            language="en",
            title=title,
            summary=f"{title}, it says.",
            safe_title="Report from Fuji",
        )
        story = Story(
            title=title,
            summary=source.summary,
            url=url,
            language="en",
            sources=(source,),
            series=(slug,),
            primary=slug,
            spoiler=spoiler,
            safe_title="Report from Fuji",
            published_at=NOW,
            created_at=NOW,
            updated_at=NOW,
        )
        article = Article(feed_id=1, guid=url, url=url, title=title, language="en", content_hash=title)
        published = await self.store.publish(article, story, now=NOW)
        assert published is not None
        return published.story

    async def deliver(self) -> None:
        """Let the outbox work until nothing is due."""
        outbox = Outbox(
            self.store,
            {"discord": self.adapter},
            {"discord": Pacer("discord")},
            load_catalog(),
            now,
            DeliverySettings(),
        )
        while await outbox.deliver_due():
            pass

    def posted(self, name: str) -> list[str]:
        return [read(list(walk(message["components"]))) for message in self.discord.said(name)]


@pytest.fixture
async def club(discord: Discord) -> AsyncIterator[Club]:
    store = await open_store("sqlite:///:memory:", clock=now)
    adapter = make_adapter(discord, Paper())
    running = asyncio.create_task(adapter.run(MENU, Desk(store, load_catalog(), now)))
    async with asyncio.timeout(10):
        await discord.online.wait()
        while not discord.commands:
            await asyncio.sleep(0.01)
    yield Club(discord, store, adapter)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await adapter.close()
    await store.close()
    assert discord.breaches == []


async def test_every_command_of_the_menu_gets_an_answer_in_six_languages(club: Club) -> None:
    await club.publish("Toyota tests in Bahrain")
    for locale in ("en-US", "de", "fr", "es-ES", "it", "pt-BR"):
        for command in MENU:
            if command.hidden:
                continue
            chat = Chat(club.discord, user="moderator", locale=locale)
            required = {option.name: "wec" for option in command.options if option.required}
            text = await chat.say(f"/{command.name}", **required)
            assert text, command.name
            assert say(pick(locale), "commands.failed") not in text, command.name
            assert not any(key in text for key in ("commands.", "post.", "discord.")), (
                locale,
                command.name,
                text,
            )


async def test_latest_tells_stories_page_by_page(club: Club) -> None:
    for number in range(5):
        await club.publish(f"Story {number}")
    chat = club.fan
    assert "Story 4" in await chat.say("/latest wec") and "Story 1" not in chat.text
    assert "Story 1" in await chat.press("Older")
    assert "Story 4" in await chat.press("Newer")


async def test_a_wrong_series_gets_the_nearest_one(club: Club) -> None:
    assert "wrc" in (await club.fan.say("/latest wrc2")).lower()


async def test_a_moderator_follows_and_the_story_is_posted_once(club: Club) -> None:
    await club.moderator.say("/follow wec")
    await club.publish("Toyota tests in Bahrain")
    await club.deliver()
    await club.deliver()
    assert len(club.posted("news")) == 2  # the answer to /follow, and the story
    assert "Toyota tests in Bahrain" in club.posted("news")[-1]


async def test_a_fan_cannot_change_what_is_followed_and_is_told_so(club: Club) -> None:
    chat = club.fan
    assert "moderators" in await chat.say("/follow wec")
    assert chat.is_whisper


async def test_what_is_followed_has_a_button_to_stop_each(club: Club) -> None:
    chat = club.moderator
    await chat.say("/follow wec")
    await chat.say("/following")
    assert any("Unfollow" in label for label in chat.buttons)
    assert "No longer" in await chat.press("Unfollow")


async def test_a_fan_follows_for_themselves_and_is_written_to_directly(club: Club) -> None:
    chat = club.fan
    await chat.say("/alerts wec")
    assert chat.is_whisper
    await club.publish("Toyota tests in Bahrain")
    await club.deliver()
    assert "Toyota tests in Bahrain" in club.posted("dm fan")[-1] and club.posted("news") == []


async def test_follow_on_a_card_is_the_readers_own_alert(club: Club) -> None:
    await club.moderator.say("/follow wec")
    await club.publish("Toyota tests in Bahrain")
    await club.deliver()
    chat = club.fan
    chat.act = None
    message = club.discord.said("news")[-1]
    button = next(part for part in walk([*message["components"]]) if "alerts" in part.get("custom_id", ""))
    act = await club.discord.interact(
        3, "fan", "news", {"component_type": 2, "custom_id": button["custom_id"]}, source=message
    )
    assert all(one["flags"] & 64 for one in act.messages.values())
    space = f"dm:{club.discord.users['fan']['id']}"
    assert [place.address for place in await club.store.destinations("discord", space)] == [space]


async def test_setup_needs_at_most_five_presses_to_the_first_post(club: Club) -> None:
    chat = club.moderator
    await chat.say("/setup")  # 1
    assert chat.is_whisper
    await chat.press("Endurance")  # 2
    await chat.pick("World Endurance Championship", "IMSA")  # 3
    assert any(
        part["type"] == 17 for message in chat.seen for part in walk(message["components"])
    )  # the preview
    await chat.press("Done")  # 4
    await club.publish("Toyota tests in Bahrain")
    await club.deliver()
    assert "Toyota tests in Bahrain" in club.posted("news")[-1]


async def test_setup_of_another_channel_stays_about_that_channel(club: Club) -> None:
    other = club.discord.add_channel("endurance")
    await club.discord.emit("CHANNEL_CREATE", other)
    chat = club.moderator
    await chat.say("/setup", destination=other["id"])
    await chat.press("Endurance")
    await chat.pick("World Endurance Championship")
    await chat.press("Done")
    place = await club.store.destination("discord", other["id"])
    assert place is not None and list(await club.store.following(place.id)) == ["series:wec"]
    assert place.title == "#endurance · Paddock"


async def test_setup_begins_with_the_channel_where_another_is_wanted(club: Club) -> None:
    chat = club.moderator
    await chat.say("/setup")  # 1
    await chat.choose("announcements")  # 2
    assert "#announcements" in chat.text
    await chat.pick("Endurance")  # 3
    await chat.press("Done")  # 4
    await club.publish("Ferrari tests in Bahrain")
    await club.deliver()
    assert "Ferrari tests in Bahrain" in club.posted("announcements")[-1]


async def test_the_preview_is_the_very_message_that_is_posted(club: Club) -> None:
    chat = club.moderator
    await chat.say("/follow wec")
    await club.publish("Toyota wins at Fuji", spoiler=True)
    await chat.say("/preview")
    shown = [part for message in chat.seen for part in message["components"] if part["type"] == 17]
    await club.deliver()
    posted = [part for part in club.discord.said("news")[-1]["components"] if part["type"] == 17]
    assert _bare(shown) == _bare(posted) and posted


async def test_covered_results_stay_covered_in_answers_too(club: Club) -> None:
    chat = club.moderator
    await chat.say("/follow wec")
    await chat.say("/settings", setting="spoilers", words="cover")
    await club.publish("Toyota wins at Fuji", spoiler=True)
    await chat.say("/latest wec")
    for message in chat.seen:
        in_clear = [part for part in message["components"] if not part.get("spoiler")]
        assert "Toyota" not in str(in_clear)


async def test_aliases_of_every_language_are_completed(club: Club) -> None:
    assert "wec" in await club.fan.type("/latest langstrecke", "series")


async def test_a_role_to_ping_is_chosen_from_discords_list_and_named(club: Club) -> None:
    chat = club.moderator
    await chat.say("/follow wec")
    text = await chat.say("/settings", setting="ping", words="wec", role=club.discord.role["id"])
    assert "@WEC fans" in text
    place = await club.store.destination("discord", club.discord.id("news"))
    assert place is not None and place.preferences.pings == {"wec": f"<@&{club.discord.role['id']}>"}


async def test_settings_travel_as_a_file(club: Club) -> None:
    chat = club.moderator
    await chat.say("/follow wec")
    await chat.say("/export")
    assert any(part["type"] == 13 for message in chat.seen for part in message["components"])


def _bare(parts: list[dict[str, object]]) -> list[object]:
    """Components without the numbers that Discord gives them."""
    return [
        {
            key: _bare(value) if isinstance(value, list) else value
            for key, value in part.items()
            if key != "id"
        }
        for part in parts
    ]
