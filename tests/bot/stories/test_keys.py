"""What is read out of a text to compare it by."""

from __future__ import annotations

import pytest

from bot.series.catalog import load_catalog
from bot.stories.grounds import ground
from bot.stories.legs import clash, legs
from bot.text import fold


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Loeb wins stage 6", {"stage:6"}),
        ("SS12: Ogier leads", {"stage:12"}),
        ("Sexta etapa do Dakar", {"stage:6"}),
        ("La 5e étape pour Loeb", {"stage:5"}),
        ("Fünfte Etappe: Sainz vorn", {"stage:5"}),
        ("Russell tops FP2", {"practice:2"}),
        ("First free practice", {"practice:1"}),
        ("6 Hours of Spa, 2026", set()),
    ],
)
def test_numbered_parts_are_found_in_six_languages(text: str, named: set[str]) -> None:
    assert set(legs(fold(text))) == named


def test_other_parts_clash_and_other_kinds_of_part_do_not() -> None:
    five, six, practice = frozenset({"stage:5"}), frozenset({"stage:6"}), frozenset({"practice:1"})
    assert clash(five, six)
    assert not clash(five, five | six)
    assert not clash(five, practice)
    assert not clash(five, frozenset())


def test_an_event_is_known_by_its_circuit_and_bikes_go_elsewhere() -> None:
    assert ground("styrian-grand-prix", is_bikes=False) == "red-bull-ring"
    assert ground("italian-grand-prix", is_bikes=False) == "monza"
    assert ground("italian-grand-prix", is_bikes=True) == "mugello"
    assert ground("rallye-monte-carlo", is_bikes=False) == "rallye-monte-carlo"


def test_every_ground_is_in_the_catalogue() -> None:
    import tomllib
    from importlib.resources import files

    table = tomllib.loads(files("bot.stories").joinpath("grounds.toml").read_text(encoding="utf-8"))
    catalog = load_catalog()
    for circuits in table.values():
        for circuit, events in circuits.items():
            assert catalog.topic(f"circuit:{circuit}"), circuit
            assert not [event for event in events if not catalog.topic(f"event:{event}")], circuit
