"""Posts sent and edited: what Telegram is asked, and what its refusals mean."""

from __future__ import annotations

import traceback
from datetime import timedelta

import pytest
from telegram.error import BadRequest, Forbidden

from adapters.telegram import adapter as module
from adapters.telegram import errors
from adapters.telegram.adapter import TelegramAdapter
from adapters.telegram.place import Place
from bot.errors import (
    DeliveryError,
    DestinationMoved,
    DestinationPaused,
    MaybePosted,
    MessageGone,
    PostRejected,
    RateLimited,
    SettingsError,
)
from bot.locale import LOCALES, say
from bot.model import Choice, Lane, Rate
from tests.adapters.telegram.conftest import a_post, buttons, make_adapter, place
from tests.loopback.telegram import BotApi
from tests.pace import Paper

COVERED = a_post(title="Driver X wins", safe_title="WEC: race report", covered=True, label="Result")


async def test_a_post_is_one_message_with_its_buttons(adapter: TelegramAdapter, api: BotApi) -> None:
    choices = (Choice(label="Why?", line="why 12"),)
    number = await adapter.send(place(), a_post(choices=choices), key="1.1")
    (message,) = api.said(7)
    assert number == str(message["message_id"])
    assert buttons(message) == ["Read", "Why?"]
    (call,) = api.sent("sendMessage")
    assert call["link_preview_options"]["show_above_text"]
    assert "disable_notification" not in call


async def test_a_quiet_post_makes_no_sound(adapter: TelegramAdapter, api: BotApi) -> None:
    await adapter.send(place(), a_post(quiet=True), key="1.1")
    assert api.sent("sendMessage")[0]["disable_notification"] is True


async def test_a_topic_is_named_and_the_general_topic_is_not(adapter: TelegramAdapter, api: BotApi) -> None:
    for address in ("-100123/7", "-100123/1", "-100123"):
        await adapter.send(place(address), a_post(), key="1.1")
    assert [call.get("message_thread_id") for call in api.sent("sendMessage")] == [7, None, None]


async def test_a_follow_up_replies_to_its_parent_and_is_posted_without_it(
    adapter: TelegramAdapter, api: BotApi
) -> None:
    await adapter.send(place(), a_post(reply_to="41p"), key="1.1")
    reply = api.sent("sendMessage")[0]["reply_parameters"]
    assert reply == {"message_id": 41, "allow_sending_without_reply": True}


async def test_a_covered_picture_is_a_photo_under_a_cover(adapter: TelegramAdapter, api: BotApi) -> None:
    number = await adapter.send(place(), COVERED, key="1.1")
    (call,) = api.sent("sendPhoto")
    assert call["has_spoiler"] is True
    assert number.endswith("p")
    assert "spoiler" in {entity["type"] for entity in call["caption_entities"]}


async def test_a_picture_that_cannot_be_fetched_leaves_the_post(
    adapter: TelegramAdapter, api: BotApi, pace: Paper
) -> None:
    api.fail("sendPhoto", "Bad Request: wrong type of the web page content")
    number = await adapter.send(place(), COVERED, key="1.1")
    assert number == str(api.said(7)[0]["message_id"])
    assert api.sent("sendMessage")[0]["link_preview_options"]["is_disabled"]
    assert pace.slots == [(("all", "chat 7"), Lane.URGENT)]  # the second request waits its turn


async def test_an_edit_keeps_the_buttons_and_an_equal_one_is_no_error(
    adapter: TelegramAdapter, api: BotApi
) -> None:
    number = await adapter.send(place(), a_post(), key="1.1")
    await adapter.edit(place(), number, a_post(title="Hypercar rules stay until 2033"))
    (message,) = api.said(7)
    assert "2033" in message["text"]
    assert buttons(message) == ["Read"]
    await adapter.edit(place(), number, a_post(title="Hypercar rules stay until 2033"))
    assert len(api.sent("editMessageText")) == 1
    after_a_restart = make_adapter(api.url)
    await after_a_restart.edit(place(), number, a_post(title="Hypercar rules stay until 2033"))
    assert api.problems.pop().startswith("editMessageText: message is not modified")
    await after_a_restart.close()


async def test_a_photo_is_edited_by_its_caption(adapter: TelegramAdapter, api: BotApi) -> None:
    number = await adapter.send(place(), COVERED, key="1.1")
    await adapter.edit(place(), number, a_post(summary="Long. " * 900))
    assert api.sent("editMessageCaption")
    assert not api.sent("editMessageText")


