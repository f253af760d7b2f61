"""Who follows what."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from storage import queues
from storage.database import Transaction
from storage.destinations import write_audit


async def follow(
    tx: Transaction, destination_id: int, topics: Sequence[str], *, now: datetime, by: str
) -> Sequence[str]:
    """Subscribe; returns the topics that are new, in the order asked."""
    rows = await tx.all(
        """
        INSERT INTO subscriptions (destination_id, topic, created_at, created_by)
        SELECT CAST(:id AS BIGINT), value, CAST(:now AS BIGINT), :by FROM ($each(:topics)) AS topics WHERE TRUE
        ON CONFLICT (destination_id, topic) DO NOTHING
        RETURNING topic
        """,
        id=destination_id,
        topics=list(dict.fromkeys(topics)),
        now=now,
        by=by,
    )
    new = {row["topic"] for row in rows}
    changed = [topic for topic in dict.fromkeys(topics) if topic in new]
    if changed:
        await write_audit(tx, destination_id, now=now, who=by, what=f"follow {' '.join(changed)}")
    return changed


async def unfollow(
    tx: Transaction, destination_id: int, topics: Sequence[str], *, now: datetime, by: str
) -> Sequence[str]:
    """Unsubscribe; returns the topics that were followed. What is owed there for no other reason is skipped."""
    rows = await tx.all(
        "DELETE FROM subscriptions WHERE destination_id = :id AND topic IN ($each(:topics)) RETURNING topic",
        id=destination_id,
        topics=topics,
    )
    gone = {row["topic"] for row in rows}
    changed = [topic for topic in dict.fromkeys(topics) if topic in gone]
    if changed:
        await tx.lock(queues.LOCK, ids=[destination_id])
        await _skip_unfollowed(tx, destination_id)
        await queues.settle(tx, [destination_id], now=now)
        await write_audit(tx, destination_id, now=now, who=by, what=f"unfollow {' '.join(changed)}")
    return changed


async def _skip_unfollowed(tx: Transaction, destination_id: int) -> None:
    """Close what was never sent and none of whose topics is followed any more; not what is being sent right now."""
    await tx.run(
        """
        UPDATE deliveries SET closed = 'unfollowed', reason = 'post.why.unfollowed'
        WHERE destination_id = :id AND $owed(deliveries) AND sent_revision = 0 AND story_id IS NOT NULL
            AND leased_until IS NULL
            AND NOT EXISTS (
                SELECT 1 FROM story_topics AS t JOIN subscriptions AS s ON s.topic = t.topic
                WHERE t.story_id = deliveries.story_id AND s.destination_id = :id
            )
        """,
        id=destination_id,
    )


async def following(tx: Transaction, destination_id: int) -> Sequence[str]:
    """What a destination follows, in the order in which it was added."""
    rows = await tx.all(
        "SELECT topic FROM subscriptions WHERE destination_id = :id ORDER BY created_at, topic",
        id=destination_id,
    )
    return [row["topic"] for row in rows]


async def followed_topics(tx: Transaction, prefix: str) -> Sequence[str]:
    """Every topic that anyone follows, of those that begin so. Jumps from topic to topic: each has many followers."""
    rows = await tx.all(
        """
        WITH RECURSIVE topics (topic) AS (
            SELECT MIN(topic) FROM subscriptions WHERE topic >= :prefix
            UNION ALL
            SELECT (SELECT MIN(s.topic) FROM subscriptions AS s WHERE s.topic > t.topic) FROM topics AS t
            WHERE substr(t.topic, 1, length(:prefix)) = :prefix
        )
        SELECT topic FROM topics WHERE substr(topic, 1, length(:prefix)) = :prefix
        """,
        prefix=prefix,
    )
    return [row["topic"] for row in rows]
