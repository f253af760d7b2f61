"""What a feed's past says about its next entry: how many an hour it writes, at this hour, on this day.

A rhythm is a small mapping that is kept as JSON in `Feed.rhythm`. All counts fade with a half-life, so a feed that
changes its habits is learned anew within weeks. The counts by hour and by day are kept as one word each ("0 0.5 3 …"):
it is read at every check, and of them three are needed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

HALF_LIFE = timedelta(days=14)
REMEMBERED = timedelta(days=28)  # entries older than that say nothing about today
SHORTEST_PAST = timedelta(hours=6)  # what is assumed of a feed whose entries all carry one time
_DAY = 86_400.0
LEAST_RATE = 1 / 500  # entries an hour: a sleeping feed
WEEKS_KNOWN = timedelta(days=13)  # before that, "it writes nothing on Sundays" was never observed
AFTERGLOW = timedelta(minutes=40)  # an outlet that has just published is likely to go on
PRIOR = 0.25  # of an entry, in every hour and day
GLOW = 0.5  # so much likelier, right after an entry

# As floats: a rate is asked for at every check of every feed.
_LIFE = HALF_LIFE.total_seconds()
_LIFE_HOURS = _LIFE / 3600 / math.log(2)  # over which a fading count adds up
_SHORTEST_SECONDS, _WEEKS_SECONDS = SHORTEST_PAST.total_seconds(), WEEKS_KNOWN.total_seconds()
_AFTERGLOW_SECONDS = AFTERGLOW.total_seconds()


def learned(rhythm: Mapping[str, Any], times: Iterable[datetime], *, now: datetime) -> dict[str, Any]:
    """Add the times of new entries to what is known."""
    past = dict(rhythm)
    fresh = sorted(min(at, now) for at in times if now - at < REMEMBERED)
    if "at" not in past:
        since = min(fresh[0], now - SHORTEST_PAST) if fresh else now
        past |= {"since": since.timestamp(), "mass": 0.0, "hours": "0 " * 24, "days": "0 " * 7}
        past["at"] = now.timestamp()
    fade = _fade(now.timestamp() - past["at"])
    hours = [float(value) * fade for value in past["hours"].split()]
    days = [float(value) * fade for value in past["days"].split()]
    mass = past["mass"] * fade
    for at in fresh:
        weight = _fade((now - at).total_seconds())
        utc = at.astimezone(UTC)
        hours[utc.hour] += weight
        days[utc.weekday()] += weight
        mass += weight
    past |= {
        "at": round(now.timestamp()),
        "mass": round(mass, 4),
        "hours": " ".join(f"{value:.3g}" for value in hours),
        "days": " ".join(f"{value:.3g}" for value in days),
    }
    if fresh:
        past["last"] = round(max(fresh[-1].timestamp(), past.get("last", 0)))
    return past


def rate(rhythm: Mapping[str, Any], at: float, now: float | None = None) -> float | None:
    """Expected entries an hour at a time, in seconds since 1970; None where nothing was learned yet.

    With `now`, the time may be to come: what was not yet listened to is no silence.
    """
    if "mass" not in rhythm:
        return None
    mass: float = rhythm["mass"]
    since_known: float = max((at if now is None else now) - rhythm["at"], 0.0)
    seconds: float = max(rhythm["at"] + since_known - rhythm["since"], _SHORTEST_SECONDS)
    observed = _LIFE_HOURS * (1 - _fade(seconds))
    hour, hours = int(at // 3600) % 24, rhythm["hours"].split()
    # Neighbouring hours are alike.
    here = 0.5 * float(hours[hour]) + 0.25 * (float(hours[hour - 1]) + float(hours[(hour + 1) % 24]))
    # An hour that no whole days were watched for says nothing: thirty entries of one morning are no habit.
    trust = min(max((seconds - _DAY) / (2 * _DAY), 0.0), 1.0)
    factor = 1 + trust * (_share(here, mass / 24) - 1)
    if seconds > _WEEKS_SECONDS:
        factor *= _share(float(rhythm["days"].split()[_weekday(at)]), mass / 7)
    return max(mass * _fade(since_known) / observed * factor, LEAST_RATE)


def is_known(rhythm: Mapping[str, Any], at: float) -> bool:
    """Say whether a feed was watched, or its entries reach back, for a day: before, silence means nothing."""
    return bool(at - rhythm["since"] >= _DAY)


def glow(rhythm: Mapping[str, Any], at: float) -> float:
    """How much likelier than usual an entry is, for what the feed itself wrote just now."""
    return 1 + GLOW * math.exp(-max(at - rhythm.get("last", 0), 0.0) / _AFTERGLOW_SECONDS)


def _weekday(at: float) -> int:
    return (int(at // _DAY) + 3) % 7  # 1970 began on a Thursday


def _share(here: float, mean: float) -> float:
    """How this hour (day) compares to the mean one: 1 is the same. Few observations stay near 1."""
    return (here + PRIOR) / (mean + PRIOR)


def usual_glow(a_rate: float) -> float:
    """The mean of `glow` over time for a feed of this rate: entries an hour."""
    often = a_rate * (AFTERGLOW / timedelta(hours=1))
    return 1 + GLOW * often / (1 + often)


def _fade(seconds: float) -> float:
    return float(0.5 ** (max(seconds, 0) / _LIFE))
