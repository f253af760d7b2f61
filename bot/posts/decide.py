"""May this story go to this destination now? Send, hold until a time, or skip, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.model import Destination, Importance, Preferences, Story
from bot.posts.filters import passes
from bot.posts.schedule import ScheduleKind, next_digest_at, quiet_until, schedule_of
from bot.posts.spoilers import SpoilerKind, released_at, spoiler_of

# What is held for a digest falls due by itself a little after the digest: if nobody makes the digest, no story is lost.
GRACE = timedelta(minutes=5)
_HOUR = timedelta(hours=1)


class Kind(StrEnum):
    SEND = "send"
    HOLD = "hold"
    SKIP = "skip"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What to do. `reason` is a locale key with its arguments, "key|argument|…", for `/why`."""

    kind: Kind
    until: datetime | None = None  # of a hold
    reason: str | None = None
    covered: bool = False
    quiet: bool = False
    note: bool = False  # of a hold: say now that there is a result, and until when it is held


def decide(story: Story, destination: Destination, *, now: datetime, sent_in_hour: int = 0) -> Verdict:
    """Decide by the destination's preferences; `sent_in_hour` is how many posts it got within the last hour.

    What never comes (language, label, importance, filters) is asked before what comes later, and the longest
    wait before the shorter ones, so that the reason names the setting that matters.
    """
    preferences = destination.preferences
    if reason := unwanted(story, preferences):
        return Verdict(kind=Kind.SKIP, reason=reason)
    covered = is_covered(story, preferences)
    quiet = quiet_until(preferences, now) is not None
    if hold := _held(story, preferences, now, sent_in_hour):
        until, reason = hold
        note = preferences.delay_note and not quiet and reason.startswith("post.why.delay")
        note = note and schedule_of(preferences).kind is ScheduleKind.NOW
        return Verdict(kind=Kind.HOLD, until=until, reason=reason, covered=covered, note=note)
    return Verdict(kind=Kind.SEND, covered=covered, quiet=quiet)


def is_covered(story: Story, preferences: Preferences) -> bool:
    """Tell whether a story's result is covered there, whichever door it comes through."""
    return story.spoiler and spoiler_of(story, preferences).kind is SpoilerKind.COVER


def is_hidden(story: Story, preferences: Preferences, now: datetime) -> bool:
    """Tell whether nothing of a story's result may be read there now: it is covered, or not released yet."""
    release = released_at(story, preferences)
    return is_covered(story, preferences) or (release is not None and release > now)


def unwanted(story: Story, preferences: Preferences) -> str | None:
    """Name the preference that keeps a story away for good, or None. What was withdrawn is news nowhere."""
    if story.withdrawn_at is not None:
        return "post.why.withdrawn"
    if preferences.languages and not _languages(story) & set(preferences.languages):
        return f"post.why.language|{story.language}|{','.join(preferences.languages)}"
    if preferences.labels and story.label not in preferences.labels:
        return f"post.why.label|{story.label}"
    if story.importance < preferences.least_importance:
        least = min(preferences.least_importance, Importance.BREAKING)
        return f"post.why.importance|{Importance(least).name.lower()}"
    if preferences.include and not passes(preferences.include, story):
        return f"post.why.include|{_plain(preferences.include)}"
    if preferences.exclude and passes(preferences.exclude, story):
        return f"post.why.exclude|{_plain(preferences.exclude)}"
    return None


def _held(
    story: Story, preferences: Preferences, now: datetime, sent_in_hour: int
) -> tuple[datetime, str] | None:
    release = released_at(story, preferences)
    if release is not None and release > now:
        return release, f"post.why.delay|{release.isoformat()}"
    schedule = schedule_of(preferences)
    if schedule.kind is ScheduleKind.SESSION:
        return now + _HOUR, "post.why.session"
    if (slot := next_digest_at(preferences, now)) is not None:
        return slot + GRACE, f"post.why.digest|{slot.isoformat()}"
    is_breaking = story.importance >= Importance.BREAKING  # passes quiet hours and the cap, without a sound
    quiet_end = quiet_until(preferences, now)
    if quiet_end is not None and preferences.quiet_mode != "silent" and not is_breaking:
        return quiet_end + GRACE, f"post.why.quiet|{quiet_end.isoformat()}"
    if 0 < preferences.per_hour <= sent_in_hour and not is_breaking:
        return now + _HOUR + GRACE, f"post.why.cap|{preferences.per_hour}"
    return None


def _languages(story: Story) -> set[str]:
    return {story.language, *(source.language for source in story.sources if not source.withdrawn)}


def _plain(expression: str) -> str:
    """A filter as an argument of a reason: "|" parts the arguments there."""
    return expression.replace("|", " OR ")[:120]
