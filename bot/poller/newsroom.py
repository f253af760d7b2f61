"""Entries of one feed → articles → stories → published, whole or not at all for each."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from bot.errors import StorageError
from bot.feeds.identity import WORDS, address, identified
from bot.feeds.pages import Pages
from bot.model import (
    Article,
    Entry,
    Feed,
    Importance,
    Lane,
    Published,
    Reading,
    Story,
    Surroundings,
)
from bot.poller.known import Known, is_same_place
from bot.poller.watch import Metrics
from bot.ports import Clock, Storage
from bot.posts.topics import topics_of
from bot.reading.article import article_from, needs_page
from bot.reading.llm import Writer
from bot.reading.read import read
from bot.series.catalog import Catalog
from bot.stories.index import StoryIndex
from bot.stories.keys import Keys, keys_of
from bot.stories.match import Match, match
from bot.stories.merge import alone, begin, join, revise, split_from, withdraw

WINDOW = timedelta(hours=72)  # stories that a new article is compared with
# What is older is compared with nothing: a new feed lists what is weeks old.
REACH = WINDOW + timedelta(days=1)
STALE = timedelta(days=3)  # an entry that much older than the feed's newest was listed again, it is no news
CATCH_UP = timedelta(seconds=1)
CLOCKS_APART = timedelta(seconds=3)  # of several processes; also what was being written at the last look
LONG = 20_000  # characters of an entry that takes milliseconds to clean
READ_AT_FIRST = 50  # entries of a new feed that become stories; older ones are only known
PAGE_PATIENCE = 12.0  # seconds that a story waits for its page; then the feed's teaser has to do

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of a feed's entries."""

    new: tuple[datetime, ...] = ()  # when the new ones were published
    changed: int = 0
    failed: tuple[int, ...] = ()  # places of the entries that could not be read this time
    told: tuple[tuple[int, str], ...] = ()  # stories, each with its address; 0 for one that nobody was told


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """An article that is new, or that its outlet changed."""

    place: int  # in the document
    entry: Entry
    article: Article
    is_new: bool = True


@dataclass(frozen=True, slots=True)
class _Likely:
    """What an article looks like beside the stories in memory."""

    keys: Keys
    found: Match


