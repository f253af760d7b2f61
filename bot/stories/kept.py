"""What a story remembers of its tellings, so that a restart forgets nothing: JSON in `Story.keys`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.model import Story
from bot.stories.keys import Keys, from_json, to_json

FORM = 1  # of the keys; others are ignored, after 72 hours nobody misses them
MOST = 12  # tellings that are kept: enough to recognise the next one
MOST_APART = 6  # tellings that were split off


def remember(story: Story, url: str, keys: Keys) -> Story:
    """Keep a telling's keys with its story, in place of what that address told before."""
    apart = _apart(story)
    kept = {name: raw for name, raw in _kept(story).items() if name not in apart}
    kept[_name(url)] = to_json(keys)
    surplus = list(kept)[1 : 1 + max(0, len(kept) - MOST)]  # the first telling stays
    return _with(story, {name: kept[name] for name in kept if name not in surplus}, apart)


def keep_apart(story: Story, other: Story) -> Story:
    """Let a story remember the tellings of one that it was parted from: who is told like them does not belong to it."""
    apart = {**_apart(story), **_told(other)}
    kept = {name: raw for name, raw in _kept(story).items() if name not in apart}
    return _with(story, kept, dict(list(apart.items())[-MOST_APART:]))


def tellings_of(story: Story) -> tuple[Keys, ...]:
    """The tellings that speak for a story, the first one first; not those of a source that was split off."""
    return _read_all(_told(story))


def told_and_apart(story: Story) -> tuple[tuple[Keys, ...], tuple[Keys, ...]]:
    """The tellings that speak for a story and those that were parted from it, in one look."""
    told = _told(story)
    return _read_all(told), _read_all(_apart(story, told))


def apart_from(story: Story) -> tuple[Keys, ...]:
    """The tellings that a moderator parted from this story."""
    return _read_all(_apart(story))


def _with(story: Story, kept: Mapping[str, Any], apart: Mapping[str, Any]) -> Story:
    keys = {"form": FORM, "tellings": kept}
    return replace(story, keys={**keys, "apart": apart} if apart else keys)


def _told(story: Story) -> Mapping[str, Any]:
    names = {_name(source.url) for source in story.sources}
    return {name: raw for name, raw in _kept(story).items() if name in names}


def _apart(story: Story, told: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
    """What was written down as such, and the tellings whose source is gone."""
    told, written = _told(story) if told is None else told, story.keys.get("apart")
    gone = {name: raw for name, raw in _kept(story).items() if name not in told}
    return {**(written if isinstance(written, Mapping) else {}), **gone}


def _read_all(kept: Mapping[str, Any]) -> tuple[Keys, ...]:
    return tuple(keys for raw in kept.values() if (keys := _read(raw)))


def _kept(story: Story) -> Mapping[str, Any]:
    kept = story.keys.get("tellings") if story.keys.get("form") == FORM else None
    return kept if isinstance(kept, Mapping) else {}


def _read(raw: Any) -> Keys | None:
    try:
        return from_json(raw)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, OSError):
        return None  # another hand wrote it: that telling is not compared


def _name(url: str) -> str:
    return hashlib.blake2b(url.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()
