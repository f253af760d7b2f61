"""What an operator can watch: numbers for Prometheus, and the one question of a health check: is anything wrong?"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock

from bot.ports import Clock

_LAG = (0.5, 1, 2, 5, 10, 30, 60, 300, 900, 3600, 6 * 3600, 48 * 3600)
_SEND = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)


class Metrics:
    """The numbers of one process. Every method is cheap, never raises, and may be called from any thread."""

    def __init__(self) -> None:
        # It brings a web server of its own: loaded only where somebody counts.
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

        self.registry = CollectorRegistry()
        r = self.registry
        self._polls = Counter("pitwire_polls", "Feeds asked, by what they answered.", ["result"], registry=r)
        self._poll_seconds = Histogram("pitwire_poll_seconds", "How long a feed took to answer.", registry=r)
        self._feed_errors = Counter(
            "pitwire_feed_errors", "Feeds that could not be read.", ["reason"], registry=r
        )
        self._entries = Counter("pitwire_entries", "Entries that were new or changed.", ["kind"], registry=r)
        self._stories = Counter("pitwire_stories", "Stories begun, joined or changed.", ["kind"], registry=r)
        self._outcomes = Counter(
            "pitwire_delivery_outcomes", "What became of deliveries.", ["adapter", "outcome"], registry=r
        )
        self._lag = Histogram(
            "pitwire_delivery_lag_seconds",
            "From a story's arrival in the store to the platform's acceptance of the post.",
            ["adapter"],
            buckets=_LAG,
            registry=r,
        )
        self._send_seconds = Histogram(
            "pitwire_send_seconds",
            "How long a platform took to accept a post or an edit.",
            ["adapter", "action"],
            buckets=_SEND,
            registry=r,
        )
        self._limited = Counter(
            "pitwire_rate_limited", "Times a platform said 429.", ["adapter", "scope"], registry=r
        )
        self._uncertain = Counter(
            "pitwire_uncertain",
            "Sends whose answer was lost: nobody knows whether they were posted.",
            ["adapter"],
            registry=r,
        )
        self._answers = Histogram(
            "pitwire_answer_seconds", "How long a command waited for its answer.", ["adapter"], registry=r
        )
        self._deliveries = Gauge(
            "pitwire_deliveries", "Deliveries in the store, by state.", ["adapter", "state"], registry=r
        )
        self._feeds = Gauge("pitwire_feeds", "Feeds in the store, by state.", ["state"], registry=r)
        self._queue_age = Gauge(
            "pitwire_queue_age_seconds", "How long the oldest due delivery has been waiting.", registry=r
        )
        self._stuck = Gauge(
            "pitwire_stuck_senders",
            "Senders that have been at one delivery for longer than its lease.",
            ["adapter"],
            registry=r,
        )
        self._in_hand = Gauge(
            "pitwire_in_hand",
            "Deliveries that senders are at, waiting for their turn included.",
            ["adapter"],
            registry=r,
        )
        self._writable = Gauge("pitwire_store_writable", "1 while the store can be written.", registry=r)
        self._writable.set(1)
        self._loop_delay = Gauge(
            "pitwire_loop_delay_seconds", "How late the event loop was at its last beat.", registry=r
        )
        self._unhealthy = Gauge(
            "pitwire_unhealthy",
            "1 for each part that the health check finds in trouble.",
            ["part"],
            registry=r,
        )
        self._up_since = Gauge("pitwire_start_time_seconds", "When this process began.", registry=r)
        self._up_since.set(time.time())

    # ── reading ──

    def polled(self, result: str, seconds: float) -> None:
        """A feed was asked; `result` is "new", "unchanged" or "failed"."""
        self._polls.labels(result).inc()
        self._poll_seconds.observe(max(0.0, seconds))

    def feed_failed(self, reason: str) -> None:
        """`reason` is one of few: "http 403", "timeout", "not a feed"."""
        self._feed_errors.labels(reason).inc()

    def entries(self, new: int, changed: int = 0) -> None:
        self._entries.labels("new").inc(new)
        self._entries.labels("changed").inc(changed)

    def story(self, kind: str) -> None:
        """`kind` is "new", "joined" or "changed"."""
        self._stories.labels(kind).inc()

    # ── delivering and answering ──

    def outcome(self, adapter: str, outcome: str) -> None:
        self._outcomes.labels(adapter, outcome).inc()

    def accepted(self, adapter: str, action: str, seconds: float, lag: timedelta | None = None) -> None:
        """A platform accepted a post ("send", with its lag) or an edit ("edit")."""
        self._send_seconds.labels(adapter, action).observe(max(0.0, seconds))
        if lag is not None:
            self._lag.labels(adapter).observe(max(0.0, lag.total_seconds()))

    def rate_limited(self, adapter: str, scope: str) -> None:
        """`scope` is "all" or "place"."""
        self._limited.labels(adapter, scope).inc()

    def uncertain(self, adapter: str) -> None:
        self._uncertain.labels(adapter).inc()

    def answered(self, adapter: str, seconds: float) -> None:
        self._answers.labels(adapter).observe(max(0.0, seconds))

    def in_hand(self, adapter: str, count: int) -> None:
        self._in_hand.labels(adapter).set(count)

    def stuck(self, adapter: str, count: int) -> None:
        self._stuck.labels(adapter).set(count)

    # ── what is looked up now and then ──

    def queue(self, counts: Mapping[tuple[str, str], int], oldest_at: datetime | None, now: datetime) -> None:
        """What `Storage.counts` and `Storage.oldest_owed_at` say."""
        self._deliveries.clear()
        for (adapter, state), count in counts.items():
            self._deliveries.labels(adapter, state).set(count)
        self._queue_age.set(max(0.0, (now - oldest_at).total_seconds()) if oldest_at else 0.0)

    def feeds(self, states: Mapping[str, int]) -> None:
        for state, count in states.items():
            self._feeds.labels(state).set(count)

    def writable(self, is_writable: bool) -> None:
        self._writable.set(1 if is_writable else 0)

    def unhealthy(self, parts: Iterable[str]) -> None:
        """The parts in trouble; what is not named is well."""
        self._unhealthy.clear()
        for part in parts:
            self._unhealthy.labels(part).set(1)

    def loop_delay(self, seconds: float) -> None:
        self._loop_delay.set(max(0.0, seconds))

    def text(self) -> bytes:
        """Everything in Prometheus' text format."""
        from prometheus_client import generate_latest

        return generate_latest(self.registry)


