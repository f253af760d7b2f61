"""Answer what series there are, what they are called, and which names of theirs stand in a text."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property, lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, NamedTuple

from bot.model import Series
from bot.series.folding import words
from bot.series.matcher import Hit, Matcher
from bot.series.names import FILES, NONE, SURE, WEB, Alias, Name, Names, packaged_text, shares
from bot.series.tables import tables

UNSHOWN = frozenset({"trap", "word", "past", "esports"})
FOLLOWED = {"driver": "driver", "person": "person", "team": "team", "circuit": "circuit", "event": "event"}


class Mention(NamedTuple):
    """A known name in a text, and the series that it speaks for."""

    kind: str  # series, class, event, driver, team, circuit, person, organiser
    key: str  # "max-verstappen"; of a series its slug
    start: int
    end: int
    words: str  # as written
    series: tuple[tuple[str, float], ...]
    sure: bool  # enough by itself; else a hint among hints


@dataclass(frozen=True, slots=True)
class Topic:
    """Something besides a series that can be followed."""

    key: str  # "driver:max-verstappen"
    name: str
    kind: str


class Catalog:
    """The series, and all names that speak for them. Immutable; reading the names is put off until they are needed."""

    def __init__(self, table: Mapping[str, Any], texts: Mapping[str, str] | None = None) -> None:
        rows = table["series"]
        self.series: Mapping[str, Series] = MappingProxyType({row["slug"]: _series(row) for row in rows})
        self.related: Mapping[str, tuple[str, ...]] = {
            row["slug"]: tuple(row.get("related", ())) for row in rows
        }
        self._texts = texts
        self.typed = {row["slug"]: _typed(row, self.series[row["slug"]]) for row in rows}
        self._by_typed: dict[str, str] = {}
        for slug, typed in self.typed.items():
            for form in typed:
                self._by_typed.setdefault(form, slug)

    # ── What people type ─────────────────────────────────────────────────────────────────────────

    def find(self, asked: str) -> Series | None:
        """Find the series that is called exactly so: by slug, name or alias, in any language."""
        form = words(asked)
        slug = self._by_typed.get(form) or self._by_typed.get(form.replace(" ", ""))
        return self.series[slug] if slug else None

    def nearest(self, asked: str, n: int = 3) -> tuple[Series, ...]:
        """Find what may have been meant: "wrc2" → WRC."""
        form = words(asked)
        if not form:
            return ()
        likeness = {slug: max(_likeness(form, name) for name in typed) for slug, typed in self.typed.items()}
        best = sorted((slug for slug in likeness if likeness[slug] >= 0.6), key=lambda slug: -likeness[slug])
        return tuple(self.series[slug] for slug in best[:n])

    def suggest(self, typed: str, locale: str = "en", limit: int = 25) -> tuple[Series, ...]:
        """Complete what is being typed, by the names and aliases of all languages: "langstrecke" → WEC."""
        form = words(typed)
        if not form:
            return tuple(self.series.values())[:limit]
        ranks = {slug: self._rank(form, slug, locale) for slug in self.series}
        fitting = sorted((slug for slug in ranks if ranks[slug] < 9), key=lambda slug: ranks[slug])
        near = self.nearest(typed, limit) if len(fitting) < 3 and len(form) > 3 else ()
        slugs = dict.fromkeys([*fitting, *(series.slug for series in near)])
        return tuple(self.series[slug] for slug in slugs)[:limit]

    def name(self, slug: str, locale: str = "en") -> str:
        """Name a series in a language; an unknown slug names itself."""
        series = self.series.get(slug)
        return series.names.get(locale.partition("-")[0], series.name) if series else slug

    def families(self) -> Mapping[str, tuple[Series, ...]]:
        """Group the series by family, both in the catalogue's order."""
        groups: dict[str, list[Series]] = {}
        for series in self.series.values():
            groups.setdefault(series.family, []).append(series)
        return {family: tuple(members) for family, members in groups.items()}

    def _rank(self, form: str, slug: str, locale: str) -> int:
        own = words(self.name(slug, locale))
        if form in (slug, own) or form in self.typed[slug][:2]:
            return 0
        if own.startswith(form) or slug.startswith(form):
            return 1
        names = self.typed[slug]
        if form in names:
            return 2
        if any(name.startswith(form) for name in names):
            return 3
        if any(f" {form}" in name for name in names):
            return 4
        return 5 if len(form) > 2 and any(form in name for name in names) else 9

    # ── What texts say ───────────────────────────────────────────────────────────────────────────

    @property
    def names(self) -> Names:
        return self._names[0]

    @property
    def matcher(self) -> Matcher:
        return self._names[1]

    @cached_property
    def _names(self) -> tuple[Names, Matcher]:
        """Read the names, a group at a time: what is made of them is kept, and little else is ever held."""
        matcher = Matcher()
        texts = FILES if self._texts is None else [file for file in self._texts if file != WEB]
        weights = next(tables(self._text("names.toml"), "weights"), {}).get("weights", {})
        names = Names(self.series, weights, matcher.plant)
        for file in texts:
            for table in tables(self._text(file), "names"):
                for group in table["names"]:
                    names.add(file, group)
        for slug, series in self.series.items():
            said = {series.name, *series.names.values(), *series.aliases}
            if (
                len(series.hashtag) > 4 and series.hashtag != series.hashtag.capitalize()
            ):  # "#WorldSBK", not "#Dakar"
                said.add(series.hashtag)
            names.add_series(slug, said, float(weights.get("series", 3)))
        matcher.owners = names.owners
        names.close()
        matcher.close()
        return names, matcher

    def _text(self, file: str) -> str:
        return packaged_text(file) if self._texts is None else self._texts[file]

    @cached_property
    def _web(self) -> tuple[Mapping[str, Mapping[str, float]], Mapping[str, Mapping[str, float]]]:
        """For which series the parts of a link's path speak, and for which the websites."""
        table = tomllib.loads(self._text(WEB))
        said = {text: shares(text) for texts in table.values() for text in texts.values()}
        sections = {words(part): said[text] for part, text in table["sections"].items()}
        return sections, {host: said[text] for host, text in table["hosts"].items()}

    def mentions(self, text: str) -> tuple[Mention, ...]:
        """Find all known names in a text, in one pass, the longest at each place."""
        return self.mentions_of(text, self.matcher.find(text))

    def mentions_of(self, text: str, hits: Iterable[Hit]) -> tuple[Mention, ...]:
        """Turn what the matcher found in a text into mentions; words that only help to decide are left out."""
        shown = [hit for hit in hits if hit.aliases[0].owner.kind not in UNSHOWN]
        full = {alias.owner.key for hit in shown for alias in hit.aliases if alias.is_whole}
        return tuple(mention_of(hit, text, full) for hit in shown)

    def section(self, words_: str) -> Mapping[str, float]:
        """Tell for which series a part of a link's path speaks: "formule-1", "v8supercars"."""
        return self._web[0].get(words(words_), {})

    def host(self, name: str) -> Mapping[str, float]:
        """Tell for which series a website speaks: "supercars.com"."""
        parts = name.removeprefix("www.").split(".")
        for start in range(len(parts) - 1):
            found = self._web[1].get(".".join(parts[start:]))
            if found:
                return found
        return {}

    # ── What can be followed besides series ──────────────────────────────────────────────────────

    def topic(self, asked: str) -> tuple[Topic, ...]:
        """Find the drivers, teams, circuits … that are called so, or the one with this key."""
        kind, colon, key = asked.partition(":")
        if colon and (owner := self._followable.get(asked.strip().lower())):
            return (_topic(owner),)
        form = words(key if colon and kind in FOLLOWED else asked)
        owners = {
            alias.owner.key: alias.owner
            for alias in self.matcher.spelled(form)
            if _can_be_followed(alias.owner)
        }
        return tuple(_topic(owner) for owner in sorted(owners.values(), key=lambda owner: owner.order))

    def suggest_topics(self, typed: str, limit: int = 25) -> tuple[Topic, ...]:
        """Complete the name of a driver, team, circuit …"""
        form = words(typed)
        if not form:
            return ()
        ranked: list[tuple[int, int, Name]] = []
        for owner in self._followable.values():
            name = words(owner.name)
            if name.startswith(form):
                ranked.append((0, owner.order, owner))
            elif f" {form}" in name:
                ranked.append((1, owner.order, owner))
        ranked.sort(key=lambda item: item[:2])
        exact = self.topic(typed)
        return tuple(dict.fromkeys([*exact, *(_topic(owner) for _, _, owner in ranked)]))[:limit]

    @cached_property
    def _followable(self) -> dict[str, Name]:
        return {_topic(owner).key: owner for owner in self.names.owners if _can_be_followed(owner)}

    # ── What is wrong in the files ───────────────────────────────────────────────────────────────

    def check(self) -> list[str]:
        """Say in plain sentences what is ambiguous or wrong in the TOML files."""
        from bot.series.check import troubles

        return troubles(self)


