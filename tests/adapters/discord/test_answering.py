"""Commands, buttons, selects, forms and completions: acknowledged at once, answered always."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from bot.commands.menu import MENU
from bot.model import Choice, Document, Form, Picker, Reply, Suggestion
from tests.adapters.discord.chat import Chat
from tests.adapters.discord.conftest import Parrot, a_post, make_adapter
from tests.loopback.discord import HISTORY, MANAGE_CHANNELS, MEMBER, Discord, snowflake, walk
from tests.pace import Paper


@pytest.fixture
def core() -> Parrot:
    return Parrot()


@pytest.fixture
async def chat(discord: Discord, core: Parrot) -> AsyncIterator[Chat]:
    """A fan in #news, and a bot that is connected."""
    adapter = make_adapter(discord, Paper())
    running = asyncio.create_task(adapter.run(MENU, core))
    async with asyncio.timeout(10):
        await discord.online.wait()
        while not discord.commands:
            await asyncio.sleep(0.01)
    yield Chat(discord)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await adapter.close()
    assert discord.breaches == []


# ── who asked what, where ──


async def test_a_command_arrives_with_its_options_and_who_asked_where(
    chat: Chat, core: Parrot, discord: Discord
) -> None:
    chat.locale = "de"
    assert "You said latest" in await chat.say("/latest wec", count=3)
    request = core.asked[-1]
    assert (request.line, dict(request.options)) == ("latest", {"series": "wec", "count": "3"})
    assert request.space == f"discord:{discord.guild['id']}" and request.address == discord.id("news")
    assert request.place_title == "#news · Paddock" and request.locale == "de"
    assert request.private_address == f"dm:{discord.users['fan']['id']}"
    assert not request.may_manage and not request.is_private and not request.is_button


@pytest.mark.parametrize(("user", "may"), [("fan", False), ("moderator", True), ("owner", True)])
async def test_manage_server_lets_change_what_is_followed(
    chat: Chat, core: Parrot, user: str, may: bool
) -> None:
    chat.user = user
    await chat.say("/following")
    assert core.asked[-1].may_manage is may


async def test_manage_channels_is_enough(chat: Chat, core: Parrot, discord: Discord) -> None:
    discord.add_user("keeper", MEMBER | MANAGE_CHANNELS)
    chat.user = "keeper"
    await chat.say("/following")
    assert core.asked[-1].may_manage


async def test_alone_with_the_bot_everybody_manages_and_nothing_is_whispered(
    chat: Chat, core: Parrot, discord: Discord
) -> None:
    discord.add_channel("dm fan", 1, recipients=[discord.users["fan"]])
    discord.channels["dm fan"].pop("guild_id")
    chat.place = "dm fan"
    await chat.say("/help")
    request = core.asked[-1]
    person = f"dm:{discord.users['fan']['id']}"
    assert request.may_manage and request.is_private and (request.address, request.space) == (person, person)
    assert not chat.is_whisper


async def test_a_bot_that_somebody_brought_along_whispers_and_changes_nothing_there(
    chat: Chat, core: Parrot
) -> None:
    chat.guest = True
    chat.user = "moderator"
    await chat.say("/latest wec")
    assert chat.is_whisper and core.asked[-1].space.startswith("dm:")


async def test_what_the_bot_lacks_in_a_channel_is_named(chat: Chat, core: Parrot, discord: Discord) -> None:
    closed = discord.add_channel(
        "closed",
        permission_overwrites=[
            {"id": discord.guild["id"], "type": 0, "allow": "0", "deny": str(1 << 11)},
            {"id": discord.bot_role["id"], "type": 0, "allow": "0", "deny": str(1 << 11)},
        ],
    )
    await discord.emit("CHANNEL_CREATE", closed)
    chat.user = "moderator"
    await chat.say("/setup", destination=closed["id"])
    assert core.asked[-1].place_trouble == "discord.paused.lacks_send_messages"
    await chat.say("/setup", destination=discord.id("news"))
    assert core.asked[-1].place_trouble == ""
    hidden = [{"id": discord.me["id"], "type": 1, "allow": "0", "deny": str(HISTORY)}]
    await discord.emit("CHANNEL_UPDATE", {**discord.channels["news"], "permission_overwrites": hidden})
    await chat.say("/setup", destination=discord.id("news"))
    assert core.asked[-1].place_trouble == "discord.paused.lacks_read_message_history"


