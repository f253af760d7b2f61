"""Ask one host one thing at a time, with a pause between two: politeness that costs nothing when nobody waits."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass(slots=True)
class _Queue:
    """Who waits for a host that is being asked, or was within the last gap."""

    urgent: deque[asyncio.Future[None]] = field(default_factory=deque)
    patient: deque[asyncio.Future[None]] = field(default_factory=deque)


class Turns:
    """Places in a queue for each host (name and port). What is asked for a story goes before the next poll."""

    def __init__(self, gap: float) -> None:
        self._gap = gap
        self._hosts: dict[str, _Queue | None] = {}  # None: nobody waits

    async def take(self, host: str, *, urgent: bool = False) -> None:
        """Wait for the host. Whoever took it must `leave` it: nobody else asks it meanwhile."""
        if host not in self._hosts:
            self._hosts[host] = None
            return
        queue = self._hosts[host]
        if queue is None:
            queue = self._hosts[host] = _Queue()
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        line = queue.urgent if urgent else queue.patient
        line.append(place)
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                self._next(host)  # the turn was given in the same moment: pass it on
            raise

    def leave(self, host: str) -> None:
        """Let the next one ask, when the gap is over."""
        if self._gap > 0:
            asyncio.get_running_loop().call_later(self._gap, self._next, host)
        else:
            self._next(host)

    @asynccontextmanager
    async def turn(self, host: str, *, urgent: bool = False) -> AsyncIterator[None]:
        """Hold the host."""
        await self.take(host, urgent=urgent)
        try:
            yield
        finally:
            self.leave(host)

    def _next(self, host: str) -> None:
        queue = self._hosts[host]
        for line in (queue.urgent, queue.patient) if queue else ():
            while line:
                place = line.popleft()
                if not place.done():
                    place.set_result(None)
                    return
        del self._hosts[host]
