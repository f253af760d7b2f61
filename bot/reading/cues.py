"""Find the words that speak for or against something, in one pass: results, labels, importance, in a text's language."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from bot.reading.phrases import Hit, Lexicon, Words
from bot.series.catalog import Mention
from bot.series.tables import tables

FILES = ("spoiler", "label", "importance")
NAMES = frozenset({"driver", "team", "person"})
RESULTS = (
    "spoiler.win",
    "spoiler.pole",
    "spoiler.position",
    "spoiler.out",
    "spoiler.title",
    "spoiler.standings",
)
FORCES = {"sure": 3.0, "likely": 2.0, "hint": 1.0}  # how strongly a phrase speaks, where the files say so


class Zone(NamedTuple):
    """A title, a standfirst or an opening, and the phrases that stand in it."""

    words: Words
    hits: Sequence[Hit]  # kind: "spoiler.win", "label.rumour", "importance.grave"
    names: Collection[int] = ()  # words of drivers', teams' and other people's names
    void: Sequence[Hit] = ()  # results whose force another phrase takes: "hopes to win"

    def of(self, kind: str) -> list[Hit]:
        """The hits whose kind starts so."""
        return [hit for hit in self.hits if hit.kind.startswith(kind)] if self.hits else []

    def quote(self, hit: Hit) -> str:
        return self.words.quote(hit.first, hit.last)


def scan(text: str, language: str, mentions: Iterable[Mention] = ()) -> Zone:
    """Find a language's phrases in a text, without the ones that another phrase takes the force of."""
    words = Words(text)
    spans = [(mention.start, mention.end) for mention in mentions if mention.kind in NAMES]
    names = words.within(spans) if spans else frozenset[int]()
    hits = lexicon(language).find(words, names)
    wished = {at for hit in hits if hit.kind == "spoiler.wish" for at in range(hit.first, hit.last + 1)}
    harmless = [hit for hit in hits if hit.kind == "spoiler.harmless"]
    if not wished and not harmless:
        return Zone(words, hits, names)
    void = [hit for hit in hits if hit.kind.startswith(RESULTS) and _is_void(hit, wished, harmless)]
    return Zone(words, [hit for hit in hits if hit not in void], names, void)


def _is_void(hit: Hit, wished: set[int], harmless: Iterable[Hit]) -> bool:
    return any(at in wished for at in range(hit.first, hit.last + 1)) or any(
        other.first <= hit.first and hit.last <= other.last for other in harmless
    )


@cache
def lexicon(language: str) -> Lexicon:
    """Load the phrases of all languages and those of this one."""
    made = Lexicon()
    for file in FILES:
        text = Path(__file__).with_name(f"{file}.toml").read_text("utf-8")
        for part in ("any", language):
            own: dict[str, Any] = {}
            for table in tables(text, part):
                own |= table[part]
            for kind, weight, phrase in _phrases(own):
                made.add(f"{file}.{kind}", weight, phrase, own.get("sets", {}))
    made.close()
    return made


def _phrases(part: Mapping[str, Any]) -> Iterator[tuple[str, float, str]]:
    for kind, phrases in part.items():
        if isinstance(phrases, list):
            yield from ((kind, 0.0, phrase) for phrase in phrases)
        elif kind != "sets":
            for force, listed in phrases.items():
                name, weight = (kind, FORCES[force]) if force in FORCES else (f"{kind}.{force}", 0.0)
                yield from ((name, weight, phrase) for phrase in listed)
