"""The operator's door: `/healthz`, `/metrics`, and whatever other parts add (a status page, a hub's callback)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import structlog

from bot.metrics import Health, Metrics
from bot.plain import host_and_port
from bot.ports import Clock, Storage
from bot.web.door import Door
from bot.web.routes import Route, WebAnswer, WebRequest
from bot.web.watch import LOOP, Watch

if TYPE_CHECKING:
    from bot.config import WebSettings

__all__ = ["Route", "WebAnswer", "WebRequest", "serve"]

log = structlog.get_logger()


async def serve(
    settings: WebSettings,
    store: Storage,
    health: Health,
    metrics: Metrics,
    *,
    stop: asyncio.Event,
    clock: Clock,
    routes: Sequence[Route] = (),
    listening: Callable[[str], None] | None = None,
) -> None:
    """Listen on `settings.listen` until `stop`. Raises SettingsError when it cannot listen there.

    `listening` is told the address in use, for a port of 0.
    """
    if settings.listen is None:
        return
    host, port = host_and_port(settings.listen)
    watch = Watch(store, health, metrics, clock)
    door = Door(host, port, health, metrics, watch.refresh, routes)
    address = await door.open()
    log.info("listening", address=address)
    if listening is not None:
        listening(address)
    try:
        async with asyncio.TaskGroup() as group:
            beating = group.create_task(watch.beat(), name="health beat")
            looking = group.create_task(watch.look(), name="health look")
            await stop.wait()
            beating.cancel()
            looking.cancel()
    finally:
        health.rest(LOOP)
        await door.close()
