"""/follow, /unfollow, /following, /series, /start and /alerts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.commands.desk import Desk
from bot.series.catalog import load_catalog
from storage import Store
from tests.chat import Chat
from tests.conftest import FakeClock
from tests.racing import publish, story


async def followed(store: Store, address: str = "channel-1") -> list[str]:
    place = await store.destination("rig", address)
    return sorted(await store.following(place.id)) if place else []


async def test_the_first_follow_makes_the_place_and_says_what_comes(chat: Chat, sqlite_store: Store) -> None:
    said = await chat.say("/follow wec")
    assert "Now following: FIA World Endurance Championship." in said
    assert "New stories will come as soon as outlets publish them" in said
    place = await sqlite_store.destination("rig", "channel-1")
    assert place is not None and (place.space, place.title) == ("club", "#news")
    assert "Already followed" in await chat.say("/follow wec")


async def test_names_of_several_words_are_read_in_one_line(chat: Chat, sqlite_store: Store) -> None:
    await publish(sqlite_store, story())
    await chat.say('follow wec f1 max verstappen, spa-francorchamps "Safety Car" paddock post')
    assert await followed(sqlite_store) == [
        "circuit:spa-francorchamps",
        "driver:max-verstappen",
        "outlet:paddock-post",
        "series:f1",
        "series:wec",
        "words:safety car",
    ]


async def test_options_and_a_line_come_to_the_same(chat: Chat, sqlite_store: Store) -> None:
    await chat.command("follow", series="wec, driver:max-verstappen")
    await chat.say("follow words:red flag")
    assert await followed(sqlite_store) == ["driver:max-verstappen", "series:wec", "words:red flag"]


async def test_aliases_of_every_language_are_understood(chat: Chat, sqlite_store: Store) -> None:
    for words in ("Langstrecken-WM", "formel 1", "Rallye-WM", "fórmula e"):
        assert "Now following" in await chat.say(f"follow {words}")
    assert await followed(sqlite_store) == ["series:f1", "series:formula-e", "series:wec", "series:wrc"]


async def test_a_family_or_everything_is_followed_at_once(chat: Chat, sqlite_store: Store) -> None:
    families = load_catalog().families()
    await chat.say("follow single-seaters")
    assert len(await followed(sqlite_store)) == len(families["single-seaters"])
    assert "more" in await chat.say("follow all")
    assert len(await followed(sqlite_store)) == len(load_catalog().series)
    await chat.say('follow "safety car"')
    assert "Nothing is followed any more" in await chat.say("unfollow all")


async def test_what_is_not_understood_is_named_and_the_rest_is_followed(
    chat: Chat, sqlite_store: Store
) -> None:
    said = await chat.say("follow wec blurgh")
    assert "Now following: FIA World Endurance Championship." in said
    assert "Not understood: blurgh." in said
    assert "I do not know “blurgh zzz”" in await chat.say("follow blurgh zzz")
    assert "Did you mean f1-academy" in await chat.say("follow f1academi")


async def test_a_name_that_several_have_is_asked_back(chat: Chat, sqlite_store: Store) -> None:
    said = await chat.say("follow rossi")
    if "Which one" in said:
        assert len(chat.labels()) > 1
        await chat.press(chat.labels()[0])
    assert len(await followed(sqlite_store)) == 1


async def test_every_reply_can_be_taken_back_with_a_button(chat: Chat, sqlite_store: Store) -> None:
    await chat.say("follow wec")
    assert "No longer following" in await chat.press("Unfollow")
    assert await followed(sqlite_store) == []
    await chat.press("Follow")
    assert await followed(sqlite_store) == ["series:wec"]


async def test_following_lists_everything_with_a_button_each(chat: Chat) -> None:
    assert "Nothing is followed yet" in await chat.say("/following")
    await chat.say('follow wec max verstappen "red flag"')
    said = await chat.say("/following")
    assert "Followed (3):" in said and "“red flag”" in said and "👤 Max Verstappen" in said
    await chat.press("Unfollow “red flag”")
    assert "“red flag”" not in await chat.say("/following")


async def test_a_series_that_left_the_catalogue_is_said_to_be_gone(
    chat: Chat, sqlite_store: Store, clock: object
) -> None:
    await chat.say("follow wec")
    place = await sqlite_store.destination("rig", "channel-1")
    assert place is not None
    await sqlite_store.follow(place.id, ["series:old-cup"], now=clock(), by="anna")  # type: ignore[operator]
    assert "“old-cup” is no longer in the catalogue" in await chat.say("following")
    assert "Unfollow old-cup" in " ".join(chat.labels())


async def test_unfollowing_what_is_not_followed_says_so(chat: Chat) -> None:
    assert "Not followed: Formula 1." in await chat.say("unfollow f1")
    assert "What shall I stop following?" in await chat.say("unfollow")
    assert "Did you mean" in await chat.say("unfollow wrc2")


async def test_a_place_has_room_for_a_hundred(chat: Chat, sqlite_store: Store) -> None:
    await chat.say("follow all")
    place = await sqlite_store.destination("rig", "channel-1")
    assert place is not None
    words = [f"words:phrase {number}" for number in range(100 - len(load_catalog().series))]
    await sqlite_store.follow(place.id, words, now=place.created_at, by="anna")
    said = await chat.say('follow "one too many"')
    assert "At most 100 things can be followed in one place; here it is 100 already." in said
    assert len(await chat.say("following")) < 4_000


# ── who may ──


@pytest.mark.parametrize("line", ["follow wec", "unfollow wec"])
async def test_a_member_cannot_change_a_shared_place(member: Chat, sqlite_store: Store, line: str) -> None:
    said = await member.say(line)
    assert "Only moderators" in said and member.reply.private
    assert await followed(sqlite_store) == []


async def test_a_member_is_offered_alerts_instead(member: Chat, sqlite_store: Store) -> None:
    await member.say("follow wec")
    said = await member.press("Alert me instead")
    assert "Now following" in said and "sent to you alone" in said
    assert await followed(sqlite_store) == []
    assert await followed(sqlite_store, "dm:8") == ["series:wec"]


async def test_alone_with_the_bot_everyone_follows_for_themselves(alone: Chat, sqlite_store: Store) -> None:
    assert "Now following" in await alone.say("follow motogp")
    assert await followed(sqlite_store, "dm:8") == ["series:motogp"]


async def test_another_place_cannot_be_named_from_a_private_chat(
    alone: Chat, chat: Chat, sqlite_store: Store
) -> None:
    await chat.say("follow wec")
    for line in ("follow @channel-1 f1", "settings @channel-1 style link", "unfollow @channel-1 wec"):
        assert "not part of this one" in await alone.say(line)
    hijacked = replace(alone.request, line="follow @channel-9 f1", options={})
    assert "not part of this one" in (await alone.desk(hijacked)).text
    assert await followed(sqlite_store) == ["series:wec"]


async def test_a_place_of_another_space_is_out_of_reach_even_for_its_moderators(
    desk: Desk, chat: Chat
) -> None:
    await chat.say("follow wec")
    stranger = Chat(desk, address="channel-77", space="other club", user="99")
    assert "not part of this one" in await stranger.command("settings", destination="channel-1")
    assert "not part of this one" in await stranger.say("unfollow @channel-1 wec")


# ── /alerts ──


async def test_alerts_are_listed_and_stopped_from_anywhere(member: Chat, sqlite_store: Store) -> None:
    assert "You follow nothing yourself yet" in await member.say("alerts")
    await member.say('alerts wec "Max Verstappen"')
    assert member.reply.private
    said = await member.say("/alerts")
    assert "Max Verstappen" in said and "sent to you alone" in said
    await member.press("Unfollow FIA")
    assert await followed(sqlite_store, "dm:8") == ["driver:max-verstappen"]


async def test_series_are_chosen_for_oneself_from_where_others_read(
    member: Chat, sqlite_store: Store
) -> None:
    await member.say("alerts")
    await member.press("All series")
    await member.press("Bikes")
    await member.press("MotoGP")
    assert await followed(sqlite_store, "dm:8") == ["series:motogp"]
    assert await sqlite_store.destination("rig", "channel-1") is None


async def test_of_several_with_one_name_the_right_one_is_pressed(member: Chat, sqlite_store: Store) -> None:
    assert "Which one do you mean?" in await member.say("alerts wec ferrari")
    await member.press("Enzo Ferrari")
    assert await followed(sqlite_store, "dm:8") == ["person:enzo-ferrari", "series:wec"]


async def test_who_asks_again_after_messages_did_not_arrive_gets_them_at_once(
    member: Chat, sqlite_store: Store, clock: FakeClock
) -> None:
    await member.say("alerts wec")
    place = await sqlite_store.destination("rig", "dm:8")
    assert place is not None
    await sqlite_store.pause(place.id, "discord.paused.direct", now=clock())
    assert "could not write to you" in await member.say("alerts f1")
    place = await sqlite_store.destination("rig", "dm:8")
    assert place is not None and place.paused_at is None
    assert "could not write to you" not in await member.say("alerts f1")


async def test_an_alert_is_in_the_person_s_language(desk: Desk, sqlite_store: Store) -> None:
    german = Chat(desk, locale="de", may_manage=False, user="9", private_address="dm:9")
    assert "Jetzt abonniert" in await german.say("alerts follow wec")
    place = await sqlite_store.destination("rig", "dm:9")
    assert place is not None and place.preferences.locale == "de"


async def test_without_a_way_to_reach_a_person_they_are_asked_to_write_first(desk: Desk) -> None:
    unreachable = Chat(desk, private_address="", may_manage=False)
    assert "private chat" in await unreachable.say("alerts wec")


# ── /series and /start ──


async def test_series_are_shown_by_family_and_toggled_in_place(chat: Chat, sqlite_store: Store) -> None:
    assert "(wec)" in await chat.say("/series")
    assert "to follow" in await chat.press("Endurance")
    await chat.press("FIA World Endurance")
    assert chat.reply.replaces and chat.button("FIA World Endurance").chosen
    await chat.press("FIA World Endurance")
    assert await followed(sqlite_store) == []
    assert "All series" in await chat.press("All families")


async def test_a_member_cannot_toggle_a_shared_place(member: Chat, sqlite_store: Store) -> None:
    await member.say("series endurance")
    assert "Only moderators" in await member.press("FIA World Endurance")
    assert await followed(sqlite_store) == []


async def test_three_taps_from_start_to_the_first_alert(alone: Chat, sqlite_store: Store) -> None:
    assert "Hello!" in await alone.say("/start")
    await alone.press("Bikes")
    await alone.press("MotoGP")
    assert await followed(sqlite_store, "dm:8") == ["series:motogp"]


async def test_who_starts_again_is_told_what_is_still_followed(alone: Chat) -> None:
    await alone.say("/follow motogp wec")
    assert "Followed so far: FIA World Endurance Championship, MotoGP." in await alone.say("/start")
    assert "Followed (2)" in await alone.press("What is followed")


async def test_who_is_alone_with_the_bot_reads_nothing_of_moderators(alone: Chat) -> None:
    said = await alone.say("/help")
    assert "What comes to you, and how:" in said
    assert "moderators" not in said


async def test_help_is_offered_once(alone: Chat) -> None:
    await alone.say("hello")
    assert alone.labels() == ["/help"]


async def test_a_deep_link_follows_at_once(alone: Chat, sqlite_store: Store) -> None:
    assert "Now following: FIA World Endurance Championship." in await alone.say("/start follow_wec")
    assert await followed(sqlite_store, "dm:8") == ["series:wec"]


# ── completion ──


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("langstrecke", "wec"),
        ("f1", "f1"),
        ("", "f1"),
        ("verstap", "driver:max-verstappen"),
        ("wec, moto", "wec, motogp"),
        ("endurance mondial", "wec"),
    ],
)
async def test_names_are_completed_in_every_language(chat: Chat, typed: str, value: str) -> None:
    request = replace(chat.request, line="follow")
    values = [suggestion.value for suggestion in await chat.desk.suggest(request, "series", typed)]
    assert value in values and len(values) <= 25


async def test_what_was_completed_is_understood(chat: Chat, sqlite_store: Store) -> None:
    request = replace(chat.request, line="follow")
    (first, *_) = await chat.desk.suggest(request, "series", "wec, verstap")
    await chat.command("follow", series=first.value)
    assert await followed(sqlite_store) == ["driver:max-verstappen", "series:wec"]


async def test_unfollow_completes_what_is_followed(chat: Chat) -> None:
    await chat.say('follow wec "red flag"')
    request = replace(chat.request, line="unfollow")
    assert [one.value for one in await chat.desk.suggest(request, "series", "")] == ["wec", "words:red flag"]


async def test_completion_is_silent_where_it_knows_nothing(chat: Chat) -> None:
    request = replace(chat.request, line="bogus")
    assert await chat.desk.suggest(request, "nothing", "x" * 5_000) == []
