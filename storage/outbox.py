"""The outbox: what a sender takes, and what became of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import chain, groupby, zip_longest

from bot.model import Claim, Delivery, DeliveryState, Lane, Outcome, OutcomeKind
from storage import queues, waves
from storage.codec import from_ms, load_ids, maybe_ms, to_ms
from storage.database import Row, Rows, Transaction
from storage.destinations import destinations_by_id
from storage.stories import stories_by_id

_PORTIONS = 5  # of a wave in one claim: other writers wait


async def claim(
    tx: Transaction,
    *,
    now: datetime,
    lease: timedelta,
    limit: int,
    adapters: Sequence[str],
    per_destination: int,
) -> Sequence[Claim]:
    """Lease due destinations, fairly between adapters, and take what stands first in each."""
    ids = await _due(tx, adapters, now=now, limit=limit)
    if not ids:
        return []
    until = now + lease
    rows = await _take(tx, ids, now=now, until=until, places=per_destination)
    taken = Counter(row["destination_id"] for row in rows)
    await queues.lease(tx, taken, until=until)
    await queues.settle(tx, [id_ for id_ in ids if id_ not in taken], now=now)
    return await _claims(tx, rows, until=until)


async def _due(tx: Transaction, adapters: Sequence[str], *, now: datetime, limit: int) -> Sequence[int]:
    """Destinations that may be taken. A story on its way to very many of them goes on, as far as needed."""
    wave = await waves.next_wave(tx)
    if wave is not None and waves.is_pressing(wave, now):
        await waves.advance(tx, wave, now=now)
    ids = await _due_now(tx, adapters, now=now, limit=limit)
    for _ in range(_PORTIONS):
        if len(ids) == limit or wave is None or (wave := await waves.next_wave(tx)) is None:
            break
        await waves.advance(tx, wave, now=now)
        ids = await _due_now(tx, adapters, now=now, limit=limit)
    return ids


async def _due_now(tx: Transaction, adapters: Sequence[str], *, now: datetime, limit: int) -> Sequence[int]:
    """One of each adapter in turn."""
    due = [await queues.due(tx, adapter, now=now, limit=limit) for adapter in adapters]
    return [id_ for id_ in chain.from_iterable(zip_longest(*due)) if id_ is not None][:limit]


async def _take(
    tx: Transaction, destinations: Sequence[int], *, now: datetime, until: datetime, places: int
) -> Sequence[Row]:
    """The deliveries that stand first in these queues, as they were before this attempt was counted."""
    rows: list[Row] = []
    for _ in range(places):
        taken = await _take_first(tx, destinations, now=now, until=until)
        rows += taken
        destinations = [row["destination_id"] for row in taken]
        if not destinations:
            break
    return rows


async def _take_first(
    tx: Transaction, destinations: Sequence[int], *, now: datetime, until: datetime
) -> Sequence[Row]:
    """One delivery of each queue, the next that is not taken yet."""
    rows = await tx.all(
        """
        SELECT * FROM deliveries WHERE id IN (
            SELECT (
                SELECT d.id FROM deliveries AS d
                WHERE d.destination_id = q.value AND $owed(d) AND d.due_at <= :now
                    AND (d.leased_until IS NULL OR d.leased_until <> :until)
                ORDER BY d.lane, d.id LIMIT 1
            )
            FROM ($ids(:destinations)) AS q
            WHERE NOT EXISTS (SELECT 1 FROM destinations AS p WHERE p.id = q.value AND p.paused_at IS NOT NULL)
        )
        ORDER BY lane, id $for_update
        """,
        destinations=destinations,
        now=now,
        until=until,
    )
    await tx.run(
        """
        UPDATE deliveries SET attempts = attempts + 1, leased_until = :until,
            first_attempt_at = COALESCE(first_attempt_at, CAST(:now AS BIGINT)), last_attempt_at = :now
        WHERE id IN ($ids(:ids))
        """,
        ids=[row["id"] for row in rows],
        now=now,
        until=until,
    )
    return rows


async def _claims(tx: Transaction, rows: Sequence[Row], *, until: datetime) -> Sequence[Claim]:
    """Add everything a sender needs."""
    destinations = await destinations_by_id(tx, list({row["destination_id"] for row in rows}))
    digests = {row["id"]: load_ids(row["items"]) for row in rows}
    wanted = {row["story_id"] for row in rows if row["story_id"]}.union(*digests.values())
    stories = await stories_by_id(tx, list(wanted))
    parents = await _parent_messages(
        tx, [row["id"] for row in rows if _has_parent(stories.get(row["story_id"]))]
    )
    return [
        Claim(
            delivery=read_delivery(row, state=_claimed_state(row)),
            destination=destinations[row["destination_id"]],
            story=stories.get(row["story_id"]),
            digest=tuple(stories[id_] for id_ in digests[row["id"]] if id_ in stories),
            parent_message_id=parents.get(row["id"]),
            lease_until=until,
        )
        for row in rows
        if row["destination_id"] in destinations
    ]


def _has_parent(story: object) -> bool:
    return getattr(story, "parent_id", None) is not None


def _claimed_state(row: Row) -> DeliveryState:
    """A sender must know that the last attempt may have been posted."""
    return DeliveryState.UNCERTAIN if row["waiting"] == "uncertain" else DeliveryState.LEASED


async def _parent_messages(tx: Transaction, ids: Sequence[int]) -> Mapping[int, str]:
    """Where each delivery's destination was told the parent of its story."""
    if not ids:
        return {}
    rows = await tx.all(
        """
        SELECT d.id, p.message_id FROM deliveries AS d
        JOIN stories AS s ON s.id = d.story_id
        JOIN deliveries AS p ON p.destination_id = d.destination_id AND (
            p.story_id = s.parent_id OR p.story_id IN (SELECT t.id FROM stories AS t WHERE t.apart_from = s.parent_id)
        )
        WHERE d.id IN ($ids(:ids)) AND p.message_id IS NOT NULL
        ORDER BY p.story_id DESC
        """,
        ids=ids,
    )
    return {row["id"]: row["message_id"] for row in rows}