@dataclass(slots=True)
class _Beat:
    at: float
    within: float


@dataclass(slots=True)
class Health:
    """What is wrong, by part, in one plain sentence each. Parts report to it; the health check asks it.

    May be used from any thread: the health check must answer when the event loop no longer does.
    """

    clock: Clock
    monotonic: Callable[[], float] = time.monotonic
    _troubles: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    _beats: dict[str, _Beat] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def report(self, part: str, trouble: str | None) -> None:
        """Say what is wrong with a part; None: it is well (again)."""
        with self._lock:
            if trouble is None:
                self._troubles.pop(part, None)
            else:
                _, since = self._troubles.get(part, ("", self.clock()))
                self._troubles[part] = trouble, since

    def beat(self, part: str, within: timedelta) -> None:
        """Promise a sign of life again within this time."""
        with self._lock:
            self._beats[part] = _Beat(self.monotonic(), within.total_seconds())

    def rest(self, part: str) -> None:
        """End the promise of `beat`: the part has ended in order."""
        with self._lock:
            self._beats.pop(part, None)

    def troubles(self) -> Mapping[str, str]:
        """Everything that is wrong now; empty when all is well."""
        now = self.monotonic()
        with self._lock:
            silent = {
                part: f"no sign of life for {now - beat.at:.0f} s"
                for part, beat in self._beats.items()
                if now - beat.at > beat.within
            }
            said = {
                part: f"{trouble} (since {since:%Y-%m-%d %H:%M} UTC)"
                for part, (trouble, since) in self._troubles.items()
            }
            return said | silent
