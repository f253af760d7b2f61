"""How much more (or less) than expected is written about a series right now: a session is on, or something happened."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

HALF_LIFE = timedelta(minutes=20)  # of what "right now" means
STRONGEST, WEAKEST = 4.0, 0.7
STEADY = 1.5  # entries that are taken as seen and expected anyway: one more than none is no session
ANY = ("",)  # feeds that are about nothing in particular are a series of their own

_HOURS = HALF_LIFE / timedelta(hours=1) / math.log(2)  # over which a fading count adds up


@dataclass(slots=True)
class _Beat:
    """What came in lately about a series, fading."""

    at: datetime
    seen: float = 0.0

    def fade(self, now: datetime) -> None:
        if now > self.at:
            self.seen *= 0.5 ** ((now - self.at) / HALF_LIFE)
            self.at = now


class Pulse:
    """Compares, over all feeds of a series, what they wrote with what their rhythms let expect."""

    def __init__(self) -> None:
        self._beats: dict[str, _Beat] = {}
        self._expected: dict[str, float] = {}

    def expect(self, rates: Iterable[tuple[Sequence[str], float]]) -> None:
        """Take note of what each feed lets expect this hour: its series, and entries an hour."""
        self._expected = {}
        for series, rate in rates:
            for slug in series or ANY:
                share = rate / len(series or ANY)
                self._expected[slug] = self._expected.get(slug, 0.0) + share

    def beat(self, series: Sequence[str], new: int, now: datetime) -> None:
        """Take note of new entries of a feed."""
        series = series or ANY
        for slug in series:
            found = self._beats.setdefault(slug, _Beat(at=now))
            found.fade(now)
            found.seen += new / len(series)

    def of(self, series: Sequence[str], now: datetime) -> float:
        """1 is as expected; STRONGEST while one of the series is much written about, WEAKEST while all are quiet."""
        return max(self._one(slug, now) for slug in series or ANY)

    def _one(self, slug: str, now: datetime) -> float:
        expected = self._expected.get(slug)
        if expected is None:
            return 1.0
        beat = self._beats.get(slug)
        if beat is not None:
            beat.fade(now)
        ratio = ((beat.seen if beat else 0.0) + STEADY) / (expected * _HOURS + STEADY)
        return min(max(ratio, WEAKEST), STRONGEST)
