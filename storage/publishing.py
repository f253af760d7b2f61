"""Keep an article and what it tells, and owe that to its followers, in one transaction."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.model import Article, Lane, Published, Source, Story
from storage.articles import article_of, attach, keep_article
from storage.database import Transaction
from storage.fanout import EVER, Audience, owe, raise_revision
from storage.search import index_again, index_more, index_new
from storage.stories import save, story_by_id


async def publish(
    tx: Transaction,
    article: Article,
    story: Story | None,
    *,
    alone: Story | None,
    now: datetime,
    announce: bool,
    lane: Lane,
) -> Published | None:
    """Keep an article, its story and a delivery a follower. Known content changes nothing."""
    kept = await keep_article(tx, article, now=now)
    if kept is None:
        article_id, story_id = await article_of(tx, article)
        if story is None:
            return None
        if story_id is not None and (known := await story_by_id(tx, story_id)) is not None:
            return Published(
                story=known, article_id=article_id, is_new_story=False, is_changed=False, deliveries=0
            )
        kept = article_id, True  # kept alone before; now a story tells it
    if story is None:
        return None
    article_id, is_new_article = kept
    owing = _Owing(tx, is_new_article, announce, lane, now)
    is_apart = await _is_somebody_apart(tx)
    owing.audience = Audience.MERGED if is_apart else Audience.ALL
    saved, changed = await owing.tell(replace(story, sources=_with_article(story, article, article_id)))
    await attach(tx, [article_id], saved.id)
    if saved.id != story.id:
        await index_new(tx, saved, article)
    elif is_new_article and _is_joined(story):
        await index_more(tx, saved, article)
    else:
        await index_again(tx, saved)
    if is_apart and alone is not None and (alone.id or (announce and is_new_article)):
        owing.audience = Audience.APART
        sources = _with_article(alone, article, article_id)
        await owing.tell(replace(alone, sources=sources, apart_from=saved.id, parent_id=saved.parent_id))
    if owing.deliveries or owing.is_changed:
        await tx.notify()
    return Published(
        story=saved,
        article_id=article_id,
        is_new_story=story.id == 0,
        is_changed=changed,
        deliveries=owing.deliveries,
    )


def _is_joined(story: Story) -> bool:
    """Say whether a story has a source more than it had: nothing that it was found by is gone then."""
    return any(not source.article_id for source in story.sources)


async def _is_somebody_apart(tx: Transaction) -> bool:
    """Say whether merging is off anywhere."""
    return await tx.one("SELECT 1 AS one FROM destinations WHERE apart LIMIT 1") is not None


async def told_alone(tx: Transaction, feed_id: int, guid_key: str) -> Story | None:
    """An article's own story, where merging is off."""
    row = await tx.one(
        """
        SELECT s.id FROM articles AS a JOIN stories AS s ON s.apart_article = a.id
        WHERE a.feed_id = :feed_id AND a.guid_key = :key
        """,
        feed_id=feed_id,
        key=guid_key,
    )
    return None if row is None else await story_by_id(tx, row["id"])


class _Owing:
    """What one article makes owed, by the merged story and by its own."""

    def __init__(self, tx: Transaction, is_new: bool, announce: bool, lane: Lane, now: datetime) -> None:
        self._tx, self._is_new, self._announce, self._lane, self._now = tx, is_new, announce, lane, now
        self.audience = Audience.ALL
        self.deliveries = 0
        self.is_changed = False

    async def tell(self, story: Story) -> tuple[Story, bool]:
        """Save a story and owe it: as news to those who follow it, as an edit to those who were told it."""
        announce = self._announce and self._is_new
        saved, changed, announced_at = await save(self._tx, story, now=self._now, announce=announce)
        if self._announce and announced_at is not None:
            # A further report is news to everyone who follows; a corrected one only to those who did so from the first.
            self.deliveries += await owe(
                self._tx,
                saved,
                is_new=story.id != saved.id,
                followed_by=EVER if self._is_new else announced_at,
                audience=self.audience,
                lane=self._lane,
                now=self._now,
            )
        if changed:
            await raise_revision(self._tx, saved, now=self._now)
        self.is_changed |= changed
        return saved, changed


def _with_article(story: Story, article: Article, article_id: int) -> tuple[Source, ...]:
    """Give the source that tells this article its id, known only now."""
    return tuple(
        replace(source, article_id=article_id)
        if not source.article_id and source.url == article.url
        else source
        for source in story.sources
    )
