"""Ask one host one thing at a time, with a pause between two: politeness that costs nothing when nobody waits."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass(slots=True)
class _Host:
    """A host that is being asked, or was within the last gap."""

    urgent: deque[asyncio.Future[None]] = field(default_factory=deque)
    patient: deque[asyncio.Future[None]] = field(default_factory=deque)


class Turns:
    """Places in a queue for each host (name and port). What is asked for a story goes before the next poll."""

    def __init__(self, gap: float) -> None:
        self._gap = gap
        self._hosts: dict[str, _Host] = {}

    async def take(self, host: str, *, urgent: bool = False) -> None:
        """Wait for the host. Whoever took it must `leave` it: nobody else asks it meanwhile."""
        queue = self._hosts.get(host)
        if queue is None:
            self._hosts[host] = _Host()
            return
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

    def waiting(self, host: str) -> int:
        """Count who waits for a host: a reason to keep its connection open."""
        queue = self._hosts.get(host)
        return len(queue.urgent) + len(queue.patient) if queue else 0

    def _next(self, host: str) -> None:
        queue = self._hosts[host]
        for line in (queue.urgent, queue.patient):
            while line:
                place = line.popleft()
                if not place.done():
                    place.set_result(None)
                    return
        del self._hosts[host]
