"""Why two articles tell one story, in words a person checks at a glance: "Ferrari, Hamilton, Monza, penalty; 38 minutes apart"."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from bot.series.catalog import load_catalog
from bot.stories.evidence import Telling
from bot.stories.keys import STEM

MOST = 5
_KINDS = ("driver", "person", "team", "circuit", "event")
_ACTS = {
    "cancel": "cancelled",
    "entry": "entries",
    "probe": "investigation",
    "race_return": "return",
    "win": "victory",
}


def reason(one: Telling, other: Telling) -> str:
    """Name what both tell, and how far apart in time they came."""
    shared = list(dict.fromkeys(_shared(one, other)))[:MOST] or list(_words(one, other))[:MOST]
    return f"{', '.join(shared) or 'the same words'}; {_apart(one, other)}"


def _shared(one: Telling, other: Telling) -> Iterator[str]:
    known = set()
    for kind in "ptc":
        both = one.title[kind] & other.title[kind]
        for token in (*sorted(both), *sorted(one.both[kind] & other.both[kind] - both)):
            known.update(token[1:].split("-"))
            yield _called(token[1:])
    acts = one.acts & other.acts or one.acts & other.all_acts or one.all_acts & other.acts
    yield from (_ACTS.get(act, act) for act in sorted(acts))
    for token in sorted(one.both["n"] & other.both["n"]):
        if token[1:] not in known:
            yield token[1:].capitalize()
    yield from (token[1:] for token in sorted(one.both["#"] & other.both["#"]))


def _words(one: Telling, other: Telling) -> Iterator[str]:
    for token in sorted(one.both["w"] & other.both["w"], key=lambda token: (-one.rarity(token), token)):
        yield token[1:] + ("…" if len(token) > STEM else "")


@cache
def _called(key: str) -> str:
    """A key as people write it."""
    for kind in _KINDS:
        found = load_catalog().topic(f"{kind}:{key}")
        if found:
            return found[0].name
    return key.replace("-", " ").title()


def _apart(one: Telling, other: Telling) -> str:
    minutes = round(abs((one.keys.at - other.keys.at).total_seconds()) / 60)
    if minutes < 1:
        return "at the same time"
    for size, word in ((60 * 24, "day"), (60, "hour")):
        if minutes >= 2 * size:
            return f"{round(minutes / size)} {word}s apart"
    return f"{minutes} minute{'s' if minutes > 1 else ''} apart"
