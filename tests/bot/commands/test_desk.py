"""The desk itself: help, status, sources, audit, moving settings, changes of places, and that nothing raises."""

from __future__ import annotations

import json
from copy import copy
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from bot.commands.desk import HANDLERS, Desk
from bot.commands.line import read_line, split
from bot.commands.menu import MENU
from bot.errors import StorageError
from bot.locale import LOCALES
from bot.model import Audience, Change, Feed, FeedState, Outcome, OutcomeKind, PlatformChange
from bot.series.catalog import load_catalog
from storage import Store
from tests.chat import Chat, written
from tests.conftest import FakeClock
from tests.racing import SUNDAY, later, publish, result, story


def test_every_command_of_the_menu_has_its_function() -> None:
    assert {command.name for command in MENU} == set(HANDLERS)


async def test_help_lists_what_this_person_may_use(chat: Chat, member: Chat) -> None:
    said = await chat.say("/help")
    assert "/latest [series] [count]" in said and "/setup" in said
    assert "/setup" not in await member.say("/help")
    assert "/latest wec 3" in await chat.say("/help latest")
    assert "Did you mean /latest?" in await chat.say("/help latst")


@pytest.mark.parametrize("locale", LOCALES)
async def test_every_command_answers_in_every_language(desk: Desk, sqlite_store: Store, locale: str) -> None:
    await publish(sqlite_store, result("Ferrari wins"))
    chat = Chat(desk, locale=locale, address=f"channel-{locale}")
    for line in ("follow wec f1", "latest", "following", "series", "series bikes", "settings", "setup", "status", "why",
                 "why 1", "filter", "filter test", "preview", "sources", "audit", "export", "help", "start", "alerts f1",
                 "latest qqq", "follow qqq", "unfollow f1", "split", "import", "search x", "bogus", "channel"):  # fmt: skip
        said = await chat.say(line)
        assert said and "commands." not in said and "post." not in said, line
        if locale != "en":
            assert "Something went wrong" not in said


async def test_commands_are_known_by_their_names_in_other_languages(chat: Chat) -> None:
    assert "Nothing is followed yet" in await chat.say("/abos")
    assert "Now following" in await chat.say("/seguir wec")
    assert "No stories" in await chat.say("/latest@pitwire_bot wec")


async def test_an_unknown_command_is_answered_with_the_nearest(chat: Chat) -> None:
    assert "Did you mean /follow?" in await chat.say("/folow wec")
    assert "/help shows what I can do" in await chat.say("/xyzzy")
    assert "/help shows what I can do" in await chat.say("")


async def test_a_name_by_itself_asks_for_its_news(chat: Chat) -> None:
    assert "FIA World Endurance Championship" in await chat.say("wec")
    assert "Formula 1" in await chat.say("formel 1")
    assert "Max Verstappen" in await chat.say("Max Verstappen")


async def test_a_fault_of_ours_is_said_kindly_and_hides_nothing_from_the_log(
    desk: Desk, chat: Chat, sqlite_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object, **__: object) -> Any:
        raise StorageError("The disk is full.")

    monkeypatch.setattr(sqlite_store, "latest", broken)
    said = await chat.say("latest")
    assert said == "Something went wrong on my side. It is in the log; please try again."
    monkeypatch.setattr(sqlite_store, "destination", broken)
    assert "Something went wrong" in await chat.say("follow wec")
    assert await desk.suggest(chat.request, "series", "w") == []
    assert (await desk.preferences_at(chat.request)).locale == "en"


@given(
    st.one_of(
        st.text(max_size=300),
        st.builds(
            " ".join,
            st.lists(
                st.sampled_from([*HANDLERS, "wec", "f1", "max", '"', "@channel-1", "@x", "from:9", "?", "=", "cover", "-1",
                                 "999999999999999999999", "series", "endurance", "+wec", "words:", "include", "\u202e", "💥", "pack"]),
                max_size=8,
            ),
        ),
    )
)  # fmt: skip
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_no_line_ever_raises_or_fails(desk: Desk, line: str) -> None:
    said = await Chat(desk).say(line)
    assert said and "Something went wrong" not in said
    assert len(said) < 12_000