async def record(tx: Transaction, outcomes: Sequence[Outcome], *, now: datetime) -> None:
    """Write down what became of claims, and free their destinations."""
    ids = list({outcome.delivery_id for outcome in outcomes})
    rows = await tx.all("SELECT id, destination_id FROM deliveries WHERE id IN ($ids(:ids))", ids=ids)
    destinations = sorted({row["destination_id"] for row in rows})
    await tx.lock(queues.LOCK, ids=destinations)
    leased = await tx.all(
        """
        UPDATE deliveries SET leased_until = NULL WHERE id IN ($ids(:ids)) AND leased_until IS NOT NULL
        RETURNING destination_id
        """,
        ids=ids,
    )
    for kind, group in groupby(sorted(outcomes, key=lambda o: o.kind), key=lambda o: o.kind):
        await tx.run(_RECORD[kind], outcomes=_rows(group, now), now=now, urgent=Lane.URGENT)
    await queues.release(tx, Counter(row["destination_id"] for row in leased))
    await queues.rest(tx, _rests(outcomes, {row["id"]: row["destination_id"] for row in rows}))
    await queues.settle(tx, destinations, now=now)


def _rests(outcomes: Sequence[Outcome], destinations: Mapping[int, int]) -> Mapping[int, datetime]:
    """Until when each destination is to be left alone."""
    rests: dict[int, datetime] = {}
    for outcome in outcomes:
        destination = destinations.get(outcome.delivery_id)
        if destination is not None and outcome.rest_until is not None:
            rests[destination] = max(outcome.rest_until, rests.get(destination, outcome.rest_until))
    return rests


def _rows(outcomes: Iterable[Outcome], now: datetime) -> Rows:
    """As `_OUTCOMES` reads them."""
    return Rows(
        [
            (o.delivery_id, o.revision, o.message_id, o.due_at or now, o.due_at is None, o.reason)
            for o in outcomes
        ]
    )


_NEWEST = """
        revision = CASE WHEN sent_revision = 0 AND attempts <= 1 AND COALESCE(waiting, '') <> 'uncertain'
            THEN $greatest(revision, COALESCE((SELECT s.revision FROM stories AS s WHERE s.id = story_id), revision))
            ELSE revision END,
"""
_OUTCOMES = """
    FROM ($rows(:outcomes, id BIGINT, tried BIGINT, said TEXT, again_at BIGINT, final BOOLEAN, why TEXT)) AS o
    WHERE deliveries.id = o.id AND deliveries.sent_revision < o.tried
"""

