"""The recent stories, so that a new article is compared with few of them and not with all."""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate, pairwise

from bot.model import Story
from bot.stories.kept import told_and_apart
from bot.stories.keys import Keys
from bot.stories.rarity import COUNTED, rarities
from bot.stories.telling import PARTS, REST, Telling, parted

ASKED = 20  # of an article's tokens, the rarest
POSTED = 200  # newest stories that are looked at a token
SURPLUS = 50  # older ones that may pile up before they are dropped
OFFERED = 10  # stories that are looked at closely
COMPARED = 6  # tellings of a story: its first and its latest
_TIME = struct.Struct("<q")  # seconds
_HEAD = struct.Struct(
    "<qBc"
)  # when the story was updated, how many tellings follow, and the type of their numbers


@dataclass(frozen=True, slots=True)
class Candidate:
    """A story that an article could belong to."""

    story_id: int
    tellings: tuple[Telling, ...]
    apart: tuple[Telling, ...] = ()  # those that a moderator parted from it


class StoryIndex:
    """Recent stories by their rarer tokens.

    A telling is kept as a string of bytes, tokens as numbers in it, and laid out anew each time it is compared: that takes
    a few microseconds, and fifty thousand stories are two dozen megabytes.
    """

    def __init__(self, stories: Iterable[Story] = ()) -> None:
        self._clear()
        for story in stories:
            self.add(story)

    def __len__(self) -> int:
        return len(self._stories)

    def __contains__(self, story_id: object) -> bool:
        return story_id in self._stories

    def add(self, story: Story) -> bool:
        """Take in a new story, or the newer state of a known one; False if nothing of it is new."""
        tellings, apart = told_and_apart(story)
        if len(tellings) > COMPARED:
            tellings = (tellings[0], *tellings[1 - COMPARED :])
        packed = self._packed(int(story.updated_at.timestamp()), tellings)
        parted_off = self._packed(0, apart) if apart else b""
        known = self._stories.get(story.id, b"")
        if packed == known and parted_off == self._apart.get(story.id, b""):
            return False
        self._stories[story.id] = packed
        self._apart.pop(story.id, None)
        if apart:
            self._apart[story.id] = parted_off
        for number in _counted(packed) - (_counted(known) if known else set()):
            self._post(number, story.id)
        return True

    def candidates(self, keys: Keys) -> Sequence[Candidate]:
        """The stories that an article could belong to, the likeliest first."""
        if keys.is_bare:
            return ()
        rarity = rarities()
        known = [token for token in keys.title | keys.lead if token[0] in COUNTED and self._is_posted(token)]
        # In the letters' order first: which of equally rare ones are asked for is the same in every process.
        asked = sorted(sorted(known), key=rarity, reverse=True)[:ASKED]
        shared: dict[int, int] = {}
        so_far = shared.get
        for token in asked:
            weight = int(100 * rarity(token) ** 2)
            for story_id in self._posted_with(token):
                shared[story_id] = so_far(story_id, 0) + weight
        likeliest = _heaviest(shared, 2 * OFFERED)
        best = [story_id for story_id in likeliest if story_id in self._stories]
        return [
            Candidate(
                story_id,
                self._unpacked(self._stories[story_id]),
                self._unpacked(self._apart[story_id]) if story_id in self._apart else (),
            )
            for story_id in best[:OFFERED]
        ]

    def forget(self, before: datetime) -> None:
        """Drop the stories that were last updated before then."""
        limit = before.timestamp()
        old = [story_id for story_id, packed in self._stories.items() if _TIME.unpack_from(packed)[0] < limit]
        for story_id in old:
            del self._stories[story_id]
            self._apart.pop(story_id, None)
        self._dropped += len(old)
        if self._dropped > len(self._stories):
            self._rebuild()

    def _clear(self) -> None:
        self._stories: dict[int, bytes] = {}
        self._apart: dict[int, bytes] = {}  # of few stories
        self._numbers: dict[str, int] = {}
        self._words: list[str] = []
        self._postings: list[int | list[int] | None] = []  # by token; many a token is of one story
        self._dropped = 0

    def _rebuild(self) -> None:
        """Let go of the tokens and postings of what was dropped."""
        stories, apart, words = self._stories, self._apart, self._words
        self._clear()
        for story_id, packed in stories.items():
            self._stories[story_id] = self._renumbered(packed, words)
            for number in _counted(self._stories[story_id]):
                self._post(number, story_id)
        self._apart = {story_id: self._renumbered(packed, words) for story_id, packed in apart.items()}

    def _post(self, number: int, story_id: int) -> None:
        posted = self._postings[number]
        if posted is None:
            self._postings[number] = story_id
        elif isinstance(posted, int):
            self._postings[number] = [posted, story_id]
        else:
            posted.append(story_id)
            if len(posted) > POSTED + SURPLUS:
                del posted[:-POSTED]

    def _is_posted(self, token: str) -> bool:
        number = self._numbers.get(token)
        return number is not None and self._postings[number] is not None

    def _posted_with(self, token: str) -> Sequence[int]:
        """The newest stories with a token, the newest last."""
        posted = self._postings[self._numbers[token]]
        if isinstance(posted, list):
            return posted[-POSTED:]
        return () if posted is None else (posted,)

    def _number(self, token: str) -> int:
        number = self._numbers.get(token)
        if number is None:
            number = self._numbers[token] = len(self._words)
            self._words.append(token)
            self._postings.append(None)
        return number

    def _packed(self, updated_at: int, tellings: Sequence[Keys]) -> bytes:
        number = self._number
        items: list[int] = []
        for keys in tellings:
            parts = parted(keys)
            items.append(number(f"@{keys.language} {keys.outlet}"))
            items += map(len, parts)
            items += [number(token) for part in parts for token in part]
        return _pack(updated_at, [int(keys.at.timestamp()) for keys in tellings], items)

    def _renumbered(self, packed: bytes, words: Sequence[str]) -> bytes:
        """The same with numbers for tokens that `words` had in their places before."""
        items: list[int] = []
        times = []
        for at, (source, *lengths), tokens in _unpack(packed):
            times.append(at)
            items += [
                self._number(words[source]),
                *lengths,
                *(self._number(words[token]) for token in tokens),
            ]
        return _pack(_TIME.unpack_from(packed)[0], times, items)

    def _unpacked(self, packed: bytes) -> tuple[Telling, ...]:
        words, rarity = self._words, rarities()
        found = []
        for at, (source, *lengths), numbers in _unpack(packed):
            tokens = [words[number] for number in numbers]
            ends = [0, *accumulate(lengths)]
            parts = [tokens[begin:end] for begin, end in pairwise(ends)]
            language, _, outlet = words[source][1:].partition(" ")
            found.append(Telling(parts, at, language, outlet, rarity))
        return tuple(found)


