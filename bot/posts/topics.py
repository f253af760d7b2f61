"""What a story can be followed by besides its series: its outlets, and the words that people asked for."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from bot.model import Story
from bot.text import fold

MOST_WORDS_BYTES = 48  # "unfollow words:…" has to fit into a button's 64 bytes
_NO_WORD = re.compile(r"[^\w]+")
_LONGEST = 20_000


def plain_words(text: str) -> str:
    """Fold a text to words with single blanks between them: what filters and words are looked for in."""
    return _NO_WORD.sub(" ", fold(text[:_LONGEST])).strip()


def haystack(story: Story) -> str:
    """Everything a story says, as words with a blank on either side."""
    texts = [story.title, story.summary, *(f"{s.title} {s.summary} {s.outlet}" for s in story.sources[:20])]
    return _folded(" ".join(texts))


@lru_cache(maxsize=128)
def _folded(text: str) -> str:
    """Kept for a while: a thousand channels ask about the same story, each with filters of its own."""
    return f" {plain_words(text)} "


def words_topic(phrase: str) -> str:
    """The topic of followed words: "Balance of Performance" is "words:balance of performance"; "" for none."""
    words = plain_words(phrase)
    while len(words.encode()) > MOST_WORDS_BYTES:
        words = words[: words.rfind(" ")] if " " in words else words[:-1]
    return f"words:{words}" if words else ""


def outlet_topic(outlet: str) -> str:
    """The topic of an outlet: "Motorsport-Total.com" is "outlet:motorsport-total-com"."""
    return f"outlet:{plain_words(outlet).replace(' ', '-')}"


def topics_of(story: Story, followed_words: Iterable[str]) -> tuple[str, ...]:
    """The outlet and words topics that a story has; `followed_words` are the "words:…" topics anyone follows."""
    found = [outlet_topic(outlet) for outlet in story.outlets]
    text = haystack(story)
    found += [topic for topic in followed_words if f" {topic.removeprefix('words:')} " in text]
    return tuple(dict.fromkeys(found))
