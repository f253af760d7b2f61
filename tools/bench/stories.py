"""What does it cost to decide one article against 1,000 and against 50,000 recent stories, and what does the index weigh?

    python -m tools.bench.stories

Headlines are made up of drivers, teams, places and words in the proportions of a race weekend: many stories share many names.
"""

from __future__ import annotations

import gc
import os
import random
import statistics
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bot.model import Article, Source, Story
from bot.reading.read import read
from bot.series.catalog import load_catalog
from bot.stories.index import StoryIndex
from bot.stories.kept import remember
from bot.stories.keys import Keys, from_json, keys_of, to_json
from bot.stories.match import match
from bot.stories.rarity import rarities

NOW = datetime(2026, 11, 22, 14, tzinfo=UTC)
SMALL, LARGE, ASKED, ROUNDS = 1_000, 50_000, 200, 3
ACTS = ("win", "penalty", "signing", "crash", "qualifying", "technical", "calendar", "injury")


def main() -> None:
    """Print the table."""
    rng = random.Random(5)
    names = _names()
    rarities()
    indexes, sizes = [], []
    for count in (SMALL, LARGE):
        gc.collect()
        before = _resident()
        indexes.append(StoryIndex(_stories(count, names, rng)))
        gc.collect()
        sizes.append(_resident() - before)
    asked = [_keys(names, rng) for _ in range(ASKED)]
    spent: list[list[float]] = [[], []]
    for _ in range(ROUNDS):  # in turn, so that a busy machine hurts both
        for place, index in enumerate(indexes):
            spent[place] += _spent(index, asked)
    table = Table(title="One article against recent stories, CPU time")
    for column in ("stories", "median ms", "p95 ms", "worst ms", "index MB"):
        table.add_column(column, justify="right")
    for place, count in enumerate((SMALL, LARGE)):
        ordered = sorted(spent[place])
        table.add_row(
            f"{count:,}",
            f"{statistics.median(ordered):.2f}",
            f"{ordered[int(0.95 * len(ordered))]:.2f}",
            f"{ordered[-1]:.2f}",
            f"{sizes[place]:.1f}",
        )
    console = Console()
    console.print(table)
    ratio = statistics.median(spent[1]) / statistics.median(spent[0])
    console.print(
        f"{LARGE:,} against {SMALL:,}: {ratio:.2f} times. Taking keys from an article: {_taking():.2f} ms."
    )


def _spent(index: StoryIndex, asked: Sequence[Keys]) -> list[float]:
    times = []
    for keys in asked:
        began = time.process_time()
        match(keys, index.candidates(keys))
        times.append(1000 * (time.process_time() - began))
    return times


def _resident() -> float:
    """Megabytes of memory that this process holds."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _names() -> dict[str, list[str]]:
    owners = load_catalog().names.owners
    return {
        letter: sorted({owner.key for owner in owners if owner.kind in kinds})
        for letter, kinds in (("p", ("driver", "person")), ("t", ("team",)), ("c", ("circuit", "event")))
    }


def _keys(names: dict[str, list[str]], rng: random.Random) -> Keys:
    """A title of some names, an act and words; a lead that says more. A few names are in most of them."""
    title = {letter + _often(names[letter], rng) for letter in "ppt" if rng.random() < 0.8}
    title.add("c" + _often(names["c"], rng))
    act = rng.choice(ACTS)
    title |= {f"a{act}", *(f"f{act}:{token[1:]}" for token in title), *_words(6, rng)}
    lead = {token for token in title if token[0] in "ptcw"} | set(_words(22, rng))
    lead |= {"p" + _often(names["p"], rng), "sf1", f"#{rng.randrange(4, 90)}"}
    at = NOW - timedelta(minutes=rng.randrange(72 * 60))
    return Keys(frozenset(title), frozenset(lead), rng.choice(["en", "de", "fr", "es", "it", "pt"]), "", at)


def _often(names: Sequence[str], rng: random.Random) -> str:
    return names[int(len(names) * rng.random() ** 4)]


def _words(count: int, rng: random.Random) -> Iterator[str]:
    for _ in range(count):
        number = int(30_000 * rng.random() ** 3)
        yield "w" + "".join(chr(97 + (number // 26**place) % 26) for place in range(5))


def _stories(count: int, names: dict[str, list[str]], rng: random.Random) -> Iterator[Story]:
    for number in range(count):
        keys = from_json(to_json(_keys(names, rng)))
        url = f"https://paddock.example/{number}"
        story = Story(
            id=number + 1,
            title="",
            summary="",
            url=url,
            language=keys.language,
            sources=(Source(outlet="", url=url, language=keys.language, title="", summary=""),),
            published_at=keys.at,
            created_at=keys.at,
            updated_at=keys.at,
        )
        yield remember(story, url, keys)


def _taking() -> float:
    told = Article(
        guid="1",
        url="https://paddock.example/1",
        title="Hamilton wins the Italian Grand Prix at Monza as Verstappen gets a ten-second penalty",
        standfirst="Lewis Hamilton won for Ferrari in front of the home crowd. " * 6,
    )
    understood = read(told, load_catalog(), now=NOW)
    keys_of(told, understood, now=NOW)
    began = time.process_time()
    for _ in range(50):
        keys_of(told, understood, now=NOW)
    return 1000 * (time.process_time() - began) / 50


if __name__ == "__main__":
    main()
