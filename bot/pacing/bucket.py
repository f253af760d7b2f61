"""When may the next message go, as far as one limit is concerned?

Everything sent with one token draws from the bucket "all"; what goes to one chat draws from that chat's as well.
"all" is spaced evenly on an absolute schedule just below the limit: a burst that the limit allows on paper meets
the platform's own window where it hurts. And no window is too full for the platform, either: what it got late
(`bot.pacing.trips`) keeps back whatever would share a window with it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from bot.model import Lane, Rate
from bot.pacing.trips import Sent

ALL = "all"

SHARE = 0.992  # of the limit of "all": 50 sends take 1.008 s, so what is up to 6 ms late keeps nobody back
SHARE_OF_MANY = 0.983  # where other processes send, too: how late theirs arrive is not known
GRAIN = 0.002  # seconds that clocks and timers are trusted to
# After a rest the first messages meet cold connections and arrive late, close upon the next ones: begin more slowly.
REST = 1.0  # seconds without a message
WARM_UP = 1.0  # seconds until the full pace is reached …
COLD = 0.3  # … from gaps that are so much longer
REMEMBERED = 2  # windows of "all": what was long on its way counts later than what was sent after it
CATCH_UP = 1.0  # seconds: a longer stall is not made up for …
CATCH_UP_GAP = 0.9  # … and a shorter one by tenths, never by a burst

CHAT_SHARE = 0.98  # of the limit of one chat
CHAT_JITTER = 0.1  # seconds
RESERVES = 10  # windows of so many keep one place free of news, so that an answer need not wait for the next
AT_ONCE = 0.75  # and so much of them news may use up as it comes; from then on it is spaced evenly

SLOWER = 0.01  # a 429 that comes all the same slows its bucket by so much …
SLOWEST = 0.30
RECOVERY = 0.001 / 60  # … which is forgotten at a tenth of a percent a minute

LONG_AGO = float("-inf")


@dataclass(slots=True)
class Bucket:
    """One limit of a platform: so many in such a span. All times are seconds of a monotonic clock."""

    rate: Rate
    is_whole: bool = False  # the bucket "all"
    is_told: bool = False  # its rate comes from the platform's answers
    is_shared: bool = False  # other processes draw from it, too, and it does not know what
    due: float = LONG_AGO  # when the next one is due, evenly spaced
    last: float = LONG_AGO
    began: float = LONG_AGO  # when "all" was first used after a rest
    taken: deque[Sent] = field(default_factory=deque)
    held_until: float = LONG_AGO
    left: int | None = None  # what the platform says is left until `resets_at`
    resets_at: float = LONG_AGO
    slowed: float = 0.0
    slowed_at: float = 0.0

    @property
    def span(self) -> float:
        return self.rate.per.total_seconds()

    def gap(self, now: float) -> float:
        """The even distance between two, a little longer for a while after a 429."""
        if self.is_whole:
            cold = max(0.0, 1 - (now - self.began) / WARM_UP)
            share = SHARE_OF_MANY if self.is_shared else SHARE
            even = self.span / self.rate.count / share * (1 + COLD * cold)
        elif self.rate.count >= RESERVES:
            even = (self.span + CHAT_JITTER) / (self.rate.count - 1)
        else:
            even = self.span / self.rate.count / CHAT_SHARE
        return even * (1 + self.slowness(now))

    def slowness(self, now: float) -> float:
        return max(0.0, self.slowed - (now - self.slowed_at) * RECOVERY)

    def ready_at(self, lane: Lane, now: float) -> float:
        """When the next may go."""
        at = max(self.held_until, self._window_at(lane, now))
        if self._is_told_at(now):
            return max(at, self.resets_at) if self.left == 0 else at
        return max(at, self._spaced_at(lane, now))

    def take(self, now: float, since: float) -> Sent:
        """Count one that goes now, and could have gone `since`.

        The schedule of "all" goes on from there, not from now: a loop that wakes late must not slow the pace.
        """
        since = max(since, now - CATCH_UP) if self.is_whole else now
        if now - self.last > REST:
            self.began = now
        self.due = max(self.due, since) + self.gap(now)
        self.last = now
        sent = Sent(now)
        self.taken.append(sent)
        while len(self.taken) > self.rate.count * (REMEMBERED if self.is_whole else 1):
            self.taken.popleft()
        if self.left:
            self.left -= 1
        return sent

    def leave(self, sent: Sent, now: float) -> None:
        """What was granted a moment ago leaves only now: the platform counts it from now on."""
        sent.leave(now)
        if sent in self.taken:
            self.taken = deque(sorted(self.taken, key=lambda one: one.at))
            self.last = max(self.last, now)

    def give_back(self, sent: Sent, now: float) -> None:
        """Undo a `take` whose message was never sent."""
        self.due -= self.gap(now)
        if sent in self.taken:
            self.taken.remove(sent)
        self.last = self.taken[-1].at if self.taken else LONG_AGO
        if self.left is not None:
            self.left += 1

    def learn(self, remaining: int, reset_after: float, rate: Rate | None, now: float) -> None:
        """Believe the platform; answers that come in out of order never raise what is left."""
        if rate is not None:
            self.rate, self.is_told = rate, True
        is_same = self._is_told_at(now) and abs(now + reset_after - self.resets_at) < self.span / 2
        self.left = min(remaining, self.left) if is_same and self.left is not None else remaining
        self.resets_at = max(self.resets_at, now + reset_after) if is_same else now + reset_after

    def hold(self, seconds: float, now: float) -> None:
        """Stop until then; one 429 slows once, however often it is reported."""
        if now >= self.held_until:
            self.slowed = min(SLOWEST, self.slowness(now) + SLOWER)
            self.slowed_at = now
        self.held_until = max(self.held_until, now + seconds)
        self.due = max(self.due, self.held_until)  # what was missed meanwhile is not caught up with

    def recollect(self, times: Iterable[float], now: float) -> None:
        """Count what an earlier process sent then, besides what is known."""
        if self.is_whole:
            return
        known = (*self.taken, *(Sent(at) for at in times))
        self.taken = deque(sorted(known, key=lambda one: one.at)[-int(self.rate.count) :])
        for sent in self.taken:
            self.due = max(self.due, sent.at) + self.gap(now)
            self.last = max(self.last, sent.at)

    def is_idle(self, now: float) -> bool:
        """Nothing that it remembers matters any more."""
        matters_until = max(self.due, self.held_until, self.resets_at, self.last + self.span + CHAT_JITTER)
        return now > matters_until and not self.is_whole and not self.slowness(now)

    def _is_told_at(self, now: float) -> bool:
        return self.left is not None and now < self.resets_at

    def _spaced_at(self, lane: Lane, now: float) -> float:
        if self.is_whole:
            return max(self.due, self.last + self.gap(now) * CATCH_UP_GAP)
        if lane is not Lane.ANSWER:
            return self._news_at(now) if self.rate.count >= RESERVES else self.due
        # People wait for answers: they may use up a window, or go one ahead where the window is a single message.
        return self.due - self.gap(now) if self.rate.count == 1 else LONG_AGO

    def _news_at(self, now: float) -> float:
        """A single story need not wait because somebody was answered just before; a flood is spaced evenly."""
        since = now - self.span - CHAT_JITTER
        has_room = sum(sent.at > since for sent in self.taken) < self.rate.count * AT_ONCE
        return LONG_AGO if has_room and not self.is_shared else self.last + self.gap(now)

    def _window_at(self, lane: Lane, now: float) -> float:
        """Never more than `count` in any span, whatever the schedule would catch up with."""
        count = int(self.rate.count)
        if count >= RESERVES and not self.is_whole and lane is not Lane.ANSWER:
            count -= 1
        if count <= 1 or len(self.taken) < count:
            return LONG_AGO
        if self.is_whole:
            return sorted([sent.counted for sent in self.taken])[-count] + (self.span + GRAIN) * (
                1 + self.slowness(now)
            )
        return self.taken[-count].at + (self.span + CHAT_JITTER) * (1 + self.slowness(now))
