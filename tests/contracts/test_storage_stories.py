"""What every store does with articles and stories."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.model import DeliveryState, Importance, KnownEntry, Label, Lane, Source, Surroundings
from storage import Store
from tests.contracts.given import (
    NOW,
    article,
    claim,
    claim_one,
    known,
    place,
    post_all,
    publish,
    record,
    revise,
    state,
    story,
    told_by,
)

HOUR = timedelta(hours=1)


async def test_a_story_that_nobody_can_follow_is_kept(store: Store) -> None:
    done = await publish(store, series=(), primary=None, topics=())
    assert done.deliveries == 0 and await store.story(done.story.id) == done.story


async def test_a_story_comes_back_as_it_was_kept(store: Store) -> None:
    told = article(
        title="«Pénalité» pour nº 8 🏁", standfirst="L’équipe conteste.", language="fr", official=True
    )
    source = told_by(
        told,
        published_at=NOW - HOUR,
        image_url="https://pit.example/8.jpg",
        official=True,
        length=812,
        safe_title="Décision des commissaires",
        withdrawn=True,
        machine_written=True,
    )
    kept = story(
        told,
        sources=(source,),
        series=("wec", "le-mans-24h"),
        spoiler=True,
        safe_title="Décision des commissaires",
        label=Label.OFFICIAL,
        importance=Importance.BREAKING,
        image_url="https://pit.example/8.jpg",
        topics=("team:toyota-gazoo-racing", "words:pénalité"),
        published_at=NOW - HOUR,
        reasons=("Toyota, penalty; 12 minutes apart",),
        keys={"people": ["kobayashi"], "numbers": {"8": 2}},
    )
    published = await store.publish(told, kept, now=NOW)
    assert published is not None
    assert published.is_new_story
    expected = replace(
        kept, id=published.story.id, sources=(replace(source, article_id=published.article_id),)
    )
    assert await store.story(published.story.id) == expected == published.story
    assert await store.story_at(told.url) == expected
    assert [told async for told in store.recent_stories(NOW - HOUR)] == [expected]
    assert [told async for told in store.recent_stories(NOW + HOUR)] == []


async def test_recent_stories_are_read_in_portions_and_none_is_left_out(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.store.PORTION", 2)
    for minute, slugs in enumerate((("old",), ("a", "b", "c"), ("d",), ("e",))):
        for slug in slugs:  # some were updated at the same instant
            await publish(store, slug, now=NOW + timedelta(minutes=minute))
    since = NOW + timedelta(minutes=1)
    found = [told.url.rsplit("/", 1)[1] async for told in store.recent_stories(since)]
    assert found == ["a", "b", "c", "d", "e"]


async def test_an_article_comes_back_as_it_was_kept(store: Store) -> None:
    told = article(
        standfirst="Two minutes.",
        text="First paragraph.\n\nSecond.",
        author="Ada L.",
        photo_credit="DPPI",
        published_at=NOW,
        language="en",
        image_url="https://pit.example/a.jpg",
        categories=("WEC", "News"),
        feed_series=("wec",),
        official=True,
    )
    published = await store.publish(told, None, now=NOW)
    assert published is None
    assert await store.articles_at([told.url, "https://pit.example/other"]) == [(replace(told, id=1), None)]


async def test_known_guids_are_found_with_their_hashes_and_only_in_their_feed(store: Store) -> None:
    long = "urn:" + "x" * 5000
    await store.publish(article(), None, now=NOW)
    await store.publish(article("long", guid=long), None, now=NOW)
    assert await known(store, 1, "guid-penalty", "never seen", long, long + "y") == {
        "guid-penalty": "hash of penalty",
        long: "hash of long",
    }
    assert await known(store, 2, "guid-penalty") == {}
    assert await known(store, 1) == {}


async def test_an_entry_with_a_new_guid_is_known_at_its_address_in_its_own_feed(store: Store) -> None:
    first = article(url="https://www.pit.example/penalty/")
    await store.publish(article("elsewhere", feed_id=2, url=first.url), None, now=NOW)
    await store.publish(first, None, now=NOW)
    await store.publish(article("again", url="http://pit.example/penalty"), None, now=NOW)
    asked = [("new guid", "https://pit.example/penalty"), ("without", ""), ("other", "https://pit.example/x")]
    kept = KnownEntry(guid=first.guid, content_hash=first.content_hash)
    assert await store.known_entries(1, asked) == {"new guid": kept}, "the one known for longest"
    assert await store.known_entries(3, asked) == {}


async def test_what_decides_about_an_article_is_asked_at_once(store: Store) -> None:
    await place(store, "1", "words:crash", "series:wec")
    await store.publish(article("alone", url="https://www.pit.example/told"), None, now=NOW)
    told = (await publish(store, "told")).story
    await publish(store, "later", article={"url": "https://pit.example/told/"})
    other = (await publish(store, "other")).story
    around = await store.surroundings("http://pit.example/told", [other.id, 999], prefix="words:")
    assert around == Surroundings(
        stories={told.id: told, other.id: other}, told_at=told.id, followed=["words:crash"]
    )
    for url in ("", "https://pit.example/nowhere"):
        assert await store.surroundings(url, [], prefix="z") == Surroundings(stories={}, followed=[])


async def test_an_article_whose_story_was_pruned_is_told_nowhere(store: Store) -> None:
    await publish(store, "old", announce=False)
    await store.prune(before=NOW + 2 * HOUR)
    around = await store.surroundings(article("old").url, [], prefix="")
    assert (around.stories, around.told_at) == ({}, None)


async def test_publishing_the_same_article_again_changes_nothing(store: Store) -> None:
    await place(store)
    first = await publish(store)
    again = await store.publish(article(), replace(first.story, title="Other", revision=9), now=NOW + HOUR)
    assert again is not None
    assert (again.story, again.article_id) == (first.story, first.article_id)
    assert (again.is_new_story, again.is_changed, again.deliveries) == (False, False, 0)
    assert len(await claim(store)) == 1


async def test_an_article_kept_alone_is_told_when_a_story_comes(store: Store) -> None:
    await place(store)
    await store.publish(article(), None, now=NOW)
    assert await store.publish(article(), None, now=NOW) is None
    told = await publish(store)
    assert (told.is_new_story, told.deliveries) == (True, 1)


async def test_followers_of_any_topic_are_owed_a_story_once(store: Store) -> None:
    both = await place(store, "1", "series:wec", "team:toyota", "series:f1")
    driver = await place(store, "2", "driver:kamui-kobayashi", adapter="telegram")
    await place(store, "3", "series:motogp")
    published = await publish(store, series=("wec", "imsa"), topics=("driver:kamui-kobayashi", "team:toyota"))
    assert published.deliveries == 2
    claims = await claim(store, "discord", "telegram")
    assert {one.destination.id for one in claims} == {both.id, driver.id}
    assert all(one.story == published.story for one in claims)


async def test_nobody_is_owed_what_is_not_announced(store: Store) -> None:
    await place(store)
    quiet = await publish(store, announce=False)
    assert quiet.deliveries == 0
    assert await claim(store) == []
    assert await store.latest(["series:wec"]) == [quiet.story]


async def test_a_corrected_article_of_a_silent_story_stays_silent(store: Store) -> None:
    await place(store)
    quiet = await publish(store, announce=False)
    corrected = await revise(store, quiet.story)
    assert (corrected.is_changed, corrected.deliveries) == (True, 0)
    assert await claim(store) == []


async def test_a_further_report_announces_a_silent_story(store: Store) -> None:
    await place(store)
    quiet = await publish(store, announce=False)
    other = article("other", outlet="Box Box")
    joined = await store.publish(other, replace(quiet.story, revision=2), now=NOW)
    assert joined is not None
    assert joined.deliveries == 1


async def test_whoever_follows_later_is_not_told_old_stories_by_their_corrections(store: Store) -> None:
    await place(store, "1")
    published = await publish(store)
    await place(store, "2", now=NOW + HOUR)
    corrected = await revise(store, published.story, now=NOW + 2 * HOUR)
    assert corrected.deliveries == 0


async def test_a_story_that_turns_out_to_be_about_more_is_owed_to_more(store: Store) -> None:
    await place(store, "1")
    await place(store, "2", "series:imsa")
    published = await publish(store)
    corrected = await revise(store, published.story, series=("wec", "imsa"))
    assert corrected.deliveries == 1
    assert await store.latest(["series:imsa"]) == [corrected.story]


async def test_a_story_leaves_the_topics_that_it_lost_and_keeps_its_place_in_the_others(store: Store) -> None:
    first = await publish(store, series=("wec", "f1"), topics=("team:ferrari",))
    newer = await publish(store, "newer", series=("wec",), published_at=NOW + timedelta(seconds=1))
    moved = await revise(store, first.story, series=("wec", "imsa"), topics=("team:porsche",))
    assert await store.latest(["series:f1", "team:ferrari"]) == []
    for topic in ("series:imsa", "team:porsche"):
        assert await store.latest([topic]) == [moved.story]
    assert await store.latest(["series:wec"], limit=9) == [newer.story, moved.story]


async def test_a_story_that_was_reported_earlier_than_known_moves_in_every_topic(store: Store) -> None:
    first = await publish(store)
    other = await publish(store, "other", published_at=NOW - timedelta(hours=1))
    earlier = await revise(store, first.story, published_at=NOW - timedelta(hours=2))
    assert await store.latest(["series:wec"], limit=9) == [other.story, earlier.story]


async def test_a_raised_revision_owes_an_edit_to_those_who_were_told(store: Store) -> None:
    there = await place(store)
    published = await publish(store)
    assert await post_all(store) == 1
    changed = await revise(store, published.story)
    assert changed.is_changed
    edit = await claim_one(store)
    assert (edit.delivery.revision, edit.delivery.sent_revision) == (2, 1)
    assert edit.delivery.message_id == f"message {edit.delivery.id}"
    assert edit.delivery.lane is Lane.URGENT
    assert edit.story == changed.story
    await record(store, edit)
    assert await state(store, there, published.story) is DeliveryState.SENT


async def test_a_revision_never_falls(store: Store) -> None:
    published = await publish(store)
    second = await revise(store, published.story)
    late = await store.save_story(replace(published.story, summary="From an older view"), now=NOW)
    assert (second.story.revision, late.revision) == (2, 2)


async def test_a_story_saved_without_an_article_owes_edits_only_if_its_revision_rose(store: Store) -> None:
    await place(store)
    published = await publish(store)
    await post_all(store)
    await store.save_story(replace(published.story, importance=Importance.MAJOR), now=NOW)
    assert await claim(store) == []
    withdrawn = replace(published.story, revision=2, withdrawn_at=NOW)
    assert await store.save_story(withdrawn, now=NOW) == withdrawn
    assert (await claim_one(store)).story == withdrawn


async def test_a_skipped_story_is_considered_again_when_it_changes_but_not_for_ever(store: Store) -> None:
    from bot.model import OutcomeKind

    there = await place(store)
    published = await publish(store)
    await record(store, await claim_one(store), OutcomeKind.SKIPPED, reason="post.why.importance")
    breaking = await revise(store, published.story, importance=Importance.BREAKING, now=NOW + HOUR)
    again = await claim_one(store, now=NOW + HOUR)
    assert (again.delivery.sent_revision, again.delivery.message_id) == (0, None)
    await record(store, again, OutcomeKind.SKIPPED, now=NOW + HOUR)
    await revise(store, breaking.story, now=NOW + 20 * HOUR)
    assert await claim(store, now=NOW + 20 * HOUR) == []
    assert await state(store, there, published.story) is DeliveryState.SKIPPED


async def test_what_was_tried_keeps_its_key_until_it_was_sent(store: Store) -> None:
    """The platform drops copies by the key; a correction must not make the second try look like another post."""
    await place(store)
    published = await publish(store)
    first = await claim_one(store)
    await revise(store, published.story)
    later = NOW + timedelta(minutes=2)  # the sender died
    second = await claim_one(store, now=later)
    assert second.delivery.key == first.delivery.key
    assert second.story is not None
    assert second.story.revision == 2
    await record(store, second, now=later)
    edit = await claim_one(store, now=later)
    assert (edit.delivery.revision, edit.delivery.sent_revision) == (2, 1)


async def test_a_split_owes_an_edit_and_no_new_post(store: Store) -> None:
    there = await place(store)
    published = await publish(store)
    other = article("crash", outlet="Box Box", title="Crash in practice")
    merged = replace(published.story, sources=(*published.story.sources, told_by(other)), revision=2)
    joined = await store.publish(other, merged, now=NOW)
    assert joined is not None
    await post_all(store)
    alone = story(other, sources=(replace(told_by(other), article_id=joined.article_id),))
    new = await store.split([joined.article_id], alone, now=NOW, by="Ada")
    assert await store.story_at(other.url) == new
    old = await store.story(published.story.id)
    assert old is not None
    assert [source.outlet for source in old.sources] == ["Pit Gazette"]
    assert old.revision == 3
    assert len(await claim(store)) == 1
    assert await store.delivery(there.id, new.id) is None


@pytest.mark.parametrize("was_posted", [True, False])
async def test_what_was_split_off_is_posted_only_where_that_was_asked(store: Store, was_posted: bool) -> None:
    here, elsewhere = await place(store), await place(store, "2")
    published = await publish(store)
    other = article("crash", outlet="Box Box", title="Crash in practice")
    merged = replace(published.story, sources=(*published.story.sources, told_by(other)), revision=2)
    joined = await store.publish(other, merged, now=NOW)
    assert joined is not None
    if was_posted:
        await post_all(store)
    alone = story(other, sources=(replace(told_by(other), article_id=joined.article_id),))
    new = await store.split([joined.article_id], alone, now=NOW, by="Ada", tell=here.id)
    assert (await store.delivery(here.id, new.id) is not None) is was_posted
    assert await store.delivery(elsewhere.id, new.id) is None


async def test_a_follow_up_knows_where_its_parent_was_told(store: Store) -> None:
    await place(store)
    parent = await publish(store, "race")
    await post_all(store)
    await publish(store, "appeal", parent_id=parent.story.id)
    child = await claim_one(store)
    assert child.parent_message_id is not None
    assert child.story is not None
    assert child.story.parent_id == parent.story.id


async def test_latest_gives_the_newest_of_any_topic_asked(store: Store) -> None:
    old = await publish(store, "old", published_at=NOW - HOUR)
    new = await publish(store, "new", series=("imsa", "wec"), published_at=NOW)
    other = await publish(store, "other", series=("f1",), published_at=NOW - 2 * HOUR)
    assert await store.latest(["series:wec"], limit=5) == [new.story, old.story]
    assert await store.latest(["series:wec", "series:imsa", "series:f1"], limit=5) == [
        new.story,
        old.story,
        other.story,
    ]
    assert await store.latest(["series:wec", "series:imsa"], limit=1, offset=1) == [old.story]
    assert await store.latest(limit=2) == [new.story, old.story]
    assert await store.latest(["series:dakar"]) == []


async def test_latest_knows_the_languages_of_all_sources(store: Store) -> None:
    german = article(language="de")
    both = story(
        german, sources=(told_by(german), Source(outlet="B", url="b", language="fr", title="", summary=""))
    )
    await store.publish(german, both, now=NOW)
    await publish(store, "english", published_at=NOW - HOUR)
    for asked, found in ((["fr"], 1), (["de-AT"], 1), (["en", "de"], 2), (["it"], 0), ([], 2)):
        assert len(await store.latest(["series:wec"], languages=asked, limit=5)) == found
        assert len(await store.latest(languages=asked, limit=5)) == found


async def test_text_that_no_database_takes_is_made_storable(store: Store) -> None:
    told = article(title="Null\x00 and half a pair \ud83c", guid="a\x00b")
    published = await store.publish(told, story(told, keys={"odd": "\x00"}), now=NOW)
    assert published is not None
    kept = await store.story(published.story.id)
    assert kept is not None
    assert kept.title == "Null� and half a pair �"
    assert len(await known(store, 1, "a\x00b")) == 1
