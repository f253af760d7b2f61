"""Whoever takes too long is cut off, whoever is heard in time is not."""

from __future__ import annotations

import asyncio

import pytest

from bot.feeds.patience import Patience


async def forever() -> None:
    await asyncio.Event().wait()


async def test_what_takes_longer_than_allowed_is_cut_off() -> None:
    with pytest.raises(TimeoutError), Patience(60).wait(0.01):
        await forever()


async def test_silence_is_cut_off_from_the_first_sign_of_life_on() -> None:
    patience = Patience(0.01)
    with pytest.raises(TimeoutError), patience.wait(60):
        patience.heard()
        await forever()


async def test_signs_of_life_give_no_more_time_than_there_is_in_all() -> None:
    with Patience(60).wait(1) as wait:
        wait.heard()
        assert wait.ends_at == wait.began_at + 1


async def test_who_waits_less_is_not_kept_waiting_by_who_waits_more() -> None:
    patience = Patience(60)

    async def wait(seconds: float) -> None:
        with patience.wait(seconds):
            await forever()

    patient = asyncio.create_task(wait(60))
    await asyncio.sleep(0)
    with pytest.raises(TimeoutError):
        await wait(0.01)
    with pytest.raises(TimeoutError):
        await wait(0.01)
    assert not patient.done()
    patient.cancel()
    await asyncio.wait([patient])


async def test_a_cancellation_from_outside_stays_one() -> None:
    async def wait() -> None:
        with Patience(60).wait(60):
            await forever()

    task = asyncio.create_task(wait())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()


async def test_what_was_cut_off_leaves_its_task_uncancelled() -> None:
    with pytest.raises(TimeoutError), Patience(60).wait(0.01):
        await forever()
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
