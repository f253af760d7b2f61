"""How much of an article's text is taken from its saved page, and how much else with it."""

from __future__ import annotations

import re
import time
from collections import Counter, defaultdict
from pathlib import Path

from bot.reading.extract import page_of
from tools.eval.articles import labelled

_WORD = re.compile(r"\w+")


def run(data: Path, worst: int) -> None:
    """Print precision, recall and F1 of words (as a multiset) over all pages and per language."""
    results: list[tuple[float, float, float, str, str]] = []
    spent = 0.0
    for row, _ in labelled(data, "pages.dev.jsonl"):
        if not row.get("text"):
            continue
        began = time.process_time()
        found = page_of(row["html"]).text
        spent += time.process_time() - began
        results.append((*overlap(found, row["text"]), row["lang"], row["id"]))
    if not results:
        return
    groups: dict[str, list[tuple[float, float, float, str, str]]] = defaultdict(list)
    for result in results:
        groups["all"].append(result)
        groups[result[3]].append(result)
    for key, members in sorted(groups.items(), key=lambda item: -len(item[1])):
        f1, precision, recall = (sum(member[n] for member in members) / len(members) for n in range(3))
        print(f"{key:>4} {len(members):4}   F1 {f1:.4f}   precision {precision:.4f}   recall {recall:.4f}")
    print(f"{1000 * spent / len(results):.1f} ms a page")
    for f1, precision, recall, lang, name in sorted(results)[:worst]:
        print(f"  {f1:.3f} (precision {precision:.3f}, recall {recall:.3f}) {lang} {name}")


def overlap(found: str, gold: str) -> tuple[float, float, float]:
    """F1, precision and recall of the words found."""
    own, wanted = Counter(_WORD.findall(found.lower())), Counter(_WORD.findall(gold.lower()))
    shared = sum((own & wanted).values())
    if not shared:
        return 0.0, 0.0, 0.0
    precision, recall = shared / sum(own.values()), shared / sum(wanted.values())
    return 2 * precision * recall / (precision + recall), precision, recall
