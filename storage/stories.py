"""Write and read stories, and take one apart that was merged wrongly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.model import Importance, Label, Story
from storage.articles import attach
from storage.codec import dump, dump_sources, from_ms, load_mapping, load_sources, load_texts, maybe_ms, to_ms
from storage.database import Row, Transaction
from storage.fanout import owe_where_told, raise_revision, topics_of
from storage.search import index_again


async def save_story(tx: Transaction, story: Story, *, now: datetime) -> Story:
    """Save a story that changed without an article."""
    saved, changed, _ = await save(tx, story, now=now, announce=False)
    if saved.apart_from is None:
        await index_again(tx, saved)
    if changed:
        await raise_revision(tx, saved, now=now)
        await tx.notify()
    return saved


async def save(
    tx: Transaction, story: Story, *, now: datetime, announce: bool
) -> tuple[Story, bool, datetime | None]:
    """Write a story; the kept one, whether its revision rose, and since when followers are owed it."""
    if not story.id:
        row = await tx.one(_INSERT, announced_at=now if announce else None, **_columns(story))
        assert row is not None
        saved = replace(story, id=row["id"])
        if story.apart_from is None:  # one that stands apart is found by nobody: the merged one is
            await _put_topics(tx, saved, topics_of(saved))
        return saved, False, now if announce else None
    before = await tx.one(
        "SELECT revision, topics, series, published_at FROM stories WHERE id = :id $for_update", id=story.id
    )
    if before is None:  # pruned meanwhile: what is told now is a new story
        return await save(tx, replace(story, id=0, revision=1), now=now, announce=announce)
    saved = replace(story, revision=max(story.revision, before["revision"]))
    row = await tx.one(_UPDATE, id=story.id, announced_at=now if announce else None, **_columns(saved))
    assert row is not None
    if saved.apart_from is None:
        await _change_topics(tx, saved, before)
    return saved, saved.revision > before["revision"], maybe_ms(row["announced_at"])


_INSERT = """
    INSERT INTO stories (revision, published_at, created_at, updated_at, announced_at, withdrawn_at, parent_id,
        apart_from, apart_article, language, languages, label, importance, spoiler, primary_series, series, topics,
        url, image_url, title, safe_title, summary, reasons, keys, sources)
    VALUES (:revision, :published_at, :created_at, :updated_at, :announced_at, :withdrawn_at, :parent_id,
        :apart_from, :apart_article, :language, :languages, :label, :importance, :spoiler, :primary_series, :series, :topics,
        :url, :image_url, :title, :safe_title, :summary, :reasons, :keys, :sources)
    RETURNING id
"""

_UPDATE = """
    UPDATE stories SET revision = :revision, published_at = :published_at, created_at = :created_at,
        updated_at = :updated_at, announced_at = COALESCE(announced_at, CAST(:announced_at AS BIGINT)),
        withdrawn_at = :withdrawn_at, parent_id = :parent_id, language = :language, languages = :languages,
        label = :label, importance = :importance, spoiler = :spoiler, primary_series = :primary_series,
        series = :series, topics = :topics, url = :url, image_url = :image_url, title = :title,
        safe_title = :safe_title, summary = :summary, reasons = :reasons, keys = :keys, sources = :sources
    WHERE id = :id
    RETURNING announced_at
