"""What speaks for and against two tellings being of one story, as named numbers that a small model weighs."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from bot.stories.keys import Keys

VOICES = ("reaction", "chorus", "emotion", "analysis", "colon", "quote", "question")
STAGES = ("stage", "closed", "update")
SINGULAR = ("win", "qualifying", "death", "injury", "signing", "leaving", "penalty")  # whose it is, counts
GROUPS = {"words": "w", "concepts": "k", "names": "ptcn#", "all": "ptcn#wk"}
WINDOW_HOURS = 72.0

SPEAKS: Mapping[str, int] = {  # 1: only for, -1: only against, 0: either way; training keeps to it
    **{f"{part}_{group}": 1 for part in ("title", "both", "mixed") for group in GROUPS},
    **{f"{name}_shared": 1 for name in ("people", "teams", "places", "numbers", "unknown")},
    **{f"{name}_titles": 1 for name in ("people", "teams", "places", "numbers")},
    **{f"{name}_differ": -1 for name in ("people", "places", "numbers")},
    **{f"{name}_new": -1 for name in ("people", "teams", "places", "numbers")},
    **{f"{echo}_one": -1 for echo in (*VOICES, *STAGES)},
    **dict.fromkeys(("weight", "weight_title", "acts_like", "acts_in", "facts", "session_same"), 1),
    **dict.fromkeys(
        ("acts_differ", "acts_none", "facts_clash", "session_clash", "heat_clash"),
        -1,
    ),
    **dict.fromkeys(("voice_one", "voice_count", "voice_lead", "hours", "outlet"), -1),
    **dict.fromkeys(("cross", "series_differ"), 0),
}

Rarity = Callable[[str], float]
_NONE = (0.0, 0.0)


class Telling:
    """Keys made ready to be compared with many others."""

    def __init__(self, keys: Keys, rarity: Rarity) -> None:
        self.keys = keys
        self.rarity = rarity
        whole = keys.title | keys.lead
        self.title = _by_kind(keys.title, "ptcsn#wkf")
        self.both = _by_kind(whole, "ptcsn#wk")
        self.acts = _names_of(keys.title, "a")
        self.all_acts = _names_of(whole, "ab")
        self.echoes = _names_of(keys.title, "e")
        self.all_echoes = _names_of(keys.title, "ed") & frozenset(VOICES)
        self.voices = self.echoes & frozenset(VOICES)
        self.heats = _names_of(whole, "xy")
        self.legs = _names_of(keys.title, "h") or _names_of(keys.lead, "h")
        self.sessions = _names_of(keys.title, "x") or self.heats
        self.title_sizes = _sizes(self.title, rarity)
        self.sizes = _sizes(self.both, rarity)


def evidence(one: Telling, other: Telling) -> dict[str, float]:
    """Compare two tellings."""
    found = {"cross": float(one.keys.language != other.keys.language)}
    _likeness(one, other, found)
    _names(one, other, found)
    _acts(one, other, found)
    _echoes(one, other, found)
    hours = abs((one.keys.at - other.keys.at).total_seconds()) / 3600
    found["hours"] = math.log1p(min(hours, WINDOW_HOURS))
    found["outlet"] = float(bool(one.keys.outlet) and one.keys.outlet == other.keys.outlet)
    series, others = one.both["s"], other.both["s"]
    found["series_differ"] = float(bool(series and others and not series & others))
    return found


def _by_kind(tokens: frozenset[str], kinds: str) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {kind: set() for kind in kinds}
    for token in tokens:
        if token[0] in found:
            found[token[0]].add(token)
    return {kind: frozenset(of_kind) for kind, of_kind in found.items()}


def _names_of(tokens: frozenset[str], kinds: str) -> frozenset[str]:
    return frozenset(token[1:] for token in tokens if token[0] in kinds)


def _sizes(tokens: Mapping[str, frozenset[str]], rarity: Rarity) -> dict[str, float]:
    """The length of each group's vector."""
    squares = {kind: sum(rarity(token) ** 2 for token in tokens[kind]) for kind in GROUPS["all"]}
    return {group: math.sqrt(sum(squares[kind] for kind in kinds)) for group, kinds in GROUPS.items()}


