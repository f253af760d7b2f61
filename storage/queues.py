"""When a sender may take which destination: one row a destination in `queues`.

`due_at` there is when it may be taken next, never before its lease and the platform's hold; NULL where nothing is owed.
Who changes deliveries takes the queue's row first: on PostgreSQL the date would else be computed from an older view.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from bot.model import Lane
from storage.codec import maybe_ms
from storage.database import Rows, Transaction

LOCK = "SELECT destination_id FROM queues WHERE destination_id IN ($ids(:ids)) ORDER BY destination_id FOR UPDATE"

_DUE_IN_A_LANE = """
    SELECT * FROM (
        SELECT q.destination_id, q.lane, q.due_at FROM queues AS q
        WHERE q.adapter = :adapter AND q.lane = LANE AND q.due_at <= :now
        ORDER BY q.due_at LIMIT :limit $skip_locked
    ) AS due_in_LANE
"""
# One short index range a lane: who waits there longest. A single range over all lanes would have to sort all that is due.
_DUE = "\n    UNION ALL".join(_DUE_IN_A_LANE.replace("LANE", str(int(lane))) for lane in Lane)


async def due(tx: Transaction, adapter: str, *, now: datetime, limit: int) -> Sequence[int]:
    """Destinations of an adapter that may be taken, the most urgent first; no other process gets them meanwhile."""
    rows = await tx.all(_DUE, adapter=adapter, now=now, limit=limit)
    rows.sort(key=lambda row: (row["lane"], row["due_at"], row["destination_id"]))
    return [row["destination_id"] for row in rows[:limit]]


async def lease(tx: Transaction, claims: Mapping[int, int], *, until: datetime) -> None:
    """Give destinations, each with so many deliveries taken, to one sender."""
    await tx.run(
        """
        UPDATE queues SET leased_until = :until, due_at = $greatest(CAST(:until AS BIGINT), held_until), claims = c.taken
        FROM ($rows(:claims, destination BIGINT, taken BIGINT)) AS c
        WHERE queues.destination_id = c.destination
        """,
        claims=Rows(list(claims.items())),
        until=until,
    )


async def release(tx: Transaction, recorded: Mapping[int, int]) -> None:
    """Take note that of destinations so many deliveries were recorded; the last one ends the lease."""
    await tx.run(
        """
        UPDATE queues SET claims = claims - r.done,
            leased_until = CASE WHEN claims <= r.done THEN 0 ELSE leased_until END
        FROM ($rows(:recorded, destination BIGINT, done BIGINT)) AS r
        WHERE queues.destination_id = r.destination
        """,
        recorded=Rows(list(recorded.items())),
    )


async def rest(tx: Transaction, until: Mapping[int, datetime]) -> None:
    """Let nobody take these destinations before then; `settle` them afterwards."""
    if not until:
        return
    await tx.run(
        """
        UPDATE queues SET held_until = $greatest(held_until, r.until)
        FROM ($rows(:rests, destination BIGINT, until BIGINT)) AS r
        WHERE queues.destination_id = r.destination
        """,
        rests=Rows(list(until.items())),
    )


async def settle(tx: Transaction, ids: Sequence[int], *, now: datetime) -> None:
    """Compute anew when these destinations may be taken. What is overdue goes to the end: nobody is served twice in a row."""
    if not ids:
        return
    await tx.run(
        """
        UPDATE queues SET
            lane = COALESCE(
                (SELECT d.lane FROM deliveries AS d
                 WHERE d.destination_id = queues.destination_id AND $owed(d) AND d.due_at <= :now
                 ORDER BY d.lane, d.id LIMIT 1),
                (SELECT d.lane FROM deliveries AS d
                 WHERE d.destination_id = queues.destination_id AND $owed(d)
                 ORDER BY d.due_at, d.lane LIMIT 1),
                lane),
            due_at = CASE
                WHEN EXISTS (SELECT 1 FROM destinations AS p WHERE p.id = queues.destination_id AND p.paused_at IS NOT NULL)
                THEN NULL
                WHEN EXISTS (
                    SELECT 1 FROM deliveries AS d
                    WHERE d.destination_id = queues.destination_id AND $owed(d) AND d.due_at <= :now)
                THEN $greatest(CAST(:now AS BIGINT), leased_until, held_until)
                ELSE (
                    SELECT $greatest(d.due_at, queues.leased_until, queues.held_until) FROM deliveries AS d
                    WHERE d.destination_id = queues.destination_id AND $owed(d)
                    ORDER BY d.due_at LIMIT 1)
            END
        WHERE destination_id IN ($ids(:ids))
        """,
        ids=ids,
        now=now,
    )


async def hold(tx: Transaction, destination_id: int, until: datetime) -> None:
    """Let nobody take a destination before then."""
    await tx.run(
        """
        UPDATE queues SET held_until = $greatest(held_until, CAST(:until AS BIGINT)),
            due_at = CASE WHEN due_at < :until THEN :until ELSE due_at END
        WHERE destination_id = :id
        """,
        id=destination_id,
        until=until,
    )


async def next_due_at(tx: Transaction, adapters: Sequence[str]) -> datetime | None:
    """When a sender may take something of these adapters next."""
    row = await tx.one(_NEXT_DUE, adapters=adapters)
    return maybe_ms(row["at"]) if row else None


# The beginning of one index range a lane.
_NEXT_DUE_IN_A_LANE = """
    SELECT (SELECT MIN(q.due_at) FROM queues AS q
            WHERE q.adapter = a.value AND q.lane = LANE AND q.due_at IS NOT NULL) AS at
    FROM ($each(:adapters)) AS a
"""
_NEXT_DUE = """
    SELECT MIN(at) AS at FROM (LANES UNION ALL SELECT MIN(created_at) AS at FROM waves) AS nexts
""".replace("LANES", "UNION ALL".join(_NEXT_DUE_IN_A_LANE.replace("LANE", str(int(lane))) for lane in Lane))


async def free_leases(tx: Transaction, *, now: datetime) -> int:
    """End every lease: whoever held one is dead."""
    rows = await tx.all(
        "UPDATE queues SET leased_until = 0, claims = 0 WHERE leased_until > 0 RETURNING destination_id"
    )
    await tx.run(
        "UPDATE deliveries SET leased_until = NULL WHERE $owed(deliveries) AND leased_until IS NOT NULL"
    )
    await settle(tx, [row["destination_id"] for row in rows], now=now)
    return len(rows)


async def set_right(tx: Transaction, *, now: datetime, lease: timedelta, back: timedelta) -> None:
    """The clock went back by a span: what was due stays due, and no lease is trusted for longer than one lasts.

    A lease is cut, not ended: its holder may be sending at this moment, and surely is done a lease from now.
    """
    await tx.run(
        """
        UPDATE deliveries SET due_at = :now
        WHERE $owed(deliveries) AND due_at > :now AND due_at <= :before AND (waiting IS NULL OR waiting <> 'held')
        """,
        now=now,
        before=now + back,
    )
    rows = await tx.all(
        """
        UPDATE queues SET
            leased_until = CASE WHEN leased_until > :trusted THEN :trusted ELSE leased_until END,
            held_until = CASE WHEN held_until > :now THEN held_until - :back ELSE held_until END
        WHERE due_at > :now
        RETURNING destination_id
        """,
        now=now,
        trusted=now + lease,
        back=back,
    )
    await settle(tx, [row["destination_id"] for row in rows], now=now)
