"""The pacer on simulated time against servers that count as the platforms do."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import StorageError
from bot.model import Lane, Rate
from bot.pacing import ALL, Flight, Pacer
from tests.simulated import START, simulate, simulated_now

DISCORD = Rate(count=50, per=timedelta(seconds=1))
TELEGRAM = Rate(count=30, per=timedelta(seconds=1))
CHANNEL = Rate(count=5, per=timedelta(seconds=5))
CHAT = Rate(count=1, per=timedelta(seconds=1))
GROUP = Rate(count=20, per=timedelta(seconds=60))


def now() -> float:
    return asyncio.get_running_loop().time()


class FixedWindows:
    """Discord's buckets: a window opens with its first hit and counts until it ends."""

    def __init__(self, rate: Rate) -> None:
        self.rate, self.used, self.end, self.refused = rate, 0, 0.0, 0

    def hit(self) -> bool:
        if now() >= self.end:
            self.used, self.end = 0, now() + self.rate.per.total_seconds()
        self.used += 1
        self.refused += self.used > self.rate.count
        return self.used <= self.rate.count

    @property
    def left(self) -> int:
        return max(0, int(self.rate.count) - self.used)


class SlidingWindow:
    """The strictest way to count: never more than so many in any span."""

    def __init__(self, rate: Rate) -> None:
        self.rate, self.hits, self.refused = rate, deque[float](), 0

    def hit(self) -> bool:
        while self.hits and self.hits[0] <= now() - self.rate.per.total_seconds():
            self.hits.popleft()
        if len(self.hits) >= self.rate.count:
            self.refused += 1
            return False
        self.hits.append(now())
        return True


async def flood(
    pacer: Pacer,
    server: FixedWindows | SlidingWindow,
    posts: int,
    rate: Rate,
    *,
    jitter: float = 0.015,
    skip: int = 0,
) -> float:
    """Keep 16 senders busy with a post each to another chat; return the accepted rate a second after the first few."""
    todo, accepted = iter(range(posts)), list[float]()
    rng = random.Random(7)

    async def sender() -> None:
        for n in todo:
            await pacer.slot({ALL: rate, f"chat {n}": CHAT}, Lane.NEWS)
            await asyncio.sleep(0.06 + rng.uniform(0, jitter))
            if server.hit():
                accepted.append(now())
            await asyncio.sleep(0.06)

    async with asyncio.TaskGroup() as group:
        for _ in range(16):
            group.create_task(sender())
    assert len(accepted) + server.refused == posts
    return (len(accepted) - 1 - skip) / (accepted[-1] - accepted[skip])


@pytest.mark.parametrize("limit", [DISCORD, TELEGRAM], ids=["discord", "telegram"])
@pytest.mark.parametrize("server", [FixedWindows, SlidingWindow])
def test_a_flood_reaches_98_percent_of_the_limit_without_a_single_refusal(
    limit: Rate, server: type[FixedWindows] | type[SlidingWindow]
) -> None:
    platform = server(limit)
    rate = simulate(flood(Pacer("x"), platform, 800, limit, skip=100))
    assert platform.refused == 0
    assert rate >= 0.98 * limit.count


def test_five_thousand_posts_reach_98_percent_from_the_first_to_the_last() -> None:
    platform = FixedWindows(DISCORD)
    assert simulate(flood(Pacer("x"), platform, 5_000, DISCORD)) >= 49.0
    assert platform.refused == 0


def test_cold_connections_at_the_beginning_cause_no_refusal() -> None:
    async def scenario() -> None:
        pacer, platform = Pacer("x"), FixedWindows(DISCORD)

        async def send(number: int) -> None:
            flight = Flight()
            await pacer.slot({ALL: DISCORD}, Lane.NEWS, flight=flight)
            await asyncio.sleep(0.2 if number < 10 else 0.02)  # a handshake, and then none
            platform.hit()
            pacer.answered(flight)

        async with asyncio.TaskGroup() as group:
            for number in range(150):
                group.create_task(send(number))
        assert platform.refused == 0

    simulate(scenario())


