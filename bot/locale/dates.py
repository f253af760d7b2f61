"""Days and times in the words and order of a language."""

from __future__ import annotations

from datetime import date, datetime

from bot.locale import say


def day(locale: str, at: date) -> str:
    """Name a day: "Sunday 22 November", "Sonntag, 22. November"."""
    return say(
        locale,
        "post.date.day",
        weekday=say(locale, f"post.weekday.{at.weekday()}"),
        day=at.day,
        month=say(locale, f"post.month.{at.month}"),
    )


def moment(locale: str, at: datetime) -> str:
    """Name a moment in the zone it carries: "Sunday 22 November, 14:05"."""
    return say(locale, "post.date.moment", day=day(locale, at.date()), time=f"{at:%H:%M}")


def ago(locale: str, at: datetime, now: datetime) -> str:
    """Say how long ago something was, or "just now" for what is not a minute old."""
    minutes = max(0, int((now - at).total_seconds() // 60))
    for unit, span in (("days", 1440), ("hours", 60), ("minutes", 1)):
        if minutes >= span:
            return say(locale, f"dates.ago.{unit}", count=minutes // span)
    return say(locale, "dates.ago.now")


def until(locale: str, at: datetime, now: datetime) -> str:
    """Say how long it is until then, or "within a minute" for less than one and for what is overdue."""
    minutes = max(0.0, (at - now).total_seconds() / 60)
    for unit, span in (("days", 1440), ("hours", 60), ("minutes", 1)):
        if minutes >= span:
            return say(locale, f"dates.until.{unit}", count=round(minutes / span))
    return say(locale, "dates.until.now")
