"""Which articles are known, and by what: the identity that keeps a story from being told twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.feeds.identity import spellings
from bot.model import Article, KnownEntry
from storage.codec import dump, key_of, load_texts, maybe_ms
from storage.database import Row, Transaction

TOLD = 0  # the story of an article whose story was pruned: it was told, and is no news again


async def known_entries(
    tx: Transaction, feed_id: int, entries: Sequence[tuple[str, str]]
) -> Mapping[str, KnownEntry]:
    """Of these entries, each a guid and a URL, the known ones by guid; what has a new guid is looked for at its URL."""
    known = await _known_by_guid(tx, feed_id, [guid for guid, _ in entries])
    wanted = {
        spelling: guid for guid, url in entries if url and guid not in known for spelling in spellings(url)
    }
    return {**known, **await _known_by_url(tx, feed_id, wanted)} if wanted else known


async def _known_by_guid(tx: Transaction, feed_id: int, guids: Sequence[str]) -> Mapping[str, KnownEntry]:
    asked = {key_of(guid): guid for guid in guids}
    rows = await tx.all(
        "SELECT guid_key, content_hash FROM articles WHERE feed_id = :feed_id AND guid_key IN ($each(:keys))",
        feed_id=feed_id,
        keys=list(asked),
    )
    found = ((asked[row["guid_key"]], row["content_hash"]) for row in rows)
    return {guid: KnownEntry(guid=guid, content_hash=content_hash) for guid, content_hash in found}


async def _known_by_url(tx: Transaction, feed_id: int, guids: Mapping[str, str]) -> Mapping[str, KnownEntry]:
    """The oldest article of the feed at the URLs of each guid. Others' are left out here: an index of them has all."""
    rows = await tx.all(
        "SELECT feed_id, url, guid, content_hash FROM articles WHERE url_key IN ($each(:keys)) ORDER BY id",
        keys=[key_of(url) for url in guids],
    )
    found: dict[str, KnownEntry] = {}
    for row in rows:
        if row["feed_id"] == feed_id and row["url"] in guids:
            entry = KnownEntry(guid=row["guid"], content_hash=row["content_hash"])
            found.setdefault(guids[row["url"]], entry)
    return found


async def articles_at(tx: Transaction, urls: Sequence[str]) -> Sequence[tuple[Article, int | None]]:
    """Articles known under any of these URLs, each with its story."""
    rows = await tx.all(
        "SELECT * FROM articles WHERE url_key IN ($each(:keys)) ORDER BY id",
        keys=[key_of(url) for url in urls],
    )
    return [(read_article(row), row["story_id"] or None) for row in rows]


async def keep_article(tx: Transaction, article: Article, *, now: datetime) -> tuple[int, bool] | None:
    """Write an article; its id and whether it is new, or None when this content is known already."""
    row = await tx.one(
        """
        INSERT INTO articles (feed_id, guid_key, content_hash, created_at, url_key, url, guid, outlet, official, title,
            author, photo_credit, published_at, language, image_url, categories, feed_series, standfirst, text)
        VALUES (:feed_id, :guid_key, :content_hash, :now, :url_key, :url, :guid, :outlet, :official, :title,
            :author, :photo_credit, :published_at, :language, :image_url, :categories, :feed_series, :standfirst, :text)
        ON CONFLICT (feed_id, guid_key) DO UPDATE SET
            content_hash = excluded.content_hash, url_key = excluded.url_key, url = excluded.url, guid = excluded.guid,
            outlet = excluded.outlet, official = excluded.official, title = excluded.title, author = excluded.author,
            photo_credit = excluded.photo_credit, published_at = excluded.published_at, language = excluded.language,
            image_url = excluded.image_url, categories = excluded.categories, feed_series = excluded.feed_series,
            standfirst = excluded.standfirst, text = excluded.text
        WHERE articles.content_hash <> excluded.content_hash
        RETURNING id, story_id
        """,
        feed_id=article.feed_id,
        guid_key=key_of(article.guid),
        content_hash=article.content_hash,
        now=now,
        url_key=key_of(article.url),
        url=article.url,
        guid=article.guid,
        outlet=article.outlet,
        official=article.official,
        title=article.title,
        author=article.author,
        photo_credit=article.photo_credit,
        published_at=article.published_at,
        language=article.language,
        image_url=article.image_url,
        categories=dump(article.categories),
        feed_series=dump(article.feed_series),
        standfirst=article.standfirst,
        text=article.text,
    )
    return None if row is None else (row["id"], row["story_id"] is None)


async def article_of(tx: Transaction, article: Article) -> tuple[int, int | None]:
    """The id of a known article and of its story."""
    row = await tx.one(
        "SELECT id, story_id FROM articles WHERE feed_id = :feed_id AND guid_key = :key",
        feed_id=article.feed_id,
        key=key_of(article.guid),
    )
    assert row is not None
    return row["id"], row["story_id"]


async def attach(tx: Transaction, article_ids: Sequence[int], story_id: int) -> None:
    await tx.run(
        "UPDATE articles SET story_id = :story WHERE id IN ($ids(:ids))", story=story_id, ids=article_ids
    )


def read_article(row: Row) -> Article:
    return Article(
        id=row["id"],
        feed_id=row["feed_id"],
        outlet=row["outlet"],
        official=bool(row["official"]),
        guid=row["guid"],
        url=row["url"],
        title=row["title"],
        standfirst=row["standfirst"],
        text=row["text"],
        author=row["author"],
        photo_credit=row["photo_credit"],
        published_at=maybe_ms(row["published_at"]),
        language=row["language"],
        image_url=row["image_url"],
        categories=load_texts(row["categories"]),
        feed_series=load_texts(row["feed_series"]),
        content_hash=row["content_hash"],
    )
