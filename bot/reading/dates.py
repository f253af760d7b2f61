"""When an article says it was published: ISO 8601, RFC 822, and dates as seven languages write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from zoneinfo import ZoneInfo

LONGEST = 80  # characters: a longer line is a sentence, not a date
ZONES = {
    "de": "Europe/Berlin",
    "fr": "Europe/Paris",
    "es": "Europe/Madrid",
    "it": "Europe/Rome",
    "nl": "Europe/Amsterdam",
    "pt": "Europe/Lisbon",
}  # where an outlet of this language most likely sits, when its date has no zone

_MONTH = r"[^\W\d]{3,10}\.?"
_DAY = (
    r"(?:\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\d{4}-\d{2}-\d{2}"
    rf"|\d{{1,2}}(?:st|nd|rd|th|er|º|°|\.)?\s+(?:de\s+)?{_MONTH},?\s+(?:de\s+)?\d{{4}}"
    rf"|{_MONTH}\s+\d{{1,2}}(?:st|nd|rd|th)?,?\s+\d{{4}})"
)
_CLOCK = r"(?:\d{1,2}\s?[:.h]\s?\d{2}(?::\d{2})?(?:\s?[ap]\.?m\.?)?)"
_DATE = re.compile(rf"{_DAY}(?:\D{{0,12}}{_CLOCK})?", re.IGNORECASE)
_FRENCH_HOUR = re.compile(r"\b(\d{1,2})\s?h\s?(\d{2})\b")
_FILLERS = re.compile(
    r"\b(?:à|às|as|a las|ore|alle|um|om|at)\b(?=\s*\d)|(?<=:\d\d)\s*(?:uhr|uur|h)\b|[|·•–—]", re.IGNORECASE
)
_AGO = re.compile(
    r"^(?:vor|il y a|hace|há|ha|\d+)\b.{0,24}$|\b(?:ago|fa|geleden|atrás)$"
    r"|^(?:today|yesterday|heute|gestern|aujourd'hui|hier|hoy|ayer|oggi|ieri|hoje|ontem|vandaag|gisteren)\b",
    re.IGNORECASE,
)
LANGUAGES = ["en", "de", "fr", "es", "it", "pt", "nl"]


def parse_date(text: str, *, now: datetime, language: str | None = None) -> datetime | None:
    """Read a date with its zone; one without a zone is in the zone where the language is at home. None if it is none.

    Days come before months in `05/11/2021`, except where the date says otherwise (`2021-11-05`, `11/25/2021`).
    """
    text = " ".join(text.split())
    if not text or len(text) > LONGEST:
        return None
    exact = _iso(text) or _rfc(text)
    if exact is not None:
        return exact if exact.tzinfo else exact.replace(tzinfo=zone_of(language))
    return _written(text, now, language)


def find_date(line: str, *, now: datetime, language: str | None = None) -> datetime | None:
    """Read the date inside a byline such as "veröffentlicht 05/11/2021 à 14:46"; None where there is none."""
    if len(line) > LONGEST:
        return None
    found = _DATE.search(line)
    if found:
        return parse_date(found.group(), now=now, language=language)
    if _AGO.search(line.strip()):
        return _written(line, now, language)
    return None


def may_be_dated(line: str) -> bool:
    """Say whether a line looks as if `find_date` could find something, which may need the line's language."""
    return len(line) <= LONGEST and bool(_DATE.search(line) or _AGO.search(line.strip()))


def zone_of(language: str | None) -> ZoneInfo:
    """The zone that a date without one is read in."""
    return ZoneInfo(ZONES.get((language or "").split("-")[0], "UTC"))


def _iso(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _rfc(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text) if "," in text[:5] or text[:1].isdigit() else None
    except (ValueError, IndexError):
        return None


def _written(text: str, now: datetime, language: str | None) -> datetime | None:
    import dateparser

    zone = zone_of(language)
    plain = " ".join(_FILLERS.sub(" ", _FRENCH_HOUR.sub(r"\1:\2", text)).split()).strip(" ,")
    known = (language or "").split("-")[0]
    first = [known] if known in LANGUAGES else []
    try:
        found = dateparser.parse(
            plain,
            languages=first + [other for other in LANGUAGES if other not in first],
            settings={
                "DATE_ORDER": "DMY",
                "TIMEZONE": zone.key,
                "RETURN_AS_TIMEZONE_AWARE": True,
                "RELATIVE_BASE": now.astimezone(zone).replace(tzinfo=None),
                "PREFER_LOCALE_DATE_ORDER": False,
            },
        )
    except Exception:  # noqa: BLE001 - the library raises many kinds for odd input; no date then
        return None
    if found is None or not timedelta(days=-2) < now - found.astimezone(UTC) < timedelta(days=40 * 366):
        return None
    assert isinstance(found, datetime)
    return found
