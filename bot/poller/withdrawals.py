"""Has an outlet taken back what was posted? A few polite looks at a page within its first day.

Three signs are told apart: a page that is gone (404, 410), seen twice some time apart; an entry that left its feed while
older ones stayed, which only makes us look sooner; and everything else (a bot wall, an error, a redirect), which says
nothing. What cannot be known is not marked.
"""

from __future__ import annotations

import asyncio
import heapq
import secrets
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import structlog

from bot.errors import PitwireError
from bot.feeds.pages import Pages
from bot.model import Story
from bot.poller.newsroom import Newsroom
from bot.ports import Clock, Storage

AGES = (
    timedelta(minutes=30),
    timedelta(hours=4),
    timedelta(hours=22),
)  # of a story, at which its pages are asked
ROUND = timedelta(minutes=10)  # between two looks at what came of age
TICK = 20.0  # seconds
SURE_AFTER = timedelta(minutes=20)  # between the two times that a page must be gone
SURE_SOON = timedelta(
    seconds=60
)  # the same where the entry has left its feed too: two signs, one of each kind
HINT_FOR = timedelta(hours=12)  # old entries leave feeds in order
MOST_SOURCES = 6  # of one story
MOST_STORIES = 200  # of one round
MOST_WAITING = 500  # looks
MOST_OF_A_HOST = 3  # pages gone within an hour: more, and the site has moved its pages or is broken
MOST_WATCHED = 40  # entries a feed, and
MOST_FEEDS = 5_000  # feeds
WITNESSES = 3  # of them at most that were told to nobody, and only show that older entries are still there
JOB = "withdrawals"

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, order=True)
class _Look:
    """A page to be asked for. What was gone once is looked at a second time."""

    at: datetime
    url: str
    story_id: int
    is_second: bool = False
    is_hinted: bool = False


@dataclass(frozen=True, slots=True)
class _Watched:
    story_id: int  # 0: only there to compare with, and not worth its address
    url: str
    mark: bytes  # stands in the feed's body as long as the entry does
    since: datetime


class Withdrawals:
    """The looks that lie ahead. Several processes share the work: one of them asks at the usual ages."""

    def __init__(self, storage: Storage, newsroom: Newsroom, pages: Pages, clock: Clock) -> None:
        self._storage, self._newsroom, self._pages, self._clock = storage, newsroom, pages, clock
        self._owner = secrets.token_hex(8)
        self._until = clock()  # what came of age before then was looked for
        self._looks: list[_Look] = []
        self._asked: set[str] = set()  # addresses among them
        self._gone: dict[str, list[datetime]] = {}  # by host, when pages were gone
        self._watched: OrderedDict[int, list[_Watched]] = OrderedDict()

    async def run(self, stop: asyncio.Event) -> None:
        """Look until `stop` is set. What goes wrong costs one look."""
        waiting = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                try:
                    await self.look()
                except PitwireError as error:
                    log.warning("withdrawals not looked for", reason=str(error))
                await asyncio.wait({waiting}, timeout=TICK)
        finally:
            waiting.cancel()

    async def look(self) -> int:
        """Ask for the pages whose time has come; return how many stories were marked."""
        now = self._clock()
        if now - self._until >= ROUND:
            await self._come_of_age(now)
        marked = 0
        while self._looks and self._looks[0].at <= self._clock():
            look = heapq.heappop(self._looks)
            self._asked.discard(look.url)
            marked += await self._one(look)
        return marked

    def listed(self, feed_id: int, body: bytes, told: Iterable[tuple[int, str]]) -> None:
        """Take a feed's newest body, and what was told of it: what leaves it while older ones stay is asked for soon."""
        watched, now = self._watched.pop(feed_id, []), self._clock()
        is_older_there, left = False, []
        for known in watched:  # the oldest first
            is_there = known.mark in body
            if known.story_id and not is_there and is_older_there and now - known.since < HINT_FOR:
                self._put(_Look(now, known.url, known.story_id, is_hinted=True))
            elif is_there:
                left.append(known)
            is_older_there = is_older_there or is_there
        left += (
            _Watched(id_, url if id_ else "", mark, now)
            for id_, url in told
            if (mark := _mark(url)) in body and mark
        )
        if left:
            self._watched[feed_id] = _worth_watching(left)[-MOST_WATCHED:]
        if len(self._watched) > MOST_FEEDS:
            self._watched.popitem(last=False)

    async def _come_of_age(self, now: datetime) -> None:
        """Plan to look at the stories that have reached one of the ages since the last round."""
        begin, self._until = max(self._until, now - 2 * ROUND), now
        if not await self._storage.lease_job(JOB, self._owner, now=now, lease=3 * ROUND):
            return
        for age in AGES:
            stories = await self._storage.posted_between(begin - age, now - age, limit=MOST_STORIES)
            self._plan(stories, now)

    def _plan(self, stories: Sequence[Story], now: datetime) -> None:
        """Spread the looks over the round."""
        asked = [(story.id, url) for story in stories for url in _pages_of(story)]
        for number, (story_id, url) in enumerate(asked):
            self._put(_Look(now + ROUND * number / len(asked), url, story_id))

    def _put(self, look: _Look) -> None:
        if look.url not in self._asked and len(self._looks) < MOST_WAITING:
            self._asked.add(look.url)
            heapq.heappush(self._looks, look)

    async def _one(self, look: _Look) -> int:
        """Ask for one page. The first time its head is enough; what is marked was asked for in full."""
        if not await self._pages.is_gone(look.url, wholly=look.is_second):
            return 0
        host, now = urlsplit(look.url).netloc, self._clock()
        if not look.is_second:
            self._gone.setdefault(host, []).append(now)
            self._put(_Look(now + (SURE_SOON if look.is_hinted else SURE_AFTER), look.url, look.story_id,
                            is_second=True, is_hinted=look.is_hinted))  # fmt: skip
            return 0
        if not look.is_hinted and self._is_broken(host, now):
            log.warning("pages gone, nothing marked: too many at once", host=host)
            return 0
        return await self._newsroom.withdraw(look.story_id, look.url)

    def _is_broken(self, host: str, now: datetime) -> bool:
        """Say whether so many pages of a site are gone that they were hardly taken back one by one."""
        self._gone = {
            name: kept
            for name, times in self._gone.items()
            if (kept := [at for at in times if now - at < timedelta(hours=1)])
        }
        return len(self._gone.get(host, ())) > MOST_OF_A_HOST


def _worth_watching(listed: Sequence[_Watched]) -> list[_Watched]:
    """Leave out all witnesses but the newest: the oldest are the first to leave a feed."""
    witnesses = [known for known in listed if not known.story_id][-WITNESSES:]
    return [known for known in listed if known.story_id or known in witnesses]


def _mark(url: str) -> bytes:
    """The end of an address as it stands in the feed, however the address begins there."""
    _, slash, name = urlsplit(url).path.rstrip("/").rpartition("/")
    return f"{slash}{name}".encode() if name else b""


def _pages_of(story: Story) -> Iterator[str]:
    """Addresses of the tellings that may be taken back."""
    for source in story.sources[:MOST_SOURCES]:
        if not source.withdrawn and source.url.startswith(("http://", "https://")):
            yield source.url
