"""What every store knows about feeds."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

from bot.model import FeedState
from storage import Store
from tests.contracts.given import LEASE, NOW, feed

HOUR = timedelta(hours=1)


async def test_a_feed_comes_back_as_it_was_saved(store: Store) -> None:
    kept = await store.add_feed(
        feed(language="fr", series=("wec", "elms"), official=True, added_by="operator")
    )
    learned = replace(
        kept,
        title="Pit Gazette: endurance",
        etag='W/"42"',
        last_modified="Sun, 22 Nov 2026 14:00:00 GMT",
        body_hash="abc",
        slices=bytes(range(256)),
        next_check_at=NOW + HOUR,
        last_checked_at=NOW,
        last_success_at=NOW,
        last_entry_at=NOW - HOUR,
        error_count=3,
        failing_since=NOW - HOUR,
        trouble="The outlet answered 503.",
        moved_to="https://pit.example/rss2",
        moved_count=2,
        rhythm={"gaps": [3600, 1800]},
        push={"hub": "https://hub.example", "lease": 86400},
    )
    await store.save_feed(learned)
    assert await store.feeds() == [learned]
    await store.save_feeds([replace(learned, error_count=0, trouble=None), replace(learned, id=999)])
    assert await store.feeds() == [replace(learned, error_count=0, trouble=None)]
    await store.remove_feed(kept.id)
    assert await store.feeds() == []


async def test_one_feed_is_read_by_its_number(store: Store) -> None:
    _, second = [await store.add_feed(feed(f"https://{name}.example")) for name in "ab"]
    assert await store.feed(second.id) == second
    assert await store.feed(2**53) is None


async def test_checks_without_news_are_noted_in_three_numbers(store: Store) -> None:
    first, second = [await store.add_feed(feed(f"https://{name}.example", etag=name)) for name in "ab"]
    await store.touch_feeds([(first.id, NOW + HOUR), (second.id, NOW + 2 * HOUR), (99, NOW)], now=NOW)
    await store.touch_feeds([], now=NOW)
    assert await store.feeds() == [
        replace(first, next_check_at=NOW + HOUR, last_checked_at=NOW, last_success_at=NOW),
        replace(second, next_check_at=NOW + 2 * HOUR, last_checked_at=NOW, last_success_at=NOW),
    ]


async def test_the_catalogue_adds_updates_and_ends_its_own_feeds_only(store: Store) -> None:
    one, two = feed("https://one.example"), feed("https://two.example")
    await store.sync_feeds([one, two], now=NOW)
    own = await store.add_feed(feed("https://own.example", added_by="discord:7"))
    checked = {each.url: each for each in await store.feeds()}
    await store.save_feed(replace(checked[one.url], etag="e", last_success_at=NOW, next_check_at=NOW + HOUR))
    await store.sync_feeds([replace(one, outlet="New name", series=("f1",))], now=NOW)
    now_known = {each.url: each for each in await store.feeds()}
    assert now_known[one.url].outlet == "New name"
    assert (now_known[one.url].etag, now_known[one.url].next_check_at) == ("e", NOW + HOUR)
    assert now_known[two.url].state is FeedState.GONE
    assert now_known[own.url].state is FeedState.ACTIVE
    await store.sync_feeds([one, two], now=NOW)
    assert [each.state for each in await store.feeds()] == [FeedState.ACTIVE] * 3


async def test_a_feed_that_is_gone_for_good_does_not_return_with_the_catalogue(store: Store) -> None:
    await store.sync_feeds([feed()], now=NOW)
    [known] = await store.feeds()
    await store.save_feed(replace(known, state=FeedState.GONE, trouble="410"))
    await store.sync_feeds([feed()], now=NOW)
    [still] = await store.feeds()
    assert (still.state, still.trouble) == (FeedState.GONE, "410")


async def test_a_redirected_feed_is_still_the_catalogues(store: Store) -> None:
    await store.sync_feeds([feed()], now=NOW)
    [known] = await store.feeds()
    await store.save_feed(replace(known, url="https://pit.example/new", etag="e"))
    await store.sync_feeds([feed()], now=NOW)
    [still] = await store.feeds()
    assert (still.url, still.etag, still.state) == ("https://pit.example/new", "e", FeedState.ACTIVE)


async def test_two_feeds_that_redirect_to_one_address_stay_two(store: Store) -> None:
    await store.sync_feeds([feed("https://a.example"), feed("https://b.example")], now=NOW)
    first, second = await store.feeds()
    await store.save_feed(replace(second, url=first.url, error_count=5))
    assert [(each.url, each.error_count) for each in await store.feeds()] == [
        ("https://a.example", 0),
        ("https://b.example", 5),
    ]


async def test_adding_a_known_feed_returns_it_and_wakes_it(store: Store) -> None:
    kept = await store.add_feed(feed(added_by="operator"))
    await store.save_feed(replace(kept, state=FeedState.PAUSED, etag="e"))
    again = await store.add_feed(feed(added_by="discord:1", next_check_at=NOW + HOUR))
    assert (again.id, again.added_by, again.etag) == (kept.id, "operator", "e")
    assert (again.state, again.next_check_at) == (FeedState.ACTIVE, NOW + HOUR)


async def test_due_feeds_are_claimed_most_overdue_first_and_by_one_only(store: Store) -> None:
    for number in range(6):
        await store.add_feed(feed(f"https://{number}.example", next_check_at=NOW - number * HOUR))
    later = await store.add_feed(feed("https://later.example", next_check_at=NOW + LEASE / 2))
    assert await store.next_feed_at() == NOW - 5 * HOUR
    rounds = await asyncio.gather(
        store.claim_feeds(now=NOW, lease=LEASE, limit=2), store.claim_feeds(now=NOW, lease=LEASE, limit=2)
    )
    claimed = [each.url for feeds in rounds for each in feeds]
    assert sorted(claimed) == [f"https://{number}.example" for number in (2, 3, 4, 5)]
    rest = await store.claim_feeds(now=NOW, lease=LEASE, limit=9)
    assert [each.url for each in rest] == ["https://1.example", "https://0.example"]
    assert await store.next_feed_at() == later.next_check_at
    assert len(await store.claim_feeds(now=NOW + LEASE, lease=LEASE, limit=9)) == 7


async def test_paused_feeds_are_not_claimed(store: Store) -> None:
    kept = await store.add_feed(feed())
    await store.save_feed(replace(kept, state=FeedState.PAUSED))
    assert await store.claim_feeds(now=NOW, lease=LEASE, limit=9) == []
    assert await store.next_feed_at() is None


async def test_a_clock_set_back_delays_no_poll(store: Store) -> None:
    await store.add_feed(feed())
    [claimed] = await store.claim_feeds(now=NOW, lease=LEASE, limit=1)
    await store.save_feed(replace(claimed, next_check_at=NOW + LEASE))
    earlier = NOW - HOUR
    assert await store.claim_feeds(now=earlier, lease=LEASE, limit=1) == []
    assert len(await store.claim_feeds(now=earlier + LEASE, lease=LEASE, limit=1)) == 1


async def test_a_feed_with_a_very_long_address_can_be_kept(store: Store) -> None:
    long = "https://pit.example/rss?" + "x" * 9000
    await store.sync_feeds([feed(long)], now=NOW)
    await store.sync_feeds([feed(long)], now=NOW)
    assert [each.url for each in await store.feeds()] == [long]
