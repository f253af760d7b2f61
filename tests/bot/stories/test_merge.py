"""What a story says once several outlets tell it, and what of a change a reader would notice."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.model import Article, Importance, Story
from bot.stories.merge import CORRECTED_FOR, MOST_REVISIONS, WIDELY_TOLD, begin, join, revise, withdraw
from tests.bot.stories.newsroom import article, read_it
from tests.racing import SUNDAY

TITLE = "Toyota wins the 6 Hours of Fuji"
LEAD = "The number 8 Toyota won the WEC race at Fuji."


def told(**more: object) -> tuple[Article, Story]:
    of = article(TITLE, LEAD, **more)  # type: ignore[arg-type]
    return of, begin(of, read_it(of), now=SUNDAY)


def joined(story: Story, of: Article, **span: float) -> Story:
    return join(story, of, read_it(of), reason="", now=SUNDAY + timedelta(**span))


def revised(story: Story, of: Article, **span: float) -> Story:
    return revise(story, of, read_it(of), now=SUNDAY + timedelta(**span))


def test_the_official_source_tells_it_then_the_longest() -> None:
    short, story = told(text="Short.")
    long = article(TITLE, LEAD, text="A long text. " * 50)
    official = article("Toyota wins at Fuji", LEAD, text="Brief.", official=True)
    story = joined(joined(story, long), official)
    assert [source.url for source in story.sources][:2] == [official.url, long.url]
    assert story.title == "Toyota wins at Fuji"
    assert short.url in {source.url for source in story.sources}


def test_a_new_outlet_raises_the_revision() -> None:
    _, story = told()
    assert joined(story, article(TITLE, LEAD)).revision == 2


@pytest.mark.parametrize(
    "change",
    [
        {"title": "  Toyota  wins the 6 Hours of Fuji "},
        {"title": "Toyota wins the 6 Hours of Fuji (14:32)"},
        {"title": "TOYOTA wins the 6 Hours of Fuji!"},
        {"image_url": "https://img.example/a.jpg?v=2"},
    ],
)
def test_what_a_reader_would_not_notice_is_no_revision(change: dict[str, str]) -> None:
    of, story = told(image_url="https://img.example/a.jpg?v=1")
    assert revised(story, replace(of, **change), minutes=5).revision == 1  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "change", [{"title": "Toyota loses the 6 Hours of Fuji"}, {"image_url": "https://img.example/b.jpg"}]
)
def test_a_corrected_headline_or_picture_is_a_revision(change: dict[str, str]) -> None:
    of, story = told(image_url="https://img.example/a.jpg")
    assert revised(story, replace(of, **change), minutes=5).revision == 2  # type: ignore[arg-type]


def test_after_two_days_a_post_stays_as_it_is() -> None:
    of, story = told()
    late = revise(
        story, replace(of, title="Quite another title"), read_it(of), now=SUNDAY + CORRECTED_FOR * 1.1
    )
    assert late.revision == 1
    assert late.title == "Quite another title"


def test_a_page_that_changes_for_ever_edits_its_post_only_so_often() -> None:
    of, story = told()
    for number in range(3 * MOST_REVISIONS):
        story = revised(story, replace(of, title=f"Toyota leads after lap {number + 10}"), minutes=number)
    assert story.revision == MOST_REVISIONS


def test_any_outlet_that_gives_the_result_away_makes_it_a_spoiler() -> None:
    of = article("What happened at Fuji today", "News from the WEC at Fuji.")
    story = replace(begin(of, read_it(of), now=SUNDAY), spoiler=False)
    winner = article(TITLE, LEAD)
    assert join(story, winner, replace(read_it(winner), spoiler=True), reason="", now=SUNDAY).spoiler


def test_what_many_outlets_tell_is_major() -> None:
    _, story = told()
    story = replace(story, importance=Importance.MINOR)
    for _ in range(WIDELY_TOLD - 1):
        of = article(TITLE, LEAD)
        reading = replace(read_it(of), importance=Importance.MINOR)
        story = join(story, of, reading, reason="", now=SUNDAY)
    assert story.importance is Importance.MAJOR


def test_a_withdrawn_source_steps_back_and_the_last_one_marks_the_story() -> None:
    first, story = told(text="A long text. " * 40)
    second = article("Toyota wins in Japan", LEAD, text="Brief.")
    story = joined(story, second)
    story = withdraw(story, first.url, now=SUNDAY)
    assert story.title == "Toyota wins in Japan"
    assert story.withdrawn_at is None
    gone = withdraw(story, second.url, now=SUNDAY)
    assert gone.withdrawn_at == SUNDAY
    assert gone.revision == story.revision + 1
    assert withdraw(gone, second.url, now=SUNDAY) is gone
