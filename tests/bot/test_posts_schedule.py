"""Digests and quiet hours, in every zone, on every night of the year."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import UserError
from bot.model import DeliveryState, Preferences
from bot.posts import decide, last_digest_at, next_digest_at, plan_digests, quiet_until
from bot.posts.schedule import parse_quiet, parse_schedule, parse_time, parse_zone, slot_name
from tests.racing import place, result, story, waiting

BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"
SPRING, AUTUMN = date(2026, 3, 29), date(2026, 10, 25)  # the nights of Berlin


def at(day: date, clock: str, zone: str = BERLIN, *, fold: int = 0) -> datetime:
    return (
        datetime.combine(day, time.fromisoformat(clock), tzinfo=ZoneInfo(zone))
        .replace(fold=fold)
        .astimezone(UTC)
    )


# ── what a person writes ──


@pytest.mark.parametrize(
    ("given_text", "kept"),
    [
        ("now", "now"),
        ("digest daily 8:00", "digest daily 08:00"),
        ("DAILY 18.30", "digest daily 18:30"),
        ("digest daily", "digest daily 08:00"),
        ("digest weekly monday 7h05", "digest weekly mon 07:05"),
        ("weekly sun", "digest weekly sun 08:00"),
        ("digest after-session", "digest after-session"),
    ],
)
def test_a_schedule_is_read_and_kept_in_one_form(given_text: str, kept: str) -> None:
    assert str(parse_schedule(given_text)) == kept
    assert str(parse_schedule(kept)) == kept


@pytest.mark.parametrize(
    "text", ["", "soon", "digest daily 25:00", "digest weekly 08:00 mon", "daily 8", "digest weekly"]
)
def test_a_wrong_schedule_is_refused(text: str) -> None:
    with pytest.raises(UserError):
        parse_schedule(text)


@pytest.mark.parametrize(
    "text", ["", "23:00", "23:00-", "25:00-07:00", "23:00-23:00", "-07:00", "a-b", "23:60-07:00"]
)
def test_wrong_quiet_hours_are_refused(text: str) -> None:
    with pytest.raises(UserError):
        parse_quiet(text)


def test_quiet_hours_are_read_in_several_spellings() -> None:
    assert {str(parse_quiet(text)) for text in ("23:00-07:00", "23:00 – 7:00", "23.00 7.00")} == {
        "23:00-07:00"
    }
    assert parse_time("8:05") == time(8, 5)


def test_a_zone_is_found_by_city_and_in_any_case() -> None:
    assert parse_zone("berlin") == BERLIN
    assert parse_zone("america/new_york") == NEW_YORK
    assert parse_zone("New York") == NEW_YORK
    assert parse_zone("utc") == "UTC"
    for wrong in ("Mars/Olympus", "", "../../etc/passwd", "x" * 300):
        with pytest.raises(UserError):
            parse_zone(wrong)


# ── quiet hours ──


@pytest.mark.parametrize(
    ("clock", "end"),
    [
        ("22:59", None),
        ("23:00", "07:00"),
        ("03:00", "07:00"),
        ("06:59", "07:00"),
        ("07:00", None),
        ("12:00", None),
    ],
)
def test_quiet_hours_over_midnight(clock: str, end: str | None) -> None:
    wish = Preferences(quiet="23:00-07:00", timezone=BERLIN)
    day = date(2026, 11, 22)
    until = quiet_until(wish, at(day, clock))
    ends_on = day + timedelta(days=1) if clock == "23:00" else day
    assert until == (at(ends_on, end) if end else None)


def test_quiet_hours_end_right_on_both_nights_of_the_year() -> None:
    wish = Preferences(quiet="23:00-07:00", timezone=BERLIN)
    spring, autumn = at(SPRING, "01:00"), at(AUTUMN, "01:00")
    assert quiet_until(wish, spring) == at(SPRING, "07:00")
    assert at(SPRING, "07:00") - spring == timedelta(hours=5)
    assert quiet_until(wish, autumn) == at(AUTUMN, "07:00")
    assert at(AUTUMN, "07:00") - autumn == timedelta(hours=7)


def test_quiet_hours_that_spring_skips_last_as_long_as_ever() -> None:
    wish = Preferences(quiet="02:15-02:45", timezone=BERLIN)
    begin = at(SPRING, "03:15")
    assert quiet_until(wish, begin) == begin + timedelta(minutes=30)
    assert quiet_until(wish, begin - timedelta(minutes=1)) is None


def test_the_hour_that_autumn_repeats_is_quiet_once() -> None:
    wish = Preferences(quiet="02:15-02:45", timezone=BERLIN)
    assert quiet_until(wish, at(AUTUMN, "02:30", fold=0)) is not None
    assert quiet_until(wish, at(AUTUMN, "02:30", fold=1)) is None


def test_preferences_that_cannot_be_read_mean_no_quiet_hours_and_no_digest() -> None:
    wish = Preferences(quiet="late", schedule="digest sometimes", timezone="Mars/Olympus")
    assert quiet_until(wish, at(SPRING, "01:00")) is None
    assert next_digest_at(wish, at(SPRING, "01:00")) is None


# ── digests ──


def test_a_digest_that_spring_skips_comes_an_hour_later_that_day() -> None:
    wish = Preferences(schedule="digest daily 02:30", timezone=BERLIN)
    assert next_digest_at(wish, at(SPRING, "00:00")) == at(SPRING, "03:30")
    assert last_digest_at(wish, at(SPRING, "12:00")) == at(SPRING, "03:30")


def test_a_digest_in_the_hour_that_autumn_repeats_comes_once() -> None:
    wish = Preferences(schedule="digest daily 02:30", timezone=BERLIN)
    first, second = at(AUTUMN, "02:30", fold=0), at(AUTUMN, "02:30", fold=1)
    assert next_digest_at(wish, first - timedelta(minutes=1)) == first
    assert next_digest_at(wish, first) == at(AUTUMN + timedelta(days=1), "02:30")
    assert slot_name(wish, last_digest_at(wish, second) or second) == "2026-10-25 02:30"


def test_a_weekly_digest_comes_on_its_day() -> None:
    wish = Preferences(schedule="digest weekly mon 08:00", timezone=NEW_YORK)
    monday = at(date(2026, 11, 23), "08:00", NEW_YORK)
    assert next_digest_at(wish, monday - timedelta(days=6)) == monday
    assert next_digest_at(wish, monday) == monday + timedelta(days=7)
    assert last_digest_at(wish, monday + timedelta(days=3)) == monday
    assert last_digest_at(wish, monday) == monday


@given(
    st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1)),
    st.sampled_from([BERLIN, NEW_YORK, "UTC", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kathmandu"]),
    st.sampled_from(
        ["digest daily 00:00", "digest daily 02:30", "digest daily 23:59", "digest weekly sun 02:15"]
    ),
)
@settings(max_examples=80, deadline=None)
def test_the_next_digest_is_the_one_after_the_last(naive: datetime, zone: str, schedule: str) -> None:
    wish, now = Preferences(schedule=schedule, timezone=zone), naive.replace(tzinfo=UTC)
    last, following = last_digest_at(wish, now), next_digest_at(wish, now)
    assert last is not None and following is not None
    assert last <= now < following
    assert next_digest_at(wish, last) == following
    assert last_digest_at(wish, following) == following


@pytest.mark.parametrize(("zone", "clock"), [(BERLIN, "02:30"), (NEW_YORK, "08:00")])
def test_a_year_of_daily_digests_is_one_a_day_with_each_story_once(zone: str, clock: str) -> None:
    """The maker looks every half hour, forgets everything at each look, and sleeps through some digest times."""
    wish = Preferences(schedule=f"digest daily {clock}", timezone=zone)
    there = place(wish)
    now, end = at(date(2026, 1, 1), "12:00", zone), at(date(2027, 1, 1), "12:00", zone)
    made: dict[str, tuple[int, ...]] = {}
    days: Counter[date] = Counter()
    open_stories: list[tuple[object, object]] = []
    number = 0
    while now < end:
        if now.minute == 0 and now.hour % 5 == 0:  # news around the clock, at the digest's own minute as well
            number += 1
            told = story(f"Story {number}", at=now, id=number)
            assert decide(told, there, now=now).kind == "hold"
            open_stories.append(waiting(told, at=now, number=number))
        local = now.astimezone(ZoneInfo(zone))
        is_asleep = local.day % 9 == 0 and local.hour < 11
        if not is_asleep:
            for digest in plan_digests(there, open_stories, now=now):  # type: ignore[arg-type]
                if digest.slot not in made:
                    made[digest.slot] = digest.story_ids
                    days[local.date()] += 1
                    told_now = set(digest.story_ids)
                    open_stories = [one for one in open_stories if one[0].id not in told_now]  # type: ignore[attr-defined]
        now += timedelta(minutes=30)
    assert set(days.values()) == {1}
    assert len(days) >= 364
    told_ids = [story_id for ids in made.values() for story_id in ids]
    assert len(told_ids) == len(set(told_ids))
    assert set(told_ids) | {delivery.id for delivery, _ in open_stories} == set(range(1, number + 1))  # type: ignore[attr-defined]


# ── what is held, and how it is gathered ──


def test_what_quiet_hours_held_is_told_in_one_morning_digest() -> None:
    wish = Preferences(quiet="23:00-07:00", timezone=BERLIN)
    there, night, morning = place(wish), at(date(2026, 11, 22), "01:00"), at(date(2026, 11, 22), "07:00")
    held = []
    for number in (1, 2, 3):
        told = story(f"Night story {number}", at=night, id=number)
        verdict = decide(told, there, now=night)
        assert verdict.kind == "hold"
        held.append(waiting(told, at=night, number=number, reason=verdict.reason, due_at=verdict.until))
    assert plan_digests(there, held, now=morning - timedelta(seconds=1)) == ()
    (digest,) = plan_digests(there, held, now=morning)
    assert sorted(digest.story_ids) == [1, 2, 3]


def test_a_single_story_of_the_night_comes_as_a_post_of_its_own() -> None:
    wish = Preferences(quiet="23:00-07:00", timezone=BERLIN)
    there, night = place(wish), at(date(2026, 11, 22), "01:00")
    told = story(at=night, id=1)
    verdict = decide(told, there, now=night)
    held = [waiting(told, at=night, number=1, reason=verdict.reason, due_at=verdict.until)]
    assert verdict.until is not None
    assert plan_digests(there, held, now=verdict.until) == ()
    assert decide(told, there, now=verdict.until).kind == "send"


def test_what_the_hourly_cap_held_is_told_in_one_digest() -> None:
    there, noon = place(Preferences(per_hour=2)), at(date(2026, 11, 22), "12:00")
    held = []
    for number in (1, 2, 3):
        told = story(f"Story {number}", at=noon, id=number)
        verdict = decide(told, there, now=noon + timedelta(minutes=number), sent_in_hour=2)
        assert verdict.reason == "post.why.cap|2"
        held.append(waiting(told, at=noon, number=number, reason=verdict.reason, due_at=verdict.until))
    assert plan_digests(there, held, now=noon + timedelta(minutes=60)) == ()
    (digest,) = plan_digests(there, held, now=noon + timedelta(minutes=61))
    assert len(digest.story_ids) == 3


def test_a_digest_after_the_session_waits_until_its_results_are_in() -> None:
    there, flag = place(Preferences(schedule="digest after-session")), at(date(2026, 11, 22), "15:00")
    held = [
        waiting(story("Grid walk", at=flag, id=1), at=flag, number=1),
        waiting(result(at=flag, id=2), at=flag + timedelta(minutes=30), number=2),
    ]
    assert plan_digests(there, held[:1], now=flag + timedelta(hours=3)) == ()
    assert plan_digests(there, held, now=flag + timedelta(minutes=55)) == ()
    (digest,) = plan_digests(there, held, now=flag + timedelta(minutes=60))
    assert set(digest.story_ids) == {1, 2}
    assert digest.sessions == ("wec",)
    (quiet_week,) = plan_digests(there, held[:1], now=flag + timedelta(hours=24))
    assert quiet_week.story_ids == (1,)
    assert quiet_week.sessions == ()


def test_results_that_trickle_in_for_hours_do_not_put_the_session_off() -> None:
    there, flag = place(Preferences(schedule="digest after-session")), at(date(2026, 11, 22), "15:00")
    held = [
        waiting(result(at=flag, id=n), at=flag + timedelta(minutes=20 * n), number=n) for n in range(1, 6)
    ]
    assert plan_digests(there, held, now=flag + timedelta(minutes=105)) == ()
    (digest,) = plan_digests(there, held, now=flag + timedelta(minutes=110))
    assert len(digest.story_ids) == 5


def test_a_session_is_told_once_and_what_comes_late_waits_for_the_next() -> None:
    there, flag = place(Preferences(schedule="digest after-session")), at(date(2026, 11, 21), "12:00")
    told = {"wec": flag + timedelta(hours=1)}
    late = [waiting(result(at=flag, id=1), at=flag + timedelta(hours=2), number=1)]
    assert plan_digests(there, late, now=flag + timedelta(hours=4), told=told) == ()
    following = waiting(result(at=flag, id=2), at=flag + timedelta(hours=5), number=2)
    (digest,) = plan_digests(there, [*late, following], now=flag + timedelta(hours=6), told=told)
    assert set(digest.story_ids) == {1, 2}


def test_one_series_does_not_wait_for_the_session_of_another() -> None:
    there, flag = place(Preferences(schedule="digest after-session")), at(date(2026, 11, 22), "15:00")
    other = replace(result(at=flag, id=2), series=("f1",), primary="f1")
    held = [
        waiting(result(at=flag, id=1), at=flag, number=1),
        waiting(other, at=flag + timedelta(minutes=25), number=2),
    ]
    (digest,) = plan_digests(there, held, now=flag + timedelta(minutes=30))
    assert digest.story_ids == (1,)


def test_a_delayed_result_is_in_no_digest_before_its_time() -> None:
    wish = Preferences(schedule="digest daily 08:00", spoilers={"wec": "delay 24h"})
    told = result(at=at(date(2026, 11, 22), "20:00", "UTC"), id=1)
    held = [waiting(told, at=told.published_at, number=1)]
    for now, is_told in (
        ("2026-11-23T08:30", False),
        ("2026-11-23T21:00", False),
        ("2026-11-24T08:00", True),
    ):
        moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
        assert bool(plan_digests(place(wish), held, now=moment)) is is_told


def test_four_hundred_stories_become_several_messages_in_order() -> None:
    there, day = place(Preferences(schedule="digest daily 08:00")), at(date(2026, 11, 22), "08:00", "UTC")
    before = day - timedelta(hours=1)
    held = [
        waiting(story(f"Story {n} of a long night in the desert", at=before, id=n), at=before, number=n)
        for n in range(1, 401)
    ]
    digests = plan_digests(there, held, now=day)
    assert [digest.slot for digest in digests][:2] == ["2026-11-22 08:00", "2026-11-22 08:00 #2"]
    told = [story_id for digest in digests for story_id in digest.story_ids]
    assert sorted(told) == list(range(1, 401))
    assert max(len(digest.story_ids) for digest in digests) <= 25
    assert held[0][0].state is DeliveryState.HELD
