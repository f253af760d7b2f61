"""The life of a chat, the menu, and the webhook."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest
from pydantic import SecretStr

from adapters.telegram import webhook as webhook_module
from adapters.telegram.menu import lists
from adapters.telegram.webhook import HEADER, path_of, secret_of
from bot.commands.menu import MENU
from bot.config import TelegramSettings
from bot.errors import SettingsError
from bot.model import Change
from storage import Store
from tests.adapters.telegram.conftest import Notebook, Parrot, listening, make_adapter, place
from tests.adapters.telegram.test_talking import RIGHTS
from tests.loopback.telegram import BOT, TOKEN, BotApi

GROUP = -100123
GONE = {"status": "kicked", "user": BOT, "until_date": 0}
LEFT = {"status": "left", "user": BOT}
MEMBER = {"status": "member", "user": BOT}


async def membership(api: BotApi, chat: int, before: dict[str, Any], after: dict[str, Any]) -> None:
    kind = "private" if chat > 0 else "supergroup"
    await api.push(
        my_chat_member={
            "chat": {"id": chat, "type": kind, "title": "Paddock"},
            "from": {"id": 7, "is_bot": False, "first_name": "Fan"},
            "date": 1_795_000_000,
            "old_chat_member": before,
            "new_chat_member": after,
        }
    )
    await api.until(lambda: not api.updates)


async def test_a_channel_that_takes_the_right_to_post_is_paused_at_once_and_resumed_with_it(
    bot: BotApi, sqlite_store: Store
) -> None:
    channel, owner = -100777, {"status": "creator", "is_anonymous": False}
    bot.members[channel, 7] = owner
    may = {"status": "administrator", "user": BOT, **RIGHTS}
    await bot.say(f"/follow @{channel} wec")
    await bot.until(lambda: bot.said(7))
    await membership(bot, channel, may, {**may, "can_post_messages": False})
    place = await sqlite_store.destination("telegram", str(channel))
    assert place
    assert place.paused_reason == "telegram.paused.no_rights"
    await membership(bot, channel, {**may, "can_post_messages": False}, may)
    place = await sqlite_store.destination("telegram", str(channel))
    assert place
    assert place.paused_at is None


async def test_who_asks_where_the_bot_may_not_write_is_told_so_alone(talking: BotApi) -> None:
    talking.fail("sendMessage", "Bad Request: not enough rights to send text messages to the chat")
    await talking.say("/latest wec", chat=GROUP)
    said = await talking.until(lambda: talking.said(7))
    assert said[0]["text"].endswith("the bot lacks the right to post in this chat.")
    assert not talking.said(GROUP)


async def test_who_blocks_the_bot_is_paused_and_keeps_everything_until_the_next_start(
    bot: BotApi, sqlite_store: Store
) -> None:
    await bot.say("/follow wec")
    await bot.until(lambda: bot.said(7))
    await membership(bot, 7, MEMBER, GONE)
    place = await sqlite_store.destination("telegram", "7")
    assert place
    assert place.paused_reason == "telegram.paused.blocked"
    await bot.say("/start")
    await bot.until(lambda: len(bot.said(7)) == 2)
    place = await sqlite_store.destination("telegram", "7")
    assert place
    assert place.paused_at is None
    assert list(await sqlite_store.following(place.id)) == ["series:wec"]


async def test_a_group_is_left_and_joined_again(talking: BotApi, parrot: Parrot) -> None:
    await membership(talking, GROUP, MEMBER, LEFT)
    await membership(talking, GROUP, LEFT, MEMBER)
    assert [(change.change, change.space) for change in parrot.changes] == [
        (Change.REMOVED, str(GROUP)),
        (Change.RESTORED, str(GROUP)),
        (Change.JOINED, str(GROUP)),
    ]
    assert parrot.changes[0].reason == "telegram.paused.removed"


async def test_a_group_that_becomes_a_supergroup_keeps_what_it_follows(
    bot: BotApi, sqlite_store: Store
) -> None:
    bot.members[-12, 7] = {"status": "creator", "is_anonymous": False}
    await bot.say("/follow wec", chat=-12)
    await bot.until(lambda: bot.said(-12))
    await bot.say("", chat=-12, migrate_to_chat_id=GROUP)
    await bot.say("", chat=GROUP, migrate_from_chat_id=-12)
    await bot.until(lambda: not bot.updates)
    place = await sqlite_store.destination("telegram", str(GROUP))
    assert place
    assert place.space == str(GROUP)
    assert list(await sqlite_store.following(place.id)) == ["series:wec"]
    assert await sqlite_store.destination("telegram", "-12") is None


async def test_a_topic_that_opens_again_is_resumed(talking: BotApi, parrot: Parrot) -> None:
    await talking.say("", chat=GROUP, message_thread_id=9, is_topic_message=True, forum_topic_reopened={})
    await talking.until(lambda: not talking.updates)
    (change,) = parrot.changes
    assert (change.change, change.address) == (Change.RESTORED, f"{GROUP}/9")


async def test_a_new_administrator_is_known_at_once(talking: BotApi, parrot: Parrot) -> None:
    await talking.say("/latest", chat=GROUP)
    await talking.until(lambda: talking.said(GROUP))
    talking.members[GROUP, 7] = {"status": "creator", "is_anonymous": False}
    await membership(talking, GROUP, MEMBER, MEMBER)  # the bot's own standing changed: all is asked anew
    await talking.say("/latest", chat=GROUP)
    await talking.until(lambda: len(talking.said(GROUP)) == 2)
    assert [request.may_manage for request in parrot.asked] == [False, True]


async def test_memberships_are_asked_once_a_minute(talking: BotApi) -> None:
    talking.members[GROUP, 7] = {"status": "creator", "is_anonymous": False}
    for _ in range(3):
        await talking.say("/latest", chat=GROUP)
    await talking.until(lambda: len(talking.said(GROUP)) == 3)
    assert len(talking.sent("getChatMember")) == 1


# ── the menu ──


async def test_the_menu_is_set_by_scope_and_language_and_only_when_it_changed(
    api: BotApi, parrot: Parrot
) -> None:
    async with listening(api, parrot, MENU):
        await api.until(lambda: len(api.sent("setMyCommands")) == 18)
    async with listening(api, parrot, MENU):
        await api.until(lambda: len(api.sent("getMyCommands")) == 36)
    assert len(api.sent("setMyCommands")) == 18
    scopes = {scope for scope, _ in api.commands}
    assert scopes == {"all_private_chats", "all_group_chats", "all_chat_administrators"}
    assert {language for _, language in api.commands} == {"", "de", "fr", "es", "it", "pt"}
    members = {entry["command"] for entry in api.commands["all_group_chats", "de"]}
    managers = {entry["command"] for entry in api.commands["all_chat_administrators", "de"]}
    assert "latest" in members
    assert "settings" in managers - members
    assert "start" not in managers


def test_every_entry_of_the_menu_is_one_that_telegram_takes() -> None:
    for _, _, commands in lists(MENU):
        for entry in commands:
            assert entry.command.replace("_", "").isalnum()
            assert entry.command.islower()
            assert 1 <= len(entry.description) <= 256


# ── the webhook ──


def webhook(**more: Any) -> dict[str, Any]:
    return {"webhook_url": "https://bot.example.com/hook", "webhook_listen": "127.0.0.1:0", **more}


async def test_a_pushed_update_that_is_not_answered_in_time_is_kept_or_comes_again(
    api: BotApi, parrot: Parrot, unused_tcp_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook_module, "PATIENCE", 0.02)
    address, memory = f"127.0.0.1:{unused_tcp_port}", Notebook()
    gate = parrot.gates["latest slow"] = asyncio.Event()

    async def push(number: int) -> int:
        message = {
            "message_id": number,
            "date": 1,
            "chat": {"id": 7, "type": "private"},
            "from": {"id": 7, "is_bot": False, "first_name": "Fan"},
            "text": "/latest slow",
        }
        async with aiohttp.ClientSession(f"http://{address}") as session:
            headers = {HEADER: api.webhook["secret_token"]}
            body = {"update_id": number, "message": message}
            async with session.post("/hook", json=body, headers=headers) as response:
                return response.status

    async with listening(api, parrot, memory=memory, **webhook(webhook_listen=address)):
        assert await push(1) == 200
        killed = Notebook(memory)
    api.calls.clear()
    async with listening(api, parrot, **webhook(webhook_listen=address)):
        assert await push(1) == 503  # there is no memory
    gate.set()
    async with listening(api, parrot, memory=killed, **webhook(webhook_listen=address)):
        await api.until(lambda: api.said(7))


async def test_pushed_updates_are_answered_once_and_only_with_the_secret(
    api: BotApi, parrot: Parrot, unused_tcp_port: int
) -> None:
    address = f"127.0.0.1:{unused_tcp_port}"
    update = {
        "update_id": 1,
        "message": {
            "message_id": 1,
            "date": 1,
            "chat": {"id": 7, "type": "private"},
            "from": {"id": 7, "is_bot": False, "first_name": "Fan"},
            "text": "/latest wec",
        },
    }
    async with listening(api, parrot, **webhook(webhook_listen=address)):
        secret = api.webhook["secret_token"]
        assert api.webhook["url"] == "https://bot.example.com/hook"
        async with aiohttp.ClientSession(f"http://{address}") as session:

            async def push(path: str = "/hook", given: str = secret, body: Any = update) -> int:
                async with session.post(path, json=body, headers={HEADER: given}) as response:
                    return response.status

            assert await push(given="wrong") == 401
            assert await push(given="") == 401
            assert await push(path="/") == 404
            assert await push() == 200
            assert await push() == 200  # Telegram repeats what it thinks was lost
            assert await push(body=["nonsense"]) == 200
        await api.until(lambda: api.said(7))
    assert parrot.lines == ["latest wec"]
    assert not api.sent("getUpdates")


def test_the_secret_of_a_webhook_is_the_same_in_all_processes_and_not_the_token() -> None:
    settings = TelegramSettings(token=SecretStr(TOKEN), **webhook())
    assert secret_of(settings) == secret_of(settings)
    assert TOKEN not in secret_of(settings)
    own = TelegramSettings(token=SecretStr(TOKEN), **webhook(webhook_secret=SecretStr("pit-lane_1")))
    assert secret_of(own) == "pit-lane_1"
    bad = TelegramSettings(token=SecretStr(TOKEN), **webhook(webhook_secret=SecretStr("ä b")))
    with pytest.raises(SettingsError, match="PITWIRE_TELEGRAM__WEBHOOK_SECRET"):
        secret_of(bad)


def test_a_webhook_without_a_path_gets_one_of_its_own() -> None:
    bare = TelegramSettings(token=SecretStr(TOKEN), **webhook(webhook_url="https://bot.example.com"))
    assert path_of(bare) == "/telegram"


async def test_an_address_that_is_taken_is_one_sentence(api: BotApi, parrot: Parrot) -> None:
    taken = api.url.removeprefix("http://")
    adapter = make_adapter(api.url, **webhook(webhook_listen=taken))
    with pytest.raises(SettingsError, match="PITWIRE_TELEGRAM__WEBHOOK_LISTEN"):
        await asyncio.wait_for(adapter.run((), parrot), 5)
    await adapter.close()


async def test_the_owner_of_a_channel_is_who_to_tell(api: BotApi) -> None:
    api.members[GROUP, 8] = {"status": "administrator", **dict.fromkeys(RIGHTS, True)}
    api.members[GROUP, 9] = {"status": "creator", "is_anonymous": False}
    adapter = make_adapter(api.url)
    found = await adapter.moderator(place(str(GROUP)))
    assert found
    assert (found.address, found.space) == ("9", "9")
    assert await adapter.moderator(place()) is None
    api.fail("getChatAdministrators", "Forbidden: bot was kicked", status=403)
    assert await adapter.moderator(place(str(GROUP))) is None
    await adapter.close()
