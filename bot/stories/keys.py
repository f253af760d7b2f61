"""What of an article survives translation and rewriting: names, numbers, places, the kind of news, and rarer words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from bot.model import Article, Reading
from bot.series.catalog import Catalog, Mention, load_catalog
from bot.stories.grounds import ground
from bot.stories.legs import legs
from bot.stories.lexicon import Cue, lexicon
from bot.text import fold

STEM = 6  # letters of a word that count
TITLE = 300  # characters that are looked at
LEAD = 500
PLACES = frozenset({"circuit", "event"})
_WORD = re.compile(r"[^\W_]+")
_NUMBER = re.compile(r"(?<![\w.])\d+(?:[.:,]\d+)*(?!\w)")
_YEAR = re.compile(r"(?:19|20)\d\d$")
_SUFFIX = re.compile(r"\s+(?:\||::|[-–—])\s+([^|–—:]{1,30})$")
_QUOTE = re.compile(
    r"[\"“”„«»]([^\"“”„«»]+)[\"“”„«»]|(?:^|(?<=[\s:]))['‘](\S[^'‘’]*(?:\w['’]\w[^'‘’]*)*)['’](?!\w)"
)
_ABOUT = re.compile(r"\s+(?:on|about|über|zu|sur|sobre|su|over)\s", re.I)
_SPEAKER = re.compile(r"\s?:\s")


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of one telling. A token is a letter for its kind and what it is.

    p person, t team, c circuit or event, s series, # number, n unknown name, w beginning of a word, k concept, h leg;
    of the title alone also a act ("apenalty"), e echo, x session, f who with which act ("fwin:kyle-busch").
    """

    title: frozenset[str]
    lead: frozenset[str]
    language: str
    outlet: str
    at: datetime

    @property
    def is_bare(self) -> bool:
        """Say whether there is too little to compare: "Video", "Live"."""
        return sum(token[0] in "ptcn#w" for token in self.title) < 2


def keys_of(article: Article, reading: Reading, *, now: datetime, catalog: Catalog | None = None) -> Keys:
    """Take the keys from an article's title and lead."""
    catalog = catalog or load_catalog()
    title = bare_title(article.title[:TITLE])
    lead = (article.standfirst or article.text)[:LEAD]
    primary = catalog.series.get(reading.primary or "")
    is_bikes = primary is not None and primary.family == "bikes"
    in_title, in_lead = _Text(title, catalog, is_bikes), _Text(lead, catalog, is_bikes)
    names = {word for word in in_lead.names if word in in_title.words or not in_title.words}
    tokens = {*in_title.tokens(in_title.names | names), *_news(in_title, in_lead)}
    return Keys(
        title=frozenset(tokens),
        lead=frozenset(in_lead.tokens(in_lead.names)),
        language=reading.language,
        outlet=article.outlet or (urlsplit(article.url).hostname or "").removeprefix("www."),
        at=article.published_at or now,
    )


def bare_title(title: str) -> str:
    """Take the names of outlet and section off the end of a title: "… | PlanetF1", "… - F1 - 2020"."""
    title = title.rstrip(" .…")
    while found := _SUFFIX.search(title):
        part = fold(found[1])
        is_section = part in lexicon().sections or _YEAR.match(part)
        if not is_section and title[found.start()] == " " and "|" not in found[0] and "::" not in found[0]:
            break
        title = title[: found.start()]
    return title


def to_json(keys: Keys) -> dict[str, Any]:
    """Keep keys with their story."""
    return {
        "t": " ".join(sorted(keys.title)),
        "l": " ".join(sorted(keys.lead)),
        "lang": keys.language,
        "outlet": keys.outlet,
        "at": int(keys.at.timestamp()),
    }


def from_json(kept: Mapping[str, Any]) -> Keys:
    """Read kept keys back."""
    return Keys(
        title=frozenset(kept["t"].split()),
        lead=frozenset(kept["l"].split()),
        language=kept["lang"],
        outlet=kept["outlet"],
        at=datetime.fromtimestamp(kept["at"], UTC),
    )


