"""Begin a story from an article, let another outlet join it, and take over what an outlet corrected."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from bot.model import Article, Importance, Label, Reading, Source, Story
from bot.stories.kept import remember
from bot.stories.keys import Keys, keys_of
from bot.text import fold

MOST_REVISIONS = 20  # edits of one post: a page that prints the clock must not edit for ever
CORRECTED_FOR = timedelta(hours=48)  # after that a post stays as it is
FOLLOWS = "follows up: "  # before the reason of a later chapter
WIDELY_TOLD = 4  # outlets from which a story is a major one

_CLOCK = re.compile(r"\b\d{1,2}[:.h]\d{2}(?:[:.]\d{2})?(?: ?(?:uhr|[ap]\.?m\.?|h|gmt|utc|bst|c?e[sd]?t))?\b")
_COUNTER = re.compile(
    r"\b\d[\d.,]* (?:comment|kommentar|commentaire|comentario|commento|commenti|view|aufruf|vue|share|like|min(?:ute)?s? read)\w*"
)
_IDLE = re.compile(r"[\W_]+")


def begin(
    article: Article,
    reading: Reading,
    *,
    now: datetime,
    parent_id: int | None = None,
    reason: str = "",
    keys: Keys | None = None,
) -> Story:
    """Tell a new story by its first article; a later chapter keeps why it is one."""
    story = replace(
        alone(article, reading, now=now),
        parent_id=parent_id,
        reasons=(f"{FOLLOWS}{reason}",) if parent_id is not None and reason else (),
    )
    return remember(story, article.url, keys or keys_of(article, reading, now=now))


def alone(article: Article, reading: Reading, *, now: datetime) -> Story:
    """Tell an article by itself, whoever else tells the same: nothing is remembered to match others with."""
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
    )


def join(
    story: Story, article: Article, reading: Reading, *, reason: str, now: datetime, keys: Keys | None = None
) -> Story:
    """Let one more telling join the story. A reader notices a new outlet, or that it tells the story better."""
    joined = _told_by(story, (*story.sources, source_of(article, reading)))
    joined = replace(
        joined,
        withdrawn_at=None,  # somebody stands by it
        series=_both(story.series, (tag.slug for tag in reading.series)),
        primary=story.primary or reading.primary,
        spoiler=story.spoiler or reading.spoiler,
        importance=_importance(max(story.importance, reading.importance), len(joined.outlets)),
        label=Label.OFFICIAL if reading.label is Label.OFFICIAL else story.label,
        topics=_both(story.topics, reading.topics),
        published_at=min(story.published_at, article.published_at or now),
        reasons=(*story.reasons, reason),
        updated_at=now,
    )
    joined = remember(joined, article.url, keys or keys_of(article, reading, now=now))
    return _risen(story, joined, now=now)


def revise(story: Story, article: Article, reading: Reading, *, now: datetime) -> Story:
    """Take over an outlet's corrected telling; the revision rises only for what a reader would notice."""
    new = source_of(article, reading)
    sources = tuple(
        replace(new, article_id=source.article_id) if source.url == article.url else source
        for source in story.sources
    )
    revised = replace(_told_by(story, sources), withdrawn_at=None)  # told again, where it was withdrawn
    if not _is_noticed(story, revised):
        return replace(story, sources=_in_order(story, sources))
    revised = replace(
        revised,
        spoiler=story.spoiler or reading.spoiler,
        importance=max(story.importance, reading.importance),
        updated_at=now,
    )
    revised = remember(revised, article.url, keys_of(article, reading, now=now))
    return _risen(story, revised, now=now)


def withdraw(story: Story, url: str, *, now: datetime) -> Story:
    """Mark the telling at an address as taken away by its outlet; a story that nobody tells any more is marked, not deleted."""
    if not any(source.url == url and not source.withdrawn for source in story.sources):
        return story
    sources = tuple(
        replace(source, withdrawn=True) if source.url == url else source for source in story.sources
    )
    left = _told_by(story, sources)
    if all(source.withdrawn for source in sources):
        left = replace(left, withdrawn_at=now)
    return _risen(story, replace(left, updated_at=now), now=now)


def split_from(story: Story) -> tuple[int, ...]:
    """The stories that a moderator made of parts of this one, as the reasons tell ("split 12 Ada")."""
    parts = (reason.split(" ") for reason in story.reasons if reason.startswith("split "))
    return tuple(int(number) for _, number, *_ in parts if number.isdigit())


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


def _told_by(story: Story, sources: tuple[Source, ...]) -> Story:
    """Let the best source tell the story: not withdrawn, then official, then the longest text, then the earliest."""
    best = max(sources, key=lambda source: (not source.withdrawn, source.official, source.length))
    return replace(
        story,
        sources=(best, *(source for source in sources if source is not best)),
        title=best.title,
        summary=best.summary,
        url=best.url,
        language=best.language,
        safe_title=best.safe_title or story.safe_title,
        image_url=best.image_url or story.image_url,
    )


def _in_order(story: Story, sources: tuple[Source, ...]) -> tuple[Source, ...]:
    """Keep the telling that readers have seen in front."""
    return tuple(sorted(sources, key=lambda source: source.url != story.url))


def _both(known: tuple[str, ...], more: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*known, *more)))


def _importance(read: Importance, outlets: int) -> Importance:
    """What many outlets tell is major, whatever the words."""
    return max(read, Importance.MAJOR) if outlets >= WIDELY_TOLD else read


def _risen(before: Story, after: Story, *, now: datetime) -> Story:
    """Raise the revision, so that posts are edited, if a reader would notice, and while posts are still corrected."""
    is_open = now - before.created_at <= CORRECTED_FOR and before.revision < MOST_REVISIONS
    return replace(after, revision=before.revision + (is_open and _is_noticed(before, after)))


def _is_noticed(before: Story, after: Story) -> bool:
    return _seen(before) != _seen(after)


def _seen(story: Story) -> tuple[object, ...]:
    """What a post shows of a story, without counters, clocks and spaces."""
    image = (story.image_url or "").partition("?")[0]  # behind the "?" stands what keeps caches out
    outlets = {source.outlet for source in story.sources if not source.withdrawn}
    return (
        _plain(story.title),
        _plain(story.summary),
        image,
        outlets,
        story.spoiler,
        story.importance,
        story.withdrawn_at is None,
    )


def _plain(text: str) -> str:
    return _IDLE.sub(" ", _COUNTER.sub("", _CLOCK.sub("", fold(text)))).strip()
