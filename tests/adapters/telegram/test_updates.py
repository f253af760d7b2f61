"""Updates: in order in a chat, chats side by side, and a restart neither loses nor repeats one."""

from __future__ import annotations

import asyncio

import pytest

from adapters.telegram import polling
from adapters.telegram.adapter import TelegramAdapter
from adapters.telegram.lanes import MOST_WAITING
from bot.errors import SettingsError
from bot.model import Reply
from tests.adapters.telegram.conftest import Notebook, Parrot, listening, make_adapter
from tests.loopback.telegram import BotApi


async def test_a_chat_is_answered_in_order(talking: BotApi) -> None:
    for number in range(5):
        await talking.say(f"/latest {number}")
    said = await talking.until(lambda: len(talking.said(7)) == 5 and talking.said(7))
    assert [message["text"] for message in said] == [f"You said latest {number}" for number in range(5)]


async def test_a_slow_chat_holds_up_no_other(talking: BotApi, parrot: Parrot) -> None:
    gate = parrot.gates["latest slow"] = asyncio.Event()
    await talking.say("/latest slow", user=7)
    await talking.until(lambda: "latest slow" in parrot.lines or None)
    await talking.say("/latest quick", user=8)
    await talking.until(lambda: talking.said(8))
    assert not talking.said(7)
    gate.set()
    await talking.until(lambda: talking.said(7))


async def test_a_restart_answers_nothing_twice(api: BotApi, parrot: Parrot) -> None:
    async with listening(api, parrot):
        await api.say("/latest wec")
        await api.until(lambda: api.said(7))
    async with listening(api, parrot):
        await api.say("/latest f1")
        await api.until(lambda: len(api.said(7)) == 2)
    assert parrot.lines == ["latest wec", "latest f1"]
    assert api.updates == []


async def test_what_was_not_answered_is_answered_after_a_restart(api: BotApi, parrot: Parrot) -> None:
    parrot.gates["latest wec"] = asyncio.Event()
    adapter = make_adapter(api.url)
    task = asyncio.create_task(adapter.run((), parrot))
    await api.say("/latest f1", user=8)
    await api.say("/latest wec", user=7)
    await api.until(lambda: api.said(8) and len(parrot.asked) == 2)
    task.cancel()
    task.cancel()  # killed while it stops in order
    await asyncio.gather(task, return_exceptions=True)
    await adapter.close()
    again = Parrot()
    async with listening(api, again):
        await api.until(lambda: api.said(7))
    assert "latest wec" in again.lines


async def test_a_stop_lets_the_answer_under_way_finish(api: BotApi, parrot: Parrot) -> None:
    gate = parrot.gates["latest wec"] = asyncio.Event()
    async with listening(api, parrot):
        await api.say("/latest wec")
        while not parrot.asked:
            await asyncio.sleep(0)
        asyncio.get_running_loop().call_later(0.05, gate.set)
    assert len(api.said(7)) == 1
    assert api.updates == []


async def test_one_chat_cannot_flood(talking: BotApi, parrot: Parrot) -> None:
    gate = parrot.gates["latest 0"] = asyncio.Event()
    for number in range(60):
        await talking.say(f"/latest {number}", user=7)
    await talking.say("/latest wec", user=8)
    await talking.until(lambda: talking.said(8))
    gate.set()
    await talking.until(lambda: not talking.updates)
    assert len(talking.said(7)) <= MOST_WAITING + 1


async def test_hundreds_who_start_at_once_are_answered_once_in_order_and_not_all_held(
    api: BotApi, parrot: Parrot
) -> None:
    people = list(range(1000, 1300))
    gate = parrot.gates["start"] = asyncio.Event()
    async with listening(api, parrot, memory=Notebook()):
        for user in people:
            await api.say("/start", user=user)
        await api.until(lambda: len(parrot.asked) >= 100)
        assert len(parrot.asked) <= 100 + polling.MOST_LEFT  # Telegram keeps the others meanwhile
        gate.set()
        await api.until(lambda: len(api.sent("sendMessage")) >= len(people) and not api.updates)
    assert [int(request.user) for request in parrot.asked] == people
    assert sorted(params["chat_id"] for params in api.sent("sendMessage")) == people


async def test_an_update_that_nobody_understands_hides_no_other(talking: BotApi) -> None:
    await talking.push(message={"nonsense": True})
    await talking.push(something_of_next_year={})
    await talking.say("/latest wec")
    await talking.until(lambda: talking.said(7))
    await talking.until(lambda: not talking.updates)


async def test_a_bug_in_an_answer_ends_with_that_answer(talking: BotApi, parrot: Parrot) -> None:
    parrot.replies["broken"] = None  # type: ignore[assignment]
    parrot.replies["crash"] = "no reply at all"  # type: ignore[assignment]
    await talking.say("/crash")
    await talking.say("/latest wec")
    await talking.until(lambda: talking.said(7))


