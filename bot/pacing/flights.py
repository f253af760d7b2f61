"""How many posts may be on their way, sent and not yet written down? As few as the pace needs.

Where a platform drops no copies, whatever is on its way when the process is killed is sent twice: one post at the
most, as long as posts come back faster than the next are due. While the disk or the platform stalls, nothing follows.
"""

from __future__ import annotations

from dataclasses import dataclass, field

MARGIN = 1.5  # how much longer than usual one may take without keeping back the next
LATE = 1.0  # seconds: what takes longer hangs, and keeps back nobody
FIRST_GUESS = 0.01  # seconds from a grant to the written outcome
UP, DOWN = 1.25, 0.9  # the guess follows what two of three stay below


@dataclass(slots=True, eq=False)
class Flight:
    """One post from its grant until it is written down."""

    began: float | None = None


@dataclass(slots=True)
class Flights:
    """The posts on their way to one platform."""

    _flying: dict[Flight, float] = field(default_factory=dict)  # in the order in which they began
    _usual: float = FIRST_GUESS

    def ready_at(self, gap: float, now: float) -> float:
        """When one more may begin, unless one ends before."""
        room = 1 + int(MARGIN * self._usual / gap)
        young = [began for began in self._flying.values() if began > now - LATE]
        return now if len(young) < room else young[-room] + LATE

    def begin(self, flight: Flight, now: float) -> None:
        flight.began = self._flying[flight] = now

    def end(self, flight: Flight, now: float) -> None:
        began = self._flying.pop(flight)
        self._usual = min(LATE, self._usual * (UP if now - began > self._usual else DOWN))
        flight.began = None
