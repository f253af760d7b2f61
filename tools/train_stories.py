"""Fit bot/stories/weights.toml and rarity.txt, by which `bot.stories` tells one story from two.

Labelled headlines (clusters.dev.jsonl: equal `group`, one story; "…-near…", the same event but another story) give pairs; a
logistic model weighs their evidence. A weight may only speak the way its evidence can: two shared names never speak
against, a reaction never for. That, and being small, is what keeps a few hundred pairs from being learned by heart.

    python -m tools.train --data FOLDER
"""

from __future__ import annotations

import hashlib
import itertools
import math
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.reading.read import read
from bot.series.catalog import load_catalog
from bot.stories.evidence import SPEAKS, WINDOW_HOURS, evidence
from bot.stories.keys import Keys, keys_of
from bot.stories.rarity import COUNTED, Rarities, rarities
from bot.stories.telling import Telling, telling_of
from bot.stories.weights import Weights
from tools.eval.articles import labelled

FOLDER = Path(__file__).parent.parent / "bot" / "stories"
LABELLED = "clusters.dev.jsonl"
COUNTED_IN = ("articles.dev.jsonl", "summaries.dev.jsonl", LABELLED)
LEAST_COUNT = 3  # rarer tokens are all alike
STIFFNESS = 8.0
MERGE_AT = 0.52
LEAST_ALIKE = 0.03
FAR_HOURS = 30.0
FAR_WEIGHT = 0.15  # of a pair of different times
SWEEPS = 40
NAMES = tuple(SPEAKS)


@dataclass(frozen=True, slots=True)
class Headline:
    row: Mapping[str, Any]
    keys: Keys
    telling: Telling

    @property
    def group(self) -> str:
        return str(self.row["group"])

    @property
    def event(self) -> str:
        """The group without "-near…"."""
        return self.group.partition("-near")[0]


@dataclass(frozen=True, slots=True)
class Pair:
    one: Headline
    other: Headline
    found: tuple[float, ...]
    is_far: bool = False  # of different times, moved together

    @property
    def is_same(self) -> bool:
        return self.one.group == self.other.group

    @property
    def is_near(self) -> bool:
        return self.one.event == self.other.event and not self.is_same


