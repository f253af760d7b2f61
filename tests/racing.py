"""Stories, articles and places to test with, told in a line."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from bot.model import (
    Article,
    Delivery,
    DeliveryState,
    Destination,
    Feed,
    Importance,
    Label,
    Preferences,
    Source,
    Story,
)
from bot.ports import Storage

SUNDAY = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
_numbers = count(1)


def source(outlet: str = "Paddock Post", title: str = "Rain delays the start", **more: Any) -> Source:
    number = next(_numbers)
    more.setdefault("url", f"https://{outlet.lower().replace(' ', '-')}.example/{number}")
    more.setdefault("language", "en")
    more.setdefault("summary", f"{title}. More follows.")
    more.setdefault("safe_title", "News from the track")
    return Source(outlet=outlet, title=title, **more)


def story(
    title: str = "Rain delays the start",
    *,
    series: Sequence[str] = ("wec",),
    at: datetime = SUNDAY,
    sources: Sequence[Source] = (),
    **more: Any,
) -> Story:
    """A story that one outlet tells, unless `sources` says more."""
    told = tuple(sources) or (
        source(
            title=title,
            language=more.get("language", "en"),
            summary=more.get("summary", f"{title}. More follows."),
            safe_title=more.get("safe_title", "News from the track"),
            image_url=more.get("image_url"),
        ),
    )
    more.setdefault("language", told[0].language)
    more.setdefault("safe_title", told[0].safe_title)
    more.setdefault("summary", told[0].summary)
    return Story(
        title=title,
        url=told[0].url,
        sources=told,
        series=tuple(series),
        primary=series[0] if series else None,
        published_at=at,
        created_at=at,
        updated_at=at,
        **more,
    )


def result(title: str = "Ferrari wins in Bahrain", **more: Any) -> Story:
    """A story that gives a result away."""
    more.setdefault("safe_title", "Eight Hours of Bahrain: the race is over")
    more.setdefault("image_url", "https://paddock-post.example/ferrari-wins.jpg")
    return story(title, spoiler=True, label=Label.RESULT, importance=Importance.MAJOR, **more)


def place(preferences: Preferences | None = None, **more: Any) -> Destination:
    more.setdefault("adapter", "rig")
    more.setdefault("address", "channel-1")
    return Destination(
        id=1, space="club", preferences=preferences or Preferences(), created_at=SUNDAY, **more
    )


def waiting(
    told: Story,
    *,
    at: datetime,
    number: int,
    state: DeliveryState = DeliveryState.HELD,
    reason: str | None = None,
    due_at: datetime | None = None,
) -> tuple[Delivery, Story]:
    """A delivery that was not sent yet, with its story."""
    delivery = Delivery(
        id=number,
        destination_id=1,
        story_id=told.id,
        due_at=due_at or at,
        created_at=at,
        state=state,
        reason=reason,
    )
    return delivery, told


async def publish(store: Storage, told: Story, *, at: datetime | None = None, announce: bool = True) -> Story:
    """Let the outlets of a story publish it, one article each."""
    now = at or told.created_at
    kept: Story | None = None
    for one in told.sources:
        feed = await store.add_feed(
            Feed(url=f"{one.url}/feed", outlet=one.outlet, language=one.language, next_check_at=now)
        )
        article = Article(
            feed_id=feed.id,
            outlet=one.outlet,
            guid=one.url,
            url=one.url,
            title=one.title,
            text=one.summary,
            published_at=told.published_at,
            language=one.language,
            content_hash=one.url,
        )
        published = await store.publish(article, kept or told, now=now, announce=announce)
        assert published is not None
        kept = published.story
    assert kept is not None
    return kept


def later(**span: float) -> datetime:
    return SUNDAY + timedelta(**span)
