"""Health and metrics over real HTTP on loopback."""

from __future__ import annotations

import asyncio
import re
import socket
import threading
import time
import urllib.request
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest
from prometheus_client import Counter, Gauge, Histogram

from bot.config import WebSettings
from bot.errors import SettingsError, StorageFull
from bot.metrics import Health, Metrics
from bot.model import DeliveryState, OutcomeKind
from bot.web import Route, WebAnswer, WebRequest, serve
from bot.web.door import BODIES
from storage import Store
from tests.conftest import FakeClock
from tests.wire import eventually


def fetch(address: str, path: str, body: bytes | None = None) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://{address}{path}", data=body, timeout=5) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode()


class Door:
    def __init__(self, address: str, health: Health, metrics: Metrics) -> None:
        self.address, self.health, self.metrics = address, health, metrics

    async def get(self, path: str, body: bytes | None = None) -> tuple[int, str]:
        return await asyncio.to_thread(fetch, self.address, path, body)


@asynccontextmanager
async def door(store: Any, clock: FakeClock, routes: Sequence[Route] = ()) -> AsyncIterator[Door]:
    health, metrics, stop = Health(clock), Metrics(), asyncio.Event()
    address: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    settings = WebSettings(listen="127.0.0.1:0")
    serving = asyncio.create_task(
        serve(
            settings,
            store,
            health,
            metrics,
            stop=stop,
            clock=clock,
            routes=routes,
            listening=address.set_result,
        )
    )
    try:
        yield Door(await asyncio.wait_for(address, 5), health, metrics)
    finally:
        stop.set()
        await asyncio.wait_for(serving, 5)


async def test_all_is_well_until_a_part_says_otherwise(sqlite_store: Store, clock: FakeClock) -> None:
    async with door(sqlite_store, clock) as web:
        assert await web.get("/healthz") == (200, "ok\n")
        web.health.report("discord senders", "2 stuck for longer than 60 s")
        status, text = await web.get("/healthz")
        assert (status, text) == (
            503,
            "discord senders: 2 stuck for longer than 60 s (since 2026-11-22 14:00 UTC)\n",
        )
        web.health.report("discord senders", None)
        assert (await web.get("/healthz"))[0] == 200


async def test_a_hanging_event_loop_is_said_while_it_hangs(sqlite_store: Store, clock: FakeClock) -> None:
    async with door(sqlite_store, clock) as web:
        await eventually(lambda: "event loop" in web.health._beats)
        web.health._beats["event loop"].at -= 11  # as if it had not turned for that long
        answers: list[tuple[int, str]] = []
        asking = threading.Thread(target=lambda: answers.append(fetch(web.address, "/healthz")))
        asking.start()
        until = time.monotonic() + 5
        while not answers and time.monotonic() < until:  # this test is what hangs the loop
            time.sleep(0.01)
        assert answers[0][0] == 503
        assert answers[0][1].startswith("event loop: no sign of life for 11 s")
        asking.join()


async def test_a_store_that_cannot_be_written_is_a_failure_of_health(clock: FakeClock) -> None:
    class FullStore:
        async def check_writable(self) -> None:
            raise StorageFull("The disk is full.")

        async def counts(self, **_: object) -> dict[tuple[str, str], int]:
            raise StorageFull("The disk is full.")

    async with door(FullStore(), clock) as web:
        await eventually(lambda: web.health.troubles())
        status, text = await web.get("/healthz")
        assert status == 503
        assert text.startswith("store: The disk is full.")
        numbers = (await web.get("/metrics"))[1]
        assert "pitwire_store_writable 0.0" in numbers
        assert 'pitwire_unhealthy{part="store"} 1.0' in numbers


async def test_metrics_tell_what_happened_and_what_the_store_holds(
    sqlite_store: Store, clock: FakeClock
) -> None:
    async with door(sqlite_store, clock) as web:
        web.metrics.polled("unchanged", 0.1)
        web.metrics.entries(new=3)
        web.metrics.story("new")
        web.metrics.feed_failed("http 403")
        web.metrics.accepted("discord", "send", 0.1, timedelta(seconds=2))
        web.metrics.rate_limited("discord", "all")
        web.metrics.uncertain("telegram")
        status, text = await web.get("/metrics")
        assert status == 200
        for line in (
            'pitwire_polls_total{result="unchanged"} 1.0',
            'pitwire_entries_total{kind="new"} 3.0',
            'pitwire_stories_total{kind="new"} 1.0',
            'pitwire_feed_errors_total{reason="http 403"} 1.0',
            'pitwire_delivery_lag_seconds_bucket{adapter="discord",le="2.0"} 1.0',
            'pitwire_rate_limited_total{adapter="discord",scope="all"} 1.0',
            'pitwire_uncertain_total{adapter="telegram"} 1.0',
            "pitwire_queue_age_seconds 0.0",
            'pitwire_feeds{state="failing"} 0.0',
        ):
            assert line in text, line


