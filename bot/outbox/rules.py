"""What follows from what happened to a delivery: spans, backoff and the table of errors, without any I/O."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.errors import (
    DeliveryError,
    DestinationMoved,
    DestinationPaused,
    MaybePosted,
    MessageGone,
    PostRejected,
    RateLimited,
)
from bot.locale.reasons import CAUSE, join
from bot.model import Claim, Delivery, DeliveryState, Limits, Outcome, OutcomeKind, Story
from bot.pacing import ALL

# A lease covers waiting for a slot, looking for an earlier attempt, and sending; what is left is for writing it down.
LEASE = timedelta(seconds=60)
SLOT = timedelta(seconds=8)
FIND = timedelta(seconds=14)
SEND = timedelta(seconds=32)  # an adapter promises 30

GIVE_UP_AFTER = timedelta(hours=48)
EDITABLE_FOR = timedelta(hours=48)
MOST_EDITS = 12  # of one post: a page that prints the time must not be followed for ever
SETTLE = timedelta(seconds=60)  # from the first change noticed to the edit: several quick changes become one

_FIRST_WAIT = timedelta(seconds=5)
_LONGEST_WAIT = timedelta(hours=1)
_LONGEST_OUTAGE_WAIT = timedelta(seconds=60)
_SOON = timedelta(seconds=2)

SETTLING = "outbox.settling"
UNCERTAIN = "outbox.uncertain"
OLD_EDIT = "outbox.old_edit"
MANY_EDITS = "outbox.many_edits"


@dataclass(frozen=True, slots=True, kw_only=True)
class After:
    """What to write down, and what to do besides."""

    outcome: Outcome
    hold_destination_until: datetime | None = None
    hold_bucket: str | None = None
    hold_for: timedelta | None = None
    pause: str | None = None  # the reason
    move_to: str | None = None


def after_error(
    error: Exception, claim: Claim, limits: Limits, *, now: datetime, resend_uncertain: bool, is_outage: bool
) -> After:
    """Decide what becomes of a claim whose post or edit failed. Anything unforeseen counts as "maybe posted".

    `is_outage` says that nothing else got through to this platform lately: then the place waits with its post, so
    that its stories stay in order, and is tried again soon. Otherwise a post that keeps failing fails alone.
    """
    delivery = claim.delivery
    match error:
        case RateLimited():
            return _rate_limited(error, delivery, now)
        case DestinationMoved():
            return After(outcome=outcome(delivery, OutcomeKind.HELD, due_at=now), move_to=error.new_address)
        case DestinationPaused():
            return After(outcome=outcome(delivery, OutcomeKind.HELD, due_at=now), pause=error.reason)
        case PostRejected():
            return After(outcome=_rejected(error, delivery))
        case MessageGone() if delivery.message_id:
            return After(outcome=outcome(delivery, OutcomeKind.GONE))
        case MaybePosted() if not delivery.message_id:
            return _maybe_posted(
                delivery, limits, now, resend_uncertain=resend_uncertain, is_outage=is_outage
            )
        case DeliveryError():
            return _failed(error, delivery, now, is_outage=is_outage)
    if delivery.message_id:
        return _failed(error, delivery, now, is_outage=False)
    return _maybe_posted(delivery, limits, now, resend_uncertain=resend_uncertain, is_outage=is_outage)


def outcome(delivery: Delivery, kind: OutcomeKind, **more: object) -> Outcome:
    """An outcome of the revision that was tried."""
    return Outcome(delivery_id=delivery.id, revision=delivery.revision, kind=kind, **more)  # type: ignore[arg-type]


def backoff(attempts: int, delivery_id: int) -> timedelta:
    """How long to wait after so many failures: 5 s, 15 s, 45 s … up to an hour, spread by a seventh."""
    wait = min(_LONGEST_WAIT, _FIRST_WAIT * int(3 ** min(attempts, 8)))
    spread = (
        delivery_id * 2654435761 % 1000
    ) / 1000  # Knuth's hash: the same on each call, no clock, no dice
    return wait * (0.93 + 0.14 * spread)


def needs_look(delivery: Delivery, limits: Limits, *, now: datetime) -> bool:
    """Whether an earlier attempt must be looked for before this one: its copy would no longer be dropped.

    The first attempt counts, not the last: nobody knows which of several came through.
    """
    if delivery.message_id or delivery.first_attempt_at is None or not limits.can_find:
        return False
    window = limits.drops_copies_for
    return window is None or now - delivery.first_attempt_at >= window * 0.9


def is_safe(limits: Limits) -> bool:
    """Whether a platform drops a post's copy, or lets one look for it first."""
    return limits.drops_copies_for is not None or limits.can_find


