"""Where posts can go, what is wished there, and what happens to places: paused, resumed, moved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.errors import StorageError
from bot.model import AuditLine, Destination, Preferences
from storage import queues
from storage.codec import from_ms, maybe_ms
from storage.database import Row, Transaction
from storage.preferences import preferences_from_json, preferences_to_json


async def destination_at(tx: Transaction, adapter: str, address: str) -> Destination | None:
    row = await tx.one(
        "SELECT * FROM destinations WHERE adapter = :adapter AND address = :address",
        adapter=adapter,
        address=address,
    )
    return None if row is None else read_destination(row)


async def destination_by_id(tx: Transaction, destination_id: int) -> Destination | None:
    return (await destinations_by_id(tx, [destination_id])).get(destination_id)


async def destinations_by_id(tx: Transaction, ids: Sequence[int]) -> Mapping[int, Destination]:
    """The ones of these that are known."""
    rows = await tx.all("SELECT * FROM destinations WHERE id IN ($ids(:ids))", ids=ids)
    return {row["id"]: read_destination(row) for row in rows}


async def ensure_destination(tx: Transaction, destination: Destination) -> Destination:
    """Return the known one of (adapter, address), or keep this one with a queue of its own."""
    row = await tx.one(
        """
        INSERT INTO destinations
            (adapter, address, space, title, version, paused_at, paused_reason, created_at, preferences, apart)
        VALUES
            (:adapter, :address, :space, :title, :version, :paused_at, :paused_reason, :created_at, :preferences, :apart)
        ON CONFLICT (adapter, address) DO NOTHING
        RETURNING *
        """,
        adapter=destination.adapter,
        address=destination.address,
        space=destination.space,
        title=destination.title,
        version=destination.version,
        paused_at=destination.paused_at,
        paused_reason=destination.paused_reason,
        created_at=destination.created_at,
        preferences=preferences_to_json(destination.preferences),
        apart=not destination.preferences.merge,
    )
    if row is None:
        known = await destination_at(tx, destination.adapter, destination.address)
        assert known is not None
        return known
    await tx.run(
        """
        INSERT INTO queues (destination_id, adapter, lane, due_at, leased_until, held_until, claims)
        VALUES (:id, :adapter, 2, NULL, 0, 0, 0)
        """,
        id=row["id"],
        adapter=destination.adapter,
    )
    return read_destination(row)


async def all_destinations(tx: Transaction, adapter: str | None, space: str | None) -> Sequence[Destination]:
    """All, or those of an adapter, of a space, of both."""
    wanted = [
        condition for condition, value in ((_OF_ADAPTER, adapter), (_OF_SPACE, space)) if value is not None
    ]
    rows = await tx.all(
        f"SELECT * FROM destinations WHERE {' AND '.join(wanted) or 'TRUE'} ORDER BY id",  # noqa: S608 - constants
        adapter=adapter,
        space=space,
    )
    return [read_destination(row) for row in rows]


_OF_ADAPTER = "adapter = :adapter"
_OF_SPACE = "space = :space"


async def save_preferences(
    tx: Transaction,
    destination_id: int,
    preferences: Preferences,
    *,
    version: int,
    now: datetime,
    by: str,
    what: str,
) -> Destination:
    """Save, unless another change came first."""
    row = await tx.one(
        """
        UPDATE destinations SET preferences = :preferences, apart = :apart, version = version + 1
        WHERE id = :id AND version = :version
        RETURNING *
        """,
        id=destination_id,
        version=version,
        preferences=preferences_to_json(preferences),
        apart=not preferences.merge,
    )
    if row is None:
        raise StorageError("These settings were changed by somebody else meanwhile.")
    await _reconsider(tx, destination_id, now=now)
    await write_audit(tx, destination_id, now=now, who=by, what=what)
    return read_destination(row)


async def _reconsider(tx: Transaction, destination_id: int, *, now: datetime) -> None:
    """What the old settings held back is decided anew under the new ones."""
    await tx.lock(queues.LOCK, ids=[destination_id])
    held = await tx.run(
        """
        UPDATE deliveries SET due_at = :now
        WHERE destination_id = :id AND waiting = 'held' AND reason LIKE 'post.why.%' AND due_at > :now
            AND leased_until IS NULL AND $owed(deliveries)
        """,
        id=destination_id,
        now=now,
    )
    if held:
        await queues.settle(tx, [destination_id], now=now)
        await tx.notify()


async def pause(tx: Transaction, destination_id: int, reason: str, *, now: datetime) -> bool:
    """Send nothing there until it is resumed."""
    await tx.lock(queues.LOCK, ids=[destination_id])
    paused = await tx.run(
        "UPDATE destinations SET paused_at = :now, paused_reason = :reason WHERE id = :id AND paused_at IS NULL",
        id=destination_id,
        reason=reason,
        now=now,
    )
    await queues.settle(tx, [destination_id], now=now)
    return bool(paused)


async def resume(tx: Transaction, adapter: str, *, space: str, address: str, now: datetime) -> int:
    """Resume what was paused at an address, or in a whole space."""
    rows = await tx.all(
        """
        UPDATE destinations SET paused_at = NULL, paused_reason = NULL
        WHERE adapter = :adapter AND paused_at IS NOT NULL
            AND ((:address <> '' AND address = :address) OR (:address = '' AND :space <> '' AND space = :space))
        RETURNING id
        """,
        adapter=adapter,
        space=space,
        address=address,
    )
    ids = [row["id"] for row in rows]
    if ids:
        await tx.lock(queues.LOCK, ids=ids)
        await tx.run("UPDATE queues SET held_until = 0 WHERE destination_id IN ($ids(:ids))", ids=ids)
        await queues.settle(tx, ids, now=now)
        await tx.notify()
    return len(ids)


async def move(tx: Transaction, adapter: str, old_address: str, new_address: str, *, now: datetime) -> None:
    """Rename an address, the topics below it ("old/7"), and the space of that name."""
    rows = await tx.all(
        """
        SELECT id, address FROM destinations
        WHERE adapter = :adapter AND (address = :old OR substr(address, 1, length(:old) + 1) = :old || '/')
        ORDER BY id
        """,
        adapter=adapter,
        old=old_address,
    )
    for row in rows:
        await _move_one(tx, adapter, row["id"], new_address + row["address"][len(old_address) :], now=now)
    await tx.run(
        "UPDATE destinations SET space = :new WHERE adapter = :adapter AND space = :old",
        adapter=adapter,
        old=old_address,
        new=new_address,
    )
    await tx.run("UPDATE audit SET space = :new WHERE space = :old", old=old_address, new=new_address)
    if rows:
        await tx.notify()


async def _move_one(tx: Transaction, adapter: str, old: int, address: str, *, now: datetime) -> None:
    there = await destination_at(tx, adapter, address)
    if there is None:
        await tx.run(
            "UPDATE destinations SET address = :address WHERE id = :id",
            id=old,
            address=address,
        )
    elif there.id != old:
        await _merge(tx, old, there, now=now)
        old = there.id
    await tx.run("UPDATE queues SET held_until = 0 WHERE destination_id = :id", id=old)
    await queues.settle(tx, [old], now=now)


async def _merge(tx: Transaction, old: int, there: Destination, *, now: datetime) -> None:
    """Hand everything of a place to the one that exists already at its new address.

    Settings that nobody touched there give way to the old ones: a group that becomes a supergroup may have been seen
    there for a second. What both are owed is sent once: what was sent or tried stands.
    """
    await tx.lock(queues.LOCK, ids=[old, there.id])
    if there.version == 0:
        await tx.run(
            """
            UPDATE destinations SET
                preferences = (SELECT o.preferences FROM destinations AS o WHERE o.id = :old),
                apart = (SELECT o.apart FROM destinations AS o WHERE o.id = :old),
                version = (SELECT o.version FROM destinations AS o WHERE o.id = :old)
            WHERE id = :new
            """,
            old=old,
            new=there.id,
        )
    await tx.run(
        """
        INSERT INTO subscriptions (destination_id, topic, created_at, created_by)
        SELECT CAST(:new AS BIGINT), o.topic, o.created_at, o.created_by FROM subscriptions AS o
        WHERE o.destination_id = :old
        ON CONFLICT (destination_id, topic) DO NOTHING
        """,
        old=old,
        new=there.id,
    )
    moved = await _deliveries_of(tx, old)
    await tx.run(
        """
        DELETE FROM deliveries WHERE destination_id = :new AND sent_revision = 0 AND attempts = 0 AND id IN (
            SELECT here.id FROM deliveries AS o JOIN deliveries AS here
            ON here.destination_id = :new AND (here.story_id = o.story_id OR here.slot = o.slot)
            WHERE o.id IN ($ids(:moved))
        )
        """,
        new=there.id,
        moved=moved,
    )
    await tx.run(
        """
        DELETE FROM deliveries WHERE id IN ($ids(:moved)) AND EXISTS (
            SELECT 1 FROM deliveries AS here
            WHERE here.destination_id = :new AND (here.story_id = deliveries.story_id OR here.slot = deliveries.slot)
        )
        """,
        new=there.id,
        moved=moved,
    )
    await tx.run(
        "UPDATE deliveries SET destination_id = :new, leased_until = NULL WHERE id IN ($ids(:moved))",
        new=there.id,
        moved=moved,
    )
    await tx.run("DELETE FROM destinations WHERE id = :old", old=old)
    await queues.settle(tx, [there.id], now=now)


async def _deliveries_of(tx: Transaction, destination_id: int) -> Sequence[int]:
    """Every delivery of a destination, by the three indexes that have each in one at least."""
    rows = await tx.all(
        """
        SELECT d.id FROM deliveries AS d WHERE d.destination_id = :id AND $owed(d)
        UNION SELECT d.id FROM deliveries AS d WHERE d.destination_id = :id AND d.sent_at IS NOT NULL
        UNION SELECT d.id FROM deliveries AS d WHERE d.destination_id = :id AND d.closed IS NOT NULL
        """,
        id=destination_id,
    )
    return [row["id"] for row in rows]


async def write_audit(tx: Transaction, destination_id: int, *, now: datetime, who: str, what: str) -> None:
    """Note who changed what, where."""
    await tx.run(
        """
        INSERT INTO audit (at, space, who, destination, what)
        SELECT CAST(:now AS BIGINT), space, :who, CASE WHEN title = '' THEN address ELSE title END, :what
        FROM destinations WHERE id = :id
        """,
        id=destination_id,
        now=now,
        who=who,
        what=what,
    )


async def audit(tx: Transaction, space: str, *, limit: int) -> Sequence[AuditLine]:
    """The latest changes in a space, newest first."""
    rows = await tx.all(
        "SELECT * FROM audit WHERE space = :space ORDER BY id DESC LIMIT :limit", space=space, limit=limit
    )
    return [
        AuditLine(at=from_ms(row["at"]), who=row["who"], destination=row["destination"], what=row["what"])
        for row in rows
    ]


def read_destination(row: Row) -> Destination:
    return Destination(
        id=row["id"],
        adapter=row["adapter"],
        address=row["address"],
        space=row["space"],
        title=row["title"],
        preferences=preferences_from_json(row["preferences"]),
        version=row["version"],
        paused_at=maybe_ms(row["paused_at"]),
        paused_reason=row["paused_reason"],
        created_at=from_ms(row["created_at"]),
    )
