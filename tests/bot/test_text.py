"""Folding, taming, measuring and cutting."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.series.tables import tables
from bot.text import cut, cut_utf16, fold, tame, tame_lines, unescaped, utf16_length


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("São Paulo", "sao paulo"),
        ("Nürburgring–Nordschleife", "nurburgring nordschleife"),
        ("MotoGP™", "motogp"),
        ("Straße", "strasse"),
        ("O’Ward", "o'ward"),
        ("  Le   Mans\n24h ", "le mans 24h"),
    ],
)
def test_folding_makes_spellings_equal(text: str, folded: str) -> None:
    assert fold(text) == folded


def test_taming_takes_out_what_a_terminal_obeys_or_nobody_sees() -> None:
    assert tame("a\u202eb\x1b[31mc\u200bd\r\ne") == "ab[31mcd e"


def test_taming_keeps_emoji_together() -> None:
    assert tame("👩‍🚒 🏁") == "👩‍🚒 🏁"


def test_paragraphs_are_kept() -> None:
    assert tame_lines("one\n\n two\n\n\n") == "one\n\ntwo"


def test_a_cut_ends_at_a_sentence_then_at_a_word_and_shows() -> None:
    assert cut("First sentence here. Second one", 25) == "First sentence here.…"
    assert cut("no full stop in this headline", 20) == "no full stop in…"
    assert cut("short", 5) == "short"


def test_a_cut_parts_no_flag_and_no_family() -> None:
    assert cut("🇩🇪🇫🇷🇮🇹", 4) == "🇩🇪…"
    assert cut("👨‍👩‍👧‍👦👨‍👩‍👧‍👦", 9) == "👨‍👩‍👧‍👦…"


@given(st.text(max_size=200), st.integers(0, 120))
def test_a_cut_is_never_longer_than_asked(text: str, most: int) -> None:
    assert len(cut(text, most)) <= most
    assert utf16_length(cut_utf16(text, most)) <= most


@given(st.text(max_size=200))
def test_utf16_is_counted_as_it_is_encoded(text: str) -> None:
    text = text.encode("utf-8", "ignore").decode()
    assert utf16_length(text) == len(text.encode("utf-16-le")) // 2


def test_accents_go_whatever_else_stands_in_the_text() -> None:
    assert fold("Émile „Größe“ 汉") == "emile „grosse“ 汉"
    assert fold("Émile „Größe“") == "emile „grosse“"


@pytest.mark.parametrize("name", ["spoiler", "label", "importance"])
def test_tables_read_one_by_one_hold_what_the_whole_file_holds(name: str) -> None:
    text = (files("bot.reading") / f"{name}.toml").read_text("utf-8")
    whole = tomllib.loads(text)
    for part in whole:
        found: dict[str, Any] = {}
        for table in tables(text, part):
            found |= table[part]
        assert found == whole[part]


def test_a_letter_with_very_many_accents_is_folded_like_any_other() -> None:
    assert fold("a" + "\u0301\u0327" * 100_000 + "b") == "ab"  # put in order, they would take minutes
    assert len(fold("\ufdfa" * 10_000)) < 21_000


def test_a_number_too_long_for_a_character_is_left_as_it_is() -> None:
    assert unescaped("&lt; &#33;") == "< !"
    assert unescaped("&#" + "9" * 5_000 + ";").startswith("&#99")
