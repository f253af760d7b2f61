"""Jobs that run side by side and end together."""

from __future__ import annotations

import asyncio

import pytest

from bot.crew import crew
from bot.errors import SettingsError


async def until(stop: asyncio.Event, ended: list[str], name: str) -> None:
    await stop.wait()
    ended.append(name)


async def failing() -> None:
    raise SettingsError("The token is wrong.")


async def listening(ended: list[str]) -> None:
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        ended.append("adapter")
        raise


async def test_a_job_that_fails_ends_the_others_in_order_and_is_raised_again() -> None:
    stop, ended = asyncio.Event(), list[str]()
    with pytest.raises(SettingsError, match="token"):
        async with crew(stop) as start:
            start("poller", until(stop, ended, "poller"))
            start("discord adapter", listening(ended))
            start("telegram adapter", failing())
    assert ended == ["poller", "adapter"]


async def test_what_goes_wrong_while_the_rest_is_opened_ends_what_runs_in_order() -> None:
    stop, ended = asyncio.Event(), list[str]()
    with pytest.raises(SettingsError, match="empty"):
        async with crew(stop) as start:
            start("poller", until(stop, ended, "poller"))
            await asyncio.sleep(0)
            raise SettingsError("The token is empty.")
    assert ended == ["poller"]
    assert stop.is_set()


async def test_a_stop_during_the_start_ends_in_order() -> None:
    stop, ended = asyncio.Event(), list[str]()
    async with crew(stop) as start:
        start("poller", until(stop, ended, "poller"))
        stop.set()
        start("outbox", until(stop, ended, "outbox"))
        start("discord adapter", listening(ended))
        await asyncio.sleep(0)
    assert sorted(ended) == ["adapter", "outbox", "poller"]


async def test_a_stop_ends_a_block_that_waits() -> None:
    stop, ended = asyncio.Event(), list[str]()
    async with crew(stop) as start:
        start("poller", until(stop, ended, "poller"))
        asyncio.get_running_loop().call_soon(stop.set)
    assert ended == ["poller"]


async def test_a_cancelled_block_leaves_no_job_behind() -> None:
    stop, ended = asyncio.Event(), list[str]()

    async def block() -> None:
        async with crew(stop) as start:
            start("discord adapter", listening(ended))

    running = asyncio.create_task(block())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert ended == ["adapter"]
