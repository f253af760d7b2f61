"""Check every feed when it is due: many outlets at once, each host one at a time."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from bot.errors import FetchError, StorageError, Unreachable
from bot.feeds import schedule
from bot.feeds.client import Client
from bot.feeds.outlets import load_wishes
from bot.feeds.pages import Pages
from bot.feeds.schedule import Pace
from bot.feeds.trouble import in_english
from bot.model import Feed, FeedState
from bot.poller.check import Checker, unexpected
from bot.poller.newsroom import Newsroom
from bot.poller.push import Pushes
from bot.poller.watch import Health, Metrics, Nobody, reason
from bot.poller.withdrawals import Withdrawals
from bot.ports import Clock, Storage
from bot.reading.llm import Writer
from bot.series.catalog import Catalog
from bot.waits import first_of

if TYPE_CHECKING:
    from bot.config import Settings

CLAIMED = (
    12  # feeds for each request in flight: hosts go on side by side, and few large claims cost less than many
)
LONGEST_NAP = 5.0  # seconds: a feed that a command added is noticed by then
SHORTEST_NAP = 0.2  # claims that follow each other closely are taken together
SAVE_AFTER = (
    0.5  # seconds that what a check learned waits for others to be saved with; lost, it is asked for again
)
FINISH = 6.0  # seconds that checks in flight may take after a stop
TUNE_EVERY = timedelta(hours=1)
ALIVE = timedelta(seconds=60)  # a round takes far less
DARK = 5  # hosts that must be unreachable (all, where there are fewer), with none reached in between, before it is our own line

log = structlog.get_logger()


class Poller:
    """Claims due feeds and checks them. The truth about what is due is in the store."""

    def __init__(
        self,
        storage: Storage,
        client: Client,
        catalog: Catalog,
        clock: Clock,
        settings: Settings,
        *,
        metrics: Metrics | None = None,
        health: Health | None = None,
        writer: Writer | None = None,
        rng: Callable[[], float] = random.random,
    ) -> None:
        self._storage = storage
        self._clock = clock
        self._metrics = metrics or Nobody()
        self._health = health or Nobody()
        poll = settings.poll
        pace = Pace(interval=timedelta(seconds=poll.interval), least=timedelta(seconds=poll.min_interval))
        self._slots = asyncio.Semaphore(poll.in_flight)
        self._most = poll.in_flight * CLAIMED
        # Short enough that a killed process' feeds are soon due again; a feed that waits longer is not claimed twice.
        self._lease = timedelta(seconds=min(max(poll.interval, 10), 60))
        pages = Pages(client) if poll.pages else None
        self._newsroom = Newsroom(storage, catalog, clock, pages, self._metrics, writer)
        wishes: Mapping[str, timedelta] = load_wishes(settings.feeds)
        public_url = str(settings.web.public_url or "") if settings.web.listen else ""
        # What hubs call back to; whoever runs the web server mounts it at bot.feeds.websub.PATH.
        self.pushes = (
            Pushes(storage, client, self._newsroom, clock, public_url, self._wake) if public_url else None
        )
        # Asks for the pages of what was posted; where no pages are to be read, nothing is.
        self.withdrawals = Withdrawals(storage, self._newsroom, pages, clock) if pages else None
        self._checker = Checker(
            client,
            self._newsroom,
            clock,
            pace,
            rng,
            wishes.get,
            self._metrics,
            self.pushes,
            self.withdrawals,
        )
        self._tuned_at = clock()
        self._hosts: dict[str, deque[Feed]] = {}
        self._working: set[int] = set()
        self._unsaved: list[Feed] = []
        self._still: list[Feed] = []  # that are as they were; their next checks are decided together
        self._saved = asyncio.Event()
        self._idle = asyncio.Event()  # no host is being asked
        self._began = asyncio.Event()  # what was due at the start was claimed
        self._dark: set[str] = set()  # hosts that could not be reached since one was
        self._polled: set[str] = set()  # hosts of active feeds

    async def run(self, stop: asyncio.Event) -> None:
        """Poll until `stop` is set; then finish what is in flight, within seconds."""
        await self._newsroom.open()
        await self._tune()
        async with asyncio.TaskGroup() as group:
            saver = group.create_task(self._save_now_and_then(), name="poller saves")
            if self.withdrawals is not None:
                group.create_task(self.withdrawals.run(stop), name="withdrawals")
            try:
                while not stop.is_set():
                    self._health.beat("poller", ALIVE)
                    seconds = await self._round(group)
                    self._began.set()
                    await self._nap(seconds, stop)
            finally:
                self._health.rest("poller")
                await self._finish()
                saver.cancel()

    async def first_round(self, seconds: float) -> None:
        """Wait until the first requests are on their way, or so long at the most."""
        await first_of(self._began.wait(), seconds=seconds)

    async def poll_due(self) -> int:
        """Check everything that is due, and return how many feeds that was."""
        checked = 0
        while True:
            async with asyncio.TaskGroup() as group:
                found = await self._claim(group)
            await self._save()
            checked += found
            if not found:
                return checked

    async def _round(self, group: asyncio.TaskGroup) -> float:
        """Claim what is due; the seconds to sleep until the next round."""
        try:
            found = await self._claim(group)
            if self._clock() - self._tuned_at >= TUNE_EVERY:
                await self._tune()
                self._newsroom.forget()
            if found:
                return SHORTEST_NAP
            next_at = await self._storage.next_feed_at()
        except StorageError as error:
            log.warning("feeds not claimed", reason=str(error))
            return LONGEST_NAP
        wait = LONGEST_NAP if next_at is None else (next_at - self._clock()).total_seconds()
        return min(max(wait, SHORTEST_NAP), LONGEST_NAP)

    async def _tune(self) -> None:
        """Share out the requests anew, by what all feeds were learned to write."""
        self._tuned_at = self._clock()
        feeds = await self._storage.feeds()
        self._polled = {_host(feed) for feed in feeds if feed.state is FeedState.ACTIVE}
        self._checker.tune(feeds)

    async def _nap(self, seconds: float, stop: asyncio.Event) -> None:
        """Sleep until the next round, a stop, or until checks were saved and may be due again sooner."""
        self._saved.clear()
        await first_of(stop.wait(), self._saved.wait(), seconds=seconds)

    def _wake(self) -> None:
        """End the nap: something is due sooner than it was."""
        self._saved.set()

    async def _claim(self, group: asyncio.TaskGroup) -> int:
        room = self._most - len(self._working)
        if room <= 0:
            return 0
        due = await self._storage.claim_feeds(now=self._clock(), lease=self._lease, limit=room)
        new = [feed for feed in due if feed.id not in self._working]
        for feed in new:
            self._working.add(feed.id)
            host = _host(feed)
            self._polled.add(host)
            queue = self._hosts.get(host)
            if queue is None:
                self._hosts[host] = deque([feed])
                group.create_task(self._serve(host), name=f"feeds of {host}"[:80])
            else:
                queue.append(feed)
        return len(new)

    async def _serve(self, host: str) -> None:
        """Check the due feeds of one host, one after another."""
        queue = self._hosts[host]
        try:
            while queue:
                feed = queue.popleft()
                async with self._slots:
                    await self._one(feed)
                self._working.discard(feed.id)
        finally:
            self._working.difference_update(feed.id for feed in queue)
            del self._hosts[host]
            if not self._hosts:
                self._idle.set()

    async def _one(self, feed: Feed) -> None:
        """Check one feed. Whatever goes wrong stays with it."""
        try:
            if self.pushes is not None:
                self.pushes.begin(feed.id)
            done = await self._checker.check(feed)
            self._dark.clear()
            if done is None:
                self._still.append(feed)
                return
        except FetchError as error:
            done = self._failed(feed, error)
            if done.state is FeedState.PAUSED:
                done = await self._checker.with_successor(done)
                why = in_english(done.trouble or "")
                log.warning("feed paused", feed=feed.id, outlet=feed.outlet, reason=why)
        except StorageError as error:
            # Nothing is marked as read: when the lease runs out the same answer is asked for again.
            log.warning("feed not saved", feed=feed.id, reason=str(error))
            return
        except Exception as error:  # the edge of one unit of work
            log.exception("feed failed", feed=feed.id)
            done = self._failed(feed, unexpected(error))
        self._unsaved.append(done)

    def _failed(self, feed: Feed, error: FetchError) -> Feed:
        now = self._clock()
        self._metrics.feed_failed(reason(error))
        if isinstance(error, Unreachable):
            self._dark.add(_host(feed))
        elif error.status is not None:
            self._dark.clear()
        is_outage = len(self._dark) >= min(DARK, len(self._polled | self._dark))
        changed = schedule.after_outage if is_outage else schedule.after_failure
        done = changed(feed, error, self._checker.moment(feed))
        log.warning(
            "feed failed",
            feed=feed.id,
            status=error.status,
            errors=done.error_count,
            reason=str(error),
            next=round((done.next_check_at - now).total_seconds())
            if done.state == FeedState.ACTIVE
            else None,
        )
        return done

    async def _save_now_and_then(self) -> None:
        while True:
            await asyncio.sleep(SAVE_AFTER)
            await self._save()

    async def _save(self) -> None:
        """Save what checks have learned; what cannot be saved now is checked again when its lease runs out."""
        feeds, self._unsaved = self._unsaved, []
        still, self._still = self._still, []
        if not feeds and not still:
            return
        try:
            if feeds:
                await asyncio.shield(self._storage.save_feeds([self._with_push(feed) for feed in feeds]))
            if still:
                checks = list(self._next_checks(still))
                await asyncio.shield(self._storage.touch_feeds(checks, now=self._clock()))
        except StorageError as error:
            log.warning("feeds not saved", count=len(feeds) + len(still), reason=str(error))
        self._saved.set()

    def _with_push(self, feed: Feed) -> Feed:
        """The feed with what hubs did while it was checked; pinged since, it is due again."""
        if self.pushes is None:
            return feed
        known = self.pushes.current(feed)
        return replace(known, next_check_at=self._clock()) if self.pushes.is_pinged(feed.id) else known

    def _next_checks(self, still: Sequence[Feed]) -> Iterator[tuple[int, datetime]]:
        """Decide for all of them in one go, which takes a third of the time that it would between two requests."""
        now = self._clock()
        for feed in still:
            try:
                is_pinged = self.pushes is not None and self.pushes.is_pinged(feed.id)
                yield feed.id, now if is_pinged else self._checker.next_check(feed, now)
            except Exception as error:  # as in `_one`
                log.exception("feed failed", feed=feed.id)
                self._unsaved.append(self._failed(feed, unexpected(error)))

    async def _finish(self) -> None:
        """Drop what has not begun, wait a moment for what has, and save."""
        for queue in self._hosts.values():
            queue.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FINISH):
                while self._hosts:
                    self._idle.clear()
                    await self._idle.wait()
        await self._save()


def _host(feed: Feed) -> str:
    return feed.url.split("/", 3)[2]  # faster than urlsplit; every feed has a scheme
