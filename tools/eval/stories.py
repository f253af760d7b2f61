"""How well articles of one story are told as one: pairwise precision and recall, within a language and across."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bot.model import Source, Story
from bot.stories.index import StoryIndex
from bot.stories.kept import remember
from bot.stories.match import can_be_one, match
from bot.stories.weights import weights
from tools.train_stories import LABELLED, Headline, crossed, fingerprint, headlines, pairs_of

SEEDS = (1, 2)


@dataclass(frozen=True, slots=True)
class Score:
    """Pairs that were merged rightly and wrongly, and those that should have been."""

    right: int
    wrong: int
    within: tuple[int, int]  # found, of all
    across: tuple[int, int]

    def __str__(self) -> str:
        return (
            f"precision {self.right / max(1, self.right + self.wrong):.3f} · "
            f"recall within a language {_share(self.within)} · across {_share(self.across)} · "
            f"{self.right + self.wrong} pairs merged, {self.wrong} wrongly"
        )


def run(data: Path, worst: int) -> None:
    """Print the figures as Pitwire stands, the cross-validated ones, and the worst misses."""
    if not (data / LABELLED).exists():
        print(f"{LABELLED} is not in {data}")
        return
    heads = headlines(data)
    told = _told(heads)
    print(f"{len(heads)} headlines, {len({head.group for head in heads})} stories")
    print(f"as shipped: {score(heads, told)}")
    if weights().trained_on == fingerprint(data):
        print("  (the weights were fitted to these very headlines: that figure flatters)")
        pairs = pairs_of(heads)
        for seed in SEEDS:
            likely = crossed(pairs, seed=seed)
            print(f"cross-validated, seed {seed}: {score(heads, _clustered(heads, likely))}")
        print(
            "  (by weights fitted without the event; the lexicon was written with these headlines in sight)"
        )
    for text in _misses(heads, told)[:worst]:
        print(text)


def score(heads: Sequence[Headline], told: Sequence[int]) -> Score:
    right = wrong = 0
    counts = {True: [0, 0], False: [0, 0]}
    for (one, mine), (other, theirs) in itertools.combinations(zip(heads, told, strict=True), 2):
        is_merged, is_same = mine == theirs, one.group == other.group
        right += is_merged and is_same
        wrong += is_merged and not is_same
        if is_same:
            count = counts[one.keys.language == other.keys.language]
            count[0] += is_merged
            count[1] += 1
    within, across = counts[True], counts[False]
    return Score(right, wrong, (within[0], within[1]), (across[0], across[1]))


def _told(heads: Sequence[Headline]) -> list[int]:
    """Tell the headlines one after the other, as the poller would."""
    index, stories, told = StoryIndex(), dict[int, Story](), []
    for place, head in enumerate(heads):
        found = match(head.keys, index.candidates(head.keys))
        story = stories[found.story_id] if found.story_id else _story(len(stories) + 1, head)
        url = f"item:{place}"
        sources = (*story.sources, replace(_source(head), url=url))
        stories[story.id] = remember(replace(story, sources=sources), url, head.keys)
        index.add(stories[story.id])
        told.append(story.id)
    return told


def _clustered(heads: Sequence[Headline], likely: dict[tuple[str, str], float]) -> list[int]:
    """The same by given likelihoods."""
    return cluster(heads, lambda one, other: likely.get((one.row["id"], other.row["id"]), 0.0))


def cluster(heads: Sequence[Headline], likely: Callable[[Headline, Headline], float]) -> list[int]:
    groups: list[list[Headline]] = []
    told = []
    for head in heads:
        best, best_place = weights().merge_at, -1
        for place, group in enumerate(groups):
            values = [
                likely(other, head) if can_be_one(head.telling, other.telling) else 0.0 for other in group
            ]
            value = sum(values) / len(values)
            if value >= best:
                best, best_place = value, place
        if best_place < 0:
            groups.append([])
        groups[best_place].append(head)
        told.append(best_place % len(groups))
    return told


def _story(number: int, head: Headline) -> Story:
    at = head.keys.at
    source = _source(head)
    return Story(
        id=number,
        title=source.title,
        summary="",
        url="",
        language=source.language,
        sources=(),
        published_at=at,
        created_at=at,
        updated_at=at,
    )


def _source(head: Headline) -> Source:
    return Source(
        outlet=head.keys.outlet, url="", language=head.keys.language, title=head.row["title"], summary=""
    )


def _misses(heads: Sequence[Headline], told: Sequence[int]) -> list[str]:
    """Wrong merges first, then tellings that stayed alone."""
    wrong, missed = [], []
    for (one, mine), (other, theirs) in itertools.combinations(zip(heads, told, strict=True), 2):
        pair = f"{one.row['title'][:70]!r} ({one.keys.language})\n      {other.row['title'][:70]!r} ({other.keys.language})"
        if mine == theirs and one.group != other.group:
            wrong.append(f"  merged {one.group} with {other.group}\n      {pair}")
        elif mine != theirs and one.group == other.group:
            missed.append(f"  parted {one.group}\n      {pair}")
    return [*wrong, *missed]


def _share(part: tuple[int, int]) -> str:
    return f"{part[0] / max(1, part[1]):.3f} ({part[0]}/{part[1]})"
