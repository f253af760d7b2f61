"""What every store promises about what is owed."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.model import DeliveryState, Lane, OutcomeKind
from storage import Store
from storage.waves import PORTION
from tests.conftest import FakeClock
from tests.contracts.given import (
    LEASE,
    NOW,
    claim,
    claim_one,
    outcome,
    place,
    post_all,
    publish,
    record,
    revise,
    state,
)

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


# ── claiming ──


async def test_a_claimed_destination_is_nobody_elses_until_the_lease_ends(store: Store) -> None:
    await place(store)
    await publish(store, "a")
    await publish(store, "b")
    first = await claim_one(store)
    assert first.lease_until == NOW + LEASE
    assert await claim(store) == []
    assert await store.next_delivery_at(["discord"]) == NOW + LEASE
    again = await claim_one(store, now=NOW + LEASE)
    assert again.delivery.id == first.delivery.id


async def test_an_attempt_is_counted_when_it_begins(store: Store) -> None:
    await place(store)
    await publish(store)
    first = await claim_one(store)
    assert (first.delivery.attempts, first.delivery.last_attempt_at) == (0, None)
    second = await claim_one(store, now=NOW + LEASE)
    assert (second.delivery.attempts, second.delivery.last_attempt_at) == (1, NOW)
    third = await claim_one(store, now=NOW + 2 * LEASE)
    assert (third.delivery.attempts, third.delivery.first_attempt_at) == (2, NOW)


async def test_a_destination_is_one_queue_in_order_of_lane_and_age(store: Store) -> None:
    await place(store)
    news = await publish(store, "news")
    late = await publish(store, "late", lane=Lane.BACKFILL)
    breaking = await publish(store, "breaking", lane=Lane.URGENT)
    told = []
    while claims := await claim(store):
        [one] = claims
        assert one.story is not None
        told.append(one.story.id)
        await record(store, one)
    assert told == [breaking.story.id, news.story.id, late.story.id]


async def test_several_deliveries_of_a_destination_can_be_claimed_together(store: Store) -> None:
    await place(store, "1")
    await place(store, "2")
    stories = [(await publish(store, slug)).story.id for slug in "abc"]
    claims = await claim(store, per_destination=2)
    assert [one.story.id for one in claims if one.story] == [stories[0], stories[0], stories[1], stories[1]]
    await record(store, claims[0])
    assert await claim(store) == [], "the destination is free when all of its claims are recorded"
    await record(store, claims[2])
    assert len(await claim(store)) == 1


async def test_destinations_take_turns(store: Store) -> None:
    """A flooded place is not served again before the others, however long its news waited."""
    flooded = await place(store, "flooded")
    for slug in "abcd":
        await publish(store, slug)
    calm = await place(store, "calm", "series:f1")
    await publish(store, "news", series=("f1",), now=NOW + MINUTE)
    served = []
    for seconds in range(61, 65):
        now = NOW + timedelta(seconds=seconds)
        [one] = await claim(store, now=now, limit=1)
        served.append(one.destination.id)
        await record(store, one, now=now)
    assert served == [flooded.id, calm.id, flooded.id, flooded.id]


async def test_adapters_take_turns_and_only_those_asked_for_are_served(store: Store) -> None:
    for number in range(4):
        await place(store, f"t{number}", adapter="telegram")
        await place(store, f"d{number}", adapter="discord")
    await publish(store)
    both = await claim(store, "telegram", "discord", limit=2)
    assert {one.destination.adapter for one in both} == {"telegram", "discord"}
    assert {one.destination.adapter for one in await claim(store, "discord")} == {"discord"}
    assert await claim(store, "console") == []


async def test_two_claims_at_once_never_share_a_destination(store: Store) -> None:
    for number in range(20):
        await place(store, str(number))
    await publish(store)
    rounds = await asyncio.gather(*(claim(store, limit=5) for _ in range(6)))
    claimed = [one.destination.id for claims in rounds for one in claims]
    assert len(claimed) == len(set(claimed))
    rest = [one.destination.id for one in await claim(store, limit=20)]
    assert sorted(claimed + rest) == list(range(1, 21))


async def test_a_story_for_very_many_reaches_every_one_of_them(store: Store) -> None:
    count = PORTION * 2 + 7
    await place(store, "0")

    async def clone(tx: object) -> None:
        await tx.many(  # type: ignore[attr-defined]
            """
            INSERT INTO destinations (adapter, address, space, title, created_at, preferences)
            VALUES ('discord', :address, '', '', 0, '{}')
            """,
            [{"address": str(number)} for number in range(1, count)],
        )
        await tx.run(  # type: ignore[attr-defined]
            """
            INSERT INTO queues (destination_id, adapter, lane, leased_until, held_until, claims)
            SELECT id, adapter, 2, 0, 0, 0 FROM destinations WHERE id > 1
            """
        )
        await tx.run(  # type: ignore[attr-defined]
            "INSERT INTO subscriptions SELECT id, 'series:wec', 0, '' FROM destinations WHERE id > 1"
        )

    await store.database.write(clone)
    assert (await publish(store)).deliveries == count
    assert await store.next_delivery_at(["discord"]) == NOW
    claimed: set[int] = set()
    while claims := await claim(store, limit=400):
        assert claimed.isdisjoint(one.destination.id for one in claims)
        claimed.update(one.destination.id for one in claims)
    assert len(claimed) == count


# ── recording ──


async def test_what_was_sent_is_owed_no_more(store: Store) -> None:
    there = await place(store)
    published = await publish(store)
    sent = await claim_one(store)
    await record(store, sent, message_id="m1", now=NOW + MINUTE)
    delivery = await store.delivery(there.id, published.story.id)
    assert delivery is not None
    assert (delivery.message_id, delivery.sent_at, delivery.sent_revision) == ("m1", NOW + MINUTE, 1)
    assert delivery.state is DeliveryState.SENT
    assert await store.next_delivery_at(["discord"]) is None
    assert await store.story_posted(there.id, "m1") == published.story
    assert await store.story_posted(there.id, "m2") is None


async def test_a_revision_that_rose_during_a_send_stays_owed(store: Store) -> None:
    await place(store)
    published = await publish(store)
    sending = await claim_one(store)
    changed = await revise(store, published.story)
    await record(store, sending)
    edit = await claim_one(store)
    assert (edit.delivery.id, edit.delivery.revision) == (sending.delivery.id, 2)
    assert edit.story == changed.story


async def test_outcomes_are_idempotent_and_an_older_one_changes_nothing(store: Store) -> None:
    there = await place(store)
    published = await publish(store)
    first = await claim_one(store)
    await record(store, first, message_id="m1")
    before = await store.delivery(there.id, published.story.id)
    await record(store, first, message_id="m2", now=NOW + HOUR)
    for kind in OutcomeKind:
        if kind is not OutcomeKind.SENT:
            await record(store, first, kind, due_at=NOW, reason="late")
    assert await store.delivery(there.id, published.story.id) == before
    await store.record([replace(outcome(first), delivery_id=999)], now=NOW)
    await store.record([], now=NOW)


async def test_a_failure_is_due_again_when_the_sender_says(store: Store) -> None:
    there = await place(store)
    published = await publish(store)
    await record(
        store, await claim_one(store), OutcomeKind.RETRY, due_at=NOW + MINUTE, reason="outbox.failed|503"
    )
    assert await claim(store) == []
    assert await store.next_delivery_at(["discord"]) == NOW + MINUTE
    delivery = await store.delivery(there.id, published.story.id)
    assert delivery is not None
    assert (delivery.state, delivery.attempts, delivery.reason) == (
        DeliveryState.OWED,
        1,
        "outbox.failed|503",
    )
    assert (await claim_one(store, now=NOW + MINUTE)).delivery.attempts == 1


async def test_a_failing_post_does_not_keep_the_next_one_waiting(store: Store) -> None:
    await place(store)
    await publish(store, "a")
    other = await publish(store, "b")
    await record(store, await claim_one(store), OutcomeKind.RETRY, due_at=NOW + HOUR)
    assert (await claim_one(store)).story == other.story


async def test_what_a_preference_holds_costs_no_attempt(store: Store) -> None:
    there = await place(store)
    published = await publish(store)
    await record(
        store, await claim_one(store), OutcomeKind.HELD, due_at=NOW + HOUR, reason="post.why.quiet|07:00"
    )
    assert await state(store, there, published.story) is DeliveryState.HELD
    [(delivery, told)] = await store.waiting(there.id)
    assert (delivery.attempts, delivery.reason, delivery.due_at) == (0, "post.why.quiet|07:00", NOW + HOUR)
    assert told == published.story
    later = await claim_one(store, now=NOW + HOUR)
    assert (later.delivery.attempts, later.delivery.last_attempt_at) == (0, None)


async def test_a_correction_of_what_is_held_stays_held(store: Store) -> None:
    await place(store)
    published = await publish(store)
    await record(store, await claim_one(store), OutcomeKind.HELD, due_at=NOW + HOUR)
    await revise(store, published.story)
    assert await claim(store) == []
    assert (await claim_one(store, now=NOW + HOUR)).delivery.revision == 2


async def test_what_was_surely_not_posted_is_sent_as_it_is_by_then_and_needs_no_edit(store: Store) -> None:
    for kind in (OutcomeKind.RETRY, OutcomeKind.HELD):
        await place(store, kind.value, f"series:{kind.value}")
        published = await publish(store, kind.value, series=(kind.value,))
        sending = await claim_one(store)
        changed = await revise(store, published.story)
        await record(store, sending, kind, due_at=NOW)
        again = await claim_one(store)
        assert (again.story, again.delivery.revision) == (changed.story, 2)
        await record(store, again)
        assert await claim(store) == []


async def test_an_uncertain_post_says_so_when_it_is_tried_again(store: Store) -> None:
    there = await place(store)
    published = await publish(store)
    await record(store, await claim_one(store), OutcomeKind.UNCERTAIN, due_at=NOW + MINUTE)
    assert await state(store, there, published.story) is DeliveryState.UNCERTAIN
    again = await claim_one(store, now=NOW + MINUTE)
    assert (again.delivery.state, again.delivery.attempts) == (DeliveryState.UNCERTAIN, 1)
    await record(store, again, now=NOW + MINUTE)
    assert await state(store, there, published.story) is DeliveryState.SENT


@pytest.mark.parametrize(
    ("kind", "becomes"),
    [
        (OutcomeKind.UNCERTAIN, DeliveryState.UNCERTAIN),
        (OutcomeKind.SKIPPED, DeliveryState.SKIPPED),
        (OutcomeKind.SET_ASIDE, DeliveryState.SET_ASIDE),
    ],
)
async def test_what_is_given_up_is_kept_with_its_reason(
    store: Store, kind: OutcomeKind, becomes: DeliveryState
) -> None:
    there = await place(store)
    published = await publish(store)
    await record(store, await claim_one(store), kind, reason="outbox.why|x")
    delivery = await store.delivery(there.id, published.story.id)
    assert delivery is not None
    assert (delivery.state, delivery.reason) == (becomes, "outbox.why|x")
    assert await claim(store, now=NOW + timedelta(days=2)) == []
    assert await store.counts(now=NOW) == {("discord", becomes.value): 1}


@pytest.mark.parametrize("kind", [OutcomeKind.SKIPPED, OutcomeKind.SET_ASIDE, OutcomeKind.GONE])
async def test_an_edit_given_up_leaves_the_post_as_it_is(store: Store, kind: OutcomeKind) -> None:
    there = await place(store)
    published = await publish(store)
    await post_all(store)
    await revise(store, published.story)
    await record(store, await claim_one(store), kind, reason="outbox.why")
    delivery = await store.delivery(there.id, published.story.id)
    assert delivery is not None
    assert (delivery.state, delivery.message_id) == (DeliveryState.SENT, f"message {delivery.id}")
    assert await claim(store) == []
    assert await store.counts(now=NOW) == {("discord", "sent"): 1}


async def test_a_message_that_is_gone_is_edited_never_again(store: Store) -> None:
    await place(store)
    published = await publish(store)
    await post_all(store)
    second = await revise(store, published.story)
    await record(store, await claim_one(store), OutcomeKind.GONE)
    await revise(store, second.story)
    assert await claim(store) == []


async def test_many_outcomes_are_recorded_together(store: Store) -> None:
    for number in range(6):
        await place(store, str(number))
    await publish(store)
    claims = await claim(store)
    kinds = [OutcomeKind.SENT, OutcomeKind.RETRY, OutcomeKind.HELD, OutcomeKind.SKIPPED, OutcomeKind.SENT]
    outcomes = [outcome(one, kind, due_at=NOW + MINUTE) for one, kind in zip(claims, kinds, strict=False)]
    await store.record(outcomes, now=NOW)
    assert await store.counts(now=NOW) == {
        ("discord", "sent"): 2,
        ("discord", "owed"): 1,
        ("discord", "held"): 1,
        ("discord", "skipped"): 1,
        ("discord", "leased"): 1,
    }


# ── holding, leases, the clock ──


async def test_a_held_destination_is_left_alone_whatever_is_published(store: Store) -> None:
    there = await place(store)
    await publish(store, "a")
    await store.hold(there.id, NOW + MINUTE)
    await publish(store, "b", lane=Lane.URGENT)
    await store.hold(there.id, NOW + timedelta(seconds=1))
    assert await claim(store, now=NOW + timedelta(seconds=59)) == []
    assert await store.next_delivery_at(["discord"]) == NOW + MINUTE
    assert await store.oldest_owed_at(now=NOW) is None
    assert (await claim_one(store, now=NOW + MINUTE)).story is not None


async def test_a_hold_during_a_send_outlasts_its_record(store: Store) -> None:
    there = await place(store)
    await publish(store, "a")
    await publish(store, "b")
    sending = await claim_one(store)
    await store.hold(there.id, NOW + MINUTE)
    await record(store, sending)
    assert await claim(store, now=NOW + timedelta(seconds=59)) == []
    await claim_one(store, now=NOW + MINUTE)


async def test_a_sender_may_wish_a_rest_for_its_place(store: Store) -> None:
    await place(store)
    for slug in "ab":
        await publish(store, slug)
    sending = await claim_one(store)
    await record(store, sending, rest_until=NOW + timedelta(seconds=3))
    assert await claim(store, now=NOW + timedelta(seconds=2)) == []
    await claim_one(store, now=NOW + timedelta(seconds=3))


async def test_news_during_a_send_waits_for_it(store: Store) -> None:
    await place(store)
    await publish(store, "a")
    sending = await claim_one(store)
    await publish(store, "b", lane=Lane.URGENT)
    assert await claim(store) == []
    await record(store, sending)
    await claim_one(store)


async def test_leases_of_a_dead_process_are_freed_where_it_was_the_only_one(store: Store) -> None:
    await place(store)
    await publish(store)
    await claim_one(store)
    freed = await store.free_leases(now=NOW)
    assert freed == len(await claim(store)) == (1 if store.database.dialect.name == "sqlite" else 0)


async def test_a_clock_set_back_delays_nothing_that_was_due(store: Store) -> None:
    await place(store)
    await claim(store)
    await publish(store)
    earlier = NOW - HOUR
    assert await claim_one(store, now=earlier)


async def test_a_clock_set_back_neither_ends_a_lease_nor_keeps_it_for_an_hour(store: Store) -> None:
    await place(store)
    await publish(store)
    sending = await claim_one(store)
    earlier = NOW - HOUR
    assert await claim(store, now=earlier) == []
    assert await claim(store, now=earlier + timedelta(seconds=59)) == []
    again = await claim_one(store, now=earlier + LEASE)
    assert again.delivery.key == sending.delivery.key


# ── several stories in one post ──


async def test_a_digest_is_owed_once_for_a_slot_and_tells_what_it_folded(store: Store) -> None:
    there = await place(store)
    stories = [(await publish(store, slug)).story for slug in "abc"]
    slot = "2026-11-22 18:00"
    ids = [stories[2].id, stories[0].id]
    assert await store.make_digest(there.id, ids, slot=slot, due_at=NOW + HOUR, now=NOW)
    assert not await store.make_digest(there.id, [stories[1].id], slot=slot, due_at=NOW, now=NOW)
    assert await state(store, there, stories[0]) is DeliveryState.FOLDED
    await record(store, await claim_one(store))
    assert await claim(store) == []
    digest = await claim_one(store, now=NOW + HOUR)
    assert digest.story is None
    assert digest.delivery.items == tuple(ids)
    assert digest.digest == (stories[2], stories[0])
    await record(store, digest, now=NOW + HOUR)
    assert await store.counts(now=NOW) == {("discord", "sent"): 2, ("discord", "folded"): 2}


async def test_a_digest_leaves_out_what_is_being_posted(store: Store) -> None:
    there = await place(store)
    first, second = [(await publish(store, slug)).story for slug in "ab"]
    sending = await claim_one(store)
    await store.make_digest(there.id, [first.id, second.id], slot="s", due_at=NOW, now=NOW)
    await record(store, sending)
    assert (await claim_one(store)).digest == (second,)
    assert await state(store, there, first) is DeliveryState.SENT


async def test_an_empty_digest_only_takes_its_slot(store: Store) -> None:
    there = await place(store)
    assert await store.make_digest(there.id, [], slot="s", due_at=NOW, now=NOW)
    assert not await store.make_digest(there.id, [], slot="s", due_at=NOW, now=NOW)
    assert await claim(store) == []


async def test_a_backlog_leaves_the_newest_and_folds_the_rest(store: Store) -> None:
    there = await place(store, "1")
    few = await place(store, "2", "series:f1")
    stories = [
        (await publish(store, slug, now=NOW + number * MINUTE)).story for number, slug in enumerate("abcdef")
    ]
    await publish(store, "other", series=("f1",))
    now = NOW + 2 * HOUR
    fresh = (await publish(store, "fresh", now=now)).story
    assert await store.fold_backlog(now=now, keep=2, older_than=HOUR) == 4
    owed = [told for _, told in await store.waiting(there.id)]
    assert owed == [stories[4], stories[5], fresh]
    assert len(await store.waiting(few.id)) == 1
    digests = []
    while claims := await claim(store, now=now):
        digests += [one for one in claims if one.story is None]
        await store.record([outcome(one) for one in claims], now=now)
    assert [one.digest for one in digests] == [tuple(reversed(stories[:4]))]
    assert await store.fold_backlog(now=now, keep=2, older_than=HOUR) == 0


async def test_a_backlog_folds_nothing_that_is_held_or_may_be_posted(store: Store) -> None:
    await place(store)
    for slug in "abc":
        await publish(store, slug)
    await record(store, await claim_one(store), OutcomeKind.HELD, due_at=NOW + timedelta(days=1))
    await record(store, await claim_one(store), OutcomeKind.UNCERTAIN, due_at=NOW + MINUTE)
    await claim_one(store)  # its sender died
    assert await store.fold_backlog(now=NOW + HOUR, keep=0, older_than=MINUTE) == 0


async def test_a_backlog_leaves_alone_who_gathers_and_results_of_who_waits(store: Store) -> None:
    gathers, waits = await place(store, "1"), await place(store, "2")
    for slug in "ab":
        await publish(store, slug, spoiler=slug == "a")
    folded = await store.fold_backlog(
        now=NOW + HOUR, keep=0, older_than=MINUTE, spare=[gathers.id], spare_results=[waits.id]
    )
    assert folded == 1
    assert len(await store.waiting(gathers.id)) == 2
    (told,) = [told for _, told in await store.waiting(waits.id) if told is not None and told.spoiler]
    assert told.spoiler


# ── figures ──


async def test_figures_say_what_is_where(store: Store, clock: FakeClock) -> None:
    there = await place(store, "1")
    await place(store, "2", adapter="telegram")
    published = await publish(store, "a", now=NOW - HOUR)
    assert await store.oldest_owed_at(now=NOW) == NOW - HOUR
    await post_all(store)
    await publish(store, "b")
    assert await store.counts(now=NOW) == {
        ("discord", "sent"): 1,
        ("discord", "owed"): 1,
        ("telegram", "owed"): 2,
    }
    await revise(store, published.story)
    assert await store.counts(now=NOW) == {("discord", "owed"): 2, ("telegram", "owed"): 2}
    assert await store.sent_since(there.id, NOW) == 1
    assert await store.sent_since(there.id, NOW + MINUTE) == 0


async def test_senders_are_woken_by_what_may_be_due(store: Store) -> None:
    async def wakes(work: object) -> bool:
        await asyncio.sleep(0.05 if store.database.dialect.name == "postgresql" else 0)  # hints of the past
        store.wake.clear()
        await work  # type: ignore[misc]
        try:
            await asyncio.wait_for(store.wake.wait(), 0.02)
        except TimeoutError:
            return False
        return True

    there = await place(store)
    assert await wakes(publish(store, "a"))
    assert not await wakes(publish(store, "b", series=("dakar",)))
    assert await wakes(store.make_digest(there.id, [], slot="s", due_at=NOW, now=NOW))
    await store.pause(there.id, "why", now=NOW)
    assert await wakes(store.resume("discord", address="42", now=NOW))
