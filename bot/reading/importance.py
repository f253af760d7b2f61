"""How much does an article matter, before anyone else has told the story?"""

from __future__ import annotations

from bot.model import Importance, Label
from bot.reading.cues import Zone

FLAGSHIPS = frozenset(
    {"f1", "motogp", "wec", "le-mans-24h", "wrc", "indycar", "nascar", "formula-e", "imsa", "dtm", "dakar"}
)


def weigh(
    title: Zone,
    standfirst: Zone,
    *,
    series: tuple[str, ...],
    label: Label,
    official: bool = False,
    is_title_decided: bool = False,
) -> Importance:
    """Weigh the words of title and standfirst, who tells it and of what; more outlets add to it later."""
    if not series:
        return Importance.MINOR
    said = {hit.kind.removeprefix("importance.") for hit in title.of("importance.")}
    below = {hit.kind.removeprefix("importance.") for hit in standfirst.of("importance.")}
    if "grave" in said:
        return Importance.BREAKING
    if is_title_decided or "breaking" in said:
        return Importance.BREAKING if series[0] in FLAGSHIPS else Importance.MAJOR
    if "minor" in said or label in (Label.OPINION, Label.LIVE):
        return Importance.MINOR
    weighty = (
        ("major" in said) + ("grave" in below) + official + (label is Label.RESULT and series[0] in FLAGSHIPS)
    )
    return Importance.MAJOR if weighty > (label is Label.RUMOUR) else Importance.NORMAL
