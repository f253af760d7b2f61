"""The outbox over a real SQLite store and a platform in memory; time passes when the clock is set."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.config import DeliverySettings
from bot.errors import (
    DeliveryError,
    DestinationMoved,
    DestinationPaused,
    MaybePosted,
    PostRejected,
    RateLimited,
)
from bot.model import DeliveryState, Destination, Importance, Label, Rate
from bot.posts.resuming import resume
from storage import Store
from tests.conftest import FakeClock
from tests.fakes import WITHOUT_NONCE, FakeAdapter, loses_the_answer, loses_the_request, refuses
from tests.wire import Wire, quickly  # noqa: F401 - a fixture

pytestmark = pytest.mark.usefixtures("quickly")


@pytest.fixture
def wire(sqlite_store: Store, clock: FakeClock) -> Wire:
    return Wire(sqlite_store, clock)


@pytest.fixture
def without_nonce(sqlite_store: Store, clock: FakeClock) -> Wire:
    return Wire(sqlite_store, clock, FakeAdapter(clock, limits=WITHOUT_NONCE))


# ── posting ──


async def test_a_story_reaches_every_follower_once(wire: Wire) -> None:
    places = [await wire.place(address) for address in "abc"]
    story = await wire.publish("Hamilton wins at Monza")
    assert await wire.deliver() == 3
    assert await wire.deliver() == 0
    assert [wire.told(address) for address in "abc"] == [["Hamilton wins at Monza"]] * 3
    assert [await wire.state(place, story) for place in places] == [DeliveryState.SENT] * 3


async def test_a_post_is_composed_once_for_all_who_see_the_same(wire: Wire) -> None:
    for number in range(30):
        await wire.place(f"en{number}", quiet="" if number % 2 else "03:00-04:00")
    await wire.place("de", locale="de")
    await wire.publish("Hamilton wins at Monza")
    assert await wire.deliver() == 31
    assert wire.outbox.tools.renderer.composed == 2


async def test_a_place_is_a_queue_and_hears_stories_in_their_order(wire: Wire) -> None:
    await wire.place("a")
    titles = [f"Chapter {number}" for number in range(12)]
    for title in titles:
        await wire.publish(title)
    await wire.deliver()
    assert wire.told("a") == titles


async def test_a_flooded_place_takes_its_turn_like_any_other(wire: Wire) -> None:
    await wire.place("flooded", "series:f1", "series:wec")
    for number in range(40):
        await wire.publish(f"Flood {number}", series=("wec",))
    for number in range(20):
        await wire.place(f"quiet{number}")
    await wire.publish("News for all")
    await wire.outbox.deliver_due()
    assert all(wire.told(f"quiet{number}") == ["News for all"] for number in range(20))
    assert len(wire.told("flooded")) == 1


async def test_a_follow_up_replies_to_its_parents_message(wire: Wire) -> None:
    await wire.place("a")
    parent = await wire.publish("Hamilton penalised")
    await wire.deliver()
    await wire.publish("Hamilton appeals", parent_id=parent.id)
    await wire.deliver()
    first, second = wire.adapter.places["a"]
    assert second.post.reply_to == first.id


# ── answers that are lost ──


async def test_an_answer_lost_on_the_way_makes_no_second_post(wire: Wire, clock: FakeClock) -> None:
    place = await wire.place("a")
    story = await wire.publish("Hamilton wins at Monza")
    wire.adapter.next("a", loses_the_answer())
    await wire.deliver()
    assert await wire.state(place, story) is DeliveryState.UNCERTAIN
    clock.forward(seconds=5)
    await wire.deliver()
    assert wire.told("a") == ["Hamilton wins at Monza"]
    assert wire.adapter.copies_dropped == 1
    assert (await wire.delivery(place, story)).message_id == wire.adapter.places["a"][0].id


async def test_older_than_the_nonce_an_earlier_attempt_is_looked_for_before_sending(
    wire: Wire, clock: FakeClock
) -> None:
    place = await wire.place("a")
    story = await wire.publish("Hamilton wins at Monza")
    wire.adapter.next("a", loses_the_answer())
    await wire.deliver()
    clock.forward(minutes=10)
    await wire.deliver()
    assert (wire.adapter.finds, wire.adapter.sends) == (1, 1)
    assert await wire.state(place, story) is DeliveryState.SENT


async def test_what_is_not_found_is_sent_again(wire: Wire, clock: FakeClock) -> None:
    await wire.place("a")
    await wire.publish("Hamilton wins at Monza")
    wire.adapter.next("a", loses_the_request())
    await wire.deliver()
    clock.forward(minutes=10)
    await wire.deliver()
    assert wire.told("a") == ["Hamilton wins at Monza"]


async def test_a_story_that_changed_while_its_post_was_uncertain_is_posted_once_and_edited(
    wire: Wire, clock: FakeClock
) -> None:
    await wire.place("a")
    story = await wire.publish("Hamilton wins")
    wire.adapter.next("a", loses_the_answer())
    await wire.deliver()
    await wire.revise(story, "Verstappen wins after penalty")
    clock.forward(minutes=2)
    await wire.deliver()
    clock.forward(minutes=2)
    await wire.deliver()
    assert wire.told("a") == ["Verstappen wins after penalty"]


async def test_without_a_nonce_an_uncertain_post_is_sent_again_after_a_wait(
    without_nonce: Wire, clock: FakeClock
) -> None:
    wire = without_nonce
    place = await wire.place("a")
    story = await wire.publish("Hamilton wins at Monza")
    await wire.publish("Second story")
    wire.adapter.next("a", loses_the_request())
    await wire.deliver()
    assert await wire.state(place, story) is DeliveryState.UNCERTAIN
    assert wire.told("a") == []  # its chat waits
    clock.forward(seconds=10)
    await wire.deliver()
    assert wire.told("a") == ["Hamilton wins at Monza", "Second story"]


async def test_the_operator_may_rather_miss_a_post_than_see_it_twice(
    sqlite_store: Store, clock: FakeClock
) -> None:
    adapter = FakeAdapter(clock, limits=WITHOUT_NONCE)
    wire = Wire(sqlite_store, clock, adapter, settings=DeliverySettings(resend_uncertain=False))
    place = await wire.place("a")
    story = await wire.publish("Hamilton wins at Monza")
    await wire.publish("Second story")
    adapter.next("a", loses_the_answer())
    await wire.deliver()
    clock.forward(hours=1)
    await wire.deliver()
    assert wire.told("a") == ["Hamilton wins at Monza", "Second story"]
    assert await wire.state(place, story) is DeliveryState.UNCERTAIN
    counts = await sqlite_store.counts(now=clock())
    assert counts["fake", "uncertain"] == 1


# ── what a platform refuses ──


async def test_two_hours_of_failures_delay_everything_and_lose_nothing(wire: Wire, clock: FakeClock) -> None:
    for address in "abcd":
        await wire.place(address)
    titles = [f"Story {number}" for number in range(5)]
    for title in titles:
        await wire.publish(title)
    wire.adapter.is_down = DeliveryError("503 Service Unavailable")
    for _ in range(120):
        await wire.deliver()
        clock.forward(minutes=1)
    asked = wire.adapter.sends + wire.adapter.finds
    assert 200 < asked < 600  # every place about once a minute
    wire.adapter.is_down = None
    for _ in range(10):
        await wire.deliver()
        clock.forward(seconds=30)
    assert all(wire.told(address) == titles for address in "abcd")


async def test_one_post_that_the_platform_chokes_on_lets_the_others_pass(
    wire: Wire, clock: FakeClock
) -> None:
    await wire.place("a")
    await wire.place("b")
    await wire.publish("Poison")
    await wire.publish("Second story")
    wire.adapter.next("a", *[refuses(DeliveryError("500"))] * 50)
    for _ in range(4):
        await wire.deliver()
        clock.forward(seconds=60)
    wire.adapter.faults["a"].clear()
    wire.adapter.next("a", refuses(DeliveryError("500")))
    await wire.publish("Third story")
    for _ in range(3):
        await wire.deliver()
        clock.forward(seconds=60)
    assert "Third story" in wire.told("a")
    assert wire.told("b") == ["Poison", "Second story", "Third story"]


async def test_a_post_that_is_refused_is_sent_in_its_plainest_form(wire: Wire) -> None:
    await wire.place("a", spoilers={"*": "cover"})
    await wire.publish(
        "Hamilton wins at Monza", spoiler=True, safe_title="Result from Monza", label=Label.RESULT
    )
    wire.adapter.next("a", refuses(PostRejected("x|400")))
    await wire.deliver()
    [message] = wire.adapter.places["a"]
    assert (message.post.style, message.post.summary, message.post.choices) == ("link", "", ())
    assert message.post.covered  # a plain post leaks nothing either
    assert message.post.safe_title == "Result from Monza"


async def test_what_is_refused_twice_is_set_aside_and_says_why(wire: Wire) -> None:
    place = await wire.place("a")
    story = await wire.publish("Poison")
    await wire.publish("Second story")
    wire.adapter.next("a", *[refuses(PostRejected("telegram.rejected|too long"))] * 2)
    await wire.deliver()
    assert wire.told("a") == ["Second story"]
    set_aside = await wire.delivery(place, story)
    assert (set_aside.state, set_aside.reason) == (DeliveryState.SET_ASIDE, "telegram.rejected|too long")


async def test_an_unforeseen_error_stays_with_its_delivery(wire: Wire, clock: FakeClock) -> None:
    await wire.place("a")
    await wire.place("b")
    await wire.publish("Hamilton wins at Monza")
    wire.adapter.next("a", refuses(ZeroDivisionError()))
    await wire.deliver()
    assert (wire.told("a"), wire.told("b")) == ([], ["Hamilton wins at Monza"])
    clock.forward(seconds=10)
    await wire.deliver()
    assert wire.told("a") == ["Hamilton wins at Monza"]


async def test_a_429_holds_its_place_alone(wire: Wire, clock: FakeClock) -> None:
    await wire.place("a")
    await wire.place("b")
    await wire.publish("First story")
    await wire.publish("Second story")
    wire.adapter.next("a", refuses(RateLimited(timedelta(seconds=40), bucket="chat a")))
    await wire.deliver()
    assert (wire.told("a"), wire.told("b")) == ([], ["First story", "Second story"])
    clock.forward(seconds=39)
    assert await wire.deliver() == 0
    clock.forward(seconds=2)
    wire.outbox = wire.new_outbox()  # this pacer's own hold runs on real time
    await wire.deliver()
    assert wire.told("a") == ["First story", "Second story"]


async def test_a_place_that_moved_keeps_its_subscriptions_and_what_it_is_owed(wire: Wire) -> None:
    place = await wire.place("-5", space="group")
    await wire.publish("First story")
    wire.adapter.next("-5", refuses(DestinationMoved("-1005")))
    await wire.deliver()
    await wire.publish("Second story")
    await wire.deliver()
    assert wire.told("-1005") == ["First story", "Second story"]
    assert await wire.store.destination("fake", "-5") is None
    moved = await wire.store.destination("fake", "-1005")
    assert moved.id == place.id


async def test_a_place_that_takes_nothing_is_paused_told_about_once_and_tried_again(
    wire: Wire, clock: FakeClock
) -> None:
    closed = await wire.place("closed", "series:f1", space="server")
    await wire.place("open", "series:wec", space="server")
    await wire.publish("First story")
    wire.adapter.closed["closed"] = DestinationPaused("discord.paused.permission")
    await wire.deliver()
    paused = await wire.store.destination_by_id(closed.id)
    assert paused.paused_reason == "discord.paused.permission"
    assert wire.told("open") == ["I can no longer post in #closed"]

    clock.forward(hours=1, minutes=1)
    assert await wire.outbox.tools.notices.try_again() == 1
    await wire.deliver()  # still closed: paused again, and nobody is told again
    assert wire.told("open") == ["I can no longer post in #closed"]

    del wire.adapter.closed["closed"]
    await wire.restart()  # what is planned survives a restart
    await wire.outbox.tools.notices.look_back()
    clock.forward(hours=1)
    assert await wire.outbox.tools.notices.try_again() == 0  # the second try comes after two hours
    clock.forward(hours=1, minutes=1)
    assert await wire.outbox.tools.notices.try_again() == 1
    await wire.deliver()
    assert wire.told("closed") == ["First story"]


async def test_whoever_governs_a_place_is_told_where_the_platform_knows_them(
    sqlite_store: Store, clock: FakeClock
) -> None:
    class Knowing(FakeAdapter):
        async def moderator(self, to: Destination) -> Destination | None:
            return replace(to, id=0, address="dm:owner", space="dm:owner")

    wire = Wire(sqlite_store, clock, Knowing(clock))
    await wire.place("closed", space="server", locale="de")
    await wire.place("open", "series:wec", space="server")
    await wire.publish("First story")
    wire.adapter.closed["closed"] = DestinationPaused("no.such.key")
    await wire.deliver()
    assert wire.told("dm:owner") == ["Ich kann in #closed nicht mehr posten"]
    assert wire.told("open") == []


async def test_a_place_that_was_closed_for_days_gets_the_newest_stories_and_one_digest(
    wire: Wire, clock: FakeClock
) -> None:
    closed = await wire.place("closed")
    await wire.place("beside")
    wire.adapter.closed["closed"] = DestinationPaused("discord.paused.permission")
    keep = DeliverySettings().catch_up
    for number in range(keep + 7):
        await wire.publish(f"Story {number}")
        await wire.deliver()
    clock.forward(days=3)
    del wire.adapter.closed["closed"]
    resumed = await resume(wire.store, "fake", address="closed", now=clock(), keep=keep)
    await wire.deliver()
    told = wire.told("closed")
    assert resumed == 1 and len(told) == 1 + keep + 1  # the one on which it closed, the newest, the digest
    assert "Story 1" not in told and f"Story {keep + 6}" in told
    assert await wire.store.waiting(closed.id) == []
    assert len(wire.told("beside")) == keep + 7


async def test_places_that_a_platform_closed_are_told_of_once_together(
    sqlite_store: Store, clock: FakeClock
) -> None:
    class Knowing(FakeAdapter):
        async def moderator(self, to: Destination) -> Destination | None:
            return replace(to, id=0, address="dm:owner", space="dm:owner")

    wire = Wire(sqlite_store, clock, Knowing(clock))
    notices = wire.outbox.tools.notices
    places = [await wire.place(name, space="server") for name in ("a", "b", "open")]
    for destination in places[:2]:
        await sqlite_store.pause(destination.id, "discord.paused.permission", now=clock())
        notices.heard(destination, "discord.paused.permission")
    notices.heard(places[2], "discord.paused.permission")  # open again by now
    await notices.tell_heard()
    assert wire.told("dm:owner") == ["I can no longer post in #a, #b"]

    for destination in places[:2]:
        notices.heard(destination, "discord.paused.permission")
    await notices.tell_heard()
    assert len(wire.told("dm:owner")) == 1


# ── edits ──


async def test_three_changes_within_a_minute_are_one_quiet_edit(wire: Wire, clock: FakeClock) -> None:
    await wire.place("a")
    story = await wire.publish("Hamilton wins")
    await wire.deliver()
    clock.forward(minutes=10)
    for title in ("Hamilton wins again", "Hamilton under investigation", "Hamilton disqualified"):
        await wire.revise(story, title)
        await wire.deliver()
        clock.forward(seconds=20)
    clock.forward(seconds=1)
    await wire.deliver()
    [message] = wire.adapter.places["a"]
    assert [post.title for post in message.edits] == ["Hamilton disqualified"]
    assert message.edits[0].quiet
    assert not message.edits[0].ping


async def test_a_withdrawn_story_is_marked_at_once(wire: Wire, clock: FakeClock) -> None:
    await wire.place("a")
    story = await wire.publish("Hamilton wins")
    await wire.deliver()
    clock.forward(minutes=10)
    await wire.revise(story, "Hamilton wins", withdrawn_at=clock())
    await wire.deliver()
    [message] = wire.adapter.places["a"]
    assert message.edits[0].notes == ("Autosport has taken this article down.",)


async def test_a_deleted_message_ends_in_peace(wire: Wire, clock: FakeClock) -> None:
    await wire.place("a")
    story = await wire.publish("Hamilton wins")
    await wire.deliver()
    wire.adapter.places["a"].clear()
    for number in range(3):
        clock.forward(minutes=10)
        await wire.revise(story, f"Change {number}")
        await wire.deliver()
        clock.forward(minutes=2)
        await wire.deliver()
    assert wire.told("a") == []
    assert wire.adapter.edits == 1


async def test_nothing_is_edited_after_two_days(wire: Wire, clock: FakeClock) -> None:
    await wire.place("a")
    story = await wire.publish("Hamilton wins")
    await wire.deliver()
    clock.forward(hours=49)
    await wire.revise(story, "Too late")
    await wire.deliver()
    assert wire.adapter.edits == 0
    assert wire.told("a") == ["Hamilton wins"]


async def test_a_page_that_prints_the_time_is_not_followed_for_ever(wire: Wire, clock: FakeClock) -> None:
    await wire.place("a")
    story = await wire.publish("Live ticker")
    await wire.deliver()
    for number in range(40):
        clock.forward(minutes=10)
        await wire.revise(story, f"Live ticker {number}")
        await wire.deliver()
        clock.forward(minutes=2)
        await wire.deliver()
    assert wire.adapter.edits == 12


async def test_an_edit_is_no_back_door_to_a_covered_result(wire: Wire, clock: FakeClock) -> None:
    place = await wire.place("a", spoilers={"*": "cover"})
    story = await wire.publish("Monza report", spoiler=True, safe_title="Result from Monza")
    await wire.deliver()
    kept = await wire.store.destination_by_id(place.id)
    now_wants_german = replace(kept.preferences, languages=("de",))
    await wire.store.save_preferences(
        place.id, now_wants_german, version=kept.version, now=clock(), by="x", what="y"
    )
    clock.forward(minutes=5)
    await wire.revise(story, "Hamilton wins at Monza")
    await wire.deliver()
    clock.forward(minutes=2)
    await wire.deliver()
    [message] = wire.adapter.places["a"]
    assert [post.covered for post in (message.post, *message.edits)] == [True, True]


async def test_an_edit_that_fails_is_tried_again(wire: Wire, clock: FakeClock) -> None:
    await wire.place("a")
    story = await wire.publish("Hamilton wins")
    await wire.deliver()
    clock.forward(minutes=10)
    await wire.revise(story, "Hamilton disqualified")
    wire.adapter.next("a", refuses(DeliveryError("502")), refuses(MaybePosted("reset")))
    for _ in range(4):
        await wire.deliver()
        clock.forward(minutes=1)
    assert wire.told("a") == ["Hamilton disqualified"]


# ── preferences that hold ──


async def test_what_a_preference_keeps_out_is_skipped_with_its_reason(wire: Wire) -> None:
    place = await wire.place("a", languages=("de",))
    story = await wire.publish("Hamilton wins at Monza")
    await wire.deliver()
    skipped = await wire.delivery(place, story)
    assert (skipped.state, skipped.reason) == (DeliveryState.SKIPPED, "post.why.language|en|de")


async def test_a_delayed_result_comes_when_its_time_has_come(wire: Wire, clock: FakeClock) -> None:
    place = await wire.place("a", spoilers={"f1": "delay 24h"})
    story = await wire.publish("Hamilton wins at Monza", spoiler=True)
    await wire.deliver()
    assert await wire.state(place, story) is DeliveryState.HELD
    await wire.restart()
    clock.forward(hours=23, minutes=59)
    assert await wire.deliver() == 0
    clock.forward(minutes=1)
    await wire.deliver()
    assert wire.told("a") == ["Hamilton wins at Monza"]


async def test_quiet_hours_end_with_one_digest(wire: Wire, clock: FakeClock) -> None:
    place = await wire.place("a", quiet="13:00-16:00", timezone="UTC")
    stories = [await wire.publish(f"Story {number}") for number in range(3)]
    await wire.deliver()
    assert [await wire.state(place, story) for story in stories] == [DeliveryState.HELD] * 3
    clock.forward(hours=2)
    await wire.deliver()
    [message] = wire.adapter.places["a"]
    assert sorted(line.text for section in message.post.sections for line in section.lines) == [
        "Story 0",
        "Story 1",
        "Story 2",
    ]
    assert [await wire.state(place, story) for story in stories] == [DeliveryState.FOLDED] * 3


async def test_breaking_news_passes_quiet_hours_without_a_sound(wire: Wire) -> None:
    await wire.place("a", quiet="13:00-16:00")
    await wire.publish("Race stopped", importance=Importance.BREAKING)
    await wire.deliver()
    [message] = wire.adapter.places["a"]
    assert message.post.quiet


async def test_a_daily_digest_is_made_after_a_restart_too(wire: Wire, clock: FakeClock) -> None:
    await wire.place("a", schedule="digest daily 15:00", timezone="UTC")
    await wire.publish("Story 1")
    await wire.publish("Story 2")
    await wire.deliver()
    await wire.restart()
    await wire.outbox.tools.digests.expect_all()
    clock.forward(hours=1, seconds=1)
    await wire.deliver()
    [message] = wire.adapter.places["a"]
    assert message.post.title.startswith("Digest")
    clock.forward(hours=23)
    await wire.deliver()
    assert len(wire.adapter.places["a"]) == 1  # nothing new, no digest


async def test_more_than_the_hourly_cap_waits_for_a_digest(wire: Wire, clock: FakeClock) -> None:
    await wire.place("a", per_hour=2)
    for number in range(5):
        await wire.publish(f"Story {number}")
    await wire.deliver()
    assert wire.told("a") == ["Story 0", "Story 1"]
    clock.forward(hours=1, seconds=1)
    await wire.deliver()
    assert len(wire.told("a")) == 3
    assert len(wire.adapter.places["a"][-1].post.sections[0].lines) == 3


async def test_a_role_is_mentioned_at_most_once_in_half_an_hour(wire: Wire, clock: FakeClock) -> None:
    await wire.place("a", pings={"f1": "role:7"})
    await wire.publish("Story 1")
    await wire.deliver()
    clock.forward(minutes=10)
    await wire.restart()
    await wire.publish("Story 2")
    await wire.deliver()
    clock.forward(minutes=21)
    await wire.publish("Story 3")
    await wire.deliver()
    assert [message.post.ping for message in wire.adapter.places["a"]] == ["role:7", "", "role:7"]


# ── limits ──


async def test_a_place_at_its_own_limit_rests_in_the_store_and_blocks_no_sender(
    sqlite_store: Store, clock: FakeClock
) -> None:
    chat = Rate(count=1, per=timedelta(seconds=1))
    adapter = FakeAdapter(clock, rates=lambda to: {f"chat {to.address}": chat})
    wire = Wire(sqlite_store, clock, adapter)
    await wire.place("a")
    await wire.publish("Story 1")
    await wire.publish("Story 2")
    assert await wire.deliver() == 1
    assert wire.told("a") == ["Story 1"]
    clock.forward(seconds=2)
    wire.outbox = wire.new_outbox()
    await wire.deliver()
    assert wire.told("a") == ["Story 1", "Story 2"]
