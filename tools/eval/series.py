"""How well articles are given their series: micro-F1, the primary, and what should have been let go."""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.reading.tag import Tagging, tag
from bot.series.catalog import load_catalog
from tools.eval.articles import labelled

NO_SLUG = {"none", "other"}


@dataclass
class Tally:
    """Counts over articles; what is acceptable counts neither for nor against."""

    hits: int = 0
    extra: int = 0
    missed: int = 0
    articles: int = 0
    primaries: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def f1(self) -> float:
        return 2 * self.hits / max(1, 2 * self.hits + self.extra + self.missed)

    def add(self, gold: set[str], acceptable: set[str], given: set[str], is_right: bool) -> None:
        self.articles += 1
        self.hits += len(gold & given)
        self.extra += len(given - gold - acceptable)
        self.missed += len(gold - given)
        self.primaries += is_right


def run(data: Path, worst: int) -> None:
    """Print the figures over all, per language, and the worst cases."""
    catalog = load_catalog()
    total, languages = Tally(), defaultdict(Tally)
    slips: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    outside = passed = 0
    cases: list[tuple[int, str]] = []
    pairs = list(labelled(data))
    if not pairs:
        return
    catalog.mentions("warm")
    began = time.perf_counter()
    taggings = [tag(article, catalog) for _, article in pairs]
    spent = time.perf_counter() - began
    for (row, _), tagging in zip(pairs, taggings, strict=True):
        gold, acceptable = set(row["series"]) - NO_SLUG, set(row["acceptable"])
        given = {series.slug for series in tagging.series}
        primary = None if row["primary"] in NO_SLUG else row["primary"]
        is_right = tagging.primary == primary or (tagging.primary in acceptable)
        for tally in (total, languages[row["lang"]]):
            tally.add(gold, acceptable, given, is_right)
        if row["primary"] == "none":
            outside += 1
            passed += bool(given - acceptable)
        for slug in gold - given:
            slips[slug][0] += 1
        for slug in given - gold - acceptable:
            slips[slug][1] += 1
        faults = len(gold - given) + len(given - gold - acceptable) + (not is_right)
        if faults:
            cases.append((faults, _case(row, tagging)))
    print(
        f"series micro-F1 {total.f1:.3f} · primary right {total.primaries / total.articles:.3f} · {total.articles} articles"
    )
    print(f"let through without being motorsport: {passed} of {outside} ({passed / max(1, outside):.1%})")
    for language, tally in sorted(languages.items(), key=lambda item: -item[1].articles):
        print(
            f"  {language}: F1 {tally.f1:.3f} · primary {tally.primaries / tally.articles:.3f} · {tally.articles} articles"
        )
    print("missed / too much: " + " · ".join(f"{slug} {a}/{b}" for slug, (a, b) in sorted(slips.items())))
    print(f"{1e6 * spent / len(pairs):.0f} µs an article")
    cases.sort(key=lambda case: -case[0])
    for _, text in cases[:worst]:
        print(text)


def _case(row: dict[str, Any], tagging: Tagging) -> str:
    given = ", ".join(
        f"{series.slug} {series.score:.2f} ({' · '.join(series.evidence)})" for series in tagging.series
    )
    return (
        f"  {row['id']} {row['lang']} {row['title'][:90]!r}\n"
        f"     is {'+'.join(row['series'])} (also fine: {'+'.join(row['acceptable']) or '-'})\n     given {given or 'nothing'}"
    )