async def test_other_parts_add_pages_that_run_on_the_main_loop(sqlite_store: Store, clock: FakeClock) -> None:
    main = threading.get_ident()

    async def hub(request: WebRequest) -> WebAnswer:
        assert threading.get_ident() == main
        return WebAnswer(
            status=202,
            body=f"{request.method} {request.parts['feed']} {request.query['x']} {request.body.decode()}",
        )

    async def broken(request: WebRequest) -> WebAnswer:
        raise KeyError(request.path)

    routes = [
        Route(path="/push/{feed}", answer=hub, methods=("GET", "POST")),
        Route(path="/broken", answer=broken),
    ]
    async with door(sqlite_store, clock, routes) as web:
        assert await web.get("/push/7?x=1", b"news") == (202, "POST 7 1 news")
        assert await web.get("/push/7?x=2") == (202, "GET 7 2 ")
        assert await web.get("/broken") == (500, "failed\n")
        assert (await web.get("/nowhere"))[0] == 404


async def test_a_whole_feed_may_be_pushed_and_few_bodies_are_taken_in_at_once(
    sqlite_store: Store, clock: FakeClock
) -> None:
    async def hub(request: WebRequest) -> WebAnswer:
        return WebAnswer(body=str(len(request.body)))

    async with door(
        sqlite_store, clock, [Route(path="/push", answer=hub, methods=("GET", "POST"))]
    ) as opened:
        assert await opened.get("/push", b"x" * 4_000_000) == (200, "4000000")
        assert (await opened.get("/push", b"x" * 5_000_001))[0] == 413
        host, port = opened.address.split(":")
        slow = [await asyncio.open_connection(host, int(port)) for _ in range(BODIES)]
        for _, writer in slow:
            writer.write(b"POST /push HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nx")
            await writer.drain()
        async with asyncio.timeout(5):
            while (await opened.get("/push", b"x"))[0] != 503:
                pass
        assert await opened.get("/push") == (200, "0"), "what has no body waits for nobody"
        for _, writer in slow:
            writer.close()
        async with asyncio.timeout(5):
            while await opened.get("/push", b"x") != (200, "1"):
                pass


async def test_an_address_in_use_is_one_sentence_that_names_the_setting(
    sqlite_store: Store, clock: FakeClock
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(SettingsError, match=r"PITWIRE_WEB__LISTEN: cannot listen on 127\.0\.0\.1:\d+"):
            await serve(
                WebSettings(listen=listen),
                sqlite_store,
                Health(clock),
                Metrics(),
                stop=asyncio.Event(),
                clock=clock,
            )


def test_a_part_that_ends_in_order_breaks_no_promise(clock: FakeClock) -> None:
    seconds = iter([0.0, 100.0, 100.0])
    health = Health(clock, monotonic=lambda: next(seconds))
    health.beat("outbox", timedelta(seconds=90))
    assert health.troubles() == {"outbox": "no sign of life for 100 s"}
    health.rest("outbox")
    assert not health.troubles()


ALERTS = Path(__file__).parents[2] / "docs" / "alerts.md"
RULE = re.compile(
    r"- alert: (\w+)\n +expr: (?:>\n)?(.+?)\n(?: +for: (\S+)\n)? +annotations: \{summary: \"([^\n]+)\"\}",
    re.S,
)


def alert_rules() -> dict[str, tuple[str, str]]:
    """The expression and the sentence of each rule."""
    page = ALERTS.read_text(encoding="utf-8")
    return {name: (expression, summary) for name, expression, _, summary in RULE.findall(page)}


def numbers() -> dict[str, set[str]]:
    """The labels of each number that Pitwire tells."""
    told = [part for part in vars(Metrics()).values() if isinstance(part, Counter | Gauge | Histogram)]
    return {"up": {"job"}} | {
        f"{next(iter(metric.describe())).name}{end}": set(metric._labelnames)
        for metric in told
        for end in ("", "_total", "_bucket")
    }


def test_each_alert_rule_of_the_page_is_read() -> None:
    assert len(alert_rules()) == ALERTS.read_text(encoding="utf-8").count("- alert:") >= 12


@pytest.mark.parametrize("rule", alert_rules())
def test_an_alert_rule_asks_for_numbers_and_labels_that_exist(rule: str) -> None:
    (expression, summary), known = alert_rules()[rule], numbers()
    bare = re.sub(r'"[^"]*"', '""', expression)
    assert all(bare.count(left) == bare.count(right) for left, right in ("()", "[]", "{}"))
    asked = re.findall(r"\b(pitwire_\w+|up)(?:\{([^}]*)\})?", expression)
    assert asked
    for name, wanted in asked:
        assert set(re.findall(r"(\w+)=~?\"", wanted)) <= known[name] | {"le"}, name
    told = set.union(*(known[name] for name, _ in asked))
    kept = re.search(r"\bby \(([^)]*)\)", expression)
    assert set(re.findall(r"\$labels\.(\w+)", summary)) <= (
        set(re.split(r", *", kept[1])) & (told | {"le"}) if kept else told
    )


def test_an_alert_rule_names_states_and_outcomes_that_exist() -> None:
    states, outcomes = {str(state) for state in DeliveryState}, {str(kind) for kind in OutcomeKind}
    for expression, _ in alert_rules().values():
        for name, values in re.findall(r'pitwire_(deliver\w+)\{\w+=~?"([^"]*)"', expression):
            assert set(values.split("|")) <= (states if name == "deliveries" else outcomes)
