"""How much more than usual is written about a series right now: a session is on, or something happened."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

QUICK = timedelta(minutes=30)  # half-life of what "right now" means
SLOW = timedelta(days=7)  # half-life of what is usual
STRONGEST = 4.0
STEADY = 3.0  # entries that must stand behind a pulse: one more than none is no session


@dataclass(slots=True)
class _Beat:
    at: datetime
    quick: float = 0.0
    slow: float = 0.0

    def fade(self, now: datetime) -> None:
        span = max(now - self.at, timedelta(0))
        self.quick *= 0.5 ** (span / QUICK)
        self.slow *= 0.5 ** (span / SLOW)
        self.at = max(self.at, now)


class Pulse:
    """Counts new entries a series over all feeds, fading."""

    def __init__(self, started_at: datetime) -> None:
        self._started_at = started_at
        self._beats: dict[str, _Beat] = {}

    def beat(self, series: Iterable[str], now: datetime) -> None:
        """Take note of a new entry about these series."""
        for slug in series:
            found = self._beats.setdefault(slug, _Beat(at=now))
            found.fade(now)
            found.quick += 1
            found.slow += 1

    def of(self, series: Iterable[str], now: datetime) -> float:
        """1 is as usual; up to STRONGEST while one of the series is much written about."""
        return max((self._one(slug, now) for slug in series), default=1.0)

    def _one(self, slug: str, now: datetime) -> float:
        beat = self._beats.get(slug)
        if beat is None:
            return 1.0
        beat.fade(now)
        known = min(max(now - self._started_at, QUICK), SLOW)
        usual = beat.slow * (QUICK / known)
        return min(max((beat.quick + 1) / (max(usual, STEADY) + 1), 1.0), STRONGEST)
