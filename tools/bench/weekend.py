"""Race weekends of 200 feeds on a simulated clock: how many requests, how late is the news?

`python -m tools.bench.weekend` prints each shape of weekend; `--seeds 8` takes more chances, `--shapes night,queue` fewer weekends.
"""

from __future__ import annotations

import argparse
import heapq
import math
import random
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
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
TUNE_EVERY = timedelta(hours=1)
HISTORY = timedelta(days=28)
FIXED = timedelta(minutes=5)
HOUR = 3600.0
LONGEST = timedelta(hours=1)
LISTED = 30  # entries that a feed's document holds
GOAL_SAVED, GOAL_MEDIAN = 0.6, timedelta(minutes=2)

Sessions = Mapping[str, Sequence[float]]

# Sessions of the weekend: series → hours after START at which one ends; everybody writes about it then.
SESSIONS: Sessions = {
    "f1": (12.5, 16.0, 35.5, 39.0, 62.0),
    "wec": (14.0, 37.0, 65.0),
    "motogp": (9.5, 14.5, 34.0, 37.5, 59.0, 61.5),
    "nascar": (40.0, 69.0),
    "wrc": (11.0, 17.0, 36.0, 41.0, 60.0),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What kind of weekend it is, and what the poller has learned when it begins."""

    sessions: Sessions = field(default_factory=lambda: SESSIONS)
    is_weekly: bool = True  # the weeks before had the same sessions
    loudness: float = 2.0  # of a surge, in usual middays
    fading: float = 0.8  # hours in which a surge loses two thirds
    together: float = 0.0  # the share of entries that come as a bunch of three within ten minutes
    queued: float = 0.0  # the share of outlets that publish at the full hour or every quarter of one
    known: timedelta = HISTORY  # how far back what the poller knows of a feed reaches
    warm_up: timedelta = timedelta(days=4)  # the bot has been running since Monday


SHAPES: Mapping[str, Shape] = {
    "usual": Shape(),
    # The weeks before were quiet, and this one is loud.
    "sudden": Shape(is_weekly=False, loudness=5.0, fading=1.2),
    # A race around the clock: somebody writes about it all night, and everybody at its end.
    "endurance": Shape(
        sessions=SESSIONS | {"wec": (*(39.0 + hour for hour in range(0, 24, 2)), 63.0, 63.2)},
        is_weekly=False,
    ),
    # Two series end within minutes of each other, again and again.
    "overlap": Shape(
        sessions=SESSIONS | {"f1": (36.0, 60.0, 62.0), "motogp": (36.2, 59.8, 62.3)}, is_weekly=False
    ),
    # Qualifying and race while most offices sleep.
    "night": Shape(
        sessions=SESSIONS | {"f1": (3.5, 7.0, 27.5, 31.0, 55.0), "nascar": (28.0, 51.5)}, is_weekly=False
    ),
    "bunches": Shape(together=0.6),
    "queue": Shape(queued=0.6),
    "no race": Shape(sessions=dict.fromkeys(SESSIONS, ()), is_weekly=False),
    "strangers": Shape(is_weekly=False, known=timedelta(0), warm_up=timedelta(0)),
    "one week": Shape(is_weekly=False, known=timedelta(days=7), warm_up=timedelta(0)),
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


def rate(outlet: Outlet, at: datetime, shape: Shape = SHAPES["usual"]) -> float:
    """Entries an hour: an office's day, and a surge after each session that fades within two hours."""
    local = (at.hour + at.minute / 60 + outlet.zone) % 24
    day = 0.08 + max(0.0, math.sin((local - 7) / 15 * math.pi)) if 7 <= local <= 22 else 0.08
    weekday = 1.3 if at.weekday() >= 4 else 0.9
    hours = (at - START).total_seconds() / HOUR
    if shape.is_weekly:
        hours %= 168
    surge = sum(
        shape.loudness * math.exp(-(hours - end) / shape.fading)
        for end in shape.sessions[outlet.series]
        if 0 <= hours - end < 5 * shape.fading
    )
    return outlet.per_day / 24 * 2 * weekday * (day + surge)


def trace(outlet: Outlet, chance: random.Random, shape: Shape = SHAPES["usual"]) -> list[datetime]:
    """When an outlet publishes, over four weeks and the weekend (a Poisson process, thinned)."""
    most = outlet.per_day / 24 * 2 * 1.3 * (1.08 + 2 * shape.loudness)
    at, times = START - HISTORY, []
    bunches = 1 + 2 * shape.together  # entries a bunch
    while (at := at + timedelta(hours=chance.expovariate(most / bunches))) < END:
        if chance.random() * most < rate(outlet, at, shape):
            times.append(at)
            if shape.together and chance.random() < shape.together:
                times += [at + timedelta(minutes=chance.uniform(0, 10)) for _ in range(2)]
    if shape.queued and chance.random() < shape.queued:
        times = [_released(at, chance.choice((15, 60)), chance) for at in times]
    return sorted(at for at in times if at < END)


def _released(at: datetime, every: int, chance: random.Random) -> datetime:
    """When a newsroom's system lets an article out: at its next round minute, or seconds after."""
    full = at.replace(minute=at.minute // every * every, second=0, microsecond=0)
    return full + timedelta(minutes=every, seconds=chance.uniform(0, 40))


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a weekend of polling gave."""

    requests: int
    fixed: int  # of polling each feed every five minutes
    delays: Sequence[timedelta]  # of Sunday's entries
    entries: int
    by_outlet: Sequence[tuple[float, timedelta]]  # entries a day, and the mean delay on all three days

    @property
    def saved(self) -> float:
        """The share of requests that fixed polling would have needed on top."""
        return 1 - self.requests / self.fixed

    @property
    def median(self) -> timedelta:
        """How late half of Sunday's entries were seen at most."""
        return statistics.median(self.delays)

    @property
    def mean(self) -> timedelta:
        """How late Sunday's entries were seen, on average."""
        return sum(self.delays, timedelta(0)) / len(self.delays)

    def daily(self) -> timedelta:
        """How late outlets of one to three entries a day were seen, on average."""
        found = [delay for per_day, delay in self.by_outlet if 1 <= per_day < 3]
        return sum(found, timedelta(0)) / max(len(found), 1)


def weekend(seed: int = 1, feeds: int = FEEDS, shape: Shape = SHAPES["usual"]) -> Result:
    """Poll the weekend by the real schedule. Each feed begins with the entries that its document holds."""
    chance = random.Random(seed)
    begin = START - shape.warm_up
    writers = outlets(chance)[:feeds]
    traces = [trace(writer, chance, shape) for writer in writers]
    pulse = Pulse()
    queue: list[tuple[datetime, int]] = []
    state: list[Feed] = []
    seen: list[int] = []
    for number, (writer, times) in enumerate(zip(writers, traces, strict=True)):
        feed = Feed(
            id=number,
            url=f"https://outlet{number}.example/",
            outlet=str(number),
            series=(writer.series,),
            next_check_at=begin,
        )
        past = [at for at in times if at <= begin]
        known = [at for at in past if begin - at < shape.known]
        first = Checked(headers={}, new=tuple(known[-LISTED:]))
        feed = schedule.after_success(feed, first, Moment(now=begin, pace=PACE, random=chance.random))
        state.append(feed)
        seen.append(len(past))
        heapq.heappush(queue, (begin + schedule.spread(feed.url, PACE.interval), number))
    pace, tuned_at = PACE, begin - TUNE_EVERY
    requests, delays = 0, _Delays(feeds)
    while queue and queue[0][0] < END + LONGEST:
        now, number = heapq.heappop(queue)
        if now - tuned_at >= TUNE_EVERY:
            tuned_at = now
            rates = [(each.series, rhythm.rate(each.rhythm, now.timestamp()) or 0) for each in state]
            pulse.expect(rates, now)
            pace = replace(PACE, usual=schedule.usual_rate([each.rhythm for each in state], PACE, now))
        feed = state[number]
        requests += START <= now < END
        new = tuple(_until(traces[number], seen[number], now))
        if new:
            seen[number] += len(new)
            delays.add(number, new, now)
            pulse.beat(feed.series, len(new), now)
        moment = Moment(now=now, pace=pace, random=chance.random, pulse=pulse.of(feed.series, now))
        if new:
            feed = state[number] = schedule.after_success(feed, Checked(headers={}, new=new), moment)
            heapq.heappush(queue, (feed.next_check_at, number))
        else:
            heapq.heappush(queue, (schedule.next_check(feed.rhythm, moment), number))
    return Result(
        requests=requests,
        fixed=round(feeds * ((END - START) / FIXED)),
        delays=delays.of_sunday,
        entries=sum(sum(START <= at < END for at in times) for times in traces),
        by_outlet=[
            (writer.per_day, delay)
            for writer, delay in zip(writers, delays.means(), strict=True)
            if delay is not None
        ],
    )


def _until(times: Sequence[datetime], seen: int, now: datetime) -> Iterator[datetime]:
    while seen < len(times) and times[seen] <= now:
        yield times[seen]
        seen += 1


class _Delays:
    """How late entries were seen."""

    def __init__(self, feeds: int) -> None:
        self.of_sunday: list[timedelta] = []
        self._of: list[list[timedelta]] = [[] for _ in range(feeds)]

    def add(self, number: int, new: Sequence[datetime], now: datetime) -> None:
        self.of_sunday += [now - at for at in new if SUNDAY <= at < END]
        self._of[number] += [now - at for at in new if START <= at < END]

    def means(self) -> list[timedelta | None]:
        return [sum(each, timedelta(0)) / len(each) if each else None for each in self._of]


def main() -> int:
    """Simulate weekends and print; 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3, help="simulate so many weekends of each shape")
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--shapes", default="usual", help=f"comma-separated, or all: {', '.join(SHAPES)}")
    asked = parser.parse_args()
    missed = 0
    for name in SHAPES if asked.shapes == "all" else asked.shapes.split(","):
        for seed in range(asked.first, asked.first + asked.seeds):
            result = weekend(seed, shape=SHAPES[name])
            met = result.saved >= GOAL_SAVED and result.median <= GOAL_MEDIAN
            missed += not met
            print(f"{'ok    ' if met else 'MISSED'} {name:9} seed {seed}: {_told(result)}", flush=True)
    return 1 if missed else 0


def _told(result: Result) -> str:
    delays = [delay.total_seconds() for delay in result.delays]
    return (
        f"{result.entries} entries; {result.requests} requests, {result.saved:.1%} fewer than every 5 minutes "
        f"(goal {GOAL_SAVED:.0%}); Sunday's delay: median {result.median.total_seconds():.0f} s "
        f"(goal {GOAL_MEDIAN.total_seconds():.0f}), mean {statistics.mean(delays):.0f} s, "
        f"p90 {statistics.quantiles(delays, n=10)[8]:.0f} s; daily outlets' mean {result.daily().total_seconds() / 60:.0f} min"
    )


if __name__ == "__main__":
    raise SystemExit(main())
