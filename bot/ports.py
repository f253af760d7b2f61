"""The seams of the core: what it asks of a platform, of a store and of the clock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

from bot.model import (
    Article,
    AuditLine,
    Claim,
    Command,
    Delivery,
    Destination,
    Feed,
    KnownEntry,
    Lane,
    Limits,
    Outcome,
    PlatformChange,
    Post,
    Preferences,
    Published,
    Rate,
    Reply,
    Request,
    Story,
    Suggestion,
    Surroundings,
)

Clock = Callable[[], datetime]


class Answerer(Protocol):
    """What an adapter hands commands to. It never raises for what a person did wrong.

    A line may name another place than where it is asked, as its second word: "settings @-100123 spoilers". The desk lets
    that pass inside one space. For a place in another space (a channel set up from a private chat) the adapter looks
    whether the asker may manage it, and hands the request over with that place's `address`, `space` and `may_manage`; the
    line stays as it is.
    """

    async def __call__(self, request: Request) -> Reply:
        """Answer a command or a pressed choice."""
        ...

    async def suggest(self, request: Request, option: str, typed: str) -> Sequence[Suggestion]:
        """Complete an option while it is being typed; at most 25, within 1 s, [] on any failure."""
        ...

    async def noticed(self, change: PlatformChange) -> None:
        """Take note of what happened to a place: the bot was removed, restored, the place moved."""
        ...

    async def preferences_at(self, request: Request) -> Preferences:
        """The preferences that hold where a request comes from (defaults for an unknown place)."""
        ...


class Pace(Protocol):
    """The one pacer that everything sent to a platform passes (bot.pacing)."""

    async def slot(self, buckets: Mapping[str, Rate], lane: Lane) -> None:
        """Wait for a place in every bucket; lower lanes wait longer. Cancelling gives the place back."""
        ...

    def learn(self, bucket: str, *, remaining: int, reset_after: timedelta, rate: Rate | None = None) -> None:
        """Correct a bucket by what the platform answered (Discord's X-RateLimit-* headers)."""
        ...

    def hold(self, bucket: str, retry_after: timedelta) -> None:
        """Obey a 429: nothing from this bucket until then; its pace slows a little and recovers slowly."""
        ...


class Adapter(Protocol):
    """A platform. Besides what is documented here it raises nothing but DeliveryError and its kinds."""

    name: str
    limits: Limits

    async def run(self, menu: Sequence[Command], answer: Answerer) -> None:
        """Stay connected and answer commands until cancelled. Heals itself: raises only SettingsError."""
        ...

    async def ready(self) -> None:
        """Return as soon as posts can be sent; senders wait for it."""
        ...

    async def send(self, to: Destination, post: Post, *, key: str) -> str:
        """Post it and return the platform's message id. `key` is the same on each attempt (≤ 25 characters).

        Takes no more than 30 s. Draws no slot for its first request: the caller has done so with `rates(to)`.
        """
        ...

    async def edit(self, to: Destination, message_id: str, post: Post) -> None:
        """Change a posted message, without a notification. Raises MessageGone when it is no more."""
        ...

    async def find(self, to: Destination, post: Post, *, key: str, since: datetime) -> str | None:
        """Look in the recent messages for one sent with `key`; None when it surely is not there.

        Only asked where `limits.can_find`. Raises DeliveryError when it could not look.
        """
        ...

    def rates(self, to: Destination) -> Mapping[str, Rate]:
        """The buckets a message there draws from: {"all": 30/s, "chat -100": 20/min}."""
        ...

    async def check(self) -> str:
        """Ask the platform who we are, for `pitwire check`: "connected as Pitwire#1234".

        Raises SettingsError with a sentence that says what to do (a wrong token), DeliveryError when unreachable.
        """
        ...

    async def close(self) -> None:
        """Release what `send` and `check` opened. May be called without `run`."""
        ...


@runtime_checkable
class KnowsModerators(Protocol):
    """What an adapter may add where its platform tells who governs a place."""

    async def moderator(self, to: Destination) -> Destination | None:
        """Somebody to write to about a place where nothing can be posted; None when nobody is known. Never raises."""
        ...


class Storage(Protocol):
    """Each method is one intent and one transaction; it happens whole or not at all.

    All of them raise StorageError and its kinds, nothing else. Times are aware datetimes in UTC.
    """

    # ── life ──
    async def close(self) -> None: ...

    async def check_writable(self) -> None:
        """Write something; raises StorageFull, StorageBusy or StorageError with a plain sentence."""
        ...

    async def describe(self) -> Mapping[str, str | int]:
        """Say what keeps the store: "engine" with its version, "place", size in "bytes", "others" that are connected."""
        ...

    @property
    def wake(self) -> asyncio.Event:
        """Set when something may have become due (a hint: the truth is in the table)."""
        ...

    # ── feeds ──
    async def sync_feeds(self, feeds: Sequence[Feed], *, now: datetime) -> None:
        """Make the catalogue's feeds those of `feeds` (by URL): add, update facts, end what left it.

        Keeps validators, health and what moderators or the operator added. `next_check_at` of a new one is taken as given.
        """
        ...

    async def add_feed(self, feed: Feed) -> Feed: ...
    async def remove_feed(self, feed_id: int) -> None: ...
    async def feeds(self) -> Sequence[Feed]: ...
    async def feed(self, feed_id: int) -> Feed | None: ...
    async def claim_feeds(self, *, now: datetime, lease: timedelta, limit: int) -> Sequence[Feed]:
        """Take due feeds, most overdue first; each is due again after the lease unless saved before."""
        ...

    async def next_feed_at(self) -> datetime | None: ...
    async def save_feed(self, feed: Feed) -> None:
        """Save what a check learned, after the articles of that response were published."""
        ...

    async def save_feeds(self, feeds: Sequence[Feed]) -> None:
        """`save_feed` for many at once, in one transaction."""
        ...

    async def touch_feeds(self, checks: Sequence[tuple[int, datetime]], *, now: datetime) -> None:
        """Note successful checks that changed nothing else: a feed's id and its next check. They must cost next to nothing."""
        ...

    # ── articles and stories ──
    async def known_entries(
        self, feed_id: int, entries: Sequence[tuple[str, str]]
    ) -> Mapping[str, KnownEntry]:
        """Of a feed's entries, each a guid and a canonical URL, the known ones, by the guid asked for.

        What is not known by its guid is looked for at its URL, however that is spelled, among the articles of this feed;
        not if the URL is "".
        """
        ...

    async def surroundings(self, url: str, story_ids: Sequence[int], *, prefix: str) -> Surroundings:
        """These stories and the one told at a canonical URL, however that is spelled, as they stand;
        and every topic that anyone follows, of those that begin with `prefix`."""
        ...

    async def articles_at(self, urls: Sequence[str]) -> Sequence[tuple[Article, int | None]]:
        """Articles known under any of these canonical URLs, each with its story's id."""
        ...

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
        """Keep an article, its story (id 0: a new one) and a delivery a subscriber, in one transaction.

        `story=None` keeps the article alone (about no series, nobody is told). Subscribers are those of
        "series:SLUG" for each series of the story, and of each of its topics; those with `merge` off are owed `alone`
        instead, the article as a story of its own. With `announce=False` nobody is owed a new story
        (first poll, too old). Idempotent by (feed, guid, content hash): a second call returns what is, and changes nothing.
        A story with an id is written with its `revision` as given; posts already sent are owed an edit when that rose.
        `due_at` of an existing delivery is never touched; `created_at` of the new ones is `now`.
        Returns None only for `story=None`.
        """
        ...

    async def told_alone(self, article: Article) -> Story | None:
        """The article as a story of its own, if it was told so where merging is off."""
        ...

    async def tellings_apart(self, story_id: int) -> Sequence[Story]:
        """Every article of a story that was told as a story of its own."""
        ...

    async def save_story(self, story: Story, *, now: datetime) -> Story:
        """Save a story that changed without an article (withdrawn, its importance rose); edits fall due if revision rose."""
        ...

    async def split(
        self, article_ids: Sequence[int], story: Story, *, now: datetime, by: str, tell: int | None = None
    ) -> Story:
        """Move articles out of their story into a new one for good; posts of the old one are owed an edit.

        The new one is owed to the destination `tell` alone, if the old one was posted there: one moderator's wish
        posts nothing in other places.
        """
        ...

    def recent_stories(self, since: datetime) -> AsyncIterator[Story]:
        """Stories updated since then, oldest first: the matcher's memory after a start. What is updated meanwhile comes again."""
        ...

    async def posted_between(self, begin: datetime, end: datetime, *, limit: int) -> Sequence[Story]:
        """Stories first reported in that span (the end excluded), newest first, that stand posted somewhere and were not withdrawn."""
        ...

    async def story(self, story_id: int) -> Story | None: ...
    async def story_at(self, url: str) -> Story | None: ...
    async def latest(
        self, topics: Sequence[str] = (), *, languages: Sequence[str] = (), limit: int = 1, offset: int = 0
    ) -> Sequence[Story]:
        """The newest stories with any of these topics ("series:wec"); () means every followed-able story.

        What was withdrawn is no news: only `search` still finds it.
        """
        ...

    async def search(
        self, words: str, *, languages: Sequence[str] = (), limit: int = 5, offset: int = 0
    ) -> Sequence[Story]:
        """Stories with all these words in title, summary, outlet or text, folded (perez finds Pérez), newest first."""
        ...

    # ── destinations, subscriptions, preferences ──
    async def destination(self, adapter: str, address: str) -> Destination | None: ...
    async def destination_by_id(self, destination_id: int) -> Destination | None: ...
    async def ensure_destination(self, destination: Destination) -> Destination:
        """Return the known one of (adapter, address), or keep this one."""
        ...

    async def destinations(
        self, adapter: str | None = None, space: str | None = None
    ) -> Sequence[Destination]: ...
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
        """Save, unless another change came first (`version` is no longer the kept one): StorageError. Writes the audit line."""
        ...

    async def follow(
        self, destination_id: int, topics: Sequence[str], *, now: datetime, by: str
    ) -> Sequence[str]:
        """Subscribe to topics ("series:wec", "driver:max-verstappen", "words:…"); returns the ones that are new."""
        ...

    async def unfollow(
        self, destination_id: int, topics: Sequence[str], *, now: datetime, by: str
    ) -> Sequence[str]:
        """Unsubscribe; returns the ones that were followed. What is already owed of them is skipped."""
        ...

    async def following(self, destination_id: int) -> Sequence[str]: ...

    async def pause(self, destination_id: int, reason: str, *, now: datetime) -> bool:
        """Pause deliveries there, keep everything; True when it was not paused before."""
        ...

    async def resume(self, adapter: str, *, space: str = "", address: str = "", now: datetime) -> int:
        """Resume what was paused at an address, or in a whole space; returns how many destinations."""
        ...

    async def move(self, adapter: str, old_address: str, new_address: str, *, now: datetime) -> None:
        """Rename an address (and its topics "old/7") and its space; merges into a destination that exists there already."""
        ...

    async def audit(self, space: str, *, limit: int = 20) -> Sequence[AuditLine]: ...

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
        """Lease due deliveries of these adapters: at most `limit` destinations, `per_destination` of each, in its queue's order
        (lane, then age). A destination with a lease running, paused, or held is not claimed. A lease is a due date in the future.

        The row counts this attempt at once (a crash must not hide it); `attempts`, `first_attempt_at` and `last_attempt_at`
        of the returned deliveries tell of the attempts before."""
        ...

    async def free_leases(self, *, now: datetime) -> int:
        """Make due at once what is leased, at the start of the only process that may write here: its holder is dead.

        Where several processes share the store (PostgreSQL) this changes nothing and returns 0: leases run out."""
        ...

    async def record(self, outcomes: Sequence[Outcome], *, now: datetime) -> None:
        """Write down what became of claims, and free their destinations. A revision that rose meanwhile stays owed.
        Idempotent; an outcome for an older revision than the one already sent changes nothing."""
        ...

    async def hold(self, destination_id: int, until: datetime) -> None:
        """Claim nothing for this destination until then (the platform said when)."""
        ...

    async def fold_backlog(
        self,
        *,
        now: datetime,
        keep: int,
        older_than: timedelta,
        spare: Sequence[int] = (),
        spare_results: Sequence[int] = (),
    ) -> int:
        """After downtime: for each destination with more than `keep` unsent stories older than that, leave the newest
        `keep` and fold the rest into one digest delivery; returns how many were folded.

        Nothing is folded for the destinations `spare`, no result for those of `spare_results`."""
        ...

    async def make_digest(
        self, destination_id: int, story_ids: Sequence[int], *, slot: str, due_at: datetime, now: datetime
    ) -> bool:
        """Owe one digest of these stories, once for a slot ("2026-11-22 08:00"); their own deliveries become folded.
        False when that slot was made before."""
        ...

    async def waiting(self, destination_id: int, *, limit: int = 500) -> Sequence[tuple[Delivery, Story]]:
        """Unsent deliveries of stories of a destination (owed or held), oldest first: what a digest gathers."""
        ...

    async def delivery(self, destination_id: int, story_id: int) -> Delivery | None: ...
    async def story_posted(self, destination_id: int, message_id: str) -> Story | None:
        """The story that a message there tells: what a reply to it is about."""
        ...

    async def sent_since(self, destination_id: int, since: datetime) -> int: ...
    async def next_delivery_at(self, adapters: Sequence[str]) -> datetime | None: ...
    async def counts(self, *, now: datetime) -> Mapping[tuple[str, str], int]:
        """Deliveries by (adapter, DeliveryState value), for /status and the metrics."""
        ...

    async def oldest_owed_at(self, *, now: datetime) -> datetime | None:
        """Due date of the oldest delivery that is due and not leased: how far behind the outbox is."""
        ...

    # ── several processes, housekeeping ──
    async def reserve(self, bucket: str, gap: timedelta, *, now: datetime) -> datetime:
        """Take the next place in a schedule that all processes share: never earlier than `gap` after the last one taken."""
        ...

    async def lease_job(self, name: str, owner: str, *, now: datetime, lease: timedelta) -> bool:
        """Become or stay the one process that does a job (Telegram's long poll); False while another is."""
        ...

    async def remember(self, key: str, value: str) -> None:
        """Keep a small fact of a component ("telegram.offset")."""
        ...

    async def recall(self, key: str) -> str | None: ...
    async def prune(self, *, before: datetime) -> int:
        """Delete what is older, never what identity or edits still need; returns rows deleted."""
        ...
