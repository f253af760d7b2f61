"""What kind of news is it: official, report, rumour, opinion, result or live?"""

from __future__ import annotations

from typing import NamedTuple

from bot.model import Label
from bot.reading.cues import FORCES, Zone

ENOUGH = 2 * FORCES["hint"]
STANDFIRST = 0.5  # what the title says counts in full


class Labelled(NamedTuple):
    label: Label
    evidence: tuple[str, ...]


def label(
    title: Zone, standfirst: Zone, *, official: bool = False, results: tuple[str, ...] = ()
) -> Labelled:
    """Choose the label; `results` are the words that tell a result, where the article is one."""
    if live := _words(Label.LIVE, title, standfirst):
        return Labelled(Label.LIVE, live)
    if results:
        return Labelled(Label.RESULT, results)
    if official:
        return Labelled(Label.OFFICIAL, ("official outlet",))
    for kind in (Label.RUMOUR, Label.OPINION):  # a rumour is one even in an opinion's clothes
        if words := _words(kind, title, standfirst):
            return Labelled(kind, words)
    return Labelled(Label.REPORT, ())


def _words(kind: Label, title: Zone, standfirst: Zone) -> tuple[str, ...]:
    """The words that make it this kind, or () where they are too weak."""
    above, below = title.of(f"label.{kind}"), standfirst.of(f"label.{kind}")
    if sum(hit.weight for hit in above) + STANDFIRST * sum(hit.weight for hit in below) < ENOUGH:
        return ()
    quotes = [title.quote(hit) for hit in above] + [standfirst.quote(hit) for hit in below]
    return tuple(dict.fromkeys(quotes))
