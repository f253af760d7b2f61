"""Which of the bot's own messages tells a story: by what it links, for Discord gives no nonce back.

A story may have been revised between the two attempts, and then be told by another outlet: any link in common counts,
as long as one of the two is the title's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from adapters.discord import components as piece
from adapters.discord.components import Component

EPOCH_MS = 1420070400000  # of Discord's snowflakes
MARGIN = timedelta(minutes=2)  # between this clock and Discord's

_TITLE = re.compile(r"^(?:### |\*\*|.* · \*\*)\[(?:\\.|[^\]\\])*\]\((https?://[^)\s]+)\)", re.MULTILINE)
_LINK = re.compile(r"\[(?:\\.|[^\]\\])*\]\((https?://[^)\s]+)\)")


def snowflake_at(at: datetime) -> str:
    """The id that a message of that time would have."""
    return str(max(0, int(at.timestamp() * 1000) - EPOCH_MS) << 22)


def sent_at(snowflake: str) -> float:
    """When a message or thread of that id was made, in seconds since 1970."""
    return ((int(snowflake) >> 22) + EPOCH_MS) / 1000


def is_delivery(message: Mapping[str, Any], bot_id: str) -> bool:
    """A post of ours that nobody asked for: answers to commands show the same cards."""
    author = message.get("author") or {}
    return (
        str(author.get("id")) == bot_id
        and not message.get("webhook_id")
        and not message.get("interaction_metadata")
        and not message.get("interaction")
    )


def tells_the_same(message: Mapping[str, Any], components: Iterable[Component]) -> bool:
    """Whether a message found in a channel is one with these components, in this or an earlier revision."""
    there, here = _told(message.get("components") or ()), _told(components)
    title_there, title_here = _TITLE.search(there), _TITLE.search(here)
    if title_there is None or title_here is None:
        return bool(here) and _words(there) == _words(here)
    links_there, links_here = set(_LINK.findall(there)), set(_LINK.findall(here))
    return title_there[1] in links_here or title_here[1] in links_there


def _told(components: Iterable[Component]) -> str:
    return "\n".join(
        str(part.get("content") or "") for part in piece.walk(components) if part.get("type") == 10
    )


def _words(text: str) -> str:
    return re.sub(r"<t:\d+:R>", "", " ".join(text.split()))
