"""Let a hub push what is new (W3C WebSub): subscribe, prove that we asked, check signatures, renew in time.

What is kept of a subscription stands in `Feed.push`. Polling goes on beside it, seldom; when a lease dies it is polling alone.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urljoin

from bot.feeds import trouble
from bot.feeds.client import Client
from bot.feeds.cloud import CLOUD, is_cloud
from bot.model import Feed, FeedDocument

PATH = "/websub/{feed}/{token}"
LEASE = timedelta(days=10)  # that is asked for; the hub decides
SHORTEST_LEASE, LONGEST_LEASE = timedelta(minutes=5), timedelta(days=30)
ASK_AGAIN = timedelta(hours=1)  # after a hub that did not call back; doubles each time, up to
ASK_AGAIN_AT_LAST = timedelta(days=1)
MOST_REDIRECTS = 3
MOST_BODY = 5_000_000
_MOVED = frozenset({301, 302, 307, 308})
_HASHES = {"sha1", "sha256", "sha384", "sha512"}
_LINK = re.compile(r'<([^<>]{1,2000})>((?:\s*;\s*[\w*-]{1,30}\s*=\s*(?:"[^"]{0,500}"|[^\s;,"]{1,500}))*)')
_REL = re.compile(r'rel\s*=\s*"?([^";]{1,100})')


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a hub is answered."""

    status: int
    body: str = ""


def hub_of(document: FeedDocument | None, headers: Mapping[str, str], feed: Feed) -> tuple[str, str] | None:
    """The hub and the topic that an answer names: in its Link header (first, by the standard) or in the feed.

    An answer without a document (304) that names the hub alone leaves the topic as it is known.
    """
    links: dict[str, str] = {}
    for target, parameters in _LINK.findall(headers.get("Link", "")[:10_000]):
        rel = _REL.search(parameters)
        for name in rel.group(1).lower().split() if rel else ():
            links.setdefault(name, _joined(feed.url, target))
    hub = links.get("hub") or (document.hub_url if document else None)
    topic = links.get("self") or (document.topic_url if document else feed.push.get("topic")) or feed.url
    if not hub or not hub.startswith(("http://", "https://", CLOUD)):
        return None
    return hub, topic


def is_alive(feed: Feed, now: datetime) -> bool:
    """Say whether a hub has promised to push this feed; a cloud that only pings is no reason to poll less."""
    push = feed.push
    return bool(push) and float(push.get("until", 0)) > now.timestamp() and not is_cloud(push)


def is_to_ask(feed: Feed, named: tuple[str, str] | None, now: datetime) -> bool:
    """Say whether a subscription is to be begun, changed or renewed: in the last fifth of its lease."""
    push = feed.push
    if named is None and not push:
        return False
    since = timedelta(seconds=now.timestamp() - push.get("asked", 0))
    if named is not None and (push.get("hub"), push.get("topic")) != named:
        return since >= ASK_AGAIN
    if since < _patience(push.get("tries", 1)):
        return False
    return bool(push.get("until", 0) - now.timestamp() < push.get("lease", 0) / 5)


def _patience(tries: int) -> timedelta:
    """How long a hub is left alone that has not called back so many times; one that has may be asked at any time."""
    return min(ASK_AGAIN * 2.0 ** min(tries - 1, 10), ASK_AGAIN_AT_LAST) if tries else timedelta(0)


def asking(feed: Feed, named: tuple[str, str] | None, now: datetime) -> Feed:
    """The feed with the subscription that is asked for now. Its address and its secret are nobody's to guess."""
    hub, topic = named or (feed.push["hub"], feed.push["topic"])
    same = (feed.push.get("hub"), feed.push.get("topic")) == (hub, topic)
    push = dict(feed.push) if same else {}
    push |= {"hub": hub, "topic": topic, "asked": round(now.timestamp()), "tries": push.get("tries", 0) + 1}
    push.setdefault("token", secrets.token_urlsafe(16))
    push.setdefault("secret", secrets.token_urlsafe(32))
    return replace(feed, push=push)


async def subscribe(client: Client, feed: Feed, public_url: str) -> None:
    """Ask the hub, wherever it has moved. Its answer only says that it will call back; raises FetchError when it says no."""
    form = {
        "hub.mode": "subscribe",
        "hub.topic": feed.push["topic"],
        "hub.callback": callback(feed, public_url),
        "hub.secret": feed.push["secret"],
        "hub.lease_seconds": str(round(LEASE.total_seconds())),
    }
    hub, redirects = feed.push["hub"], 0
    answer = await client.post(hub, form)
    while answer.status in _MOVED and redirects < MOST_REDIRECTS:
        there = _joined(hub, answer.headers.get("Location", ""))
        if not there or (hub.startswith("https:") and not there.startswith("https:")):
            break  # the secret is not for everybody on the way
        hub, redirects = there, redirects + 1
        answer = await client.post(hub, form)
    if not 200 <= answer.status < 300:
        raise trouble.error("hub", answer.status, status=answer.status)


def _joined(base: str, url: str) -> str:
    try:
        return urljoin(base, url.strip()) if url.strip() else ""
    except ValueError:  # "http://["
        return ""


def callback(feed: Feed, public_url: str) -> str:
    """The address at which a hub reaches us about one feed."""
    return public_url.rstrip("/") + PATH.format(feed=feed.id, token=feed.push["token"])


def verified(feed: Feed, token: str, query: Mapping[str, str], now: datetime) -> tuple[Feed, Answer]:
    """Answer a hub that asks whether we meant it; the feed is returned with its lease."""
    push = feed.push
    if not is_for(push, token) or query.get("hub.topic") != push.get("topic"):
        return feed, Answer(status=404)
    mode = query.get("hub.mode", "")
    if mode == "denied":
        denied = {"until": 0, "asked": round(now.timestamp()), "tries": max(1, push.get("tries", 1))}
        return replace(feed, push={**push, **denied}), Answer(status=200)
    challenge = query.get("hub.challenge", "")
    if mode != "subscribe" or not challenge or len(challenge) > 2000:
        return feed, Answer(status=404)  # we never unsubscribe: a lease that is not renewed ends
    asked = query.get("hub.lease_seconds", "")
    lease = timedelta(seconds=int(asked[:9])) if asked.isdecimal() else LEASE
    lease = min(max(lease, SHORTEST_LEASE), LONGEST_LEASE)
    leased = {
        "until": round((now + lease).timestamp()),
        "lease": round(lease.total_seconds()),
        "tries": 0,
    }
    return replace(feed, push={**push, **leased}), Answer(status=200, body=challenge)


def is_for(push: Mapping[str, Any], token: str) -> bool:
    """Say whether a request came to the address that only the hub knows."""
    return bool(push.get("token")) and hmac.compare_digest(str(push["token"]).encode(), token.encode())


def is_genuine(push: Mapping[str, Any], body: bytes, headers: Mapping[str, str]) -> bool:
    """Check a push's signature: `X-Hub-Signature: sha256=…` over the body with our secret."""
    method, _, signature = headers.get("x-hub-signature", "").partition("=")
    if method not in _HASHES or not push.get("secret"):
        return False
    right = hmac.new(str(push["secret"]).encode(), body, getattr(hashlib, method)).hexdigest()
    return hmac.compare_digest(right.encode(), signature.strip().lower().encode())