def test_an_event_loop_that_stalls_now_and_then_catches_up_without_a_burst() -> None:
    async def scenario() -> None:
        pacer, granted, platform = Pacer("x"), list[float](), SlidingWindow(DISCORD)
        loop = asyncio.get_running_loop()

        async def sender() -> None:
            while now() < 60:
                await pacer.slot({ALL: DISCORD}, Lane.NEWS)
                platform.hit()
                granted.append(now())

        def stall() -> None:  # everything that was due meanwhile comes 80 ms late
            loop.simulated.time += 0.080  # type: ignore[attr-defined]
            loop.call_later(5, stall)

        loop.call_later(5, stall)
        async with asyncio.TaskGroup() as group:
            for _ in range(16):
                group.create_task(sender())
        assert platform.refused == 0
        assert len(granted) / 60 >= 48.8  # 49.15 but for the beginning
        gaps = [later - earlier for earlier, later in itertools.pairwise(granted)]
        assert min(gaps) > 0.018

    simulate(scenario())


def test_what_leaves_later_than_it_was_granted_counts_from_then_on() -> None:
    async def scenario() -> None:
        pacer, loop = Pacer("x"), asyncio.get_running_loop()

        def stall() -> None:
            loop.simulated.time += 0.3  # type: ignore[attr-defined]

        sending = asyncio.create_task(pacer.slot({ALL: TELEGRAM, "chat -1": CHAT}, Lane.NEWS))
        loop.call_soon(stall)  # after the grant, before its sender runs
        await sending
        assert now() == 0.3
        for _ in range(29):
            await pacer.slot({ALL: TELEGRAM}, Lane.NEWS)
        await pacer.slot({ALL: TELEGRAM}, Lane.NEWS)
        assert now() >= 1.3

    simulate(scenario())


def test_after_an_idle_hour_nothing_is_caught_up_with() -> None:
    async def scenario() -> None:
        pacer = Pacer("x")
        await pacer.slot({ALL: DISCORD}, Lane.NEWS)
        await asyncio.sleep(3600)
        began = now()
        for _ in range(50):
            await pacer.slot({ALL: DISCORD}, Lane.NEWS)
        assert now() - began >= 49 / 50 / 0.983

    simulate(scenario())


async def seconds_for(pacer: Pacer, buckets: Mapping[str, Rate], posts: int, lane: Lane = Lane.NEWS) -> float:
    began = now()
    for _ in range(posts):
        await pacer.slot(buckets, lane)
    return now() - began


def test_a_chat_hears_one_message_a_second_and_a_group_twenty_a_minute() -> None:
    async def scenario() -> None:
        chat = {ALL: TELEGRAM, "chat 7": CHAT}
        assert await seconds_for(Pacer("x"), chat, 10) == pytest.approx(9 / 0.98, rel=0.01)
        group = chat | {"group 7": GROUP}
        assert await seconds_for(Pacer("x"), group, 101) == pytest.approx(100 * 60.1 / 19, rel=0.01)

    simulate(scenario())


def test_a_single_story_goes_at_once_into_a_group_where_the_bot_was_just_asked() -> None:
    async def scenario() -> None:
        pacer, buckets = Pacer("x"), {ALL: TELEGRAM, "chat -1": CHAT, "group -1": GROUP}
        for _ in range(12):
            await asyncio.sleep(2)
            assert await seconds_for(pacer, buckets, 1, Lane.ANSWER) < 0.1
        assert await seconds_for(pacer, buckets, 1) == pytest.approx(1 / 0.98, rel=0.01)
        await asyncio.sleep(1)
        assert await seconds_for(pacer, buckets, 1) < 0.1

    simulate(scenario())


def test_a_restart_does_not_forget_what_the_platform_still_counts() -> None:
    async def scenario() -> None:
        platform, sent = SlidingWindow(GROUP), list[float]()
        while now() < 300:
            pacer, started = Pacer("x"), now()
            buckets = {"chat -1": CHAT, "group -1": GROUP}
            await pacer.recollect({"group -1": GROUP}, [now() - at for at in sent if now() - at < 60])
            while now() < started + 17:
                await pacer.slot(buckets, Lane.NEWS)
                assert platform.hit()
                sent.append(now())
            await asyncio.sleep(1)
        assert len(sent) >= 5 * 17

    simulate(scenario())


class Facts:
    """The part of a store that a pacer remembers with."""

    def __init__(self) -> None:
        self.kept = dict[str, str]()

    async def remember(self, key: str, value: str) -> None:
        self.kept[key] = value

    async def recall(self, key: str) -> str | None:
        return self.kept.get(key)


