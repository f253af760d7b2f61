"""`pitwire check`: settings, tokens, database, series and feeds; what to do about each failure."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.config import Settings, load_settings
from bot.errors import PitwireError, SettingsError
from bot.text import tame


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    what: str
    is_well: bool
    words: str


async def check_all(*, with_feeds: bool, console: Console | None = None) -> bool:
    """Look at everything and print a table; True when all is well."""
    out = console or Console()
    settings = load_settings()  # a wrong setting ends here: one sentence, exit code 2
    findings = [Finding("settings", True, "read")]
    with out.status("looking …"):
        findings += [finding async for finding in _findings(settings)]
    if with_feeds:
        findings.append(await _feeds(settings, out))
    table = Table(box=None, show_header=False)
    for finding in findings:
        mark = Text("✓", style="green") if finding.is_well else Text("✗", style="bold red")
        table.add_row(mark, finding.what, Text(tame(finding.words)))
    out.print(table)
    return all(finding.is_well for finding in findings)


async def _findings(settings: Settings) -> AsyncIterator[Finding]:
    yield await _database(settings)
    async for finding in _platforms(settings):
        yield finding
    yield _catalogue()


async def _database(settings: Settings) -> Finding:
    from bot.app import opened
    from bot.cli.mask import masked

    try:
        async with opened(settings, writes=False) as store:
            await store.check_writable()
    except PitwireError as error:
        return Finding("database", False, str(error))
    return Finding("database", True, masked(settings.database))


async def _platforms(settings: Settings) -> AsyncIterator[Finding]:
    from bot.app import platform_adapters
    from bot.posts.reasons import say_reason

    adapters = platform_adapters(settings)
    if not adapters:
        yield Finding(
            "platforms",
            True,
            "no token set: posts go to the terminal. Set PITWIRE_DISCORD__TOKEN or PITWIRE_TELEGRAM__TOKEN.",
        )
    for name, adapter in adapters.items():
        try:
            words = await adapter.check()
            yield Finding(name, True, words)
        except (SettingsError, PitwireError) as error:
            yield Finding(name, False, say_reason(str(error), settings.locale))
        finally:
            await adapter.close()


def _catalogue() -> Finding:
    from bot.series.catalog import load_catalog

    catalog = load_catalog()
    doubts = catalog.check()
    if doubts:
        return Finding("series", False, "; ".join(doubts[:5]))
    return Finding("series", True, f"{len(catalog.series)} series")


async def _feeds(settings: Settings, out: Console) -> Finding:
    from bot.cli.feeds import ask_all
    from bot.posts.reasons import say_reason

    results = await ask_all(settings, out)
    failing = [(feed, trouble) for feed, trouble in results if trouble]
    if not failing:
        return Finding("feeds", True, f"all {len(results)} answer well")
    worst = "; ".join(
        f"{feed.outlet}: {say_reason(trouble, settings.locale)}" for feed, trouble in failing[:3]
    )
    words = f"{len(failing)} of {len(results)} fail ({worst}). `pitwire feeds check` lists them."
    return Finding("feeds", len(failing) < len(results) / 2, words)
