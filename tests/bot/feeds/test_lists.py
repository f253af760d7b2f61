"""Lists of feeds: the built-in catalogue, an operator's own file, OPML."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.errors import FetchError, SettingsError
from bot.feeds.opml import from_opml, to_opml
from bot.feeds.outlets import load_outlets, load_wishes
from bot.model import Feed, FeedState
from bot.series.catalog import load_catalog

NOW = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)


def test_the_catalogue_covers_many_outlets_in_many_languages() -> None:
    feeds = load_outlets(None, NOW)
    languages = {feed.language for feed in feeds}
    assert len(feeds) >= 120
    assert len({feed.outlet for feed in feeds}) >= 60
    assert {"en", "de", "fr", "es", "it", "pt", "nl"} <= languages
    assert any(feed.official for feed in feeds)


def test_the_catalogue_hints_at_series_that_exist() -> None:
    series = load_catalog().series
    assert all(slug in series for feed in load_outlets(None, NOW) for slug in feed.series)


def test_a_fresh_start_is_spread_over_a_minute_at_most() -> None:
    times = [feed.next_check_at for feed in load_outlets(None, NOW)]
    assert len(set(times)) == len(times)
    assert min(times) >= NOW
    assert max(times) <= NOW + timedelta(minutes=1)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "feeds.toml"


def test_an_operators_file_replaces_the_catalogue(file: Path) -> None:
    file.write_text(
        '[[feed]]\nurl = "http://a.example/"\noutlet = "A"\n\n'
        '[[feed]]\nurl = "https://b.example/"\noutlet = "B"\nlanguage = "de"\nseries = ["wec"]\nofficial = true\nevery = 60\n'
    )
    first, second = load_outlets(file, NOW)
    assert (first.outlet, first.series, first.official) == ("A", (), False)
    assert (second.language, second.series, second.official) == ("de", ("wec",), True)
    assert second.next_check_at - NOW < timedelta(seconds=1), "two feeds need no minute"
    assert load_wishes(file) == {"https://b.example/": timedelta(minutes=1)}


ONE = '[[feed]]\nurl = "https://a.example/"\noutlet = "A"\n'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[feed]\n", "not valid TOML"),
        ("[[feed]]\nurl = 'https://a.example/'\n", "feed 1 of .*: outlet is missing"),
        ("[[feed]]\noutlet = 'A'\n", "url is missing"),
        ("[[feed]]\nurl = 'ftp://a.example/'\noutlet = 'A'\n", "must begin with https"),
        (ONE + "seires = ['wec']\n", "'seires' is not known"),
        (ONE + "series = 'wec'\n", "must be a list"),
        (ONE + "series = ['indicar']\n", r"no series 'indicar' \(did you mean 'indycar'\?\)"),
        (ONE + "official = 'yes'\n", "true or false"),
        (ONE + "language = 1\n", "word in quotes"),
        (ONE + "every = 0\n", "number of seconds"),
        (ONE + ONE, "feeds 1 and 2 .* have one URL"),
        ("[feed]\nurl = 'x'\n", "double brackets"),
        ("[feeds]\n", "unknown table 'feeds'"),
        (None, "No such file"),
        (b"\xff\xfe", "not UTF-8"),
    ],
)
def test_a_wrong_file_is_one_sentence_that_says_what_to_do(
    file: Path, text: str | bytes | None, words: str
) -> None:
    if text is not None:
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(SettingsError, match=words) as caught:
        load_outlets(file, NOW)
    assert str(caught.value).startswith("PITWIRE_FEEDS: ")
    assert "\n" not in str(caught.value)


def test_opml_comes_back_as_it_went() -> None:
    feeds = [
        Feed(
            url="https://a.example/?x=1&y=2",
            outlet="A & B <i>",
            title="News \x07",
            language="de",
            series=("f1", "wec"),
            next_check_at=NOW,
        ),
        Feed(url="https://c.example/", outlet="C", next_check_at=NOW),
        Feed(url="https://gone.example/", outlet="D", state=FeedState.GONE, next_check_at=NOW),
    ]
    first, second = from_opml(to_opml(feeds).encode(), now=NOW)
    assert (first.url, first.outlet, first.language, first.series) == (
        "https://a.example/?x=1&y=2",
        "A & B <i>",
        "de",
        ("f1", "wec"),
    )
    assert (second.url, second.outlet) == ("https://c.example/", "C")


def test_other_readers_opml_is_read_whatever_its_shape() -> None:
    text = b"""<?xml version="1.0" encoding="iso-8859-1"?><opml version="1.0"><body><outline text="Racing">
      <outline type="rss" text="F\xfcnf" title="Five" xmlUrl="https://a.example/" htmlUrl="https://a.example"/>
      <outline text="folder"><OUTLINE text="deep" xmlUrl=" https://b.example/ "/></outline>
      <outline text="again" xmlUrl="https://a.example/"/><outline text="bad" xmlUrl="javascript:alert(1)"/></outline></body></opml>"""
    assert [(feed.outlet, feed.url) for feed in from_opml(text, now=NOW)] == [
        ("Fünf", "https://a.example/"),
        ("deep", "https://b.example/"),
    ]


def test_what_an_opml_file_says_wrongly_is_left_out() -> None:
    text = b"""<opml><body><outline text="A" xmlUrl="https://a.example/" series="f1,none such" language="de&#x202e;"/>
      <outline text="B" xmlUrl="https://[b/"/><outline text="C" xmlUrl="javascript:c"/></body></opml>"""
    (feed,) = from_opml(text, now=NOW)
    assert (feed.url, feed.series, feed.language) == ("https://a.example/", ("f1",), "de")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "cannot be read"),
        (b"<html/>", "names no feed"),
        (b"<opml><body>", "cannot be read"),
        (
            b'<!DOCTYPE o [<!ENTITY a "b">]><opml><body><outline xmlUrl="https://&a;.example/"/></body></opml>',
            "entities",
        ),
        (b'<!DOCTYPE o [<!ENTITY a SYSTEM "file:///etc/passwd">]><opml>&a;</opml>', "entities"),
        (b" " * 5_000_001, "bigger"),
    ],
)
def test_what_is_no_opml_is_said_in_a_sentence(text: bytes, words: str) -> None:
    with pytest.raises(FetchError, match=words):
        from_opml(text, now=NOW)
