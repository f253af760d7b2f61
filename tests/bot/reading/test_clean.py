"""What is the article and what only stands around it."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.reading import clean
from bot.reading.clean import article_lines, credit_of, is_boilerplate, is_name, text_of, without_boilerplate


def test_markup_becomes_paragraphs() -> None:
    assert (
        text_of("<p>One &amp; <b>two</b></p><script>x()</script><p>three<br>four</p>")
        == "One & two\n\nthree\n\nfour"
    )


def test_html_that_was_escaped_once_too_often_is_read() -> None:
    assert text_of("&lt;p&gt;Pole for &amp;quot;Nobody&amp;quot;&lt;/p&gt;") == 'Pole for "Nobody"'


def test_a_lesser_sign_in_prose_is_no_markup() -> None:
    assert text_of("a gap < 2 s & more") == "a gap < 2 s & more"


@pytest.mark.parametrize(
    "line",
    [
        "0 Kommentare ansehen)",
        "12 comments",
        "Lesen Sie auch > GT3-Autos kommen nach Le Mans",
        "Read also: The calendar in full",
        "À lire aussi : le calendrier complet",
        "Lee también: así queda la parrilla",
        "Leggi anche: il calendario",
        "Leia também: veja o grid",
        "Lees ook: de kalender",
        "Foto: Jemand",
        "© Somebody / Agency",
        "Subscribe to our newsletter",
        "*Der für angemeldete Benutzer reservierte Speicherplatz. Bitte Anmelden um antworten zu können!",
        "•••",
    ],
)
def test_a_line_that_is_none_of_the_article_goes(line: str) -> None:
    assert is_boilerplate(line)


@pytest.mark.parametrize(
    "line",
    [
        "The stewards published their decision after the newsletter of the championship had announced another one entirely.",
        "Der Werbung zum Trotz blieb die Tribüne halb leer, wie der Veranstalter am Abend nach dem Rennen einräumte.",
        "Das Rennen beginnt um 14 Uhr.",
        "“We published nothing,” she said.",
    ],
)
def test_a_sentence_of_the_article_stays(line: str) -> None:
    assert not is_boilerplate(line)


def test_everything_after_the_article_goes() -> None:
    text = (
        "The race was stopped on lap nine.\n\nIt rained.\n\nThe result stands, said the stewards.\n\nAuch zu lesen\n\n"
        "Ein anderer Artikel\n\nNoch einer"
    )
    assert without_boilerplate(text).endswith("The result stands, said the stewards.")


def test_a_biography_at_the_end_goes_and_the_authors_name_with_it() -> None:
    lines = [
        "Erster Absatz, der lang genug ist.",
        "Zweiter Absatz.",
        "Anna BEISPIEL",
        "Journalist. Langstreckenreporter (WEC, IMSA) und manchmal F1.",
    ]
    assert article_lines(lines, authors=("Anna Beispiel",)) == lines[:2]


def test_a_caption_is_parted_from_its_credit() -> None:
    assert credit_of("Drei Unterschriften (© Paddockbild / Jana Rehn)") == (
        "Drei Unterschriften",
        "Paddockbild / Jana Rehn",
    )
    assert credit_of("No credit here.") == ("No credit here.", "")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Valentin GLO", True),
        ("Anna de la Cruz", True),
        ("Der Start verzögert sich", False),
        ("Monza", False),
        ("Pole: 1:23.4", False),
    ],
)
def test_a_name_is_told_from_a_headline(line: str, expected: bool) -> None:
    assert is_name(line) is expected


@given(st.text(max_size=400))
def test_any_markup_is_read_without_an_error(text: str) -> None:
    without_boilerplate(text_of(text))


@pytest.mark.parametrize(
    "markup",
    [
        "<p>One &amp; <b>two</b></p><SCRIPT>if (a<b) x()</SCRIPT><p>three<br/>four</p>",
        "<div>gap < 2 s<!-- <p>no</p> --></div><ul><li>one<li class='a'>two</ul>",
        "<form><p>no</p><button>no</button></form>yes<hr><figure><img src=x><figcaption>no</figcaption></figure>",
        "a &lt;b&gt; <a href=x>link</a>s &amp;amp; all<table><tr><td>1</td><td>2</td></tr></table>",
    ],
)
def test_markup_with_too_many_tags_for_a_tree_reads_the_same(
    markup: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_tree = text_of(markup)
    monkeypatch.setattr(clean, "MOST_MARKS", 0)
    assert text_of(markup) == by_tree


@pytest.mark.parametrize(
    "markup",
    [
        "<ul><li>a" * 20_000,
        "<div>a" * 30_000,
        "<table><td>a" * 15_000,
        "<select><optgroup>a" * 10_000,
        "&lt;blockquote&gt;a" * 10_000,
        "".join(f"<b id={n}><p>a" for n in range(15_000)) + "</b>" * 15_000,
        "<p>a" + "<a " * 60_000,
        "<p>a" + "<script>" * 20_000,
        "<p>a" + "<!--" * 50_000,
        "<p>a" + "&#" + "9" * 200_000 + ";",
        "<p>a<p " + "".join(f"b{n}=1 " for n in range(20_000)) + ">",
    ],
    ids=lambda markup: markup[:12],
)
def test_markup_made_to_hurt_costs_no_more_than_its_length(markup: str) -> None:
    began = time.process_time()
    text = text_of(markup)
    assert text.startswith("a")
    assert text.count("a") <= clean.MOST_TAGS
    assert time.process_time() - began < 2  # the worst of them took minutes, and gigabytes
