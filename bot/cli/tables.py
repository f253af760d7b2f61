"""Tables of feeds for a terminal; what outlets wrote is tamed and never read as markup."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.commands.sources import line_of
from bot.model import Feed, FeedDocument
from bot.posts.reasons import say_reason
from bot.text import cut, tame


def print_feeds(feeds: Sequence[Feed], locale: str, *, now: datetime, console: Console | None = None) -> None:
    """How each feed is, as /sources says it, and its address to copy; those in trouble where the eye is, last."""
    out = console or Console()
    for feed in sorted(feeds, key=lambda feed: feed.trouble is not None):
        style = "red" if feed.trouble else ""
        out.print(Text(line_of(feed, locale, now=now), style=style))
        out.print(Text(f"  {tame(feed.url)}", style="dim"), soft_wrap=True)
    out.print(f"{len(feeds)} feeds, {sum(feed.trouble is not None for feed in feeds)} in trouble")


def print_document(document: FeedDocument, console: Console | None = None) -> None:
    """A feed's title and entries."""
    table = Table("published", "title", "link", box=None, header_style="bold")
    for entry in document.entries:
        when = f"{entry.published_at:%Y-%m-%d %H:%M}" if entry.published_at else ""
        table.add_row(when, _plain(entry.title), _plain(entry.url))
    out = console or Console()
    out.print(
        Text(f"{tame(document.title)} · {document.kind} · {len(document.entries)} entries", style="bold")
    )
    out.print(table)


def print_health(
    results: Iterable[tuple[Feed, str | None]], locale: str, console: Console | None = None
) -> None:
    """The feeds that fail with the reason, then a count."""
    results = list(results)
    failing = [(feed, trouble) for feed, trouble in results if trouble]
    out = console or Console()
    for feed, trouble in failing:
        out.print(Text(f"⚠ {cut(tame(feed.outlet), 40)}: {say_reason(trouble, locale)}", style="red"))
        out.print(Text(f"  {tame(feed.url)}", style="dim"), soft_wrap=True)
    out.print(f"{len(results) - len(failing)} of {len(results)} feeds answer well")


def _plain(text: str) -> Text:
    return Text(cut(tame(text), 90))
