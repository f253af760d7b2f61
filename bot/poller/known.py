"""Which story is told at an address? The memory that keeps one article from becoming two stories."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterable
from urllib.parse import urlsplit

from bot.feeds.identity import address_key, last_segment
from bot.model import Article, Story
from bot.text import fold

MOST = 50_000
LEAST_BLANKS = 3  # of a headline that names an article; "Video" does not


class Known:
    """Recent stories by the addresses of their articles, by outlet and last path segment, and by guid."""

    def __init__(self, stories: Iterable[Story] = ()) -> None:
        self._stories: OrderedDict[str, int] = OrderedDict()
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
        return next((self._stories[key] for key in keys if key in self._stories), None)

    def _put(self, key: str, story_id: int) -> None:
        self._stories[key] = story_id
        self._stories.move_to_end(key)
        while len(self._stories) > MOST:
            self._stories.popitem(last=False)


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
