"""Many stories in one message: which ones, when, in which order, and how they look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bot.locale import say
from bot.locale.dates import day
from bot.model import (
    Delivery,
    DeliveryState,
    Destination,
    Label,
    Line,
    Post,
    Preferences,
    Section,
    Story,
    nothing,
)
from bot.posts.compose import best_source
from bot.posts.decide import GRACE, is_covered, is_hidden, unwanted
from bot.posts.schedule import ScheduleKind, last_digest_at, quiet_until, schedule_of, slot_name, zone_of
from bot.posts.spoilers import released_at, safe_title
from bot.text import cut, tame

if TYPE_CHECKING:
    from bot.series.catalog import Catalog

MOST_CHARACTERS = 3_000  # of one message of a digest; every platform takes that with its own markup
MOST_LINES = 25
MOST_TITLE = 140
SETTLED = timedelta(minutes=30)  # after the last result of a session
LONGEST_SETTLING = timedelta(minutes=90)  # after its first one: outlets go on until Monday
AFTERMATH = timedelta(hours=3)  # results that come in later than the digest of their session
LONGEST_WAIT = timedelta(hours=24)  # between sessions

_NOT_TOLD = (DeliveryState.HELD, DeliveryState.OWED)  # the latter where nobody looked for a while

Waiting = Sequence[tuple[Delivery, Story]]


@dataclass(frozen=True, slots=True)
class Digest:
    """One message of a digest: made once for a destination and a slot."""

    slot: str
    story_ids: tuple[int, ...]
    sessions: tuple[str, ...] = ()  # series of which this tells a session


def plan_digests(
    destination: Destination,
    waiting: Waiting,
    *,
    now: datetime,
    told: Mapping[str, datetime] = nothing(),
) -> tuple[Digest, ...]:
    """Say which digests are due of what waits for a destination, in the order in which they are to be posted.

    `told` says when a session of each series was last told there.
    """
    preferences = destination.preferences
    wanted = [(delivery, story) for delivery, story in waiting if unwanted(story, preferences) is None]
    schedule = schedule_of(preferences)
    if schedule.kind is ScheduleKind.NOW:
        return _held_digests(wanted, preferences, now)
    if schedule.kind is ScheduleKind.SESSION:
        return _session_digest(wanted, preferences, now, told)
    slot = last_digest_at(preferences, now)
    if slot is None:
        return ()
    due = [
        story
        for delivery, story in wanted
        if delivery.created_at <= slot and _is_free(story, preferences, slot)
    ]
    return _chunks(slot_name(preferences, slot), due, preferences, now)


def compose_digest(
    stories: Sequence[Story], preferences: Preferences, catalog: Catalog, *, now: datetime, heading: str = ""
) -> Post:
    """Tell many stories, by series, the most important first; a covered one under a cover, by its safe title."""
    locale = preferences.locale
    sections: dict[str, list[Line]] = {}
    ordered = in_order(stories)
    for story in ordered:
        sections.setdefault(story.primary or "", []).append(_line(story, preferences, now))
    title = heading or say(
        locale,
        "post.digest.title",
        count=len(ordered),
        day=day(locale, now.astimezone(zone_of(preferences.timezone)).date()),
    )
    return Post(
        locale=locale,
        title=title,
        sections=tuple(
            Section(heading=_heading(slug, catalog, locale), lines=tuple(lines))
            for slug, lines in sections.items()
        ),
        publish=preferences.publish,
        quiet=quiet_until(preferences, now) is not None,
    )


def in_order(stories: Sequence[Story]) -> list[Story]:
    """Order a digest: series with the most important story first, then by importance, then newest first."""
    best: dict[str, tuple[int, float]] = {}
    for story in stories:
        rank = (-int(story.importance), -story.published_at.timestamp())
        key = story.primary or "~"
        best[key] = min(best.get(key, rank), rank)
    return sorted(
        {story.id: story for story in stories}.values(),
        key=lambda story: (
            best[story.primary or "~"],
            story.primary or "~",
            -int(story.importance),
            -story.published_at.timestamp(),
        ),
    )


def _held_digests(waiting: Waiting, preferences: Preferences, now: datetime) -> tuple[Digest, ...]:
    """What quiet hours or the hourly cap held back, as soon as the first of it falls due."""
    made: list[Digest] = []
    for reason in ("post.why.quiet", "post.why.cap"):
        held = [
            (delivery, story)
            for delivery, story in waiting
            if delivery.state in _NOT_TOLD and (delivery.reason or "").split("|")[0] == reason
        ]
        if len(held) > 1 and (first := min(d.due_at for d, _ in held) - GRACE) <= now:
            stories = [story for _, story in held if _is_free(story, preferences, now)]
            made += _chunks(f"{reason.rpartition('.')[2]} {first:%Y-%m-%d %H:%M}", stories, preferences, now)
    return tuple(made)


def _session_digest(
    waiting: Waiting, preferences: Preferences, now: datetime, told: Mapping[str, datetime]
) -> tuple[Digest, ...]:
    """After a session, series by series: once its results are in. Between sessions, once the oldest story is a day old."""
    by_series: dict[str, list[tuple[Delivery, Story]]] = {}
    for delivery, story in waiting:
        if _is_free(story, preferences, now):
            by_series.setdefault(story.primary or "", []).append((delivery, story))
    over = tuple(slug for slug, held in by_series.items() if _is_session_over(held, told.get(slug), now))
    due = [
        (delivery, story)
        for slug, held in by_series.items()
        if slug in over or min(delivery.created_at for delivery, _ in held) + LONGEST_WAIT <= now
        for delivery, story in held
    ]
    if not due:
        return ()
    oldest = min(delivery.created_at for delivery, _ in due)
    slot = f"session {oldest:%Y-%m-%d %H:%M:%S}"
    made = _chunks(slot, [story for _, story in due], preferences, now)
    return tuple(replace(digest, sessions=over) for digest in made)


def _is_session_over(held: Waiting, told_at: datetime | None, now: datetime) -> bool:
    """Whether the results of a session are in: nothing new for a while, or the first of them is long known.

    What comes in late, after the session was told, waits for the next one: a session is told once.
    """
    since = told_at + AFTERMATH if told_at else None
    results = [
        delivery.created_at
        for delivery, story in held
        if story.label is Label.RESULT and (since is None or delivery.created_at > since)
    ]
    return bool(results) and (max(results) + SETTLED <= now or min(results) + LONGEST_SETTLING <= now)


def _is_free(story: Story, preferences: Preferences, at: datetime) -> bool:
    release = released_at(story, preferences)
    return release is None or release <= at


def _chunks(
    slot: str, stories: Sequence[Story], preferences: Preferences, now: datetime
) -> tuple[Digest, ...]:
    """Part a long digest into messages that fit, in order; each has a slot of its own, so each is made once."""
    parts: list[list[int]] = []
    room = 0
    for story in in_order(stories):
        line = _line(story, preferences, now)
        size = len(line.text) + len(line.note) + 30  # heading, bullet, time
        if not parts or size > room or len(parts[-1]) >= MOST_LINES:
            parts.append([])
            room = MOST_CHARACTERS
        parts[-1].append(story.id)
        room -= size
    return tuple(
        Digest(slot if number == 1 else f"{slot} #{number}", tuple(ids))
        for number, ids in enumerate(parts, 1)
    )


def _line(story: Story, preferences: Preferences, now: datetime) -> Line:
    """A story in a line. Under the cover stands its title, beside it in clear what it is about.

    Of a result whose time has not come, nothing stands there but what it is about, and no address that may tell it.
    """
    source = best_source(story, preferences)
    covered, hidden = is_covered(story, preferences), is_hidden(story, preferences, now)
    others = len(story.outlets) - 1 if preferences.merge else 0
    note = [f"{tame(source.outlet)} +{others}" if others > 0 else tame(source.outlet)]
    safe = cut(safe_title(story, source, preferences.locale), MOST_TITLE) if hidden else ""
    if covered:
        note.insert(0, safe)
    is_later = hidden and not covered
    return Line(
        text=safe if is_later else cut(tame(source.title) or tame(story.title), MOST_TITLE),
        url="" if is_later else source.url or story.url,
        note=" · ".join(filter(None, note)),
        at=story.published_at,
        covered=covered,
    )


def _heading(slug: str, catalog: Catalog, locale: str) -> str:
    series = catalog.series.get(slug)
    return f"{series.emoji} {catalog.name(slug, locale)}" if series else say(locale, "post.digest.rest")
