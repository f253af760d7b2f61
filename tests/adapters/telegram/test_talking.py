"""People talk to the bot on Telegram: commands, buttons, questions, other places, inline mode."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.telegram.adapter import TelegramAdapter
from bot.commands.desk import Desk
from bot.commands.menu import MENU
from bot.model import Choice, Document, Form, Picker, Post, Reply
from bot.series.catalog import load_catalog
from storage import Store
from tests.adapters.telegram.conftest import NOW, Parrot, a_post, buttons, listening, make_adapter, place
from tests.loopback.telegram import BotApi
from tests.wire import Wire

GROUP, CHANNEL = -100123, -100777
ALERT = Choice(label="Alert me: WEC", line="alerts follow wec", emoji="🔔")
OWNER = {"status": "creator", "is_anonymous": False}
MEMBER_OF_CHANNEL = {"status": "left"}
RIGHTS = dict.fromkeys(
    (
        "can_be_edited",
        "is_anonymous",
        "can_manage_chat",
        "can_delete_messages",
        "can_manage_video_chats",
        "can_restrict_members",
        "can_promote_members",
        "can_change_info",
        "can_invite_users",
        "can_post_stories",
        "can_edit_stories",
        "can_delete_stories",
        "can_post_messages",
    ),
    True,
)


_PICTURE = {"file_id": "p", "file_unique_id": "p", "width": 1, "height": 1}


def sender(api: BotApi) -> TelegramAdapter:
    """A second adapter, which only sends."""
    return make_adapter(api.url)


async def ask(api: BotApi, text: str, **more: Any) -> dict[str, Any]:
    """Say something and return the bot's next message."""
    chat = more.get("chat") or more.get("user", 7)
    before = len(api.said(chat))
    await api.say(text, **more)
    await api.until(lambda: len(api.said(chat)) > before)
    return api.said(chat)[-1]


# ── commands, with the real core ──


@pytest.mark.parametrize("name", [command.name for command in MENU])
async def test_every_command_is_answered(bot: BotApi, name: str) -> None:
    said = await ask(bot, f"/{name}")
    assert said.get("text") or said.get("caption")


async def test_the_latest_stories_come_in_one_message_with_pages(
    bot: BotApi, sqlite_store: Store, clock: Any
) -> None:
    wire = Wire(sqlite_store, clock)
    for number in range(5):
        await wire.publish(f"Story number {number} about the rules <b>")
    said = await ask(bot, "/latest f1 2")
    assert said["text"].count("<b> happened") == 2
    await bot.press(said, "Older")
    await bot.until(lambda: "number 2" in bot.said(7)[0]["text"] or "number 1" in bot.said(7)[0]["text"])
    assert len(bot.said(7)) == 1  # the page was turned, no second message


async def test_a_wrong_series_gets_the_nearest_one(bot: BotApi) -> None:
    assert "wrc" in (await ask(bot, "/latest wrc2"))["text"]


async def test_a_pressed_button_is_a_command(bot: BotApi, sqlite_store: Store) -> None:
    said = await ask(bot, "/follow wec")
    await bot.press(said, "Unfollow")
    await bot.until(lambda: bot.sent("editMessageText"))
    place = await sqlite_store.destination("telegram", "7")
    assert place
    assert not await sqlite_store.following(place.id)
    (said,) = bot.said(7)  # it turns in one message
    assert "Follow FIA World Endurance Championship" in buttons(said)[0]


async def test_a_story_is_muted_and_followed_again_by_its_own_button(
    api: BotApi, sqlite_store: Store
) -> None:
    async with listening(api, Desk(sqlite_store, load_catalog(), lambda: NOW)) as adapter:
        await ask(api, "/follow wec")
        number = await adapter.send(place(), a_post(choices=(ALERT,)), key="1.1")
        assert buttons(api.said(7)[-1]) == ["Read", "🔕 Mute WEC"]
        here = await sqlite_store.destination("telegram", "7")
        assert here
        for turn, label in enumerate(("➕ Follow WEC", "🔕 Mute WEC"), 1):
            pressed = await api.press(api.said(7)[-1], "WEC")
            await api.until(lambda n=turn: len(api.sent("editMessageReplyMarkup")) == n)
            assert api.presses[pressed]["text"]
            assert "show_alert" not in api.presses[pressed]  # it passes by; only a long one waits for an OK
            assert buttons(api.said(7)[-1]) == ["Read", label]
            await adapter.edit(place(), number, a_post(choices=(ALERT,), summary=f"Revision {turn}."))
            assert buttons(api.said(7)[-1]) == ["Read", label]  # an edit leaves it as it was pressed
            assert bool(await sqlite_store.following(here.id)) is (turn == 2)
        assert len(api.said(7)) == 2


