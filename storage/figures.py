"""How the outbox is doing: what commands, metrics and the sender's clock ask."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from bot.model import Delivery
from storage.codec import maybe_ms
from storage.database import Transaction
from storage.outbox import delivery_state, read_delivery


async def delivery(tx: Transaction, destination_id: int, story_id: int, *, now: datetime) -> Delivery | None:
    row = await tx.one(
        """
        SELECT * FROM deliveries WHERE destination_id = :destination
            AND (story_id = :story OR story_id IN (SELECT id FROM stories WHERE apart_from = :story))
        ORDER BY story_id LIMIT 1
        """,
        story=story_id,
        destination=destination_id,
    )
    return None if row is None else read_delivery(row, state=delivery_state(row, now))


async def sent_since(tx: Transaction, destination_id: int, since: datetime) -> int:
    """How many posts a destination got since then; edits are none."""
    row = await tx.one(
        "SELECT COUNT(*) AS posts FROM deliveries WHERE destination_id = :id AND sent_at IS NOT NULL AND sent_at >= :since",
        id=destination_id,
        since=since,
    )
    assert row is not None
    return int(row["posts"])


async def counts(tx: Transaction, *, now: datetime) -> Mapping[tuple[str, str], int]:
    """Deliveries by adapter and state. Of what is settled, which is nearly all, only two narrow indexes are read."""
    rows = await tx.all(
        """
        SELECT q.adapter, c.state, SUM(c.deliveries) AS deliveries FROM (
            SELECT d.destination_id,
                CASE
                    WHEN d.leased_until > :now THEN 'leased'
                    WHEN d.waiting = 'uncertain' THEN 'uncertain'
                    WHEN d.waiting = 'held' AND d.due_at > :now THEN 'held'
                    ELSE 'owed'
                END AS state,
                COUNT(*) AS deliveries
            FROM deliveries AS d WHERE $owed(d) GROUP BY 1, 2
            UNION ALL
            SELECT d.destination_id, 'sent', COUNT(*) FROM deliveries AS d WHERE d.sent_at IS NOT NULL GROUP BY 1
            UNION ALL
            SELECT d.destination_id, 'sent', -COUNT(*) FROM deliveries AS d
            WHERE $owed(d) AND d.sent_revision > 0 GROUP BY 1
            UNION ALL
            SELECT d.destination_id, CASE d.closed WHEN 'unfollowed' THEN 'skipped' ELSE d.closed END, COUNT(*)
            FROM deliveries AS d WHERE d.closed IS NOT NULL AND d.closed <> 'gone' GROUP BY 1, 2
        ) AS c JOIN queues AS q ON q.destination_id = c.destination_id
        GROUP BY 1, 2
        """,
        now=now,
    )
    return {(row["adapter"], row["state"]): int(row["deliveries"]) for row in rows if row["deliveries"]}


async def oldest_owed_at(tx: Transaction, *, now: datetime) -> datetime | None:
    """Due date of the oldest delivery that could be sent now: its destination neither leased, held nor paused."""
    row = await tx.one(
        """
        SELECT MIN(d.due_at) AS at FROM deliveries AS d
        WHERE $owed(d) AND d.due_at <= :now AND d.destination_id NOT IN (
            SELECT q.destination_id FROM queues AS q WHERE q.leased_until > :now OR q.held_until > :now
            UNION ALL
            SELECT p.id FROM destinations AS p WHERE p.paused_at IS NOT NULL
        )
        """,
        now=now,
    )
    return maybe_ms(row["at"]) if row else None
