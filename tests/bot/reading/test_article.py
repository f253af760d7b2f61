"""From an entry, a page or pasted text to a clean article. Every text here is invented."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model import Entry, Feed
from bot.reading import extract
from bot.reading.article import article_from, article_from_raw, content_hash, needs_page
from bot.reading.extract import page_of

NOW = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
FEED = Feed(url="https://example.org/feed", outlet="Boxenfunk", language="de", next_check_at=NOW)
BODY = (
    "Die Asian Le Mans Series bekommt einen zweiten Veranstalter. Ab der Saison 2023 teilen sich zwei Verbände die Läufe.\n\n"
    "„Diese Zusammenarbeit ist der kürzeste Weg“, erklärt Clément Auger, Präsident des Verbandes.\n\n"
    "Weitere Einzelheiten werden später bekannt gegeben."
)
PASTED = f"""Zwei Verbände gehen gemeinsame Wege

Die Vereinbarung wurde an diesem Freitag vorgestellt.

veröffentlicht 05/11/2021 à 14:46

Bastian VOLK

0 Kommentare ansehen)

Zwei Verbände gehen gemeinsame Wege

Drei Unterschriften, ein Kalender (© Paddockbild / Jana Rehn)

{BODY}

Lesen Sie auch > GT3-Autos sollen in Le Mans starten

Bastian VOLK

Journalist. Langstreckenreporter (WEC, IMSA, ELMS) und manchmal F1 oder IndyCar.

0 Kommentare ansehen)

Auch zu lesen

Bemerkungen

