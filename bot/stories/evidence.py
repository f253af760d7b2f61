"""What speaks for and against two tellings being of one story, as named numbers that a small model weighs."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial

from bot.stories.telling import CONCEPTS, NAMES, VOICES, WORDS, Telling

STAGES = ("stage", "closed", "update")
SINGULAR = ("win", "qualifying", "death", "injury", "signing", "leaving", "penalty")  # whose it is, counts
GROUPS = ("words", "concepts", "names", "all")  # of tokens, as `Telling.lengths` has them
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

_SINGULAR = frozenset(SINGULAR)
_ECHOES = tuple((echo, f"{echo}_one") for echo in (*VOICES, *STAGES))
_EARLY, _LATE = frozenset({"first", "main"}), frozenset({"second", "sprint"})

# What two tellings share: of both titles, of the one's title and the other's lead, the reverse, of both leads.
Overlap = tuple[frozenset[str], frozenset[str], frozenset[str], frozenset[str]]
Sums = tuple[float, float, float, float]


class Meeting:
    """Two tellings side by side. Names are few and rule out most; what they share besides is looked up when asked for."""

    __slots__ = ("_others", "_sums", "kinds", "names", "one", "other")

    def __init__(self, one: Telling, other: Telling) -> None:
        self.one = one
        self.other = other
        self.names = _overlap(one, other, NAMES)
        self.kinds = ["".join([name[0] for name in names]) if names else "" for names in self.names]
        self._others: tuple[Overlap, Overlap] | None = None
        self._sums: tuple[Sums, Sums, Sums] | None = None

    @property
    def others(self) -> tuple[Overlap, Overlap]:
        """The words that both tell, and the concepts."""
        if self._others is None:
            self._others = _overlap(self.one, self.other, WORDS), _overlap(self.one, self.other, CONCEPTS)
        return self._others

    @property
    def sums(self) -> tuple[Sums, Sums, Sums]:
        """How rare it is what they share, as sums of squares: of words, concepts and names."""
        if self._sums is None:
            words, concepts = self.others
            self._sums = self._squares(words), self._squares(concepts), self._squares(self.names)
        return self._sums

    def _squares(self, shared: Overlap) -> Sums:
        squares = self.one.rarity.squares
        titles, in_title, in_lead, leads = (squares(tokens) if tokens else 0.0 for tokens in shared)
        return titles, in_title, in_lead, leads

    def knows(self, kinds: str) -> bool:
        """Say whether the other knows a name in the one's headline that is of these kinds."""
        return any(kind in self.kinds[0] or kind in self.kinds[1] for kind in kinds)

    def differ(self, kind: str) -> bool:
        """Say whether both headlines have names of a kind, and neither text knows one of the other's headline."""
        titles, in_title, in_lead, _ = self.kinds
        return (
            kind in self.one.kinds
            and kind in self.other.kinds
            and kind not in titles
            and kind not in in_title
            and kind not in in_lead
        )


class Evidence(dict[str, float]):
    """The evidence of a meeting by name; what belongs together is worked out when one of it is first asked for."""

    def __init__(self, met: Meeting) -> None:
        super().__init__()
        self._met = met

    def __missing__(self, name: str) -> float:
        _FINDERS[name](self._met, self)
        return self[name]


def evidence(one: Telling, other: Telling) -> dict[str, float]:
    """Compare two tellings in every way."""
    found = Evidence(Meeting(one, other))
    return {name: found[name] for name in SPEAKS}


def _overlap(one: Telling, other: Telling, part: int) -> Overlap:
    title, lead = one.sets[part], one.sets[part + 1]
    other_title, other_lead = other.parts[part], other.parts[part + 1]
    return (
        title.intersection(other_title),
        title.intersection(other_lead),
        lead.intersection(other_title),
        lead.intersection(other_lead),
    )


def _likeness(place: int, met: Meeting, found: dict[str, float]) -> None:
    """Cosines of title with title, all with all, and the better of title with all, for one group of tokens."""
    group = GROUPS[place]
    titles, in_title, in_lead, leads = met.sums[place] if place < 3 else map(sum, zip(*met.sums, strict=True))
    title, whole = met.one.lengths[2 * place : 2 * place + 2]
    other_title, other_whole = met.other.lengths[2 * place : 2 * place + 2]
    found[f"title_{group}"] = _ratio(titles, title * other_title)
    found[f"both_{group}"] = _ratio(titles + in_title + in_lead + leads, whole * other_whole)
    found[f"mixed_{group}"] = max(
        _ratio(titles + in_title, title * other_whole), _ratio(titles + in_lead, whole * other_title)
    )


def _weight(met: Meeting, found: dict[str, float]) -> None:
    total = met.one.rarity.total
    found["weight"] = sum([total(shared) for overlap in (met.names, *met.others) for shared in overlap]) / 10


