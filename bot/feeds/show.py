"""Describe a feed as Pitwire reads it, before anyone adds it: what `pitwire feeds show` prints."""

from __future__ import annotations

from typing import Any

from bot.model import FeedDocument


def describe(document: FeedDocument) -> dict[str, Any]:
    """The feed as plain data, ready for JSON; entries in the feed's order."""
    return {
        "title": document.title,
        "kind": document.kind,
        "entries": [
            {
                "guid": entry.guid,
                "url": entry.url,
                "title": entry.title,
                "standfirst": entry.standfirst,
                "author": entry.author,
                "published": entry.published_at.isoformat() if entry.published_at else None,
                "image_url": entry.image_url,
            }
            for entry in document.entries
        ],
    }
