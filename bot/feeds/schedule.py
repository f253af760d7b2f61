"""When is a feed checked next? Decided from its own rhythm, what its server asks for, and how it fares.

Everything here is a function of its arguments. What a feed's rhythm was learned to be is kept in `Feed.rhythm`.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from bot.errors import FetchError
from bot.feeds import health
from bot.feeds import rhythm as rhythms
from bot.model import Feed, FeedDocument, FeedState

MINUTE, HOUR, DAY, WEEK = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1), timedelta(days=7)
SLOWEST = HOUR  # adaptive polling stretches the interval to this at most
STEEPNESS = 3.0  # of spans against rates; see `adaptive`
USUAL_RATES = (0.3, 6.0)  # entries an hour; between these is the rate that is checked once an interval
BUDGET = 1.15  # of a day's requests that checking each feed once an interval would need
STRETCH = 4.0  # and to so many intervals at most
AWAKE = 0.05  # entries an hour: an outlet that writes daily, by day, is found in time; see `_longest`
AWAKE_STRETCH = 0.72  # of the longest interval, for those
LONGEST_ASKED = DAY  # a server that asks for more (a year's Cache-Control) did not mean its feed
_LONGEST_SECONDS = LONGEST_ASKED.total_seconds()
FIRST_BACKOFF = 2.0  # intervals after the first failure; doubles with each one, up to a day
OUTAGE = timedelta(minutes=5)  # between two attempts while nothing can be reached
PATIENCE = WEEK  # after so long a failure the feed is paused, and
ENOUGH = 7  # failures: a machine that slept for a week has seen fewer
_NOTHING = timedelta(0)
MOVES = 3  # permanent redirects to one address in a row that move a feed

Random = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Seconds:
    """The spans of a pace as they are reckoned with."""

    interval: float
    least: float
    most: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often the operator wants feeds to be checked."""

    interval: timedelta
    least: timedelta
    usual: float = 1.0  # entries an hour: a feed of this rate is checked once an interval
    most: timedelta = field(init=False)
    seconds: Seconds = field(init=False)

    def __post_init__(self) -> None:
        """Adaptive polling stretches an interval; one under a minute is a wish for exactly that."""
        stretched = min(self.interval * STRETCH, SLOWEST) if self.interval >= MINUTE else self.interval
        object.__setattr__(self, "most", max(self.interval, stretched, self.least))
        spans = (self.interval, self.least, self.most)
        object.__setattr__(self, "seconds", Seconds(*(span.total_seconds() for span in spans)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What a decision depends on besides the feed and what its check found."""

    now: datetime
    pace: Pace
    random: Random
    every: timedelta | None = None  # the operator's wish for this one feed, whatever its server asks
    pulse: float = 1.0  # how much more than expected is written about the feed's series right now
    is_pushed: bool = False  # a hub tells us what is new: polling is only for what it may miss


def spread(url: str, within: timedelta) -> timedelta:
    """A place in a span that is always the same for a URL: all feeds at once would be a burst."""
    number = int.from_bytes(hashlib.blake2b(url.encode(), digest_size=4).digest(), "big")
    return within * (number / 2**32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a check that succeeded found out."""

    headers: Mapping[str, str]
    document: FeedDocument | None = None  # None: unchanged, nothing was parsed
    new: tuple[datetime, ...] = ()  # when the new entries were published
    newest: datetime | None = None  # of all entries
    moved_to: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    body_hash: str | None = None
    slices: bytes | None = None
    guids_are_worthless: bool | None = None
    remark: str | None = None  # what is wrong with a feed that could be read all the same


def after_success(feed: Feed, checked: Checked, moment: Moment) -> Feed:
    """The feed as it stands after a check that worked: its health, what was learned, and when it is checked next."""
    now = moment.now
    rhythm = _learned(feed.rhythm, checked, now=now)
    url, moved_to, moved_count = _moved(feed, checked.moved_to)
    return replace(
        feed,
        url=url,
        moved_to=moved_to,
        moved_count=moved_count,
        etag=checked.etag,
        last_modified=checked.last_modified,
        body_hash=checked.body_hash,
        slices=feed.slices if checked.slices is None else checked.slices,
        rhythm=rhythm,
        last_checked_at=now,
        last_success_at=now,
        last_entry_at=now if checked.new else feed.last_entry_at,
        error_count=0,
        failing_since=None,
        trouble=checked.remark,
        title=feed.title or (checked.document.title[:300] or None if checked.document else None),
        next_check_at=next_check(rhythm, moment),
    )


def is_still(feed: Feed, headers: Mapping[str, str], now: datetime) -> bool:
    """Say whether a check has taught nothing about a healthy feed: all that is to be saved is its `next_check`."""
    rhythm = feed.rhythm
    if feed.error_count or feed.moved_to or feed.last_success_at is None or "mass" not in rhythm:
        return False
    return (
        headers.get("ETag", feed.etag) == feed.etag
        and headers.get("Last-Modified", feed.last_modified) == feed.last_modified
        and _asked(rhythm, headers, now) == rhythm.get("asked")
    )


def after_failure(feed: Feed, error: FetchError, moment: Moment) -> Feed:
    """The feed as it stands after a check that failed: backing off, paused after a week, ended by a 410."""
    now, count = moment.now, min(feed.error_count + 1, 1000)
    since = feed.failing_since or now
    feed = replace(
        feed,
        last_checked_at=now,
        error_count=count,
        failing_since=since,
        trouble=error.reason,
        moved_to=None,
        moved_count=0,
    )
    if error.status == 410:
        return replace(feed, state=FeedState.GONE)
    if now - since >= PATIENCE and count >= ENOUGH:
        return replace(feed, state=FeedState.PAUSED, trouble=health.paused(since, error.reason, now=now))
    at = now + backoff(count, moment.pace.interval, moment.random)
    if error.retry_at is not None:
        at = max(at, error.retry_at)
    return replace(feed, next_check_at=at)


def after_outage(feed: Feed, error: FetchError, moment: Moment) -> Feed:
    """The feed as it stands when nothing at all can be reached: that says nothing about the feed."""
    at = moment.now + jittered(min(moment.pace.interval, OUTAGE), moment.random)
    return replace(feed, last_checked_at=moment.now, trouble=error.reason, next_check_at=at)


def next_check(rhythm: Mapping[str, Any], moment: Moment) -> datetime:
    """When to look again: by the feed's rhythm, never sooner than its server asks."""
    if moment.every is not None:
        return moment.now + jittered(moment.every, moment.random)
    # In seconds: this is decided at every check of every feed, and spans are slow to reckon with.
    seconds = max(_jittered(adaptive(rhythm, moment), moment.random), moment.pace.seconds.least)
    at = moment.now + timedelta(0, max(seconds, rhythm.get("asked", 0)))
    return unskipped(at, rhythm) if "skip_hours" in rhythm or "skip_days" in rhythm else at


def adaptive(rhythm: Mapping[str, Any], moment: Moment) -> float:
    """The seconds that fit a feed's rhythm.

    With spans that go with the inverse square root of the rates the mean wait of an entry would be least. They are steeper:
    most news comes from few feeds at few hours, and half of it is to be seen within two minutes.
    """
    pace = moment.pace.seconds
    if moment.is_pushed:
        return pace.most
    now = moment.now.timestamp()
    rate = rhythms.rate(rhythm, now)
    if rate is None:
        return max(pace.interval, pace.least)
    rate *= rhythms.glow(rhythm, now) * moment.pulse
    longest = _longest(rate, pace) if rhythms.is_known(rhythm, now) else max(pace.interval, pace.least)
    seconds: float = pace.interval * (moment.pace.usual / rate) ** STEEPNESS
    return min(max(seconds, pace.least), longest)


def _longest(rate: float, pace: Seconds) -> float:
    """The seconds that a feed of this rate waits at most: only what writes seldom, or sleeps, may wait for the longest."""
    awake = pace.most * AWAKE_STRETCH * max(AWAKE / rate, 1.0)
    return min(max(awake, pace.interval, pace.least), pace.most)


def usual_rate(known: Sequence[Mapping[str, Any]], pace: Pace, now: datetime) -> float:
    """The rate at which a feed is checked once an interval, such that all of them need a day's budget of requests in the next one.

    Adaptive polling spends the requests of fixed polling where the news is, not more of them: the more is written on a day,
    the busier a feed has to be for the same interval.
    """
    if pace.most <= pace.interval:
        return pace.usual
    seconds = pace.seconds
    wishes = []  # for each feed and hour: how often at the usual rate 1, and at least; checks an interval
    begin = now.timestamp()
    for rhythm in known:
        for step in range(24):
            at = begin + 3600 * step
            rate = rhythms.rate(rhythm, at, begin)
            if rate is not None:
                rate *= rhythms.usual_glow(rate)
                longest = _longest(rate, seconds) if rhythms.is_known(rhythm, at) else seconds.interval
                wishes.append((rate**STEEPNESS, seconds.interval / longest))
    if not wishes:
        return pace.usual
    most = seconds.interval / seconds.least
    low, high = USUAL_RATES
    for _ in range(12):
        usual = math.sqrt(low * high)
        scale = usual**-STEEPNESS
        if sum(min(max(often * scale, least), most) for often, least in wishes) > BUDGET * len(wishes):
            low = usual
        else:
            high = usual
    return round(math.sqrt(low * high), 3)


def jittered(span: timedelta, random: Random) -> timedelta:
    """Up to a tenth longer or shorter: feeds that started together drift apart."""
    return timedelta(0, _jittered(span.total_seconds(), random))


def _jittered(seconds: float, random: Random) -> float:
    return seconds * (0.9 + 0.2 * random())


def backoff(failures: int, interval: timedelta, random: Random) -> timedelta:
    """Twice as long with each failure, up to a day."""
    return min(jittered(interval * FIRST_BACKOFF ** min(failures, 40), random), DAY)


def asked_by(headers: Mapping[str, str], now: datetime) -> timedelta:
    """How long the server asks not to come back: Cache-Control's max-age less Age, else Expires (RFC 9111 4.2).

    An answer without a date is taken to be of the moment it came in (RFC 9110 6.6.1).
    """
    control = headers.get("Cache-Control", "").lower()
    if not control and "Expires" not in headers:
        return _NOTHING
    if "no-cache" in control or "no-store" in control:
        return timedelta(0)
    for part in control.split(","):
        name, _, value = part.strip().partition("=")
        if name == "max-age":
            age = headers.get("Age", "").strip()
            return _seconds(_number(value) - _number(age))
    expires = _date(headers.get("Expires", ""))
    if expires is None:
        return _NOTHING
    return _seconds((expires - (_date(headers.get("Date", "")) or now)).total_seconds())


def unskipped(at: datetime, rhythm: Mapping[str, Any]) -> datetime:
    """Move a time out of the hours and days (GMT) in which the feed says that it is never updated."""
    hours, days = rhythm.get("skip_hours", ()), rhythm.get("skip_days", ())
    for _ in range(24 * 7):
        utc = at.astimezone(UTC)
        if utc.hour not in hours and utc.weekday() not in days:
            return at
        at = utc.replace(minute=0, second=0, microsecond=0) + HOUR
    return at


def _learned(known: Mapping[str, Any], checked: Checked, *, now: datetime) -> Mapping[str, Any]:
    """What is known of a feed after a check."""
    if checked.document is None and not checked.new and "mass" in known:
        return {**known, "asked": _asked(known, checked.headers, now)}
    rhythm = dict(known)
    if checked.new or "mass" not in rhythm:
        rhythm = rhythms.learned(rhythm, checked.new, now=now)
    document = checked.document
    if document is not None:
        for key, values in (("skip_hours", document.skip_hours), ("skip_days", document.skip_days)):
            rhythm.pop(key, None)
            if values:
                rhythm[key] = sorted(values)
        rhythm["ttl"] = round((document.ttl or timedelta(0)).total_seconds())
    if checked.newest is not None:
        rhythm["newest"] = round(max(checked.newest.timestamp(), rhythm.get("newest", 0)))
    if checked.guids_are_worthless is not None:
        rhythm["by_address"] = checked.guids_are_worthless
    rhythm["asked"] = _asked(rhythm, checked.headers, now)
    return rhythm


def _asked(rhythm: Mapping[str, Any], headers: Mapping[str, str], now: datetime) -> int:
    """Seconds for which the server or the feed itself asks not to be asked again."""
    ttl: float = rhythm.get("ttl", 0)
    return round(min(max(asked_by(headers, now).total_seconds(), ttl), _LONGEST_SECONDS))


def _moved(feed: Feed, moved_to: str | None) -> tuple[str, str | None, int]:
    """Count permanent redirects to one address; the third in a row moves the feed: its URL, the target, the count."""
    if moved_to is None or moved_to == feed.url:
        return feed.url, None, 0
    count = feed.moved_count + 1 if moved_to == feed.moved_to else 1
    return (moved_to, None, 0) if count >= MOVES else (feed.url, moved_to, count)


def _number(text: str) -> int:
    text = text.strip().strip('"')
    return int(text[:9]) if text.isdigit() else 0


def _seconds(value: float) -> timedelta:
    return timedelta(seconds=max(0.0, min(value, _LONGEST_SECONDS)))


def _date(text: str) -> datetime | None:
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
