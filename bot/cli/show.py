"""How a reading looks on a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.cli.told import rows_of
from bot.model import Article, Reading, SeriesTag, Story
from bot.text import cut, tame


def show_reading(
    article: Article, reading: Reading, story: Story | None = None, console: Console | None = None
) -> None:
    """Print one article as it was understood, a line a field; and the story that it tells, where one is known."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold cyan", no_wrap=True)
    table.add_column(overflow="fold")
    rows = [
        ("title", article.title),
        ("standfirst", article.standfirst),
        ("author", article.author),
        ("photo", article.photo_credit),
        ("published", article.published_at.isoformat() if article.published_at else ""),
        ("language", reading.language),
        ("picture", article.image_url or ""),
        ("text", cut(tame(article.text), 600)),
        *(("series" if not n else "", _tag(tag)) for n, tag in enumerate(reading.series)),
        ("follows", ", ".join(reading.topics)),
        ("summary", reading.summary),
        ("spoiler", _with_words((reading.spoiler and "yes") or "no", reading.spoiler_evidence)),
        ("safe title", reading.safe_title if reading.spoiler else ""),
        ("label", _with_words(str(reading.label), reading.label_evidence)),
        ("importance", str(int(reading.importance))),
    ]
    rows += rows_of(story) if story is not None else []
    if not reading.series:
        rows.insert(8, ("series", "none: this article is not posted"))
    for name, value in rows:
        if value:
            table.add_row(name, Text(tame(value)))
    (console or Console()).print(table)


def _tag(tag: SeriesTag) -> str:
    return _with_words(f"{tag.slug} {tag.score:.2f}", tag.evidence)


def _with_words(value: str, words: tuple[str, ...]) -> str:
    return f"{value}  ({', '.join(words)})" if words else value