async def test_a_preview_has_the_buttons_of_its_place(talking: BotApi, parrot: Parrot) -> None:
    parrot.replies["preview"] = Reply(text="Next:", posts=(a_post(choices=(ALERT,)),))
    talking.members[CHANNEL, 7] = OWNER
    assert buttons(await ask(talking, "/preview")) == ["Read", "🔕 Mute WEC"]
    assert buttons(await ask(talking, f"/preview @{CHANNEL}")) == ["Read"]


async def test_what_many_read_has_no_button_that_answers(bot: BotApi) -> None:
    for address in ("-100123", "-100777"):
        await sender(bot).send(place(address), a_post(choices=(ALERT,)), key="1.1")
        assert buttons(bot.said(int(address))[-1]) == ["Read"]


async def test_a_stranger_makes_the_bot_write_nothing_in_a_channel(talking: BotApi, parrot: Parrot) -> None:
    parrot.replies["alerts"] = Reply(text="Followed.", choices=(Choice(label="Undo", line="x"),))
    old = {
        "message_id": 5,
        "date": 1,
        "chat": {"id": CHANNEL, "type": "channel", "title": "News"},
        "text": "x",
    }
    pressed = await talking.press({**old, "reply_markup": {"inline_keyboard": []}}, "1alerts follow wec")
    await talking.until(lambda: pressed in talking.presses)
    assert talking.presses[pressed]["text"] == "Followed."
    assert not talking.said(CHANNEL)


async def test_who_has_no_chat_with_the_bot_is_led_there(talking: BotApi, parrot: Parrot) -> None:
    talking.fail(
        "sendChatAction", "Forbidden: bot can't initiate conversation with a user", status=403, times=2
    )
    said = await ask(talking, "/alerts follow wec", chat=GROUP)
    link = "https://t.me/pitwire_bot?start=follow_wec"
    assert said["reply_markup"]["inline_keyboard"][0][0]["url"] == link
    pressed = await talking.press({**said, "chat": {"id": GROUP, "type": "supergroup"}}, "1alerts follow wec")
    await talking.until(lambda: pressed in talking.presses)
    assert talking.presses[pressed]["url"] == link
    assert not parrot.lines


async def test_buttons_under_an_answer_about_a_channel_stay_about_it(
    bot: BotApi, sqlite_store: Store
) -> None:
    bot.members[CHANNEL, 7] = OWNER
    said = await ask(bot, f"/follow @{CHANNEL} wec f1")
    for label in ("Unfollow", "What is followed", "All series", "Single-seaters", "Formula 1"):
        before = len(bot.sent("editMessageText"))
        await bot.press(said, label)
        await bot.until(lambda n=before: len(bot.sent("editMessageText")) > n)
        (said,) = bot.said(7)
    assert await sqlite_store.destination("telegram", "7") is None
    channel = await sqlite_store.destination("telegram", str(CHANNEL))
    assert channel
    assert not await sqlite_store.following(channel.id)


async def test_what_is_typed_for_a_setting_shows_in_the_same_message(bot: BotApi) -> None:
    panel = await ask(bot, "/settings quiet")
    await bot.press(panel, "Something else")
    await bot.until(lambda: len(bot.said(7)) == 2)
    await bot.say("22:15-06:45", reply_to_message=bot.said(7)[-1])
    (call,) = await bot.until(lambda: bot.sent("deleteMessages"))
    assert len(call["message_ids"]) == 2
    assert "22:15-06:45" in bot.said(7)[0]["text"]
    assert len(bot.sent("sendMessage")) == 2  # the panel and the question


