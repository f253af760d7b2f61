"""Read the TOML files of names: who and what speaks for which series, in which years, and how surely."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from sys import intern
from typing import Any, NamedTuple

from bot.series.folding import spellings, words

FILES = ("names.toml", "teams.toml", "people.toml", "places.toml")
WEB = "web.toml"

OTHER = "other"  # motorsport that has no slug of ours
NONE = "none"  # no motorsport at all: football, shops, films, road cars …
RACING = "racing"  # motorsport of whatever kind: words that lend weight to hints
NOT_SERIES = frozenset({OTHER, NONE, RACING})

PEOPLE = frozenset({"driver", "person"})
KINDS = (
    frozenset({"series", "class", "event", "organiser", "team", "circuit", "word", "trap", "esports", "past"})
    | PEOPLE
)

SURE, DOUBTFUL, HELPLESS = 2, 1, 0  # alone enough · a hint among hints · only beside sure evidence

_SHORT = 5  # letters of an abbreviation
_YEARS = re.compile(r"(\d{4})(-(\d{4})?)?")
_PARTICLES = frozenset(
    {
        "van",
        "der",
        "den",
        "de",
        "di",
        "da",
        "del",
        "della",
        "dos",
        "du",
        "von",
        "vd",
        "la",
        "le",
        "el",
        "al",
        "ten",
        "ter",
        "st",
        "o",
        "d",
    }
)


class Bond(NamedTuple):
    """A name speaks for a series with a weight, in a span of years."""

    slug: str
    weight: float
    since: int = 0
    until: int = 9999


@dataclass(eq=False, slots=True)
class Name:
    """Someone or something that articles name."""

    kind: str
    key: str
    name: str
    bonds: tuple[Bond, ...] = ()
    order: int = 0  # place in the files: of two with one surname the first is meant more often
    is_shared: bool = False  # means one of its series or another, never both: "British Grand Prix"

    @property
    def series(self) -> tuple[tuple[str, float], ...]:
        """The series of the catalogue that it speaks for, the strongest first."""
        return strongest(self.bonds)


@lru_cache(maxsize=1_000)
def strongest(bonds: tuple[Bond, ...]) -> tuple[tuple[str, float], ...]:
    """The series of the catalogue among some bonds, the strongest first."""
    best: dict[str, float] = {}
    for bond in bonds:
        if bond.slug not in NOT_SERIES:
            best[bond.slug] = max(best.get(bond.slug, 0.0), bond.weight)
    return tuple(sorted(best.items(), key=lambda item: -item[1]))


class Claim(NamedTuple):
    """How a spelling means a name. There are few kinds of claims, and thousands of spellings that share them."""

    sureness: int
    capitals: bool = False  # must stand in capitals ("ELMS", not "elms")
    proper: bool = False  # must begin with a capital ("Power", not "power")
    is_full: bool = True  # more than a surname or a hint
    is_whole: bool = False  # the whole name of a person


class Alias(NamedTuple):
    """One spelling of a name, and what it claims."""

    owner: Name
    sureness: int
    capitals: bool = False
    proper: bool = False
    is_full: bool = True
    is_whole: bool = False


Plant = Callable[
    [str, int, Claim], None
]  # a spelling, folded to words with single blanks; the number of its owner


class Names:
    """Reads names one by one, and hands each spelling on; keeps the names, and what was wrong in the files."""

    def __init__(self, slugs: Iterable[str], weights: Mapping[str, float], plant: Plant) -> None:
        self.owners: list[Name] = []  # by number
        self.troubles: list[str] = []
        self._slugs = {*slugs, *NOT_SERIES}
        self._weights = weights
        self._plant = plant
        self._numbers: dict[tuple[str, str], int] = {}
        # What thousands of names say in the same words is kept once.
        self._bonds: dict[Bond, Bond] = {}
        self._said: dict[tuple[Bond, ...], tuple[Bond, ...]] = {}

    def add(self, where: str, table: Mapping[str, Any]) -> None:
        """Read a group of names."""
        kind = table.get("kind", "")
        where = f"{where}: {_label(table)}"
        if kind not in KINDS:
            self.troubles.append(f"{where}: kind {kind!r} is none of {', '.join(sorted(KINDS))}")
            return
        weight = float(table.get("weight", self._weights.get(kind, 1.0)))
        group = list(_bonds(_listed(table.get("series", ())), weight, _spans(table.get("years", ""))))
        for line in table.get("names", ()):
            said, _, rest = line.partition("|")
            spelled = [part.strip() for part in said.split("=")]
            if not spelled[0]:
                self.troubles.append(f"{where}: {line!r} has no name")
                continue
            number = self._number(kind, spelled[0].lstrip("~^!").replace("*", "").replace("~", ""))
            owner = self.owners[number]
            owner.bonds = self._shared((*owner.bonds, *_line_bonds(rest.split(), group, weight)))
            owner.is_shared |= bool(table.get("shared"))
            self._spell(number, kind, spelled)

    def add_series(self, slug: str, said: Iterable[str], weight: float) -> None:
        """Let the names of a series of the catalogue speak for it."""
        number = self._new(
            Name("series", slug, slug, self._shared((Bond(slug, weight),)), len(self._numbers))
        )
        self._numbers["series", slug] = number
        for name in said:
            self._plant_all(number, _spelled(name, proper=False))

    def close(self) -> None:
        """Say what is wrong with the names once all are read, and forget what only reading needed."""
        for name in self.owners:
            if not name.bonds:
                self.troubles.append(f"{name.kind} {name.name!r} speaks for no series")
            self.troubles += [
                f"{name.kind} {name.name!r} names an unknown series {bond.slug!r}"
                for bond in name.bonds
                if bond.slug not in self._slugs
            ]
        for done in (self._numbers, self._bonds, self._said):
            done.clear()

    def _number(self, kind: str, shown: str) -> int:
        """The number of a name, which may stand in several groups."""
        key = words(shown).replace(" ", "-")
        number = self._numbers.get((_class(kind), key))
        if number is None:
            number = self._new(Name(kind, key, shown, order=len(self._numbers)))
            self._numbers[_class(kind), key] = number
        return number

    def _new(self, owner: Name) -> int:
        self.owners.append(owner)
        return len(self.owners) - 1

    def _spell(self, number: int, kind: str, spelled: Sequence[str]) -> None:
        first, *others = spelled
        name = self.owners[number].name
        self._plant_all(number, _person(first, name) if kind in PEOPLE else _spelled(first, proper=False))
        for other in others:
            self._plant_all(number, _spelled(other, proper=kind in PEOPLE))

    def _plant_all(self, number: int, spelled: Iterable[tuple[str, Claim]]) -> None:
        for form, claim in spelled:
            self._plant(form, number, claim)

    def _shared(self, bonds: tuple[Bond, ...]) -> tuple[Bond, ...]:
        known = self._said.get(bonds)
        if known is None:
            known = tuple(self._bonds.setdefault(bond, bond) for bond in bonds)
            self._said[known] = known
        return known


def shares(said: str) -> dict[str, float]:
    """Read "f1:0.6 f2:0.3" of a link's part or a website."""
    return {bond.slug: bond.weight for bond in _bonds(said.split(), 1.0, [])}