async def test_an_outage_is_waited_out(api: BotApi, parrot: Parrot, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    async def no_sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(polling, "sleep", no_sleep)
    api.fail("getUpdates", "Bad Gateway", status=502, times=3)
    api.fail("getUpdates", kind="garbage")
    async with listening(api, parrot):
        await api.say("/latest wec")
        await api.until(lambda: api.said(7))
    assert len(slept) == 4
    assert slept[0] < slept[2]


async def test_a_second_process_is_said_and_waited_for(
    api: BotApi,
    parrot: Parrot,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    slept: list[float] = []

    async def no_sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(polling, "sleep", no_sleep)
    api.fail("getUpdates", "Conflict: terminated by other getUpdates request", status=409, times=2)
    async with listening(api, parrot):
        await api.say("/latest wec")
        await api.until(lambda: api.said(7))
        api.fail("getUpdates", "Conflict: terminated by other getUpdates request", status=409)
        await api.say("/latest f1")
        await api.until(lambda: len(api.said(7)) == 2 and len(slept) == 3)
    assert slept == [10, 20, 40]  # it goes on waiting longer, though polls succeeded in between
    assert "another process uses this bot's token" in capsys.readouterr().out


async def test_a_token_that_dies_ends_the_bot_with_a_sentence(api: BotApi, parrot: Parrot) -> None:
    api.fail("getUpdates", "Unauthorized", status=401)
    adapter = make_adapter(api.url)
    with pytest.raises(SettingsError, match="BotFather"):
        await adapter.run((), parrot)
    await adapter.close()


async def test_the_start_waits_for_telegram(api: BotApi, monkeypatch: pytest.MonkeyPatch) -> None:
    api.fail("getMe", "Bad Gateway", status=502)
    adapter: TelegramAdapter = make_adapter(api.url)
    await asyncio.wait_for(adapter.ready(), 5)
    assert len(api.sent("getMe")) == 2
    await adapter.close()


async def test_an_answer_is_tried_again_when_telegram_asks_for_patience(
    talking: BotApi, parrot: Parrot
) -> None:
    parrot.replies["latest"] = Reply(text="Here.")
    talking.fail("sendMessage", "Too Many Requests", status=429, retry_after=1)
    await talking.say("/latest")
    await talking.until(lambda: talking.said(7))


async def test_an_answer_whose_fate_is_unknown_is_not_said_twice(talking: BotApi) -> None:
    talking.fail("sendMessage", kind="lose")
    await talking.say("/latest wec")
    await talking.until(lambda: not talking.updates)
    assert len(talking.said(7)) == 1


def test_the_offset_is_the_first_update_that_is_not_answered() -> None:
    intake = polling.Intake()
    assert intake.offset is None
    intake.begin(5)
    intake.begin(6)
    assert intake.knows(5)
    intake.end(6)
    assert intake.offset == 5
    intake.end(5)
    assert intake.offset == 7
    assert intake.is_idle


def test_a_slow_chat_does_not_keep_the_others_out() -> None:
    now = 0.0
    intake = polling.Intake(lambda: now)
    intake.begin(1)
    for number in range(2, polling.CROWDED + 2):
        intake.begin(number)
        intake.end(number)
    assert intake.offset == 1
    now = polling.SLOW
    intake.begin(polling.CROWDED + 2)
    assert intake.offset == polling.CROWDED + 2  # the slow one is given up to a crash, not the new one
    assert not intake.is_idle


async def test_what_was_given_up_for_the_others_is_answered_after_a_kill(
    api: BotApi, parrot: Parrot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polling, "CROWDED", 3)
    monkeypatch.setattr(polling, "SLOW", 0.0)
    memory = Notebook()
    parrot.gates["latest slow"] = asyncio.Event()
    async with listening(api, parrot, memory=memory):
        await api.say("/latest slow")
        for number in range(4):
            await api.say(f"/latest {number}", user=20 + number)
        await api.until(lambda: not api.updates)  # Telegram was told to forget all of them
        killed = dict(memory)
    assert parrot.lines.count("latest slow") == 1
    parrot.gates.clear()
    async with listening(api, parrot, memory=Notebook(killed)) as adapter:
        await api.until(lambda: api.said(7))
        assert adapter
    assert parrot.lines.count("latest slow") == 2


def test_what_telegram_forgot_is_kept_until_it_is_answered() -> None:
    intake = polling.Intake()
    intake.begin(5, "five")
    intake.begin(6, "six")
    assert intake.confirm(6) == {5: "five"}
    assert intake.confirm(5) == {5: "five"}  # an offset that goes back brings nothing back
    intake.end(5)
    assert intake.confirm(intake.offset) == {}


def test_what_was_answered_is_soon_confirmed_though_a_chat_before_it_is_slow() -> None:
    now = 0.0
    intake = polling.Intake(lambda: now)
    intake.begin(1, "slow")
    intake.begin(2, "quick")
    intake.end(2)
    assert intake.offset == 1
    now = polling.SLOW
    intake.begin(3, "new")
    assert intake.offset == 3
    assert intake.confirm(3) == {1: "slow"}


def test_a_slow_chat_with_few_others_is_not_given_up() -> None:
    now = 0.0
    intake = polling.Intake(lambda: now)
    intake.begin(1)
    now = 100.0
    intake.begin(2)
    assert intake.offset == 1


def test_an_update_that_ends_while_a_poll_brings_it_again_is_not_answered_twice() -> None:
    intake = polling.Intake()
    intake.begin(5)
    asked_with = intake.offset
    intake.end(5)
    assert intake.knows(5)  # the answer to a poll that was under way
    intake.forget(asked_with)
    assert intake.knows(5)
    intake.forget(intake.offset)
    assert not intake.knows(5)
    assert intake.offset == 6
