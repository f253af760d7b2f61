"""What waits at a destination, and telling several stories in one digest."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.model import Delivery, Lane, Story
from storage import queues
from storage.codec import dump, to_ms
from storage.database import Transaction
from storage.outbox import delivery_state, read_delivery
from storage.stories import stories_by_id


async def waiting(
    tx: Transaction, destination_id: int, *, limit: int, now: datetime
) -> Sequence[tuple[Delivery, Story]]:
    """Unsent deliveries of stories, owed or held, oldest first."""
    rows = await tx.all(
        """
        SELECT * FROM deliveries
        WHERE destination_id = :id AND $owed(deliveries) AND sent_revision = 0 AND story_id IS NOT NULL
        ORDER BY created_at, id LIMIT :limit
        """,
        id=destination_id,
        limit=limit,
    )
    stories = await stories_by_id(tx, [row["story_id"] for row in rows])
    return [
        (read_delivery(row, state=delivery_state(row, now)), stories[row["story_id"]])
        for row in rows
        if row["story_id"] in stories
    ]


async def make_digest(
    tx: Transaction,
    destination_id: int,
    story_ids: Sequence[int],
    *,
    slot: str,
    due_at: datetime,
    now: datetime,
) -> bool:
    """Owe one digest of these stories, once for a slot; an empty one only takes the slot.

    What is being posted at this moment is left out.
    """
    await tx.lock(queues.LOCK, ids=[destination_id])
    busy = await _in_hand(tx, destination_id, now=now)
    story_ids = [story_id for story_id in story_ids if story_id not in busy]
    row = await _insert_digest(tx, destination_id, story_ids, slot=slot, due_at=due_at, now=now)
    if not row:
        return False
    await tx.run(
        """
        UPDATE deliveries SET closed = 'folded', reason = :slot
        WHERE destination_id = :id AND story_id IN ($ids(:stories)) AND sent_revision = 0 AND closed IS NULL
        """,
        id=destination_id,
        stories=story_ids,
        slot=slot,
    )
    await queues.settle(tx, [destination_id], now=now)
    await tx.notify()
    return True


async def _in_hand(tx: Transaction, destination_id: int, *, now: datetime) -> frozenset[int]:
    """The stories that a sender has in hand for this destination."""
    rows = await tx.all(
        """
        SELECT story_id FROM deliveries
        WHERE destination_id = :id AND $owed(deliveries) AND leased_until > :now AND story_id IS NOT NULL
        """,
        id=destination_id,
        now=now,
    )
    return frozenset(row["story_id"] for row in rows)


async def _insert_digest(
    tx: Transaction,
    destination_id: int,
    story_ids: Sequence[int],
    *,
    slot: str,
    due_at: datetime,
    now: datetime,
) -> int:
    return await tx.run(
        """
        INSERT INTO deliveries (destination_id, story_id, lane, revision, due_at, created_at, closed, slot, items)
        VALUES (:id, NULL, :lane, 1, :due_at, :now, :closed, :slot, :items)
        ON CONFLICT (destination_id, slot) WHERE slot IS NOT NULL DO NOTHING
        """,
        id=destination_id,
        lane=Lane.BACKFILL,
        due_at=due_at,
        now=now,
        closed=None if story_ids else "skipped",
        slot=slot,
        items=dump(story_ids),
    )


async def fold_backlog(
    tx: Transaction,
    *,
    now: datetime,
    keep: int,
    older_than: timedelta,
    spare: Sequence[int],
    spare_results: Sequence[int],
) -> int:
    """Where more than `keep` stories wait for longer than that, leave the newest and fold the rest into a digest.

    Not what is held by a preference, and nothing that may have been posted. Places that gather stories for digests of
    their own are left alone (`spare`), and results at places that want them later (`spare_results`).
    """
    rows = await tx.all(
        """
        SELECT id, destination_id, story_id FROM (
            SELECT d.id, d.destination_id, d.story_id,
                ROW_NUMBER() OVER (PARTITION BY d.destination_id ORDER BY d.created_at DESC, d.id DESC) AS place
            FROM deliveries AS d JOIN stories AS s ON s.id = d.story_id
            WHERE $owed(d) AND d.sent_revision = 0 AND d.due_at <= :now
                AND d.created_at <= :before AND d.waiting IS NULL AND d.leased_until IS NULL
                AND d.destination_id NOT IN ($ids(:spare))
                AND NOT (s.spoiler AND d.destination_id IN ($ids(:spare_results)))
        ) AS ranked
        WHERE place > :keep
        ORDER BY destination_id, place
        """,
        now=now,
        before=now - older_than,
        keep=keep,
        spare=list(spare),
        spare_results=list(spare_results),
    )
    folded: dict[int, list[int]] = defaultdict(list)
    for row in rows:
        folded[row["destination_id"]].append(row["story_id"])
    await tx.lock(queues.LOCK, ids=list(folded))
    slot = f"backlog {to_ms(now)}"
    for destination_id, story_ids in folded.items():
        await _insert_digest(tx, destination_id, story_ids, slot=slot, due_at=now, now=now)
    await tx.run(
        """
        UPDATE deliveries SET closed = 'folded', reason = :slot
        WHERE id IN ($ids(:ids)) AND $owed(deliveries) AND sent_revision = 0 AND leased_until IS NULL
        """,
        ids=[row["id"] for row in rows],
        slot=slot,
    )
    await queues.settle(tx, list(folded), now=now)
    return len(rows)