def test_a_restart_does_not_forget_who_was_answered_a_moment_ago() -> None:
    async def scenario() -> None:
        platform, facts, buckets = SlidingWindow(GROUP), Facts(), {ALL: TELEGRAM, "group -1": GROUP}
        for _ in range(10):
            pacer = Pacer("x", clock=simulated_now, memory=facts)
            for _ in range(7):
                await pacer.slot(buckets, Lane.ANSWER)
                assert platform.hit()
            await asyncio.sleep(0.3)  # then it is killed
        assert now() < 70 / 20 * 60 + 15

    simulate(scenario())


@pytest.mark.parametrize("bucket", [ALL, "chat -1"])
def test_a_restart_goes_on_waiting_as_the_platform_said(bucket: str) -> None:
    async def scenario() -> None:
        facts, buckets = Facts(), {ALL: TELEGRAM, "chat -1": CHAT}
        before = Pacer("x", clock=simulated_now, memory=facts)
        await before.slot(buckets, Lane.NEWS)
        before.hold(bucket, timedelta(seconds=200))
        await asyncio.sleep(30)
        pacer = Pacer("x", clock=simulated_now, memory=facts)
        await pacer.slot(buckets, Lane.ANSWER)
        assert now() == pytest.approx(200, abs=1)

    simulate(scenario())


def test_a_clock_that_went_back_makes_no_wait_longer_than_the_platform_said() -> None:
    async def scenario() -> None:
        facts, buckets = Facts(), {ALL: TELEGRAM, "group -1": GROUP}
        before = Pacer("x", clock=simulated_now, memory=facts)
        await seconds_for(before, buckets, 20, Lane.ANSWER)
        before.hold(ALL, timedelta(seconds=20))
        await asyncio.sleep(1)
        pacer = Pacer("x", clock=lambda: simulated_now() - timedelta(hours=1), memory=facts)
        assert await seconds_for(pacer, buckets, 1, Lane.ANSWER) <= 61

    simulate(scenario())


@pytest.mark.parametrize("kept", ["", "[]", "{}", '{"answers": 3}', '{"answers": [], "holds": {"all": 1}}'])
def test_what_another_version_wrote_about_limits_is_no_obstacle(kept: str) -> None:
    async def scenario() -> None:
        facts = Facts()
        facts.kept["pacing.x"] = kept
        assert await seconds_for(Pacer("x", clock=simulated_now, memory=facts), {ALL: TELEGRAM}, 1) == 0

    simulate(scenario())


def test_posts_of_the_process_before_count_besides_its_answers() -> None:
    async def scenario() -> None:
        facts, buckets = Facts(), {ALL: TELEGRAM, "group -1": GROUP}
        await asyncio.sleep(30)
        before = Pacer("x", clock=simulated_now, memory=facts)
        await seconds_for(before, buckets, 5, Lane.ANSWER)
        await asyncio.sleep(0.3)
        pacer = Pacer("x", clock=simulated_now, memory=facts)
        await pacer.recollect(buckets, [20.0] * 15)
        assert await seconds_for(pacer, buckets, 1, Lane.ANSWER) == pytest.approx(40, abs=1)

    simulate(scenario())


def test_what_could_be_doubled_is_on_its_way_alone_while_that_costs_nothing() -> None:
    async def scenario(seconds: float, disk: float = 0.004, rate: Rate = TELEGRAM) -> tuple[int, float]:
        pacer, todo, flying, most = Pacer("x"), iter(range(600)), set[Flight](), 0

        async def sender() -> None:
            nonlocal most
            for _ in todo:
                flight = Flight(may_double=True)
                await pacer.slot({ALL: rate}, Lane.NEWS, flight=flight)
                flying.add(flight)
                most = max(most, len(flying))
                await asyncio.sleep(seconds)
                pacer.answered(flight)
                await asyncio.sleep(disk)
                flying.discard(flight)
                pacer.land(flight)

        await asyncio.gather(*(sender() for _ in range(16)))
        return most, 600 / now()

    most, rate = simulate(scenario(0.010))
    assert most == 1
    assert rate == pytest.approx(29.6, abs=0.3)
    assert simulate(scenario(0.010, rate=Rate(count=500, per=timedelta(seconds=1))))[0] == 1
    assert simulate(scenario(0.010, disk=0.5))[0] == 2  # a stalled disk holds everything up
    most, rate = simulate(scenario(0.12))
    assert rate >= 28.5  # it begins with one
    assert 4 <= most <= 7


