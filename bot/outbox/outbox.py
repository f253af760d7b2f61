"""What is owed becomes what is sent: one line of senders a platform, over one store."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import structlog

from bot.errors import StorageError
from bot.metrics import Health
from bot.model import Post
from bot.outbox.digests import Digests
from bot.outbox.downtime import Downtime
from bot.outbox.ledger import Ledger
from bot.outbox.line import Line
from bot.outbox.notices import Notices
from bot.outbox.pings import Pings
from bot.outbox.rendering import Renderer
from bot.outbox.sender import Sender, Tools
from bot.outbox.watch import Metrics, Nobody
from bot.outbox.weather import Weather
from bot.pacing import Pacer
from bot.ports import Adapter, Clock, Storage
from bot.posts import Verdict, compose, compose_digest, decide
from bot.waits import first_of

if TYPE_CHECKING:
    from bot.config import DeliverySettings
    from bot.series.catalog import Catalog

log = structlog.get_logger()

CLOSING = 1.0  # seconds for what is still to be written down when everything has stopped
STORE_RETRY = 2.0


class Outbox:
    """Delivers what the store says is owed, until it is asked to stop."""

    def __init__(
        self,
        storage: Storage,
        adapters: Mapping[str, Adapter],
        paces: Mapping[str, Pacer],
        catalog: Catalog,
        clock: Clock,
        settings: DeliverySettings,
        *,
        health: Health | None = None,
        metrics: Metrics | None = None,
        decide: Callable[..., Verdict] = decide,
        compose: Callable[..., Post] = compose,
        compose_digest: Callable[..., Post] = compose_digest,
    ) -> None:
        self._storage, self._clock, self._adapters = storage, clock, adapters
        self._downtime = Downtime(storage, clock, keep=settings.catch_up)
        health = health or Health(clock)
        self.tools = tools = Tools(
            storage=storage,
            clock=clock,
            settings=settings,
            renderer=Renderer(catalog, clock, compose=compose, compose_digest=compose_digest),
            ledger=Ledger(storage, clock, health),
            digests=Digests(storage, clock),
            notices=Notices(storage, adapters, paces, clock, keep=settings.catch_up),
            pings=Pings(storage, clock),
            health=health,
            metrics=metrics or Nobody(),
            decide=decide,
        )
        self.lines = {name: _line(adapter, paces[name], tools) for name, adapter in adapters.items()}

    async def run(self, stop: asyncio.Event) -> None:
        """Deliver until `stop`. What is being sent then is finished and written down, in under 9 s."""
        try:
            if not await self._begin(stop):
                return
            await self._work(stop)
        except BaseExceptionGroup as failed:
            raise failed.exceptions[0] from None
        finally:
            await self.tools.ledger.close(CLOSING)

    async def _work(self, stop: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as group:
            waking = group.create_task(self._wake(), name="outbox wake")
            group.create_task(self.tools.digests.run(stop), name="outbox digests")
            group.create_task(self.tools.notices.run(stop), name="outbox notices")
            group.create_task(self._downtime.run(stop), name="outbox heartbeat")
            lines = [
                group.create_task(line.run(stop), name=f"outbox {name}") for name, line in self.lines.items()
            ]
            await stop.wait()
            await asyncio.wait(lines)
            waking.cancel()

    async def deliver_due(self) -> int:
        """Make the digests that are due and deliver what is due, once; return how many were claimed."""
        await self.tools.digests.make_due()
        claimed = 0
        for line in self.lines.values():
            claimed += await line.deliver_due()
        return claimed

    async def _begin(self, stop: asyncio.Event) -> bool:
        """Take up what the process before left; False when asked to stop meanwhile."""
        while not stop.is_set():
            try:
                freed = await self._storage.free_leases(now=self._clock())
                await self._downtime.catch_up(stop)
                await self.tools.digests.expect_all()
                await self.tools.digests.make_due()  # before a sender takes its stories one by one
                await self.tools.notices.look_back()
            except StorageError as error:
                log.warning("outbox waits for the store", reason=str(error))
                await first_of(stop.wait(), seconds=STORE_RETRY)
            else:
                log.info("outbox begins", taken_over=freed, adapters=sorted(self._adapters))
                return not stop.is_set()
        return False

    async def _wake(self) -> None:
        """Pass the store's hint on to every line."""
        while True:
            await self._storage.wake.wait()
            self._storage.wake.clear()
            for line in self.lines.values():
                line.wake()


def _line(adapter: Adapter, pace: Pacer, tools: Tools) -> Line:
    weather = Weather()
    return Line(adapter, Sender(adapter, pace, weather, tools), weather, tools)