async def test_a_bot_api_server_without_times_gets_them_as_text(
    adapter: TelegramAdapter, api: BotApi
) -> None:
    api.fail("sendMessage", "Bad Request: can't parse MessageEntity: Unsupported entity type specified")
    await adapter.send(place(), a_post(), key="1.1")
    await adapter.send(place(), a_post(), key="2.1")
    kinds = [{entity["type"] for entity in call["entities"]} for call in api.sent("sendMessage")]
    assert ["date_time" in kind for kind in kinds] == [True, False, False]
    assert "UTC" in api.said(7)[0]["text"]


# ── what goes wrong ──


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("Forbidden: bot was blocked by the user", "blocked"),
        ("Forbidden: user is deactivated", "gone"),
        ("Forbidden: bot can't initiate conversation with a user", "not_started"),
        ("Forbidden: bot was kicked from the supergroup chat", "removed"),
        ("Forbidden: bot is not a member of the channel chat", "removed"),
        ("Forbidden: something new", "no_rights"),
        ("Bad Request: chat not found", "gone"),
        ("Bad Request: need administrator rights in the channel chat", "no_rights"),
        ("Bad Request: not enough rights to send text messages to the chat", "no_rights"),
        ("Bad Request: CHAT_WRITE_FORBIDDEN", "no_rights"),
        ("Bad Request: TOPIC_CLOSED", "topic_closed"),
        ("Bad Request: message thread not found", "topic_gone"),
    ],
)
async def test_a_place_that_takes_no_posts_is_paused_with_the_reason(
    adapter: TelegramAdapter, api: BotApi, message: str, reason: str
) -> None:
    api.fail("sendMessage", message, status=403 if message.startswith("Forbidden") else 400)
    with pytest.raises(DestinationPaused) as caught:
        await adapter.send(place(), a_post(), key="1.1")
    assert caught.value.reason == f"telegram.paused.{reason}"
    for locale in LOCALES:
        assert say(locale, caught.value.reason) != caught.value.reason


async def test_an_address_of_no_chat_is_paused(adapter: TelegramAdapter) -> None:
    with pytest.raises(DestinationPaused):
        await adapter.send(place("wec-fans"), a_post(), key="1.1")
    assert adapter.rates(place("wec-fans")) == {}


async def test_a_post_that_telegram_cannot_read_is_rejected(adapter: TelegramAdapter, api: BotApi) -> None:
    api.fail("sendMessage", "Bad Request: can't parse entities | at all")
    with pytest.raises(PostRejected) as caught:
        await adapter.send(place(), a_post(), key="1.1")
    key, words = caught.value.reason.split("|")
    assert "can't parse entities" in say("en", key, a=words).lower()


async def test_a_group_that_became_a_supergroup_has_moved(adapter: TelegramAdapter, api: BotApi) -> None:
    api.fail("sendMessage", "Bad Request: upgraded", migrate_to_chat_id=-100999)
    with pytest.raises(DestinationMoved) as caught:
        await adapter.send(place("-12/7"), a_post(), key="1.1")
    assert caught.value.new_address == "-100999/7"


async def test_a_full_chat_holds_that_chat_alone(adapter: TelegramAdapter, api: BotApi) -> None:
    api.fail("sendMessage", "Too Many Requests", status=429, retry_after=7)
    with pytest.raises(RateLimited) as caught:
        await adapter.send(place("-100123/7"), a_post(), key="1.1")
    assert caught.value.retry_after == timedelta(seconds=7)
    assert caught.value.bucket == "chat -100123"
    assert caught.value.bucket in adapter.rates(place("-100123/7"))


async def test_several_chats_refused_at_once_hold_the_whole_bot(
    adapter: TelegramAdapter, api: BotApi
) -> None:
    api.fail("sendMessage", "Too Many Requests", status=429, times=3, retry_after=3)
    buckets = []
    for address in ("1", "2", "3"):
        with pytest.raises(RateLimited) as caught:
            await adapter.send(place(address), a_post(), key="1.1")
        buckets.append(caught.value.bucket)
    assert buckets == ["chat 1", "chat 2", "all"]


async def test_a_429_that_does_not_say_how_long_is_still_one(adapter: TelegramAdapter, api: BotApi) -> None:
    api.fail("sendMessage", "Too Many Requests", status=429)
    with pytest.raises(RateLimited):
        await adapter.send(place(), a_post(), key="1.1")


@pytest.mark.parametrize("kind", ["lose", "garbage"])
async def test_a_lost_answer_leaves_doubt(adapter: TelegramAdapter, api: BotApi, kind: str) -> None:
    api.fail("sendMessage", kind=kind)
    with pytest.raises(MaybePosted):
        await adapter.send(place(), a_post(), key="1.1")
    assert len(api.said(7)) == 1


@pytest.mark.parametrize("status", [500, 502, 504])
async def test_an_error_of_the_server_leaves_doubt(
    adapter: TelegramAdapter, api: BotApi, status: int
) -> None:
    api.fail("sendMessage", "Internal Server Error", status=status)
    with pytest.raises(MaybePosted):
        await adapter.send(place(), a_post(), key="1.1")


