"""The rate limits of any platform, in one implementation: nested buckets, evenly used, obedient to a 429."""

from bot.pacing.bucket import ALL
from bot.pacing.flights import Flight
from bot.pacing.pacer import Pacer

__all__ = ["ALL", "Flight", "Pacer"]