# An outcome counts while its revision was not sent yet. What was sent before is only owed an edit: an edit that is
# skipped, set aside or gone leaves the post as it is.
_SENT = """
    UPDATE deliveries SET
        sent_revision = o.tried,
        revision = $greatest(revision, COALESCE((SELECT s.revision FROM stories AS s WHERE s.id = story_id), revision)),
        message_id = COALESCE(o.said, message_id),
        sent_at = COALESCE(sent_at, CAST(:now AS BIGINT)),
        lane = $least(lane, CAST(:urgent AS INTEGER)),
        attempts = 0, first_attempt_at = NULL, last_attempt_at = NULL, closed = NULL, waiting = NULL, reason = NULL
    OUTCOMES
"""
# What was surely never posted may be sent as its story is by now: no platform knows its key.
_RETRY = """
    UPDATE deliveries SET due_at = o.again_at, reason = o.why, NEWEST
        waiting = CASE WHEN waiting = 'uncertain' THEN waiting ELSE NULL END
    OUTCOMES AND closed IS NULL
"""
_HELD = """
    UPDATE deliveries SET due_at = o.again_at, reason = o.why, NEWEST
        message_id = COALESCE(o.said, message_id),
        waiting = CASE WHEN waiting = 'uncertain' THEN waiting ELSE 'held' END,
        first_attempt_at = CASE WHEN attempts <= 1 THEN NULL ELSE first_attempt_at END,
        last_attempt_at = CASE WHEN attempts <= 1 THEN NULL ELSE last_attempt_at END,
        attempts = CASE WHEN attempts <= 1 THEN 0 ELSE attempts - 1 END
    OUTCOMES AND closed IS NULL
"""
_UNCERTAIN = """
    UPDATE deliveries SET due_at = o.again_at, reason = o.why,
        waiting = CASE WHEN sent_revision = 0 THEN 'uncertain' ELSE waiting END,
        closed = CASE WHEN o.final AND sent_revision = 0 THEN 'uncertain' ELSE closed END,
        sent_revision = CASE WHEN o.final AND sent_revision > 0 THEN o.tried ELSE sent_revision END
    OUTCOMES AND closed IS NULL
"""
_CLOSED = """
    UPDATE deliveries SET reason = o.why, waiting = NULL, attempts = 0,
        closed = CASE WHEN sent_revision = 0 THEN 'CLOSED' ELSE closed END,
        sent_revision = CASE WHEN sent_revision > 0 THEN o.tried ELSE sent_revision END
    OUTCOMES AND closed IS NULL
"""
_GONE = """
    UPDATE deliveries SET sent_revision = o.tried, waiting = NULL, reason = o.why,
        closed = CASE WHEN sent_revision = 0 THEN 'set aside' ELSE 'gone' END
    OUTCOMES AND closed IS NULL
"""
_RECORD: Mapping[OutcomeKind, str] = {
    OutcomeKind.SENT: _SENT,
    OutcomeKind.RETRY: _RETRY,
    OutcomeKind.HELD: _HELD,
    OutcomeKind.SKIPPED: _CLOSED.replace("CLOSED", "skipped"),
    OutcomeKind.UNCERTAIN: _UNCERTAIN,
    OutcomeKind.SET_ASIDE: _CLOSED.replace("CLOSED", "set aside"),
    OutcomeKind.GONE: _GONE,
}
_RECORD = {
    kind: sql.replace("NEWEST", _NEWEST).replace("OUTCOMES", _OUTCOMES) for kind, sql in _RECORD.items()
}

_CLOSED_STATES = {
    "skipped": DeliveryState.SKIPPED,
    "unfollowed": DeliveryState.SKIPPED,
    "folded": DeliveryState.FOLDED,
    "set aside": DeliveryState.SET_ASIDE,
    "uncertain": DeliveryState.UNCERTAIN,
    "gone": DeliveryState.SENT,
}


def delivery_state(row: Row, now: datetime) -> DeliveryState:
    """Derive the state of a delivery; it is never stored."""
    if row["closed"]:
        return _CLOSED_STATES[row["closed"]]
    if row["revision"] <= row["sent_revision"]:
        return DeliveryState.SENT
    if row["leased_until"] and row["leased_until"] > to_ms(now):
        return DeliveryState.LEASED
    if row["waiting"] == "uncertain":
        return DeliveryState.UNCERTAIN
    if row["waiting"] == "held" and row["due_at"] > to_ms(now):
        return DeliveryState.HELD
    return DeliveryState.OWED


def read_delivery(row: Row, *, state: DeliveryState) -> Delivery:
    return Delivery(
        id=row["id"],
        destination_id=row["destination_id"],
        story_id=row["story_id"],
        items=load_ids(row["items"]),
        lane=Lane(row["lane"]),
        revision=row["revision"],
        sent_revision=row["sent_revision"],
        message_id=row["message_id"],
        due_at=from_ms(row["due_at"]),
        attempts=row["attempts"],
        first_attempt_at=maybe_ms(row["first_attempt_at"]),
        last_attempt_at=maybe_ms(row["last_attempt_at"]),
        sent_at=maybe_ms(row["sent_at"]),
        created_at=from_ms(row["created_at"]),
        state=state,
        reason=row["reason"],
    )