async def test_in_an_outage_only_the_first_post_is_in_doubt(adapter: TelegramAdapter, api: BotApi) -> None:
    for method in ("sendMessage", "getMe"):
        api.fail(method, "Bad Gateway", status=502)
    with pytest.raises(MaybePosted):
        await adapter.send(place(), a_post(), key="1.1")
    with pytest.raises(DeliveryError) as trouble:
        await adapter.send(place(), a_post(), key="2.1")
    assert not isinstance(trouble.value, MaybePosted)
    assert await adapter.send(place(), a_post(), key="2.1")
    assert len(api.said(7)) == 1


async def test_an_answer_that_takes_too_long_leaves_doubt(
    adapter: TelegramAdapter, api: BotApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LONGEST_SEND", 0.1)
    api.fail("sendMessage", kind="hang")
    with pytest.raises(MaybePosted):
        await adapter.send(place(), a_post(), key="1.1")


async def test_what_never_left_is_no_doubt(pace: Paper) -> None:
    adapter = make_adapter("http://127.0.0.1:9", pace)
    with pytest.raises(DeliveryError) as caught:
        await adapter.send(place(), a_post(), key="1.1")
    assert type(caught.value) is DeliveryError
    await adapter.close()


async def test_a_refused_size_is_a_rejected_post(adapter: TelegramAdapter, api: BotApi) -> None:
    api.fail("sendMessage", "Request Entity Too Large", status=413)
    with pytest.raises(PostRejected):
        await adapter.send(place(), a_post(), key="1.1")


@pytest.mark.parametrize(
    "message", ["Bad Request: message to edit not found", "Bad Request: message can't be edited"]
)
async def test_a_message_that_is_gone_ends_in_peace(
    adapter: TelegramAdapter, api: BotApi, message: str
) -> None:
    api.fail("editMessageText", message)
    with pytest.raises(MessageGone):
        await adapter.edit(place(), "12", a_post())


async def test_an_edit_whose_answer_was_lost_can_be_repeated(adapter: TelegramAdapter, api: BotApi) -> None:
    number = await adapter.send(place(), a_post(), key="1.1")
    api.fail("editMessageText", kind="lose")
    with pytest.raises(DeliveryError) as caught:
        await adapter.edit(place(), number, a_post(title="Changed"))
    assert type(caught.value) is DeliveryError


def test_a_token_that_died_is_no_doubt_about_a_post() -> None:
    assert isinstance(errors.of_sending(Forbidden("x"), Place(1)), DestinationPaused)
    assert isinstance(errors.of_editing(BadRequest("chat not found"), Place(1)), DestinationPaused)


# ── rates and check ──


async def test_rates_are_those_of_the_settings() -> None:
    adapter = make_adapter("http://127.0.0.1:9", per_second=60, per_chat_second=0.5, per_group_minute=20)
    second, minute = timedelta(seconds=1), timedelta(minutes=1)
    chat = Rate(count=1, per=2 * second)
    assert adapter.rates(place("7")) == {"all": Rate(count=60, per=second), "chat 7": chat}
    assert adapter.rates(place("-100123/7")) == {
        "all": Rate(count=60, per=second),
        "chat -100123": chat,
        "group -100123": Rate(count=20, per=minute),
    }


async def test_check_says_who_the_bot_is(adapter: TelegramAdapter) -> None:
    assert await adapter.check() == "connected as @pitwire_bot"


async def test_a_wrong_token_is_one_sentence(api: BotApi) -> None:
    adapter = make_adapter(api.url, token="1:wrong")
    with pytest.raises(SettingsError, match=r"PITWIRE_TELEGRAM__TOKEN.*BotFather"):
        await adapter.check()
    with pytest.raises(SettingsError, match="PITWIRE_TELEGRAM__TOKEN"):
        await adapter.run((), None)  # type: ignore[arg-type]
    await adapter.close()


async def test_an_unreachable_telegram_is_no_wrong_setting() -> None:
    adapter = make_adapter("http://127.0.0.1:9")
    with pytest.raises(DeliveryError):
        await adapter.check()
    await adapter.close()


async def test_nothing_that_is_raised_or_logged_holds_the_token(
    api: BotApi, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", logger="aiohttp")
    for url in (api.url, "http://127.0.0.1:9", "http://127.0.0.1:9:9"):
        adapter = make_adapter(url, token="123456:a-very-secret-part")
        with pytest.raises((DeliveryError, SettingsError)) as caught:
            await adapter.send(place(), a_post(), key="1.1")
        assert "very-secret" not in "".join(traceback.format_exception(caught.value))
        await adapter.close()
    assert "very-secret" not in capsys.readouterr().err + caplog.text
