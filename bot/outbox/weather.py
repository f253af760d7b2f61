"""Does a platform work at all just now? What fails while nothing gets through is the platform's fault, not the post's."""

from __future__ import annotations

from dataclasses import dataclass, field

OUTAGE = 3  # different deliveries in a row
REMEMBERED = 100


@dataclass(slots=True)
class Weather:
    """The deliveries that failed since the platform last answered sensibly."""

    _failing: set[int] = field(default_factory=set)

    @property
    def is_outage(self) -> bool:
        return len(self._failing) >= OUTAGE

    def fair(self) -> None:
        """The platform answered."""
        self._failing.clear()

    def foul(self, delivery_id: int) -> None:
        """It did not, or with a failure of its own."""
        if len(self._failing) < REMEMBERED:
            self._failing.add(delivery_id)
