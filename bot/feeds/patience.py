"""Cut off whoever takes too long, with one timer for all requests: an answer that comes in time costs none."""

from __future__ import annotations

import asyncio
import math
from types import TracebackType


class Patience:
    """Watches what is waited for. A task waits for one thing at a time."""

    def __init__(self, silence: float) -> None:
        self._silence = silence  # seconds between two signs of life
        self._waits: dict[asyncio.Task[object], Wait] = {}
        self._alarm: asyncio.TimerHandle | None = None
        self._rings_at = math.inf

    def wait(self, seconds: float) -> Wait:
        """Wait so long at most for what is done inside `with`; what is cut off there ends in a TimeoutError."""
        return Wait(self, seconds)

    def heard(self) -> None:
        """Note a sign of life of what the current task waits for: from the first one on, silence is cut off too."""
        wait = self._waits.get(_current_task())
        if wait is not None:
            wait.heard()

    def close(self) -> None:
        """Stop the timer."""
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm, self._rings_at = None, math.inf

    def begin(self, wait: Wait) -> None:
        """Watch from now on."""
        self._waits[wait.task] = wait
        self.watch(wait.ends_at)

    def end(self, wait: Wait) -> None:
        """Watch no longer."""
        del self._waits[wait.task]

    def watch(self, at: float) -> None:
        """Ring by then. The timer is left alone where it rings before: what is over by then costs nothing more."""
        if at < self._rings_at:
            self.close()
            self._alarm = asyncio.get_running_loop().call_at(at, self._ring)
            self._rings_at = at

    def silent_at(self, now: float) -> float:
        """When what was heard now has been silent for too long."""
        return now + self._silence

    def _ring(self) -> None:
        """Cut off what has had its time; ring again when the next one may have had it."""
        self.close()
        now = asyncio.get_running_loop().time()
        waiting = [wait for wait in self._waits.values() if not wait.is_cut]
        for wait in waiting:
            if wait.ends_at <= now:
                wait.cut()
        self.watch(min((wait.ends_at for wait in waiting if not wait.is_cut), default=math.inf))


class Wait:
    """Something that a task waits for. It is cancelled as by `asyncio.timeout`, which takes a timer each time."""

    __slots__ = ("_cancelling", "_latest", "_patience", "_seconds", "began_at", "ends_at", "is_cut", "task")

    def __init__(self, patience: Patience, seconds: float) -> None:
        self._patience = patience
        self._seconds = seconds
        self.is_cut = False

    def __enter__(self) -> Wait:
        self.task = _current_task()
        self._cancelling = self.task.cancelling()
        self.began_at = asyncio.get_running_loop().time()
        self.ends_at = self._latest = self.began_at + self._seconds
        self._patience.begin(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._patience.end(self)
        if self.is_cut and self.task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def heard(self) -> None:
        """Note a sign of life."""
        self.ends_at = min(self._latest, self._patience.silent_at(asyncio.get_running_loop().time()))
        self._patience.watch(self.ends_at)

    def took(self) -> float:
        """Seconds since it began."""
        return asyncio.get_running_loop().time() - self.began_at

    def cut(self) -> None:
        """Cut it off."""
        self.is_cut = True
        self.task.cancel()


def _current_task() -> asyncio.Task[object]:
    task: asyncio.Task[object] | None = asyncio.current_task()
    assert task is not None
    return task
