"""Find stories for whoever asks: the newest of a topic, by words, by address."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from datetime import datetime

from bot.feeds.identity import spellings
from bot.model import Story, Surroundings
from storage.articles import TOLD
from storage.codec import key_of
from storage.database import Transaction, names
from storage.search import question
from storage.stories import read_story, stories_by_id
from storage.subscriptions import followed_topics

_LANGUAGES = """
    (:any_language OR EXISTS (SELECT 1 FROM ($each(:languages)) AS asked WHERE s.languages LIKE '%,' || asked.value || ',%'))
"""


async def recent_stories(
    tx: Transaction, updated_at: datetime, story_id: int, *, limit: int
) -> Sequence[Story]:
    """The stories that were updated after this one, which was so at that time, the oldest first."""
    rows = await tx.all(
        """
        SELECT * FROM stories
        WHERE (updated_at, id) > (CAST(:updated_at AS BIGINT), CAST(:id AS BIGINT)) AND apart_from IS NULL
        ORDER BY updated_at, id LIMIT :limit
        """,
        updated_at=updated_at,
        id=story_id,
        limit=limit,
    )
    return [read_story(row) for row in rows]


async def posted_between(tx: Transaction, begin: datetime, end: datetime, *, limit: int) -> Sequence[Story]:
    """Stories of that span that somebody was sent, the newest first."""
    rows = await tx.all(
        """
        SELECT s.* FROM stories AS s
        WHERE s.published_at >= :begin AND s.published_at < :end AND s.withdrawn_at IS NULL AND s.apart_from IS NULL
            AND EXISTS (
                SELECT 1 FROM deliveries AS d WHERE d.message_id IS NOT NULL
                    AND (d.story_id = s.id OR d.story_id IN (SELECT t.id FROM stories AS t WHERE t.apart_from = s.id))
            )
        ORDER BY s.published_at DESC, s.id DESC LIMIT :limit
        """,
        begin=begin,
        end=end,
        limit=limit,
    )
    return [read_story(row) for row in rows]


async def surroundings(tx: Transaction, url: str, story_ids: Sequence[int], *, prefix: str) -> Surroundings:
    """These stories, the one that is told at an address, and what anyone follows of the topics with this prefix."""
    told_at = await _told_at(tx, url) if url else None
    ids = [*story_ids, told_at] if told_at is not None else story_ids
    return Surroundings(
        stories=await stories_by_id(tx, ids),
        told_at=told_at,
        followed=await followed_topics(tx, prefix),
    )


async def _told_at(tx: Transaction, url: str) -> int | None:
    """The story of the oldest article at this address, however it is spelled, that has one."""
    row = await tx.one(
        """
        SELECT story_id FROM articles WHERE url_key IN ($each(:keys)) AND story_id <> :pruned ORDER BY id LIMIT 1
        """,
        keys=[key_of(spelling) for spelling in spellings(url)],
        pruned=TOLD,
    )
    return None if row is None else row["story_id"]


async def story_at(tx: Transaction, url: str) -> Story | None:
    """The story that tells the article at this address; the latest where several do."""
    row = await tx.one(
        """
        SELECT s.* FROM articles AS a JOIN stories AS s ON s.id = a.story_id
        WHERE a.url_key = :key ORDER BY s.id DESC LIMIT 1
        """,
        key=key_of(url),
    )
    return None if row is None else read_story(row)


async def tellings_apart(tx: Transaction, story_id: int) -> Sequence[Story]:
    """What stands apart from a story: each outlet's telling by itself."""
    rows = await tx.all("SELECT * FROM stories WHERE apart_from = :story ORDER BY id", story=story_id)
    return [read_story(row) for row in rows]


async def story_posted(tx: Transaction, destination_id: int, message_id: str) -> Story | None:
    """The story that a message there tells."""
    row = await tx.one(
        """
        SELECT s.* FROM deliveries AS d JOIN stories AS s ON s.id = d.story_id
        WHERE d.destination_id = :destination AND d.message_id = :message
        """,
        destination=destination_id,
        message=message_id,
    )
    return None if row is None else read_story(row)


async def latest(
    tx: Transaction, topics: Sequence[str], *, languages: Sequence[str], limit: int, offset: int
) -> Sequence[Story]:
    """The newest stories, of any topic or of any of these."""
    asked = dict(zip(names(), dict.fromkeys(topics), strict=False))
    rows = await tx.all(
        _latest_of(len(asked)) if asked else _LATEST,
        **{f"topic_{name}": topic for name, topic in asked.items()},
        languages=_bases(languages),
        any_language=not languages,
        limit=limit,
        offset=offset,
        enough=limit + offset,
    )
    return [read_story(row) for row in rows]


# Found by narrow columns first: to sort whole stories would read every one of a topic.
_NEWEST = """
    SELECT s.* FROM stories AS s
    WHERE s.id IN (SELECT f.id FROM (FOUND) AS f ORDER BY f.published_at DESC, f.id DESC LIMIT :limit OFFSET :offset)
    ORDER BY s.published_at DESC, s.id DESC
"""
_LATEST = """
    SELECT s.* FROM stories AS s WHERE s.withdrawn_at IS NULL AND s.apart_from IS NULL AND LANGUAGES
    ORDER BY s.published_at DESC, s.id DESC LIMIT :limit OFFSET :offset
""".replace("LANGUAGES", _LANGUAGES)
_OF_A_TOPIC = """
    SELECT * FROM (
        SELECT t.story_id AS id, t.published_at FROM story_topics AS t JOIN stories AS s ON s.id = t.story_id
        WHERE t.topic = :topic_NAME AND s.withdrawn_at IS NULL AND LANGUAGES
        ORDER BY t.published_at DESC, t.story_id DESC LIMIT :enough
    ) AS of_NAME
""".replace("LANGUAGES", _LANGUAGES)


@functools.cache
def _latest_of(topics: int) -> str:
    """The statement for so many topics: each is walked from its newest story on, and not farther than needed."""
    found = "UNION".join(
        _OF_A_TOPIC.replace("NAME", name) for name, _ in zip(names(), range(topics), strict=False)
    )
    return _NEWEST.replace("FOUND", found)


async def search(
    tx: Transaction, words: str, *, languages: Sequence[str], limit: int, offset: int
) -> Sequence[Story]:
    """Stories with all these words, the newest first."""
    asked, prefixes = question(words)
    if not asked:
        return []
    rows = await tx.all(
        _SEARCH,
        query=tx.dialect.search.query(asked, prefixes),
        languages=_bases(languages),
        any_language=not languages,
        limit=limit,
        offset=offset,
    )
    return [read_story(row) for row in rows]


_SEARCH = _NEWEST.replace(
    "FOUND",
    """
    SELECT s.id, s.published_at FROM story_words AS w JOIN stories AS s ON s.id = w.$words_id
    WHERE $words_match AND LANGUAGES
    """.replace("LANGUAGES", _LANGUAGES),
)


def _bases(languages: Sequence[str]) -> list[str]:
    """ "pt-BR" asks for Portuguese."""
    return [language.split("-")[0].lower() for language in languages]
