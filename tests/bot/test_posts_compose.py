"""How a story and a digest look before any markup."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import UserError
from bot.model import Importance, Label, Preferences, Style
from bot.posts import compose, compose_digest, ping_for
from bot.posts.compose import withheld
from bot.posts.template import parse_template, render
from bot.series.catalog import load_catalog
from tests.chat import clear
from tests.racing import SUNDAY, later, result, source, story

CATALOG = load_catalog()
LEAKS = ("Ferrari", "ferrari", "wins", "Hamilton", "P1")


def post_of(told: object, covered: bool = False, **wishes: object) -> object:
    return compose(told, Preferences(**wishes), CATALOG, now=SUNDAY, covered=covered)  # type: ignore[arg-type]


def test_a_post_says_what_who_when_and_where_to_read_it() -> None:
    post = post_of(story("Rain delays the start", label=Label.OFFICIAL, id=7))
    assert post.title == "Rain delays the start"
    assert post.badge.endswith("WEC")
    assert post.label == "Official"
    assert (post.outlet, post.at, post.hashtag) == ("Paddock Post", SUNDAY, "WEC")
    assert post.url.startswith("https://paddock-post.example/")
    assert post.colour == CATALOG.series["wec"].colour
    assert [choice.line for choice in post.choices] == ["alerts follow wec", "why 7"]


def test_a_summary_that_only_says_the_title_again_is_left_out() -> None:
    assert post_of(story("Rain delays the start", summary="Rain delays the start.")).summary == ""
    assert post_of(story("Rain delays the start", summary="Rain delays the start by two hours.")).summary


def test_a_plain_report_has_no_label_and_no_series_no_badge() -> None:
    post = post_of(story(series=()))
    assert (post.label, post.badge, post.colour, post.hashtag) == ("", "", None, "")


def test_the_destination_s_language_tells_then_official_then_the_longest() -> None:
    told = story(
        sources=[
            source("Long Read", "Start delayed", length=9_000),
            source("Series Office", "Start postponed", official=True, length=500),
            source("Motor Blatt", "Regen verzögert den Start", language="de", length=100),
        ]
    )
    assert post_of(told, languages=("de", "en")).title == "Regen verzögert den Start"
    assert post_of(told, locale="de").outlet == "Motor Blatt"
    assert post_of(told).outlet == "Series Office"
    assert [link.text for link in post_of(told).also] == ["Long Read", "Motor Blatt"]


def test_without_merging_other_outlets_are_not_named() -> None:
    told = story(sources=[source("A Post"), source("B Post")])
    assert [link.text for link in post_of(told).also] == ["B Post"]
    assert post_of(told, merge=False).also == ()


def test_an_outlet_is_named_once_and_one_that_withdrew_not_at_all() -> None:
    told = story(
        sources=[source("A Post"), source("B Post"), source("B Post"), source("C Post", withdrawn=True)]
    )
    assert [link.text for link in post_of(told).also] == ["B Post"]


def test_notes_say_what_a_reader_should_know() -> None:
    told = story(sources=[source(machine_written=True)], withdrawn_at=SUNDAY)
    assert len(post_of(told).notes) == 2
    assert "taken" in post_of(told).notes[0]
    assert post_of(told).label == "Withdrawn"


def test_looks_follow_the_preferences() -> None:
    told = story(image_url="https://paddock-post.example/rain.jpg")
    post = post_of(told, style="compact", picture=False, thread=True, publish=False, locale="fr")
    assert (post.style, post.image_url, post.thread, post.publish, post.locale) == (
        "compact",
        None,
        True,
        False,
        "fr",
    )
    assert post_of(told).image_url == "https://paddock-post.example/rain.jpg"


def test_text_from_outside_is_tamed() -> None:
    post = post_of(story("Evil \u202etitle\n@everyone\u200b", summary="One\x00.\n\nTwo\r\n."))
    assert "\u202e" not in post.title and "\n" not in post.title
    assert post.summary.count("\n\n") == 1 and "\x00" not in post.summary


# ── covered ──


def test_a_covered_post_gives_nothing_away_in_clear() -> None:
    told = result("Ferrari wins with Hamilton on P1", id=3)
    for post in (post_of(told, covered=True), withheld(told, Preferences(), CATALOG, until=later(hours=24))):
        assert not any(leak in clear(post) for leak in LEAKS)
        assert post.image_text == "Picture hidden: it may give the result away"
        assert not any(leak in choice.label + choice.line for choice in post.choices for leak in LEAKS)


def test_a_withheld_post_holds_nothing_of_the_result_at_all() -> None:
    post = withheld(
        result("Ferrari wins"), Preferences(timezone="Europe/Berlin"), CATALOG, until=later(hours=24)
    )
    assert not any(leak in repr(post) for leak in LEAKS)
    assert "Monday 23 November, 15:00" in post.summary


def test_a_covered_story_without_a_safe_title_gets_one() -> None:
    told = result("Ferrari wins", safe_title="", sources=[source(title="Ferrari wins", safe_title="")])
    assert post_of(told, covered=True).safe_title == "A result is in"


def test_the_title_of_a_telling_that_gives_nothing_away_alone_is_not_shown_over_a_result() -> None:
    joy = source(title="Joy at Ferrari", safe_title="Joy at Ferrari", length=900)
    told = result("Ferrari wins", safe_title="Joy at Ferrari", sources=[joy, source(title="Ferrari wins")])
    assert post_of(told, covered=True).safe_title == "News from the track"
    alone = replace(told, sources=(joy,))  # the result's own telling was split off
    assert post_of(alone, covered=True).safe_title == "A result is in"
    (section,) = compose_digest(
        [told, alone], Preferences(spoilers={"*": "cover"}), CATALOG, now=SUNDAY
    ).sections
    assert not any("Ferrari" in line.note for line in section.lines)


def test_a_template_is_filled_with_the_safe_title_too() -> None:
    post = post_of(result("Ferrari wins"), covered=True, template="[{series}] {title} ({outlet})")
    assert post.safe_title == "[WEC] Eight Hours of Bahrain: the race is over (Paddock Post)"
    assert post.title == "[WEC] Ferrari wins (Paddock Post)"


# ── templates ──


@pytest.mark.parametrize(
    "text", ["{title", "{0} {title}", "{title.x}", "{title!r}", "{title:>9}", "{password} {title}", "{{}}"]
)
def test_a_template_holds_nothing_but_known_names(text: str) -> None:
    with pytest.raises(UserError):
        parse_template(text)


def test_what_a_story_lacks_leaves_no_empty_brackets() -> None:
    values = {"title": "Rain", "series": "", "emoji": "", "label": "", "outlet": "Post"}
    assert render(parse_template("[{series}] {title} – {label}"), values) == "Rain"
    assert parse_template("{title}") == ""


@given(st.text(max_size=60), st.text(max_size=60))
@settings(max_examples=60, deadline=None)
def test_no_template_and_no_title_break_a_post(template: str, title: str) -> None:
    try:
        kept = parse_template(f"{template}{{title}}")
    except UserError:
        return
    assert isinstance(post_of(story(title), template=kept).title, str)


# ── mentions ──


def test_a_ping_needs_its_series_or_importance() -> None:
    wish = Preferences(pings={"wec": "<@&1>", "breaking": "<@&2>"})
    assert ping_for(story(), wish) == "<@&1>"
    assert ping_for(story(series=("f1",)), wish) == ""
    assert ping_for(story(series=("f1",), importance=Importance.BREAKING), wish) == "<@&2>"
    assert ping_for(story(series=("f1",)), Preferences(pings={"*": "<@&3>"})) == "<@&3>"


def test_a_quiet_post_pings_nobody() -> None:
    wish = Preferences(pings={"*": "<@&3>"})
    assert compose(story(), wish, CATALOG, now=SUNDAY).ping == "<@&3>"
    assert compose(story(), wish, CATALOG, now=SUNDAY, quiet=True).ping == ""
    assert compose(story(), wish, CATALOG, now=SUNDAY, may_ping=False).ping == ""


# ── digests ──


def test_a_digest_is_grouped_by_series_the_most_important_first() -> None:
    stories = [
        story("Small news", id=1, series=("wec",), importance=Importance.MINOR, at=later(hours=2)),
        story("Title decided", id=2, series=("motogp",), importance=Importance.BREAKING, at=later(hours=1)),
        story("Old and big", id=3, series=("wec",), importance=Importance.MAJOR),
        story("Between all", id=4, series=()),
        story("Old and big", id=3, series=("wec",), importance=Importance.MAJOR),
    ]
    post = compose_digest(stories, Preferences(timezone="Europe/Berlin"), CATALOG, now=SUNDAY)
    assert [section.heading for section in post.sections] == [
        "🏍️ MotoGP",
        "⏱️ FIA World Endurance Championship",
        "More racing",
    ]
    assert [line.text for line in post.sections[1].lines] == ["Old and big", "Small news"]
    assert post.title == "Digest · Sunday 22 November · 4 stories"
    assert sum(len(section.lines) for section in post.sections) == 4


def test_a_digest_covers_results_and_says_beside_what_they_are_about() -> None:
    stories = [result("Ferrari wins", id=1), story("Rain", id=2)]
    post = compose_digest(stories, Preferences(spoilers={"*": "cover"}), CATALOG, now=SUNDAY)
    first, second = post.sections[0].lines
    assert first.covered and not second.covered
    assert "Eight Hours of Bahrain" in first.note
    assert not any(leak in clear(post) for leak in LEAKS)


def test_a_digest_tells_nothing_of_a_result_whose_time_has_not_come() -> None:
    told = result("Ferrari wins", id=1)
    post = compose_digest([told], Preferences(spoilers={"*": "delay 24h"}), CATALOG, now=told.published_at)
    (line,) = post.sections[0].lines
    assert "Eight Hours of Bahrain" in line.text
    assert line.url == ""
    assert not any(leak in clear(post) for leak in LEAKS)


def test_a_digest_in_quiet_hours_makes_no_sound() -> None:
    for quiet in ("", "00:00-23:59"):
        post = compose_digest([story(id=1)], Preferences(quiet=quiet), CATALOG, now=SUNDAY)
        assert post.quiet is bool(quiet)


def test_a_digest_names_how_many_more_tell_it_in_one_s_own_language() -> None:
    told = story(
        id=1, sources=[source("A Post"), source("B Blatt", "Regen", language="de"), source("C Post")]
    )
    line = compose_digest([told], Preferences(locale="de"), CATALOG, now=SUNDAY).sections[0].lines[0]
    assert (line.text, line.note) == ("Regen", "B Blatt +2")


def test_buttons_of_a_post_are_quiet_ones() -> None:
    assert {choice.style for choice in post_of(story(id=1)).choices} == {Style.NORMAL}