async def travel(
    pacer: Pacer,
    limit: Rate,
    posts: int,
    trip: Callable[[], tuple[float, float]],
    *,
    senders: int = 48,
) -> tuple[int, float]:
    """Send posts that travel for so long, there and back; return the refusals and the share of the limit used."""
    platform, todo, arrived = SlidingWindow(limit), iter(range(posts)), list[float]()

    async def sender() -> None:
        for _ in todo:
            flight = Flight()
            await pacer.slot({ALL: limit}, Lane.NEWS, flight=flight)
            there, back = trip()
            await asyncio.sleep(there)
            platform.hit()
            arrived.append(now())
            await asyncio.sleep(back)
            pacer.answered(flight)

    async with asyncio.TaskGroup() as group:
        for _ in range(senders):
            group.create_task(sender())
    return platform.refused, (posts - 101) / (max(arrived) - arrived[100]) / limit.count


@given(
    limit=st.sampled_from([DISCORD, TELEGRAM]),
    there=st.floats(0, 0.15),
    back=st.floats(0, 0.15),
    late=st.floats(0, 0.02),
    seed=st.integers(0, 999),
)
@settings(max_examples=15)
def test_no_window_is_too_full_however_late_each_arrives_as_far_as_answers_show_it(
    limit: Rate, there: float, back: float, late: float, seed: int
) -> None:
    rng, trips = random.Random(seed), itertools.count()

    def trip() -> tuple[float, float]:  # the shortest is seen first: what is late is late against that
        return (
            (there, back) if not next(trips) else (there + rng.uniform(0, late), back + rng.uniform(0, 0.01))
        )

    refused, share = simulate(travel(Pacer("x"), limit, 400, trip))
    assert refused == 0
    assert share >= 0.97


@pytest.mark.parametrize("limit", [DISCORD, TELEGRAM], ids=["discord", "telegram"])
def test_a_platform_that_takes_now_50_and_now_300_ms_costs_no_more_than_three_percent(limit: Rate) -> None:
    rng = random.Random(3)
    refused, share = simulate(
        travel(Pacer("x"), limit, 700, lambda: (rng.uniform(0.02, 0.025), rng.uniform(0.025, 0.275)))
    )
    assert refused == 0
    assert share >= 0.97


def test_a_post_that_was_long_on_its_way_keeps_back_the_one_that_would_share_its_window() -> None:
    async def scenario() -> None:
        rng = random.Random(5)
        pacer = Pacer("x")

        def trip() -> tuple[float, float]:  # one in a hundred is lost and sent again by the network
            return rng.choice([0.2] + [0.003] * 99), 0.005

        refused, share = await travel(pacer, DISCORD, 1000, trip)
        assert refused == 0
        assert share >= 0.98

    simulate(scenario())


def test_what_piled_up_before_a_stalled_platform_is_counted_from_its_arrival() -> None:
    async def scenario() -> None:
        pacer, platform, todo = Pacer("x"), SlidingWindow(DISCORD), iter(range(1000))

        async def sender() -> None:
            for _ in todo:
                flight = Flight()
                await pacer.slot({ALL: DISCORD}, Lane.NEWS, flight=flight)
                await asyncio.sleep(0.005)
                if now() % 3 > 2.8:  # every three seconds nobody is at home for a while
                    await asyncio.sleep(3 - now() % 3)
                platform.hit()
                await asyncio.sleep(0.005)
                pacer.answered(flight)

        await asyncio.gather(*(sender() for _ in range(16)))
        assert platform.refused == 0
        assert 1000 / now() > 43

    simulate(scenario())


def test_a_post_that_hangs_keeps_back_the_others_for_a_moment_only() -> None:
    async def scenario() -> None:
        pacer = Pacer("x")
        await pacer.slot({ALL: TELEGRAM}, Lane.NEWS, flight=Flight(may_double=True))
        assert await seconds_for(pacer, {ALL: TELEGRAM}, 1, Lane.ANSWER) < 0.1
        began = now()
        await pacer.slot({ALL: TELEGRAM}, Lane.NEWS, flight=Flight(may_double=True))
        assert now() - began <= 1

    simulate(scenario())


