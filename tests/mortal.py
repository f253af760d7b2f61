"""Processes that are killed: from a chosen step on, nothing that they do has any effect."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextvars import ContextVar, copy_context
from typing import Any


class Killed(asyncio.CancelledError):
    """kill -9. Handlers of cancellations may run, but nothing that they do has an effect any more."""


class Fate:
    """Counts the steps of a process between itself and the world, and ends it at one of them."""

    def __init__(self, at: int = 0, *, step: str = "") -> None:
        self.at, self.step_name = at, step  # the number or name of the step; neither: it lives on
        self.steps = 0
        self.last = ""
        self.dead = asyncio.Event()

    def step(self, what: str) -> None:
        if not self.dead.is_set():
            self.steps += 1
            self.last = what
            if self.steps == self.at or what == self.step_name:
                self.dead.set()
        if self.dead.is_set():
            raise Killed(what)


class Mortal:
    """Stands between a process and a store or platform: before and after each call there is a step."""

    def __init__(self, inner: Any, fate: Fate, *steps: str) -> None:
        self._inner, self._fate, self._steps = inner, fate, steps

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._inner, name)
        if not asyncio.iscoroutinefunction(value):
            return value

        async def call(*args: Any, **kwargs: Any) -> Any:
            if name not in self._steps:
                if self._fate.dead.is_set():
                    raise Killed(name)
                return await value(*args, **kwargs)
            self._fate.step(f"before {name}")
            result = await value(*args, **kwargs)
            self._fate.step(f"after {name}")
            return result

        return call


_family: ContextVar[set[asyncio.Task[Any]] | None] = ContextVar("family", default=None)


def _keep_families(
    loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, Any], **more: Any
) -> asyncio.Task[Any]:
    task = asyncio.Task(work, loop=loop, **more)
    if (family := _family.get()) is not None:
        family.add(task)
    return task


async def live(life: Coroutine[Any, Any, Any], fate: Fate) -> bool:
    """Let a process live until its end or its death, with all its tasks; True when it came to its end."""
    loop = asyncio.get_running_loop()
    loop.set_task_factory(_keep_families)
    family: set[asyncio.Task[Any]] = set()
    context = copy_context()
    context.run(_family.set, family)
    main = loop.create_task(life, context=context)
    death = loop.create_task(fate.dead.wait())
    await asyncio.wait({main, death}, return_when=asyncio.FIRST_COMPLETED)
    is_alive = not fate.dead.is_set()
    family |= {main, death}
    while left := [task for task in family if not task.done()]:
        for task in left:
            task.cancel()
        await asyncio.wait(left, timeout=1)
    if is_alive:
        main.result()
    return is_alive
