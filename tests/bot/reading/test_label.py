"""What kind of news an article is, and how much it matters."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.model import Article, Importance, Label, Reading
from bot.reading.read import read
from bot.series.catalog import load_catalog


def told(title: str, standfirst: str = "", *, official: bool = False) -> Reading:
    article = Article(
        guid="1", url="https://outlet.example/1", title=title, standfirst=standfirst, official=official
    )
    return read(article, load_catalog(), now=datetime(2026, 11, 22, tzinfo=UTC))


@pytest.mark.parametrize(
    ("title", "label"),
    [
        ("Reports: Albon linked with Ferrari for 2028", Label.RUMOUR),
        ("Gerücht: Hülkenberg im Gespräch bei Mercedes", Label.RUMOUR),
        ("Rumeur : Gasly pourrait rejoindre Aston Martin", Label.RUMOUR),
        ("Rumores en el paddock: Sainz suena para Red Bull", Label.RUMOUR),
        ("Indiscrezione: Bearman in trattativa con la Ferrari", Label.RUMOUR),
        ("Rumor: Bortoleto pode deixar a Audi", Label.RUMOUR),
        ("Gerucht: Verstappen in beeld bij Mercedes", Label.RUMOUR),
        ("Opinion: The Formula 1 sprint needs a new idea", Label.OPINION),
        ("Kommentar: Die DTM braucht mehr Mut", Label.OPINION),
        ("Édito : le WEC à la croisée des chemins", Label.OPINION),
        ("Liveticker: Die Formel 1 in Monza", Label.LIVE),
        ("En direct : les 24 Heures du Mans", Label.LIVE),
        ("Verstappen wins in Zandvoort", Label.RESULT),
        ("New front wing for the Williams FW49", Label.REPORT),
    ],
)
def test_the_words_make_the_label(title: str, label: Label) -> None:
    reading = told(title)
    assert reading.label is label
    assert bool(reading.label_evidence) is (label is not Label.REPORT)


def test_what_the_organiser_says_is_official_unless_it_is_a_result() -> None:
    assert told("Calendar of the FIA WEC for 2027 published", official=True).label is Label.OFFICIAL
    assert told("Toyota wins the 6 Hours of Fuji", "FIA WEC", official=True).label is Label.RESULT


@pytest.mark.parametrize(
    ("title", "importance"),
    [
        ("Formula 1 mourns: Williams founder dies at the age of 88", Importance.BREAKING),
        ("Formel 1 trauert: Renningenieur von McLaren gestorben", Importance.BREAKING),
        ("Antonelli clinches the Formula 1 title in Las Vegas", Importance.BREAKING),
        ("Official: Hadjar signs for Ferrari", Importance.MAJOR),
        ("Williams brings a new front wing to the Formula 1 race in Spa", Importance.NORMAL),
        ("Formula 1 in Monza: photos from the paddock", Importance.MINOR),
        ("Council repairs the bridge", Importance.MINOR),
    ],
)
def test_death_and_decided_titles_outweigh_signings_and_signings_outweigh_pictures(
    title: str, importance: Importance
) -> None:
    assert told(title).importance is importance
