"""The one HTTP client: conditional, polite, and plain about what went wrong."""

from __future__ import annotations

import asyncio
import itertools
import ssl
from datetime import timedelta

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from bot.config import HttpSettings, PollSettings
from bot.errors import FetchError, Unreachable
from bot.feeds import health
from bot.feeds.client import Client, _is_lasting
from bot.feeds.turns import Turns
from tests.conftest import FakeClock
from tests.loopback.outlets import Outlets


async def test_a_request_names_pitwire_and_what_it_reads(client: Client, outlets: Outlets) -> None:
    await client.get(outlets.put("/feed", b"<rss/>"))
    headers = outlets.asked[0].headers
    assert headers["User-Agent"].startswith("Pitwire/")
    assert "rss" in headers["Accept"]
    assert {"gzip", "br"} <= set(headers["Accept-Encoding"].split(", "))


async def test_validators_are_sent_back_and_304_has_no_body(client: Client, outlets: Outlets) -> None:
    url = outlets.put("/feed", b"<rss/>")
    first = await client.get(url)
    again = await client.get(url, etag=first.headers["ETag"], last_modified="Sun, 22 Nov 2026 10:00:00 GMT")
    assert (again.status, again.body) == (304, b"")
    assert outlets.asked[1].headers["If-Modified-Since"] == "Sun, 22 Nov 2026 10:00:00 GMT"


async def test_where_permanent_redirects_lead_is_told(client: Client, outlets: Outlets) -> None:
    new = outlets.put("/new", b"<rss/>")
    outlets.redirect("/mid", "/new", 308)
    outlets.redirect("/temporary", "/new", 302)
    moved = await client.get(outlets.redirect("/old", "/mid", 301))
    assert (moved.moved_to, moved.url) == (new, new)
    half = await client.get(outlets.redirect("/half", "/temporary", 301))
    assert half.moved_to == outlets.url + "/temporary", (
        "the operator's address may change, not further than it is for good"
    )
    assert (await client.get(outlets.url + "/temporary")).moved_to is None


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "password"),
        (403, "refuses"),
        (404, "no feed"),
        (410, "for good"),
        (429, "fewer"),
        (500, "error"),
        (503, "maintenance"),
        (418, "418"),
        (599, "599"),
    ],
)
async def test_a_refusal_is_said_in_plain_words(
    client: Client, outlets: Outlets, status: int, words: str
) -> None:
    with pytest.raises(FetchError, match=words) as caught:
        await client.get(outlets.put("/feed", b"no", status=status))
    assert caught.value.status == status


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (403, {"cf-mitigated": "challenge"}, b""),
        (503, {}, b"<html><title>Just a moment...</title>"),
        (429, {}, b"<html>Please solve the captcha"),
    ],
)
async def test_a_bot_wall_is_recognised(
    client: Client, outlets: Outlets, status: int, headers: dict[str, str], body: bytes
) -> None:
    with pytest.raises(FetchError, match="bot wall"):
        await client.get(outlets.put("/feed", body, status=status, headers=headers))


def test_a_front_page_with_a_captcha_in_its_forms_is_no_bot_wall() -> None:
    script = (
        b'<!doctype html><html><title>Racing</title><script src="https://x.example/recaptcha.js"></script>'
    )
    assert health.not_a_feed(script + b"<p>news</p>" * 2000) == "trouble.web_page"
    assert health.not_a_feed(b"<html><p>Please solve the captcha</p>") == "trouble.wall_page"
    moment = b"<html><head><title>Just a moment...</title>" + b"<p>wait</p>" * 2000
    assert health.not_a_feed(moment) == "trouble.wall_page"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("120", 120), ("Sun, 22 Nov 2026 14:05:00 GMT", 300), ("999999999", 86_400), ("soon", None), ("", None)],
)
async def test_retry_after_is_understood(
    client: Client, outlets: Outlets, clock: FakeClock, value: str, seconds: int | None
) -> None:
    with pytest.raises(FetchError) as caught:
        await client.get(outlets.put("/feed", b"", status=429, headers={"Retry-After": value}))
    expected = None if seconds is None else clock() + timedelta(seconds=seconds)
    assert caught.value.retry_at == expected


async def test_a_server_that_is_not_there_is_said_so(client: Client, outlets: Outlets) -> None:
    url = outlets.url
    await outlets.__aexit__()
    with pytest.raises(Unreachable, match="refuses connections"):
        await client.get(url)
    await outlets.__aenter__()


