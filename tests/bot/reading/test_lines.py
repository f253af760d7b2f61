"""Paragraphs of plain text."""

from __future__ import annotations

from bot.reading.clean import text_of
from bot.reading.lines import paragraphed

FIRST = "The team announced on Thursday in Spa that it had signed a new driver for the next three seasons of racing."
SECOND = "He will test the car in December, and drive it for the first time in public in the first week of February."


def test_a_line_break_between_long_lines_ends_a_paragraph() -> None:
    assert paragraphed(f"{FIRST}\n{SECOND}") == f"{FIRST}\n\n{SECOND}"
    assert text_of(f"{FIRST}\nA heading\n{SECOND}") == f"{FIRST}\n\nA heading\n\n{SECOND}"


def test_lines_wrapped_by_hand_stay_together() -> None:
    wrapped = (
        "The team announced on Thursday in Spa that it had signed\n"
        "a new driver for the next three seasons of racing, and that\n"
        "he would test in December."
    )
    assert text_of(wrapped) == wrapped.replace("\n", " ")


def test_where_there_are_blank_lines_they_part_the_paragraphs() -> None:
    text = f"{FIRST}\nstill the first.\n\n{SECOND}"
    assert paragraphed(text) == text


def test_markup_says_itself_where_its_paragraphs_end() -> None:
    assert text_of(f"<p>One\nline.</p><p>{FIRST}</p>") == f"One line.\n\n{FIRST}"
