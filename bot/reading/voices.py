"""Hear what every known name in an article says: for which series, how surely, from which place, how often."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from bot.model import Article
from bot.series.catalog import Catalog
from bot.series.matcher import Hit
from bot.series.names import RACING, SURE, Alias, Bond, Name

MOST_TEXT = (
    6_000  # characters of the body that are looked at: what an article is about stands at its beginning
)
LEAD = 600  # of these, what counts as its first paragraphs

# How much a name counts by where it stands. The link's path holds the headline once more, often its first version.
TITLE, STANDFIRST, OPENING, PATH, REST = 1.0, 0.85, 0.6, 0.4, 0.2
HINT = 0.8  # of a website, a part of the path, the feed

NAMING = frozenset({"series", "event", "class"})
FORMER = 0.25  # left of a name that "ex-" or "former" stands before
FORMER_REACH = 14  # characters that these words reach over
SHARED = 0.3  # left for the further people of one surname
NEXT_YEAR, OTHER_YEARS, PAST = 0.6, 0.25, 0.6

_OLD_YEAR = re.compile(r"(?<![\d.])(19[3-9]\d|20[0-2]\d)(?![\d.])")
_LONG_AGO = 12  # years


@dataclass(slots=True)
class Voice:
    """Everything one name says in one article."""

    kind: str
    key: str
    words: str
    place: float  # the best place it stands in
    sureness: int
    series: Mapping[str, float]
    is_full: bool = True  # more than a surname or a hint
    names_series: bool = False  # it is a name of the series itself, an event or a class of it
    count: int = 1


class Heard(NamedTuple):
    """All that was heard."""

    voices: Sequence[Voice]
    esports: float  # how much is said of simulated racing
    past: float  # how much the article looks back
    zones: Mapping[str, tuple[str, Sequence[Hit]]]  # "title", "standfirst", "text": what was found there


def listen(article: Article, catalog: Catalog) -> Heard:
    """Find all names of an article and what they say."""
    find = catalog.matcher.find
    slug, sections = parted(article.url)
    zones = {
        "title": (article.title, TITLE),
        "standfirst": (article.standfirst, STANDFIRST),
        "text": (article.text[:MOST_TEXT], OPENING),
        "path": (slug, PATH),
        "categories": (" | ".join(article.categories[:6]), HINT),
    }
    found = {zone: (text, place, find(text)) for zone, (text, place) in zones.items() if text}
    year = article.published_at.year if article.published_at else 0
    hearing = _Hearing(year, found.values())
    for _, place, hits in found.values():
        hearing.hear(place, hits)
    past = hearing.past + _looks_back(article.title, slug, year)
    voices = [*hearing.voices.values(), *_hints(article, sections, catalog)]
    return Heard(
        voices, hearing.esports, past, {zone: (text, hits) for zone, (text, _, hits) in found.items()}
    )


class _Hearing:
    """Gathers voices over the places of one article."""

    def __init__(self, year: int, found: Iterable[tuple[str, float, Sequence[Hit]]]) -> None:
        self.voices: dict[tuple[str, str], Voice] = {}
        self.esports = 0.0
        self.past = 0.0
        self._year = year
        self._full = {
            alias.owner.key for _, _, hits in found for hit in hits for alias in hit.aliases if alias.is_whole
        }

    def hear(self, place: float, hits: Sequence[Hit]) -> None:
        former_until = -1
        for hit in hits:
            where = place if place != OPENING or hit.start < LEAD else REST
            owner = hit.aliases[0].owner
            if owner.kind == "past":
                if owner.bonds[0].slug == RACING:
                    former_until = hit.end + FORMER_REACH
                else:
                    self.past += where * owner.bonds[0].weight
                continue
            if owner.kind == "esports":
                self.esports += where
            self._take(hit.aliases, where * FORMER if hit.start <= former_until else where)

    def _take(self, aliases: tuple[Alias, ...], where: float) -> None:
        if len(aliases) > 1:
            aliases = tuple(sorted(aliases, key=self._rank))
        first = aliases[0]
        voice = self.voices.get((first.owner.kind, first.owner.key))
        if voice is None:
            series = self._said(aliases)
            owner = first.owner
            named = owner.kind in NAMING and not owner.is_shared
            voice = Voice(
                owner.kind, owner.key, owner.name, where, first.sureness, series, first.is_full, named
            )
            self.voices[voice.kind, voice.key] = voice
            return
        voice.count += 1
        voice.place = max(voice.place, where)
        voice.sureness = max(voice.sureness, first.sureness)
        voice.is_full = voice.is_full or first.is_full

    def _said(self, aliases: tuple[Alias, ...]) -> Mapping[str, float]:
        series = in_year(aliases[0].owner, self._year)
        if len(aliases) == 1:
            return series
        joint = dict(series)
        for alias in aliases[1:]:
            for slug, weight in in_year(alias.owner, self._year).items():
                joint[slug] = max(joint.get(slug, 0.0), weight * SHARED)
        return joint

    def _rank(self, alias: Alias) -> tuple[bool, bool, int]:
        """Of several people with one surname: who is named in full, then who races this year, then the better known."""
        year = self._year
        races = any(bond.since <= year <= bond.until for bond in alias.owner.bonds)
        return alias.owner.key not in self._full, bool(year) and not races, alias.owner.order


def in_year(owner: Name, year: int) -> dict[str, float]:
    """Weigh a name's series by the year of the article: Alonso is Le Mans in 2018, and Formula 1 in 2021."""
    if not 1950 <= year <= 2100:
        year = 0
    return _weighed(owner.bonds, year)


