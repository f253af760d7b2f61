"""Check one feed: ask conditionally, read what is new, publish it, and only then remember the validators."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from bot.errors import FetchError
from bot.feeds import health, schedule, trouble
from bot.feeds.client import Client, Response
from bot.feeds.discovery import elsewhere
from bot.feeds.identity import are_worthless
from bot.feeds.intake import Reader
from bot.feeds.pulse import Pulse
from bot.feeds.rhythm import rate
from bot.feeds.schedule import Checked, Moment, Pace, usual_rate
from bot.feeds.websub import is_alive
from bot.model import Feed, FeedDocument, FeedState
from bot.poller.newsroom import Newsroom, Taken
from bot.poller.push import Pushes
from bot.poller.watch import Metrics
from bot.poller.withdrawals import Withdrawals
from bot.ports import Clock

FIRST_LOOKS = 3  # at a time: each holds a feed's whole text, and more would only wait for the processor
LOOK_ELSEWHERE = 90.0  # seconds for all the addresses at which a site may name a feed
TUNE_BY = 400  # feeds, at most

log = structlog.get_logger()


class Checker:
    """Checks feeds, one call each. Raises FetchError for the feed's trouble and StorageError for the store's."""

    def __init__(
        self,
        client: Client,
        newsroom: Newsroom,
        clock: Clock,
        pace: Pace,
        random: Callable[[], float],
        every: Callable[[str], timedelta | None],
        metrics: Metrics,
        pushes: Pushes | None = None,
        withdrawals: Withdrawals | None = None,
    ) -> None:
        self._client = client
        self._reader = Reader()
        self._newsroom = newsroom
        self._clock = clock
        self.pace = pace
        self._pulse = Pulse()
        self._random = random
        self._every = every
        self._metrics = metrics
        self._pushes = pushes
        self._withdrawals = withdrawals
        self._first_looks = asyncio.Semaphore(FIRST_LOOKS)

    async def check(self, feed: Feed) -> Feed | None:
        """Do one check and return the feed as it is to be saved. Everything new is published by then.

        None: the feed is as it was, and there is nothing to save but its `next_check`.
        """
        began = time.monotonic()
        result = "failed"
        try:
            answer = await self._client.get(feed.url, etag=feed.etag, last_modified=feed.last_modified)
            result = "unchanged" if answer.status == 304 else "new"
        finally:
            self._metrics.polled(result, time.monotonic() - began)
        body_hash = feed.body_hash
        if answer.status == 200:
            body_hash = hashlib.blake2b(answer.body, digest_size=16).hexdigest()
            if body_hash != feed.body_hash:
                async with self._first_looks if feed.last_success_at is None else contextlib.nullcontext():
                    return await self._read(feed, answer, body_hash)
        is_here = answer.moved_to is None and not self._is_push_due(feed, answer)
        if is_here and schedule.is_still(feed, answer.headers, self._clock()):
            return None
        return await self._pushed(self._passed(feed, answer, body_hash=body_hash, remark=_kept(feed)), answer)

    def next_check(self, feed: Feed, now: datetime) -> datetime:
        """When a feed that is as it was is to be checked again."""
        return schedule.next_check(feed.rhythm, self._moment(feed, now))

    async def with_successor(self, feed: Feed) -> Feed:
        """A feed that was given up, and in its health the feed that its site names instead, if there is one."""
        url = None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOOK_ELSEWHERE):
                url = await elsewhere(self._client, feed.url)
        if url is None:
            return feed
        log.warning("feed has a successor", feed=feed.id, url=url)
        return replace(feed, trouble=trouble.reason("elsewhere", url, feed.trouble or ""))

    def _is_push_due(self, feed: Feed, answer: Response) -> bool:
        return self._pushes is not None and self._pushes.is_due(feed, None, answer.headers)

    async def _pushed(self, feed: Feed, answer: Response, document: FeedDocument | None = None) -> Feed:
        """The feed after its hub was asked to push, where it names one."""
        return await self._pushes.consider(feed, document, answer.headers) if self._pushes else feed

    async def _read(self, feed: Feed, answer: Response, body_hash: str) -> Feed:
        intake = await self._reader.read(answer.body, answer.content_type, answer.url, feed.slices)
        found = intake.document
        remark = health.remark(answer.body, answer.content_type)
        if found is None:
            self._note_listed(feed, answer, None)
            return self._passed(feed, answer, body_hash=body_hash, slices=intake.slices(), remark=remark)
        by_address = feed.rhythm.get("by_address", False) or are_worthless(found.entries)
        taken = await self._newsroom.take(feed, found.entries, by_address=by_address)
        if feed.last_success_at is not None:
            self._pulse.beat(feed.series, len(taken.new), self._clock())
        self._note_listed(feed, answer, taken)
        # The validators are saved after the articles: a crash before would make the next answer a 304.
        done = self._passed(
            feed,
            answer,
            body_hash=None if taken.failed else body_hash,
            slices=intake.slices(taken.failed),
            document=found,
            taken=taken,
            by_address=by_address,
            remark=remark,
        )
        self._metrics.entries(len(taken.new), taken.changed)
        log.info(
            "feed checked",
            feed=feed.id,
            status=answer.status,
            entries=len(found.entries),
            new=len(taken.new),
            changed=taken.changed,
            next=_seconds(done, self._clock()),
        )
        return await self._pushed(done, answer, found)

    def _note_listed(self, feed: Feed, answer: Response, taken: Taken | None) -> None:
        """Let what left the feed be looked after."""
        if self._withdrawals is not None:
            self._withdrawals.listed(feed.id, answer.body, taken.told if taken else ())

    def _passed(
        self,
        feed: Feed,
        answer: Response,
        *,
        body_hash: str | None,
        slices: bytes | None = None,
        document: FeedDocument | None = None,
        taken: Taken | None = None,
        by_address: bool | None = None,
        remark: str | None = None,
    ) -> Feed:
        now = self._clock()
        is_304 = answer.status == 304
        dated = [entry.published_at for entry in document.entries if entry.published_at] if document else []
        checked = Checked(
            headers=answer.headers,
            document=document,
            new=taken.new if taken else (),
            newest=min(max(dated), now) if dated else None,
            moved_to=answer.moved_to,
            etag=answer.headers.get("ETag", feed.etag if is_304 else None),
            last_modified=answer.headers.get("Last-Modified", feed.last_modified if is_304 else None),
            body_hash=body_hash,
            slices=slices,
            guids_are_worthless=by_address,
            remark=remark,
        )
        return schedule.after_success(feed, checked, self.moment(feed))

    def moment(self, feed: Feed) -> Moment:
        """What the feed's next check depends on besides itself."""
        return self._moment(feed, self._clock())

    def _moment(self, feed: Feed, now: datetime) -> Moment:
        return Moment(
            now=now,
            pace=self.pace,
            random=self._random,
            every=self._every(feed.url),
            pulse=self._pulse.of(feed.series, now),
            # A lease has to last until the next check at the least.
            is_pushed=bool(feed.push) and is_alive(feed, now + self.pace.most),
        )

    def tune(self, feeds: Sequence[Feed]) -> None:
        """Share out the requests anew, by what all feeds were learned to write."""
        now = self._clock()
        known = [feed for feed in feeds if feed.state == FeedState.ACTIVE and "mass" in feed.rhythm]
        self._pulse.expect(((feed.series, rate(feed.rhythm, now.timestamp()) or 0.0) for feed in known), now)
        sample = [feed.rhythm for feed in known[:: len(known) // TUNE_BY + 1]]
        self.pace = replace(self.pace, usual=usual_rate(sample, self.pace, now))


def _kept(feed: Feed) -> str | None:
    """A remark on the body holds as long as the body does."""
    return feed.trouble if feed.error_count == 0 else None


def _seconds(feed: Feed, now: datetime) -> int:
    return round((feed.next_check_at - now).total_seconds())


def unexpected(error: Exception) -> FetchError:
    """What the feed's health says when the fault is ours."""
    return trouble.error("ours", type(error).__name__)
