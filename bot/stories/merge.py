"""Begin a story from an article, let another outlet join it, and take over what an outlet corrected."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.model import Article, Reading, Source, Story
from bot.text import fold


def begin(article: Article, reading: Reading, *, now: datetime, parent: Story | None = None) -> Story:
    """Tell a new story by its first article."""
    return Story(
        title=article.title,
        summary=reading.summary,
        url=article.url,
        language=reading.language,
        sources=(source_of(article, reading),),
        series=tuple(tag.slug for tag in reading.series),
        primary=reading.primary,
        spoiler=reading.spoiler,
        safe_title=reading.safe_title,
        label=reading.label,
        importance=reading.importance,
        image_url=article.image_url,
        topics=reading.topics,
        published_at=min(article.published_at or now, now),
        created_at=now,
        updated_at=now,
        parent_id=parent.id if parent else None,
    )


def join(story: Story, article: Article, reading: Reading, *, reason: str, now: datetime) -> Story:
    """Let one more outlet tell the story; a reader notices, so the revision rises."""
    sources = (*story.sources, source_of(article, reading))
    series = tuple(dict.fromkeys((*story.series, *(tag.slug for tag in reading.series))))
    return told(
        replace(
            story,
            sources=sources,
            series=series,
            spoiler=story.spoiler or reading.spoiler,
            importance=max(story.importance, reading.importance),
            topics=tuple(dict.fromkeys((*story.topics, *reading.topics))),
            reasons=(*story.reasons, reason),
            revision=story.revision + 1,
            updated_at=now,
        )
    )


def revise(story: Story, article: Article, reading: Reading, *, now: datetime) -> Story:
    """Take over an outlet's corrected telling; the revision rises only for what a reader would notice."""
    new = source_of(article, reading)
    sources = tuple(
        replace(new, article_id=source.article_id) if source.url == article.url else source
        for source in story.sources
    )
    revised = told(replace(story, sources=sources, spoiler=story.spoiler or reading.spoiler, updated_at=now))
    if _noticed(story, revised):
        return replace(revised, revision=story.revision + 1)
    return replace(story, sources=sources)


def told(story: Story) -> Story:
    """Let the best source tell the story: official first, then the longest text, then the earliest."""
    best = max(story.sources, key=lambda source: (not source.withdrawn, source.official, source.length))
    rest = tuple(source for source in story.sources if source is not best)
    return replace(
        story,
        sources=(best, *rest),
        title=best.title,
        summary=best.summary,
        url=best.url,
        language=best.language,
        safe_title=best.safe_title or story.safe_title,
        image_url=best.image_url or story.image_url,
    )


def source_of(article: Article, reading: Reading) -> Source:
    """What is kept of an article to tell its story by it."""
    return Source(
        article_id=article.id,
        outlet=article.outlet,
        url=article.url,
        language=reading.language,
        title=article.title,
        summary=reading.summary,
        safe_title=reading.safe_title,
        image_url=article.image_url,
        official=article.official,
        length=len(article.text or article.standfirst),
        published_at=article.published_at,
        machine_written=reading.machine_written,
    )


def _noticed(before: Story, after: Story) -> bool:
    return (fold(before.title), fold(before.summary), before.image_url) != (
        fold(after.title),
        fold(after.summary),
        after.image_url,
    )