@lru_cache(maxsize=2_000)
def _weighed(bonds: tuple[Bond, ...], year: int) -> dict[str, float]:
    if len(bonds) == 1 and bonds[0].since == 0 and bonds[0].until == 9999:
        return {bonds[0].slug: bonds[0].weight}
    shares = [_share(bond.since, bond.until, year) for bond in bonds]
    elsewhere = OTHER_YEARS if max(shares, default=1.0) == 1 else PAST
    series: dict[str, float] = {}
    for bond, share in zip(bonds, shares, strict=True):
        series[bond.slug] = max(series.get(bond.slug, 0.0), bond.weight * (share or elsewhere))
    return series


def _share(since: int, until: int, year: int) -> float:
    if not year:
        return 0.8
    if since <= year <= until:
        return 1.0
    return NEXT_YEAR if since - 1 <= year <= until + 1 else 0.0


def parted(url: str) -> tuple[str, tuple[str, ...]]:
    """Part a link into its headline, every word written large as names are, and the sections before it."""
    if not url:
        return "", ()
    try:
        path = urlsplit(url).path
    except ValueError:  # "http://[broken"
        return "", ()
    segments = [part for part in unquote(path[:600]).split("/") if part]
    if not segments:
        return "", ()
    slug = max(segments[-3:], key=lambda part: part.count("-") + part.count("_"))
    return slug[:200].replace("-", " ").title(), tuple(
        segment.lower() for segment in segments[:6] if segment is not slug
    )


def _hints(article: Article, sections: Sequence[str], catalog: Catalog) -> Iterator[Voice]:
    for section in sections:
        series = catalog.section(section)
        if series:
            yield Voice("section", section, f"/{section}/", HINT, SURE, series, names_series=True)
    host = _host(article.url)
    series = catalog.host(host) if host else {}
    if series:
        yield Voice("host", host, host, HINT, SURE, series)
    if article.feed_series:
        share = 1.2 / len(article.feed_series) ** 0.7
        yield Voice("feed", "feed", "feed", HINT, SURE, dict.fromkeys(article.feed_series, share))


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _looks_back(title: str, slug: str, year: int) -> float:
    """Tell whether the headline names a year long ago."""
    until = (year or 2020) - _LONG_AGO
    return 0.7 if any(int(found) <= until for found in _OLD_YEAR.findall(f"{title} {slug}")) else 0.0