@given(
    st.text(max_size=400),
    st.dictionaries(st.sampled_from(["series", "words", "count"]), st.text(max_size=80)),
)
@settings(max_examples=60, deadline=None)
def test_a_line_is_always_read(line: str, options: dict[str, str]) -> None:
    read = read_line(line, options)
    assert read_line(f"/{read.name} {read.rest}", {}).name == read.name
    assert all(word.text for word in split(line))


# ── /status, /sources, /audit ──


async def test_status_names_failing_feeds_and_the_queue(
    chat: Chat, member: Chat, sqlite_store: Store
) -> None:
    await chat.say("follow wec")
    await publish(sqlite_store, story())
    bad = await sqlite_store.add_feed(
        Feed(url="https://slow.example/feed", outlet="Slow Post", next_check_at=SUNDAY, error_count=3)
    )
    await sqlite_store.save_feed(replace(bad, trouble="trouble.status.503|503", error_count=3))
    said = await chat.say("/status")
    assert "2 feeds are read; with troubles: 1." in said
    assert "⚠ Slow Post: The server is overloaded or in maintenance (503)." in said
    assert "rig: 1 waiting" in said
    assert "Only moderators" in await member.say("/status")


async def test_status_names_the_last_post_that_did_not_get_through(
    chat: Chat, sqlite_store: Store, clock: FakeClock
) -> None:
    await chat.say("follow wec")
    await publish(sqlite_store, story())
    (claim,) = await sqlite_store.claim(now=clock(), lease=timedelta(minutes=1), limit=1, adapters=["rig"])
    failed = Outcome(
        delivery_id=claim.delivery.id,
        revision=1,
        kind=OutcomeKind.RETRY,
        due_at=later(minutes=1),
        reason="outbox.trying|503",
    )
    await sqlite_store.record([failed], now=clock())
    said = await chat.say("status")
    assert "was for #news, Sunday 22 November, 14:00." in said and "503" in said


async def test_sources_show_each_outlet_s_health_page_by_page(chat: Chat, sqlite_store: Store) -> None:
    for number in range(20):
        feed = Feed(
            url=f"https://outlet{number}.example/feed",
            outlet=f"Outlet {number}",
            language="en",
            next_check_at=SUNDAY,
        )
        kept = await sqlite_store.add_feed(feed)
        if number == 7:
            await sqlite_store.save_feed(replace(kept, trouble="403: refused.", next_check_at=later(hours=1)))
        elif number == 8:
            await sqlite_store.save_feed(replace(kept, last_success_at=later(hours=-1)))
        elif number == 9:
            await sqlite_store.save_feed(replace(kept, trouble="Gone.", state=FeedState.PAUSED))
    said = await chat.say("/sources")
    assert "20 feeds are read" in said and "⚠ Outlet 7 (en): 403: refused. Next try in 1 h." in said
    assert "⏸ Outlet 9" in said
    assert "✅ Outlet 8 (en): read 1 h ago" in await chat.say("sources outlet 8")
    await chat.say("sources")
    assert "Outlet 6" in await chat.press("More")
    assert "Outlet 7" in await chat.press("Back")
    assert "No feed is about “cricket”" in await chat.say("sources cricket")


async def test_audit_says_who_changed_what(chat: Chat) -> None:
    await chat.say('follow wec "red flag" words:safety car')
    await chat.say("settings quiet 23:00-07:00")
    await chat.say("unfollow wec")
    said = await chat.say("/audit")
    assert "anna · #news: Quiet hours: 23:00-07:00" in said
    assert "now follows FIA World Endurance Championship, “red flag”, “safety car”" in said
    assert said.index("no longer follows") < said.index("now follows")


# ── /export and /import ──


async def test_an_export_taken_over_elsewhere_gives_the_same(
    chat: Chat, desk: Desk, sqlite_store: Store
) -> None:
    await chat.say('follow wec max verstappen "red flag"')
    for line in ("spoilers wec delay 24h", "spoilers cover", "languages de fr", "labels -rumour", "quiet 23:00-07:00",
                 "timezone berlin", "schedule digest weekly mon 08:00", "per-hour 4", "style compact", "picture off",
                 "template [{series}] {title}", "ping breaking <@&123456789012345678>", "exclude rumo* OR /esports?/",
                 "importance normal", "ping-gap 5", "delay-note on", "language de"):  # fmt: skip
        assert "✓" in await chat.say(f"settings {line}"), line
    await chat.say("export")
    exported = chat.reply.document
    assert exported is not None and json.loads(exported.text)["format"] == "pitwire settings"
    other = Chat(desk, address="channel-2", space="another club")
    assert "The settings of 1 place are taken over." in await other.say("import", document=exported.text)
    first, second = [await sqlite_store.destination("rig", f"channel-{n}") for n in (1, 2)]
    assert first is not None and second is not None
    assert second.preferences == first.preferences
    assert set(await sqlite_store.following(second.id)) == set(await sqlite_store.following(first.id))
    await chat.say("export")
    assert chat.reply.document == exported