async def test_a_deep_link_follows_at_once(bot: BotApi, sqlite_store: Store) -> None:
    await ask(bot, "/start follow_wec")
    place = await sqlite_store.destination("telegram", "7")
    assert place
    assert list(await sqlite_store.following(place.id)) == ["series:wec"]


async def test_members_of_a_group_change_nothing_and_administrators_do(
    bot: BotApi, sqlite_store: Store
) -> None:
    await ask(bot, "/follow wec", user=8, chat=GROUP)
    assert await sqlite_store.destination("telegram", str(GROUP)) is None
    bot.members[GROUP, 7] = OWNER
    said = await ask(bot, "/follow@pitwire_bot wec", user=7, chat=GROUP)
    place = await sqlite_store.destination("telegram", str(GROUP))
    assert place
    assert place.space == str(GROUP)
    assert "World Endurance" in said["text"]


async def test_an_anonymous_administrator_is_one(bot: BotApi, sqlite_store: Store) -> None:
    group = {"id": GROUP, "type": "supergroup", "title": "Paddock"}
    anonymous = {"id": 1087968824, "is_bot": True, "first_name": "Group"}
    await ask(bot, "/follow wec", chat=GROUP, sender_chat=group, **{"from": anonymous})
    assert await sqlite_store.destination("telegram", str(GROUP))


async def test_following_in_a_topic_posts_there(bot: BotApi, sqlite_store: Store) -> None:
    bot.members[GROUP, 7] = OWNER
    said = await ask(bot, "/follow wec", chat=GROUP, message_thread_id=9, is_topic_message=True)
    assert said["message_thread_id"] == 9
    assert await sqlite_store.destination("telegram", f"{GROUP}/9")


async def test_a_command_of_5000_characters_is_answered(bot: BotApi) -> None:
    assert (await ask(bot, "/search " + "hypercar " * 555))["text"]


# ── which messages are for the bot, with a parrot ──


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("/latest wec 3", "latest wec 3"),
        ("/Latest@Pitwire_Bot  wec", "latest wec"),
        ("/latest\nwec\t3", "latest wec 3"),
        ("latest wec", "latest wec"),
        ("/start follow_wec", "start follow_wec"),
    ],
)
async def test_a_message_becomes_a_command_line(
    talking: BotApi, parrot: Parrot, text: str, line: str
) -> None:
    await ask(talking, text)
    assert parrot.lines == [line]


async def test_what_is_not_for_the_bot_is_left_alone(talking: BotApi, parrot: Parrot) -> None:
    inline_card = {"via_bot": {"id": 123456, "is_bot": True, "first_name": "Pitwire"}}
    await talking.say("/latest@other_bot wec", chat=GROUP)
    await talking.say("Did you see the race?", chat=GROUP)
    await talking.say("WEC: rules stay", **inline_card)
    await talking.say("/latest", chat=GROUP, **{"from": {"id": 9, "is_bot": True, "first_name": "Other"}})
    await ask(talking, "@pitwire_bot latest wec", chat=GROUP)
    assert parrot.lines == ["latest wec"]


async def test_an_answer_in_a_group_stands_under_the_question(talking: BotApi) -> None:
    question = await talking.say("/latest", chat=GROUP)
    await talking.until(lambda: talking.said(GROUP))
    assert talking.sent("sendMessage")[0]["reply_parameters"]["message_id"] == question["message_id"]


async def test_the_core_learns_who_asks_and_where(talking: BotApi, parrot: Parrot) -> None:
    await ask(talking, "/latest", user=8, chat=GROUP, language="pt-BR")
    (request,) = parrot.asked
    assert (request.address, request.user, request.user_name) == (str(GROUP), "8", "@fan8")
    assert (request.locale, request.is_private, request.may_manage) == ("pt-BR", False, False)
    assert (request.private_address, request.place_title) == ("8", "Place 100123")


