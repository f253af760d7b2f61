"""The recent stories, so that a new article is compared with few of them and not with all."""

from __future__ import annotations

import heapq
import struct
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.model import Story
from bot.stories.evidence import Telling
from bot.stories.kept import apart_from, tellings_of
from bot.stories.keys import Keys
from bot.stories.rarity import COUNTED, rarities

ASKED = 20  # of an article's tokens, the rarest
POSTED = 200  # newest stories that are kept a token
OFFERED = 10  # stories that are looked at closely
COMPARED = 6  # tellings of a story: its first and its latest
MOST_READY = 512  # stories whose tellings stay unpacked
_HEAD = struct.Struct("<qH")  # seconds, and how many tokens are the title's


@dataclass(frozen=True, slots=True)
class Candidate:
    """A story that an article could belong to."""

    story_id: int
    tellings: tuple[Telling, ...]
    apart: tuple[Telling, ...] = ()  # those that a moderator parted from it


class StoryIndex:
    """Recent stories by their rarer tokens. Tokens are kept as numbers: 50,000 stories are a few dozen megabytes."""

    def __init__(self, stories: Iterable[Story] = ()) -> None:
        self._clear()
        for story in stories:
            self.add(story)

    def __len__(self) -> int:
        return len(self._stories)

    def __contains__(self, story_id: object) -> bool:
        return story_id in self._stories

    def add(self, story: Story) -> None:
        """Take in a new story, or the newer state of a known one."""
        tellings = tellings_of(story)
        if len(tellings) > COMPARED:
            tellings = (tellings[0], *tellings[1 - COMPARED :])
        known = set(self._tokens(story.id)) if story.id in self._stories else set()
        self._stories[story.id] = tuple(self._pack(keys) for keys in tellings)
        self._updated[story.id] = int(story.updated_at.timestamp())
        self._apart.pop(story.id, None)
        if apart := apart_from(story):
            self._apart[story.id] = tuple(Telling(keys, rarities()) for keys in apart)
        self._ready.pop(story.id, None)
        for number in set(self._tokens(story.id)) - known:
            self._post(number, story.id)

    def candidates(self, keys: Keys) -> Sequence[Candidate]:
        """The stories that an article could belong to, the likeliest first."""
        if keys.is_bare:
            return ()
        rarity = rarities()
        asked = sorted(
            (token for token in keys.title | keys.lead if token[0] in COUNTED and token in self._numbers),
            key=rarity,
            reverse=True,
        )
        shared: dict[int, int] = {}
        for token in asked[:ASKED]:
            weight = int(100 * rarity(token) ** 2)
            for story_id in self._postings.get(self._numbers[token], ())[-POSTED:]:
                shared[story_id] = shared.get(story_id, 0) + weight
        likeliest = heapq.nlargest(2 * OFFERED, shared, key=shared.__getitem__)
        best = [story_id for story_id in likeliest if story_id in self._stories]
        return [
            Candidate(story_id, self._tellings(story_id), self._apart.get(story_id, ()))
            for story_id in best[:OFFERED]
        ]

    def forget(self, before: datetime) -> None:
        """Drop the stories that were last updated before then."""
        limit = before.timestamp()
        old = [story_id for story_id, at in self._updated.items() if at < limit]
        for story_id in old:
            del self._stories[story_id], self._updated[story_id]
            self._ready.pop(story_id, None)
            self._apart.pop(story_id, None)
        self._dropped += len(old)
        if self._dropped > len(self._stories):
            self._rebuild()

    def _clear(self) -> None:
        self._stories: dict[int, tuple[bytes, ...]] = {}
        self._updated: dict[int, int] = {}
        self._postings: dict[
            int, array[int]
        ] = {}  # of numbers of 32 bits: no place tells four billion stories
        self._numbers: dict[str, int] = {}
        self._words: list[str] = []
        self._ready: dict[int, tuple[Telling, ...]] = {}
        self._apart: dict[int, tuple[Telling, ...]] = {}  # of few stories
        self._dropped = 0

    def _rebuild(self) -> None:
        """Let go of the tokens and postings of what was dropped."""
        kept = [(story_id, self._unpacked(story_id), at) for story_id, at in self._updated.items()]
        apart = self._apart
        self._clear()
        self._apart = apart
        for story_id, tellings, at in kept:
            self._stories[story_id] = tuple(self._pack(keys) for keys in tellings)
            self._updated[story_id] = at
            for number in set(self._tokens(story_id)):
                self._post(number, story_id)

    def _post(self, number: int, story_id: int) -> None:
        if self._words[number][0] not in COUNTED:
            return
        posted = self._postings.get(number)
        if posted is None:
            self._postings[number] = array("I", [story_id])
            return
        posted.append(story_id)
        if len(posted) > 2 * POSTED:
            del posted[:-POSTED]

    def _number(self, token: str) -> int:
        number = self._numbers.get(token)
        if number is None:
            number = self._numbers[token] = len(self._words)
            self._words.append(token)
        return number

    def _pack(self, keys: Keys) -> bytes:
        title = [self._number(token) for token in keys.title]
        lead = [self._number(token) for token in keys.lead]
        language, outlet = self._number(keys.language), self._number("@" + keys.outlet)
        head = _HEAD.pack(int(keys.at.timestamp()), len(title))
        return head + array("I", [language, outlet, *title, *lead]).tobytes()

    def _numbers_in(self, packed: bytes) -> array[int]:
        numbers = array("I")
        numbers.frombytes(packed[_HEAD.size :])
        return numbers

    def _tokens(self, story_id: int) -> Iterable[int]:
        for packed in self._stories[story_id]:
            yield from self._numbers_in(packed)[2:]

    def _unpacked(self, story_id: int) -> list[Keys]:
        found = []
        for packed in self._stories[story_id]:
            at, length = _HEAD.unpack_from(packed)
            language, outlet, *words = (self._words[number] for number in self._numbers_in(packed))
            found.append(
                Keys(
                    title=frozenset(words[:length]),
                    lead=frozenset(words[length:]),
                    language=language,
                    outlet=outlet[1:],
                    at=datetime.fromtimestamp(at, UTC),
                )
            )
        return found

    def _tellings(self, story_id: int) -> tuple[Telling, ...]:
        ready = self._ready.get(story_id)
        if ready is None:
            if len(self._ready) >= MOST_READY:
                self._ready.clear()
            ready = self._ready[story_id] = tuple(
                Telling(keys, rarities()) for keys in self._unpacked(story_id)
            )
        return ready
