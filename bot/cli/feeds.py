"""`pitwire feeds …`: list, show, check, add, remove, import and export what is polled."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.root import app, in_loop
from bot.errors import FetchError, SettingsError
from bot.text import escaped, tame

if TYPE_CHECKING:
    from rich.console import Console

    from bot.config import Settings
    from bot.feeds.discovery import Candidate
    from bot.model import Feed, FeedDocument

feeds = typer.Typer(help="The feeds: list, show, check, add, remove, import, export.", no_args_is_help=True)
app.add_typer(feeds, name="feeds")

AT_ONCE = 20  # feeds that `check` asks at the same time


@feeds.command("list")
def list_feeds(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """List every feed with its health and its next check."""
    kept = in_loop(_kept())
    if as_json:
        _print_json([_facts(feed) for feed in kept])
        return
    from bot.cli.tables import print_feeds
    from bot.config import load_settings

    print_feeds(kept, load_settings().locale, now=_now())


@feeds.command()
def show(
    source: Annotated[str, typer.Argument(help="A feed's URL, or a file.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show a feed as Pitwire reads it, before anyone adds it."""
    from bot.cli.tables import print_document
    from bot.feeds import trouble
    from bot.feeds.show import describe

    document = in_loop(_document(source))
    if as_json:
        _print_json(describe(document))
    elif document.kind:
        print_document(document)
    else:
        raise trouble.error("no_feed")


@feeds.command()
def check() -> None:
    """Ask every feed now and say how each is."""
    if not in_loop(_check_all()):
        raise typer.Exit(1)


@feeds.command()
def add(
    url: Annotated[str, typer.Argument(help="The feed's URL, or its site's.")],
    outlet: Annotated[str, typer.Option(help="The outlet's name; the feed's own title by default.")] = "",
    language: Annotated[str, typer.Option(help="Its language: en, de, fr …")] = "",
    series: Annotated[
        list[str] | None, typer.Option(help="A series it writes about; may be given several times.")
    ] = None,
) -> None:
    """Add a feed, after having read it once. Of a site's address its feed is taken, if it names one only."""
    from bot.series.catalog import load_catalog

    unknown = [slug for slug in series or () if slug not in load_catalog().series]
    if unknown:
        raise SettingsError(
            f"--series {unknown[0]}: no such series. `pitwire explain` and the docs list the slugs."
        )
    feed, how = in_loop(_add(url, outlet, language, tuple(series or ())))
    typer.echo(f"{how}: {tame(feed.outlet)} · {tame(feed.url)}")


@feeds.command()
def remove(url: Annotated[str, typer.Argument(help="The feed's URL, as `feeds list` shows it.")]) -> None:
    """Stop polling a feed. What was told stays."""
    in_loop(_remove(url))
    typer.echo(f"removed: {tame(url)}")


@feeds.command("import")
def import_feeds(file: Annotated[Path, typer.Argument(help="An OPML file.")]) -> None:
    """Add every feed of an OPML file that is not known yet."""
    from bot.feeds.opml import from_opml

    added, known = in_loop(_import(from_opml(_bytes(file), now=_now())))
    typer.echo(f"{added} added, {known} known before")


@feeds.command("export")
def export_feeds(
    file: Annotated[
        Path | None, typer.Argument(help="The file to write; standard output by default.")
    ] = None,
) -> None:
    """Write all feeds as OPML."""
    from bot.feeds.opml import to_opml

    text = to_opml(in_loop(_kept()))
    if file is None:
        typer.echo(text)
    else:
        file.write_text(text, encoding="utf-8")
        typer.echo(f"{file} written")


def _print_json(facts: object) -> None:
    typer.echo(escaped(json.dumps(facts, ensure_ascii=False, indent=1)))


def _now() -> datetime:
    from bot.app import utc_now

    return utc_now()


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise FetchError(f"{file} cannot be read: {error.strerror}.") from error


async def _kept() -> list[Feed]:
    from bot.app import opened, synced_feeds
    from bot.config import load_settings

    settings = load_settings()
    async with opened(settings, writes=False) as store:
        return await synced_feeds(settings, store, _now())


