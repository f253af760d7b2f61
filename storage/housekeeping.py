"""Forget what is old, never what identity or edits still need."""

from __future__ import annotations

from datetime import datetime

from storage.articles import TOLD
from storage.database import Transaction

STORIES, ROWS = 200, 20_000  # of a transaction: senders wait for no more than that


async def prune_stories(tx: Transaction, *, before: datetime) -> tuple[int, bool]:
    """Delete a portion of the stories that changed last before then, with their deliveries; rows, and whether more is left.

    Their articles stay as what is known of a feed (guid, hash, address): a feed that still lists one must not make it
    news again. Only what they said goes.
    """
    rows = await tx.all(
        "SELECT id FROM stories WHERE updated_at < :before ORDER BY updated_at, id LIMIT :portion",
        before=before,
        portion=STORIES,
    )
    ids = [row["id"] for row in rows]
    if not ids:
        return 0, False
    deleted = await tx.run(
        "DELETE FROM deliveries WHERE id IN (SELECT id FROM deliveries WHERE story_id IN ($ids(:ids)) LIMIT :rows)",
        ids=ids,
        rows=ROWS,
    )
    if deleted == ROWS:
        return deleted, True
    await tx.run(
        """
        UPDATE articles SET story_id = :told, standfirst = '', text = '', categories = '[]'
        WHERE story_id IN ($ids(:ids))
        """,
        ids=ids,
        told=TOLD,
    )
    await tx.run(tx.dialect.search.drop, stories=ids)
    await tx.run("UPDATE stories SET parent_id = NULL WHERE parent_id IN ($ids(:ids))", ids=ids)
    deleted += await tx.run("DELETE FROM story_topics WHERE story_id IN ($ids(:ids))", ids=ids)
    deleted += await tx.run("DELETE FROM waves WHERE story_id IN ($ids(:ids))", ids=ids)
    deleted += await tx.run("DELETE FROM stories WHERE id IN ($ids(:ids))", ids=ids)
    return deleted, len(ids) == STORIES


async def prune_rest(tx: Transaction, *, before: datetime) -> int:
    """Delete old digests, audit lines and leases of jobs; empty old articles that no story tells."""
    deleted = await tx.run(
        "DELETE FROM deliveries WHERE slot IS NOT NULL AND created_at < :before", before=before
    )
    await tx.run(
        "UPDATE articles SET standfirst = '', text = '' WHERE story_id IS NULL AND created_at < :before AND text <> ''",
        before=before,
    )
    deleted += await tx.run("DELETE FROM audit WHERE at < :before", before=before)
    deleted += await tx.run("DELETE FROM jobs WHERE leased_until < :before", before=before)
    return deleted
