"""Subscribe feeds to their hubs, and take in what the hubs push."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from bot.errors import FetchError, PitwireError
from bot.feeds import rhythm, rsscloud, websub
from bot.feeds.client import Client
from bot.feeds.cloud import is_cloud
from bot.feeds.intake import Reader
from bot.feeds.websub import Answer
from bot.model import Feed, FeedDocument, FeedState
from bot.poller.newsroom import Newsroom
from bot.ports import Clock, Storage

LOOK = timedelta(seconds=1)  # between two looks into the store for the sake of somebody who may be no hub

log = structlog.get_logger()


class Pushes:
    """The subscriptions of all feeds that name a hub. Works only where hubs can reach us."""

    def __init__(
        self,
        storage: Storage,
        client: Client,
        newsroom: Newsroom,
        clock: Clock,
        public_url: str,
        wake: Callable[[], None],  # something is due now
    ) -> None:
        self._storage = storage
        self._client = client
        self._newsroom = newsroom
        self._clock = clock
        self._public_url = public_url
        self._wake = wake
        self._reader = Reader()
        self._looked_at: datetime | None = None
        self._known: dict[
            int, Mapping[str, Any]
        ] = {}  # the newest state: a check in flight may hold an older one
        self._pinged: set[int] = set()  # feeds that have changed since their last check began

    def current(self, feed: Feed) -> Feed:
        """The feed with its subscription as it stands: a hub may have called back while the feed was checked."""
        push = self._known.get(feed.id)
        return feed if push is None or push is feed.push else replace(feed, push=push)

    def begin(self, feed_id: int) -> None:
        """Note that a check begins: it will see whatever the feed was pinged for."""
        self._pinged.discard(feed_id)

    def is_pinged(self, feed_id: int) -> bool:
        """Say whether a feed was pinged since its last check began: that check may have missed what is new."""
        return feed_id in self._pinged

    def is_due(self, feed: Feed, document: FeedDocument | None, headers: Mapping[str, str]) -> bool:
        """Say whether the feed's hub is to be asked to push."""
        named = websub.hub_of(document, headers, self.current(feed))
        return websub.is_to_ask(self.current(feed), named, self._clock())

    async def consider(self, feed: Feed, document: FeedDocument | None, headers: Mapping[str, str]) -> Feed:
        """Ask a feed's hub to push, where it is time to; the feed as it is to be saved."""
        if not self.is_due(feed, document, headers):
            return feed
        named = websub.hub_of(document, headers, self.current(feed))
        asked = websub.asking(self.current(feed), named, self._clock())
        # Saved before the hub is asked: it may call back within the same second.
        await self._keep(asked)
        subscribe = rsscloud.subscribe if is_cloud(asked.push) else websub.subscribe
        try:
            await subscribe(self._client, asked, self._public_url)
        except FetchError as error:
            log.info("hub does not push", feed=feed.id, reason=str(error))
        else:
            log.info("hub asked to push", feed=feed.id)
        return self.current(asked)

    async def answer(
        self,
        method: str,
        feed_id: str,
        token: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: bytes,
    ) -> Answer:
        """Answer whatever comes to `websub.PATH`; header names in lower case."""
        if method == "POST":
            return await self.receive(feed_id, token, body, headers)
        return await self.verify(feed_id, token, query)

    async def verify(self, feed_id: str, token: str, query: Mapping[str, str]) -> Answer:
        """Answer a hub that asks whether a subscription was meant."""
        feed = await self._meant(feed_id, token)
        if feed is None:
            return Answer(status=404)
        answering = rsscloud.verified if is_cloud(feed.push) else websub.verified
        known, answer = answering(feed, token, query, self._clock())
        if known is not feed:
            await self._keep(known)
            log.info("hub answered", feed=feed.id, mode=query.get("hub.mode", "")[:20])
        return answer

    async def receive(self, feed_id: str, token: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Take in a push. A wrong signature gets the same answer as a right one, and nothing else (WebSub 7.1)."""
        feed = await self._meant(feed_id, token)
        if feed is None:
            return Answer(status=410)  # the hub may forget this subscription
        if is_cloud(feed.push):
            if rsscloud.is_ping(feed, body):
                await self._due(feed)
            return Answer(status=200)
        if len(body) > websub.MOST_BODY or not websub.is_genuine(feed.push, body, headers):
            log.warning("push ignored: not signed by the hub", feed=feed.id)
            return Answer(status=202)
        try:
            await self._take(feed, body, headers.get("content-type", ""))
        except PitwireError as error:
            log.warning("push not read", feed=feed.id, reason=str(error))
            await self._due(feed)
        return Answer(status=202)

    async def _due(self, feed: Feed) -> None:
        """Let the feed be polled now."""
        log.info("feed pinged", feed=feed.id)
        self._pinged.add(feed.id)
        await self._storage.save_feed(replace(feed, next_check_at=self._clock()))
        self._wake()

    async def _take(self, feed: Feed, body: bytes, content_type: str) -> None:
        """Publish what was pushed; an empty push only says that there is something."""
        now = self._clock()
        if not body.strip():
            await self._due(feed)
            return
        found = (await self._reader.read(body, content_type, feed.url, b"")).document
        assert found is not None  # nothing was known
        taken = await self._newsroom.take(
            feed, found.entries, by_address=bool(feed.rhythm.get("by_address", False))
        )
        log.info(
            "feed pushed", feed=feed.id, entries=len(found.entries), new=len(taken.new), changed=taken.changed
        )
        if taken.new:
            await self._learn(feed.id, taken.new, now)

    async def _learn(self, feed_id: int, new: tuple[datetime, ...], now: datetime) -> None:
        """Let the rhythm know of what polls will not find new any more."""
        feed = await self._feed(feed_id)
        if feed is not None:
            known = rhythm.learned(feed.rhythm, new, now=now)
            await self._storage.save_feed(replace(feed, rhythm=known, last_entry_at=now))

    async def _keep(self, feed: Feed) -> None:
        self._known[feed.id] = feed.push
        await self._storage.save_feed(feed)

    async def _meant(self, feed_id: str, token: str) -> Feed | None:
        """The feed that a request is about, if it came to the address that only its hub knows.

        A stranger's guess is answered from memory, or with one look into the store a second.
        """
        number = _number(feed_id)
        push = self._known.get(number)
        if push is None or not websub.is_for(push, token):
            now = self._clock()
            if self._looked_at is not None and timedelta(0) <= now - self._looked_at < LOOK:
                return None
            self._looked_at = now
        feed = await self._feed(number)
        if feed is None or feed.state is FeedState.GONE or not websub.is_for(feed.push, token):
            return None
        self._known[number] = feed.push
        return feed

    async def _feed(self, feed_id: int) -> Feed | None:
        feed = await self._storage.feed(feed_id)
        return self.current(feed) if feed is not None else None


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 18 else 0