def _likeness(one: Telling, other: Telling, found: dict[str, float]) -> None:
    """Cosines of title with title, all with all, and the better of title with all."""
    sums = {
        "title": _shared(one.title, other.title, one.rarity),
        "both": _shared(one.both, other.both, one.rarity),
        "left": _shared(one.title, other.both, one.rarity),
        "right": _shared(one.both, other.title, one.rarity),
    }
    for group, kinds in GROUPS.items():
        square = {part: sum(sums[part][kind][1] for kind in kinds) for part in sums}
        title, whole = one.title_sizes[group], one.sizes[group]
        other_title, other_whole = other.title_sizes[group], other.sizes[group]
        found[f"title_{group}"] = _ratio(square["title"], title * other_title)
        found[f"both_{group}"] = _ratio(square["both"], whole * other_whole)
        found[f"mixed_{group}"] = max(
            _ratio(square["left"], title * other_whole), _ratio(square["right"], whole * other_title)
        )
    found["weight"] = sum(sums["both"][kind][0] for kind in GROUPS["all"]) / 10
    found["weight_title"] = sum(sums["title"][kind][0] for kind in GROUPS["all"]) / 10


def _shared(
    one: Mapping[str, frozenset[str]], other: Mapping[str, frozenset[str]], rarity: Rarity
) -> dict[str, tuple[float, float]]:
    """By kind, how rare the shared tokens are: the sum, and the sum of squares."""
    found = {}
    for kind in GROUPS["all"]:
        shared = one[kind] & other[kind]
        if shared:
            weights = [rarity(token) for token in shared]
            found[kind] = (sum(weights), sum([weight * weight for weight in weights]))
        else:
            found[kind] = _NONE
    return found


def _ratio(product: float, sizes: float) -> float:
    return product / sizes if product else 0.0


def _names(one: Telling, other: Telling, found: dict[str, float]) -> None:
    for name, kind in (("people", "p"), ("teams", "t"), ("places", "c"), ("numbers", "#")):
        a, b = one.title[kind], other.title[kind]
        a_all, b_all = one.both[kind], other.both[kind]
        found[f"{name}_shared"] = min(3.0, len(a_all & b_all))
        found[f"{name}_titles"] = min(2.0, len(a & b))
        found[f"{name}_new"] = min(3.0, len(a - b_all) + len(b - a_all))
        if name != "teams":
            found[f"{name}_differ"] = float(bool(a and b and not (a & b_all or b & a_all)))
    found["unknown_shared"] = min(3.0, len(one.both["n"] & other.both["n"]))


def _acts(one: Telling, other: Telling, found: dict[str, float]) -> None:
    a, b = one.acts, other.acts
    found["acts_like"] = len(a & b) / len(a | b) if a | b else 0.0
    found["acts_in"] = float(bool(a & other.all_acts or b & one.all_acts))
    found["acts_differ"] = float(bool(a and b and not a & b))
    found["acts_none"] = float(not a or not b)
    found["facts"] = min(3.0, len(one.title["f"] & other.title["f"]))
    found["facts_clash"] = float(any(_clash(one, other, act) for act in SINGULAR if act in a and act in b))
    found["session_same"] = float(bool(one.sessions & other.sessions))
    found["session_clash"] = float(
        bool(one.sessions and other.sessions and not one.sessions & other.sessions)
    )
    found["heat_clash"] = float(_heats_clash(one.sessions, other.sessions))


def _clash(one: Telling, other: Telling, act: str) -> bool:
    """Say whether both tell the same kind of news of different people."""
    mine, theirs = _who(one, act), _who(other, act)
    return bool(mine and theirs and not mine & theirs)


def _who(telling: Telling, act: str) -> set[str]:
    return {person[1:] for person in telling.title["p"] if f"f{act}:{person[1:]}" in telling.title["f"]}


def _heats_clash(one: frozenset[str], other: frozenset[str]) -> bool:
    """Say whether one tells of a weekend's first or main race and the other of its second or its sprint."""
    early, late = {"first", "main"}, {"second", "sprint"}
    return any(
        a & early and b & late and not a & late and not b & early for a, b in ((one, other), (other, one))
    )


def _echoes(one: Telling, other: Telling, found: dict[str, float]) -> None:
    for echo in (*VOICES, *STAGES):
        found[f"{echo}_one"] = float((echo in one.echoes) != (echo in other.echoes))
    found["voice_one"] = float(bool(one.voices) != bool(other.voices))
    found["voice_count"] = float(len(one.voices ^ other.voices))
    found["voice_lead"] = float(len(one.all_echoes ^ other.all_echoes))
