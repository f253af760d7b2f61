"""The panel of roles that members give themselves: nobody gets powers by a button."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.commands.menu import MENU
from tests.adapters.discord.chat import Chat, read
from tests.adapters.discord.conftest import Parrot, make_adapter
from tests.loopback.discord import MANAGE_CHANNELS, MANAGE_ROLES, MEMBER, Discord, Json, snowflake, walk
from tests.pace import Paper


@pytest.fixture
async def server(discord: Discord) -> AsyncIterator[Discord]:
    adapter = make_adapter(discord, Paper())
    running = asyncio.create_task(adapter.run(MENU, Parrot()))
    async with asyncio.timeout(10):
        await discord.online.wait()
        while not discord.commands:
            await asyncio.sleep(0.01)
    yield discord
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await adapter.close()
    assert discord.breaches == []


async def new_role(discord: Discord, name: str, **facts: Any) -> Json:
    role = {"id": snowflake(), "name": name, "position": 2, "permissions": "0"} | facts
    await discord.emit("GUILD_ROLE_CREATE", {"guild_id": discord.guild["id"], "role": role})
    return role


async def choose(discord: Discord, *roles: Json, user: str = "owner") -> Chat:
    chat = Chat(discord, user=user)
    await chat.say("/roles")
    message, select = next(
        (message, part) for message in chat.seen for part in walk(message["components"]) if part["type"] == 6
    )
    data = {"component_type": 6, "custom_id": select["custom_id"], "values": [role["id"] for role in roles]}
    await chat._do(3, data, message)
    return chat


async def press(discord: Discord, panel: Json, label: str) -> str:
    chat = Chat(discord)
    button = next(part for part in walk(panel["components"]) if part.get("label") == label)
    await chat._do(3, {"component_type": 2, "custom_id": button["custom_id"]}, panel)
    assert all(message["flags"] & 64 for message in chat.seen if message is not panel)
    return read(
        [part for message in chat.seen if message is not panel for part in walk(message["components"])]
    )


async def test_a_press_gives_the_role_and_another_takes_it(server: Discord) -> None:
    await choose(server, server.role)
    panel = server.said("news")[-1]
    assert "You have @WEC fans now" in await press(server, panel, "WEC fans")
    assert server.users["fan"]["roles"] == [server.role["id"]]
    assert "no longer have @WEC fans" in await press(server, panel, "WEC fans")
    assert server.users["fan"]["roles"] == []


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({"position": 9}, "above my own role"),
        ({"permissions": str(1 << 3)}, "moderator powers"),
        ({"permissions": str(MANAGE_ROLES)}, "moderator powers"),
        ({"permissions": str(1 << 17)}, "moderator powers"),  # may mention everyone
        ({"managed": True}, "belongs to an app"),
    ],
)
async def test_a_role_that_could_do_harm_is_refused(server: Discord, facts: Json, why: str) -> None:
    chat = await choose(server, await new_role(server, "Staff", **facts))
    assert why in chat.text and chat.is_whisper
    assert server.said("news") == []


async def test_a_role_that_opens_powers_in_one_channel_is_refused_too(server: Discord) -> None:
    role = await new_role(server, "Sneaky")
    allow = [{"id": role["id"], "type": 0, "allow": str(1 << 13), "deny": "0"}]
    await server.emit("CHANNEL_UPDATE", {**server.channels["announcements"], "permission_overwrites": allow})
    assert "moderator powers" in (await choose(server, role)).text


async def test_a_role_that_gained_powers_later_is_no_longer_given(server: Discord) -> None:
    await choose(server, server.role)
    stronger = {**server.role, "permissions": str(1 << 3)}
    await server.emit("GUILD_ROLE_UPDATE", {"guild_id": server.guild["id"], "role": stronger})
    assert "moderator powers" in await press(server, server.said("news")[-1], "WEC fans")
    assert server.users["fan"].get("roles", []) == []


async def test_only_who_may_manage_the_server_or_its_roles_posts_a_panel(server: Discord) -> None:
    server.add_user("keeper", MEMBER | MANAGE_CHANNELS)
    for user in ("fan", "keeper"):
        chat = Chat(server, user=user)
        assert "You need Manage Server" in await chat.say("/roles")
        assert chat.is_whisper
    await choose(server, server.role, user="moderator")
    assert len(server.said("news")) == 1


async def test_a_bot_without_the_right_says_what_it_needs(server: Discord) -> None:
    await choose(server, server.role)
    server.fail("PUT", "/roles/", status=403, body={"code": 50013})
    assert "Manage Roles" in await press(server, server.said("news")[-1], "WEC fans")
