"""Which story is told at an address? The memory that keeps one article from becoming two stories."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterable
from urllib.parse import urlsplit

from bot.feeds.identity import address_key, last_segment
from bot.model import Article, Story
from bot.text import fold

MOST = 50_000
LEAST_BLANKS = 3  # of a headline that names an article; "Video" does not


class Known:
    """Recent stories by the addresses of their articles, by outlet and last path segment, and by guid.

    Of a name only its hash is kept (64 bits, salted: two of 50,000 never meet), in two generations: when the young one
    is full, the old one is forgotten.
    """

    def __init__(self, stories: Iterable[Story] = ()) -> None:
        self._young = _Table()
        self._old = _Table()
        for story in stories:
            self.add(story)

    def add(self, story: Story) -> None:
        """Remember the addresses at which a story is told."""
        for source in story.sources:
            for key in (*_keys(source.outlet, source.url), *_told(source.outlet, source.url, source.title)):
                self._put(key, story.id)

    def add_entry(self, feed_id: int, guid: str, story_id: int) -> None:
        """Remember the story of a feed's entry: its address may change, its guid stays."""
        self._put(f"guid {feed_id} {guid}", story_id)

    def story_of(self, article: Article) -> int | None:
        """The story that this article is known to tell."""
        keys = (
            f"guid {article.feed_id} {article.guid}",
            *_keys(article.outlet, article.url),
            *_told(article.outlet, article.url, article.title),
        )
        found = (self._young.get(name) or self._old.get(name) for name in map(_hashed, keys))
        return next((story_id for story_id in found if story_id), None)

    def _put(self, key: str, story_id: int) -> None:
        if len(self._young) >= MOST // 2:
            self._young, self._old = _Table(), self._young
        self._young.put(_hashed(key), story_id)


class _Table:
    """Numbers by hashes, in two arrays with open addressing: a sixth of what a dict and its numbers would take."""

    __slots__ = ("_hashes", "_numbers", "_size")

    def __init__(self, places: int = 1024) -> None:
        self._hashes = array("Q", bytes(8 * places))
        self._numbers = array("I", bytes(4 * places))  # of 32 bits: no place tells four billion stories
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def get(self, name: int) -> int:
        """The number of a hash, 0 if it has none."""
        return self._numbers[self._place(name)]

    def put(self, name: int, number: int) -> None:
        """Give a hash its number."""
        place = self._place(name)
        if not self._hashes[place]:
            if 5 * self._size >= 4 * len(self._hashes):
                self._grow()
                place = self._place(name)
            self._hashes[place] = name
            self._size += 1
        self._numbers[place] = number

    def _place(self, name: int) -> int:
        """Where a hash stands, or the free place where it would."""
        hashes, last = self._hashes, len(self._hashes) - 1
        place = name & last
        while (found := hashes[place]) != name and found:
            place = (place + 1) & last
        return place

    def _grow(self) -> None:
        larger = _Table(2 * len(self._hashes))
        for name, number in zip(self._hashes, self._numbers, strict=True):
            if name:
                larger.put(name, number)
        self._hashes, self._numbers = larger._hashes, larger._numbers


def _hashed(key: str) -> int:
    return hash(key) % 2**64 or 1  # 0 is a free place


def _keys(outlet: str, url: str) -> Iterable[str]:
    if not url:
        return
    yield f"url {address_key(url)}"
    segment = last_segment(url)
    if segment:
        yield f"segment {outlet} {segment}"


def _told(outlet: str, url: str, title: str) -> Iterable[str]:
    """Headline and path: what stays the same where a feed makes up guids, and has no links or some that change."""
    words = fold(title)
    if words.count(" ") >= LEAST_BLANKS:
        name = f"{outlet}\n{urlsplit(url).path}\n{words}"
        yield "told " + hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=9).hexdigest()


def is_same_place(outlet: str, url: str, other_outlet: str, other_url: str) -> bool:
    """Say whether two addresses are those of one article: the same, or one outlet's under two categories."""
    return not set(_keys(outlet, url)).isdisjoint(_keys(other_outlet, other_url))