Schreiben Sie eine Rezension
Ein ganz anderer Lauf – C2 2024
"""


def test_pasted_text_is_read_into_its_fields() -> None:
    article = article_from_raw(PASTED, FEED, now=NOW)
    assert article.title == "Zwei Verbände gehen gemeinsame Wege"
    assert article.standfirst == "Die Vereinbarung wurde an diesem Freitag vorgestellt."
    assert article.author == "Bastian VOLK"
    assert article.photo_credit == "Paddockbild / Jana Rehn"
    assert article.published_at == datetime(2021, 11, 5, 13, 46, tzinfo=UTC)
    assert article.text == BODY


def test_the_same_head_and_tail_go_from_a_feeds_html() -> None:
    html = "".join(f"<p>{line}</p>" for line in PASTED.splitlines()[3:] if line)
    entry = Entry(
        guid="1",
        url="https://example.org/a",
        title="Zwei Verbände gehen gemeinsame Wege",
        standfirst="Kurz gesagt.",
        content=html,
    )
    article = article_from(entry, FEED, now=NOW)
    assert article.text == BODY
    assert article.author == "Bastian VOLK"
    assert article.published_at == datetime(2021, 11, 5, 13, 46, tzinfo=UTC)


def test_a_page_completes_a_teaser() -> None:
    page = f"""<html lang="de"><head><meta property="og:image" content="/bild.jpg">
    <script type="application/ld+json">{{"@type":"NewsArticle","headline":"Ganz","author":{{"name":"Anna Beispiel"}},
    "datePublished":"2026-11-21T10:00:00+01:00"}}</script></head><body><nav>Start</nav><article>
    {"".join(f"<p>{part}</p>" for part in BODY.split(chr(10) * 2))}</article>
    <div class="comments"><p>Erster!</p></div></body></html>"""
    entry = Entry(guid="1", url="https://example.org/a", title="Ganz", standfirst="Teaser.")
    assert needs_page(entry)
    article = article_from(entry, FEED, now=NOW, page=page)
    assert article.text == BODY
    assert article.author == "Anna Beispiel"
    assert article.image_url == "https://example.org/bild.jpg"
    assert article.published_at == datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("stamped", "kept"),
    [
        (datetime(1970, 1, 1, tzinfo=UTC), None),
        (datetime(2099, 1, 1, tzinfo=UTC), NOW),
        (NOW - timedelta(days=1), NOW - timedelta(days=1)),
    ],
)
def test_dates_that_cannot_be_are_not_believed(stamped: datetime, kept: datetime | None) -> None:
    entry = Entry(guid="1", url="https://example.org/a", title="T", published_at=stamped)
    assert article_from(entry, FEED, now=NOW).published_at == kept


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "data:image/png;base64,xx",
        "https://example.org/logo.png",
        "https://example.org/x.svg",
        "",
    ],
)
def test_a_picture_that_cannot_be_shown_is_none(url: str) -> None:
    entry = Entry(guid="1", url="https://example.org/a", title="T", image_url=url)
    assert article_from(entry, FEED, now=NOW).image_url is None


def test_the_hash_ignores_what_a_reader_does_not_notice() -> None:
    assert content_hash("São Paulo GP", "A  B") == content_hash("Sao Paulo  GP", "a b")
    assert content_hash("São Paulo GP", "A B") != content_hash("São Paulo GP", "A C")


@given(st.text(max_size=500))
def test_any_page_and_any_text_are_read_without_an_error(text: str) -> None:
    page_of(text)
    article_from_raw(text, FEED, now=NOW)
    article_from(
        Entry(guid=text, url=text, title=text, standfirst=text, content=text, image_url=text), FEED, now=NOW
    )


def test_headline_and_byline_of_a_short_page_are_no_text() -> None:
    page = """<html><head><title>A short note | Site</title><meta property="og:title" content="A short note"></head><body>
    <article><h1>A short note</h1><p class="byline">By Anna Beispiel</p><p>The session starts an hour later because of fog.</p>
    <p class="related">Read also &gt; <a href="/other">Another story</a></p></article></body></html>"""
    assert page_of(page).text == "The session starts an hour later because of fog."


def test_no_field_is_longer_than_anybody_would_read() -> None:
    flood = "Monza, " * 200_000
    article = article_from(
        Entry(
            guid="1", url="https://o.example/1", title=flood, standfirst=flood, content=flood, author=flood,
            categories=(flood,) * 1_000,
        ),
        FEED,
        now=NOW,
    )  # fmt: skip
    assert len(article.title) <= 400
    assert len(article.author) <= 400
    assert len(article.text) <= 50_000
    assert len(article.categories) == 100
    assert max(map(len, article.categories)) <= 400


PROSE = "<p>Nine teams handed in their papers on Thursday, and the tenth said that it would follow within a week.</p>"


@pytest.mark.parametrize(
    "flood",
    [
        "<ul><li>a" * 200_000,
        "<div class=share>" * 100_000,
        "<button><p>a" * 100_000,
        "<blockquote><p>many words</p>" * 50_000,
        "<blockquote>" + "<p>many words</p>" * 100_000,
        "".join(f"<b id={n}>" for n in range(100_000)) + "<p>a" * 100_000,
        "".join(f"<b id='>{n}'>" for n in range(100_000)) + "<p>a" * 100_000,
        "<p " + "".join(f"a{n}=1 " for n in range(200_000)) + ">",
        "<p " + "".join(f"a{n}='>' " for n in range(200_000)) + ">",
        "<div class='" + "-" * 1_000_000 + "'>",
        "<p>a" + "\u0301\u0327" * 200_000,
        "<p>a" + "&#769;&#807;" * 50_000,
        "<p>" + "\ufdfa" * 500_000,
        "<script type='application/ld+json'>" + "[" * 1_000_000 + "</script>",
        "<script type='application/ld+json'>" + '{"@graph":' * 100_000 + "</script>",
    ],
    ids=lambda flood: flood[:24],
)
def test_a_page_made_to_hurt_is_cut_off_and_what_stands_before_is_read(flood: str) -> None:
    began = time.process_time()
    page = page_of(f"<html><head><title>Papers</title></head><body><article>{PROSE * 12}{flood}")
    assert page.title == "Papers"
    assert len(page.text) <= extract.LONGEST_TEXT
    assert time.process_time() - began < 4  # the worst of them took minutes, and gigabytes


def test_a_page_may_have_some_thousand_tags_and_a_long_attribute() -> None:
    picture = f"<img src='data:image/png;base64,{'iVBORw0KGgo' * 9_000}'>"
    menu = "<li><a href='/x' class='one two three'><b>Word</b></a></li>" * 1_500
    page = page_of(f"<html><body><ul>{menu}</ul>{picture}<article>{PROSE * 12}</article></body></html>")
    assert page.text.startswith("Nine teams handed in their papers")