def _pack(updated_at: int, times: Sequence[int], items: Sequence[int]) -> bytes:
    """Write numbers of two bytes as long as they go."""
    try:
        code, numbers = b"H", array("H", items)
    except OverflowError:
        code, numbers = b"I", array("I", items)
    return _HEAD.pack(updated_at, len(times), code) + array("q", times).tobytes() + numbers.tobytes()


def _unpack(packed: bytes) -> Iterator[tuple[int, list[int], list[int]]]:
    """Of each telling the time, the number of its source with the lengths of its parts, and the numbers of its tokens."""
    _, count, code = _HEAD.unpack_from(packed)
    begin = _HEAD.size + 8 * count
    times = memoryview(packed)[_HEAD.size : begin].cast("q")
    items = memoryview(packed)[begin:].cast(code.decode()).tolist()
    at = 0
    for time in times:
        head = items[at : at + 1 + PARTS]
        end = at + 1 + PARTS + sum(head[1:])
        yield time, head, items[at + 1 + PARTS : end]
        at = end


def _counted(packed: bytes) -> set[int]:
    """The numbers of the tokens by which a story is found."""
    return {number for _, head, numbers in _unpack(packed) for number in numbers[: sum(head[1 : 1 + REST])]}


def _heaviest(weights: Mapping[int, int], count: int) -> list[int]:
    """What weighs most, the heaviest first; of equals, what came first."""
    heavy: Iterable[int] = weights
    if len(weights) > count:
        least = sorted(weights.values())[-count]
        heavy = [story_id for story_id, weight in weights.items() if weight >= least]
    return sorted(heavy, key=weights.__getitem__, reverse=True)[:count]
