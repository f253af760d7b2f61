"""When a feed is checked next: by its rhythm, and never sooner than it asks."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.errors import FetchError
from bot.feeds import rhythm, schedule, trouble
from bot.feeds.pulse import Pulse
from bot.feeds.schedule import Checked, Moment, Pace
from bot.model import Feed, FeedDocument, FeedState
from tools.bench.weekend import SHAPES, weekend

NOW = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)  # a Sunday
PACE = Pace(interval=timedelta(minutes=15), least=timedelta(minutes=2))
FEED = Feed(id=1, url="https://x.example/feed", outlet="X", next_check_at=NOW)


def middle() -> float:
    return 0.5


def at(now: datetime = NOW, pace: Pace = PACE, **more: object) -> Moment:
    return Moment(**{"now": now, "pace": pace, "random": middle, **more})  # type: ignore[arg-type]


def after(feed: Feed = FEED, moment: Moment | None = None, **found: object) -> Feed:
    checked = Checked(**{"headers": {}, **found})  # type: ignore[arg-type]
    return schedule.after_success(feed, checked, moment or at())


def failed(feed: Feed, error: FetchError) -> Feed:
    return schedule.after_failure(feed, error, at())


def span(feed: Feed, now: datetime = NOW) -> timedelta:
    return feed.next_check_at - now


def weeks(hours: range, days: range, each_hour: int = 1) -> list[datetime]:
    """Entries of the last four weeks, at these hours of these weekdays."""
    start = NOW - timedelta(days=28)
    return [
        start + timedelta(days=day, hours=hour - start.hour, minutes=n * 50 // each_hour)
        for day in range(28)
        if (start + timedelta(days=day)).weekday() in days
        for hour in hours
        for n in range(each_hour)
    ]


def test_a_feed_that_nothing_is_known_about_is_checked_once_an_interval() -> None:
    assert schedule.next_check({}, at()) == NOW + timedelta(minutes=15)


def test_a_busy_feed_is_checked_often_and_never_more_than_allowed() -> None:
    busy = after(new=tuple(NOW - timedelta(minutes=3 * n) for n in range(60)))
    assert PACE.least <= span(busy) < timedelta(minutes=5)
    flood = after(new=tuple(NOW - timedelta(seconds=n) for n in range(2000)))
    assert span(flood) == PACE.least


def test_a_sleeping_feed_is_checked_once_an_hour() -> None:
    assert span(after(new=(NOW - timedelta(days=20),))) == timedelta(hours=1)
    unknown = after(document=FeedDocument(title="", kind="rss20", entries=()))
    assert span(unknown) == PACE.interval, "silence means nothing before it was listened to for a day"
    assert span(after(unknown, at(NOW + timedelta(days=1))), NOW + timedelta(days=1)) == timedelta(hours=1)


def test_at_its_night_a_feed_is_asked_less_than_by_day() -> None:
    office = replace(FEED, rhythm=rhythm.learned({}, weeks(range(8, 18), range(7), 2), now=NOW))
    day = schedule.adaptive(office.rhythm, at(NOW.replace(hour=11)))
    night = schedule.adaptive(office.rhythm, at(NOW.replace(hour=2) + timedelta(days=1)))
    assert day * 3 < night


def test_on_its_days_a_feed_is_asked_more() -> None:
    racing = replace(FEED, rhythm=rhythm.learned({}, weeks(range(8, 20), range(5, 7), 4), now=NOW))
    sunday = schedule.adaptive(racing.rhythm, at(NOW + timedelta(days=7)))
    wednesday = schedule.adaptive(racing.rhythm, at(NOW + timedelta(days=3)))
    assert sunday * 1.5 < wednesday


def test_an_outlet_that_is_publishing_is_asked_sooner() -> None:
    past = [NOW - timedelta(hours=2 * n) for n in range(2, 20)]
    quiet = after(new=tuple(past))
    writing = after(new=(*past[1:], NOW))
    assert span(writing) < span(quiet)


def test_while_a_series_is_much_written_about_its_feeds_are_asked_sooner() -> None:
    feed = after(new=tuple(NOW - timedelta(hours=2 * n) for n in range(2, 24)))
    quiet, usual, excited = (schedule.adaptive(feed.rhythm, at(pulse=pulse)) for pulse in (0.5, 1, 2.5))
    assert excited * 2 < usual <= quiet


def test_an_outlet_that_writes_daily_is_asked_more_often_by_day_than_one_that_sleeps() -> None:
    daily = replace(FEED, rhythm=rhythm.learned({}, weeks(range(13, 15), range(7)), now=NOW))
    spans = [schedule.adaptive(daily.rhythm, at(NOW.replace(hour=hour), pulse=0.5)) for hour in (13, 2)]
    assert spans[0] <= 45 * 60 < spans[1] == 3600


def test_habits_fade() -> None:
    once = rhythm.learned({}, weeks(range(8, 18), range(7)), now=NOW)
    later = NOW + timedelta(days=90)
    assert (rhythm.rate(once, later.timestamp()) or 1) < (rhythm.rate(once, NOW.timestamp()) or 0) / 5


def test_an_interval_under_a_minute_is_meant_as_it_is() -> None:
    pace = Pace(interval=timedelta(seconds=2), least=timedelta(seconds=1))
    asleep = after(new=(NOW - timedelta(days=20),), moment=at(pace=pace))
    assert span(asleep) <= timedelta(seconds=2.2)


@pytest.mark.parametrize(
    ("headers", "minutes"),
    [
        ({"Cache-Control": "public, max-age=7200"}, 120),
        ({"Cache-Control": "max-age=7200", "Age": "1800"}, 90),
        ({"Expires": "Sun, 22 Nov 2026 16:00:00 GMT", "Date": "Sun, 22 Nov 2026 14:00:00 GMT"}, 120),
        ({"Cache-Control": "max-age=7200, no-cache"}, 15),
        ({"Cache-Control": "max-age=99999999999999"}, 24 * 60),
        ({"Cache-Control": "max-age=soon"}, 15),
        ({"Expires": "0", "Date": "Sun, 22 Nov 2026 14:00:00 GMT"}, 15),
        ({"Expires": "Sun, 22 Nov 2026 16:00:00 GMT"}, 120),
        ({}, 15),
    ],
)
def test_a_feed_is_never_checked_sooner_than_its_server_asks(headers: dict[str, str], minutes: int) -> None:
    usual = replace(
        FEED,
        rhythm={
            "mass": 23.9,
            "since": NOW.timestamp() - 86_400,
            "at": NOW.timestamp(),
            "hours": "1 " * 24,
            "days": "3.4 " * 7,
        },
    )
    feed = after(usual, headers=headers)
    assert span(feed) == pytest.approx(timedelta(minutes=minutes), abs=timedelta(minutes=1))


def test_ttl_holds_until_the_feed_says_otherwise() -> None:
    document = FeedDocument(title="", kind="rss20", entries=(), ttl=timedelta(hours=3))
    feed = after(document=document)
    assert span(feed) == timedelta(hours=3)
    assert span(after(feed)) == timedelta(hours=3), "a 304 says nothing new"
    assert span(after(feed, document=replace(document, ttl=None))) == PACE.interval


def test_hours_and_days_that_a_feed_skips_are_skipped() -> None:
    skips = {"skip_hours": [14, 15], "skip_days": [0]}
    assert schedule.next_check(skips, at()) == NOW.replace(hour=16)
    late = NOW.replace(hour=23, minute=50)
    assert schedule.next_check(skips, at(late)) == late.replace(day=24, hour=0, minute=0)
    document = FeedDocument(title="", kind="rss20", entries=(), skip_hours=frozenset({14, 15}))
    assert after(document=document).next_check_at == NOW.replace(hour=16)


def test_the_operators_wish_for_a_feed_overrules_its_server() -> None:
    assert span(
        after(headers={"Cache-Control": "max-age=7200"}, moment=at(every=timedelta(minutes=3)))
    ) == timedelta(minutes=3)


def test_jitter_stays_within_a_tenth() -> None:
    for number in (0.0, 1.0):
        moment = at(random=lambda number=number: number)
        assert abs((schedule.next_check({}, moment) - NOW) / timedelta(minutes=15) - 1) <= 0.1001


def test_failures_back_off_to_a_day_and_retry_after_is_obeyed() -> None:
    feed, spans = FEED, []
    for _ in range(9):
        feed = failed(feed, FetchError("down", status=500))
        spans.append(span(feed) / timedelta(minutes=15))
    assert spans == [2, 4, 8, 16, 32, 64, 96, 96, 96]
    told = FetchError("wait", status=429, retry_at=NOW + timedelta(hours=5))
    assert span(failed(FEED, told)) == timedelta(hours=5)


def test_a_success_ends_the_failing() -> None:
    failing = failed(FEED, FetchError("down"))
    well = after(failing)
    assert (well.error_count, well.failing_since, well.trouble) == (0, None, None)


def test_410_ends_a_feed_and_a_week_of_failure_pauses_it() -> None:
    assert failed(FEED, FetchError("gone", status=410)).state == FeedState.GONE
    failing = replace(FEED, failing_since=NOW - timedelta(days=7), error_count=9)
    paused = failed(failing, trouble.error("wall", 403, status=403))
    assert (paused.state, paused.trouble) == (FeedState.PAUSED, "trouble.paused|7|trouble.wall|403")


def test_a_machine_that_slept_for_a_week_gives_no_feed_up() -> None:
    asleep = replace(FEED, failing_since=NOW - timedelta(days=8), error_count=2)
    assert failed(asleep, FetchError("no network yet")).state == FeedState.ACTIVE


@pytest.mark.parametrize("interval", [timedelta(seconds=10), timedelta(minutes=15), timedelta(days=1)])
def test_a_feed_that_fails_all_week_is_paused_however_seldom_it_is_asked(interval: timedelta) -> None:
    feed, now = FEED, NOW
    while feed.state == FeedState.ACTIVE and now < NOW + timedelta(days=9):
        moment = at(now, replace(PACE, interval=interval), random=lambda: 1.0)
        feed = schedule.after_failure(feed, FetchError("down", status=500), moment)
        now = feed.next_check_at
    assert (feed.state, feed.error_count >= schedule.ENOUGH) == (FeedState.PAUSED, True)


def test_only_the_third_redirect_to_the_same_address_in_a_row_moves_a_feed() -> None:
    feed = FEED
    for target in (
        "https://a.example/",
        "https://a.example/",
        None,
        "https://a.example/",
        "https://b.example/",
        "https://a.example/",
        "https://a.example/",
    ):
        feed = after(feed, moved_to=target)
        assert feed.url == FEED.url
    assert after(feed, moved_to="https://a.example/").url == "https://a.example/"


def test_a_place_in_the_first_round_is_always_the_same_for_a_feed() -> None:
    places = {schedule.spread(f"https://x.example/{n}", timedelta(minutes=1)) for n in range(100)}
    assert len(places) == 100
    assert all(timedelta(0) <= place < timedelta(minutes=1) for place in places)
    assert schedule.spread("a", timedelta(minutes=1)) == schedule.spread("a", timedelta(minutes=1))


def test_the_pulse_of_a_series_rises_with_what_is_written_and_calms_down() -> None:
    pulse = Pulse()
    assert pulse.of(("f1",), NOW) == 1, "nothing is known yet"
    pulse.expect([(("f1",), 5.0), (("wec", "f1"), 5.0), (("rally",), 20.0), ((), 1.0)], NOW)
    for minute in range(20):
        pulse.beat(("f1",), 1, NOW + timedelta(minutes=minute))
    later = NOW + timedelta(minutes=20)
    assert pulse.of(("f1",), later) > 1.3
    assert pulse.of(("wec",), later) < 1
    assert pulse.of(("motogp", "f1"), later) == pulse.of(("f1",), later)
    assert pulse.of(("f1",), later + timedelta(hours=12)) < 1.1


def test_a_loud_day_of_all_series_is_no_session() -> None:
    pulse = Pulse()
    pulse.expect([(("f1",), 20.0), (("wec",), 20.0)], NOW)
    for minute in range(600):
        for series in ("f1", "wec"):
            pulse.beat((series,), 1, NOW + timedelta(minutes=minute))
    assert pulse.of(("f1",), NOW + timedelta(minutes=600)) == pytest.approx(1, abs=0.2)


def test_a_session_of_the_only_series_is_heard_all_the_same() -> None:
    pulse = Pulse()
    pulse.expect([(("f1",), 20.0)], NOW)
    for minute in range(300):
        pulse.beat(("f1",), 1 if minute >= 270 or minute % 3 == 0 else 0, NOW + timedelta(minutes=minute))
        if minute == 269:
            before = pulse.of(("f1",), NOW + timedelta(minutes=minute))
    assert pulse.of(("f1",), NOW + timedelta(minutes=299)) > before * 1.15


def test_as_much_as_expected_is_no_surge() -> None:
    pulse = Pulse()
    pulse.expect([(("f1",), 60.0)], NOW)
    for minute in range(600):
        pulse.beat(("f1",), 1, NOW + timedelta(minutes=minute))
    assert pulse.of(("f1",), NOW + timedelta(minutes=600)) == pytest.approx(1, abs=0.1)


def test_all_feeds_together_are_checked_about_as_often_as_the_operator_says() -> None:
    for volume in (1, 4, 16):
        known = []
        for number in range(60):
            step = timedelta(hours=40 / volume / (1 + number % 10))
            known.append(rhythm.learned({}, [NOW - step * n for n in range(1, 31)], now=NOW))
        pace = replace(PACE, usual=schedule.usual_rate(known, PACE, NOW))
        spans = [schedule.adaptive({**each, "last": 0}, at(pace=pace)) for each in known]
        requests = sum(PACE.seconds.interval / span for span in spans) / len(spans)
        assert 0.4 < requests < 1.3


@pytest.mark.parametrize("shape", ["usual", "sudden", "no race"])
def test_a_weekend_is_polled_with_far_fewer_requests_and_its_news_is_seen_in_time(shape: str) -> None:
    result = weekend(seed=1, feeds=24, shape=SHAPES[shape])
    assert result.saved > 0.57, "however much is written"
    assert result.median < timedelta(minutes=3)
