"""A model's summary goes out only when it comes in time and everything in it stands in the article."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr

from bot.config import LlmSettings
from bot.model import Article, Label, Reading
from bot.reading.llm import FAILURES, PAUSE, Writer
from bot.series.catalog import load_catalog
from tests.conftest import FakeClock

ARTICLE = Article(
    guid="1",
    url="https://outlet.example/1",
    title="Hülkenberg bleibt bei Audi",
    standfirst="Der Deutsche unterschreibt in Hinwil bis Ende 2028.",
    text="Nico Hülkenberg fährt auch in den nächsten zwei Jahren für Audi in der Formel 1. Der Vertrag gilt bis Ende 2028, "
    "wie das Team am Donnerstag in Hinwil mitteilte. Sein Teamkollege bleibt Gabriel Bortoleto.",
)
READING = Reading(
    language="de",
    series=(),
    primary=None,
    summary="…",
    spoiler=False,
    safe_title=ARTICLE.title,
    label=Label.REPORT,
)
GOOD = "Nico Hülkenberg fährt bis Ende 2028 für Audi in der Formel 1. Das teilte das Team am Donnerstag in Hinwil mit."

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def says(text: object) -> Handler:
    async def handler(_: web.Request) -> web.StreamResponse:
        return web.json_response({"choices": [{"message": {"content": text}}]})

    return handler


@asynccontextmanager
async def writer(handler: Handler, clock: FakeClock, **settings: object) -> AsyncIterator[Writer]:
    app = web.Application()
    app.router.add_post("/v1/chat/completions", handler)
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        named = {"base_url": str(server.make_url("/v1")), "model": "small", **settings}
        yield Writer(session, LlmSettings.model_validate(named), load_catalog(), clock)


async def told(handler: Handler, clock: FakeClock, **settings: object) -> str | None:
    async with writer(handler, clock, **settings) as asked:
        return await asked.tell(ARTICLE, READING)


async def test_a_faithful_summary_goes_out(clock: FakeClock) -> None:
    assert await told(says(GOOD), clock) == GOOD


async def test_quotation_marks_around_all_of_it_are_left_out(clock: FakeClock) -> None:
    assert await told(says(f'"{GOOD}"\n'), clock) == GOOD


async def test_the_model_is_given_the_article_the_language_and_the_key(clock: FakeClock) -> None:
    asked: list[tuple[dict[str, object], str]] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        asked.append((await request.json(), request.headers["Authorization"]))
        return await says(GOOD)(request)

    await told(handler, clock, api_key=SecretStr("key-of-a-test"))
    (question, key) = asked[0]
    assert key == "Bearer key-of-a-test"
    assert question["model"] == "small"
    assert "German" in str(question["messages"])
    assert "Bortoleto" in str(question["messages"])


@pytest.mark.parametrize(
    "lie",
    [
        "Nico Hülkenberg fährt bis Ende 2029 für Audi in der Formel 1, wie das Team am Donnerstag mitteilte.",
        "Nico Hülkenberg und Carlos Sainz fahren bis Ende 2028 für Audi in der Formel 1, wie das Team mitteilte.",
        "Nico Hülkenberg fährt bis Ende 2028 für Audi, das sagte Teamchef Erik Beispielmann am Donnerstag in Hinwil.",
        "Nico Hülkenberg will drive for Audi in Formula 1 until the end of 2028, the team said on Thursday in Hinwil.",
        "Nico Hülkenberg gewinnt in der Formel 1 für Audi, wie das Team am Donnerstag in Hinwil mitteilte.",
        "**Nico Hülkenberg** fährt bis Ende 2028 für Audi in der Formel 1. https://outlet.example/1",
        "Hülkenberg bleibt bei Audi." + " Der Vertrag gilt bis Ende 2028." * 20,
        "Hülkenberg bleibt.",
        "Hülkenberg bleibt bei Audi, Hülkenberg bleibt bei Audi.",
        "",
    ],
)
async def test_what_the_article_does_not_bear_out_does_not_go_out(lie: str, clock: FakeClock) -> None:
    assert await told(says(lie), clock) is None


async def test_whatever_the_server_answers_nothing_is_raised(clock: FakeClock) -> None:
    async def broken(_: web.Request) -> web.StreamResponse:
        return web.Response(text="<html>not JSON</html>")

    async def failing(_: web.Request) -> web.StreamResponse:
        return web.json_response({"error": "overloaded"}, status=503)

    async def moving(_: web.Request) -> web.StreamResponse:
        raise web.HTTPTemporaryRedirect("/elsewhere")

    async def endless(_: web.Request) -> web.StreamResponse:
        return web.Response(text='"' + "x" * 200_000 + '"')

    async def closing(request: web.Request) -> web.StreamResponse:
        assert request.transport
        request.transport.close()
        return web.Response()

    for handler in (broken, failing, moving, endless, closing, says(None), says(["no", "text"])):
        assert await told(handler, clock) is None


async def test_nobody_waits_longer_than_the_timeout(clock: FakeClock) -> None:
    release = asyncio.Event()

    async def slow(_: web.Request) -> web.StreamResponse:
        await release.wait()
        return web.Response()

    async with writer(slow, clock, timeout=0.05) as asked:
        assert await asked.tell(ARTICLE, READING) is None
        release.set()


async def test_a_server_that_is_down_is_left_alone_for_a_while(clock: FakeClock) -> None:
    calls = 0

    async def failing(_: web.Request) -> web.StreamResponse:
        nonlocal calls
        calls += 1
        return web.Response(status=500)

    async with writer(failing, clock) as asked:
        for _ in range(FAILURES + 3):
            await asked.tell(ARTICLE, READING)
        assert calls == FAILURES
        clock.at += PAUSE + timedelta(seconds=1)
        await asked.tell(ARTICLE, READING)
        assert calls == FAILURES + 1


async def test_the_budget_of_a_day_is_kept_and_renewed(clock: FakeClock) -> None:
    async with writer(says(GOOD), clock, per_day=2) as asked:
        assert [await asked.tell(ARTICLE, READING) for _ in range(3)] == [GOOD, GOOD, None]
        clock.forward(days=1)
        assert await asked.tell(ARTICLE, READING) == GOOD
