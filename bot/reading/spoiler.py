"""Does an article give a result away, and with which words?"""

from __future__ import annotations

from typing import NamedTuple

from bot.reading.cues import FORCES, RESULTS, Zone, scan
from bot.reading.phrases import Hit

SURE, LIKELY, HINT = FORCES["sure"], FORCES["likely"], FORCES["hint"]
CALM = "spoiler.calm."
TALK = "spoiler.calm.talk"

# How much each zone's phrases count, each force up to so many times; fitted on labelled articles in seven languages
# (logistic regression, cross-validated, rounded): title, standfirst, opening.
COUNTS = (
    ((SURE, 1.6, 2), (LIKELY, 1.2, 2), (HINT, 1.2, 2)),
    ((SURE, 1.7, 3), (LIKELY, 0.5, 2), (HINT, 0.5, 2)),
    ((SURE, 0.5, 4), (LIKELY, 0.0, 2), (HINT, 0.4, 2)),
)
SURE_TITLE, SURE_OF_SOMEBODY = (
    1.1,
    0.9,
)  # more for a title's first sure phrase, and where it names a driver or a team
CALMING = (
    {"practice": 1.4, "preview": 1.2, "signing": 0.7, "history": 1.6, "anniversary": 6.0, "talk": 0.4},
    {"practice": 0.8, "preview": 0.6, "signing": 1.1, "history": 1.2, "anniversary": 1.0, "talk": 0.3},
    {"signing": 0.7, "history": 0.4, "anniversary": 0.5, "talk": 0.4},
)
DOUBT = 3.4
NO_SERIES, NO_NAME = (
    0.6,
    0.6,
)  # "wins" in an article about no series, with no known name in the title, is an election
NO_STANDFIRST, NO_TEXT = 0.5, 0.8  # where little is told, little must do
CERTAIN = 1.6  # the text cannot turn it any more
OPENING = 700  # characters of the text that are looked at first
REPORT = 2_500  # and more of it where title and standfirst are silent: some outlets title a result with the place only
RESULTS_TOLD, RESULTS_PER_1000 = 4, 2.4  # so many, and so densely
RESULTS_SHOWN = 2  # in a summary


class Verdict(NamedTuple):
    spoiler: bool
    evidence: tuple[str, ...]
    kinds: tuple[str, ...]  # what is given away: "win", "pole", …
    is_report: bool  # it tells the result, rather than mentions it
    score: float  # above 0: it does


def judge(
    title: Zone, standfirst: Zone, text: str, language: str, *, summary: str = "", racing: bool = True
) -> Verdict:
    """Weigh what title, standfirst and the text's opening give away, and look at the summary that will be posted."""
    score = _weigh(title, 0) + _weigh(standfirst, 1) - DOUBT - (0 if racing else NO_SERIES)
    score += SURE_TITLE + (SURE_OF_SOMEBODY if title.names else 0) if _sure(title) else 0
    score -= 0 if racing or title.names else NO_NAME
    score += (0 if standfirst.words.written else NO_STANDFIRST) + (0 if text else NO_TEXT)
    zones = [title, standfirst]
    if score < CERTAIN:
        opening = scan(text[:OPENING], language)
        zones.append(opening)
        score += _weigh(opening, 2)
    if score <= 0:
        telling = _telling(text, summary, language, opening) if racing and not _is_calm(title) else None
        if telling is None:
            return Verdict(False, (), (), False, score)
        zones[2] = telling
    strong = [
        hit.kind.removeprefix("spoiler.") for zone in zones for hit in _told(zone) if hit.weight >= LIKELY
    ]
    quotes = (_strongest(zone) for zone in zones if _told(zone))
    return Verdict(
        True, tuple(dict.fromkeys(quotes)), tuple(dict.fromkeys(strong)), not title.of(TALK), score
    )


def decides_title(title: Zone) -> bool:
    """Say whether a headline tells that a championship is decided."""
    return any(hit.kind == "spoiler.title" and hit.weight == SURE for hit in title.hits)


def _weigh(zone: Zone, place: int) -> float:
    """Sum up what a zone's phrases say; `place` is 0 for the title, 1 for the standfirst, 2 for the text."""
    if not zone.hits:
        return 0.0
    found = [hit.weight for hit in _told(zone)]
    calm = {hit.kind.removeprefix(CALM) for hit in zone.of(CALM)}
    speaking = sum(weight * min(found.count(force), most) for force, weight, most in COUNTS[place])
    return speaking - sum(CALMING[place].get(kind, 0.0) for kind in calm)


def _is_calm(title: Zone) -> bool:
    return any(hit.kind != TALK for hit in title.of(CALM))


def _telling(text: str, summary: str, language: str, opening: Zone) -> Zone | None:
    """Find results where title and standfirst are silent: in a text that is full of them, or in the summary."""
    if _told(opening):
        report = scan(text[:REPORT], language) if len(text) > OPENING else opening
        if _sure(report) >= max(RESULTS_TOLD, RESULTS_PER_1000 * len(report.words.text) / 1000):
            return report
    if summary and _sure(shown := scan(summary, language)) >= RESULTS_SHOWN:
        return shown
    return None


def _sure(zone: Zone) -> int:
    return len({hit.last for hit in _told(zone) if hit.weight == SURE})


def _strongest(zone: Zone) -> str:
    return zone.quote(max(_told(zone), key=lambda hit: (hit.weight, hit.first - hit.last)))


def _told(zone: Zone) -> list[Hit]:
    return [hit for hit in zone.hits if hit.kind.startswith(RESULTS)]