def test_foreign_errors_become_sentences() -> None:
    certificate = ssl.SSLCertVerificationError("x")
    certificate.verify_message = "certificate has expired"
    key = aiohttp.client_reqrep.ConnectionKey("a", 443, True, True, None, None, None)
    wrapped = aiohttp.ClientConnectorCertificateError(key, certificate)
    assert "certificate has expired" in str(health.fetch_error(wrapped, seconds=1))
    certificate.verify_code = 62
    assert health.fetch_error(wrapped, seconds=1).reason == "trouble.certificate|trouble.ssl.62"
    unknown = aiohttp.ClientConnectorDNSError(key, OSError("Name or service not known"))
    assert "name of the server" in str(health.fetch_error(unknown, seconds=1))
    assert "secure connection" in str(health.fetch_error(ssl.SSLError("handshake"), seconds=1))


async def test_one_host_is_asked_one_thing_at_a_time(client: Client, outlets: Outlets) -> None:
    outlets.put("/feed", b"<rss/>")
    await asyncio.gather(*(client.get(f"{outlets.url}/feed?{n}") for n in range(20)))
    assert outlets.most_at_once == 1
    assert len(outlets.asked) == 20


async def test_two_hosts_are_asked_at_once(client: Client, outlets: Outlets) -> None:
    both = asyncio.Barrier(2)

    async def meet(_: web.BaseRequest) -> web.StreamResponse:
        await asyncio.wait_for(both.wait(), 5)
        return web.Response()

    async with Outlets() as other:
        outlets.answers["/"] = other.answers["/"] = meet
        await asyncio.gather(client.get(outlets.url + "/"), client.get(other.url + "/"))


async def test_between_two_requests_to_a_host_there_is_a_gap(clock: FakeClock, outlets: Outlets) -> None:
    http = HttpSettings.model_validate({"allow_networks": ["127.0.0.0/8"]})
    async with Client(http, PollSettings(host_gap=0.05), clock) as client:
        outlets.put("/feed", b"<rss/>")
        await asyncio.gather(*(client.get(f"{outlets.url}/feed?{n}") for n in range(4)))
    times = [asked.at for asked in outlets.asked]
    assert all(later - earlier >= 0.05 for earlier, later in itertools.pairwise(times))


async def test_what_a_story_waits_for_goes_before_the_next_poll() -> None:
    turns, order = Turns(0), []

    async def ask(name: str, *, urgent: bool) -> None:
        async with turns.turn("host", urgent=urgent):
            order.append(name)

    async with turns.turn("host"):
        tasks = [
            asyncio.create_task(ask("poll", urgent=False)),
            asyncio.create_task(ask("page", urgent=True)),
        ]
        await asyncio.sleep(0)
    await asyncio.gather(*tasks)
    assert order == ["page", "poll"]


async def test_who_gives_up_waiting_blocks_nobody() -> None:
    turns = Turns(0)

    async def ask() -> str:
        async with turns.turn("host"):
            return "asked"

    async with turns.turn("host"):
        tired, patient = asyncio.create_task(ask()), asyncio.create_task(ask())
        await asyncio.sleep(0)
        tired.cancel()
    assert await asyncio.wait_for(patient, 5) == "asked"
    await asyncio.wait_for(turns.take("host"), 5)


async def test_a_page_is_decoded_as_it_says(client: Client, outlets: Outlets) -> None:
    latin = "Hülkenberg".encode("latin-1")
    plain = outlets.put("/plain", latin, headers={"Content-Type": "text/html"})
    meta = outlets.put("/meta", b'<meta charset="windows-1251">' + "Квалификация".encode("cp1251"))
    assert (await client.get(plain)).text == "Hülkenberg"
    assert "Квалификация" in (await client.get(meta)).text


@pytest.mark.parametrize(
    ("status", "here", "there", "lasts"),
    [
        (301, "http://a.example/f", "https://a.example/f", True),
        (308, "https://a.example/f", "https://b.example/f", True),
        (301, "http://a.example/f", "http://b.example/f", True),
        (301, "https://a.example/f", "http://a.example/f", False),
        (302, "https://a.example/f", "https://b.example/f", False),
    ],
)
def test_a_feed_never_moves_from_tls_into_the_open(status: int, here: str, there: str, lasts: bool) -> None:
    assert _is_lasting(status, URL(here), URL(there)) is lasts