class Newsroom:
    """Turns entries into stories. One at a time decides which story an article tells."""

    def __init__(
        self,
        storage: Storage,
        catalog: Catalog,
        clock: Clock,
        pages: Pages | None,
        metrics: Metrics,
        writer: Writer | None = None,
    ) -> None:
        self._storage = storage
        self._catalog = catalog
        self._clock = clock
        self._pages = pages
        self._metrics = metrics
        self._writer = writer  # a model that writes summaries, where the operator named one
        self._index: StoryIndex | None = None
        self._known = Known()
        self._deciding = asyncio.Lock()
        self._caught_up_at = clock()
        self._own: dict[int, int] = {}  # stories told here since then, by id: their revision

    async def open(self) -> None:
        """Remember the stories of the last days."""
        self._caught_up_at = self._clock()
        index, known = StoryIndex(), Known()
        async for story in self._storage.recent_stories(self._caught_up_at - WINDOW):
            known.add(story)
            if self._is_comparable(story):
                index.add(story)
        self._index, self._known = index, known

    async def take(self, feed: Feed, entries: Sequence[Entry], *, by_address: bool = False) -> Taken:
        """Publish what is new or changed among a feed's entries. Raises StorageError, and then nothing may be marked as read.

        The first entries of a new feed are kept and told to nobody.
        """
        if self._index is None:
            await self.open()
        first = feed.last_success_at is None
        entries_by_place = identified(entries, by_address=by_address)
        made, failed = await self._made(feed, entries_by_place)
        work = await self._unknown(feed, made)
        work.sort(key=_age)
        told: list[tuple[int, str]] = []
        for number, piece in enumerate(work):
            try:
                if first and len(work) - number > READ_AT_FIRST:
                    await self._storage.publish(piece.article, None, now=self._clock(), announce=False)
                else:
                    told += await self._tell(feed, piece, first=first)
            except StorageError:
                raise
            except Exception:  # the edge of one entry: the others are told all the same
                log.exception("entry failed", feed=feed.id, url=piece.article.url)
                failed.append(piece.place)
            await asyncio.sleep(0)
        if first and work and self._pages and needs_page(work[-1].entry):
            await self._pages.prepare(work[-1].article.url)
        now = self._clock()
        return Taken(
            new=tuple(min(piece.article.published_at or now, now) for piece in work if piece.is_new),
            changed=sum(not piece.is_new for piece in work),
            failed=tuple(failed),
            told=tuple(told),
        )

    async def _made(self, feed: Feed, entries: Sequence[tuple[int, Entry]]) -> tuple[list[_Work], list[int]]:
        """Make articles of entries, and name the places of those that no article can be made of."""
        now = self._clock()
        made: list[_Work] = []
        failed: list[int] = []
        for place, entry in entries:
            try:
                made.append(_Work(place=place, entry=entry, article=article_from(entry, feed, now=now)))
            except Exception:  # the edge of one entry
                log.exception("entry failed", feed=feed.id, url=entry.url)
                failed.append(place)
            if len(entry.content) + len(entry.standfirst) > LONG:
                await asyncio.sleep(0)  # a feed of nothing but long entries would hold all others up
        return made, failed

    async def _unknown(self, feed: Feed, made: Sequence[_Work]) -> list[_Work]:
        """Leave out what is known as it stands: by its guid, or by its address where the guid is another each time."""
        is_first = feed.last_success_at is None
        entries = [(piece.article.guid, "" if is_first else piece.article.url) for piece in made]
        known = dict(await self._storage.known_entries(feed.id, entries))
        made = [piece if piece.article.guid in known else self._by_words(piece) for piece in made]
        if words := [piece.article.guid for piece in made if piece.article.guid.startswith(WORDS)]:
            known.update(await self._storage.known_entries(feed.id, [(guid, "") for guid in words]))
        work: list[_Work] = []
        for piece in made:
            article, kept = piece.article, known.get(piece.article.guid)
            if kept is None:
                work.append(piece)
            elif kept.content_hash != article.content_hash:
                work.append(replace(piece, article=replace(article, guid=kept.guid), is_new=False))
        work.reverse()  # feeds put the newest first, stories are told in order
        return work

    def _by_words(self, piece: _Work) -> _Work:
        """Know an entry without a link by what it says where its guid is new and its story is not."""
        article = piece.article
        if article.url or self._known.story_of(article) is None:
            return piece
        return replace(piece, article=replace(article, guid=address(piece.entry)))

    async def _tell(self, feed: Feed, piece: _Work, *, first: bool) -> list[tuple[int, str]]:
        """Read one article, decide which story it tells, and publish it; which story, and its address."""
        article = piece.article
        if not first and self._pages is not None and article.url and needs_page(piece.entry, article):
            article = await self._completed(feed, piece)
        now = self._clock()
        reading = read(article, self._catalog, now=now)
        if not reading.series:
            await self._storage.publish(article, None, now=now, announce=False)
            return []
        is_news = not first and not _is_listed_again(feed, article, now)
        if is_news and self._writer is not None and (written := await self._writer.tell(article, reading)):
            reading = replace(reading, summary=written, machine_written=True)
        async with self._deciding:
            await self._catch_up()
            story, by_itself = await self._decided(article, reading, is_news=is_news, now=now)
            lane = Lane.URGENT if reading.importance >= Importance.BREAKING else Lane.NEWS
            done = await self._storage.publish(
                article, story, alone=by_itself, now=now, announce=is_news, lane=lane
            )
            if done is not None:
                self._remember(article, done)
                if done.is_new_story or done.is_changed:
                    self._metrics.story(
                        "new" if done.is_new_story else "joined" if piece.is_new else "changed"
                    )
        return [(done.story.id if is_news else 0, article.url)] if done is not None and article.url else []

    async def _catch_up(self) -> None:
        """Take in what others changed since: a moderator took a story apart, another process told one."""
        assert self._index is not None
        since, now = self._caught_up_at, self._clock()
        if now - since < CATCH_UP:
            return
        async for story in self._storage.recent_stories(since - CLOCKS_APART):
            if self._own.get(story.id) != story.revision:
                self._take_in(story)
        self._caught_up_at = now
        self._own.clear()

    async def _completed(self, feed: Feed, piece: _Work) -> Article:
        """The article with the text of its page. What it is known by stays what the feed gave."""
        assert self._pages is not None
        try:
            async with asyncio.timeout(PAGE_PATIENCE):
                page = await self._pages.page_of(piece.article.url, anew=not piece.is_new)
        except TimeoutError:
            page = None
        if page is None:
            return piece.article
        whole = await asyncio.to_thread(article_from, piece.entry, feed, now=self._clock(), page=page)
        return replace(
            whole, guid=piece.article.guid, url=piece.article.url, content_hash=piece.article.content_hash
        )

    async def _decided(
        self, article: Article, reading: Reading, *, is_news: bool, now: datetime
    ) -> tuple[Story, Story | None]:
        """The story that an article tells, and what it tells by itself where merging is off."""
        known_id = self._known.story_of(article)
        likely = self._likely(article, reading, now=now) if known_id is None else None
        around = await self._around(article, known_id, likely)
        known = await self._known_story(article, known_id, around)
        if known is not None:
            story = _followable(_retold(known, article, reading, now=now), around)
            return story, await self._corrected_alone(article, reading, now=now) if is_news else None
        likely = likely or self._likely(article, reading, now=now)
        story = _followable(await self._new_story(article, reading, likely, around, now=now), around)
        return story, _followable(alone(article, reading, now=now), around) if is_news else None

    def _likely(self, article: Article, reading: Reading, *, now: datetime) -> _Likely:
        """Compare an article with the stories in memory."""
        assert self._index is not None
        keys = keys_of(article, reading, now=now, catalog=self._catalog)
        return _Likely(keys, match(keys, self._index.candidates(keys)))

    async def _around(self, article: Article, known_id: int | None, likely: _Likely | None) -> Surroundings:
        """Everything that the store has to say about an article before it is told, asked at once."""
        story_id = likely.found.story_id if likely is not None else known_id
        ids = [] if story_id is None else [story_id]
        return await self._storage.surroundings(article.url, ids, prefix="words:")

    async def _new_story(
        self, article: Article, reading: Reading, likely: _Likely, around: Surroundings, *, now: datetime
    ) -> Story:
        """Decide which story an article tells that is known nowhere: one that tells the same, or a new one."""
        assert self._index is not None
        keys, found = likely.keys, likely.found
        if found.story_id is not None and (fresh := await self._fresh(found.story_id, around)) is not None:
            # As it stands in the store: a moderator may have split it since it was indexed.
            if self._index.add(fresh):
                found = match(keys, self._index.candidates(keys))
            if found.story_id == fresh.id:
                return join(fresh, article, reading, reason=found.reason, now=now, keys=keys)
        return begin(article, reading, now=now, parent_id=found.parent_id, reason=found.reason, keys=keys)

    async def _fresh(self, story_id: int, around: Surroundings) -> Story | None:
        return around.stories.get(story_id) or await self._storage.story(story_id)

    async def _corrected_alone(self, article: Article, reading: Reading, *, now: datetime) -> Story | None:
        """The article as a story of its own, if it was told so where merging is off."""
        told = await self._storage.told_alone(article)
        return revise(told, replace(article, url=told.url), reading, now=now) if told is not None else None

    async def _known_story(
        self, article: Article, known_id: int | None, around: Surroundings
    ) -> Story | None:
        """The story that an article at this address tells, as it stands in the store: a moderator may have split it."""
        known = around.stories.get(known_id) if known_id is not None else None
        if (known is not None and _tells(known, article)) or not article.url:
            return known
        if around.told_at is not None:
            return around.stories.get(around.told_at)
        for story_id in split_from(known) if known is not None else ():  # its address changed since
            story = await self._storage.story(story_id)
            if story is not None and _tells(story, article):
                return story
        return known

    async def withdraw(self, story_id: int, url: str) -> int:
        """Mark the telling at an address as taken back by its outlet; how many stories that changed."""
        async with self._deciding:
            story = await self._storage.story(story_id)
            marked = withdraw(story, url, now=self._clock()) if story is not None else story
            if story is None or marked is None or marked is story:
                return 0
            saved = await self._storage.save_story(marked, now=self._clock())
            for telling in await self._storage.tellings_apart(story_id):
                if (gone := withdraw(telling, url, now=self._clock())) is not telling:
                    await self._storage.save_story(gone, now=self._clock())
            if self._index is not None:
                self._index.add(saved)
        log.info("telling withdrawn", story=story_id, all=saved.withdrawn_at is not None, url=url)
        self._metrics.story("changed")
        return 1

    def _remember(self, article: Article, done: Published) -> None:
        self._take_in(done.story)
        self._own[done.story.id] = done.story.revision
        self._known.add_entry(article.feed_id, article.guid, done.story.id)

    def _take_in(self, story: Story) -> None:
        """Know a story's addresses, and compare it with what comes."""
        assert self._index is not None
        self._known.add(story)
        if self._is_comparable(story):
            self._index.add(story)

    def _is_comparable(self, story: Story) -> bool:
        newest = max(source.published_at or story.updated_at for source in story.sources)
        return newest >= self._clock() - REACH

    def forget(self) -> None:
        """Drop what is too old to be told again."""
        if self._index is not None:
            self._index.forget(self._clock() - WINDOW)


