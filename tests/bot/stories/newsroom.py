"""A newsroom in memory: invented headlines go in one after the other, stories come out."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import count

from bot.model import Article, Reading, Story
from bot.reading.read import read
from bot.series.catalog import load_catalog
from bot.stories.index import StoryIndex
from bot.stories.keys import keys_of
from bot.stories.match import match
from bot.stories.merge import begin, join
from tests.racing import SUNDAY

_numbers = count(1)


def article(title: str, lead: str = "", *, outlet: str = "", minutes: float = 0, **more: object) -> Article:
    number = next(_numbers)
    outlet = outlet or f"Outlet {number}"
    more.setdefault("url", f"https://outlet-{number}.example/news/{number}")
    return Article(
        guid=f"g{number}",
        title=title,
        standfirst=lead,
        outlet=outlet,
        published_at=SUNDAY + timedelta(minutes=minutes),
        **more,  # type: ignore[arg-type]
    )


def read_it(told: Article) -> Reading:
    return read(told, load_catalog(), now=told.published_at or SUNDAY)


class Newsroom:
    def __init__(self) -> None:
        self.index = StoryIndex()
        self.stories: dict[int, Story] = {}

    def tell(self, title: str, lead: str = "", **more: object) -> Story:
        return self.take(article(title, lead, **more))  # type: ignore[arg-type]

    def take(self, told: Article) -> Story:
        reading, now = read_it(told), told.published_at or SUNDAY
        keys = keys_of(told, reading, now=now)
        found = match(keys, self.index.candidates(keys))
        if found.story_id is None:
            story = begin(told, reading, now=now, parent_id=found.parent_id, reason=found.reason, keys=keys)
            story = replace(story, id=len(self.stories) + 1)
        else:
            story = join(self.stories[found.story_id], told, reading, reason=found.reason, now=now, keys=keys)
        self.stories[story.id] = story
        self.index.add(story)
        return story