async def test_a_storys_own_thread_is_no_place_of_its_own(chat: Chat, core: Parrot, discord: Discord) -> None:
    thread = discord._thread(discord.id("stories"), {"name": "Story"}, snowflake())
    await discord.emit("THREAD_CREATE", {**thread, "message_count": 1, "member_count": 1})
    chat.place = next(name for name, one in discord.channels.items() if one is thread)
    core.replies["latest"] = Reply(text="x", choices=(Choice(label="Why?", line="why 1"),))
    await chat.say("/latest wec")
    assert (
        core.asked[-1].address == discord.id("stories") and core.asked[-1].place_title == "#stories · Paddock"
    )
    pressed = chat.seen[0]["id"]
    await chat.press("Why?")
    assert core.asked[-1].message_id == f"{thread['id']}/{pressed}"


# ── acknowledged, and by what ──


async def test_a_command_is_deferred_at_once_however_long_its_answer_takes(chat: Chat, core: Parrot) -> None:
    core.slow.clear()
    answering = asyncio.create_task(chat.say("/latest wec"))
    act = None
    async with asyncio.timeout(2):
        while act is None or not act.acknowledged.is_set():
            act = next(iter(chat.discord.acts.values()), None)
            await asyncio.sleep(0.005)
    assert act.kind == 5 and act.ack_seconds < 0.3
    core.slow.set()
    assert "You said latest" in await answering


async def test_sentences_call_commands_as_the_persons_client_does(chat: Chat, core: Parrot) -> None:
    core.replies["latest"] = Reply(text="Try /follow wec or https://a.example/follow, or /unheard of")
    chat.locale = "de"
    said = await chat.say("/latest wec")
    assert said == "Try /folgen wec or https://a.example/follow, or /unheard of"


async def test_private_commands_are_whispered(chat: Chat) -> None:
    await chat.say("/help")
    assert chat.is_whisper


async def test_an_answer_that_turns_out_to_be_private_is_whispered_and_the_promise_taken_back(
    chat: Chat, core: Parrot, discord: Discord
) -> None:
    core.replies["latest"] = Reply(text="Only for you", private=True)
    assert await chat.say("/latest wec") == "Only for you"
    assert chat.is_whisper and discord.said("news") == []


async def test_a_bug_becomes_one_friendly_line(chat: Chat, core: Parrot) -> None:
    core.replies["latest"] = Reply(choices=(Choice(label="Boom", line="crash now"),))
    chat.locale = "de"
    await chat.say("/latest wec")
    assert "schiefgegangen" in await chat.press("Boom")
    assert chat.is_whisper


async def test_an_answer_that_discord_refuses_becomes_one_friendly_line(chat: Chat, discord: Discord) -> None:
    discord.fail(
        "PATCH", "/messages/@original$", status=400, body={"code": 50035, "message": "Invalid Form Body"}
    )
    assert "Something went wrong" in await chat.say("/latest wec")


async def test_a_button_of_another_version_says_so(chat: Chat, discord: Discord) -> None:
    await chat.say("/latest wec")
    message = chat.seen[0]
    await chat._do(3, {"component_type": 2, "custom_id": "p0:latest"}, message)
    assert "another version" in chat.text


# ── buttons, selects, forms ──


async def test_a_button_is_a_command_line_and_works_after_a_restart(chat: Chat, core: Parrot) -> None:
    core.replies["latest"] = Reply(text="Page 1", choices=(Choice(label="Older", line="older from:3"),))
    core.replies["older"] = Reply(text="Page 2", replaces=True)
    await chat.say("/latest wec")
    assert chat.buttons == ["Older"]
    first = chat.seen[0]["id"]
    assert await chat.press("Older") == "Page 2"
    assert core.asked[-1].line == "older from:3" and core.asked[-1].is_button
    assert chat.seen[0]["id"] == first == core.asked[-1].message_id  # the message itself turned its page


async def test_a_slow_button_is_acknowledged_first_and_still_edits_its_message(
    chat: Chat, core: Parrot
) -> None:
    core.replies["latest"] = Reply(text="Page 1", choices=(Choice(label="Older", line="older"),))
    core.replies["older"] = Reply(text="Page 2", replaces=True)
    await chat.say("/latest wec")
    core.slow.clear()
    pressing = asyncio.create_task(chat.press("Older"))
    async with asyncio.timeout(2):
        while not any(act.kind == 6 for act in chat.discord.acts.values()):
            await asyncio.sleep(0.005)
    core.slow.set()
    assert await pressing == "Page 2"


