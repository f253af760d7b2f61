"""Which feeds there are, which of them are due, and what their checks learned."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from bot.model import Feed, FeedState
from storage.codec import dump, from_ms, key_of, load_mapping, load_texts, maybe_ms
from storage.database import Row, Rows, Transaction, named


async def sync_feeds(tx: Transaction, feeds: Sequence[Feed]) -> None:
    """Make the catalogue's feeds those of `feeds`; what others added stays."""
    for feed in feeds:
        await _put_catalogued(tx, feed)
    await tx.run(
        """
        UPDATE feeds SET state = :gone, left_catalogue = TRUE, trouble = NULL
        WHERE added_by = 'catalogue' AND state <> :gone AND origin_key NOT IN ($each(:kept))
        """,
        gone=FeedState.GONE,
        kept=[key_of(feed.url) for feed in feeds],
    )


async def _put_catalogued(tx: Transaction, feed: Feed) -> None:
    """Update what the catalogue says about a feed, or add it.

    It is found by the address it was added with, or a followed redirect would make it new. One that left the catalogue
    and returns is checked again; one that answered 410 is not.
    """
    known = await tx.run(
        """
        UPDATE feeds SET outlet = :outlet, language = :language, series = :series, official = :official,
            state = CASE WHEN left_catalogue THEN 'active' ELSE state END,
            next_check_at = CASE WHEN left_catalogue THEN :next_check_at ELSE next_check_at END,
            left_catalogue = FALSE
        WHERE origin_key = :key AND added_by = 'catalogue'
        """,
        key=key_of(feed.url),
        outlet=feed.outlet,
        language=feed.language,
        series=dump(feed.series),
        official=feed.official,
        next_check_at=feed.next_check_at,
    )
    if not known:
        await _insert(tx, feed)


async def add_feed(tx: Transaction, feed: Feed) -> Feed:
    """Keep a feed. One that is known already stays as it is, and is polled again if it had ended."""
    await _insert(tx, feed)
    row = await tx.one(
        """
        UPDATE feeds SET
            added_by = CASE WHEN state = 'gone' THEN :added_by ELSE added_by END,
            next_check_at = CASE WHEN state = 'active' THEN next_check_at ELSE :next_check_at END,
            state = 'active', left_catalogue = FALSE
        WHERE url_key = :key
        RETURNING *
        """,
        key=key_of(feed.url),
        added_by=feed.added_by,
        next_check_at=feed.next_check_at,
    )
    assert row is not None
    return read_feed(row)


async def _insert(tx: Transaction, feed: Feed) -> None:
    await tx.run(
        """
        INSERT INTO feeds (url, url_key, origin_key, outlet, language, series, official, title, added_by, state,
            etag, last_modified, body_hash, next_check_at, last_checked_at, last_success_at, last_entry_at,
            error_count, failing_since, trouble, moved_to, moved_count, rhythm, push, slices)
        VALUES (:url, :key, :key, :outlet, :language, :series, :official, :title, :added_by, :state,
            :etag, :last_modified, :body_hash, :next_check_at, :last_checked_at, :last_success_at, :last_entry_at,
            :error_count, :failing_since, :trouble, :moved_to, :moved_count, :rhythm, :push, :slices)
        ON CONFLICT (url_key) DO NOTHING
        """,
        outlet=feed.outlet,
        language=feed.language,
        series=dump(feed.series),
        official=feed.official,
        added_by=feed.added_by,
        **_learned(feed),
    )


async def remove_feed(tx: Transaction, feed_id: int) -> None:
    """Forget a feed; its articles stay, their stories tell them."""
    await tx.run("DELETE FROM feeds WHERE id = :id", id=feed_id)


async def all_feeds(tx: Transaction) -> Sequence[Feed]:
    return [read_feed(row) for row in named(await tx.all("SELECT * FROM feeds ORDER BY outlet, url"))]


async def one_feed(tx: Transaction, feed_id: int) -> Feed | None:
    row = await tx.one("SELECT * FROM feeds WHERE id = :id", id=feed_id)
    return read_feed(row) if row else None


async def claim_feeds(tx: Transaction, *, now: datetime, lease: timedelta, limit: int) -> Sequence[Feed]:
    """Take due feeds, the most overdue first; a lease is a next check in the future."""
    rows = await tx.all(
        """
        SELECT * FROM feeds WHERE state = 'active' AND next_check_at <= :now
        ORDER BY next_check_at, id LIMIT :limit $skip_locked
        """,
        now=now,
        limit=limit,
    )
    if rows:
        await tx.run(
            "UPDATE feeds SET next_check_at = :until WHERE id IN ($ids(:ids))",
            until=now + lease,
            ids=[row["id"] for row in rows],
        )
    return [read_feed(row) for row in named(rows)]


