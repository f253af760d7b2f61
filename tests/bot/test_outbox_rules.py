"""What follows from an error, as a table: no store, no platform, no clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.errors import (
    DeliveryError,
    DestinationMoved,
    DestinationPaused,
    MaybePosted,
    MessageGone,
    PostRejected,
    RateLimited,
)
from bot.model import Claim, Delivery, DeliveryState, Destination, OutcomeKind, Story
from bot.outbox import rules
from bot.outbox.rules import After
from tests.fakes import WITH_NONCE, WITHOUT_NONCE

NOW = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
STORY = Story(
    id=3,
    title="t",
    summary="s",
    url="u",
    language="en",
    sources=(),
    published_at=NOW,
    created_at=NOW,
    updated_at=NOW,
)
PLACE = Destination(id=2, adapter="fake", address="a", space="s", created_at=NOW)
NEW = Delivery(id=7, destination_id=2, story_id=3, due_at=NOW, created_at=NOW)
POSTED = replace(NEW, message_id="9", revision=2, sent_revision=1, sent_at=NOW)


def after(error: Exception, delivery: Delivery = NEW, *, resend: bool = True, **more: object) -> After:
    claim = Claim(delivery=delivery, destination=PLACE, story=STORY, lease_until=NOW + rules.LEASE)
    options: dict[str, object] = {"limits": WITH_NONCE, "now": NOW, "is_outage": False, **more}
    return rules.after_error(error, claim, resend_uncertain=resend, **options)  # type: ignore[arg-type]


def tried(times: int, since: timedelta = timedelta(minutes=1), **more: object) -> Delivery:
    return replace(NEW, attempts=times, first_attempt_at=NOW - since, last_attempt_at=NOW - since, **more)


def test_a_plain_failure_is_tried_again_and_waits_longer_each_time() -> None:
    waits = []
    for attempts in range(10):
        done = after(DeliveryError("502"), tried(attempts)).outcome
        assert done.kind is OutcomeKind.RETRY
        assert done.due_at is not None
        waits.append(done.due_at - NOW)
    assert waits == sorted(waits)
    assert timedelta(seconds=4) < waits[0] < timedelta(seconds=6)
    assert timedelta(minutes=55) < waits[-1] <= timedelta(minutes=65)


def test_after_two_days_of_failures_a_post_is_set_aside_with_what_the_platform_said() -> None:
    done = after(DeliveryError("502 | bad gateway"), tried(30, timedelta(hours=48))).outcome
    assert (done.kind, done.reason) == (OutcomeKind.SET_ASIDE, "outbox.failed|502 / bad gateway")


def test_what_failed_by_our_own_fault_is_said_without_its_words() -> None:
    done = after(ZeroDivisionError("a secret"), replace(tried(1), message_id="9")).outcome
    assert done.reason == "outbox.trying|outbox.cause.ours|ZeroDivisionError"


def test_in_an_outage_a_place_waits_with_its_post_and_is_tried_again_within_a_minute() -> None:
    done = after(DeliveryError("503"), tried(7), is_outage=True)
    assert done.outcome.due_at == done.hold_destination_until
    assert done.outcome.due_at is not None
    assert done.outcome.due_at - NOW <= timedelta(minutes=1)


def test_a_post_that_keeps_failing_while_others_get_through_waits_alone() -> None:
    assert after(DeliveryError("500"), tried(6)).hold_destination_until is None


@pytest.mark.parametrize(("bucket", "holds"), [("chat 1", True), (None, True), ("all", False)])
def test_a_429_costs_no_attempt_and_holds_only_its_own_bucket(bucket: str | None, holds: bool) -> None:
    done = after(RateLimited(timedelta(seconds=9), bucket=bucket))
    assert (done.outcome.kind, done.outcome.due_at) == (OutcomeKind.HELD, NOW + timedelta(seconds=9))
    assert (done.hold_destination_until is not None) is holds
    assert (done.hold_bucket, done.hold_for) == (bucket, timedelta(seconds=9))


def test_a_moved_place_is_followed_at_once() -> None:
    done = after(DestinationMoved("-100777"))
    assert (done.move_to, done.outcome.kind, done.outcome.due_at) == ("-100777", OutcomeKind.HELD, NOW)


def test_a_place_that_takes_nothing_is_paused_and_its_post_stays_owed() -> None:
    done = after(DestinationPaused("telegram.paused.removed"))
    assert (done.pause, done.outcome.kind) == ("telegram.paused.removed", OutcomeKind.HELD)


def test_what_is_refused_for_good_is_set_aside_and_a_refused_edit_leaves_the_post() -> None:
    assert after(PostRejected("x|400")).outcome.kind is OutcomeKind.SET_ASIDE
    assert after(PostRejected("x|400"), POSTED).outcome.kind is OutcomeKind.GONE
    assert after(PostRejected("x|400")).outcome.reason == "x|400"


def test_an_edit_of_a_deleted_message_ends_in_peace() -> None:
    assert after(MessageGone("deleted"), POSTED).outcome.kind is OutcomeKind.GONE


def test_a_lost_answer_is_tried_again_soon_where_the_platform_drops_copies() -> None:
    done = after(MaybePosted("reset"), resend=False).outcome
    assert done.kind is OutcomeKind.UNCERTAIN
    assert done.due_at is not None
    assert done.due_at - NOW <= timedelta(seconds=2)


def test_a_lost_answer_elsewhere_is_left_to_the_operators_setting() -> None:
    again = after(MaybePosted("reset"), limits=WITHOUT_NONCE)
    assert again.outcome.kind is OutcomeKind.UNCERTAIN
    assert again.outcome.due_at is not None
    assert again.hold_destination_until == again.outcome.due_at
    never = after(MaybePosted("reset"), limits=WITHOUT_NONCE, resend=False).outcome
    assert (never.kind, never.due_at) == (OutcomeKind.UNCERTAIN, None)


def test_an_outage_never_shortens_the_waits_where_each_attempt_may_be_a_copy() -> None:
    calm, storm = (
        after(MaybePosted("500"), tried(6), limits=WITHOUT_NONCE, is_outage=flag).outcome.due_at
        for flag in (False, True)
    )
    assert calm == storm


def test_a_lost_answer_to_an_edit_is_an_ordinary_failure() -> None:
    assert after(MaybePosted("reset"), POSTED, limits=WITHOUT_NONCE).outcome.kind is OutcomeKind.RETRY


def test_an_unforeseen_error_counts_as_maybe_posted() -> None:
    assert after(KeyError("id")).outcome.kind is OutcomeKind.UNCERTAIN
    assert after(KeyError("id"), POSTED).outcome.kind is OutcomeKind.RETRY


def test_an_earlier_attempt_is_looked_for_once_its_copy_would_no_longer_be_dropped() -> None:
    assert not rules.needs_look(NEW, WITH_NONCE, now=NOW)
    assert not rules.needs_look(tried(1, timedelta(minutes=2)), WITH_NONCE, now=NOW)
    assert rules.needs_look(tried(1, timedelta(minutes=3)), WITH_NONCE, now=NOW)
    again = replace(tried(2, timedelta(minutes=4)), last_attempt_at=NOW - timedelta(seconds=5))
    assert rules.needs_look(again, WITH_NONCE, now=NOW)  # it may be the first that came through
    assert rules.needs_look(tried(1), replace(WITH_NONCE, drops_copies_for=None), now=NOW)
    assert not rules.needs_look(tried(1, timedelta(hours=1)), WITHOUT_NONCE, now=NOW)
    assert not rules.needs_look(
        replace(POSTED, first_attempt_at=NOW - timedelta(hours=1)), WITH_NONCE, now=NOW
    )


def test_an_uncertain_post_stays_uncertain_only_where_it_could_double_and_the_operator_says_no() -> None:
    uncertain = tried(1, state=DeliveryState.UNCERTAIN)
    assert rules.is_left_uncertain(uncertain, WITHOUT_NONCE, False)
    assert not rules.is_left_uncertain(uncertain, WITHOUT_NONCE, True)
    assert not rules.is_left_uncertain(uncertain, WITH_NONCE, False)
    assert not rules.is_left_uncertain(tried(1), WITHOUT_NONCE, False)  # lost with its process


def test_an_edit_waits_a_minute_for_further_changes_once() -> None:
    fresh = replace(STORY, updated_at=NOW)
    assert rules.edit_hold(POSTED, fresh, now=NOW) == NOW + rules.SETTLE
    assert rules.edit_hold(replace(POSTED, reason=rules.SETTLING), fresh, now=NOW) is None
    assert rules.edit_hold(POSTED, replace(STORY, updated_at=NOW - timedelta(hours=1)), now=NOW) is None
    assert rules.edit_hold(POSTED, replace(fresh, withdrawn_at=NOW), now=NOW) is None


def test_old_posts_and_restless_pages_are_edited_no_more() -> None:
    assert rules.edit_refusal(POSTED, WITH_NONCE, now=NOW) is None
    assert rules.edit_refusal(POSTED, WITH_NONCE, now=NOW + timedelta(hours=49)) == rules.OLD_EDIT
    assert rules.edit_refusal(replace(POSTED, revision=50), WITH_NONCE, now=NOW) == rules.MANY_EDITS
    assert rules.edit_refusal(POSTED, replace(WITH_NONCE, can_edit=False), now=NOW) == ""
