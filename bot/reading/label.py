"""What kind of news is it: official, report, rumour, opinion, result or live?"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from bot.model import Label
from bot.reading.phrases import Lexicon, tokens

# A live page tells of nothing yet; a rumour is one even in an opinion's clothes.
ORDER = (Label.LIVE, Label.RUMOUR, Label.OPINION)
WEIGHTS = {"sure": 2.0, "hint": 1.0}
ENOUGH = 2.0
STANDFIRST = 0.5  # what the title says counts in full


class Labelled(NamedTuple):
    label: Label
    evidence: tuple[str, ...]


def label(
    title: str, standfirst: str, language: str, *, official: bool = False, results: tuple[str, ...] = ()
) -> Labelled:
    """Choose the label; `results` are the words that tell a result, where the article is one."""
    weight: dict[str, float] = {}
    words: dict[str, list[str]] = {}
    for text, counts in ((title, 1.0), (standfirst, STANDFIRST)):
        cut = tokens(text)
        for hit in lexicon(language).find(cut):
            weight[hit.kind] = weight.get(hit.kind, 0.0) + counts * hit.weight
            words.setdefault(hit.kind, []).append(text[cut[hit.first].start : cut[hit.last].end])
    if weight.get(Label.LIVE, 0.0) >= ENOUGH:
        return Labelled(Label.LIVE, tuple(dict.fromkeys(words[Label.LIVE])))
    if results:
        return Labelled(Label.RESULT, results)
    if official:
        return Labelled(Label.OFFICIAL, ("official outlet",))
    for kind in ORDER[1:]:
        if weight.get(kind, 0.0) >= ENOUGH:
            return Labelled(kind, tuple(dict.fromkeys(words[kind])))
    return Labelled(Label.REPORT, ())


@cache
def lexicon(language: str) -> Lexicon:
    data = _data()
    return Lexicon(_phrases(data, ("any", language)))


def _phrases(data: Mapping[str, Any], parts: tuple[str, ...]) -> Iterator[tuple[str, float, str]]:
    for part in parts:
        for kind, forces in data.get(part, {}).items():
            for force, phrases in forces.items():
                yield from ((kind, WEIGHTS[force], phrase) for phrase in phrases)


@cache
def _data() -> Mapping[str, Any]:
    return tomllib.loads(Path(__file__).with_name("label.toml").read_text("utf-8"))
