"""The store: every method of `bot.ports.Storage`, one transaction each, on whichever engine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta

import structlog

from bot.model import (
    Article,
    AuditLine,
    Claim,
    Delivery,
    Destination,
    Feed,
    KnownEntry,
    Lane,
    Outcome,
    Preferences,
    Published,
    Story,
    Surroundings,
)
from bot.ports import Clock
from storage import (
    articles,
    backlog,
    destinations,
    feeds,
    figures,
    finding,
    housekeeping,
    jobs,
    outbox,
    publishing,
    queues,
    stories,
    subscriptions,
)
from storage.codec import key_of
from storage.database import Database

log = structlog.get_logger()
PORTION = (
    200  # stories read at once: fifty thousand of them must neither hold up everything else nor lie in memory
)
_CLOCK_SLACK = timedelta(seconds=2)  # callers read the clock before they wait for their turn


class Store:
    """Made by `storage.open_store`. What a method promises stands at the port."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.database = database
        self._clock = clock
        self._wake = asyncio.Event()
        self._latest: datetime | None = None

    # ── life ──

    async def close(self) -> None:
        await self.database.close()

    async def check_writable(self) -> None:
        """Write for good: a full disk shows only at a commit."""
        await self.database.write(jobs.remember, "storage.checked", self._clock().isoformat())

    async def describe(self) -> Mapping[str, str | int]:
        """Say which engine keeps the store, where, and its size in bytes."""
        return await self.database.describe()

    @property
    def wake(self) -> asyncio.Event:
        return self._wake

    # ── feeds ──

    async def sync_feeds(self, feeds_: Sequence[Feed], *, now: datetime) -> None:  # noqa: ARG002 - the port's
        await self.database.write(feeds.sync_feeds, feeds_)

    async def add_feed(self, feed: Feed) -> Feed:
        return await self.database.write(feeds.add_feed, feed)

    async def remove_feed(self, feed_id: int) -> None:
        await self.database.write(feeds.remove_feed, feed_id)

    async def feeds(self) -> Sequence[Feed]:
        return await self.database.read(feeds.all_feeds)

    async def feed(self, feed_id: int) -> Feed | None:
        return await self.database.read(feeds.one_feed, feed_id)

    async def claim_feeds(self, *, now: datetime, lease: timedelta, limit: int) -> Sequence[Feed]:
        await self._watch_the_clock(now, lease)
        return await self.database.write(feeds.claim_feeds, now=now, lease=lease, limit=limit)

    async def next_feed_at(self) -> datetime | None:
        return await self.database.read(feeds.next_feed_at)

    async def save_feed(self, feed: Feed) -> None:
        await self.database.write(feeds.save_feeds, [feed])

    async def save_feeds(self, feeds_: Sequence[Feed]) -> None:
        await self.database.write(feeds.save_feeds, feeds_)

    async def touch_feeds(self, checks: Sequence[tuple[int, datetime]], *, now: datetime) -> None:
        await self.database.write(feeds.touch_feeds, checks, now=now)

    # ── articles and stories ──

    async def known_entries(
        self, feed_id: int, entries: Sequence[tuple[str, str]]
    ) -> Mapping[str, KnownEntry]:
        return await self.database.read(articles.known_entries, feed_id, entries)

    async def surroundings(self, url: str, story_ids: Sequence[int], *, prefix: str) -> Surroundings:
        return await self.database.read(finding.surroundings, url, story_ids, prefix=prefix)

    async def articles_at(self, urls: Sequence[str]) -> Sequence[tuple[Article, int | None]]:
        return await self.database.read(articles.articles_at, urls)

    async def publish(
        self,
        article: Article,
        story: Story | None,
        *,
        alone: Story | None = None,
        now: datetime,
        announce: bool = True,
        lane: Lane = Lane.NEWS,
    ) -> Published | None:
        done = await self.database.write(
            publishing.publish, article, story, alone=alone, now=now, announce=announce, lane=lane
        )
        if done is not None and (done.deliveries or done.is_changed):
            self._wake.set()
        return done

    async def told_alone(self, article: Article) -> Story | None:
        return await self.database.read(publishing.told_alone, article.feed_id, key_of(article.guid))

    async def tellings_apart(self, story_id: int) -> Sequence[Story]:
        return await self.database.read(finding.tellings_apart, story_id)

    async def save_story(self, story: Story, *, now: datetime) -> Story:
        saved = await self.database.write(stories.save_story, story, now=now)
        self._wake.set()
        return saved

    async def split(
        self, article_ids: Sequence[int], story: Story, *, now: datetime, by: str, tell: int | None = None
    ) -> Story:
        new = await self.database.write(stories.split, article_ids, story, now=now, by=by, tell=tell)
        self._wake.set()
        return new

    async def recent_stories(self, since: datetime) -> AsyncIterator[Story]:
        at, last = since, 0
        while found := await self.database.read(finding.recent_stories, at, last, limit=PORTION):
            for story in found:
                yield story
            at, last = found[-1].updated_at, found[-1].id
            if len(found) < PORTION:
                return

    async def posted_between(self, begin: datetime, end: datetime, *, limit: int) -> Sequence[Story]:
        return await self.database.read(finding.posted_between, begin, end, limit=limit)

    async def story(self, story_id: int) -> Story | None:
        return await self.database.read(stories.story_by_id, story_id)

    async def story_at(self, url: str) -> Story | None:
        return await self.database.read(finding.story_at, url)

    async def latest(
        self,
        topics: Sequence[str] = (),
        *,
        languages: Sequence[str] = (),
        limit: int = 1,
        offset: int = 0,
    ) -> Sequence[Story]:
        return await self.database.read(
            finding.latest, topics, languages=languages, limit=limit, offset=offset
        )

    async def search(
        self, words: str, *, languages: Sequence[str] = (), limit: int = 5, offset: int = 0
    ) -> Sequence[Story]:
        return await self.database.read(
            finding.search, words, languages=languages, limit=limit, offset=offset
        )

    # ── destinations, subscriptions, preferences ──

    async def destination(self, adapter: str, address: str) -> Destination | None:
        return await self.database.read(destinations.destination_at, adapter, address)

    async def destination_by_id(self, destination_id: int) -> Destination | None:
        return await self.database.read(destinations.destination_by_id, destination_id)

    async def ensure_destination(self, destination: Destination) -> Destination:
        return await self.database.write(destinations.ensure_destination, destination)

    async def destinations(
        self, adapter: str | None = None, space: str | None = None
    ) -> Sequence[Destination]:
        return await self.database.read(destinations.all_destinations, adapter, space)

    async def save_preferences(
        self,
        destination_id: int,
        preferences: Preferences,
        *,
        version: int,
        now: datetime,
        by: str,
        what: str,
    ) -> Destination:
        return await self.database.write(
            destinations.save_preferences,
            destination_id,
            preferences,
            version=version,
            now=now,
            by=by,
            what=what,
        )

    async def follow(
        self, destination_id: int, topics: Sequence[str], *, now: datetime, by: str
    ) -> Sequence[str]:
        return await self.database.write(subscriptions.follow, destination_id, topics, now=now, by=by)

    async def unfollow(
        self, destination_id: int, topics: Sequence[str], *, now: datetime, by: str
    ) -> Sequence[str]:
        return await self.database.write(subscriptions.unfollow, destination_id, topics, now=now, by=by)

    async def following(self, destination_id: int) -> Sequence[str]:
        return await self.database.read(subscriptions.following, destination_id)

    async def pause(self, destination_id: int, reason: str, *, now: datetime) -> bool:
        return await self.database.write(destinations.pause, destination_id, reason, now=now)

    async def resume(self, adapter: str, *, space: str = "", address: str = "", now: datetime) -> int:
        resumed = await self.database.write(
            destinations.resume, adapter, space=space, address=address, now=now
        )
        self._wake.set()
        return resumed

    async def move(self, adapter: str, old_address: str, new_address: str, *, now: datetime) -> None:
        await self.database.write(destinations.move, adapter, old_address, new_address, now=now)
        self._wake.set()

    async def audit(self, space: str, *, limit: int = 20) -> Sequence[AuditLine]:
        return await self.database.read(destinations.audit, space, limit=limit)

    # ── the outbox ──

    async def claim(
        self,
        *,
        now: datetime,
        lease: timedelta,
        limit: int,
        adapters: Sequence[str],
        per_destination: int = 1,
    ) -> Sequence[Claim]:
        await self._watch_the_clock(now, lease)
        return await self.database.write(
            outbox.claim,
            now=now,
            lease=lease,
            limit=limit,
            adapters=adapters,
            per_destination=per_destination,
        )

    async def free_leases(self, *, now: datetime) -> int:
        if self.database.dialect.name != "sqlite":
            return 0
        return await self.database.write(queues.free_leases, now=now)

    async def record(self, outcomes: Sequence[Outcome], *, now: datetime) -> None:
        if outcomes:
            await self.database.write(outbox.record, outcomes, now=now)

    async def hold(self, destination_id: int, until: datetime) -> None:
        await self.database.write(queues.hold, destination_id, until)

    async def fold_backlog(
        self,
        *,
        now: datetime,
        keep: int,
        older_than: timedelta,
        spare: Sequence[int] = (),
        spare_results: Sequence[int] = (),
    ) -> int:
        return await self.database.write(
            backlog.fold_backlog,
            now=now,
            keep=keep,
            older_than=older_than,
            spare=spare,
            spare_results=spare_results,
        )

    async def make_digest(
        self, destination_id: int, story_ids: Sequence[int], *, slot: str, due_at: datetime, now: datetime
    ) -> bool:
        made = await self.database.write(
            backlog.make_digest, destination_id, story_ids, slot=slot, due_at=due_at, now=now
        )
        self._wake.set()
        return made

    async def waiting(self, destination_id: int, *, limit: int = 500) -> Sequence[tuple[Delivery, Story]]:
        return await self.database.read(backlog.waiting, destination_id, limit=limit, now=self._clock())

    async def delivery(self, destination_id: int, story_id: int) -> Delivery | None:
        return await self.database.read(figures.delivery, destination_id, story_id, now=self._clock())

    async def story_posted(self, destination_id: int, message_id: str) -> Story | None:
        return await self.database.read(finding.story_posted, destination_id, message_id)

    async def sent_since(self, destination_id: int, since: datetime) -> int:
        return await self.database.read(figures.sent_since, destination_id, since)

    async def next_delivery_at(self, adapters: Sequence[str]) -> datetime | None:
        return await self.database.read(queues.next_due_at, adapters)

    async def counts(self, *, now: datetime) -> Mapping[tuple[str, str], int]:
        return await self.database.read(figures.counts, now=now)

    async def oldest_owed_at(self, *, now: datetime) -> datetime | None:
        return await self.database.read(figures.oldest_owed_at, now=now)

    # ── several processes, housekeeping ──

    async def reserve(self, bucket: str, gap: timedelta, *, now: datetime) -> datetime:
        return await self.database.write(jobs.reserve, bucket, gap, now=now)

    async def lease_job(self, name: str, owner: str, *, now: datetime, lease: timedelta) -> bool:
        return await self.database.write(jobs.lease_job, name, owner, now=now, lease=lease)

    async def remember(self, key: str, value: str) -> None:
        await self.database.write(jobs.remember, key, value)

    async def recall(self, key: str) -> str | None:
        return await self.database.read(jobs.recall, key)

    async def prune(self, *, before: datetime) -> int:
        """In portions: each is whole, and senders wait for one only."""
        deleted, more = 0, True
        while more:
            rows, more = await self.database.write(housekeeping.prune_stories, before=before)
            deleted += rows
        return deleted + await self.database.write(housekeeping.prune_rest, before=before)

    async def _watch_the_clock(self, now: datetime, lease: timedelta) -> None:
        """Notice a clock that was set back, and set the dates right that were made before."""
        latest = self._latest
        if latest is None or now >= latest:
            self._latest = now
            return
        if latest - now <= _CLOCK_SLACK:
            return
        self._latest = now
        log.warning("clock went back", by=str(latest - now))
        try:
            await self.database.write(queues.set_right, now=now, lease=lease, back=latest - now)
            await self.database.write(feeds.bring_feeds_forward, span=latest - now)
        except BaseException:
            self._latest = latest  # the next caller tries again
            raise