"""


async def _change_topics(tx: Transaction, story: Story, before: Row) -> None:
    """Write only what is new: each topic stands on a page of its own."""
    told = topics_of(story)
    known = topics_of(
        replace(story, topics=load_texts(before["topics"]), series=load_texts(before["series"]))
    )
    if to_ms(story.published_at) != before["published_at"]:
        await tx.run("DELETE FROM story_topics WHERE story_id = :id", id=story.id)
        await _put_topics(tx, story, told)
        return
    if gone := [topic for topic in known if topic not in told]:
        await tx.run(
            "DELETE FROM story_topics WHERE story_id = :id AND topic IN ($each(:gone))",
            id=story.id,
            gone=gone,
        )
    if more := [topic for topic in told if topic not in known]:
        await _put_topics(tx, story, more)


async def _put_topics(tx: Transaction, story: Story, topics: Sequence[str]) -> None:
    if not topics:
        return
    await tx.run(
        """
        INSERT INTO story_topics (story_id, topic, published_at)
        SELECT :story, value, :published_at FROM ($each(:topics)) AS topics
        """,
        story=story.id,
        published_at=story.published_at,
        topics=topics,
    )


async def split(
    tx: Transaction, article_ids: Sequence[int], story: Story, *, now: datetime, by: str, tell: int | None
) -> Story:
    """Move articles out of their story into a new one; posts about the old one are owed an edit."""
    rows = await tx.all(
        "SELECT DISTINCT story_id FROM articles WHERE id IN ($ids(:ids)) AND story_id IS NOT NULL",
        ids=article_ids,
    )
    moved, _, _ = await save(tx, replace(story, id=0), now=now, announce=False)
    await attach(tx, article_ids, moved.id)
    await tx.run(
        "UPDATE stories SET apart_from = :moved WHERE apart_article IN ($ids(:ids))",
        moved=moved.id,
        ids=article_ids,
    )
    for row in rows:
        await _take_out(tx, row["story_id"], article_ids, reason=f"split {moved.id} {by}", now=now)
        if tell is not None:
            await owe_where_told(tx, moved, tell, row["story_id"], now=now)
    await index_again(tx, moved)
    await tx.notify()
    return moved


async def _take_out(
    tx: Transaction, story_id: int, article_ids: Sequence[int], *, reason: str, now: datetime
) -> None:
    old = await story_by_id(tx, story_id)
    if old is None:
        return
    left = tuple(source for source in old.sources if source.article_id not in article_ids)
    if not left:
        return
    told = left[0]
    rest = replace(
        old,
        sources=left,
        title=told.title,
        summary=told.summary,
        safe_title=told.safe_title or told.title,
        url=told.url,
        language=told.language,
        image_url=told.image_url,
        revision=old.revision + 1,
        reasons=(*old.reasons, reason),
        updated_at=now,
    )
    await save_story(tx, rest, now=now)


async def story_by_id(tx: Transaction, story_id: int) -> Story | None:
    row = await tx.one("SELECT * FROM stories WHERE id = :id", id=story_id)
    return None if row is None else read_story(row)


async def stories_by_id(tx: Transaction, ids: Sequence[int]) -> Mapping[int, Story]:
    """The ones of these that are kept."""
    if not ids:
        return {}
    rows = await tx.all("SELECT * FROM stories WHERE id IN ($ids(:ids))", ids=ids)
    return {row["id"]: read_story(row) for row in rows}


def _columns(story: Story) -> dict[str, Any]:
    languages = dict.fromkeys([story.language, *(source.language for source in story.sources)])
    return {
        "revision": story.revision,
        "published_at": story.published_at,
        "created_at": story.created_at,
        "updated_at": story.updated_at,
        "withdrawn_at": story.withdrawn_at,
        "parent_id": story.parent_id,
        "apart_from": story.apart_from,
        "apart_article": story.sources[0].article_id if story.apart_from is not None else None,
        "language": story.language,
        "languages": f",{','.join(languages)},",
        "label": story.label,
        "importance": story.importance,
        "spoiler": story.spoiler,
        "primary_series": story.primary,
        "series": dump(story.series),
        "topics": dump(story.topics),
        "url": story.url,
        "image_url": story.image_url,
        "title": story.title,
        "safe_title": story.safe_title,
        "summary": story.summary,
        "reasons": dump(story.reasons),
        "keys": dump(story.keys),
        "sources": dump_sources(story.sources),
    }


def read_story(row: Row) -> Story:
    return Story(
        id=row["id"],
        title=row["title"],
        summary=row["summary"],
        url=row["url"],
        language=row["language"],
        sources=load_sources(row["sources"]),
        series=load_texts(row["series"]),
        primary=row["primary_series"],
        revision=row["revision"],
        spoiler=bool(row["spoiler"]),
        safe_title=row["safe_title"],
        label=Label(row["label"]),
        importance=Importance(row["importance"]),
        image_url=row["image_url"],
        topics=load_texts(row["topics"]),
        published_at=from_ms(row["published_at"]),
        created_at=from_ms(row["created_at"]),
        updated_at=from_ms(row["updated_at"]),
        parent_id=row["parent_id"],
        reasons=load_texts(row["reasons"]),
        keys=load_mapping(row["keys"]),
        withdrawn_at=maybe_ms(row["withdrawn_at"]),
        apart_from=row["apart_from"],
    )