def _age(piece: _Work) -> float:
    at = piece.article.published_at
    return at.timestamp() if at else float("inf")


def _is_listed_again(feed: Feed, article: Article, now: datetime) -> bool:
    """Say whether an entry is old by the clock and by the feed's own standard.

    After days without a network everything is old by the clock, and yet it is news.
    """
    newest = feed.rhythm.get("newest")
    if article.published_at is None or newest is None:
        return False
    at = article.published_at
    return now - at > STALE and newest - at.timestamp() > STALE.total_seconds()


def _followable(story: Story, around: Surroundings) -> Story:
    """The story with what it can be followed by besides series and names: its outlets, and words that anyone follows."""
    more = [topic for topic in topics_of(story, around.followed) if topic not in story.topics]
    return replace(story, topics=(*story.topics, *more)) if more else story


def _tells(story: Story, article: Article) -> bool:
    """Whether a story has this article, under this address or another one of its outlet."""
    return any(
        source.outlet == article.outlet
        or is_same_place(source.outlet, source.url, article.outlet, article.url)
        for source in story.sources
    )


def _retold(story: Story, article: Article, reading: Reading, *, now: datetime) -> Story:
    """The story as its own outlet tells it now; another outlet at the same address joins it."""
    for source in story.sources:
        if is_same_place(source.outlet, source.url, article.outlet, article.url):
            return revise(story, replace(article, url=source.url), reading, now=now)
    by_outlet = [source for source in story.sources if source.outlet == article.outlet]
    if len(by_outlet) == 1:  # the address changed, the guid stayed
        return revise(story, replace(article, url=by_outlet[0].url), reading, now=now)
    return join(story, article, reading, reason="same address", now=now)
