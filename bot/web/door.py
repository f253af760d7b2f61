"""The HTTP server, in a thread of its own: a health check that hangs with the event loop could not say so."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import structlog

from bot.errors import SettingsError
from bot.metrics import Health, Metrics
from bot.web.routes import Route, WebRequest

if TYPE_CHECKING:
    from aiohttp import web

T = TypeVar("T")
log = structlog.get_logger()

REFRESH = 3.0  # seconds that a scrape waits for fresh numbers
MOST_BODY = 5_000_000  # some hubs push a whole feed
BODIES = 8  # that are taken in at the same time: whoever finds the address may send them
BODY_PATIENCE = 10.0  # seconds for one
HANDLER_ANSWERS = 20.0  # seconds


class Door:
    """An HTTP server in a thread with an event loop of its own."""

    def __init__(
        self,
        host: str,
        port: int,
        health: Health,
        metrics: Metrics,
        refresh: Callable[[], Awaitable[None]],
        routes: Sequence[Route],
    ) -> None:
        self._host, self._port, self._health, self._metrics = host, port, health, metrics
        self._refresh, self._routes = refresh, routes
        self._main = asyncio.get_running_loop()
        self._opened: asyncio.Future[str] = self._main.create_future()
        self._bodies = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closing: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name="pitwire web", daemon=True)

    async def open(self) -> str:
        """Listen; return the address. Raises SettingsError."""
        self._thread.start()
        try:
            return await self._opened
        except OSError as error:
            reason = error.strerror or str(error)
            raise SettingsError(
                f"PITWIRE_WEB__LISTEN: cannot listen on {self._host}:{self._port}: {reason}."
            ) from error

    async def close(self) -> None:
        if self._loop is not None and self._closing is not None:
            with contextlib.suppress(RuntimeError):  # its loop has ended already
                self._loop.call_soon_threadsafe(self._closing.set)
        await asyncio.to_thread(self._thread.join, 2)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:  # noqa: BLE001 - whatever ends the thread is the caller's to know
            self._tell(error)

    async def _serve(self) -> None:
        from aiohttp import web

        self._loop, self._closing = asyncio.get_running_loop(), asyncio.Event()
        app = web.Application(client_max_size=MOST_BODY)
        app.router.add_get("/healthz", self._healthz)
        app.router.add_get("/metrics", self._numbers)
        for route in self._routes:
            for method in route.methods:
                app.router.add_route(method, route.path, self._passed_on(route))
        runner = web.AppRunner(app, handle_signals=False, access_log=None, shutdown_timeout=1)
        await runner.setup()
        try:
            await web.TCPSite(runner, self._host, self._port).start()
            self._tell(_written(runner.addresses[0]))
            await self._closing.wait()
        finally:
            await runner.cleanup()

    def _tell(self, result: str | BaseException) -> None:
        def settle() -> None:
            if self._opened.done():
                return
            if isinstance(result, BaseException):
                self._opened.set_exception(result)
            else:
                self._opened.set_result(result)

        with contextlib.suppress(RuntimeError):  # the main loop has ended: nobody waits for it
            self._main.call_soon_threadsafe(settle)

    async def _healthz(self, request: web.Request) -> web.Response:  # noqa: ARG002 - aiohttp hands it over
        from aiohttp import web

        troubles = self._health.troubles()
        lines = [f"{part}: {trouble}" for part, trouble in sorted(troubles.items())] or ["ok"]
        return web.Response(status=503 if troubles else 200, text="\n".join(lines) + "\n")

    async def _numbers(self, request: web.Request) -> web.Response:  # noqa: ARG002
        from aiohttp import web

        with contextlib.suppress(Exception):  # old numbers are better than none, and say that they are old
            await asyncio.wait_for(self._on_main(self._refresh()), REFRESH)
        self._metrics.unhealthy(self._health.troubles())
        return web.Response(
            body=self._metrics.text(), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
        )

    def _passed_on(self, route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            from aiohttp import web

            body_in = await self._body_of(request)
            if body_in is None:
                return web.Response(status=503, text="busy\n", headers={"Retry-After": "30"})
            asked = WebRequest(
                method=request.method,
                path=request.path,
                query=dict(request.query),
                headers={name.lower(): value for name, value in request.headers.items()},
                body=body_in,
                parts=dict(request.match_info),
            )
            try:
                answer = await asyncio.wait_for(self._on_main(route.answer(asked)), HANDLER_ANSWERS)
            except TimeoutError:
                return web.Response(status=503, text="busy\n")
            except Exception:
                log.exception("web route failed", path=route.path)
                return web.Response(status=500, text="failed\n")
            body = answer.body.encode() if isinstance(answer.body, str) else answer.body
            return web.Response(
                status=answer.status,
                body=body,
                content_type=answer.content_type,
                charset="utf-8",
                headers=answer.headers,
            )

        return handle

    async def _body_of(self, request: web.Request) -> bytes | None:
        """Take in a body; None where too many are under way, or this one is too slow."""
        if not request.can_read_body:
            return b""
        if self._bodies >= BODIES:
            return None
        self._bodies += 1
        try:
            return await asyncio.wait_for(request.read(), BODY_PATIENCE)
        except TimeoutError:
            return None
        finally:
            self._bodies -= 1

    def _on_main(self, work: Awaitable[T]) -> asyncio.Future[T]:
        """Let the main loop do it; await the result here."""

        async def run() -> T:
            return await work

        return asyncio.wrap_future(asyncio.run_coroutine_threadsafe(run(), self._main))


def _written(address: Any) -> str:
    host, port = address[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
