"""What processes share besides work: places in a schedule, jobs that only one may do, small facts."""

from __future__ import annotations

from datetime import datetime, timedelta

from storage.codec import EPOCH
from storage.database import Transaction

_MICROSECOND = timedelta(microseconds=1)
_FARTHEST = timedelta(
    minutes=1
)  # a schedule taken farther ahead, beside 100 gaps, means that the clock went back


async def reserve(tx: Transaction, bucket: str, gap: timedelta, *, now: datetime) -> datetime:
    """Take the next place in a schedule: never earlier than `gap` after the last one."""
    row = await tx.one(
        """
        INSERT INTO reservations (bucket, taken_at) VALUES (:bucket, :micros)
        ON CONFLICT (bucket) DO UPDATE SET taken_at = CASE
            WHEN reservations.taken_at > :farthest THEN :micros
            ELSE $greatest(reservations.taken_at + CAST(:gap AS BIGINT), CAST(:micros AS BIGINT))
        END
        RETURNING taken_at
        """,
        bucket=bucket,
        micros=(now - EPOCH) // _MICROSECOND,
        farthest=(now - EPOCH + _FARTHEST + 100 * gap) // _MICROSECOND,
        gap=gap // _MICROSECOND,
    )
    assert row is not None
    return EPOCH + int(row["taken_at"]) * _MICROSECOND


async def lease_job(tx: Transaction, name: str, owner: str, *, now: datetime, lease: timedelta) -> bool:
    """Become or stay the one process that does a job.

    A lease that lasts longer than any from now on was given before the clock went back: it is cut, not ended.
    """
    await tx.run(
        "UPDATE jobs SET leased_until = :until WHERE name = :name AND leased_until > :until",
        name=name,
        until=now + lease,
    )
    row = await tx.one(
        """
        INSERT INTO jobs (name, owner, leased_until) VALUES (:name, :owner, :until)
        ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, leased_until = excluded.leased_until
        WHERE jobs.owner = excluded.owner OR jobs.leased_until <= :now
        RETURNING owner
        """,
        name=name,
        owner=owner,
        now=now,
        until=now + lease,
    )
    return row is not None


async def remember(tx: Transaction, key: str, value: str) -> None:
    await tx.run(
        "INSERT INTO facts (key, value) VALUES (:key, :value) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        key=key,
        value=value,
    )


async def recall(tx: Transaction, key: str) -> str | None:
    row = await tx.one("SELECT value FROM facts WHERE key = :key", key=key)
    return None if row is None else str(row["value"])
