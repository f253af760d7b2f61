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


def remember(story: Story, url: str, keys: Keys) -> Story:
    """Keep a telling's keys with its story, in place of what that address told before."""
    kept = dict(_kept(story))
    kept[_name(url)] = to_json(keys)
    surplus = list(kept)[1 : 1 + max(0, len(kept) - MOST)]  # the first telling stays
    return replace(
        story,
        keys={"form": FORM, "tellings": {name: kept[name] for name in kept if name not in surplus}},
    )


def tellings_of(story: Story) -> tuple[Keys, ...]:
    """The tellings that speak for a story, the first one first; not those of a source that was split off."""
    kept, names = _kept(story), {_name(source.url) for source in story.sources}
    return tuple(keys for name, raw in kept.items() if name in names and (keys := _read(raw)))


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
