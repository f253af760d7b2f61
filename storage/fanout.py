"""Owe a story to everyone who follows it, and an edit to everyone who was told it: set-based, whatever their number."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.model import Lane, Story
from storage.database import Transaction

RECONSIDER = timedelta(hours=12)  # how long a story that was skipped may still become news by a change


def topics_of(story: Story) -> list[str]:
    """Everything this story can be followed by."""
    return list(dict.fromkeys([*(f"series:{slug}" for slug in story.series), *story.topics]))


async def owe(tx: Transaction, story: Story, *, followed_by: datetime, lane: Lane, now: datetime) -> int:
    """Owe a story to the followers of its topics who are not owed it yet; returns how many."""
    owed = await tx.run(
        """
        INSERT INTO deliveries (destination_id, story_id, lane, revision, due_at, created_at)
        SELECT DISTINCT s.destination_id, CAST(:story AS BIGINT), CAST(:lane AS INTEGER), CAST(:revision AS INTEGER),
            CAST(:now AS BIGINT), CAST(:now AS BIGINT)
        FROM subscriptions AS s
        WHERE s.topic IN ($each(:topics)) AND s.created_at <= :followed_by
        ORDER BY s.destination_id
        ON CONFLICT (story_id, destination_id) DO NOTHING
        """,
        story=story.id,
        lane=lane,
        revision=story.revision,
        now=now,
        topics=topics_of(story),
        followed_by=followed_by,
    )
    if owed:
        await _make_due(tx, story, lane=lane, now=now)
    return owed


async def raise_revision(tx: Transaction, story: Story, *, now: datetime) -> None:
    """Owe an edit where the story was sent; let what was not sent yet be sent as it is now.

    A row that was tried and not settled keeps its revision, because the platform knows the attempt by the key made of
    it: `record` catches up as soon as it was sent. What a preference skipped is looked at again for some hours:
    breaking news may pass where its first report did not.
    """
    await _lock_queues(tx, story)
    await tx.run(
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
    await _make_due(tx, story, lane=Lane.URGENT, now=now)


async def _lock_queues(tx: Transaction, story: Story) -> None:
    """Take queues before deliveries, as `claim` does, or PostgreSQL sees a deadlock."""
    await tx.lock(
        """
        SELECT destination_id FROM queues
        WHERE destination_id IN (SELECT destination_id FROM deliveries WHERE story_id = :story)
        ORDER BY destination_id FOR UPDATE
        """,
        story=story.id,
    )


async def _make_due(tx: Transaction, story: Story, *, lane: Lane, now: datetime) -> None:
    """Call a sender to every queue where something of this story may be sent; a lease or hold there stays."""
    await tx.run(
        """
        UPDATE queues SET
            due_at = $greatest(CAST(:now AS BIGINT), leased_until, held_until),
            lane = CASE WHEN due_at IS NULL THEN :lane ELSE $least(lane, CAST(:lane AS INTEGER)) END
        WHERE (due_at IS NULL OR due_at > $greatest(CAST(:now AS BIGINT), leased_until, held_until) OR lane > :lane)
            AND destination_id IN (
                SELECT d.destination_id FROM deliveries AS d
                WHERE d.story_id = :story AND $owed(d) AND d.due_at <= :now
            )
        """,
        story=story.id,
        lane=lane,
        now=now,
    )
