"""/export and /import: what a space follows and prefers, as a file."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from types import MappingProxyType
from typing import Any

from bot.commands.ask import Ask
from bot.commands.follow import MOST_FOLLOWED
from bot.commands.saving import save
from bot.commands.wishes import WISHES, changed
from bot.errors import UserError
from bot.model import Destination, Document, Preferences, Reply
from bot.posts.filters import parse_filter
from bot.posts.template import parse_template
from bot.text import cut, tame

FORMAT = "pitwire settings"
VERSION = 1
MOST_CHARACTERS = 200_000
MOST_PLACES = 500
_TOPIC = re.compile(
    r"(series|driver|person|team|circuit|event|outlet):[a-z0-9][a-z0-9.-]{0,60}|words:\S.{0,47}"
)
_DEFAULTS = Preferences()
# Checked by what a person may write for it; the field's name by the setting's.
_CHECKED = {
    "languages": "languages",
    "labels": "labels",
    "schedule": "schedule",
    "timezone": "timezone",
    "quiet_mode": "quiet-mode",
    "style": "style",
    "locale": "language",
}


async def export(ask: Ask) -> Reply:
    """Write down every place of this space."""
    ask.require_manager()
    places = await ask.storage.destinations(ask.request.adapter, ask.request.space)
    if not places:
        return ask.reply(ask.say("commands.export.nothing"), private=True)
    rows = [await _row(ask, place) for place in sorted(places, key=lambda place: place.address)[:MOST_PLACES]]
    text = json.dumps(
        {"format": FORMAT, "version": VERSION, "adapter": ask.request.adapter, "places": rows},
        ensure_ascii=False,
        indent=2,
        sort_keys=True,
    )
    document = Document(name="pitwire-settings.json", text=text + "\n")
    return replace(
        ask.reply(ask.say("commands.export.done", count=len(rows)), private=True), document=document
    )


async def import_(ask: Ask) -> Reply:
    """Take over a file: for this place, and for every other place of this space that is known here.

    An address that is not known could be somebody else's: it is taken over where that place itself asks for it.
    """
    ask.require_manager()
    text = ask.request.document.text if ask.request.document else ask.line.rest
    if not text.strip():
        raise ask.refuse("import.nothing")
    rows = _read(text)
    address = ask.line.target or ask.request.address
    known = {
        place.address: place
        for place in await ask.storage.destinations(ask.request.adapter, ask.request.space)
    }
    done, strange = 0, 0
    for row in rows:
        here = row["address"] == address or len(rows) == 1
        place = ask.destination if here else known.get(row["address"])
        if place is None and not here:
            strange += 1
            continue
        await _take_over(replace(ask, destination=place), row)
        done += 1
    lines = [ask.say("commands.import.done", count=done)]
    if strange:
        lines.append(ask.say("commands.import.strange", count=strange))
    return ask.reply("\n".join(lines), private=True)


async def _row(ask: Ask, place: Destination) -> dict[str, Any]:
    return {
        "address": place.address,
        "title": place.title,
        "follows": sorted(await ask.storage.following(place.id)),
        "preferences": _table(place.preferences),
    }


def _table(preferences: Preferences) -> dict[str, Any]:
    table: dict[str, Any] = dict(preferences.unknown)
    for field in fields(Preferences):
        value = getattr(preferences, field.name)
        if field.name != "unknown" and value != getattr(_DEFAULTS, field.name):
            table[field.name] = dict(value) if isinstance(value, Mapping) else value
    return table


def _read(text: str) -> list[dict[str, Any]]:
    try:
        table = json.loads(text[: MOST_CHARACTERS + 1])
        rows = table["places"] if table["format"] == FORMAT else None
    except (ValueError, KeyError, TypeError, RecursionError):
        rows = None
    if len(text) > MOST_CHARACTERS or not isinstance(rows, list) or not 0 < len(rows) <= MOST_PLACES:
        raise UserError("commands.import.not_ours")
    for row in rows:
        if not isinstance(row, dict) or not isinstance(row.get("address"), str):
            raise UserError("commands.import.not_ours")
    return rows


async def _take_over(ask: Ask, row: Mapping[str, Any]) -> None:
    follows = row.get("follows", [])
    table = row.get("preferences", {})
    if not isinstance(follows, list) or not isinstance(table, dict):
        raise UserError("commands.import.not_ours")
    topics = _topics(follows)
    preferences = preferences_from(ask, table)
    place = await ask.ensure()
    before = set(await ask.storage.following(place.id))
    await save(replace(ask, destination=place), preferences, "import")
    await ask.storage.unfollow(place.id, sorted(before - set(topics)), now=ask.now, by=ask.who)
    await ask.storage.follow(place.id, [t for t in topics if t not in before], now=ask.now, by=ask.who)


def _topics(follows: Sequence[object]) -> list[str]:
    topics = [topic for topic in follows if isinstance(topic, str) and _TOPIC.fullmatch(topic)]
    if len(topics) < len(follows):
        raise UserError("commands.import.not_ours")
    if len(topics) > MOST_FOLLOWED:
        raise UserError("commands.follow.too_many", most=MOST_FOLLOWED, count=len(topics))
    return list(dict.fromkeys(topics))


def preferences_from(ask: Ask, table: Mapping[str, Any]) -> Preferences:
    """Read preferences from a file, each checked as if a person had set it; raises UserError that names a wrong one."""
    preferences, unknown = Preferences(), {}
    for name, value in table.items():
        if name == "unknown" or not hasattr(_DEFAULTS, name):
            unknown[name] = value
            continue
        try:
            preferences = _with(ask, preferences, name, value)
        except (UserError, TypeError, ValueError) as error:
            raise UserError("commands.import.wrong", name=name, value=cut(tame(str(value)), 60)) from error
    return replace(preferences, unknown=MappingProxyType(unknown))


def _with(ask: Ask, preferences: Preferences, name: str, value: Any) -> Preferences:
    default = getattr(_DEFAULTS, name)
    if isinstance(default, Mapping):
        return _with_pairs(ask, preferences, name, dict(value))
    if isinstance(default, tuple):
        value = " ".join(str(one) for one in value)
    elif type(value) is not type(default):
        raise TypeError(name)
    if name in _CHECKED:
        return changed(ask, preferences, _CHECKED[name], str(value))
    if name in ("include", "exclude") and value:
        parse_filter(value)
    elif name == "template":
        parse_template(value)
    elif name == "quiet" and value:
        return changed(ask, preferences, "quiet", value)
    elif name in ("per_hour", "ping_gap"):
        return changed(ask, preferences, name.replace("_", "-"), str(value))
    elif name == "least_importance" and not 0 <= value <= 3:
        raise ValueError(name)
    changes: dict[str, Any] = {name: value}
    return replace(preferences, **changes)


def _with_pairs(ask: Ask, preferences: Preferences, name: str, pairs: Mapping[str, Any]) -> Preferences:
    setting = {"spoilers": "spoilers", "pings": "ping"}[name]
    for key, value in pairs.items():
        where = "" if key == "*" else f"{key} "
        preferences = WISHES[setting].change(ask, preferences, f"{where}{value}")
    return preferences
