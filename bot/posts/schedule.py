"""When a destination hears: digests and quiet hours in its own time zone, right through both nights a year."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import cache, lru_cache
from zoneinfo import ZoneInfo, available_timezones

from bot.errors import UserError
from bot.model import Preferences

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_TIME = re.compile(r"([01]?\d|2[0-3])[:.h]([0-5]\d)")
_DAY = timedelta(days=1)


class ScheduleKind(StrEnum):
    NOW = "now"
    DAILY = "daily"
    WEEKLY = "weekly"
    SESSION = "after-session"


@dataclass(frozen=True, slots=True)
class Schedule:
    kind: ScheduleKind = ScheduleKind.NOW
    at: time = time(8)
    weekday: int = 0  # Monday is 0

    def __str__(self) -> str:
        """Write it as preferences keep it."""
        match self.kind:
            case ScheduleKind.NOW:
                return "now"
            case ScheduleKind.SESSION:
                return "digest after-session"
            case ScheduleKind.DAILY:
                return f"digest daily {self.at:%H:%M}"
            case ScheduleKind.WEEKLY:
                return f"digest weekly {WEEKDAYS[self.weekday]} {self.at:%H:%M}"


@dataclass(frozen=True, slots=True)
class QuietHours:
    begin: time
    end: time

    def __str__(self) -> str:
        """Write them as preferences keep them."""
        return f"{self.begin:%H:%M}-{self.end:%H:%M}"


# ── reading what a person wrote ──


def parse_time(text: str) -> time:
    """Read "08:00", "8.30" or "8h30"; raises UserError."""
    match = _TIME.fullmatch(text.strip().lower())
    if match is None:
        raise UserError("commands.wrong.time", given=text)
    return time(int(match[1]), int(match[2]))


def parse_schedule(text: str) -> Schedule:
    """Read "now", "digest daily 08:00", "digest weekly mon 08:00" or "digest after-session"; raises UserError."""
    match text.lower().removeprefix("digest ").split():
        case ["now"]:
            return Schedule()
        case ["after-session"]:
            return Schedule(ScheduleKind.SESSION)
        case ["daily"]:
            return Schedule(ScheduleKind.DAILY)
        case ["daily", at]:
            return Schedule(ScheduleKind.DAILY, parse_time(at))
        case ["weekly", day, *at] if day[:3] in WEEKDAYS and len(at) < 2:
            return Schedule(
                ScheduleKind.WEEKLY, parse_time(at[0]) if at else time(8), WEEKDAYS.index(day[:3])
            )
    raise UserError("commands.wrong.schedule", given=text)


def parse_quiet(text: str) -> QuietHours:
    """Read "23:00-07:00"; raises UserError."""
    begin, _, end = re.sub(r"\s*[-–—]\s*|\s+", "-", text.strip()).partition("-")
    if not end:
        raise UserError("commands.wrong.quiet", given=text)
    quiet = QuietHours(parse_time(begin), parse_time(end))
    if quiet.begin == quiet.end:
        raise UserError("commands.wrong.quiet", given=text)
    return quiet


def parse_zone(text: str) -> str:
    """Find the IANA name of a zone, however it is capitalised, or by its city alone; raises UserError."""
    wanted = text.strip().replace(" ", "_").casefold()
    names = _zone_names()
    for name in names:
        if name.casefold() == wanted:
            return name
    cities = [name for name in names if name.casefold().rpartition("/")[2] == wanted and "/" in name]
    if cities:
        return min(cities, key=lambda name: (name.count("/"), name))
    raise UserError("commands.wrong.zone", given=text)


@cache
def _zone_names() -> tuple[str, ...]:
    """All zones; finding them reads a thousand files."""
    return tuple(sorted(available_timezones()))


# ── reading what preferences keep: never raises ──


@lru_cache(maxsize=256)
def zone_of(name: str) -> ZoneInfo:
    """The zone of preferences; UTC for a name that this system does not know."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return ZoneInfo("UTC")


@lru_cache(maxsize=256)
def _schedule(text: str) -> Schedule:
    try:
        return parse_schedule(text)
    except UserError:
        return Schedule()


def schedule_of(preferences: Preferences) -> Schedule:
    """The schedule of preferences; "now" for what this version does not understand."""
    return _schedule(preferences.schedule)


@lru_cache(maxsize=256)
def _quiet(text: str) -> QuietHours | None:
    try:
        return parse_quiet(text) if text else None
    except UserError:
        return None


# ── deciding ──


def next_digest_at(preferences: Preferences, after: datetime) -> datetime | None:
    """The first moment later than `after` at which a daily or weekly digest is due; None without one."""
    return next((slot for slot in _slots(preferences, after, (0, 1, 2, 7, 8)) if slot > after), None)


def last_digest_at(preferences: Preferences, now: datetime) -> datetime | None:
    """The latest moment not later than `now` at which a daily or weekly digest was due."""
    return next((slot for slot in _slots(preferences, now, (1, 0, -1, -2, -7, -8)) if slot <= now), None)


def slot_name(preferences: Preferences, at: datetime) -> str:
    """Name a slot by its local date: once a day, on the night with 25 hours too."""
    schedule = schedule_of(preferences)
    return f"{at.astimezone(zone_of(preferences.timezone)):%Y-%m-%d} {schedule.at:%H:%M}"


def quiet_until(preferences: Preferences, now: datetime) -> datetime | None:
    """The end of the quiet hours that `now` lies in; None outside of them."""
    quiet = _quiet(preferences.quiet)
    if quiet is None:
        return None
    zone = zone_of(preferences.timezone)
    today = now.astimezone(zone).date()
    for day in (today - _DAY, today):
        begin = _moment(day, quiet.begin, zone)
        end = _moment(day if quiet.begin < quiet.end else day + _DAY, quiet.end, zone)
        if begin <= now < end:
            return end
    return None


def _slots(preferences: Preferences, around: datetime, days: tuple[int, ...]) -> list[datetime]:
    schedule = schedule_of(preferences)
    zone = zone_of(preferences.timezone)
    today = around.astimezone(zone).date()
    if schedule.kind is ScheduleKind.DAILY:
        return [_moment(today + timedelta(days=n), schedule.at, zone) for n in days if abs(n) <= 2]
    if schedule.kind is ScheduleKind.WEEKLY:
        step = 1 if days[-1] > 0 else -1
        ahead = (schedule.weekday - today.weekday()) % 7
        weeks = sorted((ahead - 7, ahead, ahead + 7), reverse=step < 0)
        return [_moment(today + timedelta(days=n), schedule.at, zone) for n in weeks]
    return []


def _moment(day: date, at: time, zone: ZoneInfo) -> datetime:
    """A local time as a moment. One that a spring night skips is an hour later; of two in autumn it is the first."""
    return datetime.combine(day, at, tzinfo=zone).astimezone(UTC)
