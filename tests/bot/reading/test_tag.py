"""Which series an article is about: headlines in the manner of outlets, and the words that only look like racing."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.model import Article
from bot.reading.tag import Tagging, tag
from bot.series.catalog import load_catalog

LINES: list[str] = tomllib.loads((Path(__file__).parent / "headlines.toml").read_text("utf-8"))["lines"]


def read(
    title: str,
    standfirst: str = "",
    text: str = "",
    *,
    year: int = 2020,
    url: str = "",
    hints: tuple[str, ...] = (),
    categories: tuple[str, ...] = (),
) -> Tagging:
    article = Article(
        guid="g",
        url=url,
        title=title,
        standfirst=standfirst,
        text=text,
        published_at=datetime(year, 7, 1, tzinfo=UTC),
        feed_series=hints,
        categories=categories,
    )
    return tag(article, load_catalog())


def slugs(tagging: Tagging) -> list[str]:
    return [series.slug for series in tagging.series]


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.split("|")[4].strip()[:50])
def test_a_headline_is_filed_where_a_fan_would_look_for_it(line: str) -> None:
    _, year, primary, further, title, standfirst = (part.strip() for part in line.split("|"))
    found = read(title, standfirst, year=int(year))
    assert slugs(found) == [slug for slug in (primary, *further.split()) if slug]
    assert (found.primary or "") == primary


def test_le_mans_with_riders_is_the_french_grand_prix() -> None:
    found = read(
        "Bagnaia on pole at Le Mans", "The Ducati rider beat Quartararo at the French Grand Prix", year=2022
    )
    assert slugs(found) == ["motogp"]


def test_le_mans_with_prototypes_is_the_24_hours_and_a_wec_round() -> None:
    found = read(
        "Toyota fastest at Le Mans", "Kobayashi led the Hypercar field on the Circuit de la Sarthe", year=2022
    )
    assert slugs(found) == ["le-mans-24h", "wec"]


@pytest.mark.parametrize(
    ("words", "series"),
    [("Rea and Razgatlioglu", "wsbk"), ("Marquez and Bagnaia", "motogp"), ("Leclerc and Verstappen", "f1")],
)
def test_a_shared_circuit_belongs_to_who_races_there(words: str, series: str) -> None:
    found = read(
        f"{words} shine in Barcelona practice",
        "A close session on the Circuit de Barcelona-Catalunya",
        year=2023,
    )
    assert slugs(found) == [series]


def test_the_same_driver_is_another_series_in_another_year() -> None:
    assert (
        read("Montoya wins from pole", "The Colombian took the lead on lap 20 of the race", year=2003).primary
        == "f1"
    )
    assert (
        read("Montoya wins from pole", "The Colombian took the lead on lap 20 of the race", year=2015).primary
        == "indycar"
    )
    assert (
        read("Razgatlioglu wins race one", "The Turk beat his rivals on the last lap", year=2022).primary
        == "wsbk"
    )
    assert (
        read("Razgatlioglu eighth on debut", "The Turk was the best rookie of the race", year=2026).primary
        == "motogp"
    )


def test_a_past_in_another_series_makes_no_tag() -> None:
    text = (
        "The Dutch outfit has signed its second driver. The former Formula 1 driver joins from Nissan and will share the "
        "electric car from the opening round in Mexico City.\n\nHe had tested at Valencia."
    )
    found = read(
        "Envision names new Formula E line-up", "The team confirms its drivers for the coming season", text
    )
    assert slugs(found) == ["formula-e"]


def test_a_series_named_only_far_down_makes_no_tag() -> None:
    body = "\n\n".join(["Palou was untroubled from lights to flag and won by nine seconds in Iowa."] * 15)
    found = read(
        "Palou wins in Iowa",
        "IndyCar leader extends his advantage",
        body + "\n\nThe author covers Formula 1 and IMSA.",
    )
    assert slugs(found) == ["indycar"]


def test_two_series_in_the_headline_are_both_tagged_the_first_one_leading() -> None:
    found = read(
        "Formula E champion to race in Super Formula next year", "The Kiwi will do both championships"
    )
    assert set(slugs(found)) == {"formula-e", "super-formula"}
    assert found.primary == "formula-e"


def test_the_virtual_24_hours_are_marked_as_simulated() -> None:
    found = read("24 Hours of Le Mans Virtual: Porsche on pole", "The rFactor 2 grid has fifty cars")
    assert found.esports
    assert "le-mans-24h" in slugs(found)
    assert not read("Porsche on pole for 24 Hours of Le Mans").esports


def test_a_look_back_is_historic_too() -> None:
    found = read(
        "Imola 1994: how Formula 1 changed for ever", "The weekend that cost two drivers their lives"
    )
    assert slugs(found) == ["f1", "historic"]


def test_the_path_of_the_link_tells_what_the_headline_keeps_to_itself() -> None:
    url = "https://example.org/motorsport/v8supercars/erebus-extends-deal"
    assert read("New deal signed", "The owner is delighted", url=url).primary == "supercars"
    assert (
        read("New deal signed", "The owner is delighted", url="https://example.org/football/new-deal").primary
        is None
    )


def test_the_feeds_hint_is_one_voice_and_not_the_last_word() -> None:
    assert read("Race two report", "A late restart decided it", hints=("btcc",)).primary == "btcc"
    assert (
        read("Cardiff council approves new stadium", "Football returns in May", hints=("btcc",)).primary
        is None
    )
    assert read("Verstappen wins the Belgian Grand Prix", hints=("wec",)).primary == "f1"


def test_categories_of_the_feed_speak() -> None:
    assert read("Qualifying report", "Rain shuffled the order", categories=("MotoGP",)).primary == "motogp"


@pytest.mark.parametrize(
    ("title", "standfirst"),
    [
        (
            "Leclerc rappelle un lot de haricots verts",
            "L'enseigne de grande distribution invite ses clients à les rapporter",
        ),
        ("Hamilton opens on Broadway", "The musical returns with a new cast"),
        ("Porsche Cayenne: der neue SUV im Test", "Mehr Leistung und ein größerer Kofferraum"),
        (
            "Dakar : deux morts dans l'effondrement d'un immeuble",
            "Le drame s'est produit dans la capitale sénégalaise",
        ),
        ("Le pilote d'un ULM se tue dans la Creuse", "L'appareil s'est écrasé dans un champ"),
        ("Carton plein pour Mario Kart", "Le jeu de Nintendo domine les ventes"),
        ("AS Monaco verliert in Lyon", "Der Trainer beklagt den Schiedsrichter"),
        ("Rally de las bolsas tras el acuerdo", "Wall Street cierra en máximos"),
    ],
)
def test_what_only_sounds_like_racing_is_let_go(title: str, standfirst: str) -> None:
    assert slugs(read(title, standfirst)) == []


def test_every_tag_names_the_words_that_spoke_for_it() -> None:
    found = read("Verstappen beats Leclerc to pole in Baku", "Formula 1 qualifying ran late", year=2022)
    (series,) = found.series
    assert series.slug == "f1"
    assert 0 < series.score <= 1
    assert "Max Verstappen" in series.evidence


def test_topics_are_the_drivers_teams_and_circuits_of_the_article() -> None:
    found = read(
        "Hülkenberg scores for Haas at Silverstone",
        "The German driver was ninth in the British Grand Prix",
        year=2024,
    )
    assert {"driver:nico-hulkenberg", "team:haas-f1", "circuit:silverstone"} <= set(found.topics)


def test_mentions_tell_where_they_stand() -> None:
    found = read("Neuville leads Rallye Monte-Carlo")
    assert [mention.key for mention in found.title] == ["thierry-neuville", "rallye-monte-carlo"]
    assert "Neuville leads Rallye Monte-Carlo"[found.title[0].start : found.title[0].end] == "Neuville"


def test_two_hundred_kilobytes_are_read_like_their_beginning() -> None:
    long = "Verstappen won. " * 13_000
    assert slugs(read("Verstappen wins at Suzuka", text=long, year=2024)) == ["f1"]


_SNIPPETS = st.sampled_from(
    [
        "Formula 1",
        "Le Mans",
        "«",
        "\u202e",
        "GP",
        "ß",
        "İ",
        "e\u0301",
        "24h",
        "'s",
        "\x00",
        "🏁",
        "F1",
        "de la",
    ]
)


@settings(max_examples=150, deadline=None)
@given(
    title=st.lists(st.one_of(_SNIPPETS, st.text(max_size=12)), max_size=8).map(" ".join),
    text=st.lists(st.one_of(_SNIPPETS, st.text(max_size=30)), max_size=20).map("\n".join),
    url=st.one_of(
        st.just(""), st.text(max_size=30), st.text(max_size=30).map("https://example.org/{}".format)
    ),
)
def test_any_text_is_read_without_an_error(title: str, text: str, url: str) -> None:
    found = tag(Article(guid="g", url=url, title=title, text=text), load_catalog())
    for mention in found.title:
        assert title[mention.start : mention.end] == mention.words
    assert found.primary in ([None] if not found.series else [found.series[0].slug])