async def test_two_buttons_with_one_line_both_work(chat: Chat, core: Parrot) -> None:
    core.replies["latest"] = Reply(
        text="x", choices=(Choice(label="A", line="same"), Choice(label="B", line="same"))
    )
    await chat.say("/latest wec")
    assert "You said same" in await chat.press("B")


async def test_a_choice_in_a_select_comes_behind_its_line(chat: Chat, core: Parrot) -> None:
    options = tuple(Choice(label=f"Series {n}", line=f"s{n}") for n in range(4))
    core.replies["latest"] = Reply(
        text="Pick", pickers=(Picker(line="setup series", prompt="Series", options=options, most=4),)
    )
    await chat.say("/latest wec")
    await chat.pick("Series 1", "Series 3")
    assert core.asked[-1].line == "setup series s1 s3"


async def test_more_options_than_a_select_holds_are_spread_and_what_was_chosen_elsewhere_stays(
    chat: Chat, core: Parrot
) -> None:
    options = tuple(Choice(label=f"Series {n:02}", line=f"s{n:02}", chosen=n == 30) for n in range(40))
    core.replies["latest"] = Reply(
        text="Pick", pickers=(Picker(line="setup series", prompt="Series", options=options, most=40),)
    )
    await chat.say("/latest wec")
    await chat.pick("Series 01", "Series 02")
    assert core.asked[-1].line == "setup series s01 s02 s30"


async def test_a_form_opens_at_once_and_what_is_typed_comes_behind_its_line(chat: Chat, core: Parrot) -> None:
    core.replies["latest"] = Reply(text="x", choices=(Choice(label="Filter", line="ask"),))
    core.replies["ask"] = Reply(
        form=Form(
            line="filter include",
            title="Words",
            prompt="Which words shall every story hold, separated by commas?",
        )
    )
    await chat.say("/latest wec")
    await chat.press("Filter")
    assert chat.act is not None and chat.act.modal is not None and chat.act.modal["title"] == "Words"
    assert "You said filter include hypercar" in await chat.fill("hypercar")


async def test_a_form_that_comes_too_late_is_one_press_away(chat: Chat, core: Parrot) -> None:
    core.replies["latest"] = Reply(form=Form(line="filter include", title="Words", prompt="Which?"))
    await chat.say("/latest wec")  # a command is deferred, and a form can only come first
    assert chat.buttons == ["Words"]
    await chat.press("Words")
    assert chat.act is not None and chat.act.modal is not None
    await chat.fill("hypercar")
    assert core.asked[-1].line == "filter include hypercar"


# ── completion, files, many posts ──


async def test_options_are_completed_while_they_are_typed(chat: Chat, core: Parrot) -> None:
    assert await chat.type("/latest lang", "series") == ["wec"]
    core.suggestions = [Suggestion(label="x" * 300, value=str(number)) for number in range(40)]
    assert len(await chat.type("/latest", "series")) == 25


async def test_a_file_is_handed_over_and_taken(chat: Chat, core: Parrot, discord: Discord) -> None:
    core.replies["export"] = Reply(text="Here", document=Document(name="pitwire.json", text="{}"))
    chat.user = "moderator"
    assert await chat.say("/export") == "Here"
    parts = list(walk(chat.seen[0]["components"]))
    assert any(part["type"] == 13 and part["file"]["url"] == "attachment://pitwire.json" for part in parts)
    await chat.say("/import", document="document-1")
    assert core.asked[-1].document == Document(name="settings.json", text="document-1")


@pytest.mark.parametrize("number", [1, 3, 5, 10])
async def test_any_number_of_stories_fits_into_an_answer(chat: Chat, core: Parrot, number: int) -> None:
    posts = tuple(
        a_post(title=f"Story {n}", url=f"https://a.example/{n}", summary="x" * 900) for n in range(number)
    )
    choices = tuple(Choice(label=f"Button {n}", line=f"press {n}") for n in range(12))
    core.replies["latest"] = Reply(text="Latest", posts=posts, choices=choices)
    text = await chat.say("/latest wec")
    assert all(f"Story {n}" in text for n in range(number))
    assert "Button 11" in chat.buttons


async def test_a_lost_acknowledgement_is_sent_again(chat: Chat, discord: Discord) -> None:
    discord.fail("POST", "/callback$", "accepted")
    assert "You said latest" in await chat.say("/latest wec")
