"""Let a cloud ping us when a feed has something new (rssCloud, the RSS 2.0 `cloud` element): register, and answer its test.

A ping carries no news and no signature: it makes the feed due, and polling goes on as if there were none. What is kept
stands in `Feed.push`, with a hub of the form `rsscloud+http://…`. https://www.rsscloud.co/walkthrough
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

from bot.feeds import trouble
from bot.feeds.client import Client
from bot.feeds.cloud import CLOUD
from bot.feeds.websub import Answer, callback, is_for
from bot.model import Feed

LEASE = timedelta(hours=25)  # by the protocol; asked for again in its last fifth
MOST_BODY = 10_000


async def subscribe(client: Client, feed: Feed, public_url: str) -> None:
    """Ask the cloud to ping us. It tests our address before it answers; raises FetchError when it says no."""
    ours = urlsplit(callback(feed, public_url))
    is_safe = ours.scheme == "https"
    form = {
        "notifyProcedure": "",
        "protocol": "https-post" if is_safe else "http-post",
        "domain": ours.hostname or "",
        "port": str(ours.port or (443 if is_safe else 80)),
        "path": ours.path,
        "url1": feed.push["topic"],
    }
    answer = await client.post(feed.push["hub"].removeprefix(CLOUD), form)
    if answer.status != 200 or b'success="false"' in answer.body:
        raise trouble.error("hub", answer.status, status=answer.status)


def verified(feed: Feed, token: str, query: Mapping[str, str], now: datetime) -> tuple[Feed, Answer]:
    """Answer a cloud that tests whether we meant it; the feed is returned with its lease."""
    challenge = query.get("challenge", "")
    is_ours = is_for(feed.push, token) and query.get("url") == feed.push.get("topic")
    if not is_ours or not challenge or len(challenge) > 2000:
        return feed, Answer(status=404)
    leased = {
        "until": round((now + LEASE).timestamp()),
        "lease": round(LEASE.total_seconds()),
        "tries": 0,
    }
    return replace(feed, push={**feed.push, **leased}), Answer(status=200, body=challenge)


def is_ping(feed: Feed, body: bytes) -> bool:
    """Say whether a posted form says that this feed has something new."""
    if len(body) > MOST_BODY:
        return False
    form = parse_qs(body.decode("utf-8", "replace"))
    return form.get("url", [""])[0] == feed.push.get("topic")
