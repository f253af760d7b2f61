"""How many posts may be on their way, sent and not yet written down? As few as the pace needs.

Where a platform drops no copies, whatever is on its way when the process is killed is sent twice: one post at the
most, as long as posts come back faster than the next are due. And while a platform stalls, what is sent to it piles up
and arrives at once: nothing follows then.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.pacing.trips import FIRST_GUESS, LONGEST, Sent, Trips

MARGIN = 1.5  # how much longer than usual one may take without keeping back the next
LATE = 1.0  # seconds: what takes longer hangs, and keeps back nobody
FASTEST = 1 / 30  # seconds: a platform that allows more is not worth more doubles
UP, DOWN = 1.25, 0.9  # a guess follows what two of three stay below
SLOW_DISK = 0.03  # seconds that writing down may take at the cost of doubles; from then on, of the pace


@dataclass(slots=True, eq=False)
class Flight:
    """One post from its grant until it is written down, or where a copy does no harm until it is answered."""

    may_double: bool = False
    began: float | None = None
    answered: float | None = None
    sent: Sent | None = None  # as "all" counts it


@dataclass(slots=True)
class Flights:
    """The posts on their way to one platform."""

    trips: Trips = field(default_factory=Trips)
    _flying: dict[Flight, float] = field(default_factory=dict)  # in the order in which they began
    _writing: float = FIRST_GUESS

    def ready_at(self, flight: Flight, gap: float, now: float) -> float:
        """When one more may begin, unless one ends before."""
        if flight.may_double:
            usual = self.trips.usual + min(self._writing, SLOW_DISK)
            room = 1 + int(MARGIN * usual / max(gap, FASTEST))
        else:
            room = 2 + int(2 * MARGIN * self.trips.usual / gap)
        young = [began for began in self._flying.values() if began > now - LATE]
        return now if len(young) < room else young[-room] + LATE

    def begin(self, flight: Flight, now: float) -> None:
        flight.began = self._flying[flight] = now

    def answer(self, flight: Flight, now: float) -> None:
        """The platform has it."""
        if flight.began is None:
            return
        flight.answered = now
        if flight.sent is not None:
            self.trips.answer(flight.sent, now)

    def end(self, flight: Flight, now: float) -> None:
        """It is written down."""
        del self._flying[flight]
        if flight.answered is not None:
            self._writing = _follow(self._writing, now - flight.answered)
        flight.began = flight.answered = flight.sent = None


def _follow(guess: float, seconds: float) -> float:
    return min(LONGEST, max(0.001, guess * (UP if seconds > guess else DOWN)))
