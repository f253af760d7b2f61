"""The catalogue: forty series, what people type to find them, and the names that speak for them in texts."""

from __future__ import annotations

import time
import tomllib
from importlib.resources import files

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.series.catalog import Catalog, Mention, load_catalog
from bot.series.folding import flat, spellings

SLUGS = [
    "f1",
    "f2",
    "f3",
    "f1-academy",
    "wec",
    "le-mans-24h",
    "elms",
    "alms",
    "imsa",
    "gtwc-europe",
    "gtwc-asia",
    "gtwc-america",
    "gtwc-australia",
    "igtc",
    "gt3",
    "dtm",
    "super-gt",
    "nls",
    "porsche-cup",
    "indycar",
    "nascar",
    "supercars",
    "formula-e",
    "wrc",
    "rallycross",
    "dakar",
    "motogp",
    "moto2",
    "moto3",
    "motoe",
    "wsbk",
    "bsb",
    "btcc",
    "tcr",
    "super-formula",
    "f4",
    "karting",
    "hillclimb",
    "historic",
    "extreme-e",
]

TABLE = tomllib.loads((files("bot.series") / "catalog.toml").read_text("utf-8"))


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog()


def small(names: str, **others: str) -> Catalog:
    """A catalogue of all series with only these names."""
    empty = dict.fromkeys(("teams.toml", "people.toml", "places.toml"), "")
    return Catalog(TABLE, {**empty, "web.toml": "[sections]\n[hosts]\n", "names.toml": names, **others})


def keys(mentions: tuple[Mention, ...]) -> list[tuple[str, str]]:
    return [(mention.kind, mention.key) for mention in mentions]


def test_every_series_of_the_design_is_there_in_its_order(catalog: Catalog) -> None:
    assert list(catalog.series) == SLUGS


def test_every_series_can_be_shown(catalog: Catalog) -> None:
    for series in catalog.series.values():
        assert series.name
        assert 0 < series.colour <= 0xFFFFFF
        assert series.emoji
        assert series.hashtag.isalnum()
        assert 1 <= len(series.short) <= 10
        assert series.family in {"single-seaters", "endurance", "rally", "bikes", "touring", "other"}


def test_the_shipped_files_are_without_faults(catalog: Catalog) -> None:
    assert catalog.check() == []


@pytest.mark.parametrize(
    ("asked", "slug"),
    [
        ("WEC", "wec"),
        ("wec", "wec"),
        ("Formel 1", "f1"),
        ("formule 1", "f1"),
        ("Fórmula Uno", "f1"),
        ("le mans", "le-mans-24h"),
        ("24 Heures du Mans", "le-mans-24h"),
        ("indy", "indycar"),
        ("moto gp", "motogp"),
        ("Superbike-WM", "wsbk"),
        ("Mundial de Ralis", "wrc"),
        ("LANGSTRECKEN-WM", "wec"),
        ("f1 academy", "f1-academy"),
        ("gtwc-europe", "gtwc-europe"),
        ("alms", "alms"),
        ("wrc2", None),
        ("", None),
    ],
)
def test_a_series_is_found_by_slug_name_and_alias_of_any_language(
    catalog: Catalog, asked: str, slug: str | None
) -> None:
    found = catalog.find(asked)
    assert (found.slug if found else None) == slug


@pytest.mark.parametrize(
    ("asked", "slug"),
    [
        ("wrc2", "wrc"),
        ("motgp", "motogp"),
        ("formel1e", "formula-e"),
        ("nasca", "nascar"),
        ("indicar", "indycar"),
    ],
)
def test_a_slip_of_the_finger_leads_to_the_nearest_series(catalog: Catalog, asked: str, slug: str) -> None:
    assert slug in [series.slug for series in catalog.nearest(asked)]


def test_nothing_is_near_to_nonsense(catalog: Catalog) -> None:
    assert catalog.nearest("qqqqqq") == ()


@pytest.mark.parametrize(
    ("typed", "locale", "slug"),
    [
        ("langst", "de", "wec"),
        ("resist", "es", "wec"),
        ("endur", "fr", "wec"),
        ("moto", "it", "motogp"),
        ("for", "en", "f1"),
        ("superb", "de", "wsbk"),
    ],
)
def test_typing_completes_names_of_every_language(
    catalog: Catalog, typed: str, locale: str, slug: str
) -> None:
    assert slug in [series.slug for series in catalog.suggest(typed, locale)[:3]]


def test_nothing_typed_suggests_the_first_series(catalog: Catalog) -> None:
    assert [series.slug for series in catalog.suggest("", limit=3)] == SLUGS[:3]


def test_a_name_is_given_in_the_readers_language(catalog: Catalog) -> None:
    assert catalog.name("f1", "de") == "Formel 1"
    assert catalog.name("f1", "pt-BR") == "Fórmula 1"
    assert catalog.name("dtm", "it") == "DTM"
    assert catalog.name("unknown", "en") == "unknown"


