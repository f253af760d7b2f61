"""One delivery from hand to outcome: decide, compose, wait for a slot, send or edit, and say what became of it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import TYPE_CHECKING

import structlog

from bot.errors import DeliveryError, MaybePosted, PostRejected, RateLimited, StorageError
from bot.metrics import Health
from bot.model import Claim, Outcome, OutcomeKind, Post, Story
from bot.outbox import rules
from bot.outbox.digests import Digests
from bot.outbox.ledger import Ledger
from bot.outbox.notices import Notices
from bot.outbox.pings import Pings
from bot.outbox.recollection import Recollection
from bot.outbox.rendering import Renderer, is_plain, plainest
from bot.outbox.rules import After, outcome
from bot.outbox.watch import Metrics
from bot.outbox.weather import Weather
from bot.pacing import ALL, Flight, Pacer
from bot.ports import Adapter, Clock, Storage
from bot.posts import Kind, Verdict, is_hidden
from bot.posts.decide import unwanted

if TYPE_CHECKING:
    from bot.config import DeliverySettings

log = structlog.get_logger()

HOUR = timedelta(hours=1)
PARKED = timedelta(milliseconds=200)  # a place that is busy for longer leaves its sender to others
AGAIN = timedelta(seconds=1)


class Phase(Enum):
    """How far a delivery in hand has come: what a cancellation means for it."""

    WAITING = auto()  # nothing has left
    SENDING = auto()  # the request may have left


@dataclass(slots=True, eq=False)
class Hand:
    """A delivery in a sender's hand."""

    claim: Claim
    since: float  # of the event loop
    phase: Phase = Phase.WAITING
    outcome: Outcome | None = None  # as soon as it is known
    flight: Flight = field(default_factory=Flight)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What the lines of all platforms share."""

    storage: Storage
    clock: Clock
    settings: DeliverySettings
    renderer: Renderer
    ledger: Ledger
    digests: Digests
    notices: Notices
    pings: Pings
    health: Health
    metrics: Metrics
    decide: Callable[..., Verdict]


class Sender:
    """What all senders of one platform do. It keeps nothing about a single delivery."""

    def __init__(self, adapter: Adapter, pace: Pacer, weather: Weather, tools: Tools) -> None:
        self._adapter, self._pace, self._weather = adapter, pace, weather
        self._storage, self._clock, self._settings = tools.storage, tools.clock, tools.settings
        self._renderer, self._ledger, self._metrics = tools.renderer, tools.ledger, tools.metrics
        self._digests, self._notices, self._pings = tools.digests, tools.notices, tools.pings
        self._decide = tools.decide
        self._recollection = Recollection(tools.storage, adapter, pace, tools.clock)

    async def deliver(self, hand: Hand) -> None:
        """Carry a claim through, and write down what became of it. Raises nothing but CancelledError."""
        is_post = hand.claim.delivery.message_id is None
        hand.flight.may_double = is_post and not rules.is_safe(self._adapter.limits)
        try:
            await self._deliver(hand)
        finally:
            self._pace.land(hand.flight)

    async def _deliver(self, hand: Hand) -> None:
        claim = hand.claim
        try:
            try:
                done = hand.outcome = await self._carry(hand)
            except Exception as error:  # noqa: BLE001 - the edge of one delivery: its error stays with it
                done = await self._after(error, hand)
        except asyncio.CancelledError:
            self._ledger.add(hand.outcome or self._when_cancelled(hand))
            raise
        self._metrics.outcome(self._adapter.name, done.kind)
        await self._ledger.write(done)
        log.info(
            "delivery done",
            delivery=claim.delivery.id,
            adapter=self._adapter.name,
            outcome=str(done.kind),
            revision=done.revision,
            attempts=claim.delivery.attempts + 1,
            reason=done.reason,
        )

    async def _carry(self, hand: Hand) -> Outcome:
        claim = hand.claim
        if claim.story is None:
            wanted = tuple(s for s in claim.digest if not unwanted(s, claim.destination.preferences))
            if not wanted:  # pruned, withdrawn, or kept out by a preference
                return outcome(claim.delivery, OutcomeKind.SKIPPED)
            digest = self._renderer.digest(replace(claim, digest=wanted), now=self._clock())
            return await self._post(hand, digest)
        if claim.delivery.sent_revision:
            return await self._edit(hand, claim.story)
        verdict = await self._verdict(claim, claim.story)
        if verdict.kind is Kind.SKIP:
            return outcome(claim.delivery, OutcomeKind.SKIPPED, reason=verdict.reason)
        if verdict.kind is Kind.HOLD:
            self._digests.expect_for(claim, verdict)
            held = outcome(claim.delivery, OutcomeKind.HELD, due_at=verdict.until, reason=verdict.reason)
            if not (verdict.note and verdict.until and self._may_note(claim)):
                return held
            note = self._renderer.note(claim, claim.story, until=verdict.until)
            return await self._post(hand, note, becomes=held)
        if claim.delivery.message_id:  # the note that its result was held
            return await self._edit(hand, claim.story)
        may_ping = await self._pings.may(claim, verdict)
        post = self._renderer.story(claim, claim.story, verdict, may_ping=may_ping)
        done = await self._post(hand, post)
        if post.ping and done.kind is OutcomeKind.SENT:
            with contextlib.suppress(StorageError):
                await self._pings.done(claim)
        return done

    def _may_note(self, claim: Claim) -> bool:
        """A note is worth posting once, where it can become the post later."""
        return self._adapter.limits.can_edit and not claim.delivery.message_id

    async def _verdict(self, claim: Claim, story: Story) -> Verdict:
        destination, now = claim.destination, self._clock()
        if not destination.preferences.per_hour:
            return self._decide(story, destination, now=now)
        sent = await self._storage.sent_since(destination.id, now - HOUR)
        return self._decide(story, destination, now=now, sent_in_hour=sent)

    # ── posting and editing ──

    async def _post(self, hand: Hand, post: Post, *, becomes: Outcome | None = None) -> Outcome:
        """Post, once; what then becomes of the delivery is that it was sent, unless the caller knows better."""
        claim, delivery = hand.claim, hand.claim.delivery
        done = becomes or outcome(delivery, OutcomeKind.SENT)
        if rules.is_left_uncertain(delivery, self._adapter.limits, self._settings.resend_uncertain):
            return outcome(delivery, OutcomeKind.UNCERTAIN, reason=rules.UNCERTAIN)
        if rules.needs_look(delivery, self._adapter.limits, now=self._clock()):
            found = await self._find(claim, post)
            if found is not None:
                log.info("earlier attempt found", delivery=delivery.id, adapter=self._adapter.name)
                return replace(done, message_id=found)
        if not await self._slot(hand):
            return outcome(delivery, OutcomeKind.HELD, due_at=self._clock() + AGAIN)
        try:
            message_id = await self._send(hand, post)
        except PostRejected as error:
            if is_plain(post):
                raise
            log.warning("post refused, trying the plainest form", delivery=delivery.id, reason=error.reason)
            if not await self._slot(hand):
                return outcome(delivery, OutcomeKind.HELD, due_at=self._clock() + AGAIN)
            message_id = await self._send(hand, plainest(post))
        hand.outcome = replace(done, message_id=message_id, rest_until=self._rest_until(claim))
        return hand.outcome

    async def _edit(self, hand: Hand, story: Story) -> Outcome:
        delivery, now = hand.claim.delivery, self._clock()
        refusal = rules.edit_refusal(delivery, self._adapter.limits, now=now)
        if refusal is not None:
            return outcome(delivery, OutcomeKind.GONE, reason=refusal or None)
        if (until := rules.edit_hold(delivery, story, now=now)) is not None:
            return outcome(delivery, OutcomeKind.HELD, due_at=until, reason=rules.SETTLING)
        covered = is_hidden(story, hand.claim.destination.preferences, now)
        post = self._renderer.story(hand.claim, story, Verdict(kind=Kind.SEND, covered=covered, quiet=True))
        if not await self._slot(hand):
            return outcome(delivery, OutcomeKind.HELD, due_at=self._clock() + AGAIN, reason=rules.SETTLING)
        try:
            await self._change(hand, post)
        except PostRejected:
            if is_plain(post) or not await self._slot(hand):
                raise
            await self._change(hand, plainest(post))
        hand.outcome = outcome(
            delivery,
            OutcomeKind.SENT,
            message_id=delivery.message_id,
            rest_until=self._rest_until(hand.claim),
        )
        return hand.outcome

    async def _send(self, hand: Hand, post: Post) -> str:
        delivery, loop = hand.claim.delivery, asyncio.get_running_loop()
        hand.phase, began = Phase.SENDING, loop.time()
        try:
            async with asyncio.timeout(rules.SEND.total_seconds()):
                message_id = await self._adapter.send(hand.claim.destination, post, key=delivery.key)
        except TimeoutError as error:
            raise MaybePosted("the platform did not answer in time") from error
        self._pace.answered(hand.flight)
        self._weather.fair()
        lag = self._clock() - delivery.created_at
        self._metrics.accepted(self._adapter.name, "send", loop.time() - began, lag)
        return message_id

    async def _change(self, hand: Hand, post: Post) -> None:
        loop = asyncio.get_running_loop()
        hand.phase, began = Phase.SENDING, loop.time()
        message_id = hand.claim.delivery.message_id or ""
        try:
            async with asyncio.timeout(rules.SEND.total_seconds()):
                await self._adapter.edit(hand.claim.destination, message_id, post)
        except TimeoutError as error:
            raise DeliveryError("outbox.cause.slow") from error
        self._pace.answered(hand.flight)
        self._weather.fair()
        self._metrics.accepted(self._adapter.name, "edit", loop.time() - began)

    async def _find(self, claim: Claim, post: Post) -> str | None:
        since = claim.delivery.first_attempt_at or claim.delivery.created_at
        try:
            async with asyncio.timeout(rules.FIND.total_seconds()):
                return await self._adapter.find(claim.destination, post, key=claim.delivery.key, since=since)
        except TimeoutError as error:
            raise DeliveryError("outbox.cause.search") from error

    async def _slot(self, hand: Hand) -> bool:
        """Wait for a place; False when there is none in time, or the store cannot note what would be sent."""
        hand.phase = Phase.WAITING
        claim = hand.claim
        await self._recollection.of(claim.destination)
        rates = self._adapter.rates(claim.destination)
        try:
            async with asyncio.timeout(rules.SLOT.total_seconds()):
                await self._pace.slot(rates, claim.delivery.lane, flight=hand.flight)
        except TimeoutError:
            return False
        return self._ledger.is_open

    def _rest_until(self, claim: Claim) -> datetime | None:
        """Let a place that its own limit keeps waiting rest in the store, where it blocks no sender.

        With several processes this is also how they share the limit of one chat.
        """
        busy = self._pace.busy_for(self._adapter.rates(claim.destination))
        return self._clock() + busy if busy > PARKED else None

    # ── what did not go as planned ──

    async def _after(self, error: Exception, hand: Hand) -> Outcome:
        """Do what the rules say about an error, and return what is to be written down."""
        claim = hand.claim
        if isinstance(error, StorageError):  # before anything was sent
            log.warning("delivery put back", delivery=claim.delivery.id, reason=str(error))
            return hand.outcome or outcome(claim.delivery, OutcomeKind.HELD, due_at=self._clock() + AGAIN)
        self._note(error, hand)
        after = rules.after_error(
            error,
            claim,
            self._adapter.limits,
            now=self._clock(),
            resend_uncertain=self._settings.resend_uncertain,
            is_outage=self._weather.is_outage,
        )
        hand.outcome = after.outcome
        with contextlib.suppress(StorageError):  # it comes up again at the next attempt
            await self._carry_out(after, claim)
        return after.outcome

    def _note(self, error: Exception, hand: Hand) -> None:
        claim, name = hand.claim, self._adapter.name
        if not isinstance(error, DeliveryError):
            log.error("delivery failed unforeseen", delivery=claim.delivery.id, adapter=name, exc_info=error)
        if type(error) in (DeliveryError, MaybePosted) or not isinstance(error, DeliveryError):
            self._weather.foul(claim.delivery.id)
        else:
            self._weather.fair()  # it answers, and says what it thinks
        if isinstance(error, MaybePosted):
            self._metrics.uncertain(name)
        if isinstance(error, RateLimited):
            self._metrics.rate_limited(name, "all" if error.bucket == ALL else "place")

    async def _carry_out(self, after: After, claim: Claim) -> None:
        destination = claim.destination
        if after.hold_bucket is not None and after.hold_for is not None:
            self._pace.hold(after.hold_bucket, after.hold_for)
        if after.hold_destination_until is not None:
            await self._storage.hold(destination.id, after.hold_destination_until)
        if after.move_to is not None:
            await self._storage.move(
                destination.adapter, destination.address, after.move_to, now=self._clock()
            )
            log.info("destination moved", destination=destination.id, adapter=destination.adapter)
        if after.pause is not None:
            await self._notices.paused(destination, after.pause)

    def _when_cancelled(self, hand: Hand) -> Outcome:
        """What is true of a delivery whose sender was stopped."""
        delivery = hand.claim.delivery
        if hand.phase is Phase.WAITING:
            return outcome(delivery, OutcomeKind.HELD, due_at=self._clock())
        error = MaybePosted("stopped while sending")
        return rules.after_error(
            error,
            hand.claim,
            self._adapter.limits,
            now=self._clock(),
            resend_uncertain=self._settings.resend_uncertain,
            is_outage=False,
        ).outcome
