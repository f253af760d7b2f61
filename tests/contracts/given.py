"""A newsroom for storage tests: articles, stories, places and what is owed, in a line each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.model import (
    Article,
    Claim,
    Delivery,
    DeliveryState,
    Destination,
    Feed,
    Outcome,
    OutcomeKind,
    Published,
    Source,
    Story,
)
from storage import Store

NOW = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
LEASE = timedelta(seconds=60)


def article(slug: str = "penalty", **facts: Any) -> Article:
    """An article of feed 1 at an address made of its name."""
    given: dict[str, Any] = {
        "feed_id": 1,
        "guid": f"guid-{slug}",
        "url": f"https://pit.example/{slug}",
        "outlet": "Pit Gazette",
        "title": f"Stewards decide on {slug}",
        "content_hash": f"hash of {slug}",
    }
    return Article(**{**given, **facts})


async def known(store: Store, feed_id: int, *guids: str) -> dict[str, str]:
    """The content hashes of those of a feed's guids that are known."""
    found = await store.known_entries(feed_id, [(guid, "") for guid in guids])
    return {guid: entry.content_hash for guid, entry in found.items()}


def told_by(told: Article, **facts: Any) -> Source:
    given: dict[str, Any] = {
        "outlet": told.outlet,
        "url": told.url,
        "language": told.language or "en",
        "title": told.title,
        "summary": told.standfirst,
    }
    return Source(**{**given, **facts})


def story(told: Article, **facts: Any) -> Story:
    """A new story of the World Endurance Championship that this article tells."""
    given: dict[str, Any] = {
        "title": told.title,
        "summary": told.standfirst,
        "url": told.url,
        "language": told.language or "en",
        "sources": (told_by(told),),
        "series": ("wec",),
        "primary": "wec",
        "published_at": NOW,
        "created_at": NOW,
        "updated_at": NOW,
    }
    return Story(**{**given, **facts})


async def publish(store: Store, slug: str = "penalty", *, now: datetime = NOW, **facts: Any) -> Published:
    """Publish a new story that one article tells."""
    announce = facts.pop("announce", True)
    lane = facts.pop("lane", None)
    told = article(slug, **facts.pop("article", {}))
    more = {} if lane is None else {"lane": lane}
    times = {"published_at": now, "created_at": now, "updated_at": now}
    done = await store.publish(told, story(told, **{**times, **facts}), now=now, announce=announce, **more)
    assert done is not None
    return done


async def revise(store: Store, known: Story, *, now: datetime = NOW, **facts: Any) -> Published:
    """Publish the story's first article again with a changed headline and the next revision."""
    facts = {"title": f"{known.title}, corrected", "revision": known.revision + 1, **facts}
    slug = known.url.rsplit("/", 1)[1]
    told = article(slug, title=facts["title"], content_hash=f"hash {facts['revision']}")
    done = await store.publish(told, replace(known, updated_at=now, **facts), now=now)
    assert done is not None
    return done


async def place(
    store: Store,
    address: str = "42",
    *topics: str,
    adapter: str = "discord",
    now: datetime = NOW,
    **facts: Any,
) -> Destination:
    """A destination that follows these topics, the World Endurance Championship by default."""
    there = await store.ensure_destination(
        Destination(
            adapter=adapter,
            address=address,
            space=facts.pop("space", "guild"),
            created_at=now,
            **facts,
        )
    )
    await store.follow(there.id, topics or ("series:wec",), now=now, by="Ada")
    return there


def feed(url: str = "https://pit.example/rss", **facts: Any) -> Feed:
    return Feed(**{"url": url, "outlet": "Pit Gazette", "next_check_at": NOW, **facts})


async def claim(
    store: Store, *adapters: str, now: datetime = NOW, limit: int = 10, **how: Any
) -> Sequence[Claim]:
    return await store.claim(now=now, lease=LEASE, limit=limit, adapters=adapters or ("discord",), **how)


async def claim_one(store: Store, *, now: datetime = NOW) -> Claim:
    [only] = await claim(store, now=now)
    return only


def outcome(of: Claim | Delivery, kind: OutcomeKind = OutcomeKind.SENT, **facts: Any) -> Outcome:
    delivery = of.delivery if isinstance(of, Claim) else of
    if kind is OutcomeKind.SENT:
        facts.setdefault("message_id", f"message {delivery.id}")
    return Outcome(delivery_id=delivery.id, revision=delivery.revision, kind=kind, **facts)


async def record(
    store: Store, of: Claim, kind: OutcomeKind = OutcomeKind.SENT, *, now: datetime = NOW, **facts: Any
) -> None:
    await store.record([outcome(of, kind, **facts)], now=now)


async def post_all(store: Store, *, now: datetime = NOW) -> int:
    """Send everything that is due; returns how many posts and edits."""
    sent = 0
    while claims := await claim(store, now=now):
        await store.record([outcome(each) for each in claims], now=now)
        sent += len(claims)
    return sent


async def state(store: Store, there: Destination, told: Story) -> DeliveryState | None:
    delivery = await store.delivery(there.id, told.id)
    return delivery.state if delivery else None
