"""Find stories: the newest of a topic, and by words folded the same way when kept and when asked."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.model import Story
from bot.text import fold
from storage.database import Transaction

_WORD = re.compile(r"[^\W_]+")
_LONGEST = 40  # characters of a word that count
_MOST = 12  # words of a question that count
_PREFIX = 3  # shorter words are meant whole, or are still being typed: "le" is not "leclerc"


def words_of(text: str) -> list[str]:
    """The distinct folded words of a text."""
    return list(dict.fromkeys(word[:_LONGEST] for word in _WORD.findall(fold(text))))


async def index_story(tx: Transaction, story: Story) -> None:
    """Make a story findable by everything that its outlets wrote."""
    texts = [story.title, story.summary, *story.outlets]
    texts += [f"{source.title} {source.summary}" for source in story.sources]
    articles = await tx.all("SELECT title, standfirst, text FROM articles WHERE story_id = :id", id=story.id)
    texts += [f"{row['title']} {row['standfirst']} {row['text']}" for row in articles]
    for statement in tx.dialect.search.put:
        await tx.run(statement, story=story.id, words=words_of(" ".join(texts)))


def question(words: str) -> tuple[Sequence[str], frozenset[str]]:
    """The words to look for, and which of them are beginnings: long ones, and the one typed last."""
    asked = words_of(words)[:_MOST]
    return asked, frozenset(word for word in asked if len(word) >= _PREFIX or word == asked[-1])
