"""Is this article in the store, and which story does it tell there?"""

from __future__ import annotations

import asyncio
from typing import Any

from bot.errors import PitwireError
from bot.model import Story

PATIENCE = 10.0  # seconds


async def told_at(url: str) -> Story | None:
    """The story that the article at an address tells; None where there is no store, or it does not know the address."""
    from bot.app import opened
    from bot.config import load_settings
    from bot.feeds.identity import canonical_url, spellings
    from storage import is_store_there

    try:
        settings = load_settings()
        if not url or not is_store_there(settings.database):
            return None
        async with asyncio.timeout(PATIENCE), opened(settings, writes=False) as store:
            found = await store.articles_at(spellings(canonical_url(url)))
            story_id = next((story_id for _, story_id in found if story_id is not None), None)
            return await store.story(story_id) if story_id is not None else None
    except (PitwireError, TimeoutError):  # how an article is read does not depend on a store
        return None


def told(story: Story) -> dict[str, Any]:
    """A story as `pitwire explain --json` names it."""
    return {
        "id": story.id,
        "title": story.title,
        "parent": story.parent_id,
        "withdrawn": story.withdrawn_at is not None,
        "outlets": [
            {"outlet": source.outlet, "url": source.url, "withdrawn": source.withdrawn}
            for source in story.sources
        ],
        "reasons": [_said(reason) for reason in story.reasons],
    }


def rows_of(story: Story) -> list[tuple[str, str]]:
    """The same as lines of a table."""
    outlets = (source.outlet + (" (taken down)" if source.withdrawn else "") for source in story.sources)
    parent = [("", f"follows up story {story.parent_id}")] if story.parent_id else []
    return [
        ("story", f"{story.id}: {story.title}"),
        ("told by", ", ".join(dict.fromkeys(outlets))),
        *(("because" if not n else "", _said(reason)) for n, reason in enumerate(story.reasons)),
        *parent,
    ]


def _said(reason: str) -> str:
    """A reason in English, with what stands before that of a later chapter."""
    from bot.posts.reasons import say_reason
    from bot.stories.merge import FOLLOWS

    told_before = FOLLOWS if reason.startswith(FOLLOWS) else ""
    return told_before + say_reason(reason.removeprefix(FOLLOWS), "en")
