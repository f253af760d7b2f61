"""A race weekend of 200 feeds on a simulated clock: how many requests, how late is the news? `python -m tools.bench.weekend`."""

from __future__ import annotations

import heapq
import math
import random
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from bot.feeds import rhythm, schedule
from bot.feeds.pulse import Pulse
from bot.feeds.schedule import Checked, Moment, Pace
from bot.model import Feed

FEEDS = 200
PACE = Pace(interval=timedelta(minutes=15), least=timedelta(minutes=2))  # the defaults
START = datetime(2026, 11, 20, 0, 0, tzinfo=UTC)  # Friday
SUNDAY = START + timedelta(days=2)
END = START + timedelta(days=3)
WARM_UP = timedelta(days=4)  # the bot has been running since Monday
TUNE_EVERY = timedelta(hours=1)
HISTORY = timedelta(days=28)
FIXED = timedelta(minutes=5)
HOUR = 3600.0
LONGEST = timedelta(hours=1)

# Sessions of the weekend: series → hours after START at which one ends; everybody writes about it then.
SESSIONS: Mapping[str, tuple[float, ...]] = {
    "f1": (12.5, 16.0, 35.5, 39.0, 62.0),
    "wec": (14.0, 37.0, 65.0),
    "motogp": (9.5, 14.5, 34.0, 37.5, 59.0, 61.5),
    "nascar": (40.0, 69.0),
    "wrc": (11.0, 17.0, 36.0, 41.0, 60.0),
}


@dataclass(frozen=True, slots=True)
class Outlet:
    """How a simulated outlet writes."""

    series: str
    per_day: float
    zone: int  # hours that its office is east of Greenwich


def outlets(chance: random.Random) -> list[Outlet]:
    """A few write sixty articles a day, most three or ten: the spread of real catalogues is log-normal."""
    names = list(SESSIONS)
    return [
        Outlet(
            chance.choice(names),
            min(chance.lognormvariate(2.0, 1.0), 80.0),
            chance.choice([0, 0, 1, 1, 1, -5, 9]),
        )
        for _ in range(FEEDS)
    ]


def rate(outlet: Outlet, at: datetime) -> float:
    """Entries an hour: an office's day, and a surge after each session that fades within two hours."""
    local = (at.hour + at.minute / 60 + outlet.zone) % 24
    day = 0.08 + max(0.0, math.sin((local - 7) / 15 * math.pi)) if 7 <= local <= 22 else 0.08
    weekday = 1.3 if at.weekday() >= 4 else 0.9
    hours = ((at - START).total_seconds() / HOUR) % 168
    surge = sum(
        8.0 * math.exp(-(hours - end) / 0.8) for end in SESSIONS[outlet.series] if 0 <= hours - end < 4
    )
    return outlet.per_day / 24 * 2 * weekday * (day + 0.25 * surge)


def trace(outlet: Outlet, chance: random.Random) -> list[datetime]:
    """When an outlet publishes, over four weeks and the weekend (a Poisson process, thinned)."""
    most = outlet.per_day / 24 * 2 * 1.3 * (1.08 + 0.25 * 16)
    at, times = START - HISTORY, []
    while (at := at + timedelta(hours=chance.expovariate(most))) < END:
        if chance.random() * most < rate(outlet, at):
            times.append(at)
    return times


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a weekend of polling gave."""

    requests: int
    fixed: int  # of polling each feed every five minutes
    delays: Sequence[timedelta]  # of Sunday's entries
    entries: int

    @property
    def saved(self) -> float:
        """The share of requests that fixed polling would have needed on top."""
        return 1 - self.requests / self.fixed

    @property
    def median(self) -> timedelta:
        """How late half of Sunday's entries were seen at most."""
        return statistics.median(self.delays)


def weekend(seed: int = 1, feeds: int = FEEDS) -> Result:
    """Poll the weekend by the real schedule. Each feed begins with the thirty entries that its document holds."""
    chance = random.Random(seed)
    begin = START - WARM_UP
    writers = outlets(chance)[:feeds]
    traces = [trace(writer, chance) for writer in writers]
    pulse = Pulse()
    queue: list[tuple[datetime, int]] = []
    state: dict[int, tuple[Feed, int]] = {}
    for number, (writer, times) in enumerate(zip(writers, traces, strict=True)):
        feed = Feed(
            id=number,
            url=f"https://outlet{number}.example/",
            outlet=str(number),
            series=(writer.series,),
            next_check_at=begin,
        )
        known = [at for at in times if at <= begin]
        first = Checked(headers={}, new=tuple(known[-30:]))
        feed = schedule.after_success(feed, first, Moment(now=begin, pace=PACE, random=chance.random))
        feed = replace(feed, next_check_at=begin + schedule.spread(feed.url, PACE.interval))
        state[number] = (feed, len(known))
        heapq.heappush(queue, (feed.next_check_at, number))
    pace, tuned_at = PACE, begin - TUNE_EVERY
    requests, delays = 0, []
    while queue and queue[0][0] < END + LONGEST:
        now, number = heapq.heappop(queue)
        if now - tuned_at >= TUNE_EVERY:
            tuned_at = now
            pulse.expect(
                (each.series, rhythm.rate(each.rhythm, now.timestamp()) or 0) for each, _ in state.values()
            )
            pace = replace(
                PACE, usual=schedule.usual_rate([each.rhythm for each, _ in state.values()], PACE, now)
            )
        feed, seen = state[number]
        requests += START <= now < END
        new = []
        while seen < len(traces[number]) and traces[number][seen] <= now:
            new.append(traces[number][seen])
            seen += 1
        delays += [now - at for at in new if SUNDAY <= at < END]
        if new:
            pulse.beat(feed.series, len(new), now)
        found = Checked(headers={}, new=tuple(new))
        moment = Moment(now=now, pace=pace, random=chance.random, pulse=pulse.of(feed.series, now))
        feed = schedule.after_success(feed, found, moment)
        state[number] = (feed, seen)
        heapq.heappush(queue, (feed.next_check_at, number))
    return Result(
        requests=requests,
        fixed=round(feeds * ((END - START) / FIXED)),
        delays=delays,
        entries=sum(sum(START <= at < END for at in times) for times in traces),
    )


def main() -> int:
    """Simulate three weekends and print; 1 when a goal is missed."""
    missed = 0
    for seed in (1, 2, 3):
        result = weekend(seed)
        deciles = statistics.quantiles([delay.total_seconds() for delay in result.delays], n=10)
        met = result.saved >= 0.6 and result.median <= timedelta(minutes=2)
        missed += not met
        print(
            f"{'ok    ' if met else 'MISSED'} {result.entries} entries; {result.requests} requests, {result.saved:.0%} fewer than every "
            f"5 minutes (goal 60%); Sunday's delay: median {result.median.total_seconds():.0f} s (goal 120), p90 {deciles[8]:.0f} s"
        )
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