def build(data: Path) -> None:
    """Count, fit, and write both files down."""
    count(data)
    heads = headlines(data)
    if not heads:
        return
    fitted = replace(fit(pairs_of(heads)), trained_on=fingerprint(data))
    lines = [
        "# Fitted by `make train`: what each piece of evidence weighs, in log odds (bot/stories/evidence.py names them).",
        f"bias = {fitted.bias:.4f}",
        f"merge_at = {fitted.merge_at}",
        f'trained_on = "{fitted.trained_on}"',
        "",
        "[weights]",
        *(f"{name} = {weight:.4f}" for name, weight in fitted.by_name.items()),
    ]
    (FOLDER / "weights.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"weights.toml: {len(fitted.by_name)} weights from {len(heads)} headlines")


def fingerprint(data: Path) -> str:
    """Name a labelled file, so that a measurement can say whether it was trained on."""
    return hashlib.blake2b((data / LABELLED).read_bytes(), digest_size=8).hexdigest()


def count(data: Path) -> None:
    """Write down in how many articles each token stands."""
    counts: Counter[str] = Counter()
    total = 0
    for name in COUNTED_IN:
        for _, keys in _keys(data, name):
            counts.update(token for token in keys.title | keys.lead if token[0] in COUNTED)
            total += 1
    rows = [f"{token} {n}" for token, n in sorted(counts.items()) if n >= LEAST_COUNT]
    (FOLDER / "rarity.txt").write_text("\n".join([str(total), *rows]) + "\n", encoding="utf-8")
    rarities.cache_clear()
    print(f"rarity.txt: {len(rows)} tokens from {total} articles")


def headlines(data: Path, rarity: Rarities | None = None) -> list[Headline]:
    """The labelled headlines in time order."""
    rarity = rarity or rarities()
    heads = [Headline(row, keys, telling_of(keys, rarity)) for row, keys in _keys(data, LABELLED)]
    return sorted(heads, key=lambda head: head.keys.at)


def _keys(data: Path, name: str) -> list[tuple[dict[str, Any], Keys]]:
    catalog, now = load_catalog(), datetime.now(UTC)
    found = []
    for row, article in labelled(data, name):
        at = article.published_at or now
        article = replace(article, outlet=row.get("source") or "")
        found.append((row, keys_of(article, read(article, catalog, now=at), now=at)))
    return found


def pairs_of(heads: Sequence[Headline]) -> list[Pair]:
    """Every two headlines that the index would let meet.

    The labelled events lie months apart, in a newsroom they come in one hour: headlines of other times are moved together.
    """
    pairs, rng = [], random.Random(7)
    for one, other in itertools.combinations(heads, 2):
        is_far = (other.keys.at - one.keys.at).total_seconds() > WINDOW_HOURS * 3600
        if is_far and one.event == other.event:
            continue
        found = evidence(one.telling, other.telling)
        if found["both_all"] < LEAST_ALIKE:
            continue
        if is_far:
            found["hours"] = math.log1p(rng.uniform(0, FAR_HOURS))
        pairs.append(Pair(one, other, tuple(found[name] for name in NAMES), is_far))
    return pairs


def fit(pairs: Sequence[Pair]) -> Weights:
    """Fit the weights, each on its side of zero, by Newton steps one coordinate at a time."""
    importance = _importance(pairs)
    means, widths, columns = _columns(pairs)
    gold = [1.0 if pair.is_same else 0.0 for pair in pairs]
    odds = [0.0] * len(pairs)
    bias, weights = 0.0, [0.0] * len(NAMES)
    for _ in range(SWEEPS):
        step = _step(odds, gold, importance, None)
        bias += step
        odds = [value + step for value in odds]
        for place, name in enumerate(NAMES):
            column = columns[place]
            wished = weights[place] + _step(odds, gold, importance, column, weights[place])
            side = SPEAKS[name]
            new = max(0.0, wished) if side > 0 else min(0.0, wished) if side < 0 else wished
            if abs(new - weights[place]) > 1e-6:
                change = new - weights[place]
                odds = [value + change * x for value, x in zip(odds, column, strict=True)]
                weights[place] = new
    raw = {name: weights[place] / widths[place] for place, name in enumerate(NAMES)}
    bias -= sum(raw[name] * means[place] for place, name in enumerate(NAMES))
    return Weights(bias, {name: w for name, w in raw.items() if abs(w) > 5e-4}, MERGE_AT)


def _step(
    odds: Sequence[float],
    gold: Sequence[float],
    importance: Sequence[float],
    column: Sequence[float] | None,
    weight: float = 0.0,
) -> float:
    slope = STIFFNESS * weight if column is not None else 0.0
    bend = STIFFNESS if column is not None else 1e-6
    for place, value in enumerate(odds):
        likely = 1 / (1 + math.exp(-value))
        x = column[place] if column is not None else 1.0
        slope += importance[place] * (likely - gold[place]) * x
        bend += importance[place] * max(0.02, likely * (1 - likely)) * x * x
    return -slope / bend


def _importance(pairs: Sequence[Pair]) -> list[float]:
    """A story told by seven outlets gives 21 pairs: they count less each, or it alone would be learned."""
    sizes = Counter(pair.one.group for pair in pairs if pair.is_same)
    return [
        1.5 / math.sqrt(sizes[pair.one.group])
        if pair.is_same
        else FAR_WEIGHT
        if pair.is_far
        else 0.7
        if pair.is_near
        else 1.0
        for pair in pairs
    ]


def _columns(pairs: Sequence[Pair]) -> tuple[list[float], list[float], list[list[float]]]:
    means, widths, columns = [], [], []
    for place in range(len(NAMES)):
        values = [pair.found[place] for pair in pairs]
        mean = sum(values) / len(values)
        width = math.sqrt(sum((value - mean) ** 2 for value in values) / len(values)) + 1e-3
        means.append(mean)
        widths.append(width)
        columns.append([(value - mean) / width for value in values])
    return means, widths, columns


def crossed(pairs: Sequence[Pair], *, folds: int = 8, seed: int = 1) -> dict[tuple[str, str], float]:
    """The likelihood of each pair by weights that were fitted without its events."""
    events = sorted({head.event for pair in pairs for head in (pair.one, pair.other)})
    random.Random(seed).shuffle(events)
    fold_of = {event: place % folds for place, event in enumerate(events)}
    found: dict[tuple[str, str], list[float]] = {}
    for fold in range(folds):
        held = [pair for pair in pairs if fold in (fold_of[pair.one.event], fold_of[pair.other.event])]
        learned = [pair for pair in pairs if fold not in (fold_of[pair.one.event], fold_of[pair.other.event])]
        fitted = fit(learned)
        for pair in held:
            likely = fitted.likelihood(dict(zip(NAMES, pair.found, strict=True)))
            found.setdefault((pair.one.row["id"], pair.other.row["id"]), []).append(likely)
    return {ids: sum(values) / len(values) for ids, values in found.items()}
