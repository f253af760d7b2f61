"""The recent stories, so that a new article is compared with few of them and not with all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from bot.model import Article, Reading, Story


class StoryIndex:
    """Recent stories by what could make an article one of them."""

    def __init__(self, stories: Iterable[Story] = ()) -> None:
        self._stories: dict[int, Story] = {}
        self._by_url: dict[str, int] = {}
        for story in stories:
            self.add(story)

    def __len__(self) -> int:
        return len(self._stories)

    def add(self, story: Story) -> None:
        """Take in a new story, or the newer state of a known one."""
        self._stories[story.id] = story
        for source in story.sources:
            self._by_url[source.url] = story.id

    def candidates(self, article: Article, reading: Reading) -> Sequence[Story]:  # noqa: ARG002
        """The stories that an article could belong to, the likeliest first."""
        story_id = self._by_url.get(article.url)
        return () if story_id is None else (self._stories[story_id],)

    def forget(self, before: datetime) -> None:
        """Drop the stories that were last updated before then."""
        for story in [story for story in self._stories.values() if story.updated_at < before]:
            del self._stories[story.id]
            for source in story.sources:
                self._by_url.pop(source.url, None)
