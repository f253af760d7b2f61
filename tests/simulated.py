"""Run asyncio on simulated time: a timer costs no waiting, an hour passes as soon as nobody has anything to do."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

T = TypeVar("T")
START = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)


class _Selector(selectors.DefaultSelector):
    """Instead of waiting for a timer, move the clock on to it. While a thread works for us, time stands still."""

    def __init__(self) -> None:
        super().__init__()
        self.time = 0.0
        self.busy = 0  # calls into threads (a store's) that are not back yet

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or self.busy:
            return super().select(timeout if timeout == 0 else 5.0)
        events = super().select(0)
        if not events:
            self.time += max(0.0, timeout)
        return events


class SimulatedLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self.simulated = _Selector()
        super().__init__(self.simulated)

    def time(self) -> float:
        return self.simulated.time


def simulate(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end on simulated time."""
    with asyncio.Runner(loop_factory=SimulatedLoop) as runner:
        return runner.run(main)


def simulated_now() -> datetime:
    """The wall clock that goes with the simulated loop: to pass where the code takes `now`."""
    return START + timedelta(seconds=asyncio.get_running_loop().time())


class Unhurried:
    """Stand between the code and an object whose methods work in threads: simulated time waits for them."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._inner, name)
        if not asyncio.iscoroutinefunction(value):
            return value

        async def call(*args: Any, **kwargs: Any) -> Any:
            loop = asyncio.get_running_loop()
            assert isinstance(loop, SimulatedLoop)
            loop.simulated.busy += 1
            try:
                return await value(*args, **kwargs)
            finally:
                loop.simulated.busy -= 1

        return call