def test_a_channel_gets_a_burst_only_when_the_platform_said_that_it_may() -> None:
    async def scenario() -> None:
        pacer, platform = Pacer("x"), FixedWindows(CHANNEL)
        buckets = {ALL: DISCORD, "channel 1": CHANNEL}

        async def post() -> None:
            await pacer.slot(buckets, Lane.NEWS)
            await asyncio.sleep(0.05)
            assert platform.hit()
            pacer.learn(
                "channel 1",
                remaining=platform.left,
                reset_after=timedelta(seconds=platform.end - now()),
                rate=CHANNEL,
            )
            await asyncio.sleep(0.05)

        began = now()
        for _ in range(5):
            await post()
        assert now() - began < 1  # nobody said anything about the first one; its answer allowed four more
        for _ in range(45):
            await post()
        assert platform.refused == 0
        assert now() - began == pytest.approx(46, rel=0.03)
        assert await seconds_for(Pacer("x"), buckets, 6) == pytest.approx(5 / 0.98, rel=0.02)

    simulate(scenario())


def test_a_parked_chat_holds_nobody_else() -> None:
    async def scenario() -> None:
        pacer = Pacer("x")
        pacer.hold("chat 1", timedelta(seconds=30))
        flooded = asyncio.create_task(pacer.slot({ALL: TELEGRAM, "chat 1": CHAT}, Lane.NEWS))
        for n in range(2, 32):
            await asyncio.wait_for(pacer.slot({ALL: TELEGRAM, f"chat {n}": CHAT}, Lane.NEWS), 0.1)
        assert not flooded.done()
        await flooded
        assert now() == pytest.approx(30, abs=0.01)

    simulate(scenario())


def test_answers_go_before_edits_before_news_before_the_rest() -> None:
    async def scenario() -> None:
        pacer, order = Pacer("x"), list[Lane]()
        await pacer.slot({ALL: TELEGRAM}, Lane.NEWS)

        async def send(lane: Lane) -> None:
            await pacer.slot({ALL: TELEGRAM}, lane)
            order.append(lane)

        async with asyncio.TaskGroup() as group:
            for lane in (Lane.BACKFILL, Lane.NEWS, Lane.URGENT, Lane.ANSWER):
                group.create_task(send(lane))
        assert order == [Lane.ANSWER, Lane.URGENT, Lane.NEWS, Lane.BACKFILL]

    simulate(scenario())


def test_a_flood_of_answers_leaves_news_one_place_in_three() -> None:
    async def scenario() -> None:
        pacer, sent = Pacer("x"), defaultdict[Lane, int](int)

        async def keep_sending(lane: Lane) -> None:
            while now() < 10:
                await pacer.slot({ALL: TELEGRAM}, lane)
                sent[lane] += 1

        async with asyncio.TaskGroup() as group:
            for _ in range(20):
                group.create_task(keep_sending(Lane.ANSWER))
            group.create_task(keep_sending(Lane.BACKFILL))
        assert sent[Lane.BACKFILL] >= 0.3 * sum(sent.values())
        assert sent[Lane.ANSWER] >= 0.6 * sum(sent.values())

    simulate(scenario())


def test_an_answer_in_a_flooded_group_goes_at_once() -> None:
    async def scenario() -> None:
        pacer, platform = Pacer("x"), SlidingWindow(GROUP)
        buckets = {ALL: TELEGRAM, "chat -1": CHAT, "group -1": GROUP}

        async def news() -> None:
            while now() < 300:
                await pacer.slot(buckets, Lane.NEWS)
                assert platform.hit()

        flooding = asyncio.create_task(news())
        for at in (61.1, 122.2, 203.3):
            await asyncio.sleep(at - now())
            assert await seconds_for(pacer, buckets, 1, Lane.ANSWER) < 0.1
            assert platform.hit()
        await flooding
        assert platform.refused == 0

    simulate(scenario())


def test_a_429_holds_its_bucket_slows_it_a_little_and_is_forgotten() -> None:
    async def scenario() -> None:
        pacer, even = Pacer("x"), 1 / 50 / 0.983
        await pacer.slot({ALL: DISCORD}, Lane.NEWS)
        pacer.hold(ALL, timedelta(seconds=2))
        pacer.hold(ALL, timedelta(seconds=2))  # told by the adapter and by the outbox: one 429
        assert await seconds_for(pacer, {ALL: DISCORD}, 1) == pytest.approx(2, abs=0.001)
        await seconds_for(pacer, {ALL: DISCORD}, 100)  # warming up
        assert await seconds_for(pacer, {ALL: DISCORD}, 50) == pytest.approx(50 * even * 1.01, rel=0.001)
        await asyncio.sleep(11 * 60)
        await seconds_for(pacer, {ALL: DISCORD}, 100)
        assert await seconds_for(pacer, {ALL: DISCORD}, 50) == pytest.approx(50 * even, rel=0.001)

    simulate(scenario())


