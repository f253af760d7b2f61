"""Find stories: the newest of a topic, and by words folded the same way when kept and when asked."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence

from bot.model import Article, Story
from bot.text import fold
from storage.database import Transaction

_WORD = re.compile(r"[^\W_]+")
_LONGEST = 40  # characters of a word that count
_MOST = 12  # words of a question that count
_PREFIX = 3  # shorter words are meant whole, or are still being typed: "le" is not "leclerc"


def words_of(text: str) -> list[str]:
    """The distinct folded words of a text, in its order."""
    found = dict.fromkeys(text.split())
    return list(dict.fromkeys(word for piece in found for word in _words_in(piece)))


@functools.lru_cache(maxsize=4_000)  # articles share most of their words, and folding one costs microseconds
def _words_in(piece: str) -> tuple[str, ...]:
    return tuple(word[:_LONGEST] for word in _WORD.findall(fold(piece)))


async def index_new(tx: Transaction, story: Story, article: Article) -> None:
    """Make a new story findable by everything that its article says."""
    await tx.run(tx.dialect.search.add, story=story.id, words=_joint(_told(story), _said(article)))


async def index_more(tx: Transaction, story: Story, article: Article) -> None:
    """Make a known story findable by what one more article says, besides all that it is found by already."""
    row = await tx.one(tx.dialect.search.words, story=story.id)
    known = row["words"].split(" ") if row is not None else []
    more = set(words_of(" ".join((_told(story), _said(article))))).difference(known)
    if more:
        await _put(tx, story.id, " ".join([*known, *more]))


async def index_again(tx: Transaction, story: Story) -> None:
    """Make a known story findable by what it and all of its articles say now."""
    rows = await tx.all("SELECT title, standfirst, text FROM articles WHERE story_id = :id", id=story.id)
    articles = (f"{row['title']} {row['standfirst']} {row['text']}" for row in rows)
    await _put(tx, story.id, _joint(_told(story), *articles))


async def _put(tx: Transaction, story_id: int, words: str) -> None:
    await tx.run(tx.dialect.search.drop, stories=[story_id])
    await tx.run(tx.dialect.search.add, story=story_id, words=words)


def _told(story: Story) -> str:
    told = (f"{source.title} {source.summary}" for source in story.sources)
    return " ".join((story.title, story.summary, *story.outlets, *told))


def _said(article: Article) -> str:
    return f"{article.title} {article.standfirst} {article.text}"


def _joint(*texts: str) -> str:
    return " ".join(words_of(" ".join(texts)))


def question(words: str) -> tuple[Sequence[str], frozenset[str]]:
    """The words to look for, and which of them are beginnings: long ones, and the one typed last."""
    asked = words_of(words)[:_MOST]
    return asked, frozenset(word for word in asked if len(word) >= _PREFIX or word == asked[-1])