@lru_cache(maxsize=1)
def load_catalog() -> Catalog:
    """Load the catalogue that comes with Pitwire, once."""
    return Catalog(tomllib.loads((files("bot.series") / "catalog.toml").read_text("utf-8")))


def _series(row: Mapping[str, Any]) -> Series:
    return Series(
        slug=row["slug"],
        name=row["name"],
        family=row["family"],
        colour=row["colour"],
        emoji=row["emoji"],
        hashtag=row["hashtag"],
        short=row["short"],
        names=MappingProxyType(dict(row.get("names", {}))),
        aliases=tuple(row["aliases"]),
    )


def _typed(row: Mapping[str, Any], series: Series) -> tuple[str, ...]:
    """Everything a person may type for a series, folded; the slug first."""
    said: Iterable[str] = (
        series.slug,
        series.short,
        series.name,
        series.hashtag,
        *series.names.values(),
        *series.aliases,
        *row.get("typed", ()),
    )
    forms = [words(text) for text in said]
    return tuple(form for form in dict.fromkeys([*forms, *(form.replace(" ", "") for form in forms)]) if form)


def _likeness(asked: str, name: str) -> float:
    if name.startswith(asked) or (asked.startswith(name) and len(name) > 2):
        return 0.9 * min(len(asked), len(name)) / max(len(asked), len(name)) + 0.1
    return SequenceMatcher(None, asked, name).ratio()


def mention_of(hit: Hit, text: str, full: set[str]) -> Mention:
    """Describe a hit; of people with one surname take the one whose full name stands in the text too."""
    chosen = choose(hit.aliases, full)
    owner = chosen.owner
    series = owner.series
    return Mention(
        owner.kind, owner.key, hit.start, hit.end, text[hit.start : hit.end], series, chosen.sureness == SURE
    )


def choose(aliases: tuple[Alias, ...], full: set[str]) -> Alias:
    """Of people with one surname, take the one whose full name stands in the text too, else the better known."""
    if len(aliases) == 1:
        return aliases[0]
    return min(aliases, key=lambda alias: (alias.owner.key not in full, -alias.sureness, alias.owner.order))


def _can_be_followed(owner: Name) -> bool:
    return owner.kind in FOLLOWED and any(bond.slug != NONE for bond in owner.bonds)


def _topic(owner: Name) -> Topic:
    return Topic(f"{FOLLOWED[owner.kind]}:{owner.key}", owner.name, owner.kind)
