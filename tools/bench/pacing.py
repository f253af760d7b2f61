"""How much of a platform's limit do posts use, and how often are they refused? 10,000 posts to 200 places, simulated.

    python -m tools.bench.pacing

Time is simulated, so that an hour of sending takes a second; what the pacer itself costs is real.
"""

from __future__ import annotations

import asyncio
import logging
import random
import statistics
import time
from collections import deque
from dataclasses import dataclass, field
from datetime import timedelta

import structlog
from rich.console import Console
from rich.table import Table

from bot.model import Lane, Rate
from bot.pacing import ALL, Flight, Pacer
from tests.simulated import simulate

POSTS, PLACES, SENDERS = 10_000, 200, 32
LATENCY = 0.08  # seconds one way, and jitter on top
SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Platform:
    name: str
    limit: int
    place: dict[str, Rate]


DISCORD = Platform("Discord", 50, {"channel": Rate(count=5, per=timedelta(seconds=5))})
TELEGRAM = Platform(
    "Telegram", 30, {"chat": Rate(count=1, per=SECOND), "group": Rate(count=20, per=timedelta(minutes=1))}
)


@dataclass
class Result:
    accepted: int = 0
    refused: int = 0
    seconds: float = 0.0
    answers: list[float] = field(default_factory=list)


class Server:
    """Counts as strictly as one can: a window that slides, or one that its first hit opens."""

    def __init__(self, limit: int, *, slides: bool) -> None:
        self.limit, self.slides = limit, slides
        self.hits: deque[float] = deque()
        self.end = 0.0

    def accepts(self, now: float) -> bool:
        if self.slides:
            while self.hits and self.hits[0] <= now - 1:
                self.hits.popleft()
        elif now >= self.end:
            self.hits.clear()
            self.end = now + 1
        if len(self.hits) >= self.limit:
            return False
        self.hits.append(now)
        return True

    def retry_after(self, now: float) -> timedelta:
        """What a 429 says."""
        return timedelta(seconds=(self.hits[0] + 1 if self.slides else self.end) - now)


async def flood(platform: Platform, jitter: float, *, slides: bool, answers: bool = False) -> Result:
    """Senders that refill, a post to each place in turn, and now and then somebody who asks for an answer."""
    loop, rng = asyncio.get_running_loop(), random.Random(1)
    pacer, server, result = Pacer("bench"), Server(platform.limit, slides=slides), Result()
    todo = iter(range(POSTS))
    whole = {ALL: Rate(count=platform.limit, per=SECOND)}
    last = 0.0

    async def send(place: int, lane: Lane) -> None:
        nonlocal last
        buckets = whole | {f"{name} {place}": rate for name, rate in platform.place.items()}
        while True:
            flight = Flight()
            await pacer.slot(buckets, lane, flight=flight if lane is Lane.NEWS else None)
            await asyncio.sleep(LATENCY + rng.uniform(0, jitter))
            is_accepted, wait = server.accepts(loop.time()), server.retry_after(loop.time())
            last = loop.time()
            await asyncio.sleep(LATENCY)
            if is_accepted:
                pacer.answered(flight)
                result.accepted += 1
                return
            result.refused += 1
            pacer.land(flight)
            pacer.hold(ALL, wait)

    async def sender() -> None:
        for number in todo:
            await send(number % PLACES, Lane.NEWS)

    async def asker() -> None:
        while result.accepted < POSTS * 0.95:
            await asyncio.sleep(7)
            began = loop.time()
            await send(rng.randrange(PLACES), Lane.ANSWER)
            result.answers.append(loop.time() - began - 2 * LATENCY)

    async with asyncio.TaskGroup() as group:
        for _ in range(SENDERS):
            group.create_task(sender())
        if answers:
            group.create_task(asker())
    result.seconds = last
    return result


def cost() -> float:
    """Microseconds of this machine for one slot, with a full hand of senders waiting."""

    async def work() -> float:
        pacer = Pacer("bench", monotonic=lambda: ticks[0])
        ticks = [0.0]
        began = time.process_time()
        for number in range(5000):
            ticks[0] += 1.0
            await pacer.slot({ALL: Rate(count=50, per=SECOND), f"channel {number}": CHANNEL}, Lane.NEWS)
        return (time.process_time() - began) / 5000 * 1e6

    return statistics.median(asyncio.run(work()) for _ in range(3))


CHANNEL = DISCORD.place["channel"]


def main() -> None:
    """Print the table."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    table = Table(title=f"{POSTS:,} posts over {PLACES} places, {SENDERS} senders")
    for column in ("platform", "window", "jitter", "posts/s", "of the limit", "429s", "answers: worst wait"):
        table.add_column(column, justify="right")
    for platform in (DISCORD, TELEGRAM):
        for slides in (False, True):
            for jitter in (0.0, 0.010, 0.020, 0.050, 0.100):
                result = simulate(flood(platform, jitter, slides=slides, answers=True))
                rate = (result.accepted - 1) / (result.seconds - LATENCY)
                table.add_row(
                    platform.name,
                    "sliding" if slides else "fixed",
                    f"{jitter * 1000:.0f} ms",
                    f"{rate:.2f}",
                    f"{rate / platform.limit:.1%}",
                    str(result.refused),
                    f"{max(result.answers) * 1000:.0f} ms",
                )
    Console().print(table)
    Console().print(f"One slot costs {cost():.0f} µs of CPU.")


if __name__ == "__main__":
    main()