def packaged_text(name: str) -> str:
    """Load a name file that comes with Pitwire."""
    return (files("bot.series") / name).read_text("utf-8")


def _line_bonds(tokens: list[str], group: list[Bond], weight: float) -> Iterator[Bond]:
    """Apply what stands behind "|": years narrow the group's series, slugs add more; slugs alone replace the group's."""
    spans = [span for token in tokens if (span := _span(token))]
    slugs = [token for token in tokens if not _YEARS.fullmatch(token)]
    for bond in group:
        if spans:
            yield from (Bond(bond.slug, bond.weight, *span) for span in spans)
        elif not slugs:
            yield bond
    yield from _bonds(slugs, weight, [])


def _bonds(tokens: Iterable[str], weight: float, spans: list[tuple[int, int]]) -> Iterator[Bond]:
    """Read "wec", "wec:0.5", "wec@2018-2019" or "wec:0.5@2018"."""
    for token in tokens:
        head, _, years = token.partition("@")
        slug, _, share = head.partition(":")
        own = [span] if (span := _span(years)) else spans
        for since, until in own or [(0, 9999)]:
            yield Bond(intern(slug), weight * float(share or 1), since, until)


def _person(said: str, name: str) -> Iterator[tuple[str, Claim]]:
    """Spell a person: the full name is sure; the surname as sure as its mark says.

    "Max **Verstappen": the surname is as good as the full name. "Toni *Vilander": it is enough where racing is spoken
    of. "Lewis Hamilton": it is a hint. "Will ~Power": it helps only beside sure evidence. "!Red Farmer": never.
    """
    yield from ((form, Claim(SURE, proper=True, is_whole=True)) for form in spellings(name))
    if said.startswith("!") or " " not in name:
        return
    mark = next((mark for mark in ("**", "*", "~") if mark in said), "")
    surname = said.partition(mark)[2] if mark else _surname(name)
    sureness = {"**": SURE, "*": SURE, "~": HELPLESS, "": DOUBTFUL}[mark]
    yield from ((form, Claim(sureness, proper=True, is_full=mark == "**")) for form in spellings(surname))


def _spelled(said: str, *, proper: bool) -> Iterator[tuple[str, Claim]]:
    sureness = DOUBTFUL if said.startswith("~") else HELPLESS if said.startswith("!") else SURE
    capitals = "^" in said[:2]
    is_hint = sureness != SURE
    spelling = said.lstrip("~^!")
    is_short = len(spelling) <= _SHORT and spelling.isupper()  # "WEC" may be "Wec", "ELMS" never "elms"
    proper = proper or is_short or (is_hint and spelling[:1].isupper())
    claim = Claim(sureness, capitals, proper, not is_hint)
    for form in spellings(spelling):
        yield form, claim
        if form.endswith(" gp") and len(spelling) > _SHORT:
            yield form.replace(" ", ""), claim  # "#BritishGP"


def _surname(full: str) -> str:
    parts = full.split()
    if parts[-1].rstrip(".").lower() in {"jr", "junior", "sr", "ii", "iii"} and len(parts) > 2:
        parts.pop()
    start = len(parts) - 1
    while start > 1 and words(parts[start - 1]) in _PARTICLES:
        start -= 1
    return " ".join(parts[start:])


def _class(kind: str) -> str:
    return "person" if kind in PEOPLE else kind


def _spans(years: str) -> list[tuple[int, int]]:
    return [span for token in years.split() if (span := _span(token))]


def _span(token: str) -> tuple[int, int] | None:
    match = _YEARS.fullmatch(token)
    if match is None:
        return None
    since = int(match[1])
    return since, int(match[3]) if match[3] else 9999 if match[2] else since


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _label(table: Mapping[str, Any]) -> str:
    return f"{table.get('kind', '?')} of {'/'.join(_listed(table.get('series', ()))) or '-'}"
