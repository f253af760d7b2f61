"""Where merging is off, each outlet's telling is a story of its own; what every store does with them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.model import DeliveryState, Destination, Preferences, Published, Story
from storage import Store
from tests.contracts.given import NOW, article, claim, place, post_all, publish, state, story, told_by

APART = Preferences(merge=False)
HOUR = timedelta(hours=1)


async def tell(store: Store, slug: str, known: Story | None = None, **facts: object) -> Published:
    """An outlet of its own tells a story, or joins one that is known."""
    told = article(slug, feed_id=len(slug), outlet=slug.title())
    by_itself = story(told, **facts)
    merged = by_itself
    if known is not None:
        sources = (*known.sources, told_by(told))
        merged = replace(known, sources=sources, revision=known.revision + 1)
    done = await store.publish(told, merged, alone=by_itself, now=NOW)
    assert done is not None
    return done


async def two(store: Store) -> tuple[Destination, Destination]:
    """A place that wants a story once, and one that wants every outlet's telling."""
    return await place(store, "merged"), await place(store, "apart", preferences=APART)


async def test_each_telling_is_owed_where_merging_is_off_and_the_story_elsewhere(store: Store) -> None:
    merged, apart = await two(store)
    first = await tell(store, "ada")
    await tell(store, "ben", first.story)
    assert [told.title for _, told in await store.waiting(merged.id)] == ["Stewards decide on ada"]
    titles = ["Stewards decide on ada", "Stewards decide on ben"]
    assert [told.title for _, told in await store.waiting(apart.id)] == titles
    assert await post_all(store) == 3


async def test_where_merging_is_on_everywhere_nothing_stands_apart(store: Store) -> None:
    await place(store, "merged")
    first = await tell(store, "ada")
    assert await store.tellings_apart(first.story.id) == []
    assert await store.told_alone(article("ada", feed_id=3)) is None


async def test_what_stands_apart_is_found_by_nobody(store: Store) -> None:
    await two(store)
    first = await tell(store, "ada")
    (apart,) = await store.tellings_apart(first.story.id)
    assert apart.apart_from == first.story.id
    assert [told.id for told in await store.latest(limit=9)] == [first.story.id]
    assert [told.id for told in await store.latest(["series:wec"], limit=9)] == [first.story.id]
    assert [told.id for told in await store.search("stewards")] == [first.story.id]
    assert [told.id async for told in store.recent_stories(NOW - HOUR)] == [first.story.id]


async def test_a_corrected_telling_edits_its_own_post_alone(store: Store) -> None:
    merged, _ = await two(store)
    first = await tell(store, "ada")
    second = await tell(store, "ben", first.story)
    await post_all(store)
    told = article("ben", feed_id=3, outlet="Ben", title="Stewards think again", content_hash="new")
    known = await store.told_alone(told)
    assert known is not None
    again = replace(known, title=told.title, revision=known.revision + 1)
    await store.publish(told, second.story, alone=again, now=NOW)
    (only,) = await claim(store)
    assert only.story is not None
    assert (only.story.title, only.delivery.message_id is None) == ("Stewards think again", False)
    assert only.destination.id != merged.id


async def test_the_fate_of_a_story_is_that_of_its_telling_there(store: Store) -> None:
    _, apart = await two(store)
    first = await tell(store, "ada")
    assert await state(store, apart, first.story) is DeliveryState.OWED
    await post_all(store)
    assert await state(store, apart, first.story) is DeliveryState.SENT
    sent = await store.delivery(apart.id, first.story.id)
    assert sent is not None and sent.message_id is not None
    shown = await store.story_posted(apart.id, sent.message_id)
    assert shown is not None and shown.apart_from == first.story.id


async def test_a_later_chapter_replies_to_the_telling_there(store: Store) -> None:
    _, apart = await two(store)
    first = await tell(store, "ada")
    await post_all(store)
    parent = await store.delivery(apart.id, first.story.id)
    await tell(store, "appeal", parent_id=first.story.id)
    (reply,) = [each for each in await claim(store) if each.destination.id == apart.id]
    assert parent is not None and reply.parent_message_id == parent.message_id


async def test_the_setting_counts_from_the_moment_it_is_changed(store: Store) -> None:
    there = await place(store, "there")
    saved = await store.save_preferences(
        there.id, APART, version=there.version, now=NOW, by="Ada", what="merge: off"
    )
    first = await tell(store, "ada")
    assert [told.apart_from for _, told in await store.waiting(there.id)] == [first.story.id]
    await store.save_preferences(
        there.id, Preferences(), version=saved.version, now=NOW, by="Ada", what="merge: on"
    )
    second = await tell(store, "benedict")
    assert [told.apart_from for _, told in await store.waiting(there.id)] == [first.story.id, None]
    assert await store.tellings_apart(second.story.id) == []


async def test_it_moves_with_a_group_that_becomes_a_supergroup(store: Store) -> None:
    await place(store, "-1", adapter="telegram", preferences=APART)
    new = await store.ensure_destination(
        Destination(adapter="telegram", address="-1001", space="group", created_at=NOW)
    )
    await store.move("telegram", "-1", "-1001", now=NOW)
    first = await tell(store, "ada")
    assert [told.apart_from for _, told in await store.waiting(new.id)] == [first.story.id]


async def test_a_telling_follows_its_article_into_the_story_that_a_split_makes(store: Store) -> None:
    await two(store)
    first = await tell(store, "ada")
    merged = await tell(store, "ben", first.story)
    wrong = next(source for source in merged.story.sources if source.outlet == "Ben")
    parted = replace(merged.story, id=0, sources=(wrong,), title=wrong.title, url=wrong.url, revision=1)
    moved = await store.split([wrong.article_id], parted, now=NOW, by="Ada")
    assert [told.title for told in await store.tellings_apart(moved.id)] == [wrong.title]
    assert [told.title for told in await store.tellings_apart(first.story.id)] == ["Stewards decide on ada"]


async def test_what_was_posted_apart_alone_is_looked_after_too(store: Store) -> None:
    await place(store, "apart", preferences=APART)
    first = await tell(store, "ada")
    assert await store.posted_between(NOW - HOUR, NOW + HOUR, limit=9) == []
    await post_all(store)
    found = await store.posted_between(NOW - HOUR, NOW + HOUR, limit=9)
    assert [told.id for told in found] == [first.story.id]


async def test_a_story_published_without_a_telling_of_its_own_is_not_owed_apart(store: Store) -> None:
    merged, apart = await two(store)
    await publish(store)
    assert len(await store.waiting(merged.id)) == 1
    assert len(await store.waiting(apart.id)) == 0
