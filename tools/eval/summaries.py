"""How well summaries tell what an editor's standfirst told, beside the first sentences at the same length."""

from __future__ import annotations

import itertools
import re
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bot.reading.sentences import sentences
from bot.reading.summary import LONGEST, summarise
from tools.eval.articles import labelled

_WORD = re.compile(r"\w+")  # rouge-score's own tokenizer breaks accented words
_FIGURE = re.compile(r"\d[\d.,:]*")


def run(data: Path, worst: int) -> None:
    """Print ROUGE-L and ROUGE-2 (F) over all and per language, and what breaks a rule."""
    pairs = list(labelled(data, "summaries.dev.jsonl"))
    if not pairs:
        return
    rows = [row for row, _ in pairs]
    summarise("warm", "", "up.", "en")
    began = time.process_time()
    made = [summarise(row["title"], "", row["body"], row["lang"]) for row in rows]
    spent = time.process_time() - began
    first = [lead(row["body"], row["lang"]) for row in rows]
    same = [lead_of(row["body"], row["lang"], len(text)) for row, text in zip(rows, made, strict=True)]
    groups: dict[str, list[int]] = defaultdict(list)
    for n, row in enumerate(rows):
        groups["all"].append(n)
        groups[row["lang"]].append(n)
    for key in sorted(groups, key=lambda key: (key != "all", -len(groups[key]))):
        _report(key, groups[key], rows, made, first, same)
    _rules(rows, made)
    print(
        f"{1000 * spent / len(rows):.2f} ms a summary of {sum(len(row['body']) for row in rows) // len(rows)} characters"
    )
    order = sorted(range(len(rows)), key=lambda n: rouge_l(made[n], rows[n]["reference"]))
    for n in order[:worst]:
        print(
            f"  {rows[n]['id']} {rows[n]['lang']}  {rows[n]['title']}\n      {made[n]}\n    = {rows[n]['reference']}"
        )


def _report(
    key: str,
    members: Sequence[int],
    rows: Sequence[dict[str, Any]],
    made: Sequence[str],
    first: Sequence[str],
    same: Sequence[str],
) -> None:
    def mean(measure: Callable[[str, str], float], texts: Sequence[str]) -> float:
        return 100 * sum(measure(texts[n], rows[n]["reference"]) for n in members) / len(members)

    parts = [f"{key:>4} {len(members):4}"]
    for name, measure in (("L", rouge_l), ("2", rouge_2)):
        own, three, equal = (mean(measure, texts) for texts in (made, first, same))
        parts.append(
            f"ROUGE-{name} {own:5.2f}  x{own / max(three, 0.01):.3f} of three sentences  x{own / max(equal, 0.01):.3f} of the same length"
        )
    print("   ".join(parts))


def _rules(rows: Sequence[dict[str, Any]], made: Sequence[str]) -> None:
    empty = [row["id"] for row, text in zip(rows, made, strict=True) if not text]
    long = [row["id"] for row, text in zip(rows, made, strict=True) if len(text) > LONGEST]
    invented = [
        row["id"]
        for row, text in zip(rows, made, strict=True)
        if set(_FIGURE.findall(text)) - set(_FIGURE.findall(row["body"]))
    ]
    print(
        f"empty {len(empty)}  too long {len(long)}  with a figure that is not in the article {len(invented)} {invented[:5]}"
    )


def lead(body: str, language: str, count: int = 3, most: int = LONGEST) -> str:
    """The first sentences, as far as they fit."""
    told: list[str] = []
    for sentence in sentences(body, language)[:count]:
        if told and len(" ".join((*told, sentence))) > most:
            break
        told.append(sentence)
    return " ".join(told)[:most]


def lead_of(body: str, language: str, length: int) -> str:
    """The first sentences, cut to a length."""
    return " ".join(sentences(body[: 4 * length + 400], language))[:length]


def rouge_l(text: str, reference: str) -> float:
    """F of the longest common subsequence of words."""
    own, other = _words(text), _words(reference)
    if not own or not other:
        return 0.0
    above = [0] * (len(other) + 1)
    for word in own:
        here = [0]
        for n, known in enumerate(other):
            here.append(above[n] + 1 if word == known else max(above[n + 1], here[n]))
        above = here
    return _f(above[-1], len(own), len(other))


def rouge_2(text: str, reference: str) -> float:
    """F of common pairs of words."""
    own, other = (Counter(itertools.pairwise(words)) for words in (_words(text), _words(reference)))
    return _f(sum((own & other).values()), sum(own.values()), sum(other.values()))


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _f(common: int, own: int, other: int) -> float:
    return 2 * common / (own + other) if common else 0.0
