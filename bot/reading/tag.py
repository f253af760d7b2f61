"""Decide which series an article is about, and with which words: every known name votes, by where it stands."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from bot.model import Article, SeriesTag
from bot.reading.voices import OPENING, PATH, TITLE, Voice, listen
from bot.series.catalog import FOLLOWED, Catalog, Mention
from bot.series.names import DOUBTFUL, HELPLESS, NONE, NOT_SERIES, OTHER, PEOPLE, RACING, SURE

ENOUGH = 0.85  # score of the best series
SECOND = 0.4  # share of the best score that a further series needs
PLENTY = 6.0  # a score that more words do not make clearer
NAMED_ENOUGH = 1.75  # by its own names: in the headline, or in the first paragraphs and not as "former"
ANCHORED = 1.0  # sure evidence beside which hints count more
ENTRANTS = PEOPLE | {"team"}
COMPANY, CROWD = 3.0, 0.8  # beyond a few entrants it is a list of names, and each adds little
FIRST = 1.3  # for the series that the headline names first, when it comes to the primary
LOOKS_BACK = 0.6
SPOKEN_OF = 0.9  # the 24 hours in an article about the WEC

HEADLINED = 1.4  # a series, event or class in the headline is what the article is about


HINTS = frozenset(
    {"feed", "host"}
)  # they say what is written there in general, not what this article is about


@dataclass(frozen=True, slots=True, kw_only=True)
class Tagging:
    """The series of an article, and every name that was found on the way."""

    series: tuple[SeriesTag, ...]
    primary: str | None
    topics: tuple[str, ...] = ()  # "driver:max-verstappen", "team:…", "circuit:…"
    title: tuple[Mention, ...] = ()
    standfirst: tuple[Mention, ...] = ()
    text: tuple[Mention, ...] = ()  # of its first 2,500 characters
    esports: bool = False


@dataclass(slots=True)
class Tally:
    """What speaks for one series."""

    score: float = 0.0
    sure: float = 0.0  # by names that are enough alone, in a prominent place
    named: float = 0.0  # by names of the series itself, its events and classes
    firm: float = 0.0  # by more than surnames and hints
    people: float = 0.0  # by drivers and bosses
    crowd: float = 0.0  # by people and teams
    hints: float = 0.0  # by the feed and the website
    words: dict[str, float] = field(default_factory=dict)

    def add(self, voice: Voice, said: float, *, is_named: bool) -> None:
        self.score += said
        self.words[voice.words] = self.words.get(voice.words, 0.0) + said
        if is_named:
            self.named += said
        if voice.is_full:
            self.firm += said
        if voice.kind in PEOPLE:
            self.people += said
        if voice.kind in ENTRANTS:
            self.crowd += said
        elif voice.kind in HINTS:
            self.hints += said


def tag(article: Article, catalog: Catalog) -> Tagging:
    """Tag an article with its series, best first."""
    heard = listen(article, catalog)
    tallies = count(heard.voices)
    first = _first_named(heard.voices)
    slugs = choose(tallies, first=first, esports=heard.esports >= 0.6, looks_back=heard.past >= LOOKS_BACK)
    mentions = {zone: catalog.mentions_of(text, hits) for zone, (text, hits) in heard.zones.items()}
    return Tagging(
        series=tuple(_series_tag(slug, tallies[slug]) for slug in slugs),
        primary=slugs[0] if slugs else None,
        topics=_topics(heard.voices, set(slugs)),
        title=mentions.get("title", ()),
        standfirst=mentions.get("standfirst", ()),
        text=mentions.get("text", ()),
        esports=heard.esports >= 0.6,
    )


def count(voices: Sequence[Voice]) -> dict[str, Tally]:
    """Add up: sure names first, then hints, which count more beside sure ones, then what counts only beside them."""
    tallies: dict[str, Tally] = defaultdict(Tally)
    for voice in voices:
        if voice.sureness == SURE:
            _add(tallies, voice)
    racing = min(1.0, tallies[RACING].score)
    anchored = {slug for slug, tally in tallies.items() if tally.sure >= ANCHORED}
    for voice in voices:
        if voice.sureness == DOUBTFUL:
            _add(tallies, voice, alone=0.35 + 0.35 * racing, beside=0.7, anchored=anchored)
        elif voice.sureness == HELPLESS:
            _add(tallies, voice, alone=0.0, beside=0.5, anchored=anchored)
    for tally in tallies.values():
        tally.score -= CROWD * max(0.0, tally.crowd - COMPANY)
    return tallies


def _add(
    tallies: dict[str, Tally],
    voice: Voice,
    *,
    alone: float = 1.0,
    beside: float = 1.0,
    anchored: Collection[str] = (),
) -> None:
    strength = voice.place * (1 + 0.1 * min(voice.count - 1, 4))
    names_series = voice.names_series
    most = max(voice.series.values()) if names_series else 0.0
    if names_series and voice.place == TITLE:
        strength *= HEADLINED
    is_prominent = voice.sureness == SURE and voice.place >= PATH
    for slug, weight in voice.series.items():
        share = beside if slug in anchored else alone
        if share:
            tally = tallies[slug]
            tally.add(voice, weight * strength * share, is_named=names_series and weight >= 0.9 * most)
            if is_prominent:
                tally.sure += weight * voice.place


def _first_named(voices: Sequence[Voice]) -> Collection[str]:
    """Find the series that the headline names first: it is mostly what the article is about."""
    for voice in voices:
        if voice.place == TITLE and voice.names_series and voice.sureness > HELPLESS:
            most = max(voice.series.values())
            return {slug for slug, weight in voice.series.items() if weight >= 0.9 * most}
    return ()


def choose(
    tallies: dict[str, Tally], *, first: Collection[str] = (), esports: bool = False, looks_back: bool = False
) -> list[str]:
    """Choose the series of an article, the primary first; none where nothing speaks clearly for motorsport."""
    ranked = sorted(
        (slug for slug in tallies if slug not in NOT_SERIES), key=lambda slug: -tallies[slug].score
    )
    if not ranked or not _is_clear(tallies, tallies[ranked[0]]):
        return []
    best, top = ranked[0], tallies[ranked[0]].score
    chosen = [best]
    chosen += [
        s
        for s in ranked[1:]
        if tallies[s].named >= NAMED_ENOUGH and tallies[s].score >= SECOND * min(top, PLENTY)
    ]
    chosen.sort(key=lambda slug: -tallies[slug].score * (FIRST if slug in first else 1.0))
    _join_le_mans(chosen, tallies, is_race=not esports and not looks_back)
    if looks_back and "historic" not in chosen and top > 1.5:
        chosen.append("historic")
    return chosen


def _join_le_mans(chosen: list[str], tallies: dict[str, Tally], *, is_race: bool) -> None:
    """The 24 hours are a round of the WEC: news of the race concerns both, and its own name leads."""
    race, season = "le-mans-24h", "wec"
    if chosen[0] == race and season not in chosen and is_race:
        chosen.insert(1, season)
    elif chosen[0] == season and (spoken := tallies[race].score - tallies[race].people) >= SPOKEN_OF:
        if race in chosen:
            chosen.remove(race)
        leads = spoken >= NAMED_ENOUGH and tallies[race].score >= 0.75 * tallies[season].score
        chosen.insert(0 if leads else 1, race)


def _is_clear(tallies: dict[str, Tally], best: Tally) -> bool:
    racing = min(1.0, tallies[RACING].score)
    if best.score + 0.3 * racing < ENOUGH:
        return False
    if best.firm < 0.5 and len(best.words) + 2 * racing < 3:  # a surname or two, and little of racing
        return False
    against = tallies[NONE].score
    if best.score < 0.8 * against or (against >= 0.3 and best.score - best.hints < against):
        return False
    elsewhere = tallies[OTHER].score
    return best.score >= elsewhere or (best.named >= NAMED_ENOUGH and best.score >= 0.6 * elsewhere)


def _series_tag(slug: str, tally: Tally) -> SeriesTag:
    words = sorted(tally.words, key=lambda word: -tally.words[word])
    return SeriesTag(slug=slug, score=round(min(1.0, tally.score / 4), 3), evidence=tuple(words[:6]))


def _topics(voices: Iterable[Voice], slugs: set[str]) -> tuple[str, ...]:
    chosen = [voice for voice in voices if _is_topic(voice) and not slugs.isdisjoint(voice.series)]
    chosen.sort(key=lambda voice: -voice.place)
    return tuple(f"{FOLLOWED[voice.kind]}:{voice.key}" for voice in chosen[:12])


def _is_topic(voice: Voice) -> bool:
    return (
        voice.kind in FOLLOWED and voice.sureness > HELPLESS and (voice.place >= OPENING or voice.count > 1)
    )
