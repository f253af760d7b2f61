"""What every store does with destinations, their wishes, and what happens to them."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.errors import StorageError
from bot.model import DeliveryState, Destination, OutcomeKind, Preferences
from storage import Store
from tests.contracts.given import NOW, claim, claim_one, place, post_all, publish, record, revise, state

HOUR = timedelta(hours=1)


async def test_a_destination_is_kept_once(store: Store) -> None:
    new = Destination(
        adapter="telegram",
        address="-100123/7",
        space="-100123",
        title="WEC ☕",
        preferences=Preferences(locale="de"),
        created_at=NOW,
    )
    kept = await store.ensure_destination(new)
    assert kept == replace(new, id=kept.id)
    assert await store.ensure_destination(replace(new, title="other")) == kept
    assert await store.destination("telegram", "-100123/7") == kept
    assert await store.destination_by_id(kept.id) == kept
    assert await store.destination("discord", "-100123/7") is None
    assert await store.destination_by_id(kept.id + 1) is None


async def test_destinations_are_listed_by_adapter_and_space(store: Store) -> None:
    one = await place(store, "1", space="a")
    two = await place(store, "2", space="b")
    three = await place(store, "3", space="a", adapter="telegram")
    listed = [
        await store.destinations(),
        await store.destinations("discord"),
        await store.destinations("discord", "a"),
        await store.destinations(space="a"),
    ]
    assert [[each.id for each in some] for some in listed] == [
        [one.id, two.id, three.id],
        [one.id, two.id],
        [one.id],
        [one.id, three.id],
    ]


async def test_preferences_survive_and_of_two_changes_at_once_one_is_refused(store: Store) -> None:
    there = await place(store)
    wishes = Preferences(
        locale="fr",
        languages=("fr", "en"),
        spoilers={"*": "cover", "wec": "delay 24h"},
        least_importance=2,
        picture=False,
        quiet="23:00-07:00",
        pings={"breaking": "role:7"},
    )

    async def save(by: str) -> Destination:
        return await store.save_preferences(
            there.id, wishes, version=0, now=NOW, by=by, what="quiet 23:00-07:00"
        )

    results = await asyncio.gather(save("Ada"), save("Bob"), return_exceptions=True)
    assert {type(result) for result in results} == {Destination, StorageError}
    now_there = await store.destination_by_id(there.id)
    assert now_there is not None
    assert (now_there.preferences, now_there.version) == (wishes, 1)
    lines = [line for line in await store.audit("guild") if line.what.startswith("quiet")]
    assert [(line.destination, line.what, line.at) for line in lines] == [("42", "quiet 23:00-07:00", NOW)]


async def test_following_is_in_the_order_of_wishes_and_says_what_is_new(store: Store) -> None:
    there = await place(store, "1", "series:wec")
    new = await store.follow(
        there.id, ["series:f1", "series:wec", "driver:x", "series:f1"], now=NOW + HOUR, by="Bob"
    )
    assert new == ["series:f1", "driver:x"]
    assert next(iter(await store.following(there.id))) == "series:wec"
    gone = await store.unfollow(there.id, ["driver:x", "series:dakar"], now=NOW, by="Bob")
    assert gone == ["driver:x"]
    assert set(await store.following(there.id)) == {"series:wec", "series:f1"}
    said = [(line.who, line.what) for line in await store.audit("guild")]
    assert said == [
        ("Bob", "unfollow driver:x"),
        ("Bob", "follow series:f1 driver:x"),
        ("Ada", "follow series:wec"),
    ]
    assert len(await store.audit("guild", limit=1)) == 1
    assert await store.audit("elsewhere") == []


async def test_every_followed_topic_is_known_by_its_beginning(store: Store) -> None:
    await place(store, "1", "words:crash", "series:wec", "words:50% & more_")
    await place(store, "2", "words:crash", "driver:x")

    async def followed(prefix: str) -> list[str]:
        return sorted((await store.surroundings("", [], prefix=prefix)).followed)

    assert await followed("") == ["driver:x", "series:wec", "words:50% & more_", "words:crash"]
    assert await followed("words:") == ["words:50% & more_", "words:crash"]
    assert await followed("words:%") == []
    assert await followed("z") == []


async def test_unfollowing_skips_what_is_owed_for_no_other_reason(store: Store) -> None:
    there = await place(store, "1", "series:wec", "series:f1")
    only = (await publish(store, "wec")).story
    both = (await publish(store, "both", series=("wec", "f1"))).story
    await store.unfollow(there.id, ["series:wec"], now=NOW, by="Ada")
    assert await state(store, there, only) is DeliveryState.SKIPPED
    assert (await claim_one(store)).story == both
    await revise(store, only)
    assert await state(store, there, only) is DeliveryState.SKIPPED, "a correction does not bring it back"


async def test_a_pause_keeps_everything_and_a_resume_goes_on(store: Store) -> None:
    there = await place(store, "1")
    other = await place(store, "2")
    await publish(store, "a")
    assert await store.pause(there.id, "discord.paused.rights", now=NOW)
    assert not await store.pause(there.id, "again", now=NOW + HOUR)
    await publish(store, "b")
    assert await post_all(store) == 2
    paused = await store.destination_by_id(there.id)
    assert paused is not None
    assert (paused.paused_at, paused.paused_reason) == (NOW, "discord.paused.rights")
    assert len(await store.waiting(there.id)) == 2
    assert await store.oldest_owed_at(now=NOW) is None
    assert await store.resume("discord", address="9", now=NOW) == 0
    assert await store.resume("telegram", space="guild", now=NOW) == 0
    assert await store.resume("discord", address="1", now=NOW) == 1
    assert await post_all(store) == 2
    resumed = await store.destination_by_id(there.id)
    assert resumed is not None
    assert resumed.paused_at is None
    assert await store.waiting(other.id) == []


async def test_a_whole_space_is_resumed(store: Store) -> None:
    places = [
        await place(store, address, space=space) for address, space in (("1", "a"), ("2", "a"), ("3", "b"))
    ]
    for there in places:
        await store.pause(there.id, "removed", now=NOW)
    assert await store.resume("discord", space="a", now=NOW) == 2
    assert await store.resume("discord", now=NOW) == 0


async def test_a_move_takes_topics_subscriptions_and_posts_along(store: Store) -> None:
    group = await place(store, "-5", adapter="telegram", space="-5")
    topic = await place(store, "-5/7", "series:f1", adapter="telegram", space="-5")
    near = await place(store, "-55", "series:f1", adapter="telegram", space="-55")
    published = await publish(store)
    await store.move("telegram", "-5", "-100", now=NOW)
    moved = await store.destinations("telegram", "-100")
    assert [(each.id, each.address) for each in moved] == [(group.id, "-100"), (topic.id, "-100/7")]
    assert await store.destination("telegram", "-55") == near
    [owed] = await claim(store, "telegram")
    assert (owed.story, owed.destination.address) == (published.story, "-100")
    assert [line.who for line in await store.audit("-100")] == ["Ada", "Ada"]


async def test_a_move_onto_a_known_destination_merges_and_doubles_nothing(store: Store) -> None:
    old = await place(store, "-5", "series:wec", "series:f1", adapter="telegram", space="-5")
    wishes = Preferences(locale="it")
    await store.save_preferences(old.id, wishes, version=0, now=NOW, by="Ada", what="locale it")
    new = await place(store, "-100", "series:wec", "series:dakar", adapter="telegram", space="-100")
    sent_old = (await publish(store, "sent-old")).story
    [one, two] = await claim(store, "telegram")
    await record(store, one if one.destination.id == old.id else two)
    await record(store, two if one.destination.id == old.id else one, OutcomeKind.HELD, due_at=NOW)
    owed_both = (await publish(store, "owed-both")).story
    owed_old = (await publish(store, "owed-old", series=("f1",))).story
    await store.make_digest(old.id, [owed_old.id], slot="s", due_at=NOW, now=NOW)
    await store.make_digest(new.id, [], slot="s", due_at=NOW, now=NOW)

    await store.move("telegram", "-5", "-100", now=NOW)
    [only] = await store.destinations("telegram")
    assert (only.id, only.preferences) == (new.id, wishes)
    assert set(await store.following(new.id)) == {"series:wec", "series:f1", "series:dakar"}
    assert await state(store, only, sent_old) is DeliveryState.SENT
    told = []
    while claims := await claim(store, "telegram"):
        told += [each.story for each in claims]
        await record(store, claims[0])
    assert told == [owed_both, None] or told == [None, owed_both]


async def test_a_move_during_a_send_is_recorded_all_the_same(store: Store) -> None:
    await place(store, "-5", adapter="telegram", space="-5")
    there = await place(store, "-100", "series:f1", adapter="telegram", space="-100")
    published = await publish(store)
    [sending] = await claim(store, "telegram")
    await store.move("telegram", "-5", "-100", now=NOW)
    await record(store, sending)
    assert await state(store, there, published.story) is DeliveryState.SENT
    await publish(store, "next")
    assert len(await claim(store, "telegram")) == 1


@pytest.mark.parametrize("adapter", ["discord", "nowhere"])
async def test_moving_what_is_unknown_changes_nothing(store: Store, adapter: str) -> None:
    there = await place(store, "1")
    await store.move(adapter, "77", "88", now=NOW)
    assert await store.destinations() == [there]
