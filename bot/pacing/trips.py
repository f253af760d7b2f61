"""When did the platform count a message, at the latest? Seen from the answers alone.

A message is counted when it arrives: after it was sent at `s`, before it was answered at `r`. With `out` and `back` the
least times of the two ways, one that is sent at `t` is not counted before `t + out`, and one that was answered at `r`
not after `r - back`. So a limit of so many in a window surely holds if nothing is sent before
`(r - least) + window` of the one that is so many earlier, where `least = out + back` is the shortest round trip seen.
How late each arrived is known, then, and nobody has to assume it of all.

A slow answer may as well be the platform's own work on what it has long counted. So a few milliseconds are put down to
the way, and all of them only where an answer took far longer than usual.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

FIRST_GUESS = 0.01  # seconds
LONGEST = 1.0  # seconds that are believed to be usual
MEMORY = 30.0  # seconds: the shortest trip is one of the last so many to twice as many
UNSEEN = 0.0155  # seconds late: where nobody tells of an answer
AT_MOST = 0.020  # seconds late: what took longer was at the platform, and counted …
STALLED = 2  # … unless it took so many times as long as usual: then the way was blocked
MOST = 0.68  # of the answers take as long as usual, or less
FEW, MANY = 4, 64  # answers that are remembered: at first, and at most

NEVER = float("inf")


@dataclass(slots=True, eq=False)
class Sent:
    """One message, as a limit counts it."""

    at: float
    took: float | None = None  # seconds from `at` to the answer
    counted: float = 0.0  # the latest time at which it can have been counted, in the terms of `at`

    def __post_init__(self) -> None:
        self.counted = self.at + UNSEEN

    def leave(self, now: float) -> None:
        """It goes later than was thought."""
        self.at, self.counted = now, self.counted + now - self.at


@dataclass(slots=True)
class Trips:
    """How long messages take to be answered."""

    usual: float = FIRST_GUESS
    least: float = NEVER
    _least_lately: float = NEVER
    _since: float = 0.0
    _lately: deque[float] = field(default_factory=lambda: deque([FIRST_GUESS] * FEW, maxlen=MANY))
    _answered: deque[Sent] = field(default_factory=lambda: deque(maxlen=MANY))

    def answer(self, sent: Sent, now: float) -> None:
        """It was answered."""
        sent.took = now - sent.at
        self._answered.append(sent)
        self._note(sent.took)
        if now - self._since > MEMORY:
            self.least, self._least_lately, self._since = self._least_lately, NEVER, now
        self._least_lately = min(self._least_lately, sent.took)
        self._count(sent)
        if sent.took < self.least / 2:  # those before had connections to open, and came later than it seemed
            for one in self._answered:
                one.counted = one.at + (one.took or 0.0) - sent.took
        self.least = min(self.least, sent.took)

    def _note(self, took: float) -> None:
        """One stall is not what is usual, however many wait for its end."""
        self._lately.append(took)
        self.usual = min(LONGEST, sorted(self._lately)[int(len(self._lately) * MOST)])

    def _count(self, sent: Sent) -> None:
        took = sent.took or 0.0
        late = max(0.0, took - self.least)
        is_stalled = took > STALLED * self.usual
        sent.counted = sent.at + (late if is_stalled else min(late, AT_MOST))
