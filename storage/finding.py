"""Find stories for whoever asks: the newest of a topic, by words, by address."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.model import Story
from storage.codec import key_of
from storage.database import Row, Transaction
from storage.search import question
from storage.stories import read_story

_LANGUAGES = """
    (:any_language OR EXISTS (SELECT 1 FROM ($each(:languages)) AS asked WHERE s.languages LIKE '%,' || asked.value || ',%'))
"""


async def recent_stories(tx: Transaction, since: datetime) -> Sequence[Row]:
    """Rows of the stories updated since then, oldest first."""
    return await tx.all(
        "SELECT * FROM stories WHERE updated_at >= :since ORDER BY updated_at, id", since=since
    )


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
    values = {"languages": _bases(languages), "any_language": not languages, "limit": limit, "offset": offset}
    if topics:
        rows = await tx.all(_LATEST_OF_TOPICS, topics=list(dict.fromkeys(topics)), **values)
    else:
        rows = await tx.all(_LATEST, **values)
    return [read_story(row) for row in rows]


_LATEST = """
    SELECT s.* FROM stories AS s WHERE LANGUAGES
    ORDER BY s.published_at DESC, s.id DESC LIMIT :limit OFFSET :offset
""".replace("LANGUAGES", _LANGUAGES)
# One index range a topic; a story of several topics is found by its last one only.
_LATEST_OF_TOPICS = """
    SELECT s.* FROM story_topics AS t JOIN stories AS s ON s.id = t.story_id
    WHERE t.topic IN ($each(:topics)) AND LANGUAGES AND NOT EXISTS (
        SELECT 1 FROM story_topics AS twice
        WHERE twice.story_id = t.story_id AND twice.topic > t.topic AND twice.topic IN ($each(:topics))
    )
    ORDER BY t.published_at DESC, t.story_id DESC LIMIT :limit OFFSET :offset
""".replace("LANGUAGES", _LANGUAGES)


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


_SEARCH = """
    SELECT s.* FROM story_words AS w JOIN stories AS s ON s.id = w.$words_id WHERE $words_match AND LANGUAGES
    ORDER BY s.published_at DESC, s.id DESC LIMIT :limit OFFSET :offset
""".replace("LANGUAGES", _LANGUAGES)


def _bases(languages: Sequence[str]) -> list[str]:
    """ "pt-BR" asks for Portuguese."""
    return [language.split("-")[0].lower() for language in languages]
