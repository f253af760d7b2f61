"""How often the language of an article is told right: headlines alone, with their standfirst, single sentences."""

from __future__ import annotations

import json
import re
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from bot.reading.language import detect
from bot.series.catalog import load_catalog
from tools.eval.articles import labelled

_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-ZÀ-Ž¿¡«“\"'])")
LEAST = 30  # characters of a sentence


def run(data: Path, worst: int) -> None:
    """Print the share that is right by kind of text, then what was told wrong."""
    catalog = load_catalog()
    right: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    wrong: list[str] = []
    spent = 0.0
    for kind, language, text in _texts(data):
        names = {mention.words for mention in catalog.mentions(text)}
        began = time.perf_counter()
        told = detect(text, names=names)
        spent += time.perf_counter() - began
        for key in (kind, f"{kind} {language}"):
            right[key][0] += told == language
            right[key][1] += 1
        if told != language:
            wrong.append(f"  {kind}: {language} told as {told}: {text[:110]!r}")
    for key, (good, count) in sorted(right.items()):
        print(f"{key}: {good / count:.1%} of {count}")
    print(f"{1e6 * spent / max(1, sum(right[k][1] for k in right if ' ' not in k)):.0f} µs a text")
    print("\n".join(wrong[:worst]))


def _texts(data: Path) -> Iterator[tuple[str, str, str]]:
    for row, article in labelled(data):
        yield "headline", row["lang"], article.title
        if article.standfirst:
            yield "with-standfirst", row["lang"], f"{article.title}. {article.standfirst}"
        for sentence in _SENTENCE.split(article.text)[:12]:
            if len(sentence) >= LEAST:
                yield "sentence", row["lang"], sentence
    path = data / "clusters.dev.jsonl"
    for line in path.read_text("utf-8").splitlines() if path.exists() else ():
        row = json.loads(line)
        yield "headline", row["lang"], row["title"]