@pytest.mark.parametrize("is_granted", [True, False], ids=["after the grant", "while waiting"])
def test_a_cancelled_wait_gives_its_place_back(is_granted: bool) -> None:
    async def scenario() -> None:
        pacer = Pacer("x")
        buckets = {ALL: DISCORD, "chat 1": CHAT}
        await pacer.slot(buckets, Lane.NEWS)
        waiting = asyncio.create_task(pacer.slot(buckets, Lane.NEWS))
        await asyncio.sleep(0.5)
        if is_granted:  # cancelled in the very turn of the loop that granted it
            asyncio.get_running_loop().call_at(1 / 0.98 + 5e-10, waiting.cancel)
        else:
            waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await pacer.slot(buckets, Lane.NEWS)
        assert now() == pytest.approx(1 / 0.98, abs=0.001)
        assert pacer.waiting == 0

    simulate(scenario())


def test_idle_buckets_are_forgotten() -> None:
    async def scenario() -> None:
        pacer = Pacer("x")
        for n in range(2500):
            await pacer.slot({ALL: DISCORD, f"channel {n}": CHANNEL}, Lane.NEWS)
        assert pacer.buckets < 1100

    simulate(scenario())


def test_the_time_that_a_place_is_busy_is_known_without_waiting() -> None:
    async def scenario() -> None:
        pacer, buckets = Pacer("x"), {ALL: TELEGRAM, "chat 1": CHAT}
        assert pacer.busy_for(buckets) == timedelta()
        await pacer.slot(buckets, Lane.NEWS)
        assert pacer.busy_for(buckets).total_seconds() == pytest.approx(1 / 0.98)
        assert pacer.busy_for({ALL: TELEGRAM, "chat 2": CHAT}) == timedelta()

    simulate(scenario())


def test_a_console_without_limits_never_waits() -> None:
    assert simulate(seconds_for(Pacer("console"), {}, 1000)) == 0


class Schedule:
    """A schedule that processes share, as a store keeps it."""

    def __init__(self, delay: float = 0.002) -> None:
        self.last, self.delay, self.is_down, self.taken = START, delay, False, 0

    async def reserve(self, bucket: str, gap: timedelta, *, now: datetime) -> datetime:
        await asyncio.sleep(self.delay)
        if self.is_down:
            raise StorageError("the database is restarting")
        self.taken += 1
        self.last = max(now, self.last + gap)
        return self.last


def test_three_processes_with_one_token_share_its_limit() -> None:
    async def scenario() -> None:
        schedule, platform, sent = Schedule(), SlidingWindow(DISCORD), [0, 0, 0]

        async def process(number: int) -> None:
            pacer = Pacer("discord", clock=simulated_now, store=schedule)

            async def sender(name: int) -> None:
                chat = {ALL: DISCORD, f"chat {number} {name}": CHANNEL} if number else {ALL: DISCORD}
                while now() < 20:
                    await pacer.slot(chat, Lane.NEWS)
                    assert platform.hit()
                    sent[number] += 1

            async with asyncio.TaskGroup() as group:
                for name in range(8):
                    group.create_task(sender(name))

        async with asyncio.TaskGroup() as group:
            for number in range(3):
                group.create_task(process(number))
        assert sum(sent) / 20 >= 49.0
        assert min(sent) > 0.1 * sum(sent)
        assert schedule.taken <= sum(sent) + 30  # nobody takes places that it cannot use

    simulate(scenario())


def test_without_the_shared_schedule_a_process_keeps_its_own_pace() -> None:
    async def scenario() -> None:
        schedule = Schedule()
        schedule.is_down = True
        pacer = Pacer("discord", clock=simulated_now, store=schedule)
        assert await seconds_for(pacer, {ALL: DISCORD}, 51) == pytest.approx(1.3, rel=0.15)

    simulate(scenario())