async def test_an_import_replaces_what_was_followed(chat: Chat, sqlite_store: Store) -> None:
    await chat.say("follow wec")
    await chat.say("export")
    exported = chat.reply.document
    await chat.say("follow f1 wrc")
    await chat.say("unfollow wec")
    await chat.say("import", document=exported.text)  # type: ignore[union-attr]
    place = await sqlite_store.destination("rig", "channel-1")
    assert place is not None and await sqlite_store.following(place.id) == ["series:wec"]


async def test_a_file_cannot_reach_a_place_that_is_not_known_here(
    chat: Chat, desk: Desk, sqlite_store: Store
) -> None:
    await Chat(desk, address="theirs", space="other").say("follow f1")
    rows = [{"address": address, "follows": ["series:wec"]} for address in ("channel-1", "theirs", "unknown")]
    file = json.dumps({"format": "pitwire settings", "version": 1, "places": rows})
    said = await chat.say("import", document=file)
    assert "1 place are taken over" in said or "1 place" in said
    assert "2 places of the file are not known here" in said
    theirs = await sqlite_store.destination("rig", "theirs")
    assert theirs is not None and await sqlite_store.following(theirs.id) == ["series:f1"]
    assert await sqlite_store.destination("rig", "unknown") is None


@pytest.mark.parametrize(
    "document",
    [
        "not json", "[]", "{}", '{"format": "pitwire settings", "places": []}', "[" * 100_000,
        '{"format": "pitwire settings", "places": [{"address": 5}]}',
        '{"format": "pitwire settings", "places": [{"address": "a", "follows": ["nonsense"]}]}',
        '{"format": "pitwire settings", "places": [{"address": "a", "follows": "x"}]}',
        '{"format": "pitwire settings", "places": [{"address": "a", "follows": [7]}]}',
        "x" * 300_000,
    ],
)  # fmt: skip
async def test_a_file_that_is_not_ours_is_refused(chat: Chat, document: str) -> None:
    assert await chat.say("import", document=document) == "That is not a file that /export made."


@pytest.mark.parametrize(
    ("preferences", "name"),
    [
        ({"schedule": "digest daily 25:00"}, "schedule"), ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"exclude": "(a+"}, "exclude"), ({"per_hour": -1}, "per_hour"), ({"per_hour": "many"}, "per_hour"),
        ({"picture": "yes"}, "picture"), ({"least_importance": 9}, "least_importance"), ({"pings": {"wec": "@everyone"}}, "pings"),
        ({"spoilers": {"wec": "blur"}}, "spoilers"), ({"spoilers": ["wec"]}, "spoilers"), ({"labels": ["x"]}, "labels"),
        ({"template": "{x} {title}"}, "template"), ({"quiet": "never"}, "quiet"), ({"languages": 5}, "languages"),
        ({"locale": "xx"}, "locale"), ({"style": True}, "style"),
    ],
)  # fmt: skip
async def test_a_wrong_preference_in_a_file_is_named_and_nothing_is_taken(
    chat: Chat, sqlite_store: Store, preferences: dict[str, Any], name: str
) -> None:
    row = {"address": "channel-1", "follows": ["series:wec"], "preferences": preferences}
    file = json.dumps({"format": "pitwire settings", "version": 1, "places": [row]})
    assert f"is not possible for {name}" in await chat.say("import", document=file)
    place = await sqlite_store.destination("rig", "channel-1")
    assert place is None or not await sqlite_store.following(place.id)


async def test_what_a_newer_version_wrote_is_kept(chat: Chat, sqlite_store: Store) -> None:
    row = {
        "address": "channel-1",
        "follows": ["series:wec"],
        "preferences": {"hologram": "on", "style": "link"},
    }
    await chat.say(
        "import", document=json.dumps({"format": "pitwire settings", "version": 9, "places": [row]})
    )
    place = await sqlite_store.destination("rig", "channel-1")
    assert place is not None and place.preferences.unknown == {"hologram": "on"}


