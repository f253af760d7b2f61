"""The connection: it survives what a gateway does to it, and says plainly what it cannot survive."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from adapters.discord import gateway
from adapters.discord.adapter import DiscordAdapter
from adapters.discord.components import Component
from bot.commands.menu import MENU
from bot.errors import SettingsError
from bot.model import Change
from tests.adapters.discord.conftest import Parrot, a_post, make_adapter, place
from tests.loopback.discord import HISTORY, SEND, TOKEN, Discord, snowflake
from tests.pace import Paper


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "FIRST_PAUSE", 0.05)
    monkeypatch.setattr(gateway, "IDENTIFY_GAP", 0.05)
    monkeypatch.setattr(gateway, "GATHERING", 0.05)


@pytest.fixture
def core() -> Parrot:
    return Parrot()


@pytest.fixture
async def running(discord: Discord, core: Parrot) -> AsyncIterator[DiscordAdapter]:
    adapter = make_adapter(discord, Paper())
    task = asyncio.create_task(adapter.run(MENU, core))
    async with asyncio.timeout(10):
        await adapter.ready()
    yield adapter
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await adapter.close()


async def until(seen: Any, *, seconds: float = 8) -> None:
    async with asyncio.timeout(seconds):
        while not seen():
            await asyncio.sleep(0.01)


# ── staying connected ──


@pytest.mark.parametrize("how", ["reconnect", "invalidate", "drop"])
async def test_the_connection_comes_back_and_commands_are_answered(
    running: DiscordAdapter, discord: Discord, core: Parrot, how: str
) -> None:
    await discord.disturb(how)
    async with asyncio.timeout(8):
        await discord.online.wait()
    assert (discord.resumes, discord.identifies) == ((0, 2) if how == "invalidate" else (1, 1))
    data = {"id": snowflake(), "name": "following", "type": 1, "options": []}
    act = await discord.interact(2, "fan", "news", data)
    assert act.messages


async def test_posts_are_sent_while_the_gateway_is_away(running: DiscordAdapter, discord: Discord) -> None:
    await discord.disturb("drop")
    assert await running.send(place(discord, "news"), a_post(), key="7.1")


async def test_a_gateway_that_is_not_there_yet_is_tried_again(discord: Discord, core: Parrot) -> None:
    address, discord.shards = discord.url, 1
    adapter = make_adapter(discord, Paper())
    discord.url = "http://127.0.0.1:1"  # what /gateway/bot answers for now
    task = asyncio.create_task(adapter.run(MENU, core))
    await until(lambda: len(discord.asked("GET", "/gateway/bot")) >= 2)
    discord.url = address
    async with asyncio.timeout(8):
        await discord.online.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await adapter.close()


async def test_as_many_shards_as_discord_recommends(discord: Discord, core: Parrot) -> None:
    discord.shards = 2
    adapter = make_adapter(discord, Paper())
    task = asyncio.create_task(adapter.run(MENU, core))
    await until(lambda: discord.identifies == 2)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await adapter.close()


# ── a wrong token ──


async def test_a_wish_to_stop_is_heard_also_where_the_library_swallows_one(
    discord: Discord, core: Parrot, monkeypatch: pytest.MonkeyPatch
) -> None:
    deaf = asyncio.Event()

    async def start(*_: Any, **__: Any) -> None:
        try:
            deaf.set()
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.Event().wait()

    monkeypatch.setattr(gateway.Single, "start", start)
    adapter = make_adapter(discord, Paper())
    task = asyncio.create_task(adapter.run(MENU, core))
    async with asyncio.timeout(5):
        await deaf.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert task.cancelled()
    await adapter.close()


async def test_a_wrong_token_is_one_sentence_that_names_the_setting(discord: Discord, core: Parrot) -> None:
    adapter = make_adapter(discord, Paper(), token="wrong")
    with pytest.raises(SettingsError, match="PITWIRE_DISCORD__TOKEN"):
        async with asyncio.timeout(5):
            await adapter.run(MENU, core)
    with pytest.raises(SettingsError, match="PITWIRE_DISCORD__TOKEN"):
        await adapter.check()
    await adapter.close()


async def test_a_token_that_is_reset_while_posts_are_sent_ends_the_process(
    discord: Discord, core: Parrot
) -> None:
    adapter = make_adapter(discord, Paper())
    task = asyncio.create_task(adapter.run(MENU, core))
    async with asyncio.timeout(10):
        await adapter.ready()
    discord.token = "new"
    await asyncio.gather(adapter.send(place(discord, "news"), a_post(), key="7.1"), return_exceptions=True)
    with pytest.raises(SettingsError, match="PITWIRE_DISCORD__TOKEN"):
        async with asyncio.timeout(5):
            await task
    await adapter.close()
    discord.token = TOKEN


async def test_check_says_who_we_are(running: DiscordAdapter, discord: Discord) -> None:
    assert await running.check() == f"connected as pitwire ({discord.me['id']})"


# ── commands are written when they changed ──


async def test_commands_are_written_once_and_not_again(
    running: DiscordAdapter, discord: Discord, core: Parrot
) -> None:
    await until(lambda: discord.commands)
    adapter = make_adapter(discord, Paper())
    task = asyncio.create_task(adapter.run(MENU, core))
    await until(lambda: len(discord.asked("GET", "/commands")) == 2)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await adapter.close()
    assert len(discord.asked("PUT", "/commands")) == 1


async def test_commands_and_options_have_names_in_every_language(
    running: DiscordAdapter, discord: Discord
) -> None:
    await until(lambda: discord.commands)
    named = {command["name"]: command.get("name_localizations", {}) for command in discord.commands}
    assert named["follow"]["de"] == "folgen" and named["roles"]["fr"] == "rôles"
    for language in ("de", "fr", "es-ES", "es-419", "it", "pt-BR"):
        names = [names.get(language, name) for name, names in named.items()]
        assert len(set(names)) == len(names)
        assert sum(language in names for names in named.values()) > 15
    (latest,) = (command for command in discord.commands if command["name"] == "latest")
    assert latest["options"][0]["name_localizations"]["de"] == "serie"


async def test_an_application_that_users_cannot_install_still_gets_its_commands(
    discord: Discord, core: Parrot
) -> None:
    trouble = {"0": {"integration_types": {"_errors": [{"code": "X", "message": "not configured"}]}}}
    discord.fail("PUT", "/commands$", status=400, body={"code": 50035, "errors": trouble})
    adapter = make_adapter(discord, Paper())
    task = asyncio.create_task(adapter.run(MENU, core))
    await until(lambda: discord.commands)
    assert all("integration_types" not in command for command in discord.commands)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await adapter.close()


# ── the life of a server ──


async def changes(core: Parrot, number: int) -> list[tuple[Change, str, str]]:
    await until(lambda: len(core.changes) >= number)
    return [(one.change, one.space or one.address, one.reason) for one in core.changes]


async def test_being_removed_pauses_a_server_and_coming_back_restores_it(
    running: DiscordAdapter, discord: Discord, core: Parrot
) -> None:
    core.changes.clear()
    await discord.emit("GUILD_DELETE", {"id": discord.guild["id"]})
    space = f"discord:{discord.guild['id']}"
    assert await changes(core, 1) == [(Change.REMOVED, space, "discord.paused.removed")]
    core.changes.clear()
    await discord.emit("GUILD_CREATE", discord.guild_payload())
    assert (Change.RESTORED, space, "") in await changes(core, 1)


async def test_an_outage_of_discord_is_no_removal(
    running: DiscordAdapter, discord: Discord, core: Parrot
) -> None:
    core.changes.clear()
    await discord.emit("GUILD_DELETE", {"id": discord.guild["id"], "unavailable": True})
    await discord.emit("CHANNEL_DELETE", discord.channels["announcements"])
    assert [one[0:2] for one in await changes(core, 1)] == [(Change.REMOVED, discord.id("announcements"))]


async def test_a_deleted_channel_is_noticed(running: DiscordAdapter, discord: Discord, core: Parrot) -> None:
    core.changes.clear()
    await discord.emit("CHANNEL_DELETE", discord.channels["news"])
    assert await changes(core, 1) == [(Change.REMOVED, discord.id("news"), "discord.paused.deleted")]


async def test_a_right_that_is_taken_pauses_a_channel_and_given_back_resumes_it(
    running: DiscordAdapter, discord: Discord, core: Parrot
) -> None:
    core.changes.clear()
    taken: Component = {"id": discord.me["id"], "type": 1, "allow": "0", "deny": str(SEND)}
    await discord.emit("CHANNEL_UPDATE", {**discord.channels["news"], "permission_overwrites": [taken]})
    assert await changes(core, 1) == [
        (Change.REMOVED, discord.id("news"), "discord.paused.lacks_send_messages")
    ]
    core.changes.clear()
    await discord.emit("CHANNEL_UPDATE", discord.channels["news"])
    assert await changes(core, 1) == [(Change.RESTORED, discord.id("news"), "")]


async def test_a_channel_whose_history_is_hidden_is_posted_to_all_the_same(
    running: DiscordAdapter, discord: Discord, core: Parrot
) -> None:
    core.changes.clear()
    hidden: Component = {"id": discord.me["id"], "type": 1, "allow": "0", "deny": str(HISTORY)}
    await discord.emit("CHANNEL_UPDATE", {**discord.channels["news"], "permission_overwrites": [hidden]})
    await discord.emit("CHANNEL_DELETE", discord.channels["announcements"])
    assert [one[1] for one in await changes(core, 1)] == [discord.id("announcements")]


async def test_the_owner_of_a_server_is_whom_to_write_to_also_of_a_deleted_channel(
    running: DiscordAdapter, discord: Discord
) -> None:
    news = place(discord, "news")
    await discord.emit("CHANNEL_DELETE", discord.channels["news"])
    await until(lambda: running._known_place(discord.id("news")) is None)
    owner = await running.moderator(news)
    assert owner is not None and owner.address == f"dm:{discord.users['owner']['id']}"
    assert not discord.asked("GET", r"/guilds/\d+$")


async def test_the_owner_is_asked_for_where_no_gateway_knows_the_server(discord: Discord) -> None:
    adapter = make_adapter(discord)
    owner = await adapter.moderator(place(discord, "news"))
    assert owner is not None and owner.address == f"dm:{discord.users['owner']['id']}"
    elsewhere = replace(place(discord, "news"), space="discord:123456789012345678")
    assert await adapter.moderator(elsewhere) is None
    assert await adapter.moderator(place(discord, "dm fan")) is None
    await adapter.close()


async def test_a_role_that_loses_a_right_pauses_every_channel_that_needed_it(
    running: DiscordAdapter, discord: Discord, core: Parrot
) -> None:
    core.changes.clear()
    for role in (discord.guild["roles"][0], discord.bot_role):
        await discord.emit(
            "GUILD_ROLE_UPDATE", {"guild_id": discord.guild["id"], "role": {**role, "permissions": "0"}}
        )
    assert {one[1] for one in await changes(core, 3)} == {
        discord.id(name) for name in ("news", "announcements", "stories")
    }


async def test_at_a_start_everything_is_resumed_that_was_paused_while_nobody_looked(
    running: DiscordAdapter, discord: Discord, core: Parrot
) -> None:
    assert await changes(core, 1) == [(Change.RESTORED, f"discord:{discord.guild['id']}", "")]


async def test_at_a_start_channels_that_are_closed_to_the_bot_stay_paused(
    discord: Discord, core: Parrot
) -> None:
    closed: Component = {"id": discord.me["id"], "type": 1, "allow": "0", "deny": str(SEND)}
    discord.channels["news"]["permission_overwrites"] = [closed]
    adapter = make_adapter(discord, Paper())
    task = asyncio.create_task(adapter.run(MENU, core))
    restored = {one[1] for one in await changes(core, 2)}
    assert restored == {discord.id("announcements"), discord.id("stories")}
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await adapter.close()


async def test_a_tag_is_created_once_also_before_the_gateway_tells_of_it(
    running: DiscordAdapter, discord: Discord
) -> None:
    for number in range(3):  # the small Discord tells of no changed channel at all
        post = a_post(title=f"Story {number}", url=f"https://a.example/{number}", tags=("IMSA",))
        await running.send(place(discord, "stories"), post, key=f"{number}.1")
    assert len(discord.asked("PATCH", f"/channels/{discord.id('stories')}$")) == 1
    threads = [one for one in discord.channels.values() if one.get("parent_id") == discord.id("stories")]
    assert len({tuple(one["applied_tags"]) for one in threads}) == 1


async def test_the_gateway_names_places_so_that_nothing_is_asked_for(
    running: DiscordAdapter, discord: Discord
) -> None:
    await running.send(place(discord, "announcements"), a_post(publish=True), key="7.1")
    assert discord.asked("GET", r"/channels/\d+$") == []
    moderator = await running.moderator(place(discord, "news"))
    assert moderator is not None and moderator.address == f"dm:{discord.guild['owner_id']}"