async def next_feed_at(tx: Transaction) -> datetime | None:
    row = await tx.one("SELECT MIN(next_check_at) AS at FROM feeds WHERE state = 'active'")
    return maybe_ms(row["at"]) if row else None


async def save_feeds(tx: Transaction, feeds: Sequence[Feed]) -> None:
    """Save what checks learned; what the catalogue or an operator says about a feed is left alone.

    A redirect to another feed's address is not followed: that feed is polled anyway.
    """
    await tx.many(
        """
        UPDATE feeds SET
            url = CASE WHEN EXISTS (SELECT 1 FROM feeds AS o WHERE o.url_key = :key AND o.id <> :id) THEN url ELSE :url END,
            url_key = CASE WHEN EXISTS (SELECT 1 FROM feeds AS o WHERE o.url_key = :key AND o.id <> :id)
                THEN url_key ELSE :key END,
            title = :title, state = :state, etag = :etag, last_modified = :last_modified, body_hash = :body_hash,
            next_check_at = :next_check_at, last_checked_at = :last_checked_at, last_success_at = :last_success_at,
            last_entry_at = :last_entry_at, error_count = :error_count, failing_since = :failing_since,
            trouble = :trouble, moved_to = :moved_to, moved_count = :moved_count, rhythm = :rhythm, push = :push,
            slices = :slices
        WHERE id = :id
        """,
        [{"id": feed.id, **_learned(feed)} for feed in feeds],
    )


async def touch_feeds(tx: Transaction, checks: Sequence[tuple[int, datetime]], *, now: datetime) -> None:
    """Note checks that found nothing new; with thousands of feeds this is most of what is written."""
    await tx.run(
        """
        UPDATE feeds SET next_check_at = c.next_at, last_checked_at = :now, last_success_at = :now
        FROM ($rows(:checks, id BIGINT, next_at BIGINT)) AS c WHERE feeds.id = c.id
        """,
        checks=Rows(checks),
        now=now,
    )


async def bring_feeds_forward(tx: Transaction, *, span: timedelta) -> None:
    """The clock went back: without this nothing would be polled until it has caught up."""
    await tx.run("UPDATE feeds SET next_check_at = next_check_at - :span WHERE state = 'active'", span=span)


def _learned(feed: Feed) -> dict[str, Any]:
    return {
        "url": feed.url,
        "key": key_of(feed.url),
        "title": feed.title,
        "state": feed.state,
        "etag": feed.etag,
        "last_modified": feed.last_modified,
        "body_hash": feed.body_hash,
        "next_check_at": feed.next_check_at,
        "last_checked_at": feed.last_checked_at,
        "last_success_at": feed.last_success_at,
        "last_entry_at": feed.last_entry_at,
        "error_count": feed.error_count,
        "failing_since": feed.failing_since,
        "trouble": feed.trouble,
        "moved_to": feed.moved_to,
        "moved_count": feed.moved_count,
        "rhythm": dump(feed.rhythm),
        "push": dump(feed.push),
        "slices": feed.slices,
    }


_STATES = {str(state): state for state in FeedState}


def read_feed(row: Row) -> Feed:
    return Feed(
        id=row["id"],
        url=row["url"],
        outlet=row["outlet"],
        language=row["language"],
        series=load_texts(row["series"]),
        official=bool(row["official"]),
        title=row["title"],
        added_by=row["added_by"],
        state=_STATES[row["state"]],
        etag=row["etag"],
        last_modified=row["last_modified"],
        body_hash=row["body_hash"],
        slices=bytes(row["slices"]),
        next_check_at=from_ms(row["next_check_at"]),
        last_checked_at=maybe_ms(row["last_checked_at"]),
        last_success_at=maybe_ms(row["last_success_at"]),
        last_entry_at=maybe_ms(row["last_entry_at"]),
        error_count=row["error_count"],
        failing_since=maybe_ms(row["failing_since"]),
        trouble=row["trouble"],
        moved_to=row["moved_to"],
        moved_count=row["moved_count"],
        rhythm=load_mapping(row["rhythm"]),
        push=load_mapping(row["push"]),
    )
