"""/status: the feeds, the queue and the last trouble, for moderators."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.commands.ask import Ask
from bot.locale.dates import moment
from bot.model import Choice, DeliveryState, Feed, FeedState, Reply
from bot.posts.reasons import say_reason
from bot.posts.schedule import zone_of
from bot.text import cut, tame

MOST_FEEDS = 8
MOST_PLACES = 20
LOOKED_AT = 50  # posts that wait at one place
_SHOWN = (
    DeliveryState.OWED,
    DeliveryState.LEASED,
    DeliveryState.HELD,
    DeliveryState.UNCERTAIN,
    DeliveryState.SET_ASIDE,
    DeliveryState.SENT,
)


async def status(ask: Ask) -> Reply:
    """Say how the wire is doing."""
    ask.require_manager()
    feeds = await ask.storage.feeds()
    counts = await ask.storage.counts(now=ask.now)
    oldest = await ask.storage.oldest_owed_at(now=ask.now)
    lines = [ask.say("commands.status.title"), *_feeds(ask, feeds), "", *_queue(ask, counts)]
    if oldest is not None and (minutes := int((ask.now - oldest).total_seconds() // 60)) > 0:
        lines.append(ask.say("commands.status.behind", count=minutes))
    lines += await _places(ask)
    sources = Choice(label=ask.say("commands.status.sources_button"), line="sources", emoji="📰")
    return ask.reply("\n".join(lines), choices=[sources], private=True)


async def _places(ask: Ask) -> list[str]:
    """What is wrong at the places of this space: paused ones, and the latest post that did not get through."""
    lines: list[str] = []
    troubles: list[tuple[datetime, str, str]] = []
    for place in (await ask.storage.destinations(ask.request.adapter, ask.request.space))[:MOST_PLACES]:
        name = cut(tame(place.title or place.address), 60)
        if place.paused_at is not None:
            reason = say_reason(place.paused_reason or "", ask.locale, ask.preferences.timezone)
            lines.append(ask.say("commands.status.paused", place=name, reason=reason))
        for delivery, _ in await ask.storage.waiting(place.id, limit=LOOKED_AT):
            if delivery.reason and delivery.attempts and delivery.last_attempt_at:
                troubles.append((delivery.last_attempt_at, name, delivery.reason))
    if troubles:
        at, name, reason = max(troubles)
        said = say_reason(reason, ask.locale, ask.preferences.timezone)
        local = at.astimezone(zone_of(ask.preferences.timezone))
        lines.append(
            ask.say("commands.status.last_trouble", place=name, at=moment(ask.locale, local), reason=said)
        )
    return lines


def _feeds(ask: Ask, feeds: Sequence[Feed]) -> list[str]:
    active = [feed for feed in feeds if feed.state is FeedState.ACTIVE]
    failing = sorted(
        (f for f in feeds if f.trouble and f.state is not FeedState.GONE), key=lambda f: -f.error_count
    )
    checked = [feed.last_success_at for feed in active if feed.last_success_at]
    lines = [ask.say("commands.status.feeds", count=len(active), failing=len(failing))]
    if checked:
        minutes = max(0, int((ask.now - max(checked)).total_seconds() // 60))
        lines.append(ask.say("commands.status.last_read", count=minutes))
    lines += [
        f"⚠ {tame(feed.outlet)}: {cut(say_reason(feed.trouble or '', ask.locale), 160)}"
        for feed in failing[:MOST_FEEDS]
    ]
    if len(failing) > MOST_FEEDS:
        lines.append(ask.say("commands.and_more", count=len(failing) - MOST_FEEDS))
    return lines


def _queue(ask: Ask, counts: Mapping[tuple[str, str], int]) -> list[str]:
    adapters = sorted({adapter for adapter, _ in counts})
    lines = []
    for adapter in adapters:
        parts = [
            ask.say(f"commands.status.state.{state.name.lower()}", count=counts[adapter, state.value])
            for state in _SHOWN
            if counts.get((adapter, state.value))
        ]
        if parts:
            lines.append(f"{adapter}: {', '.join(parts)}")
    return lines or [ask.say("commands.status.queue_empty")]
