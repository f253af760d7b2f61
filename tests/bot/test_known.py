"""What is remembered of the addresses of stories, and what is forgotten of them."""

from __future__ import annotations

from bot.model import Article
from bot.poller.known import MOST, Known
from tests.racing import source, story


def entry(number: int) -> Article:
    return Article(feed_id=1, guid=f"g{number}", url="", title="", outlet="")


def test_thousands_of_entries_keep_their_stories_and_the_latest_counts() -> None:
    known = Known()
    for number in range(5_000):
        known.add_entry(1, f"g{number}", number + 1)
    known.add_entry(1, "g7", 9_999)
    assert known.story_of(entry(7)) == 9_999
    assert all(known.story_of(entry(number)) == number + 1 for number in range(8, 5_000))
    assert known.story_of(entry(5_000)) is None


def test_the_oldest_entries_are_forgotten_when_there_are_too_many() -> None:
    known = Known()
    for number in range(MOST + 1):
        known.add_entry(1, f"g{number}", number + 1)
    assert known.story_of(entry(0)) is None
    assert known.story_of(entry(MOST // 2)) == MOST // 2 + 1
    assert known.story_of(entry(MOST)) == MOST + 1


def test_a_story_is_known_at_each_of_its_addresses() -> None:
    first, second = source("Paddock Post"), source("Grid Gazette")
    known = Known([story(id=4, sources=[first, second])])
    for told in (first, second):
        article = Article(guid="another", url=told.url, title="Another headline", outlet=told.outlet)
        assert known.story_of(article) == 4
