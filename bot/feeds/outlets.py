"""The catalogue of outlets: the built-in one, or the operator's own file (PITWIRE_FEEDS)."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from bot.errors import SettingsError
from bot.feeds.schedule import spread
from bot.model import Feed
from bot.series.catalog import load_catalog

FIRST_ROUND = timedelta(seconds=60)  # the feeds of a fresh start are spread over at most so much
FIRST_GAP = timedelta(seconds=0.2)  # and over so much for each of them
_KEYS = {"url", "outlet", "language", "series", "official", "title", "every"}


def load_outlets(path: Path | None, now: datetime) -> list[Feed]:
    """The feeds of the catalogue, each with its own time in the first minute; raises SettingsError with one sentence."""
    items = _items(path)
    within = min(FIRST_ROUND, FIRST_GAP * max(0, len(items) - 1))
    return [
        Feed(
            url=item["url"],
            outlet=item["outlet"],
            language=item.get("language"),
            series=tuple(item.get("series", ())),
            official=item.get("official", False),
            title=item.get("title"),
            next_check_at=now + spread(item["url"], within),
        )
        for item in items
    ]


def load_wishes(path: Path | None) -> Mapping[str, timedelta]:
    """How often the operator wants single feeds to be checked, whatever their servers ask: `every = SECONDS`."""
    return {item["url"]: timedelta(seconds=item["every"]) for item in _items(path) if "every" in item}


def _items(path: Path | None) -> list[dict[str, Any]]:
    if path is None:
        return _built_in()
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise SettingsError(f"PITWIRE_FEEDS: {path} is not UTF-8 text.") from None
    except OSError as error:
        raise SettingsError(f"PITWIRE_FEEDS: {path} cannot be read: {error.strerror}.") from None
    return _read(text, str(path))


@cache
def _built_in() -> list[dict[str, Any]]:
    return _read(
        files("bot.feeds").joinpath("outlets.toml").read_text(encoding="utf-8"), "the built-in catalogue"
    )


def _read(text: str, name: str) -> list[dict[str, Any]]:
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"PITWIRE_FEEDS: {name} is not valid TOML: {error}.") from None
    unknown = set(table) - {"feed"}
    if unknown:
        raise SettingsError(
            f"PITWIRE_FEEDS: {name} has an unknown table {min(unknown)!r}; feeds are written as [[feed]]."
        )
    feeds = table.get("feed", [])
    if not isinstance(feeds, list) or not all(isinstance(item, dict) for item in feeds):
        raise SettingsError(f"PITWIRE_FEEDS: {name}: feeds are written as [[feed]], with double brackets.")
    seen: dict[str, int] = {}
    for number, item in enumerate(feeds, 1):
        for wrong in _wrong(item):
            raise SettingsError(f"PITWIRE_FEEDS: feed {number} of {name}: {wrong}.")
        if item["url"] in seen:
            raise SettingsError(
                f"PITWIRE_FEEDS: feeds {seen[item['url']]} and {number} of {name} have one URL, {item['url']}."
            )
        seen[item["url"]] = number
    return feeds


def _wrong(item: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with a [[feed]], the first thing first."""
    for key in ("url", "outlet"):
        if not isinstance(item.get(key), str) or not item[key].strip():
            yield f"{key} is missing"
    if not item["url"].startswith(("http://", "https://")):
        yield f"url {item['url']!r} must begin with https:// or http://"
    unknown = set(item) - _KEYS
    if unknown:
        yield f"{min(unknown)!r} is not known; a feed has {', '.join(sorted(_KEYS))}"
    for key in ("language", "title"):
        if key in item and not isinstance(item[key], str):
            yield f"{key} must be a word in quotes"
    series = item.get("series", [])
    if not isinstance(series, list) or not all(isinstance(slug, str) for slug in series):
        yield 'series must be a list, such as ["f1", "wec"]'
    for slug in series if isinstance(series, list) else ():
        if slug not in load_catalog().series:
            yield f"there is no series {slug!r}{_nearest(slug)}"
    if not isinstance(item.get("official", False), bool):
        yield "official must be true or false"
    every = item.get("every", 60)
    if isinstance(every, bool) or not isinstance(every, int | float) or every < 1:
        yield "every must be a number of seconds, 1 or more"


def _nearest(slug: str) -> str:
    near = difflib.get_close_matches(slug, list(load_catalog().series), n=1, cutoff=0.5)
    return f" (did you mean {near[0]!r}?)" if near else ""
