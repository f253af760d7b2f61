"""Clouds: which one a feed names, how it is asked, and what it may tell us."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlencode

import pytest

from bot.errors import FetchError
from bot.feeds import rsscloud, websub
from bot.feeds.client import Client
from bot.feeds.parse import parse
from bot.model import Feed
from tests.loopback.outlets import Item, Outlets, rss

NOW = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
FEED = Feed(id=7, url="https://x.example/feed", outlet="X", next_check_at=NOW)
CLOUD = (
    '<cloud domain="cloud.example" port="{port}" path="{path}" registerProcedure="" protocol="{protocol}"/>'
)


def asked(hub: str) -> Feed:
    return websub.asking(FEED, (hub, FEED.url), NOW)


@pytest.mark.parametrize(
    ("port", "path", "protocol", "hub"),
    [
        (5337, "/pleaseNotify", "http-post", "rsscloud+http://cloud.example:5337/pleaseNotify"),
        (80, "/?rsscloud=notify", "http-post", "rsscloud+http://cloud.example:80/?rsscloud=notify"),
        (443, "notify", "https-post", "rsscloud+https://cloud.example:443/notify"),
        (80, "/RPC2", "xml-rpc", None),
        ("", "/", "http-post", "rsscloud+http://cloud.example:80/"),
        ("8o", "/", "http-post", None),
    ],
)
def test_a_feed_names_its_cloud(port: object, path: str, protocol: str, hub: str | None) -> None:
    found = parse(rss(Item(title="One"), head=CLOUD.format(port=port, path=path, protocol=protocol)))
    assert found.hub_url == hub


def test_a_hub_that_pushes_is_preferred_to_a_cloud_that_pings() -> None:
    head = CLOUD.format(port=80, path="/", protocol="http-post")
    head += '<atom:link rel="hub" href="https://hub.example/"/>'
    assert parse(rss(Item(title="One"), head=head)).hub_url == "https://hub.example/"


async def test_a_cloud_is_told_where_to_ping(client: Client, outlets: Outlets) -> None:
    outlets.put("/cloud", b'<notifyResult success="true" msg="ok"/>')
    feed = asked(f"rsscloud+{outlets.url}/cloud")
    await rsscloud.subscribe(client, feed, "https://bot.example/")
    form = {name: value[0] for name, value in parse_qs(outlets.asked[0].body.decode()).items()}
    token = feed.push["token"]
    assert form == {
        "protocol": "https-post",
        "domain": "bot.example",
        "port": "443",
        "path": f"/websub/7/{token}",
        "url1": FEED.url,
    }


@pytest.mark.parametrize(
    ("status", "body"), [(200, b'<notifyResult success="false" msg="no"/>'), (404, b""), (500, b"")]
)
async def test_a_cloud_that_says_no_is_said_so(
    client: Client, outlets: Outlets, status: int, body: bytes
) -> None:
    outlets.put("/cloud", body, status=status)
    with pytest.raises(FetchError, match="refuses a subscription"):
        await rsscloud.subscribe(client, asked(f"rsscloud+{outlets.url}/cloud"), "https://bot.example/")


def test_the_clouds_test_is_answered_and_holds_for_a_day() -> None:
    feed = asked("rsscloud+http://cloud.example:80/")
    query = {"url": FEED.url, "challenge": "echo me"}
    known, answer = rsscloud.verified(feed, feed.push["token"], query, NOW)
    assert (answer.status, answer.body) == (200, "echo me")
    assert not websub.is_to_ask(known, None, NOW + timedelta(hours=19))
    assert websub.is_to_ask(known, None, NOW + timedelta(hours=21))
    assert not websub.is_alive(known, NOW), "a ping may be missed: polling goes on as before"


@pytest.mark.parametrize("change", [{"url": "https://other.example/"}, {"challenge": ""}, {"token": "guess"}])
def test_what_we_did_not_ask_for_is_not_confirmed(change: dict[str, str]) -> None:
    feed = asked("rsscloud+http://cloud.example:80/")
    query = {"url": FEED.url, "challenge": "c", **change}
    known, answer = rsscloud.verified(feed, query.pop("token", feed.push["token"]), query, NOW)
    assert (known, answer.status) == (feed, 404)


def test_a_ping_names_the_feed() -> None:
    feed = asked("rsscloud+http://cloud.example:80/")
    assert rsscloud.is_ping(feed, urlencode({"url": FEED.url}).encode())
    for body in (b"", b"url=https://other.example/", b"\xff" * 100, b"url=" + b"x" * 20_000):
        assert not rsscloud.is_ping(feed, body)
    assert not rsscloud.is_ping(replace(feed, push={}), b"url=x")