def _weight_title(met: Meeting, found: dict[str, float]) -> None:
    total = met.one.rarity.total
    found["weight_title"] = sum([total(overlap[0]) for overlap in (met.names, *met.others)]) / 10


def _ratio(product: float, sizes: float) -> float:
    return product / sizes if product else 0.0


def _names(met: Meeting, found: dict[str, float]) -> None:
    titles, in_title, in_lead, leads = met.kinds
    both = titles + in_title + in_lead + leads
    for name, kind in (("people", "p"), ("teams", "t"), ("places", "c"), ("numbers", "#")):
        in_titles = titles.count(kind)
        known, knows = in_titles + in_title.count(kind), in_titles + in_lead.count(kind)
        new = met.one.kinds.count(kind) - known + met.other.kinds.count(kind) - knows
        found[f"{name}_shared"] = min(3.0, both.count(kind))
        found[f"{name}_titles"] = min(2.0, in_titles)
        found[f"{name}_new"] = min(3.0, new)
        found[f"{name}_differ"] = float(met.differ(kind))
    found["unknown_shared"] = min(3.0, both.count("n"))


def _acts(met: Meeting, found: dict[str, float]) -> None:
    one, other = met.one.news, met.other.news
    a, b = one.acts, other.acts
    shared = a & b
    found["acts_like"] = len(shared) / len(a | b) if shared else 0.0
    found["acts_in"] = float(not a.isdisjoint(other.all_acts) or not b.isdisjoint(one.all_acts))
    found["acts_differ"] = float(bool(a and b and not shared))
    found["acts_none"] = float(not a or not b)
    found["facts"] = min(3.0, len(one.facts & other.facts))
    found["facts_clash"] = float(any(_clash(met, act) for act in shared & _SINGULAR))


def _clash(met: Meeting, act: str) -> bool:
    """Say whether both tell the same kind of news of different people."""
    mine, theirs = _who(met.one, act), _who(met.other, act)
    return bool(mine and theirs and not mine & theirs)


def _who(telling: Telling, act: str) -> set[str]:
    facts = telling.news.facts
    return {name for name in telling.parts[NAMES] if name[0] == "p" and f"{act}:{name[1:]}" in facts}


def _sessions(met: Meeting, found: dict[str, float]) -> None:
    one, other = met.one.news.sessions, met.other.news.sessions
    is_same = not one.isdisjoint(other)
    found["session_same"] = float(is_same)
    found["session_clash"] = float(bool(one and other) and not is_same)
    found["heat_clash"] = float(_is_heat_before(one, other) or _is_heat_before(other, one))


def _is_heat_before(one: frozenset[str], other: frozenset[str]) -> bool:
    """Say whether one tells of a weekend's first or main race and the other of its second or its sprint."""
    return bool(one & _EARLY and other & _LATE and not one & _LATE and not other & _EARLY)


def _echoes(met: Meeting, found: dict[str, float]) -> None:
    apart = met.one.news.echoes ^ met.other.news.echoes
    for echo, name in _ECHOES:
        found[name] = 1.0 if echo in apart else 0.0


def _voices(met: Meeting, found: dict[str, float]) -> None:
    one, other = met.one.news, met.other.news
    found["voice_one"] = float(bool(one.voices) != bool(other.voices))
    found["voice_count"] = float(len(one.voices ^ other.voices))
    found["voice_lead"] = float(len(one.all_voices ^ other.all_voices))


def _around(met: Meeting, found: dict[str, float]) -> None:
    one, other = met.one, met.other
    found["cross"] = float(one.language != other.language)
    found["hours"] = math.log1p(min(abs(one.at - other.at) / 3600, WINDOW_HOURS))
    found["outlet"] = float(bool(one.outlet) and one.outlet == other.outlet)
    series, others = one.news.series, other.news.series
    found["series_differ"] = float(bool(series and others and series.isdisjoint(others)))


_FINDERS: Mapping[str, Callable[[Meeting, dict[str, float]], None]] = {
    **{
        f"{part}_{group}": partial(_likeness, place)
        for place, group in enumerate(GROUPS)
        for part in ("title", "both", "mixed")
    },
    **{
        f"{name}_{what}": _names
        for name in ("people", "teams", "places", "numbers")
        for what in ("shared", "titles", "new", "differ")
    },
    "unknown_shared": _names,
    "weight": _weight,
    "weight_title": _weight_title,
    **dict.fromkeys(("acts_like", "acts_in", "acts_differ", "acts_none", "facts", "facts_clash"), _acts),
    **dict.fromkeys(("session_same", "session_clash", "heat_clash"), _sessions),
    **dict.fromkeys((name for _, name in _ECHOES), _echoes),
    **dict.fromkeys(("voice_one", "voice_count", "voice_lead"), _voices),
    **dict.fromkeys(("cross", "hours", "outlet", "series_differ"), _around),
}