async def test_nothing_to_export_or_import_is_said(chat: Chat) -> None:
    assert "Nothing is set up here yet" in await chat.say("export")
    assert "Send the file" in await chat.say("import")


# ── what happens to places ──


async def test_a_removed_bot_keeps_everything_and_goes_on_when_it_is_back(
    desk: Desk, chat: Chat, sqlite_store: Store
) -> None:
    await chat.say("follow wec")
    await desk.noticed(
        PlatformChange(adapter="rig", change=Change.REMOVED, space="club", reason="discord.paused.removed")
    )
    place = await sqlite_store.destination("rig", "channel-1")
    assert place is not None and place.paused_reason == "discord.paused.removed"
    assert "Posting in #news is paused: " in await chat.say("status")
    assert "paused" in await chat.say("follow f1")
    await desk.noticed(PlatformChange(adapter="rig", change=Change.RESTORED, space="club"))
    place = await sqlite_store.destination("rig", "channel-1")
    assert place is not None and place.paused_at is None
    assert len(await sqlite_store.following(place.id)) == 2


async def test_only_a_change_of_a_known_place_is_passed_on(
    sqlite_store: Store, clock: FakeClock, chat: Chat
) -> None:
    heard: list[tuple[str, str]] = []
    desk = Desk(
        sqlite_store, load_catalog(), clock, paused=lambda place, why: heard.append((place.address, why))
    )
    await chat.say("follow wec")
    closed = PlatformChange(adapter="rig", change=Change.REMOVED, address="channel-1", reason="a.reason")
    with capture_logs() as logs:
        await desk.noticed(replace(closed, address="channel-9"))
        await desk.noticed(PlatformChange(adapter="rig", change=Change.RESTORED, space="club"))
    assert (heard, logs) == ([], [])
    with capture_logs() as logs:
        await desk.noticed(closed)
        await desk.noticed(closed)  # paused already
    assert heard == [("channel-1", "a.reason")]
    assert [line["event"] for line in logs] == ["place changed"]


async def test_a_moved_group_takes_its_settings_along(desk: Desk, chat: Chat, sqlite_store: Store) -> None:
    await chat.say("follow wec")
    change = PlatformChange(adapter="rig", change=Change.MOVED, address="channel-1", new_address="channel-5")
    await desk.noticed(change)
    place = await sqlite_store.destination("rig", "channel-5")
    assert place is not None and await sqlite_store.following(place.id) == ["series:wec"]


async def test_a_change_of_an_unknown_place_is_nothing(desk: Desk) -> None:
    for kind in Change:
        await desk.noticed(PlatformChange(adapter="rig", change=kind, address="nowhere", new_address="else"))


async def test_the_preferences_of_a_place_are_told(desk: Desk, chat: Chat) -> None:
    german = replace(chat.request, locale="de-AT")
    assert (await desk.preferences_at(german)).locale == "de"
    await chat.say("settings style link")
    assert (await desk.preferences_at(german)).style == "link"


async def test_the_operator_s_language_is_used_where_nobody_tells_theirs(
    sqlite_store: Store, clock: FakeClock
) -> None:
    from bot.config import Settings

    desk = Desk(sqlite_store, load_catalog(), clock, settings=Settings(locale="it", _env_file=None))  # type: ignore[call-arg]
    reply = await desk(replace(Chat(desk).request, line="following", locale=None))
    assert "Non si segue ancora niente" in written(reply)


def test_moderators_commands_are_marked_so() -> None:
    shared = {command.name for command in MENU if command.audience is Audience.MODERATORS}
    assert {
        "follow",
        "unfollow",
        "setup",
        "settings",
        "status",
        "export",
        "import",
        "audit",
        "split",
    } <= shared


async def test_what_the_first_answer_needs_is_read_ahead(sqlite_store: Store, clock: FakeClock) -> None:
    catalog = copy(load_catalog())
    vars(catalog).pop("_names", None)  # the names and what finds them, read when first asked for
    await Desk(sqlite_store, catalog, clock).warm_up()
    assert "_names" in vars(catalog)
