"""Call senders to the queues of a story: at once where they are few, portion by portion where they are very many."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.model import Lane
from storage.codec import to_ms
from storage.database import Row, Transaction

PORTION = 500  # destinations: a millisecond or two of the one writer

PAUSE = timedelta(milliseconds=250)  # between two portions, while senders have enough to do


async def call(tx: Transaction, story_id: int, destinations: int, *, lane: Lane, now: datetime) -> None:
    """Let senders know that something of this story is owed to so many destinations."""
    if destinations > PORTION:
        await tx.run(
            """
            INSERT INTO waves (story_id, lane, next_destination_id, next_at, created_at)
            VALUES (:story, :lane, 0, :now, :now)
            """,
            story=story_id,
            lane=lane,
            now=now,
        )
    elif destinations:
        await _make_due(tx, story_id, lane=lane, now=now, first=0, last=_ALL)


_ALL = 2**62


async def next_wave(tx: Transaction) -> Row | None:
    """The most urgent wave that no other process has in hand."""
    return await tx.one("SELECT * FROM waves ORDER BY lane, id LIMIT 1 $skip_locked")


def is_pressing(wave: Row, now: datetime) -> bool:
    """Whether a wave must go on even while there is enough to do: it is urgent, or stood still for a moment."""
    return bool(wave["lane"] <= Lane.URGENT or wave["next_at"] <= to_ms(now))


async def advance(tx: Transaction, wave: Row, *, now: datetime) -> None:
    """Call the next portion of a wave."""
    rows = await tx.all(
        """
        SELECT destination_id FROM deliveries WHERE story_id = :story AND destination_id >= :first
        ORDER BY destination_id LIMIT :portion
        """,
        story=wave["story_id"],
        first=wave["next_destination_id"],
        portion=PORTION,
    )
    if rows:
        await _call_portion(tx, wave, rows[-1]["destination_id"], now=now)
    if len(rows) < PORTION:
        await tx.run("DELETE FROM waves WHERE id = :id", id=wave["id"])


async def _call_portion(tx: Transaction, wave: Row, last: int, *, now: datetime) -> None:
    await _make_due(
        tx, wave["story_id"], lane=Lane(wave["lane"]), now=now, first=wave["next_destination_id"], last=last
    )
    await tx.run(
        "UPDATE waves SET next_destination_id = :next, next_at = :at WHERE id = :id",
        id=wave["id"],
        next=last + 1,
        at=now + PAUSE,
    )


async def _make_due(
    tx: Transaction, story_id: int, *, lane: Lane, now: datetime, first: int, last: int
) -> None:
    """Make the queues due where something of this story may be sent; a lease or hold there stays."""
    await tx.run(
        """
        UPDATE queues SET
            due_at = $greatest(CAST(:now AS BIGINT), leased_until, held_until),
            lane = CASE WHEN due_at IS NULL THEN :lane ELSE $least(lane, CAST(:lane AS INTEGER)) END
        WHERE (due_at IS NULL OR due_at > $greatest(CAST(:now AS BIGINT), leased_until, held_until) OR lane > :lane)
            AND destination_id IN (
                SELECT d.destination_id FROM deliveries AS d
                WHERE d.story_id = :story AND d.destination_id BETWEEN :first AND :last
                    AND $owed(d) AND d.due_at <= :now
            )
        """,
        story=story_id,
        lane=lane,
        now=now,
        first=first,
        last=last,
    )
