"""`pitwire explain` and `pitwire stories`: how articles are read and told, step by step or as JSON lines."""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli.root import app, in_loop
from bot.cli.told import told, told_at
from bot.errors import FetchError
from bot.model import Article, Entry, Feed, Reading, Story

if TYPE_CHECKING:
    from bot.stories.index import StoryIndex


@app.command()
def explain(
    source: Annotated[str | None, typer.Argument(help="A URL, a file, or - for standard input.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    as_lines: Annotated[
        bool,
        typer.Option("--jsonl", help="Read one JSON object a line from standard input, write one a line."),
    ] = False,
) -> None:
    """Show how one article is read: its fields, series with the words that spoke for each, summary, spoiler, label.

    Where the database has the article, also the story that it tells, who else tells it, and why they were merged.
    """
    if as_lines:
        for item in _lines():
            print_line({"id": item.get("id"), **explained(*read_item(item))})
        return
    if source is None:
        raise typer.BadParameter("give a URL, a file, or - (or --jsonl).")
    article, reading = read_item(_item(source))
    story = in_loop(told_at(article.url))
    if as_json:
        found = {**explained(article, reading), **({"story": told(story)} if story else {})}
        typer.echo(json.dumps(found, ensure_ascii=False, indent=1))
    else:
        from bot.cli.show import show_reading

        show_reading(article, reading, story)


@app.command()
def stories(
    as_lines: Annotated[bool, typer.Option("--jsonl", help="Read and write one JSON object a line.")] = True,  # noqa: ARG001
    with_reasons: Annotated[
        bool, typer.Option("--reasons", help="Also say what each was merged for, and what it follows up.")
    ] = False,
) -> None:
    """Group articles (JSON lines in time order on standard input) into stories: the same number for one story."""
    from bot.posts.reasons import say_reason
    from bot.stories.index import StoryIndex

    index = StoryIndex()
    kept: dict[int, Story] = {}
    numbers = itertools.count(1)
    for number, item in enumerate(_lines()):
        article, reading = read_item(item)
        article = replace(article, url=article.url or f"item:{number}")  # a telling is known by its address
        story, why = _told(article, reading, index, kept, numbers)
        found: dict[str, Any] = {"id": item.get("id"), "story": story.id}
        print_line(
            {**found, "reason": say_reason(why, "en"), "parent": story.parent_id} if with_reasons else found
        )


def _told(
    article: Article, reading: Reading, index: StoryIndex, kept: dict[int, Story], numbers: Iterator[int]
) -> tuple[Story, str]:
    """Let an article begin or join a story of the index, as the poller would."""
    from bot.stories.keys import keys_of
    from bot.stories.match import match
    from bot.stories.merge import begin, join

    now = article.published_at or datetime.now(UTC)
    keys = keys_of(article, reading, now=now)
    found = match(keys, index.candidates(keys))
    if found.story_id is None:
        story = begin(article, reading, now=now, parent_id=found.parent_id, reason=found.reason, keys=keys)
        story = replace(story, id=next(numbers))
    else:
        story = join(kept[found.story_id], article, reading, reason=found.reason, now=now, keys=keys)
    kept[story.id] = story
    index.add(story)
    return story, found.reason


def print_line(value: dict[str, Any]) -> None:
    """Write one JSON line at once: whoever reads the pipe may wait for it."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def _lines() -> Iterator[dict[str, Any]]:
    """The objects of standard input. A line that is none is one sentence on standard error and left out."""
    for number, raw in enumerate(sys.stdin.buffer, 1):
        line = raw.decode("utf-8", errors="replace").strip()
        if not line:
            continue
        try:
            value = json.loads(line)
        except ValueError:
            value = None
        if isinstance(value, dict):
            yield value
        else:
            typer.echo(f"line {number} is not a JSON object: left out", err=True)


def _item(source: str) -> dict[str, Any]:
    """The article of a URL, a file or standard input, as a JSON-lines item."""
    if source.startswith(("http://", "https://")):
        return {"url": source, "html": in_loop(_page(source))}
    if source == "-":
        return item_of(sys.stdin.read())
    try:
        return item_of(Path(source).read_text(encoding="utf-8", errors="replace"))
    except OSError as error:
        raise FetchError(f"{source} cannot be read: {error.strerror}.") from error


async def _page(url: str) -> str:
    from bot.app import utc_now
    from bot.config import load_settings
    from bot.feeds.client import Client

    settings = load_settings()
    async with Client(settings.http, settings.poll, utc_now) as client:
        return (await client.get(url)).text


def item_of(text: str) -> dict[str, Any]:
    """Tell a JSON object, an HTML page and plain text apart."""
    stripped = text.lstrip("\ufeff \t\r\n")
    if stripped.startswith("{"):
        try:
            value = json.loads(stripped)
        except ValueError:
            value = None
        if isinstance(value, dict):
            return value
    if (
        stripped[:400].lower().lstrip().startswith(("<!doctype", "<html"))
        or "<body" in stripped[:20_000].lower()
    ):
        return {"html": text}
    return {"raw": text}


def read_item(item: dict[str, Any]) -> tuple[Article, Reading]:
    """Read one item as an entry of a feed would be read."""
    from bot.reading.article import article_from, article_from_raw
    from bot.reading.dates import parse_date
    from bot.reading.read import read
    from bot.series.catalog import load_catalog

    now = datetime.now(UTC)
    series = item.get("feed_series") or ()
    feed = Feed(
        url="",
        outlet=text_field(item, "source"),
        language=None,
        series=(series,) if isinstance(series, str) else tuple(series),
        next_check_at=now,
    )
    if raw := text_field(item, "raw"):
        article = article_from_raw(raw, feed, now=now)
    else:
        published = text_field(item, "published")
        entry = Entry(
            guid=text_field(item, "id") or text_field(item, "url"),
            url=text_field(item, "url"),
            title=text_field(item, "title"),
            standfirst=text_field(item, "description"),
            content=text_field(item, "body"),
            published_at=parse_date(published, now=now) if published else None,
            language=text_field(item, "lang") or None,
        )
        article = article_from(entry, feed, now=now, page=text_field(item, "html") or None)
    return article, read(article, load_catalog(), now=now)


def text_field(item: dict[str, Any], name: str) -> str:
    """A field of an item as text, whatever was given."""
    value = item.get(name)
    return "" if value is None else str(value)


def explained(article: Article, reading: Reading) -> dict[str, Any]:
    """How an article was read, as the contract of `pitwire explain --json` names the fields."""
    return {
        "lang": reading.language,
        "title": article.title,
        "standfirst": article.standfirst,
        "author": article.author,
        "photo_credit": article.photo_credit,
        "published": article.published_at.isoformat() if article.published_at else None,
        "image_url": article.image_url,
        "text": article.text,
        "series": [
            {"slug": tag.slug, "score": round(tag.score, 3), "evidence": list(tag.evidence)}
            for tag in reading.series
        ],
        "primary": reading.primary,
        "topics": list(reading.topics),
        "summary": reading.summary,
        "spoiler": reading.spoiler,
        "spoiler_evidence": list(reading.spoiler_evidence),
        "safe_title": reading.safe_title,
        "label": str(reading.label),
        "label_evidence": list(reading.label_evidence),
        "importance": int(reading.importance),
    }
