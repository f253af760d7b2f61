"""Read the dates of feeds that name their months in the language of their readers, which RFC 822 does not foresee."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from bot.text import fold

_DATE = re.compile(
    r"(\d{1,2})[.\s]\s*(?:de\s+)?([^\W\d_]{3,10})\.?\s+(?:de\s+)?(\d{4}),?\s+(\d{1,2}:\d{2}(?::\d{2})?)\s*([+-]\d{4}|[A-Z]{1,4})?"
)
_ENGLISH = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
# The beginnings of their names in English, German, French, Spanish, Italian, Portuguese and Dutch, without accents.
_BEGINNINGS = (
    "jan gen ene janv",
    "feb fev",
    "mar mrz maa",
    "apr abr avr",
    "may mai mag mei",
    "jun giu juin",
    "jul lug juil",
    "aug ago aou",
    "sep set",
    "oct okt ott out",
    "nov",
    "dec dez dic",
)
_MONTHS = {name: month for month, names in zip(_ENGLISH, _BEGINNINGS, strict=True) for name in names.split()}


def worded_date(text: str) -> datetime | None:
    """The time that a date such as "Seg, 24 Set 2018 19:42:40 -0300" names; without a zone it is UTC."""
    found = _DATE.search(text[:100])
    if found is None:
        return None
    day, word, year, time, zone = found.groups()
    name = fold(word)
    month = _MONTHS.get(name[:4]) or _MONTHS.get(name[:3])
    if month is None:
        return None
    try:
        at = parsedate_to_datetime(f"{day} {month} {year} {time} {zone or '+0000'}")
    except ValueError:
        return None
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