def is_left_uncertain(delivery: Delivery, limits: Limits, resend_uncertain: bool) -> bool:
    """Whether an uncertain post is to stay so: it would be sent twice, and the operator does not want that."""
    return delivery.state is DeliveryState.UNCERTAIN and not is_safe(limits) and not resend_uncertain


def edit_hold(delivery: Delivery, story: Story, *, now: datetime) -> datetime | None:
    """When an edit may go; None: now. The first change opens a minute in which others may follow."""
    if story.withdrawn_at is not None or delivery.reason == SETTLING or delivery.attempts:
        return None
    return now + SETTLE if now < story.updated_at + SETTLE else None


def edit_refusal(delivery: Delivery, limits: Limits, *, now: datetime) -> str | None:
    """Why a post is edited no more, or None."""
    if not limits.can_edit:
        return ""
    if delivery.sent_at is not None and now - delivery.sent_at > EDITABLE_FOR:
        return OLD_EDIT
    return MANY_EDITS if delivery.revision > MOST_EDITS + 1 else None


def _rate_limited(error: RateLimited, delivery: Delivery, now: datetime) -> After:
    until = now + error.retry_after
    return After(
        outcome=outcome(delivery, OutcomeKind.HELD, due_at=until),
        hold_destination_until=None if error.bucket == ALL else until,
        hold_bucket=error.bucket,
        hold_for=error.retry_after,
    )


def _rejected(error: PostRejected, delivery: Delivery) -> Outcome:
    kind = OutcomeKind.GONE if delivery.message_id else OutcomeKind.SET_ASIDE
    return outcome(delivery, kind, reason=error.reason)


def _maybe_posted(
    delivery: Delivery, limits: Limits, now: datetime, *, resend_uncertain: bool, is_outage: bool
) -> After:
    """Try again with the same key where the platform drops copies or can be searched; else as the setting says.

    Where copies are possible, even an outage does not shorten the waits: each attempt may be one.
    """
    may_repeat = is_safe(limits)
    if _is_given_up(delivery, now) or not (may_repeat or resend_uncertain):
        return After(outcome=outcome(delivery, OutcomeKind.UNCERTAIN, reason=UNCERTAIN))
    wait = backoff(delivery.attempts, delivery.id)
    if may_repeat:
        wait = min(wait, _LONGEST_OUTAGE_WAIT) if is_outage else wait if delivery.attempts else _SOON
    return After(
        outcome=outcome(delivery, OutcomeKind.UNCERTAIN, due_at=now + wait, reason=UNCERTAIN),
        hold_destination_until=now + min(wait, _LONGEST_OUTAGE_WAIT),
    )


def _failed(error: Exception, delivery: Delivery, now: datetime, *, is_outage: bool) -> After:
    said = _cause(error)
    if _is_given_up(delivery, now):
        kind = OutcomeKind.GONE if delivery.message_id else OutcomeKind.SET_ASIDE
        return After(outcome=outcome(delivery, kind, reason=join("outbox.failed", said)))
    wait = backoff(delivery.attempts, delivery.id)
    if is_outage:
        wait = min(wait, _LONGEST_OUTAGE_WAIT)
    due_at = now + wait
    return After(
        outcome=outcome(delivery, OutcomeKind.RETRY, due_at=due_at, reason=join("outbox.trying", said)),
        hold_destination_until=due_at if is_outage or wait < _LONGEST_OUTAGE_WAIT else None,
    )


def _is_given_up(delivery: Delivery, now: datetime) -> bool:
    return delivery.first_attempt_at is not None and now - delivery.first_attempt_at >= GIVE_UP_AFTER


def _cause(error: Exception) -> str:
    """Why a send failed: what an adapter says of it, or that it was our own fault."""
    if isinstance(error, DeliveryError) and str(error):
        return str(error)[:160]
    return join(f"{CAUSE}ours", type(error).__name__)
