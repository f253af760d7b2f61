"""What every store gives to several processes, and how it forgets."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from bot.errors import StorageError
from bot.model import OutcomeKind
from storage import Store, open_store
from tests.conftest import FakeClock
from tests.contracts.given import (
    LEASE,
    NOW,
    article,
    claim,
    claim_one,
    known,
    place,
    post_all,
    publish,
    record,
    state,
)

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)


async def test_places_in_a_schedule_are_a_gap_apart_whoever_asks(store: Store) -> None:
    gap = timedelta(microseconds=20408)
    taken = await asyncio.gather(*(store.reserve("all", gap, now=NOW) for _ in range(20)))
    assert sorted(taken) == [NOW + gap * number for number in range(20)]
    assert await store.reserve("other", gap, now=NOW) == NOW
    assert await store.reserve("all", gap, now=NOW + SECOND) == NOW + SECOND


async def test_a_schedule_follows_a_clock_that_was_set_back(store: Store) -> None:
    await store.reserve("all", SECOND, now=NOW)
    assert await store.reserve("all", SECOND, now=NOW - timedelta(hours=1)) == NOW - timedelta(hours=1)


async def test_a_job_has_one_owner_until_its_lease_ends(store: Store) -> None:
    assert await store.lease_job("poll", "a", now=NOW, lease=LEASE)
    assert not await store.lease_job("poll", "b", now=NOW, lease=LEASE)
    assert await store.lease_job("other", "b", now=NOW, lease=LEASE)
    assert await store.lease_job("poll", "a", now=NOW + SECOND, lease=LEASE)
    assert not await store.lease_job("poll", "b", now=NOW + LEASE, lease=LEASE)
    assert await store.lease_job("poll", "b", now=NOW + SECOND + LEASE, lease=LEASE)
    assert not await store.lease_job("poll", "a", now=NOW + 2 * SECOND + LEASE, lease=LEASE)


async def test_a_job_is_not_stuck_when_the_clock_was_set_back(store: Store) -> None:
    await store.lease_job("poll", "a", now=NOW, lease=LEASE)
    earlier = NOW - DAY
    assert not await store.lease_job("poll", "b", now=earlier, lease=LEASE)
    assert await store.lease_job("poll", "b", now=earlier + LEASE, lease=LEASE)


async def test_facts_are_remembered(store: Store) -> None:
    assert await store.recall("telegram.offset") is None
    await store.remember("telegram.offset", "1")
    await store.remember("telegram.offset", "2")
    assert await store.recall("telegram.offset") == "2"


async def test_the_store_says_whether_it_can_be_written_and_what_it_is(store: Store) -> None:
    await store.check_writable()
    about = await store.describe()
    assert str(about["engine"]).startswith(("SQLite", "PostgreSQL"))


async def test_old_stories_are_forgotten_but_not_that_they_were_known(store: Store) -> None:
    there = await place(store)
    old = await publish(store, "old", article={"text": "long ago"})
    await store.publish(article("alone", text="about nothing"), None, now=NOW)
    await post_all(store)
    now = NOW + 60 * DAY
    child = await publish(store, "new", now=now, parent_id=old.story.id)
    assert await store.prune(before=NOW + DAY) > 0
    assert await store.story(old.story.id) is None
    assert await store.search("old") == []
    assert await state(store, there, old.story) is None
    assert await known(store, 1, "guid-old", "guid-alone") == {
        "guid-old": "hash of old",
        "guid-alone": "hash of alone",
    }
    assert [told.text for told, _ in await store.articles_at([article("old").url, article("alone").url])] == [
        "",
        "",
    ]
    corrected = await publish(store, "old", now=now, article={"content_hash": "a word changed"})
    assert corrected.deliveries == 0, "what was told is no news again"
    left = await store.story(child.story.id)
    assert left is not None
    assert left.parent_id is None
    assert (await claim_one(store, now=now)).parent_message_id is None
    assert (await store.prune(before=NOW + DAY)) == 0


async def test_old_digests_and_audit_lines_are_forgotten(store: Store) -> None:
    there = await place(store)
    told = await publish(store)
    await store.make_digest(there.id, [told.story.id], slot="s", due_at=NOW, now=NOW)
    await record(store, await claim_one(store), OutcomeKind.SKIPPED)
    await store.prune(before=NOW + DAY)
    assert await store.audit("guild") == []
    assert await store.counts(now=NOW) == {}
    assert await claim(store) == []


async def test_whatever_fails_inside_leaves_nothing_half_done(store: Store) -> None:
    async def fail(tx: object) -> None:
        await tx.run("INSERT INTO facts (key, value) VALUES ('half', 'done')")  # type: ignore[attr-defined]
        raise StorageError("on purpose")

    with pytest.raises(StorageError, match="on purpose"):
        await store.database.write(fail)
    assert await store.recall("half") is None


async def test_a_cancelled_transaction_leaves_nothing_and_keeps_nobody_waiting(store: Store) -> None:
    begun = asyncio.Event()

    async def linger(tx: object) -> None:
        await tx.run("INSERT INTO facts (key, value) VALUES ('half', 'done')")  # type: ignore[attr-defined]
        begun.set()
        await asyncio.Event().wait()

    lingering = asyncio.create_task(store.database.write_in_steps(linger))
    await asyncio.wait_for(begun.wait(), 5)
    waiting = asyncio.create_task(store.remember("next", "one"))
    lingering.cancel()
    with pytest.raises(asyncio.CancelledError):
        await lingering
    await asyncio.wait_for(waiting, 5)
    assert (await store.recall("half"), await store.recall("next")) == (None, "one")


async def test_cancelling_at_any_moment_keeps_or_drops_the_whole(store: Store) -> None:
    """Cancel a publication after each number of turns of the loop: the story, its article and its delivery stand together."""
    there = await place(store)
    for turns in range(0, 60, 3):
        publishing = asyncio.create_task(publish(store, f"s{turns}"))
        for _ in range(turns):
            await asyncio.sleep(0)
        publishing.cancel()
        await asyncio.wait((publishing,))
        kept = await known(store, 1, f"guid-s{turns}")
        told = await store.story_at(article(f"s{turns}").url)
        owed = await store.delivery(there.id, told.id) if told else None
        assert bool(kept) == (told is not None) == (owed is not None)


async def test_a_closed_store_says_so(clock: FakeClock) -> None:
    store = await open_store("sqlite:///:memory:", clock=clock)
    await store.close()
    await store.close()
    with pytest.raises(StorageError, match="closed"):
        await store.remember("a", "b")
    with pytest.raises(StorageError, match="closed"):
        await store.recall("a")
