"""How many articles a second are read, on one core? `python -m tools.bench.reading [FILE]`

FILE holds articles as `pitwire explain --jsonl` takes them; without one, invented articles of a usual length are read.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bot.model import Article
from bot.reading.cues import scan
from bot.reading.label import label
from bot.reading.read import read
from bot.reading.spoiler import judge
from bot.reading.summary import summarise
from bot.reading.tag import tag
from bot.series.catalog import load_catalog

ROUNDS = 5
SENTENCES = (
    "Max Verstappen spoke to the stewards after the second practice session at Silverstone on Friday.",
    "The Red Bull team had changed the floor of the car overnight and found four tenths of a second.",
    "“We know where the time is,” said an engineer in the garage, “and we will bring more to Spa in July.”",
    "Behind them Lando Norris and Charles Leclerc were parted by 0.037 seconds on the same tyres.",
    "The race on Sunday goes over 52 laps, and rain is expected from the afternoon on.",
    "Last year the Formula 1 weekend drew 480,000 people to the circuit in Northamptonshire.",
)
TITLES = (
    "Verstappen wins at Silverstone",
    "Red Bull brings a new floor to Silverstone",
    "Norris hopes for rain in Silverstone",
)


def invented(count: int = 300) -> list[Article]:
    """Articles of about 430 words, none equal to another."""
    return [
        Article(
            guid=str(n),
            url=f"https://outlet.example/{n}",
            title=f"{TITLES[n % len(TITLES)]} ({n})",
            standfirst=SENTENCES[n % len(SENTENCES)],
            text="\n\n".join(
                " ".join(SENTENCES[(n + k + j) % len(SENTENCES)] for j in range(4)) for k in range(6)
            ),
            language="en",
        )
        for n in range(count)
    ]


def loaded(path: Path) -> list[Article]:
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
    return [
        Article(
            guid=str(n),
            url="",
            title=row.get("title") or "",
            standfirst=row.get("description") or "",
            text=row.get("body") or "",
            language=row.get("lang"),
        )
        for n, row in enumerate(rows)
    ]


def timed(work: Callable[[Article], object], articles: Sequence[Article]) -> list[float]:
    """Milliseconds of CPU for each article, the best of some rounds."""
    best = [float("inf")] * len(articles)
    for _ in range(ROUNDS):
        for n, article in enumerate(articles):
            began = time.process_time_ns()
            work(article)
            best[n] = min(best[n], (time.process_time_ns() - began) / 1e6)
    return best


def main() -> None:
    articles = loaded(Path(sys.argv[1])) if len(sys.argv) > 1 else invented()
    catalog, now = load_catalog(), datetime.now(UTC)
    began = time.process_time()
    read(articles[0], catalog, now=now)
    started = time.process_time() - began

    def judged(article: Article) -> None:
        language = article.language or "en"
        title, standfirst = scan(article.title, language), scan(article.standfirst[:700], language)
        label(title, standfirst)
        judge(title, standfirst, article.text, language)

    works: dict[str, Callable[[Article], object]] = {
        "series": lambda article: tag(article, catalog),
        "spoiler and label": judged,
        "series, spoiler and label": lambda article: (tag(article, catalog), judged(article)),
        "summary": lambda article: summarise(
            article.title, article.standfirst, article.text, article.language or "en"
        ),
        "all of it": lambda article: read(article, catalog, now=now),
    }
    table = Table("step", "median ms", "p99 ms", "articles a second")
    for name, work in works.items():
        spent = sorted(timed(work, articles))
        table.add_row(
            name,
            f"{statistics.median(spent):.3f}",
            f"{spent[int(len(spent) * 0.99)]:.3f}",
            f"{1000 / statistics.mean(spent):,.0f}",
        )
    words = sum(len(article.text.split()) for article in articles) / len(articles)
    console = Console()
    console.print(f"{len(articles)} articles of {words:.0f} words; the first took {1000 * started:.0f} ms")
    console.print(table)


if __name__ == "__main__":
    main()
