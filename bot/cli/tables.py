"""Tables of feeds for a terminal; what outlets wrote is tamed and never read as markup."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.model import Feed, FeedDocument, FeedState
from bot.posts.reasons import say_reason
from bot.text import cut, tame


def print_feeds(feeds: Sequence[Feed], locale: str, console: Console | None = None) -> None:
    """One line a feed: outlet, language, how it is, when it is asked next."""
    table = Table("outlet", "lang", "state", "next check", "feed", box=None, header_style="bold")
    for feed in feeds:
        state = Text(_state(feed, locale), style="red" if feed.trouble else "")
        when = f"{feed.next_check_at:%d %b %H:%M} UTC" if feed.state == FeedState.ACTIVE else ""
        table.add_row(_plain(feed.outlet), feed.language or "", state, when, _plain(feed.url))
    out = console or Console()
    out.print(table)
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
    if failing:
        table = Table("outlet", "feed", "what is wrong", box=None, header_style="bold")
        for feed, trouble in failing:
            table.add_row(
                _plain(feed.outlet), _plain(feed.url), Text(say_reason(trouble, locale), style="red")
            )
        out.print(table)
    out.print(f"{len(results) - len(failing)} of {len(results)} feeds answer well")


def _state(feed: Feed, locale: str) -> str:
    if feed.trouble:
        return say_reason(feed.trouble, locale)
    if feed.last_success_at is None:
        return "not asked yet"
    return str(feed.state)


def _plain(text: str) -> Text:
    return Text(cut(tame(text), 90))