async def _document(source: str) -> FeedDocument:
    """Read a file, or an address; a page there that is no feed is an error that names the feed it offers."""
    from bot.app import utc_now
    from bot.config import load_settings
    from bot.feeds import trouble
    from bot.feeds.client import Client
    from bot.feeds.discovery import instead_of
    from bot.feeds.parse import parse

    if not source.startswith(("http://", "https://")):
        return parse(await asyncio.to_thread(_bytes, Path(source)))
    settings = load_settings()
    async with Client(settings.http, settings.poll, utc_now) as client:
        response = await client.get(source)
    document = parse(response.body, content_type=response.content_type, url=response.url)
    if not document.kind:
        raise trouble.error_of(instead_of(response), FetchError)
    return document


async def _check_all() -> bool:
    from rich.console import Console

    from bot.cli.tables import print_health
    from bot.config import load_settings

    settings = load_settings()
    results = await ask_all(settings, Console())
    print_health(results, settings.locale)
    return not any(trouble for _, trouble in results)


async def ask_all(settings: Settings, console: Console) -> list[tuple[Feed, str | None]]:
    """Ask every feed now, with a progress bar; each with the reason for which it is not well, or None."""
    from rich.progress import Progress

    from bot.app import utc_now
    from bot.feeds.client import Client
    from bot.feeds.health import ask

    kept = await _kept()
    places = asyncio.Semaphore(AT_ONCE)
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task("feeds", total=len(kept))
        async with Client(settings.http, settings.poll, utc_now) as client:

            async def one(feed: Feed) -> tuple[Feed, str | None]:
                async with places:
                    trouble = await ask(client, feed)
                bar.advance(task)
                return feed, trouble

            return await asyncio.gather(*(one(feed) for feed in kept))


async def _add(url: str, outlet: str, language: str, series: tuple[str, ...]) -> tuple[Feed, str]:
    """The feed as it is kept, and what was done to it."""
    from bot.app import opened
    from bot.config import load_settings
    from bot.feeds.identity import address_key
    from bot.model import Feed, FeedState

    settings = load_settings()
    found = await _found(settings, url)
    feed = Feed(
        url=found.url,
        outlet=outlet or found.title,
        language=language or found.language,
        series=series,
        title=found.title,
        added_by="operator",
        next_check_at=_now(),
    )
    keys = {address_key(found.url), address_key(found.read_at)}
    async with opened(settings, writes=False) as store:
        known = next((one for one in await store.feeds() if address_key(one.url) in keys), None)
        if known is None:
            return await store.add_feed(feed), "added"
        if known.state is FeedState.ACTIVE:
            return known, "known already"
        return await store.add_feed(replace(known, added_by="operator", next_check_at=_now())), "read again"


async def _found(settings: Settings, url: str) -> Candidate:
    """The one feed at an address. Raises FetchError where there is none, or several to choose from."""
    from bot.app import utc_now
    from bot.feeds.client import Client
    from bot.feeds.discovery import discover

    async with Client(settings.http, settings.poll, utc_now) as client:
        found = await discover(client, url)
    if len(found) > 1:
        named = ", ".join(tame(one.url) for one in found)
        raise FetchError(f"{tame(url)} offers several feeds: {named}. Add one of them.")
    return found[0]


async def _remove(url: str) -> None:
    from bot.app import opened
    from bot.config import load_settings

    async with opened(load_settings(), writes=False) as store:
        for feed in await store.feeds():
            if feed.url == url:
                await store.remove_feed(feed.id)
                return
    raise FetchError(f"{url} is not among the feeds: `pitwire feeds list` shows them.")


async def _import(found: list[Feed]) -> tuple[int, int]:
    from bot.app import opened
    from bot.config import load_settings
    from bot.feeds.identity import address_key

    async with opened(load_settings(), writes=False) as store:
        known = {address_key(feed.url) for feed in await store.feeds()}
        new = {address_key(feed.url): feed for feed in found}
        for key in known & new.keys():
            del new[key]
        for feed in new.values():
            await store.add_feed(feed)
    return len(new), len(found) - len(new)


def _facts(feed: Feed) -> dict[str, object]:
    from bot.feeds.trouble import in_english

    return {
        "url": feed.url,
        "outlet": feed.outlet,
        "language": feed.language,
        "series": list(feed.series),
        "state": str(feed.state),
        "trouble": in_english(feed.trouble) if feed.trouble else None,
        "last_success_at": feed.last_success_at.isoformat() if feed.last_success_at else None,
        "last_entry_at": feed.last_entry_at.isoformat() if feed.last_entry_at else None,
        "next_check_at": feed.next_check_at.isoformat(),
    }