async def test_a_topic_is_named_and_its_beginning_is_no_message_that_one_replies_to(
    talking: BotApi, parrot: Parrot
) -> None:
    bot = {"id": 123456, "is_bot": True, "first_name": "Pitwire"}
    base = {"date": 1, "chat": {"id": GROUP, "type": "supergroup", "title": "Paddock"}, "from": bot}
    root = {**base, "message_id": 9, "forum_topic_created": {"name": "WEC", "icon_color": 1}}
    picture = {**base, "message_id": 12, "caption": "Race", "photo": [_PICTURE]}
    topic = {"chat": GROUP, "message_thread_id": 9, "is_topic_message": True}
    await ask(talking, "/latest", reply_to_message=root, **topic)
    await ask(talking, "/why", reply_to_message=picture, chat=GROUP)
    assert [request.message_id for request in parrot.asked] == [None, "12p"]
    assert parrot.asked[0].place_title == "Place 100123 / WEC"


async def test_a_file_comes_along_and_one_is_handed_over(talking: BotApi, parrot: Parrot) -> None:
    talking.files["f1"] = '{"places": ["ä"]}'.encode()
    parrot.replies["import"] = Reply(text="Done.")
    file = {"file_id": "f1", "file_unique_id": "u", "file_size": 20, "file_name": "settings.json"}
    await ask(talking, "", document=file)
    assert parrot.asked[0].document == Document(name="settings.json", text='{"places": ["ä"]}')
    parrot.replies["export"] = Reply(text="Here.", document=Document(name="settings.json", text="{}"))
    assert (await ask(talking, "/export"))["caption"] == "Here."


async def test_a_file_that_is_too_big_is_refused_kindly(talking: BotApi, parrot: Parrot) -> None:
    file = {"file_id": "f1", "file_unique_id": "u", "file_size": 300_000, "file_name": "x"}
    assert "200 kB" in (await ask(talking, "", document=file))["text"]
    assert parrot.lines == []


# ── buttons and questions ──


async def test_a_pressed_button_is_told_that_it_was_heard(talking: BotApi, parrot: Parrot) -> None:
    parrot.replies["menu"] = Reply(text="Menu", choices=(Choice(label="Go", line="go"),))
    parrot.replies["go"] = Reply(text="There", replaces=True, choices=(Choice(label="Go", line="go"),))
    number = await talking.press(await ask(talking, "/menu"), "Go")
    await talking.until(lambda: number in talking.presses and talking.said(7)[0]["text"] == "There")
    assert parrot.asked[-1].is_button
    again = await talking.press(talking.said(7)[0], "Go")
    await talking.until(lambda: again in talking.presses)
    await talking.until(lambda: not talking.updates)
    assert len(talking.said(7)) == 1
    assert len(talking.sent("editMessageText")) == 1  # an equal page is not sent again


async def test_a_short_private_answer_to_a_press_is_a_notice(talking: BotApi, parrot: Parrot) -> None:
    parrot.replies["menu"] = Reply(text="Menu", choices=(Choice(label="Go", line="go"),))
    parrot.replies["go"] = Reply(text="Only moderators can do that.", private=True)
    number = await talking.press(await ask(talking, "/menu", chat=GROUP), "Go")
    await talking.until(lambda: number in talking.presses)
    assert talking.presses[number]["text"] == "Only moderators can do that."
    assert len(talking.said(GROUP)) == 1


@pytest.mark.parametrize("data", ["forged", "9abc", "2", "3x", "1", "0", "7latest wec"])
async def test_forged_and_old_buttons_get_one_friendly_line(
    talking: BotApi, parrot: Parrot, data: str
) -> None:
    parrot.replies["menu"] = Reply(text="Menu", choices=(Choice(label="Go", line="go"),))
    number = await talking.press(await ask(talking, "/menu"), data)
    await talking.until(lambda: number in talking.presses)
    assert parrot.lines == ["menu"]
    assert data == "0" or "too old" in talking.presses[number]["text"]


async def test_a_button_of_a_message_that_faded_still_works(talking: BotApi, parrot: Parrot) -> None:
    faded = {"chat": {"id": 7, "type": "private"}, "message_id": 5, "date": 0}
    await talking.press({**faded, "reply_markup": {"inline_keyboard": []}}, "1latest wec")
    await talking.until(lambda: talking.said(7))
    assert parrot.lines == ["latest wec"]