def test_families_hold_every_series_once(catalog: Catalog) -> None:
    assert sorted(series.slug for members in catalog.families().values() for series in members) == sorted(
        SLUGS
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The Asian Le Mans Series grows", [("series", "alms")]),
        ("24 Hours of Le Mans", [("series", "le-mans-24h")]),
        ("F1 Academy", [("series", "f1-academy")]),
        ("#WorldSBK #BritishGP", [("series", "wsbk"), ("event", "british-grand-prix")]),
        ("Formel-1-Pilot", [("series", "f1")]),
        ("F1-Auto", [("series", "f1")]),
        ("MotoGP™ returns", [("series", "motogp")]),
        ("the WEC's decision", [("series", "wec")]),
        ("Vettels letztes Rennen", [("driver", "sebastian-vettel")]),
        ("Pato O’Ward", [("driver", "pato-o-ward")]),
        ("Nico Huelkenberg", [("driver", "nico-hulkenberg")]),
        ("RÄIKKÖNEN", [("driver", "kimi-raikkonen")]),
        ("L'arrivée d'Ocon", [("driver", "esteban-ocon")]),
        ("P. Fillon and Pierre Fillon", [("person", "pierre-fillon"), ("person", "pierre-fillon")]),
        ("F10 and WECO", []),
        ("alms for the poor under the elms", []),
        ("hotel Formule 1", []),
    ],
)
def test_names_are_found_as_outlets_write_them(
    catalog: Catalog, text: str, expected: list[tuple[str, str]]
) -> None:
    shown = {"series", "driver", "person", "team", "event", "circuit", "class", "organiser"}
    assert [key for key in keys(catalog.mentions(text)) if key[0] in shown] == expected


def test_a_mention_tells_where_it_stands_in_the_text_as_given(catalog: Catalog) -> None:
    text = "Große Überraschung: Räikkönen gewinnt für Ferrari"
    mention = catalog.mentions(text)[0]
    assert text[mention.start : mention.end] == "Räikkönen" == mention.words


def test_a_surname_alone_means_who_is_named_in_full_elsewhere(catalog: Catalog) -> None:
    assert keys(catalog.mentions("Jos Verstappen: Verstappen fährt Rallye"))[1] == (
        "driver",
        "jos-verstappen",
    )
    assert keys(catalog.mentions("Verstappen gewinnt"))[0] == ("driver", "max-verstappen")


def test_a_name_does_not_reach_over_the_end_of_a_sentence(catalog: Catalog) -> None:
    assert keys(catalog.mentions("They drove to Le Mans. Series director Smith stayed"))[:1] == [
        ("circuit", "le-mans")
    ]


def test_a_japanese_name_is_found_between_its_neighbours(catalog: Catalog) -> None:
    assert ("series", "super-gt") in keys(catalog.mentions("今季のスーパーGT開幕戦"))


def test_drivers_teams_and_circuits_can_be_followed(catalog: Catalog) -> None:
    (topic,) = catalog.topic("Max Verstappen")
    assert (topic.key, topic.name, topic.kind) == ("driver:max-verstappen", "Max Verstappen", "driver")
    assert catalog.topic("driver:max-verstappen") == (topic,)
    assert catalog.topic("Nordschleife")[0].key == "circuit:nordschleife"
    assert catalog.topic("no such person") == ()


def test_a_surname_offers_everyone_who_bears_it(catalog: Catalog) -> None:
    found = {topic.key for topic in catalog.topic("verstappen")}
    assert {"driver:max-verstappen", "driver:jos-verstappen"} <= found


def test_typing_completes_topics(catalog: Catalog) -> None:
    assert "driver:lewis-hamilton" in [topic.key for topic in catalog.suggest_topics("hamil")]
    assert catalog.suggest_topics("") == ()


def test_a_new_driver_is_a_line_of_toml() -> None:
    catalog = small(
        "",
        **{
            "people.toml": '[[names]]\nkind = "driver"\nseries = "wrc"\nnames = ["Ada **Speedwell | 2030-"]\n'
        },
    )
    (mention,) = catalog.mentions("Speedwell leads")
    assert (mention.key, mention.series, mention.sure) == ("ada-speedwell", (("wrc", 1.0),), True)


@pytest.mark.parametrize(
    ("names", "complaint"),
    [
        ('[[names]]\nkind = "event"\nseries = "nope"\nnames = ["Big Race"]', "unknown series 'nope'"),
        ('[[names]]\nkind = "party"\nseries = "f1"\nnames = ["Big Race"]', "kind 'party'"),
        ('[[names]]\nkind = "event"\nnames = ["Big Race"]', "speaks for no series"),
        ('[[names]]\nkind = "event"\nseries = "f1"\nnames = ["= Big Race"]', "has no name"),
        (
            '[[names]]\nkind = "event"\nseries = "f1"\nnames = ["Grand = Big Race"]\n'
            '[[names]]\nkind = "event"\nseries = "dtm"\nnames = ["Other = Big Race"]',
            "'big race' is claimed for sure by",
        ),
    ],
)
def test_the_check_says_what_is_wrong_in_the_files(names: str, complaint: str) -> None:
    assert any(complaint in trouble for trouble in small(names).check())


def test_one_spelling_may_be_a_hint_for_two() -> None:
    names = (
        '[[names]]\nkind = "event"\nseries = "f1"\nnames = ["Grand = ~Big Race"]\n'
        '[[names]]\nkind = "event"\nseries = "dtm"\nnames = ["Other = ~Big Race"]'
    )
    assert small(names).check() == []


def test_reading_all_names_is_quick() -> None:
    began = time.process_time()
    catalog = Catalog(TABLE)
    catalog.mentions("Formula 1")
    assert time.process_time() - began < 0.6  # 0.13 s on a quiet core


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200))
def test_folding_keeps_every_character_in_its_place(text: str) -> None:
    folded = flat(text)
    assert len(folded) == len(text)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_searched_without_an_error(text: str) -> None:
    for mention in load_catalog().mentions(text):
        assert text[mention.start : mention.end] == mention.words


def test_umlauts_are_read_however_they_are_written() -> None:
    assert set(spellings("Großer Preis")) == {"groser preis", "grosser preis"}
    assert set(spellings("Nürburgring")) == {"nurburgring", "nuerburgring"}
