"""/settings, /channel, /filter, /preview and /setup: each setting by press and by line, kept and seen in posts."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bot.commands.desk import Desk
from bot.commands.menu import SETTING_NAMES
from bot.commands.packs import load_packs, offered
from bot.model import Importance, Label, Limits, Preferences
from bot.posts import compose, decide
from bot.series.catalog import load_catalog
from storage import Store
from tests.chat import Chat
from tests.conftest import FakeClock
from tests.racing import publish, result, source, story


async def wish(store: Store, address: str = "channel-1") -> Preferences:
    place = await store.destination("rig", address)
    assert place is not None
    return place.preferences


@pytest.mark.parametrize(
    ("line", "field", "value"),
    [
        ("spoilers cover", "spoilers", {"*": "cover"}),
        ("spoilers wec delay 48h", "spoilers", {"wec": "delay 48h"}),
        ("spoilers le mans 24h delay 24", "spoilers", {"le-mans-24h": "delay 24h"}),
        ("delay-note on", "delay_note", True),
        ("languages de en", "languages", ("de", "en")),
        ("languages Deutsch, français", "languages", ("de", "fr")),
        ("labels official result", "labels", ("official", "result")),
        ("labels Gerücht", "labels", ("rumour",)),
        ("labels -rumour -opinion", "labels", ("official", "report", "result", "live")),
        ("importance breaking", "least_importance", 3),
        ('include hypercar OR "lmp 2"', "include", 'hypercar OR "lmp 2"'),
        ("exclude /esports?/", "exclude", "/esports?/"),
        ("schedule digest daily 8:00", "schedule", "digest daily 08:00"),
        ("schedule digest weekly fri 18:30", "schedule", "digest weekly fri 18:30"),
        ("quiet 23:00 - 7:00", "quiet", "23:00-07:00"),
        ("quiet-mode silent", "quiet_mode", "silent"),
        ("timezone new york", "timezone", "America/New_York"),
        ("per-hour 5", "per_hour", 5),
        ("style compact", "style", "compact"),
        ("picture off", "picture", False),
        ("thread on", "thread", True),
        ("publish nein", "publish", False),
        ("merge off", "merge", False),
        ("ping <@&123456789012345678>", "pings", {"*": "<@&123456789012345678>"}),
        ("ping wec 123456789012345678", "pings", {"wec": "123456789012345678"}),
        ("ping breaking @anna", "pings", {"breaking": "@anna"}),
        ("ping-gap 60", "ping_gap", 60),
        ("template [{series}] {title}", "template", "[{series}] {title}"),
        ("language fr", "locale", "fr"),
    ],
)
async def test_a_setting_is_changed_by_a_line(
    chat: Chat, sqlite_store: Store, line: str, field: str, value: object
) -> None:
    assert "✓ Saved." in await chat.say(f"/settings {line}")
    assert getattr(await wish(sqlite_store), field) == value
    name, _, rest = line.partition(" ")
    await chat.command("settings", setting=name, words=rest)
    assert getattr(await wish(sqlite_store), field) == value


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("spoilers blur", "“blur” is no way to treat spoilers"),
        ("spoilers wrc2 cover", "Did you mean wrc?"),
        ("spoilers delay 999h", "up to 168 hours"),
        ("languages klingon", "I do not know the language “klingon”"),
        ("labels nonsense", "“nonsense” is no kind of news"),
        ("importance huge", "minor, normal, major or breaking"),
        ("include (a+)+$", "cannot read that filter at “+$”"),
        ("include (a OR b", "bracket is missing"),
        (f"include {'x' * 10_000}", "at most 500 characters"),
        (r"exclude /(a)\1/", "regular expression"),
        ('include "open', "quotation mark"),
        ("schedule digest daily 25:00", "“25:00” is no time of day"),
        ("quiet 25:00", "no span of quiet hours"),
        ("quiet 25:00-07:00", "“25:00” is no time of day"),
        ("timezone Mars/Olympus", "I do not know the time zone “Mars/Olympus”"),
        ("per-hour many", "not a number from 0 to 60"),
        ("per-hour 61", "not a number from 0 to 60"),
        ("style poster", "card, compact, link"),
        ("picture maybe", "neither on nor off"),
        ("ping @everyone", "@everyone is not possible"),
        ("ping everyone", "nobody I could mention"),
        ("template {password}", "In a title line these names are possible"),
        ("template no title", "needs {title}"),
        ("language xx", "en, de, fr, es, it, pt"),
        ("colour red", "There is no setting “colour”"),
        ("spoiler cover", "Did you mean spoilers?"),
    ],
)
async def test_a_wrong_value_is_one_friendly_line(
    chat: Chat, sqlite_store: Store, line: str, words: str
) -> None:
    said = await chat.say(f"/settings {line}")
    assert words in said and "\n" not in said and chat.reply.private
    assert (
        await sqlite_store.destination("rig", "channel-1") is None
        or await wish(sqlite_store) == Preferences()
    )


async def test_every_setting_is_found_by_pressing_alone(chat: Chat) -> None:
    await chat.say("/settings")
    for option in chat.reply.pickers[0].options:
        await chat.say("/settings")
        said = await chat.pick(option.label)
        assert option.label in said and "At present" in said
        assert chat.reply.choices or chat.reply.pickers
        assert "Settings: #news" in await chat.press("Back")


async def test_every_button_of_every_setting_can_be_pressed(chat: Chat) -> None:
    for name in SETTING_NAMES:
        await chat.say(f"settings {name}")
        for label in [label for label in chat.labels() if label not in ("Back", "Preview")]:
            await chat.say(f"settings {name}")
            said = await chat.press(label)
            assert "Something went wrong" not in said and "I do not know" not in said


async def test_a_press_marks_what_is_set(chat: Chat) -> None:
    await chat.say("settings style")
    assert chat.button("card").chosen
    await chat.press("compact")
    assert chat.reply.replaces and chat.button("compact").chosen and not chat.button("card").chosen


async def test_a_picker_replaces_the_whole_choice_and_may_be_emptied(chat: Chat, sqlite_store: Store) -> None:
    await chat.say("settings languages")
    await chat.pick("German", "Italian")
    assert (await wish(sqlite_store)).languages == ("de", "it")
    await chat.pick()
    assert (await wish(sqlite_store)).languages == ()


async def test_other_values_are_asked_for_in_a_form(chat: Chat, sqlite_store: Store) -> None:
    await chat.say("settings quiet")
    assert "such as 23:00-07:00" in await chat.press("Something else")
    assert chat.reply.form is not None and chat.reply.form.line == "settings quiet"
    await chat.fill("21:00-06:00")
    assert (await wish(sqlite_store)).quiet == "21:00-06:00"
    await chat.press("Something else")
    assert chat.reply.form is not None and chat.reply.form.value == "21:00-06:00"


async def test_a_series_goes_back_to_the_general_mode(chat: Chat, sqlite_store: Store) -> None:
    await chat.say("settings spoilers wec cover")
    await chat.say("settings spoilers wec default")
    assert (await wish(sqlite_store)).spoilers == {}


async def test_a_member_cannot_change_settings(member: Chat, alone: Chat) -> None:
    for line in (
        "settings",
        "settings style link",
        "channel",
        "setup",
        "filter clear",
        "preview",
        "export",
        "import x",
    ):
        assert "Only moderators" in await member.say(line), line
    assert "✓ Saved." in await alone.say("settings style link")


async def test_what_means_nothing_to_one_person_is_not_offered_alone(alone: Chat) -> None:
    said = await alone.say("settings")
    assert "Discussion threads" not in said and "Mentions" not in said


async def test_what_a_platform_cannot_do_is_not_offered_there(sqlite_store: Store, clock: FakeClock) -> None:
    limits = {"rig": Limits(text=4096, title=256, can_publish=True)}
    said = await Chat(Desk(sqlite_store, load_catalog(), clock, limits=limits)).say("settings")
    assert "Discussion threads" not in said and "Publish announcements" in said


async def test_the_language_of_a_private_chat_changes_at_once(alone: Chat) -> None:
    assert "Gespeichert" in await alone.say("settings language de")
    assert "Noch ist nichts abonniert" in await alone.say("following")


async def test_another_channel_is_set_up_from_here(desk: Desk, chat: Chat, sqlite_store: Store) -> None:
    chat.request = replace(chat.request, place_title="#two")  # the adapter names the place that it is about
    assert "Settings: #two" in await chat.command("channel", destination="channel-2")
    await chat.pick("Style")
    await chat.press("compact")
    assert (await wish(sqlite_store, "channel-2")).style == "compact"
    assert await sqlite_store.destination("rig", "channel-1") is None


async def test_two_moderators_at_once_do_not_overwrite_each_other(
    desk: Desk, chat: Chat, sqlite_store: Store
) -> None:
    await chat.say("follow wec")
    other = Chat(desk, user="9", name="carla")
    said = await asyncio.gather(chat.say("settings style link"), other.say("settings picture off"))
    place = await sqlite_store.destination("rig", "channel-1")
    assert place is not None
    saved = sum("✓ Saved." in one for one in said)
    assert place.version == saved >= 1
    for answer, changed in zip(
        said, (place.preferences.style == "link", not place.preferences.picture), strict=True
    ):
        assert ("✓ Saved." in answer) is changed
        assert changed or "Somebody else has just changed" in answer


async def test_a_preference_of_a_newer_version_survives_a_change_here(
    chat: Chat, sqlite_store: Store, clock: FakeClock
) -> None:
    await chat.say("follow wec")
    place = await sqlite_store.destination("rig", "channel-1")
    assert place is not None
    newer = replace(place.preferences, unknown={"hologram": True})
    await sqlite_store.save_preferences(place.id, newer, version=0, now=clock(), by="anna", what="x")
    await chat.say("settings style link")
    assert (await wish(sqlite_store)).unknown == {"hologram": True}
    assert "hologram" in (await chat.say("export"), chat.reply.document.text)[1]  # type: ignore[union-attr]


# ── filters ──


async def test_filters_are_tested_on_the_last_stories(chat: Chat, sqlite_store: Store) -> None:
    await chat.say("follow wec")
    assert "no stories to test on" in await chat.say("filter test")
    await publish(sqlite_store, story("Rumours about Toyota", label=Label.RUMOUR))
    await publish(sqlite_store, story("Hypercar grid grows"))
    await publish(sqlite_store, story("LMP2 returns"))
    await chat.say("filter include hypercar OR toyota")
    await chat.say("filter exclude rumour*")
    said = await chat.say("/filter test")
    assert "1 of the last 3 stories would be posted" in said
    assert "✅ “Hypercar grid grows” – hypercar" in said
    assert "⛔ “Rumours about Toyota” – The filter keeps it out: rumour*." in said
    assert "⛔ “LMP2 returns” – It does not meet the filter" in said
    assert "✅ “LMP2 returns” – lmp2" in await chat.command("filter", action="test", words="lmp2")
    await chat.press("Back")
    assert "No stories with: off" in await chat.press("Remove the filters")


async def test_a_wrong_action_names_the_right_ones(chat: Chat) -> None:
    assert "test, include, exclude or clear" in await chat.say("filter improve x")


# ── preview ──


async def test_the_preview_is_the_very_post_that_comes_next(
    chat: Chat, sqlite_store: Store, clock: FakeClock
) -> None:
    await chat.say("follow wec")
    await chat.say("settings template [{series}] {title} – {outlet}")
    await chat.say("settings spoilers cover")
    await chat.say("settings ping <@&123456789012345678>")
    kept = await publish(sqlite_store, result("Ferrari wins"))
    await chat.say("preview")
    place = await sqlite_store.destination("rig", "channel-1")
    assert place is not None
    verdict = decide(kept, place, now=clock())
    posted = compose(
        kept, place.preferences, load_catalog(), now=clock(), covered=verdict.covered, quiet=verdict.quiet
    )
    assert chat.reply.posts == (posted,)


async def test_the_preview_shows_what_passes(chat: Chat, sqlite_store: Store) -> None:
    await chat.say("follow wec")
    await publish(sqlite_store, story("Big news", importance=Importance.MAJOR))
    await publish(sqlite_store, story("Small news", importance=Importance.MINOR))
    await chat.say("settings importance major")
    assert "Big news" in await chat.say("preview")


async def test_without_stories_an_invented_one_is_shown(chat: Chat) -> None:
    said = await chat.say("preview")
    assert "invented" in said and "Pole at the first attempt" in said


# ── /setup ──


async def test_a_pack_is_set_up_in_three_interactions(chat: Chat, sqlite_store: Store) -> None:
    await chat.say("/setup")
    said = await chat.pick("Endurance · English")
    assert "will look like this" in said and chat.reply.posts
    assert "is set up" in await chat.press("Done")
    place = await sqlite_store.destination("rig", "channel-1")
    assert place is not None
    assert set(await sqlite_store.following(place.id)) >= {"series:wec", "series:le-mans-24h", "series:imsa"}
    assert (place.preferences.languages, place.preferences.locale) == (("en",), "en")
    kept = await publish(sqlite_store, story("First real story"))
    assert await sqlite_store.delivery(place.id, kept.id) is not None


async def test_series_are_picked_by_family(chat: Chat, sqlite_store: Store) -> None:
    await chat.say("setup")
    await chat.press("Bikes")
    assert "MotoGP" in await chat.pick("MotoGP", "WorldSBK")
    await chat.press("Back")
    await chat.press("Bikes")
    assert next(o for o in chat.reply.pickers[0].options if o.label == "MotoGP").chosen
    await chat.pick("Moto2")
    place = await sqlite_store.destination("rig", "channel-1")
    assert place is not None
    assert await sqlite_store.following(place.id) == ["series:moto2"]


async def test_languages_spoilers_and_ping_are_set_on_the_way(chat: Chat, sqlite_store: Store) -> None:
    await chat.say("setup")
    await chat.pick("Formula 1 · English")
    await chat.press("Languages of stories")
    await chat.pick("English", "German")
    await chat.press("Spoilers")
    assert chat.reply.replaces
    await chat.press("Cover results")
    assert chat.reply.posts[0].covered
    await chat.press("Mentions")
    assert [picker.kind for picker in chat.reply.pickers] == ["role"]
    await chat.say(f"{chat.reply.pickers[0].line} 123456789012345678")  # as a role chooser sends it
    kept = await wish(sqlite_store)
    assert (kept.languages, kept.spoilers, kept.pings) == (
        ("en", "de"),
        {"*": "cover"},
        {"*": "123456789012345678"},
    )


async def test_the_set_up_says_what_is_missing_there(chat: Chat) -> None:
    request = replace(chat.request, line="setup", place_trouble="commands.paused.removed")
    assert "Something is missing there: I was removed from there." in (await chat.desk(request)).text


async def test_the_settings_say_what_keeps_posts_away(
    chat: Chat, sqlite_store: Store, clock: FakeClock
) -> None:
    assert "paused" not in await chat.say("settings")
    request = replace(chat.request, line="settings", place_trouble="telegram.paused.no_rights")
    assert "the bot lacks the right to post" in (await chat.desk(request)).text
    await chat.say("follow wec")
    place = await sqlite_store.destination("rig", "channel-1")
    assert place is not None
    await sqlite_store.pause(place.id, "telegram.paused.topic_closed", now=clock())
    assert "is paused: the topic is closed" in await chat.say("settings")


async def test_of_two_moderators_at_once_neither_undoes_what_the_other_chose(
    chat: Chat, desk: Desk, sqlite_store: Store
) -> None:
    other = Chat(desk, user="9", name="ben")
    for one in (chat, other):
        await one.say("setup series endurance")
    await chat.pick("World Endurance")
    assert "Somebody else has just changed" in await other.pick("IMSA")
    await other.pick("World Endurance", "IMSA")  # on the picker that shows what is chosen now
    place = await sqlite_store.destination("rig", "channel-1")
    assert place is not None
    assert await sqlite_store.following(place.id) == ["series:imsa", "series:wec"]


async def test_a_series_that_left_the_catalogue_is_named(chat: Chat) -> None:
    await chat.say("setup series endurance")
    said = await chat.say(f"{chat.reply.pickers[0].line} wec gone")
    assert "“gone” is no longer in the catalogue" in said and "WEC" in chat.reply.posts[0].badge


async def test_an_old_panel_s_button_says_that_its_time_is_over(chat: Chat) -> None:
    assert "not part of the set-up any more" in await chat.say("setup colours")
    assert "not there any more" in await chat.say("setup pack f1-xx")
    assert "Setting up" in await chat.say("setup series gone")


def test_every_pack_is_made_of_known_series_and_has_a_name_in_its_language() -> None:
    known = load_catalog().series
    for pack in load_packs().values():
        assert set(pack.series) <= set(known), pack.slug
        assert pack.label(pack.language) and pack.names.get(pack.language)
        assert len(f"setup @-1001234567890/12345 pack {pack.slug}".encode()) <= 64
    assert offered("de", 25)[0].language == "de"
    assert {pack.language for pack in offered("it", 25)} == {"it", "en"}
    assert len(offered("fr", 25)) <= 25


async def test_posts_follow_what_was_set(chat: Chat, sqlite_store: Store, clock: FakeClock) -> None:
    await chat.say("follow wec")
    for line in ("languages de", "picture off", "style compact", "labels -rumour"):
        await chat.say(f"settings {line}")
    place = await sqlite_store.destination("rig", "channel-1")
    assert place is not None
    told = story("Regen", sources=[source(title="Regen", language="de", image_url="https://x.example/a.jpg")])
    post = compose(told, place.preferences, load_catalog(), now=clock())
    assert (post.style, post.image_url) == ("compact", None)
    assert decide(story(), place, now=clock()).reason == "post.why.language|en|de"
    assert decide(replace(told, label=Label.RUMOUR), place, now=clock()).reason == "post.why.label|rumour"


async def test_one_series_is_told_in_its_own_way_by_pressing_alone(chat: Chat, sqlite_store: Store) -> None:
    await chat.say("follow wec f1 motogp")
    await chat.say("settings")
    await chat.pick("Spoilers")
    await chat.press("Cover results")
    await chat.press("One series by itself")
    assert "Formula 1" in await chat.pick("Formula 1")
    assert "As for all series" in chat.labels()
    await chat.press("Show results")
    assert (await wish(sqlite_store)).spoilers == {"*": "cover", "f1": "show"}
    await chat.press("One series by itself")
    await chat.pick("Formula 1")
    await chat.press("As for all series")
    assert (await wish(sqlite_store)).spoilers == {"*": "cover"}


async def test_one_series_and_breaking_news_mention_somebody_by_pressing_alone(
    chat: Chat, sqlite_store: Store
) -> None:
    await chat.say("follow wec f1")
    await chat.say("settings ping")
    await chat.press("Breaking news only")
    assert [picker.line for picker in chat.reply.pickers] == ["settings ping breaking"]
    await chat.press("Something else")
    await chat.fill("@anna")
    await chat.say("settings ping")
    await chat.press("One series by itself")
    await chat.pick("Formula 1")
    await chat.say(f"{chat.reply.pickers[0].line} 123456789012345678")  # as a role chooser sends it
    assert (await wish(sqlite_store)).pings == {"breaking": "@anna", "f1": "123456789012345678"}
    await chat.say("settings ping f1")
    await chat.press("off")
    assert (await wish(sqlite_store)).pings == {"breaking": "@anna"}
