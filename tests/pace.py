"""A pace that never waits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from bot.model import Lane, Rate


@dataclass
class Paper:
    """A pace that remembers what was drawn from, what was learned and what was held."""

    slots: list[tuple[tuple[str, ...], Lane]] = field(default_factory=list)
    learned: list[tuple[str, int, timedelta, Rate | None]] = field(default_factory=list)
    held: list[tuple[str, timedelta]] = field(default_factory=list)

    async def slot(self, buckets: Mapping[str, Rate], lane: Lane) -> None:
        self.slots.append((tuple(buckets), lane))

    def learn(self, bucket: str, *, remaining: int, reset_after: timedelta, rate: Rate | None = None) -> None:
        self.learned.append((bucket, remaining, reset_after, rate))

    def hold(self, bucket: str, retry_after: timedelta) -> None:
        self.held.append((bucket, retry_after))