async def test_some_of_many_are_chosen_in_one_message(talking: BotApi, parrot: Parrot) -> None:
    options = tuple(Choice(label=name.upper(), line=name) for name in ("f1", "wec", "dtm"))
    picker = Picker(line="setup series", prompt="Which series?", options=options, least=1, most=3)
    parrot.replies["menu"] = Reply(text="Menu", pickers=(picker,))
    message = await ask(talking, "/menu")
    early = await talking.press(message, "Done")
    await talking.until(lambda: early in talking.presses)
    assert "choose" in talking.presses[early]["text"]
    for label in ("WEC", "DTM"):
        await talking.press(talking.said(7)[0], label)
        await talking.until(lambda label=label: f"✅ {label}" in buttons(talking.said(7)[0]))
    await talking.press(talking.said(7)[0], "Done")
    await talking.until(lambda: len(talking.said(7)) == 2)
    assert parrot.lines[-1] == "setup series wec dtm"


async def test_a_page_that_comes_again_takes_what_was_chosen_on_it_back(
    talking: BotApi, parrot: Parrot
) -> None:
    options = tuple(Choice(label=name.upper(), line=name) for name in ("f1", "wec"))
    picker = Picker(line="setup series", prompt="Which series?", options=options, least=1, most=2)
    again = (Choice(label="Again", line="menu"),)
    parrot.replies["menu"] = Reply(text="Menu", pickers=(picker,), choices=again, replaces=True)
    await ask(talking, "/menu")
    await talking.press(talking.said(7)[0], "WEC")
    await talking.until(lambda: "✅ WEC" in buttons(talking.said(7)[0]))
    await talking.press(talking.said(7)[0], "Again")
    await talking.until(lambda: "WEC" in buttons(talking.said(7)[0]))


async def test_a_question_is_answered_by_a_reply_even_after_a_restart(
    talking: BotApi, parrot: Parrot
) -> None:
    parrot.replies["quiet"] = Reply(
        form=Form(line="settings quiet", title="Quiet hours", prompt="From when to when?")
    )
    question = await ask(talking, "/quiet")
    assert talking.sent("sendMessage")[0]["reply_markup"]["force_reply"] is True
    await ask(talking, "23:00-07:00", reply_to_message=question)
    assert parrot.lines[-1] == "settings quiet 23:00-07:00"


async def test_in_a_group_only_who_pressed_is_asked(talking: BotApi, parrot: Parrot) -> None:
    parrot.replies["quiet"] = Reply(form=Form(line="settings quiet", title="Quiet hours", prompt="When?"))
    question = await ask(talking, "/quiet", chat=GROUP)
    (call,) = talking.sent("sendMessage")
    assert call["reply_markup"]["selective"] is True
    assert question["entities"][0]["user"]["id"] == 7


async def test_a_post_with_its_buttons_can_be_an_answer(talking: BotApi, parrot: Parrot) -> None:
    post = a_post(choices=(Choice(label="Why?", line="why 1"),))
    parrot.replies["preview"] = Reply(text="So:", posts=(post,), choices=(Choice(label="Done", line="done"),))
    assert buttons(await ask(talking, "/preview")) == ["Read", "Why?", "Done"]


# ── another place ──


async def test_a_channel_is_set_up_from_a_private_chat(talking: BotApi, parrot: Parrot) -> None:
    talking.members[CHANNEL, 7] = OWNER
    talking.members[CHANNEL, 123456] = {"status": "administrator", **RIGHTS}
    await ask(talking, "/channel")
    rows = talking.sent("sendMessage")[0]["reply_markup"]["keyboard"]
    assert rows[0][0]["request_chat"]["bot_administrator_rights"]["can_post_messages"] is True
    parrot.replies["setup"] = Reply(text="Panel")
    await ask(talking, "", chat_shared={"request_id": 1, "chat_id": CHANNEL, "title": "Pit News"})
    request = parrot.asked[-1]
    assert (request.line, request.options) == ("setup", {"destination": str(CHANNEL)})
    assert (request.address, request.space) == (str(CHANNEL), str(CHANNEL))
    assert (request.may_manage, request.is_private, request.place_title) == (True, False, "Pit News")
    assert request.place_trouble == ""


