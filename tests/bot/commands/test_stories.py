"""/latest and /search."""

from __future__ import annotations

from bot.commands.desk import Desk
from storage import Store
from tests.chat import Chat
from tests.racing import later, publish, result, source, story

LEAKS = ("Ferrari", "ferrari", "wins")


async def test_the_latest_of_a_series_come_newest_first(chat: Chat, sqlite_store: Store) -> None:
    for hour, title in enumerate(("First news", "Second news", "Third news", "Fourth news")):
        await publish(sqlite_store, story(title, at=later(hours=hour - 6)))
    await publish(sqlite_store, story("F1 news", series=("f1",)))
    said = await chat.say("/latest wec 2")
    assert said.index("Fourth news") < said.index("Third news")
    assert "Second news" not in said and "F1 news" not in said
    assert await chat.say("latest WEC") == await chat.command("latest", series="wec")
    assert "F1 news" in await chat.say("latest formula 1")


async def test_a_number_in_a_name_is_not_taken_for_a_count(chat: Chat, sqlite_store: Store) -> None:
    await publish(sqlite_store, story("Feeder news", series=("f2",)))
    assert "Feeder news" in await chat.say("latest formula 2")
    assert "Feeder news" in await chat.say("latest formula 2 1")
    assert "Feeder news" in await chat.command("latest", series="Formel 2", count="4")


async def test_without_a_series_it_is_what_the_place_follows(chat: Chat, sqlite_store: Store) -> None:
    await publish(sqlite_store, story("Endurance news"))
    await publish(sqlite_store, story("F1 news", series=("f1",)))
    assert "Endurance news" in await chat.say("latest") and "F1 news" in await chat.say("latest 5")
    await chat.say("follow f1")
    assert "Endurance news" not in await chat.say("latest")


async def test_pages_turn_by_buttons_that_hold_everything(chat: Chat, sqlite_store: Store) -> None:
    for number in range(8):
        await publish(sqlite_store, story(f"News number {number}", at=later(minutes=number - 60)))
    assert "News number 7" in await chat.say("latest wec 3")
    assert chat.labels() == ["Older"]
    said = await chat.press("Older")
    assert chat.reply.replaces
    assert "News number 4" in said and "News number 7" not in said
    assert chat.labels() == ["Newer", "Older"]
    assert "News number 1" in await chat.press("Older")
    assert chat.labels() == ["Newer"]
    assert "News number 4" in await chat.press("Newer")


async def test_a_wrong_name_is_answered_with_the_nearest_one(chat: Chat) -> None:
    said = await chat.say("/latest wrc2")
    assert "Did you mean wrc?" in said and "/latest wec 3" in said
    assert "World Rally Championship" in await chat.press("World Rally")


async def test_nonsense_is_answered_with_an_example(chat: Chat) -> None:
    said = await chat.say("/latest qqqqqqqqq")
    assert "I do not know “qqqqqqqqq”" in said and "/latest" in said
    assert chat.labels() == ["All series"]


async def test_a_count_out_of_range_is_said_in_a_line(chat: Chat) -> None:
    for line in ("latest wec 0", "latest wec 99", "latest 11"):
        assert await chat.say(line) == "The count goes from 1 to 10, for example: /latest wec 3"


async def test_a_series_without_stories_says_so_and_offers_to_follow(chat: Chat, member: Chat) -> None:
    assert "No stories about Dakar Rally" in await chat.say("latest dakar")
    assert "Now following" in await chat.press("Follow")
    await member.say("latest wrc")
    assert member.labels() == []


async def test_a_driver_has_a_latest_as_well(chat: Chat, sqlite_store: Store) -> None:
    await publish(sqlite_store, story("Champion signs", series=("f1",), topics=("driver:max-verstappen",)))
    assert "Champion signs" in await chat.say("latest max verstappen 2")
    assert "Latest: Max Verstappen" in await chat.say("latest verstappen")


async def test_only_the_place_s_languages_are_told(chat: Chat, sqlite_store: Store) -> None:
    await publish(
        sqlite_store,
        story("Regen in Spa", language="de", sources=[source(title="Regen in Spa", language="de")]),
    )
    await publish(sqlite_store, story("Rain at Spa"))
    await chat.say("settings languages de")
    said = await chat.say("latest wec 5")
    assert "Regen in Spa" in said and "Rain at Spa" not in said


