"""Dates as feeds, pages and editors write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.reading.dates import find_date, parse_date

NOW = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("2021-11-05T14:46:00+01:00", None, "2021-11-05T14:46:00+01:00"),
        ("2021-11-05T13:46:00Z", None, "2021-11-05T13:46:00+00:00"),
        ("Fri, 05 Nov 2021 13:46:00 GMT", None, "2021-11-05T13:46:00+00:00"),
        ("05/11/2021 à 14:46", "fr", "2021-11-05T14:46:00+01:00"),
        ("5. November 2021, 14:46 Uhr", "de", "2021-11-05T14:46:00+01:00"),
        ("5 novembre 2021 à 14h46", "fr", "2021-11-05T14:46:00+01:00"),
        ("5 de noviembre de 2021 14:46", "es", "2021-11-05T14:46:00+01:00"),
        ("05 novembre 2021 ore 14:46", "it", "2021-11-05T14:46:00+01:00"),
        ("05/11/2021 às 14h46", "pt", "2021-11-05T14:46:00+00:00"),
        ("5 november 2021 om 14:46 uur", "nl", "2021-11-05T14:46:00+01:00"),
        ("November 5, 2021 2:46 PM", "en", "2021-11-05T14:46:00+00:00"),
        ("5 July 2026 14:46", "de", "2026-07-05T14:46:00+02:00"),
    ],
)
def test_a_date_is_read_with_its_zone(text: str, language: str | None, expected: str) -> None:
    found = parse_date(text, now=NOW, language=language)
    assert found is not None
    assert found.isoformat() == expected


@pytest.mark.parametrize(
    ("line", "language"),
    [
        ("vor 3 Stunden", "de"),
        ("il y a 3 heures", "fr"),
        ("3 hours ago", "en"),
        ("hace 3 horas", "es"),
        ("3 ore fa", "it"),
    ],
)
def test_a_relative_date_counts_back_from_now(line: str, language: str) -> None:
    found = find_date(line, now=NOW, language=language)
    assert found is not None
    assert abs(NOW - found - timedelta(hours=3)) < timedelta(minutes=1)


def test_a_date_is_found_inside_a_byline() -> None:
    found = find_date("veröffentlicht 05/11/2021 à 14:46", now=NOW, language="de")
    assert found == datetime(2021, 11, 5, 13, 46, tzinfo=UTC)


@pytest.mark.parametrize(
    "line", ["", "Der Fahrer startet am Sonntag von Platz drei", "Sommaire", "x" * 300, "24 Heures du Mans"]
)
def test_a_sentence_is_no_date(line: str) -> None:
    assert find_date(line, now=NOW) is None


@given(st.text(max_size=90))
def test_any_text_is_read_without_an_error(text: str) -> None:
    parse_date(text, now=NOW)
    find_date(text, now=NOW)
