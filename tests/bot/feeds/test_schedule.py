"""When a feed is checked next: by its rhythm, and never sooner than it asks."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.errors import FetchError
from bot.feeds import rhythm, schedule
from bot.feeds.pulse import Pulse
from bot.feeds.schedule import Checked, Pace
from bot.model import Feed, FeedDocument, FeedState

NOW = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)  # a Sunday
PACE = Pace(interval=timedelta(minutes=15), least=timedelta(minutes=2))
FEED = Feed(id=1, url="https://x.example/feed", outlet="X", next_check_at=NOW)


def middle() -> float:
    return 0.5


def after(feed: Feed = FEED, *, now: datetime = NOW, pace: Pace = PACE, **found: object) -> Feed:
    every, pulse = found.pop("every", None), found.pop("pulse", 1.0)
    checked = Checked(**{"headers": {}, **found})  # type: ignore[arg-type]
    return schedule.after_success(feed, checked, now=now, pace=pace, every=every, pulse=pulse, random=middle)  # type: ignore[arg-type]


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
    assert schedule.next_check({}, now=NOW, pace=PACE, random=middle) == NOW + timedelta(minutes=15)


def test_a_busy_feed_is_checked_often_and_never_more_than_allowed() -> None:
    busy = after(new=tuple(NOW - timedelta(minutes=3 * n) for n in range(60)))
    assert PACE.least <= span(busy) < timedelta(minutes=5)
    flood = after(new=tuple(NOW - timedelta(seconds=n) for n in range(2000)))
    assert span(flood) == PACE.least


def test_a_sleeping_feed_is_checked_once_an_hour() -> None:
    assert span(after(new=(NOW - timedelta(days=20),))) == timedelta(hours=1)
    assert span(after(document=FeedDocument(title="", kind="rss20", entries=()))) == timedelta(hours=1)


def test_at_its_night_a_feed_is_asked_less_than_by_day() -> None:
    office = replace(FEED, rhythm=rhythm.learned({}, weeks(range(8, 18), range(7), 2), now=NOW))
    day = schedule.adaptive(office.rhythm, now=NOW.replace(hour=11), pace=PACE)
    night = schedule.adaptive(office.rhythm, now=NOW.replace(hour=2) + timedelta(days=1), pace=PACE)
    assert day * 3 < night


def test_on_its_days_a_feed_is_asked_more() -> None:
    racing = replace(FEED, rhythm=rhythm.learned({}, weeks(range(8, 20), range(5, 7)), now=NOW))
    sunday = schedule.adaptive(racing.rhythm, now=NOW + timedelta(days=7), pace=PACE)
    wednesday = schedule.adaptive(racing.rhythm, now=NOW + timedelta(days=3), pace=PACE)
    assert sunday * 1.5 < wednesday


def test_an_outlet_that_is_publishing_is_asked_sooner() -> None:
    quiet = after(new=(NOW - timedelta(hours=6), NOW - timedelta(hours=3)))
    writing = after(new=(NOW - timedelta(hours=3), NOW))
    assert span(writing) < span(quiet)


def test_while_a_series_is_much_written_about_its_feeds_are_asked_sooner() -> None:
    feed = after(new=tuple(NOW - timedelta(hours=n) for n in range(24)))
    assert schedule.adaptive(feed.rhythm, now=NOW, pace=PACE, pulse=4) * 2 == schedule.adaptive(
        feed.rhythm, now=NOW, pace=PACE
    )


def test_habits_fade() -> None:
    once = rhythm.learned({}, weeks(range(8, 18), range(7)), now=NOW)
    later = NOW + timedelta(days=90)
    assert (rhythm.rate(once, later) or 1) < (rhythm.rate(once, NOW) or 0) / 5


def test_an_interval_under_a_minute_is_meant_as_it_is() -> None:
    pace = Pace(interval=timedelta(seconds=2), least=timedelta(seconds=1))
    asleep = after(new=(NOW - timedelta(days=20),), pace=pace)
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
        ({"Expires": "Sun, 22 Nov 2026 16:00:00 GMT"}, 15),
        ({}, 15),
    ],
)
def test_a_feed_is_never_checked_sooner_than_its_server_asks(headers: dict[str, str], minutes: int) -> None:
    usual = replace(
        FEED,
        rhythm={
            "mass": 6.0,
            "since": NOW.timestamp() - 86_400,
            "at": NOW.timestamp(),
            "hours": "0.25 " * 24,
            "days": "1 " * 7,
        },
    )
    feed = after(usual, headers=headers)
    assert span(feed) == pytest.approx(timedelta(minutes=minutes), abs=timedelta(minutes=1))


def test_ttl_holds_until_the_feed_says_otherwise() -> None:
    document = FeedDocument(title="", kind="rss20", entries=(), ttl=timedelta(hours=3))
    feed = after(document=document)
    assert span(feed) == timedelta(hours=3)
    assert span(after(feed)) == timedelta(hours=3), "a 304 says nothing new"
    assert span(after(feed, document=replace(document, ttl=None))) == timedelta(hours=1)


def test_hours_and_days_that_a_feed_skips_are_skipped() -> None:
    document = FeedDocument(
        title="", kind="rss20", entries=(), skip_hours=frozenset({14, 15}), skip_days=frozenset({0})
    )
    assert after(document=document).next_check_at == NOW.replace(hour=16)
    late = NOW.replace(hour=23, minute=30)
    assert after(document=document, now=late).next_check_at == late.replace(day=24, hour=0, minute=0)


def test_the_operators_wish_for_a_feed_overrules_its_server() -> None:
    assert span(after(headers={"Cache-Control": "max-age=7200"}, every=timedelta(minutes=3))) == timedelta(
        minutes=3
    )


def test_jitter_stays_within_a_tenth() -> None:
    for number in (0.0, 1.0):
        at = schedule.next_check({}, now=NOW, pace=PACE, random=lambda number=number: number)  # type: ignore[misc]
        assert abs((at - NOW) / timedelta(minutes=15) - 1) <= 0.1001


def test_failures_back_off_to_a_day_and_retry_after_is_obeyed() -> None:
    feed, spans = FEED, []
    for _ in range(9):
        feed = schedule.after_failure(feed, FetchError("down", status=500), now=NOW, pace=PACE, random=middle)
        spans.append(span(feed) / timedelta(minutes=15))
    assert spans == [2, 4, 8, 16, 32, 64, 96, 96, 96]
    told = FetchError("wait", status=429, retry_at=NOW + timedelta(hours=5))
    assert span(schedule.after_failure(FEED, told, now=NOW, pace=PACE, random=middle)) == timedelta(hours=5)


def test_a_success_ends_the_failing() -> None:
    failing = schedule.after_failure(FEED, FetchError("down"), now=NOW, pace=PACE, random=middle)
    well = after(failing)
    assert (well.error_count, well.failing_since, well.trouble) == (0, None, None)


def test_410_ends_a_feed_and_a_week_of_failure_pauses_it() -> None:
    assert (
        schedule.after_failure(FEED, FetchError("gone", status=410), now=NOW, pace=PACE, random=middle).state
        == FeedState.GONE
    )
    failing = replace(FEED, failing_since=NOW - timedelta(days=7))
    paused = schedule.after_failure(failing, FetchError("A bot wall."), now=NOW, pace=PACE, random=middle)
    assert (paused.state, paused.trouble) == (
        FeedState.PAUSED,
        "Paused after failing for 7 days. A bot wall.",
    )


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
    pulse = Pulse(NOW - timedelta(days=3))
    for minutes in range(40):
        pulse.beat(["f1"], NOW + timedelta(minutes=minutes))
    later = NOW + timedelta(minutes=40)
    assert pulse.of(["f1"], later) > 3
    assert pulse.of(["wec"], later) == 1
    assert pulse.of([], later) == 1
    assert pulse.of(["wec", "f1"], later + timedelta(hours=5)) == 1