async def test_results_are_covered_by_every_door(chat: Chat, sqlite_store: Store) -> None:
    kept = await publish(sqlite_store, result("Ferrari wins in Bahrain", id=0))
    await chat.say("settings spoilers cover")
    for line in (
        "latest",
        "latest wec",
        "search bahrain",
        f"why {kept.id}",
        "why",
        "preview",
        "filter test",
        "setup preview",
    ):
        said = await chat.say(line)
        assert "Eight Hours of Bahrain" in said, line
        assert not any(leak in said for leak in LEAKS), line
    assert all(post.covered for post in chat.reply.posts)


async def test_a_delayed_result_says_when_it_will_be_told(
    chat: Chat, sqlite_store: Store, clock: object
) -> None:
    await publish(sqlite_store, result("Ferrari wins in Bahrain"))
    await chat.say("settings spoilers wec delay 24h")
    for line in ("latest wec", "search bahrain"):
        said = await chat.say(line)
        assert "Result held until Monday 23 November, 14:00." in said
        assert not any(leak in repr(chat.reply.posts) for leak in LEAKS)
    for line in ("preview", "setup preview", "why", "filter test"):
        said = await chat.say(line)
        assert not any(leak in said for leak in LEAKS), line
        assert not any(leak in repr(chat.reply.posts) for leak in LEAKS), line
    clock.forward(hours=24)  # type: ignore[attr-defined]
    assert "Ferrari wins" in await chat.say("latest wec")


async def test_search_finds_words_without_their_accents(chat: Chat, sqlite_store: Store) -> None:
    await publish(sqlite_store, story("Pérez fastest in practice", series=("f1",)))
    assert "Pérez fastest" in await chat.say("/search perez practice")
    assert "Nothing found for “kubica”" in await chat.command("search", words="kubica")
    assert "What shall I look for?" in await chat.say("search")


async def test_a_very_long_search_is_cut_to_what_its_buttons_can_carry(
    chat: Chat, sqlite_store: Store
) -> None:
    for number in range(5):
        await publish(sqlite_store, story(f"Überholmanöver in Kurve {number}", at=later(minutes=number - 60)))
    said = await chat.say("search überholmanöver kurve " + "in " * 300)
    assert "Überholmanöver in Kurve 4" in said
    assert all(len(choice.line.encode()) <= 64 for choice in chat.reply.choices)
    assert "Überholmanöver in Kurve 1" in await chat.press("Older")


async def test_every_button_fits_every_platform(chat: Chat, sqlite_store: Store) -> None:
    await publish(sqlite_store, result("Ferrari wins", topics=("driver:lewis-hamilton",)))
    await chat.say('follow wec f1 max verstappen "the longest phrase that anybody ever followed here"')
    for line in (
        "following",
        "series endurance",
        "settings",
        "setup",
        "filter",
        "latest wec",
        "start",
        "help",
        "why 1",
    ):
        await chat.say(line)
        for choice in (*chat.reply.choices, *(c for post in chat.reply.posts for c in post.choices)):
            assert len(choice.line.encode()) <= 64, choice
            assert choice.line or choice.url


async def test_a_place_without_settings_covers_what_its_neighbours_do_not_show(
    desk: Desk, chat: Chat, sqlite_store: Store
) -> None:
    await publish(sqlite_store, result("Ferrari wins"))
    beside = Chat(desk, address="channel-2", may_manage=False)
    assert "Ferrari wins" in await beside.say("latest wec")
    await chat.say("settings spoilers wec delay 24h")
    manager = Chat(desk, address="channel-2")
    for line in ("latest wec", "search Ferrari", "why", "why 1", "preview", "filter test"):
        beside = manager if line in ("preview", "filter test") else beside
        await beside.say(line)
        assert not beside.reply.posts or beside.reply.posts[0].covered
        assert "Ferrari wins" not in beside.reply.text
    elsewhere = Chat(desk, address="channel-3", space="another club", may_manage=False)
    said = await elsewhere.say("latest wec")
    assert "Ferrari wins" in said and not elsewhere.reply.posts[0].covered


async def test_what_neighbours_cover_is_no_setting_of_a_new_place(
    desk: Desk, chat: Chat, sqlite_store: Store
) -> None:
    await chat.say("settings spoilers cover")
    beside = Chat(desk, address="channel-2")
    await beside.say("latest wec")
    await beside.say("follow wec")
    place = await sqlite_store.destination("rig", "channel-2")
    assert place is not None and not place.preferences.spoilers
