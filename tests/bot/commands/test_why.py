"""/why and /split: what became of a story, and taking wrong merges apart."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.model import Label, Outcome, OutcomeKind, Story
from bot.posts import decide
from storage import Store
from tests.chat import Chat
from tests.conftest import FakeClock
from tests.racing import later, publish, result, source, story

LEASE = timedelta(minutes=1)


async def outcome_of(store: Store, clock: FakeClock, kind: OutcomeKind, **more: object) -> None:
    """Let the outbox take what is owed, and note what became of it."""
    (claim,) = await store.claim(now=clock(), lease=LEASE, limit=10, adapters=["rig"])
    delivery = claim.delivery
    made = Outcome(delivery_id=delivery.id, revision=delivery.revision, kind=kind, **more)  # type: ignore[arg-type]
    await store.record([made], now=clock())


async def decided(store: Store, clock: FakeClock, sent: int = 0) -> None:
    """Let the outbox decide, and note a skip or a hold with its reason."""
    (claim,) = await store.claim(now=clock(), lease=LEASE, limit=10, adapters=["rig"])
    assert claim.story is not None
    verdict = decide(claim.story, claim.destination, now=clock(), sent_in_hour=sent)
    kind = {"skip": OutcomeKind.SKIPPED, "hold": OutcomeKind.HELD}[verdict.kind]
    made = Outcome(
        delivery_id=claim.delivery.id, revision=1, kind=kind, due_at=verdict.until, reason=verdict.reason
    )
    await store.record([made], now=clock())


@pytest.fixture
async def told(chat: Chat, sqlite_store: Store) -> Story:
    """A story owed to a channel that follows its series."""
    await chat.say("follow wec")
    return await publish(sqlite_store, result("Ferrari wins"))


async def test_posted_with_the_time(chat: Chat, sqlite_store: Store, clock: FakeClock, told: Story) -> None:
    assert "about to be posted" in await chat.say(f"why {told.id}")
    await outcome_of(sqlite_store, clock, OutcomeKind.SENT, message_id="m1")
    assert "Posted here: Sunday 22 November, 14:00." in await chat.say(f"/why {told.id}")
    assert "Posted here" in await chat.say("/why", reply_to="m1")
    assert "Posted here" in await chat.say(f"why {told.url}?utm_source=x")


async def test_a_post_whose_change_settles_is_told_as_posted(
    chat: Chat, sqlite_store: Store, clock: FakeClock, told: Story
) -> None:
    await outcome_of(sqlite_store, clock, OutcomeKind.SENT, message_id="m1")
    await publish(sqlite_store, replace(told, sources=(source("Boxenfunk"),), revision=told.revision + 1))
    later_on, reason = clock() + LEASE, "outbox.settling"
    await outcome_of(sqlite_store, clock, OutcomeKind.HELD, due_at=later_on, reason=reason)
    said = await chat.say(f"why {told.id}")
    assert "Posted here: Sunday 22 November, 14:00." in said
    assert "The post is about to be changed" in said
    assert "Not posted" not in said


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("languages de", "It is told in English; the languages here are set to German."),
        ("labels official", "It is labelled Result, and the labels allowed here leave that out."),
        ("importance breaking", "less important than the least that is set here: breaking"),
        ("include toyota", "does not meet the filter that stories need here: toyota"),
        ("exclude ferr*", "The filter keeps it out: ferr*."),
    ],
)
async def test_kept_out_by_a_setting(
    chat: Chat, sqlite_store: Store, clock: FakeClock, told: Story, setting: str, words: str
) -> None:
    await chat.say(f"settings {setting}")
    assert words in await chat.say(f"why {told.id}")  # before the outbox has looked
    await decided(sqlite_store, clock)
    said = await chat.say(f"why {told.id}")
    assert "Not posted here." in said and words in said


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        (
            "spoilers delay 24h",
            "Spoiler protection holds results of this series until Monday 23 November, 14:00.",
        ),
        ("quiet 13:00-18:00", "Quiet hours hold it until Sunday 22 November, 18:00."),
        ("schedule digest daily 18:00", "It waits for the digest of Sunday 22 November, 18:00."),
        ("schedule digest after-session", "It waits for the digest after the session."),
        ("per-hour 2", "No more than 2 posts an hour are wanted here"),
    ],
)
async def test_held_by_a_setting(
    chat: Chat, sqlite_store: Store, clock: FakeClock, told: Story, setting: str, words: str
) -> None:
    await chat.say(f"settings {setting}")
    await decided(sqlite_store, clock, sent=2)
    said = await chat.say(f"why {told.id}")
    assert "Not posted yet." in said and words in said


async def test_told_in_a_digest(chat: Chat, sqlite_store: Store, clock: FakeClock, told: Story) -> None:
    place = await sqlite_store.destination("rig", "channel-1")
    assert place is not None
    await sqlite_store.make_digest(place.id, [told.id], slot="x", due_at=clock(), now=clock())
    assert "Told here in a digest." in await chat.say(f"why {told.id}")


async def test_paused(chat: Chat, sqlite_store: Store, clock: FakeClock, told: Story) -> None:
    place = await sqlite_store.destination("rig", "channel-1")
    assert place is not None
    await sqlite_store.pause(place.id, "commands.paused.removed", now=clock())
    said = await chat.say(f"why {told.id}")
    assert "posting here is paused: I was removed from there." in said


async def test_failed_and_tried_again(chat: Chat, sqlite_store: Store, clock: FakeClock, told: Story) -> None:
    await outcome_of(
        sqlite_store, clock, OutcomeKind.RETRY, due_at=later(minutes=1), reason="outbox.trying|503"
    )
    said = await chat.say(f"why {told.id}")
    assert "Posting failed 1 time and will be tried again." in said and "503" in said


async def test_refused_for_good(chat: Chat, sqlite_store: Store, clock: FakeClock, told: Story) -> None:
    await outcome_of(sqlite_store, clock, OutcomeKind.SET_ASIDE, reason="discord.rejected|400|50035")
    assert "The platform would not accept it." in await chat.say(f"why {told.id}")


async def test_uncertain(chat: Chat, sqlite_store: Store, clock: FakeClock, told: Story) -> None:
    await outcome_of(sqlite_store, clock, OutcomeKind.UNCERTAIN, reason="outbox.uncertain")
    assert "It may have been posted here" in await chat.say(f"why {told.id}")


async def test_unfollowed_meanwhile(chat: Chat, told: Story) -> None:
    await chat.say("unfollow wec")
    assert "unfollowed here before it could be posted" in await chat.say(f"why {told.id}")


async def test_not_followed_names_what_it_is_about(chat: Chat, sqlite_store: Store) -> None:
    kept = await publish(sqlite_store, story(series=("f1", "f2")))
    said = await chat.say(f"why {kept.id}")
    assert "none of its topics is followed (Formula 1, FIA Formula 2)" in said


async def test_known_before_it_was_followed(chat: Chat, sqlite_store: Store) -> None:
    kept = await publish(sqlite_store, story())
    await chat.say("follow wec")
    assert "known before this was followed here" in await chat.say(f"why {kept.id}")


async def test_about_no_series(chat: Chat, sqlite_store: Store) -> None:
    kept = await publish(sqlite_store, story(series=()), announce=False)
    assert "about no series that I know" in await chat.say(f"why {kept.id}")


async def test_never_seen(chat: Chat) -> None:
    assert "I have not seen that story" in await chat.say("why https://nobody.example/never")
    assert "I have not seen that story" in await chat.say("why 12345")
    assert "Give me the link" in await chat.say("why ferrari")


async def test_merged_with_the_reason(chat: Chat, sqlite_store: Store) -> None:
    kept = await publish(
        sqlite_store,
        story(
            sources=[source("A Post"), source("B Post")],
            reasons=("Ferrari, Monza; 38 minutes apart",),
            label=Label.REPORT,
        ),
    )
    said = await chat.say(f"why {kept.sources[1].url}")
    assert "B Post's article was merged into this story." in said
    assert "2 outlets tell it: A Post, B Post." in said
    assert "Merged because of: Ferrari, Monza; 38 minutes apart" in said


async def test_without_a_story_the_latest_few_are_explained(
    chat: Chat, sqlite_store: Store, told: Story
) -> None:
    await publish(sqlite_store, story("Grid news", series=("f1",), at=later(minutes=-5)))
    said = await chat.say("why")
    assert "“Ferrari wins”" in said and "“Grid news”" in said and "none of its topics is followed" in said


async def test_members_may_ask_why_too(member: Chat, told: Story) -> None:
    assert "about to be posted" in await member.say(f"why {told.id}")
    assert member.reply.private


async def test_a_later_chapter_says_what_it_follows_up(chat: Chat, sqlite_store: Store) -> None:
    reasons = (
        "follows up: merge.hours|3|Ferrari, Imola",
        "merge.minutes|5|Ferrari, merge.act.protest",
    )
    told = await publish(sqlite_store, story("Rain delays the start", reasons=reasons))
    said = await chat.say(f"why {told.id}")
    assert "It follows up an earlier story: Ferrari, Imola; 3 hours apart" in said
    assert "Merged because of: Ferrari, protest; 5 minutes apart" in said


async def test_a_story_that_was_taken_down_says_by_whom(chat: Chat, sqlite_store: Store) -> None:
    sources = [source("A Post", withdrawn=True), source("B Post")]
    told = await publish(sqlite_store, story("Rain delays the start", sources=sources))
    assert "Taken down by the outlet: A Post." in await chat.say(f"why {told.id}")


# ── /split ──


@pytest.fixture
async def merged(sqlite_store: Store) -> Story:
    return await publish(
        sqlite_store,
        story(
            "Same, or not?",
            sources=[source("A Post", "Rain at Spa"), source("B Post", "Toyota signs a rookie")],
        ),
    )


async def test_a_wrong_merge_is_taken_apart_by_a_link(chat: Chat, sqlite_store: Store, merged: Story) -> None:
    other = merged.sources[1].url
    assert "What B Post tells is a story of its own" in await chat.say(f"split {other}")
    apart, rest = await sqlite_store.story_at(other), await sqlite_store.story(merged.id)
    assert apart is not None and rest is not None and apart.id != rest.id
    assert (apart.outlets, rest.outlets, rest.revision) == (("B Post",), ("A Post",), merged.revision + 1)
    assert "Only one outlet" in await chat.say(f"split {other}")
    assert "took a story apart" in await chat.say("audit") or "Nothing was changed" in await chat.say("audit")


async def test_the_outlet_is_chosen_with_a_button(chat: Chat, sqlite_store: Store, merged: Story) -> None:
    await chat.say(f"why {merged.id}")
    assert "Which outlet tells another story" in await chat.press("Take apart")
    assert "B Post" in await chat.press("B Post")
    rest = await sqlite_store.story(merged.id)
    assert rest is not None and rest.outlets == ("A Post",)


async def test_split_needs_a_moderator_and_a_story(chat: Chat, member: Chat, merged: Story) -> None:
    assert "Only moderators" in await member.say(f"split {merged.id}")
    assert "Which story?" in await chat.say("split")
    assert "do not know that story" in await chat.say("split 999")
    assert "do not know that story" in await chat.say(f"split {merged.id} 999")
