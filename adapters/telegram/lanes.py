"""Updates in order in each chat, chats side by side, and no chat able to hold up the others."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

import structlog
from telegram import Update

log = structlog.get_logger()

MOST_WAITING = 20  # updates of one chat; what comes on top of that is dropped
MOST_IN_ALL = 1_000
GRACE = 2.5  # seconds that updates under way are given when Pitwire stops

Handler = Callable[[Update], Awaitable[None]]
Done = Callable[[], None]


class Lanes:
    """A queue a chat, each with a worker for as long as it is not empty."""

    def __init__(self, handle: Handler, arrived: Callable[[Update], None]) -> None:
        self._handle = handle
        self._arrived = arrived  # told of each update at once, before its turn
        self._lanes: dict[str, deque[tuple[Update, Done]]] = {}
        self._workers: set[asyncio.Task[None]] = set()
        self._full: set[str] = set()  # said once each
        self._waiting = 0

    @property
    def is_full(self) -> bool:
        return self._waiting >= MOST_IN_ALL

    def put(self, update: Update, done: Done) -> None:
        """Queue an update. `done` is called when it was answered, or dropped."""
        name = lane_of(update)
        self._arrived(update)
        lane = self._lanes.get(name)
        if lane is None:
            lane = self._lanes[name] = deque()
            worker = asyncio.create_task(self._work(name, lane), name=f"telegram {name}")
            self._workers.add(worker)
            worker.add_done_callback(self._workers.discard)
        if update.inline_query is not None:  # each key press asks anew: only the last one counts
            while lane:
                self._drop(lane)
        if len(lane) >= MOST_WAITING:
            if name not in self._full:
                self._full.add(name)
                log.info("updates dropped", lane=name)
            done()
            return
        lane.append((update, done))
        self._waiting += 1

    async def close(self) -> None:
        """Let what is under way finish; what waits is left for the next start."""
        for lane in self._lanes.values():
            self._waiting -= len(lane)
            lane.clear()
        if self._workers:
            await asyncio.wait(self._workers, timeout=GRACE)
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)

    async def _work(self, name: str, lane: deque[tuple[Update, Done]]) -> None:
        try:
            while lane:
                update, done = lane.popleft()
                self._waiting -= 1
                try:
                    await self._handle(update)
                except Exception as error:  # the edge of one unit of work
                    log.error("update failed", lane=name, error=type(error).__name__, exc_info=True)
                done()
        finally:
            self._lanes.pop(name, None)
            self._full.discard(name)

    def _drop(self, lane: deque[tuple[Update, Done]]) -> None:
        _, done = lane.popleft()
        self._waiting -= 1
        done()


def lane_of(update: Update) -> str:
    """Name the queue of an update: its chat, or the person who types an inline query."""
    if update.inline_query is not None:
        return f"inline {update.inline_query.from_user.id}"
    return f"chat {update.effective_chat.id}" if update.effective_chat else "others"
