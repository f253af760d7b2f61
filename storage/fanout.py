"""Owe a story to everyone who follows it, and an edit to everyone who was told it: set-based, whatever their number."""

from __future__ import annotations

import functools
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from bot.model import Lane, Story
from storage import waves
from storage.database import Transaction, names

EVER = datetime.max.replace(tzinfo=UTC)
RECONSIDER = timedelta(hours=12)  # how long a story that was skipped may still become news by a change


class Audience(StrEnum):
    """Which of its followers are owed a story, as a condition on the destination."""

    ALL = "TRUE"
    MERGED = "f.destination_id NOT IN (SELECT id FROM destinations WHERE apart)"
    APART = "f.destination_id IN (SELECT id FROM destinations WHERE apart)"


def topics_of(story: Story) -> list[str]:
    """Everything this story can be followed by."""
    return list(dict.fromkeys([*(f"series:{slug}" for slug in story.series), *story.topics]))


async def owe(
    tx: Transaction,
    story: Story,
    *,
    is_new: bool,
    followed_by: datetime,
    audience: Audience,
    lane: Lane,
    now: datetime,
) -> int:
    """Owe a story to the followers of its topics who are not owed it yet; returns how many."""
    topics = topics_of(story)
    if not topics:
        return 0
    owed = await tx.run(
        _owe_followers(len(topics), audience, "" if is_new else _UNLESS_OWED),
        story=story.id,
        lane=lane,
        revision=story.revision,
        now=now,
        followed_by=followed_by,
        **{f"topic_{name}": topic for name, topic in zip(names(), topics, strict=False)},
    )
    if owed:
        await waves.call(tx, story.id, owed, lane=lane, now=now)
    return owed


_FOLLOWERS = """
    SELECT s.destination_id FROM subscriptions AS s WHERE s.topic = :topic_NAME AND s.created_at <= :followed_by
"""


# Of a new story nobody is owed anything; to ask costs PostgreSQL a quarter of the whole.
_UNLESS_OWED = "ON CONFLICT (story_id, destination_id) DO NOTHING"


@functools.cache
def _owe_followers(topics: int, audience: Audience, conflicts: str) -> str:
    """The statement for so many topics. Followers of each come sorted from the index; a merge is half the work of a sort."""
    followers = "UNION".join(
        _FOLLOWERS.replace("NAME", name) for name, _ in zip(names(), range(topics), strict=False)
    )
    return (
        """
        INSERT INTO deliveries (destination_id, story_id, lane, revision, due_at, created_at)
        SELECT f.destination_id, CAST(:story AS BIGINT), CAST(:lane AS INTEGER), CAST(:revision AS INTEGER),
            CAST(:now AS BIGINT), CAST(:now AS BIGINT)
        FROM (FOLLOWERS ORDER BY 1) AS f WHERE AUDIENCE
        CONFLICTS
    """.replace("FOLLOWERS", followers)
        .replace("AUDIENCE", audience)
        .replace("CONFLICTS", conflicts)
    )


async def owe_where_told(
    tx: Transaction, story: Story, destination_id: int, told_story_id: int, *, now: datetime
) -> None:
    """Owe a story to one destination, if another one was posted there."""
    owed = await tx.run(
        """
        INSERT INTO deliveries (destination_id, story_id, lane, revision, due_at, created_at)
        SELECT d.destination_id, CAST(:story AS BIGINT), CAST(:lane AS INTEGER), CAST(:revision AS INTEGER),
            CAST(:now AS BIGINT), CAST(:now AS BIGINT)
        FROM deliveries AS d
        WHERE d.story_id = :told AND d.destination_id = :destination AND d.message_id IS NOT NULL
        ON CONFLICT (story_id, destination_id) DO NOTHING
        """,
        story=story.id,
        lane=Lane.NEWS,
        revision=story.revision,
        now=now,
        told=told_story_id,
        destination=destination_id,
    )
    await waves.call(tx, story.id, owed, lane=Lane.NEWS, now=now)


async def raise_revision(tx: Transaction, story: Story, *, now: datetime) -> None:
    """Owe an edit where the story was sent; let what was not sent yet be sent as it is now.

    A row that was tried and not settled keeps its revision, because the platform knows the attempt by the key made of
    it: `record` catches up as soon as it was sent. What a preference skipped is looked at again for some hours:
    breaking news may pass where its first report did not.
    """
    await _lock_queues(tx, story)
    raised = await tx.run(
        """
        UPDATE deliveries SET
            revision = :revision,
            attempts = 0, first_attempt_at = NULL, last_attempt_at = NULL,
            lane = CASE WHEN sent_revision > 0 AND lane > :urgent THEN :urgent ELSE lane END,
            closed = NULL,
            reason = CASE WHEN closed IS NULL THEN reason ELSE NULL END
        WHERE story_id = :story AND revision < :revision
            AND (closed IS NULL OR (closed = 'skipped' AND created_at > :fresh))
            AND (sent_revision > 0 OR attempts = 0)
        """,
        story=story.id,
        revision=story.revision,
        urgent=Lane.URGENT,
        fresh=now - RECONSIDER,
    )
    await waves.call(tx, story.id, raised, lane=Lane.URGENT, now=now)


async def _lock_queues(tx: Transaction, story: Story) -> None:
    """Take queues before deliveries, as `claim` does, or PostgreSQL sees a deadlock. A wave takes none at all."""
    await tx.lock(
        """
        SELECT destination_id FROM queues
        WHERE destination_id IN (SELECT destination_id FROM deliveries WHERE story_id = :story)
            AND (SELECT COUNT(*) FROM (SELECT 1 FROM deliveries WHERE story_id = :story LIMIT :many) AS first) < :many
        ORDER BY destination_id FOR UPDATE
        """,
        story=story.id,
        many=waves.PORTION + 1,
    )
