"""Read the TOML files of names: who and what speaks for which series, in which years, and how surely."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any, NamedTuple

from bot.series.folding import spellings, words

FILES = ("names.toml", "teams.toml", "people.toml", "places.toml", "web.toml")

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
    bonds: list[Bond] = field(default_factory=list)
    order: int = 0  # place in the files: of two with one surname the first is meant more often
    is_shared: bool = False  # means one of its series or another, never both: "British Grand Prix"
    by_year: dict[int, dict[str, float]] | None = None  # its series as weighed in a year
    strongest: tuple[tuple[str, float], ...] | None = None

    @property
    def series(self) -> tuple[tuple[str, float], ...]:
        """The series of the catalogue that it speaks for, the strongest first."""
        if self.strongest is None:
            self.strongest = self._by_strength()
        return self.strongest

    def _by_strength(self) -> tuple[tuple[str, float], ...]:
        best: dict[str, float] = {}
        for bond in self.bonds:
            if bond.slug not in NOT_SERIES:
                best[bond.slug] = max(best.get(bond.slug, 0.0), bond.weight)
        return tuple(sorted(best.items(), key=lambda item: -item[1]))


class Alias(NamedTuple):
    """One spelling of a name, folded to words with single blanks."""

    words: str
    owner: Name
    sureness: int
    capitals: bool = False  # must stand in capitals ("ELMS", not "elms")
    proper: bool = False  # must begin with a capital ("Power", not "power")
    is_full: bool = True  # more than a surname or a hint
    is_whole: bool = False  # the whole name of a person


@dataclass(slots=True)
class Names:
    """All names and their spellings, and what was wrong in the files."""

    names: dict[tuple[str, str], Name] = field(default_factory=dict)
    aliases: list[Alias] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)

    def add_series(self, slug: str, said: Iterable[str], weight: float) -> None:
        """Let the names of a series of the catalogue speak for it."""
        owner = self.names["series", slug] = Name("series", slug, slug, [Bond(slug, weight)], len(self.names))
        for name in said:
            self.aliases += _spelled(name, owner, proper=False)


def read_names(tables: Mapping[str, Any], slugs: Iterable[str], defaults: Mapping[str, float]) -> Names:
    """Read the name files; whatever is wrong in them becomes a sentence in `troubles`."""
    found = Names()
    known = {*slugs, *NOT_SERIES}
    for file, content in tables.items():
        for table in content.get("names", ()):
            where = f"{file}: {_label(table)}"
            kind = table.get("kind", "")
            if kind not in KINDS:
                found.troubles.append(f"{where}: kind {kind!r} is none of {', '.join(sorted(KINDS))}")
                continue
            weight = float(table.get("weight", defaults.get(kind, 1.0)))
            group = list(_bonds(_listed(table.get("series", ())), weight, _spans(table.get("years", ""))))
            for line in table.get("names", ()):
                _read_line(found, where, kind, line, group, weight).is_shared |= bool(table.get("shared"))
    for name in found.names.values():
        if not name.bonds:
            found.troubles.append(f"{name.kind} {name.name!r} speaks for no series")
        found.troubles += [
            f"{name.kind} {name.name!r} names an unknown series {bond.slug!r}"
            for bond in name.bonds
            if bond.slug not in known
        ]
    return found


def shares(said: str) -> dict[str, float]:
    """Read "f1:0.6 f2:0.3" of a link's part or a website."""
    return {bond.slug: bond.weight for bond in _bonds(said.split(), 1.0, [])}


def packaged_texts(names: Sequence[str] = FILES) -> dict[str, str]:
    """Load the name files that come with Pitwire."""
    folder = files("bot.series")
    return {name: (folder / name).read_text("utf-8") for name in names}


def _read_line(found: Names, where: str, kind: str, line: str, group: list[Bond], weight: float) -> Name:
    said, _, rest = line.partition("|")
    spelled = [part.strip() for part in said.split("=")]
    if not spelled[0]:
        found.troubles.append(f"{where}: {line!r} has no name")
        return Name(kind, "", "")
    shown = spelled[0].lstrip("~^!").replace("*", "").replace("~", "")
    key = words(shown).replace(" ", "-")
    owner = found.names.get((_class(kind), key))
    if owner is None:
        owner = found.names[_class(kind), key] = Name(kind, key, shown, order=len(found.names))
    owner.bonds += _line_bonds(rest.split(), group, weight)
    if kind in PEOPLE:
        found.aliases += _person(spelled[0], owner)
    else:
        found.aliases += _spelled(spelled[0], owner, proper=False)
    for other in spelled[1:]:
        found.aliases += _spelled(other, owner, proper=kind in PEOPLE)
    return owner


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
            yield Bond(slug, weight * float(share or 1), since, until)


def _person(said: str, owner: Name) -> Iterator[Alias]:
    """Spell a person: the full name is sure; the surname as sure as its mark says.

    "Max **Verstappen": the surname is as good as the full name. "Toni *Vilander": it is enough where racing is spoken
    of. "Lewis Hamilton": it is a hint. "Will ~Power": it helps only beside sure evidence. "!Red Farmer": never.
    """
    yield from (Alias(form, owner, SURE, proper=True, is_whole=True) for form in spellings(owner.name))
    if said.startswith("!") or " " not in owner.name:
        return
    mark = next((mark for mark in ("**", "*", "~") if mark in said), "")
    surname = said.partition(mark)[2] if mark else _surname(owner.name)
    sureness = {"**": SURE, "*": SURE, "~": HELPLESS, "": DOUBTFUL}[mark]
    yield from (
        Alias(form, owner, sureness, proper=True, is_full=mark == "**") for form in spellings(surname)
    )


def _spelled(said: str, owner: Name, *, proper: bool) -> Iterator[Alias]:
    sureness = DOUBTFUL if said.startswith("~") else HELPLESS if said.startswith("!") else SURE
    capitals = "^" in said[:2]
    is_hint = sureness != SURE
    spelling = said.lstrip("~^!")
    is_short = len(spelling) <= _SHORT and spelling.isupper()  # "WEC" may be "Wec", "ELMS" never "elms"
    proper = proper or is_short or (is_hint and spelling[:1].isupper())
    for form in spellings(spelling):
        yield Alias(form, owner, sureness, capitals, proper, not is_hint)
        if form.endswith(" gp") and len(spelling) > _SHORT:
            yield Alias(form.replace(" ", ""), owner, sureness, capitals, proper, not is_hint)  # "#BritishGP"


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
