"""How much more (or less) than on the rest of the day is written about a series right now: a session is on, or something happened."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

HALF_LIFE = timedelta(minutes=40)  # of what "right now" means
DAY_HALF_LIFE = timedelta(hours=2)  # of what the rest of the day is like
STRONGEST, WEAKEST = 2.5, 0.5
STEADY = 10.0  # entries that are taken as seen and expected anyway: a few more than usual are no session
ANY = ("",)  # feeds that are about nothing in particular are a series of their own


@dataclass(slots=True)
class _Beat:
    """What came in lately, what was expected to, both fading, and how much more is expected an hour."""

    half_life: float
    at: datetime
    seen: float = 0.0
    expected: float = 0.0
    rate: float = 0.0

    def fade(self, now: datetime) -> None:
        seconds = (now - self.at).total_seconds()
        if seconds > 0:
            left = 0.5 ** (seconds / self.half_life)
            self.seen *= left
            coming = self.rate * self.half_life / 3600 / math.log(2)  # what a lasting rate adds up to
            self.expected = coming + (self.expected - coming) * left
            self.at = now

    def ratio(self, now: datetime, day: float = 1.0) -> float:
        """Compare what came in with what was expected of such a day."""
        self.fade(now)
        return (self.seen + STEADY) / (self.expected * day + STEADY)


class Pulse:
    """Compares, over all feeds of a series, what they wrote with what their rhythms let expect.

    A day on which all write more than usual is no session: a series is louder only than the day is. So the pulse moves
    requests to where the news is, and asks for no more of them.
    """

    def __init__(self) -> None:
        self._beats: dict[str, _Beat] = {}
        self._day: _Beat | None = None
        self._told: dict[
            Sequence[str], float
        ] = {}  # of one moment: many feeds of a series are asked about in one go
        self._told_at: datetime | None = None

    def expect(self, rates: Iterable[tuple[Sequence[str], float]], now: datetime) -> None:
        """Take note of what each feed lets expect this hour: its series, and entries an hour."""
        expected: dict[str, float] = {}
        for series, rate in rates:
            for slug in series or ANY:
                share = rate / len(series or ANY)
                expected[slug] = expected.get(slug, 0.0) + share
        for slug in expected.keys() | self._beats.keys():
            beat = self._beats.setdefault(slug, _Beat(HALF_LIFE.total_seconds(), now))
            beat.fade(now)
            beat.rate = expected.get(slug, 0.0)
        if self._day is None:
            self._day = _Beat(DAY_HALF_LIFE.total_seconds(), now)
        self._day.fade(now)
        self._day.rate = sum(expected.values())
        self._told_at = None

    def beat(self, series: Sequence[str], new: int, now: datetime) -> None:
        """Take note of new entries of a feed."""
        if self._day is None:
            return
        self._day.fade(now)
        self._day.seen += new
        self._told_at = None
        series = series or ANY
        for slug in series:
            found = self._beats.get(slug)
            if found is not None:
                found.fade(now)
                found.seen += new / len(series)

    def of(self, series: Sequence[str], now: datetime) -> float:
        """1 is as expected; STRONGEST while one of the series is much written about, WEAKEST while all are quiet."""
        if self._day is None:
            return 1.0
        if now is not self._told_at:
            self._told, self._told_at = {}, now
        told = self._told.get(series)
        if told is None:
            day = self._day.ratio(now)
            loudest = max(self._one(slug, now, day) for slug in series or ANY)
            told = self._told[series] = min(max(loudest, WEAKEST), STRONGEST)
        return told

    def _one(self, slug: str, now: datetime, day: float) -> float:
        beat = self._beats.get(slug)
        return 1.0 if beat is None else beat.ratio(now, day)
