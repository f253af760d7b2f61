"""Which story goes where, when, and the reason that /why says later."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.locale import say
from bot.model import Importance, Label, Preferences
from bot.posts import GRACE, decide, is_covered, is_hidden
from bot.posts.reasons import say_reason
from bot.posts.spoilers import parse_spoiler, written
from tests.racing import SUNDAY, later, place, result, source, story


def verdict_of(told: object, now: object = SUNDAY, sent: int = 0, **wishes: object) -> object:
    return decide(told, place(Preferences(**wishes)), now=now, sent_in_hour=sent)  # type: ignore[arg-type]


def test_a_new_channel_gets_everything_at_once_in_clear() -> None:
    verdict = verdict_of(result())
    assert (verdict.kind, verdict.covered, verdict.quiet, verdict.reason) == ("send", False, False, None)


@pytest.mark.parametrize(
    ("wishes", "reason"),
    [
        ({"languages": ("de", "fr")}, "post.why.language|en|de,fr"),
        ({"labels": ("official",)}, "post.why.label|report"),
        ({"least_importance": 3}, "post.why.importance|breaking"),
        ({"include": "hypercar OR imola"}, "post.why.include|hypercar OR imola"),
        ({"exclude": "rain | snow"}, "post.why.exclude|rain  OR  snow"),
    ],
)
def test_what_a_preference_keeps_out_is_skipped_with_the_preference_s_name(wishes: dict, reason: str) -> None:
    verdict = verdict_of(story(), **wishes)
    assert (verdict.kind, verdict.reason) == ("skip", reason)
    assert say_reason(reason, "en") != reason


def test_a_story_passes_if_any_outlet_tells_it_in_a_wanted_language() -> None:
    told = story(
        sources=[source(language="en"), source("Motor Blatt", "Regen verzögert den Start", language="de")]
    )
    assert verdict_of(told, languages=("de",)).kind == "send"
    gone = story(sources=[source(language="en"), source("Motor Blatt", language="de", withdrawn=True)])
    assert verdict_of(gone, languages=("de",)).kind == "skip"


def test_labels_and_importance_let_through_what_they_allow() -> None:
    told = story(label=Label.OFFICIAL, importance=Importance.BREAKING)
    assert verdict_of(told, labels=("official", "result"), least_importance=3).kind == "send"


def test_what_was_withdrawn_before_it_was_posted_is_not_posted() -> None:
    verdict = verdict_of(story(withdrawn_at=SUNDAY))
    assert (verdict.kind, verdict.reason) == ("skip", "post.why.withdrawn")


# ── spoilers ──


def test_a_series_own_mode_goes_before_the_general_one() -> None:
    wish = Preferences(spoilers={"*": "cover", "wec": "show"})
    assert not is_covered(result(), wish)
    assert is_covered(result(series=("imsa",)), wish)
    assert not is_covered(story(series=("imsa",)), wish)


def test_of_two_series_the_more_careful_mode_counts() -> None:
    wish = Preferences(spoilers={"wec": "show", "elms": "cover", "imsa": "delay 24h"})
    assert is_covered(result(series=("wec", "elms")), wish)
    assert verdict_of(result(series=("wec", "imsa")), spoilers=wish.spoilers).kind == "hold"


def test_a_mode_of_a_newer_version_is_read_carefully() -> None:
    assert is_covered(result(), Preferences(spoilers={"*": "blur softly"}))


def test_a_delayed_result_is_held_until_its_time_and_then_told_in_clear() -> None:
    told, wishes = result(at=SUNDAY), {"spoilers": {"wec": "delay 24h"}}
    early = verdict_of(told, later(hours=23), **wishes)
    assert (early.kind, early.until) == ("hold", later(hours=24))
    assert is_hidden(told, Preferences(**wishes), later(hours=23))
    late = verdict_of(told, later(hours=24), **wishes)
    assert (late.kind, late.covered) == ("send", False)
    assert not is_hidden(told, Preferences(**wishes), later(hours=24))


def test_a_story_that_gives_nothing_away_is_not_delayed() -> None:
    assert verdict_of(story(), spoilers={"*": "delay 48h"}).kind == "send"


@pytest.mark.parametrize("text", ["show", "cover", "delay 24h", "delay 168h"])
def test_a_mode_is_written_as_it_is_read(text: str) -> None:
    assert written(parse_spoiler(text.upper())) == text


# ── when ──


def test_quiet_hours_hold_until_their_end() -> None:
    verdict = verdict_of(story(), quiet="13:00-18:00")
    assert (verdict.kind, verdict.until) == ("hold", later(hours=4) + GRACE)
    assert "18:00" in say_reason(verdict.reason or "", "en")


def test_quiet_hours_may_mean_without_a_sound() -> None:
    verdict = verdict_of(story(), quiet="13:00-18:00", quiet_mode="silent")
    assert (verdict.kind, verdict.quiet) == ("send", True)


def test_breaking_news_passes_quiet_hours_and_the_cap_without_a_sound() -> None:
    told = story(importance=Importance.BREAKING)
    verdict = verdict_of(told, quiet="13:00-18:00", per_hour=1, sent=5)
    assert (verdict.kind, verdict.quiet) == ("send", True)


def test_the_cap_counts_the_posts_of_the_last_hour() -> None:
    assert verdict_of(story(), per_hour=3, sent=2).kind == "send"
    verdict = verdict_of(story(), per_hour=3, sent=3)
    assert (verdict.kind, verdict.reason) == ("hold", "post.why.cap|3")


def test_a_digest_holds_everything_breaking_news_too() -> None:
    told = story(importance=Importance.BREAKING)
    verdict = verdict_of(told, schedule="digest daily 18:00")
    assert (verdict.kind, verdict.until) == ("hold", later(hours=4) + GRACE)


def test_the_longest_wait_is_the_reason() -> None:
    verdict = verdict_of(
        result(),
        quiet="13:00-18:00",
        schedule="digest daily 18:00",
        spoilers={"*": "delay 48h"},
        per_hour=1,
        sent=9,
    )
    assert (verdict.until - SUNDAY, (verdict.reason or "").split("|")[0]) == (
        timedelta(hours=48),
        "post.why.delay",
    )


def test_what_never_comes_is_not_held_first() -> None:
    assert verdict_of(result(), labels=("official",), spoilers={"*": "delay 48h"}).kind == "skip"


@pytest.mark.parametrize("locale", ["en", "de", "fr", "es", "it", "pt"])
def test_each_reason_is_a_sentence_in_each_language(locale: str) -> None:
    for reason in (
        "post.why.language|de|en,fr",
        "post.why.label|rumour",
        "post.why.importance|breaking",
        "post.why.include|a OR b",
        "post.why.exclude|a",
        "post.why.delay|2026-11-22T14:00:00+00:00",
        "post.why.digest|2026-11-22T14:00:00+00:00",
        "post.why.quiet|2026-11-22T14:00:00+00:00",
        "post.why.session",
        "post.why.cap|3",
        "post.why.unfollowed",
    ):
        said = say_reason(reason, locale, "Europe/Berlin")
        assert said.endswith(".") and "|" not in said and "{" not in said
    assert say(locale, "post.why.unfollowed") == say_reason("post.why.unfollowed", locale)
