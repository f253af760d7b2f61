"""Does an article give a result away, and with which words?"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from bot.reading.phrases import Hit, Lexicon, Token, tokens
from bot.series.catalog import Mention

WEIGHTS = {"sure": 3.0, "likely": 2.0, "hint": 1.0}
KINDS = ("win", "pole", "position", "out", "title", "standings")
CALM = ("practice", "preview", "signing", "history", "talk")
ENOUGH = 2.0
OPENING = 700  # characters of the text that are looked at: a result stands at the top or nowhere


class Verdict(NamedTuple):
    spoiler: bool
    evidence: tuple[str, ...]
    kinds: tuple[str, ...]  # what is given away: "win", "pole", …
    is_report: bool  # it tells the result, rather than mentions it
    score: float


class Zone(NamedTuple):
    """What was found in a title, a standfirst or an opening."""

    text: str
    words: Sequence[Token]
    hits: Sequence[Hit]  # what gives away, voided ones left out
    calm: frozenset[str]  # what speaks against a result

    @property
    def best(self) -> float:
        return max((hit.weight for hit in self.hits), default=0.0)

    @property
    def sum(self) -> float:
        return sum(hit.weight for hit in self.hits)


def judge(
    title: str,
    standfirst: str,
    text: str,
    language: str,
    *,
    racing: bool = True,
    mentions: Iterable[Mention] = (),
) -> Verdict:
    """Weigh what title, standfirst and the text's opening give away; `mentions` are those of the title."""
    zones = (scan(title, language, mentions), scan(standfirst, language), scan(text[:OPENING], language))
    score = _score(zones) - (0 if racing else 2)
    if score < ENOUGH:
        return Verdict(False, (), (), False, score)
    telling = [(zone, hit) for zone in zones for hit in zone.hits if hit.weight >= WEIGHTS["likely"]]
    return Verdict(
        True,
        tuple(dict.fromkeys(_quoted(zone) for zone in zones if zone.hits)),
        tuple(dict.fromkeys(hit.kind for _, hit in telling)),
        "talk" not in zones[0].calm,
        score,
    )


def scan(text: str, language: str, mentions: Iterable[Mention] = ()) -> Zone:
    """Find a language's phrases in a text and drop the ones that another phrase takes the force of."""
    words = tokens(text)
    starts = {mention.start for mention in mentions if mention.kind in ("driver", "team", "person")}
    names = {at for at, word in enumerate(words) if word.start in starts}
    hits: list[Hit] = []
    for lexicon in lexicons(language):
        hits.extend(lexicon.find(words, names))
    voided = {at for hit in hits if hit.kind == "void" for at in range(hit.first, hit.last + 1)}
    told = [
        hit
        for hit in hits
        if hit.weight > 0 and not any(at in voided for at in range(hit.first, hit.last + 1))
    ]
    return Zone(text, words, told, frozenset(hit.kind for hit in hits if hit.kind in CALM))


def _score(zones: Sequence[Zone]) -> float:
    title, standfirst, opening = zones
    score = title.best + 0.6 * standfirst.best + 0.4 * opening.best
    calm = title.calm
    if "practice" in calm:
        score -= 2
    if "preview" in calm:
        score -= 1
    if "history" in calm:
        score -= 1.5
    if "signing" in calm:
        score -= 1
    if "talk" in calm:
        score -= 0.5
    return score


def _quoted(zone: Zone) -> str:
    hit = max(zone.hits, key=lambda hit: (hit.weight, hit.last - hit.first))
    return zone.text[zone.words[hit.first].start : zone.words[hit.last].end]


@cache
def lexicons(language: str) -> tuple[Lexicon, ...]:
    """The phrases of all languages, and those of this one."""
    data = _data()
    return tuple(
        Lexicon(_phrases(data[part]), {**data["any"].get("sets", {}), **data[part].get("sets", {})})
        for part in ("any", language)
        if part in data
    )


def _phrases(part: Mapping[str, Any]) -> Iterator[tuple[str, float, str]]:
    for kind in KINDS:
        for force, phrases in part.get(kind, {}).items():
            yield from ((kind, WEIGHTS[force], phrase) for phrase in phrases)
    yield from (("void", 0.0, phrase) for phrase in part.get("void", ()))
    for kind, phrases in part.get("calm", {}).items():
        yield from ((kind, 0.0, phrase) for phrase in phrases)


@cache
def _data() -> Mapping[str, Any]:
    return tomllib.loads(Path(__file__).with_name("spoiler.toml").read_text("utf-8"))
