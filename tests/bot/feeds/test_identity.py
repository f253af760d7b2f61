"""What makes two entries one article, and what does not."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.feeds.identity import (
    address_key,
    are_worthless,
    canonical_url,
    identified,
    identity,
    last_segment,
    spellings,
)
from bot.model import Entry


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "https://x.example/a?utm_source=RSS&utm_medium=referral&utm_campaign=RSS-ALL&utm_term=News&utm_content=www",
            "https://x.example/a",
        ),
        (
            "https://x.example/a/?utm_source=rss&#038;utm_medium=rss&#038;utm_campaign=slug",
            "https://x.example/a/",
        ),
        ("https://x.example/a?id=5&amp;fbclid=xyz", "https://x.example/a?id=5"),
        ("https://X.Example:443/a", "https://x.example/a"),
        ("http://x.example:80/a", "http://x.example/a"),
        ("https://x.example:8443/a", "https://x.example:8443/a"),
        ("https://x.example//news//a", "https://x.example/news/a"),
        ("https://x.example/a?ref=rss&page=2", "https://x.example/a?page=2"),
        ("https://x.example/a?ref=verstappen", "https://x.example/a?ref=verstappen"),
        ("https://x.example/a#comments", "https://x.example/a"),
        ("https://x.example/a#xtor=RSS-1", "https://x.example/a"),
        ("https://x.example/live#post-17", "https://x.example/live#post-17"),
        ("https://x.example/a/amp/", "https://x.example/a/"),
        ("https://x.example/a?amp=1", "https://x.example/a"),
        ("https://www.google.com/amp/s/x.example/a/amp/", "https://x.example/a/"),
        ("https://x-example.cdn.ampproject.org/c/s/x.example/a", "https://x.example/a"),
        ("https://www.google.com/url?rct=j&sa=t&url=https://x.example/a&ct=ga", "https://x.example/a"),
        ("  https://x.example/a \n", "https://x.example/a"),
        ("https://x.example", "https://x.example/"),
        ("https://x.example/?p=17", "https://x.example/?p=17"),
        ("https://x.example/a%20b?q=a%2Fb", "https://x.example/a%20b?q=a%2Fb"),
        ("mailto:a@b.c", "mailto:a@b.c"),
        ("http://[::1/a", ""),
        ("/relative", "/relative"),
    ],
)
def test_an_address_is_cleaned_and_still_leads_there(url: str, expected: str) -> None:
    assert canonical_url(url) == expected
    assert canonical_url(expected) == expected, "cleaning twice changes nothing"


@pytest.mark.parametrize(
    "url",
    [
        "http://x.example/f1/news/a-title",
        "https://www.x.example/f1/news/a-title/",
        "https://m.x.example/f1/news/a-title",
        "https://amp.x.example/f1/news/a-title/amp/",
        "https://x.example/f1/news/a-title/index.html",
        "https://x.example/f1/news/a-title?utm_source=x",
    ],
)
def test_spellings_of_one_address_have_one_key(url: str) -> None:
    assert address_key(url) == "x.example/f1/news/a-title"


def test_other_articles_have_other_keys() -> None:
    assert address_key("https://x.example/?p=1") != address_key("https://x.example/?p=2")
    assert address_key("https://x.example/a") != address_key("https://y.example/a")


def test_what_to_look_for_among_known_articles() -> None:
    found = spellings("https://x.example/a")
    assert found[0] == "https://x.example/a"
    assert {"http://x.example/a", "https://www.x.example/a", "https://x.example/a/"} <= set(found)
    assert all("www" not in url for url in spellings("http://127.0.0.1:8000/a"))
    assert spellings("") == ()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://x.example/f1/news/verstappen-wins-in-spa/10643322/", "10643322"),
        ("https://x.example/wec/verstappen-wins-in-spa", "verstappen-wins-in-spa"),
        ("https://x.example/wec/Verstappen-Wins-In-Spa.html", "verstappen-wins-in-spa"),
        ("https://x.example/news", None),
        ("https://x.example/2026/", None),
        ("https://x.example/", None),
        ("https://x.example/formula-one", None),
    ],
)
def test_the_part_of_an_address_that_names_the_article(url: str, expected: str | None) -> None:
    assert last_segment(url) == expected


def entry(**facts: object) -> Entry:
    return Entry(**{"guid": "", "url": "", "title": "", **facts})  # type: ignore[arg-type]


def test_identity_is_the_guid_then_the_address_then_what_is_told_and_never_a_date() -> None:
    assert identity(entry(guid=" 17 ", url="https://x.example/a")) == "17"
    assert identity(entry(guid="http://x.example/a?utm_source=rss")) == "http://x.example/a"
    assert identity(entry(url="https://x.example/a?utm_source=rss")) == "https://x.example/a"
    told = identity(entry(title="Pole!", standfirst="Für Toyota"))
    assert told == identity(
        entry(title="pole!", standfirst="fur  TOYOTA", published_at=datetime(2026, 1, 1, tzinfo=UTC))
    )
    assert told != identity(entry(title="Pole!", standfirst="Für Ferrari"))


def test_the_first_of_two_entries_with_one_key_stays_with_its_place() -> None:
    found = identified([entry(guid="1", title="a"), entry(guid="1", title="b"), entry(guid="2", title="c")])
    assert [(place, each.title) for place, each in found] == [(0, "a"), (2, "c")]


def test_guids_that_are_given_twice_are_worthless() -> None:
    one, two = entry(guid="1", url="https://x.example/1"), entry(guid="1", url="https://x.example/2")
    assert are_worthless([one, two])
    assert not are_worthless([one, one])
    assert [each.guid for _, each in identified([one, two], by_address=True)] == [
        "https://x.example/1",
        "https://x.example/2",
    ]
