"""The status page: what an operator sees in a browser, and what hostile text cannot do there."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.errors import StorageFull
from bot.locale import LOCALES
from bot.metrics import Health
from bot.model import Feed
from bot.series.catalog import load_catalog
from bot.web import WebRequest
from bot.web.page import Standing, StatusPage, draw
from storage import Store
from tests.conftest import FakeClock
from tests.racing import SUNDAY, place, publish, result, story

FEED = Feed(url="https://paddock-post.example/feed", outlet="Paddock Post", next_check_at=SUNDAY)
QUIET = Standing(now=SUNDAY, troubles={})
ASKED = WebRequest(method="GET", path="/", query={}, headers={"accept-language": "de-AT,de;q=0.9"})


def drawn(standing: Standing, locale: str = "en") -> str:
    return draw(standing, load_catalog(), locale)


async def test_it_shows_queue_outlets_and_stories_in_the_browser_s_language(
    sqlite_store: Store, clock: FakeClock
) -> None:
    here = await sqlite_store.ensure_destination(place())
    await sqlite_store.follow(here.id, ["series:wec"], now=clock(), by="moderator")
    await publish(sqlite_store, story("Regen verschiebt den Start"))
    answer = await StatusPage(sqlite_store, Health(clock), load_catalog(), clock).answer(ASKED)
    page = str(answer.body)
    assert answer.content_type == "text/html"
    assert '<html lang="de">' in page
    for words in (
        "Alles in Ordnung.",
        "1 Feed wird gelesen",
        "Regen verschiebt den Start",
        "<th>wartend</th><td>1</td>",
    ):
        assert words in page, words


async def test_a_store_that_does_not_answer_is_the_trouble_it_shows(clock: FakeClock) -> None:
    class FullStore:
        async def feeds(self) -> None:
            raise StorageFull("The disk is full.")

    answer = await StatusPage(FullStore(), Health(clock), load_catalog(), clock).answer(ASKED)  # type: ignore[arg-type]
    assert answer.status == 200
    assert "<b>store</b>: The disk is full." in str(answer.body)


async def test_its_policy_lets_nothing_run_but_its_own_style(sqlite_store: Store, clock: FakeClock) -> None:
    answer = await StatusPage(sqlite_store, Health(clock), load_catalog(), clock).answer(ASKED)
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert not re.search(r"<script|<link|<img|style=|\son\w+=", str(answer.body))


def test_troubles_are_the_first_thing_said() -> None:
    page = drawn(replace(QUIET, troubles={"store": "The disk is full."}))
    assert '<body class="bad">' in page
    assert "<b>store</b>: The disk is full." in page
    assert "All is well." not in page


def test_an_outlet_in_trouble_is_named_with_its_reason_and_its_last_success() -> None:
    failing = replace(
        FEED,
        trouble="trouble.status.404|404",
        error_count=3,
        last_success_at=SUNDAY - timedelta(hours=5),
    )
    page = drawn(replace(QUIET, feeds=(failing, FEED)))
    assert "2 feeds are read; with troubles: 1." in page
    assert "<th>Paddock Post</th><td>There is no feed at this address (404).</td><td>5 h ago</td>" in page
    assert "<td>Unter dieser Adresse gibt es keinen Feed (404).</td>" in drawn(
        replace(QUIET, feeds=(failing,)), "de"
    )


def test_a_wall_of_failing_outlets_is_cut() -> None:
    failing = [replace(FEED, url=f"{FEED.url}/{n}", trouble="No.", error_count=n) for n in range(1, 200)]
    page = drawn(replace(QUIET, feeds=failing))
    assert page.count("<td>No.</td>") == 25
    assert "174" in page


def test_a_result_is_covered_until_it_is_opened() -> None:
    page = drawn(replace(QUIET, stories=(result("Ferrari wins in Bahrain"),)))
    shown = re.sub(r"(?s)(<summary>.*?</summary>).*?</details>", r"\1", page)
    assert "Ferrari" not in shown
    assert "the race is over" in shown
    assert "Ferrari wins in Bahrain" in page


def test_text_from_outside_stays_text() -> None:
    evil = '<script>alert(1)</script>"onload="x\u202e'
    hostile = replace(story(evil), url="javascript:alert(1)", language='en"><b>')
    feed = replace(FEED, outlet=evil, trouble=evil, error_count=1)
    page = drawn(replace(QUIET, stories=(hostile,), feeds=(feed,), troubles={evil: evil}))
    assert "<script" not in page
    assert "javascript:" not in page
    assert '"onload' not in page
    assert 'en">' not in page.split("<main>")[1]
    assert "\u202e" not in page


@pytest.mark.parametrize("locale", LOCALES)
def test_every_language_draws_every_part(locale: str) -> None:
    counts = {("discord", "owed"): 12_000, ("telegram", "set aside"): 1}
    page = drawn(
        replace(QUIET, counts=counts, oldest_owed_at=SUNDAY - timedelta(minutes=9), stories=(story(),)),
        locale,
    )
    assert "12\u202f000" in page
    assert "web." not in re.sub(r"<style>.*?</style>", "", page, flags=re.S)
