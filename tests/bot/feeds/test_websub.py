"""Hubs: what they may tell us, and what they may not."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.errors import FetchError
from bot.feeds import websub
from bot.feeds.client import Client
from bot.model import Feed, FeedDocument
from tests.loopback.outlets import Outlets

NOW = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
NAMED = ("https://hub.example/", "https://x.example/feed")
FEED = Feed(id=7, url="https://x.example/feed", outlet="X", next_check_at=NOW)
ASKED = websub.asking(FEED, NAMED, NOW)


def leased(**span: float) -> Feed:
    query = {
        "hub.mode": "subscribe",
        "hub.topic": NAMED[1],
        "hub.challenge": "c",
        "hub.lease_seconds": "864000",
    }
    feed, _ = websub.verified(ASKED, ASKED.push["token"], query, NOW - timedelta(**span))
    return feed


@pytest.mark.parametrize(
    ("link", "in_feed", "expected"),
    [
        ('<https://hub.example/>; rel="hub", <https://x.example/feed>; rel="self"', None, NAMED),
        ("<https://hub.example/>; rel=hub", None, NAMED),
        (
            '</hub>; rel="hub", </topic>; rel="self"',
            None,
            ("https://x.example/hub", "https://x.example/topic"),
        ),
        ('<https://hub.example/>; title="a"; rel="other hub"', None, NAMED),
        ("", "https://hub.example/", NAMED),
        ('<https://a.example/>; rel="next"', None, None),
        ("", "ftp://hub.example/", None),
        ("<" * 5000, None, None),
        ('<http://[>; rel="hub"', None, None),
        ('<http://[>; rel="self"', "https://hub.example/", NAMED),
    ],
)
def test_hub_and_topic_are_found_in_header_or_feed(link: str, in_feed: str | None, expected: object) -> None:
    document = FeedDocument(title="", kind="atom10", entries=(), hub_url=in_feed)
    assert websub.hub_of(document, {"Link": link} if link else {}, FEED) == expected


def test_a_hub_is_asked_once_and_again_in_the_last_fifth_of_the_lease() -> None:
    assert websub.is_to_ask(FEED, NAMED, NOW)
    assert not websub.is_to_ask(FEED, None, NOW)
    assert not websub.is_to_ask(ASKED, NAMED, NOW + timedelta(minutes=59))
    assert websub.is_to_ask(ASKED, NAMED, NOW + timedelta(minutes=61)), "it never called back"
    assert not websub.is_to_ask(leased(), None, NOW + timedelta(days=7, hours=23))
    assert websub.is_to_ask(leased(), None, NOW + timedelta(days=8, hours=1))


def test_a_topic_that_only_the_document_names_is_kept_where_there_is_none() -> None:
    document = FeedDocument(
        title="", kind="rss20", entries=(), hub_url=NAMED[0], topic_url="https://x.example/feed?self"
    )
    link = {"Link": f'<{NAMED[0]}>; rel="hub"'}
    named = websub.hub_of(document, link, FEED)
    asked = websub.asking(FEED, named, NOW)
    assert websub.hub_of(None, link, asked) == named


def test_a_hub_that_does_not_call_back_is_asked_ever_less_often() -> None:
    feed, at, waits = FEED, NOW, []
    for _ in range(8):
        feed = websub.asking(feed, NAMED, at)
        hours = next(n for n in range(1, 99) if websub.is_to_ask(feed, NAMED, at + timedelta(hours=n)))
        waits.append(hours)
        at += timedelta(hours=hours)
    assert waits == [1, 2, 4, 8, 16, 24, 24, 24]


def test_a_short_lease_is_renewed_before_it_ends() -> None:
    query = {
        "hub.mode": "subscribe",
        "hub.topic": NAMED[1],
        "hub.challenge": "c",
        "hub.lease_seconds": "1800",
    }
    feed, _ = websub.verified(ASKED, ASKED.push["token"], query, NOW)
    assert not websub.is_to_ask(feed, NAMED, NOW + timedelta(minutes=20))
    assert websub.is_to_ask(feed, NAMED, NOW + timedelta(minutes=25))


def test_after_a_denial_the_hub_is_left_alone_for_a_while() -> None:
    denial = {"hub.mode": "denied", "hub.topic": NAMED[1]}
    feed, _ = websub.verified(leased(), ASKED.push["token"], denial, NOW)
    assert not websub.is_to_ask(feed, NAMED, NOW + timedelta(minutes=59))
    assert websub.is_to_ask(feed, NAMED, NOW + timedelta(minutes=61))


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_hub_is_followed_where_it_moved(client: Client, outlets: Outlets, status: int) -> None:
    there = outlets.put("/there", b"", status=202)
    hub = outlets.redirect("/hub", "/there", status)
    await websub.subscribe(client, websub.asking(FEED, (hub, NAMED[1]), NOW), "https://bot.example/")
    assert outlets.paths() == ["/hub", "/there"]
    assert outlets.asked[1].body == outlets.asked[0].body
    assert there.endswith("/there")


@pytest.mark.parametrize(
    "to", ["/hub", "http://127.0.0.2/", "http://169.254.169.254/", "file:///etc/passwd", "http://[", ""]
)
async def test_a_hub_leads_nowhere_it_should_not(client: Client, outlets: Outlets, to: str) -> None:
    asked = websub.asking(FEED, (outlets.redirect("/hub", to, 307), NAMED[1]), NOW)
    with pytest.raises(FetchError):
        await websub.subscribe(client, asked, "https://bot.example/")
    assert set(outlets.paths()) == {"/hub"}
    assert len(outlets.asked) <= 1 + websub.MOST_REDIRECTS


def test_a_renewal_keeps_its_secret_and_another_hub_gets_another() -> None:
    later = NOW + timedelta(days=9)
    same, other = (
        websub.asking(leased(), NAMED, later),
        websub.asking(leased(), ("https://b.example/", NAMED[1]), later),
    )
    assert same.push["secret"] == ASKED.push["secret"]
    assert other.push["secret"] != ASKED.push["secret"]
    assert not websub.is_alive(other, later)


def test_what_we_asked_for_is_confirmed_with_the_hubs_challenge() -> None:
    query = {
        "hub.mode": "subscribe",
        "hub.topic": NAMED[1],
        "hub.challenge": "echo me",
        "hub.lease_seconds": "3600",
    }
    feed, answer = websub.verified(ASKED, ASKED.push["token"], query, NOW)
    assert (answer.status, answer.body) == (200, "echo me")
    assert websub.is_alive(feed, NOW + timedelta(minutes=59))
    assert not websub.is_alive(feed, NOW + timedelta(minutes=61)), "then it is polling alone"


@pytest.mark.parametrize(
    "change",
    [
        {"hub.topic": "https://other.example/"},
        {"hub.mode": "unsubscribe"},
        {"hub.mode": ""},
        {"hub.challenge": ""},
        {"hub.challenge": "x" * 5000},
        {"token": "guess"},
    ],
)
def test_what_we_did_not_ask_for_is_not_confirmed(change: dict[str, str]) -> None:
    query = {"hub.mode": "subscribe", "hub.topic": NAMED[1], "hub.challenge": "c", **change}
    feed, answer = websub.verified(ASKED, query.pop("token", ASKED.push["token"]), query, NOW)
    assert (feed, answer.status) == (ASKED, 404)


def test_a_hub_may_deny() -> None:
    feed, answer = websub.verified(
        leased(), ASKED.push["token"], {"hub.mode": "denied", "hub.topic": NAMED[1]}, NOW
    )
    assert answer.status == 200
    assert not websub.is_alive(feed, NOW)


def test_only_what_is_signed_with_our_secret_is_genuine() -> None:
    body, push = b"<rss/>", ASKED.push
    for method in ("sha1", "sha256", "sha384", "sha512"):
        right = hmac.new(push["secret"].encode(), body, method).hexdigest()
        assert websub.is_genuine(push, body, {"x-hub-signature": f"{method}={right}"})
        assert websub.is_genuine(push, body, {"x-hub-signature": f"{method}={right.upper()}"})
        assert not websub.is_genuine(push, body + b" ", {"x-hub-signature": f"{method}={right}"})
    plain = hashlib.md5(body).hexdigest()
    for header in ("", "sha256=", "sha256", "md5=" + plain, "sha256=é"):
        assert not websub.is_genuine(push, body, {"x-hub-signature": header})
    assert not websub.is_genuine({}, body, {"x-hub-signature": "sha256=" + "0" * 64})


def test_each_feed_has_an_address_of_its_own_that_nobody_guesses() -> None:
    other = websub.asking(replace(FEED, id=8), NAMED, NOW)
    assert websub.callback(ASKED, "https://bot.example/").startswith("https://bot.example/websub/7/")
    assert websub.callback(ASKED, "https://bot.example") != websub.callback(other, "https://bot.example")
    assert len(ASKED.push["token"]) > 20