class _Text:
    """A title or lead: its folded words and where they stand, the names in it, its cues."""

    def __init__(self, text: str, catalog: Catalog, is_bikes: bool) -> None:
        self.text = text
        self.is_bikes = is_bikes
        self.mentions = catalog.mentions(text)
        self.found = list(_WORD.finditer(text))
        self.written = [match[0] for match in self.found]
        self.words = [word.lower() if word.isascii() else fold(word) for word in self.written]
        self.cues = list(lexicon().cues(self.words))
        self.names = set(self._names())

    def tokens(self, names: Iterable[str]) -> Iterator[str]:
        """The keys that title and lead share."""
        for mention in self.mentions:
            yield self.key(mention)
        noise = lexicon().noise
        yield from {
            "w" + word[:STEM]
            for word in self.words
            if len(word) > 2 and word not in noise and not word.isdigit()
        }
        for name in names:
            yield "n" + name
        for cue in self.cues:
            if cue.section == "concepts":
                yield "k" + cue.name
            elif cue.section == "numbers":
                yield "#" + cue.name
        plain = fold(self.text)
        yield from ("h" + leg for leg in legs(plain))
        for number in _NUMBER.findall(plain):
            if not _YEAR.match(number) and number not in ("1", "2", "3"):
                yield "#" + number.replace(",", ".").replace(":", ".")

    def key(self, mention: Mention) -> str:
        """The token of a mention; an event is known by its place."""
        kind = _kind(mention)
        return kind + (ground(mention.key, is_bikes=self.is_bikes) if kind == "c" else mention.key)

    def _names(self) -> Iterator[str]:
        """Words written like names in running text that the catalogue does not know."""
        large = [place for place, word in enumerate(self.written) if word[0].isupper()]
        long = [len(word) > 3 for word in self.written]
        if sum([long[place] for place in large]) > 0.55 * sum(long):
            return  # a Title in Title Case says nothing of names
        known = [(mention.start, mention.end) for mention in self.mentions]
        noise = lexicon().noise
        for place in large:
            word, plain = self.written[place], self.words[place]
            if len(word) < 3 or plain in noise:
                continue
            start = self.found[place].start()
            if start == 0 or self.text[max(0, start - 2) : start].strip(" \"'“«") in (".", "!", "?", ":"):
                continue
            if not any(begin <= start < end for begin, end in known):
                yield plain

    def speaker_before(self, place: int) -> str:
        """Say who stands before a verb: "person", "body" (a series, a team, an acronym) or ""."""
        for back in range(place - 1, max(-1, place - 4), -1):
            at = self.found[back].start()
            kind = next((m.kind for m in self.mentions if m.start <= at < m.end), "")
            if kind in ("driver", "person"):
                return "person"
            if kind in ("series", "team", "organiser", "class", "event"):
                return "body"
            if self.written[back].isupper() and 1 < len(self.written[back]) < 6:
                return "body"
        return ""


def _kind(mention: Mention) -> str:
    if mention.kind in ("driver", "person"):
        return "p"
    if mention.kind in PLACES:
        return "c"
    return "t" if mention.kind == "team" else "s"


def _news(title: _Text, lead: _Text) -> Iterator[str]:
    """What kind of news it is, and whose."""
    acts = {cue.name for cue in title.cues if cue.section == "acts"}
    first = [cue for cue in lead.cues if cue.place < 24]
    yield from ("a" + act for act in acts)
    yield from ("b" + cue.name for cue in first if cue.section == "acts")
    yield from ("x" + cue.name for cue in title.cues if cue.section == "sessions")
    yield from ("y" + cue.name for cue in lead.cues if cue.section == "sessions")
    for act in acts:
        yield from (
            f"f{act}:{title.key(mention)[1:]}" for mention in title.mentions if _kind(mention) in "ptc"
        )
    yield from ("e" + echo for echo in _echoes(title))
    yield from ("d" + echo for echo in {cue.name for cue in first if _is_echo(lead, cue)})


def _is_echo(text: _Text, cue: Cue) -> bool:
    """Tell somebody's own words from what an authority says happened: "…, FBI says"."""
    if cue.section != "echo":
        return False
    return cue.name != "reaction" or text.speaker_before(cue.place) != "body"


def _echoes(title: _Text) -> set[str]:
    echoes = {cue.name for cue in title.cues if _is_echo(title, cue)}
    if title.text.rstrip().endswith("?"):
        echoes.add("question")
    if any(cue.section == "echo" and not _is_echo(title, cue) for cue in title.cues):
        return echoes  # an authority says so: what stands in quotes is news
    if any(_is_speech(one or two) for one, two in _QUOTE.findall(title.text)):
        echoes.add("quote")
    colon = _SPEAKER.search(title.text)
    if colon and any(_speaks(m, title.text[m.end : colon.start()]) for m in title.mentions):
        echoes.add("colon")
    return echoes


def _speaks(mention: Mention, rest: str) -> bool:
    """Say whether somebody stands before the colon, alone or with what it is about: "Hamilton on the penalty: …"."""
    return mention.start <= 1 and _kind(mention) in "pt" and (len(rest) < 2 or bool(_ABOUT.match(rest)))


def _is_speech(quoted: str) -> bool:
    """Tell a sentence in quotes from a scare word or a name."""
    words = quoted.split()
    return len(words) > 3 and sum(word.islower() for word in words) > 1
