"""Is this article a telling of a known story, a later chapter of one, or news?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from bot.model import Article, Reading, Story


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """The decision and its reason. With neither story nor parent the article is news."""

    story: Story | None = None
    parent: Story | None = None
    reason: str = ""


def match(article: Article, reading: Reading, candidates: Iterable[Story], *, now: datetime) -> Match:  # noqa: ARG001
    """Find the story that an article tells: for now, one with the same canonical URL."""
    for story in candidates:
        if any(source.url == article.url for source in story.sources):
            return Match(story=story, reason="same address")
    return Match()
