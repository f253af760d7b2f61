"""What gives a result away, and what only looks like it."""

from __future__ import annotations

import time
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.model import Article, Reading
from bot.reading.cues import RESULTS, scan
from bot.reading.read import read
from bot.series.catalog import load_catalog

NOW = datetime(2026, 11, 22, tzinfo=UTC)
LINES = tomllib.loads(Path(__file__).with_name("results.toml").read_text("utf-8"))["lines"]
PEOPLE = frozenset({"driver", "team", "person"})


def told(title: str, standfirst: str = "", text: str = "", language: str = "en") -> Reading:
    article = Article(guid="1", url="https://outlet.example/1", title=title, standfirst=standfirst, text=text)
    return read(article, load_catalog(), now=NOW)


def headlines() -> list[tuple[str, bool, str, str]]:
    rows = [[part.strip() for part in line.split("|")] for line in LINES]
    return [(language, answer == "yes", title, standfirst) for language, answer, title, standfirst in rows]


def test_results_are_recognised_in_seven_languages() -> None:
    wrong = [
        title for _, result, title, standfirst in headlines() if told(title, standfirst).spoiler is not result
    ]
    assert len(wrong) <= 4, wrong
    assert {language for language, *_ in headlines()} == {"en", "de", "fr", "es", "it", "pt", "nl"}


def test_a_result_comes_with_the_words_that_give_it_away() -> None:
    reading = told("Palou wins in Detroit", "The Spaniard beat Dixon by two seconds")
    assert reading.spoiler
    assert any("wins" in words for words in reading.spoiler_evidence)


def test_a_safe_title_names_nobody_and_tells_no_result() -> None:
    catalog = load_catalog()
    for _, result, title, standfirst in headlines():
        reading = told(title, standfirst)
        if not result:
            continue
        safe = reading.safe_title
        assert not [mention.words for mention in catalog.mentions(safe) if mention.kind in PEOPLE], safe
        subject = scan(safe.partition(":")[2], reading.language)
        assert not [hit for hit in subject.hits if hit.kind.startswith(RESULTS) and hit.weight > 1], safe


def test_a_safe_title_says_what_it_is_about() -> None:
    assert (
        told("Ferrari wins the 6 Hours of Imola after a late stop").safe_title
        == "Result: WEC, 6 Hours of Imola"
    )
    german = told(
        "Wehrlein gewinnt den E-Prix von Berlin", "Der Porsche-Pilot siegt vor Dennis in der Formel E"
    )
    assert german.safe_title.startswith("Ergebnis: FE")


def test_a_title_without_any_result_is_safe_as_it_is() -> None:
    title = "Supercars confirms its calendar for next season"
    assert told(title).safe_title == title


def test_a_wish_is_no_result() -> None:
    assert not told(
        "Norris hopes to win in Monza", "The McLaren driver wants a first Italian victory"
    ).spoiler
    assert not told("Ogier will den Sieg in Monte Carlo", "Der Toyota-Pilot ist Favorit").spoiler
    assert not told("Leclerc rêve d'une victoire à Monaco", "Le pilote Ferrari vise la pole").spoiler


def test_an_anniversary_is_no_result() -> None:
    assert not told("30 years ago: Hill wins in Melbourne", "A look back at his third victory").spoiler


def test_a_report_titled_with_the_place_only_is_found_by_its_text() -> None:
    text = (
        "Rossi si impone in Gara 1 davanti a Bianchi. Verdi chiude al terzo posto. In Gara 2 vince Bianchi, "
        "secondo posto per Rossi. Sul podio anche Neri, che aveva conquistato la pole position."
    )
    assert told("Imola - TCR Italy", "", text, "it").spoiler


def test_a_result_in_the_summary_marks_the_article() -> None:
    text = (
        "The weekend at Silverstone had everything. George Russell won the British Grand Prix for Mercedes. "
        "Lando Norris finished second at Silverstone and Oscar Piastri took the last podium place."
    )
    assert told("Silverstone in Formula 1: the weekend in full", "", text).spoiler


@pytest.mark.parametrize("piece", ["wins ", "victory at ", "1. ", "@ ", "\u0301", "Sieg. "])
def test_no_text_takes_long(piece: str) -> None:
    text = piece * (200_000 // len(piece))
    told(text[:1000], text[:1000], "warm")
    began = time.process_time()
    told(text[:400], text, text)
    assert time.process_time() - began < 1


def test_a_result_is_seen_in_a_title_whose_teaser_is_in_another_language() -> None:
    teasers = (
        "A long Sunday afternoon with rain and two safety cars in front of a big crowd.",
        "Ein langer Sonntagnachmittag mit Regen und zwei Safety-Car-Phasen vor vielen Zuschauern.",
    )
    titles = (
        "MotoGP: Bagnaia wins at Mugello ahead of Marquez",
        "MotoGP Mugello: Bagnaia gewinnt vor Marquez",
        "MotoGP Mugello : Bagnaia s'impose devant Marquez",
        "MotoGP Mugello: Bagnaia gana por delante de Marquez",
        "MotoGP Mugello: Bagnaia vince davanti a Marquez",
        "MotoGP Mugello: Bagnaia vence à frente de Marquez",
    )
    assert all(told(title, teaser).spoiler for title in titles for teaser in teasers)
