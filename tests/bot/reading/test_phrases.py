"""The small language in which the word lists are written."""

from __future__ import annotations

import pytest

from bot.reading.phrases import Lexicon, Words


def found(
    written: str, text: str, *, names: tuple[str, ...] = (), sets: dict[str, list[str]] | None = None
) -> list[str]:
    lexicon = Lexicon()
    lexicon.add("kind", 1.0, written, sets or {})
    words = Words(text)
    named = words.within([(text.index(name), text.index(name) + len(name)) for name in names])
    return [words.quote(hit.first, hit.last) for hit in lexicon.find(words, named)]


@pytest.mark.parametrize(
    ("written", "text", "expected"),
    [
        ("takes|took [the] pole", "Muster TOOK THE pole", ["TOOK THE pole"]),
        ("takes|took [the] pole", "Muster takes pole", ["takes pole"]),
        ("takes ..2 pole", "takes a first pole", ["takes a first pole"]),
        ("takes ..2 pole", "takes a very first pole", []),
        ("triumph*", "Er triumphierte", ["triumphierte"]),
        ("*sieg", "ein Heimsieg", ["Heimsieg"]),
        ("platz #", "auf Platz 3", ["Platz 3"]),
        ("finished #th", "finished 3rd", ["finished 3rd"]),
        ("finished #th", "finished 30 laps", []),
        ("won in #y", "won in 1994", ["won in 1994"]),
        ("e-prix|gp", "der E-Prix und der GP", ["E-Prix", "GP"]),
        ("s'impose", "Elle s’impose à Spa", ["s’impose"]),
        ("vitória", "VITORIA em casa", ["VITORIA"]),
    ],
)
def test_a_phrase_finds_what_it_says(written: str, text: str, expected: list[str]) -> None:
    assert found(written, text) == expected


def test_a_named_set_stands_for_its_words() -> None:
    assert found("wins {race}", "wins rally", sets={"race": ["race|rally", "gp"]}) == ["wins rally"]


def test_a_name_is_matched_by_each_of_its_words() -> None:
    assert found("@ on pole", "Muster on pole, Probe on pole", names=("Muster",)) == ["Muster on pole"]
    assert found("@ on pole", "Max Muster on pole", names=("Max Muster",)) == ["Muster on pole"]


def test_a_phrase_does_not_reach_over_the_end_of_a_sentence() -> None:
    assert found("wins ..3 race", "He wins. The race goes on") == []
    assert found("p ..1 fillon", "P. Fillon") == ["P. Fillon"]


def test_a_phrase_of_gaps_only_is_refused() -> None:
    with pytest.raises(ValueError, match="gaps"):
        found("..3", "anything")


def test_part_of_a_word_needs_letters_enough_to_be_looked_up() -> None:
    with pytest.raises(ValueError, match="letters"):
        found("ab*", "abc")
