"""How well results are recognised, and whether the safe titles keep them."""

from __future__ import annotations

import time
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path

from bot.model import Reading
from bot.reading.cues import RESULTS, scan
from bot.reading.read import read
from bot.series.catalog import Catalog, load_catalog
from bot.text import fold
from tools.eval.articles import labelled

PEOPLE = frozenset({"driver", "team", "person"})


def run(data: Path, worst: int) -> None:
    """Print F1 over all and per language, leaks of safe titles, and the worst cases."""
    catalog = load_catalog()
    pairs = [(row, article) for row, article in labelled(data) if "result" in row]
    if not pairs:
        return
    now = datetime.now(UTC)
    catalog.mentions("warm")
    began = time.process_time()
    readings = [read(article, catalog, now=now) for _, article in pairs]
    spent = time.process_time() - began
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])  # right, invented, overlooked
    cases: list[str] = []
    leaks: list[str] = []
    told = 0
    for (row, _), reading in zip(pairs, readings, strict=True):
        found, result = reading.spoiler, bool(row["result"])
        for key in ("all", row["lang"]):
            counts[key][0] += found and result
            counts[key][1] += found and not result
            counts[key][2] += result and not found
        if found != result:
            words = ", ".join(reading.spoiler_evidence) or row.get("spoiler_kind") or ""
            cases.append(
                f"{'invented' if found else 'overlooked':>10}  {row['id']} {row['lang']}  {row['title']}  [{words}]"
            )
        if found or result:
            told += 1
            if reason := leak(reading, row.get("spoiler_span") or "", catalog):
                leaks.append(f"      leak  {row['id']} {row['lang']}  {reading.safe_title}  [{reason}]")
    for key in sorted(counts, key=lambda key: (key != "all", -sum(counts[key]))):
        right, invented, overlooked = counts[key]
        f1 = 2 * right / max(1, 2 * right + invented + overlooked)
        print(f"{key:>4}  F1 {f1:.3f}   right {right}  invented {invented}  overlooked {overlooked}")
    print(
        f"safe titles that give something away: {len(leaks)} of {told}"
        f"   reading {1000 * spent / len(pairs):.2f} ms an article"
    )
    print("\n".join((*cases[:worst], *leaks[:worst])))


def leak(reading: Reading, span: str, catalog: Catalog) -> str:
    """Say what a safe title gives away, or nothing."""
    safe = reading.safe_title
    if span and fold(span) in fold(safe):
        return span
    if not reading.spoiler and not span:
        return ""  # the title itself gives nothing away
    if people := [mention.words for mention in catalog.mentions(safe) if mention.kind in PEOPLE]:
        return ", ".join(people)
    zone = scan(safe.partition(":")[2], reading.language)
    return ", ".join(zone.quote(hit) for hit in zone.hits if hit.weight > 1 and hit.kind.startswith(RESULTS))