async def test_a_chosen_channel_is_set_up_in_one_message(bot: BotApi, sqlite_store: Store) -> None:
    bot.members[CHANNEL, 7] = OWNER
    bot.members[CHANNEL, 123456] = {"status": "administrator", **RIGHTS}
    said = await ask(bot, "", chat_shared={"request_id": 1, "chat_id": CHANNEL, "title": "Pit News"})
    assert said["text"].startswith("Setting up: Pit News")
    await bot.press(said, "Formula 1 · English")
    await bot.until(lambda: "Posts about Formula 1" in bot.said(7)[0]["text"] or len(bot.said(7)) > 1)
    await bot.press(bot.said(7)[0], "Done")
    await bot.until(lambda: "is set up" in bot.said(7)[0]["text"])
    assert len(bot.said(7)) == 1
    channel = await sqlite_store.destination("telegram", str(CHANNEL))
    assert channel
    assert list(await sqlite_store.following(channel.id)) == ["series:f1"]


async def test_a_channel_where_the_bot_may_not_post_says_so(talking: BotApi, parrot: Parrot) -> None:
    talking.members[CHANNEL, 7] = OWNER
    talking.members[CHANNEL, 123456] = {"status": "administrator", **RIGHTS, "can_post_messages": False}
    await ask(talking, f"/setup @{CHANNEL}")
    assert parrot.asked[-1].place_trouble == "telegram.paused.no_rights"


@pytest.mark.parametrize("target", [str(CHANNEL), "8", "-1", "somebody"])
async def test_nobody_changes_what_is_not_theirs(talking: BotApi, parrot: Parrot, target: str) -> None:
    talking.members[CHANNEL, 7] = MEMBER_OF_CHANNEL
    talking.members[-100500, 7] = MEMBER_OF_CHANNEL
    said = await ask(talking, f"/follow @{target} wec")
    assert "not yours" in said["text"]
    assert parrot.lines == []


async def test_a_public_channel_is_found_by_its_name(talking: BotApi, parrot: Parrot) -> None:
    talking.members[-100500, 7] = OWNER
    await ask(talking, "/follow @pitnews wec")
    assert parrot.asked[-1].line == "follow @-100500 wec"
    assert parrot.asked[-1].address == "-100500"


# ── inline mode ──


async def inline(api: BotApi, query: str, number: str = "1") -> list[dict[str, Any]]:
    user = {"id": 7, "is_bot": False, "first_name": "Fan"}
    await api.push(inline_query={"id": number, "from": user, "query": query, "offset": ""})
    await api.until(lambda: number in api.queries)
    assert api.queries[number]["cache_time"] == 60
    found: list[dict[str, Any]] = api.queries[number]["results"]
    return found


async def test_inline_mode_offers_stories_as_cards(talking: BotApi, parrot: Parrot) -> None:
    parrot.replies["latest"] = Reply(
        posts=(a_post(), a_post(), a_post(title="Other", covered=True, safe_title="Race"))
    )
    cards = await inline(talking, "wec")
    assert [card["title"] for card in cards] == ["Hypercar rules stay until 2032", "Race"]
    assert "thumbnail_url" not in cards[1]
    assert parrot.asked[0].options == {"series": "wec", "count": "10"}
    assert parrot.asked[0].is_private


async def test_other_words_are_searched_for(talking: BotApi, parrot: Parrot) -> None:
    parrot.replies["search"] = Reply(posts=(Post(title="Found", url="https://example.com/"),))
    assert [card["title"] for card in await inline(talking, "hypercar bop")] == ["Found"]
    assert parrot.lines == ["latest", "search"]


async def test_of_many_key_presses_the_last_one_counts(talking: BotApi, parrot: Parrot) -> None:
    user = {"id": 7, "is_bot": False, "first_name": "Fan"}
    for number in range(1, 9):
        query = {"id": str(number), "from": user, "query": "hypercar"[:number], "offset": ""}
        talking.updates.append({"update_id": 5000 + number, "inline_query": query})
    await talking.push(inline_query={"id": "9", "from": user, "query": "hypercar bop", "offset": ""})
    await talking.until(lambda: "9" in talking.queries)
    assert len(talking.queries) <= 3
