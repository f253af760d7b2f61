"""Run the long jobs of a process side by side, and end them together: in order first, then by force."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from datetime import timedelta
from typing import Any

GRACE = timedelta(seconds=9)  # from the wish to stop to the end of the process

Start = Callable[[str, Coroutine[Any, Any, None]], None]


@contextlib.asynccontextmanager
async def crew(stop: asyncio.Event) -> AsyncIterator[Start]:
    """Start jobs by name within the block; its end waits until one fails or `stop` is set, and ends all.

    What failed is raised again, the first if there are several. When the block itself fails the jobs end in order, too.
    """
    tasks: set[asyncio.Task[None]] = set()

    def start(name: str, job: Coroutine[Any, Any, None]) -> None:
        tasks.add(asyncio.create_task(job, name=name))

    try:
        yield start
        await _one_fails(tasks, stop)
        stop.set()
        await _in_order(tasks)
    except Exception:
        stop.set()
        await _in_order(tasks)
        raise
    finally:
        stop.set()
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    failures = [error for error in ended if isinstance(error, Exception)]
    if failures:
        raise failures[0]


async def _one_fails(tasks: set[asyncio.Task[None]], stop: asyncio.Event) -> None:
    """Wait until a job fails, all have ended, or `stop` is set."""
    waiter = asyncio.create_task(stop.wait(), name="stop")
    try:
        running = set(tasks)
        while running and not stop.is_set():
            done, _ = await asyncio.wait({*running, waiter}, return_when=asyncio.FIRST_COMPLETED)
            running -= done
            if any(task.exception() is not None for task in done if not task.cancelled()):
                return
    finally:
        waiter.cancel()


async def _in_order(tasks: set[asyncio.Task[None]]) -> None:
    """Let those finish that know when to stop; adapters listen until they are cancelled."""
    orderly = {task for task in tasks if not task.done() and not task.get_name().endswith(" adapter")}
    if orderly:
        await asyncio.wait(orderly, timeout=GRACE.total_seconds())


@contextlib.contextmanager
def stopped_by_signals(stop: asyncio.Event) -> Iterator[None]:
    """SIGTERM and Ctrl-C ask for an orderly stop; where signals do not reach a loop (Windows), Ctrl-C cancels."""
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGTERM, signal.SIGINT)
    try:
        for number in numbers:
            loop.add_signal_handler(number, stop.set)
    except (NotImplementedError, RuntimeError):  # Windows, or not the main thread
        yield
        return
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)
