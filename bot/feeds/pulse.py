"""How much more (or less) than expected is written about a series right now: a session is on, or something happened."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

HALF_LIFE = timedelta(minutes=20)  # of what "right now" means
STRONGEST, WEAKEST = 4.0, 0.7
STEADY = 1.5  # entries that are taken as seen and expected anyway: one more than none is no session
ANY = ("",)  # feeds that are about nothing in particular are a series of their own

_HOURS = HALF_LIFE / timedelta(hours=1) / math.log(2)  # over which a fading count adds up


@dataclass(slots=True)
class _Beat:
    """A series: what came in lately, and what its feeds let expect an hour."""

    at: datetime
    seen: float = 0.0
    expected: float = 0.0
    rates: dict[int, float] = field(default_factory=dict)

    def fade(self, now: datetime) -> None:
        if now > self.at:
            self.seen *= 0.5 ** ((now - self.at) / HALF_LIFE)
            self.at = now


class Pulse:
    """Compares, over all feeds of a series, what they wrote with what their rhythms let expect."""

    def __init__(self) -> None:
        self._beats: dict[str, _Beat] = {}

    def beat(self, feed_id: int, series: Sequence[str], rate: float, new: int, now: datetime) -> None:
        """Take note of a check: the feed's expected entries an hour, and how many it had."""
        series = series or ANY
        for slug in series:
            found = self._beats.setdefault(slug, _Beat(at=now))
            if new:
                found.fade(now)
                found.seen += new / len(series)
            share = rate / len(series)
            found.expected += share - found.rates.get(feed_id, 0.0)
            found.rates[feed_id] = share

    def of(self, series: Sequence[str], now: datetime) -> float:
        """1 is as expected; STRONGEST while one of the series is much written about, WEAKEST while all are quiet."""
        return max(self._one(slug, now) for slug in series or ANY)

    def _one(self, slug: str, now: datetime) -> float:
        beat = self._beats.get(slug)
        if beat is None:
            return 1.0
        beat.fade(now)
        ratio = (beat.seen + STEADY) / (max(beat.expected, 0.0) * _HOURS + STEADY)
        return min(max(ratio, WEAKEST), STRONGEST)
