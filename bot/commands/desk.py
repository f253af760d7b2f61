"""Where requests from every platform are answered: the one edge between people and the core."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from bot.commands import (
    alerts,
    each_series,
    feeds,
    filtering,
    follow,
    helping,
    moving,
    preview,
    setup,
    sources,
    splitting,
    status,
    stories,
    why,
)
from bot.commands.ask import Ask, catch_up, language_of
from bot.commands.line import Line, read_line
from bot.commands.menu import BY_NAME
from bot.commands.nearest import unknown_command
from bot.commands.suggest import suggest
from bot.errors import PitwireError, StorageError, UserError
from bot.locale import LOCALES, say, texts
from bot.model import Change, Destination, Limits, PlatformChange, Preferences, Reply, Request, Suggestion
from bot.ports import Clock, Storage
from bot.posts.resuming import resume
from bot.series.catalog import Catalog

if TYPE_CHECKING:
    from bot.config import Settings as Configuration

PATIENCE = 20.0  # seconds for one answer
SUGGESTING = 0.9

Handler = Callable[[Ask], Awaitable[Reply]]

HANDLERS: Mapping[str, Handler] = {
    "latest": stories.latest,
    "search": stories.search,
    "follow": follow.follow,
    "unfollow": follow.unfollow,
    "following": follow.following,
    "series": follow.series,
    "alerts": alerts.alerts,
    "why": why.why,
    "setup": setup.setup,
    "settings": each_series.settings,
    "channel": setup.channel,
    "filter": filtering.filter_,
    "preview": preview.preview,
    "split": splitting.split,
    "status": status.status,
    "sources": sources.sources,
    "feed": feeds.feed,
    "audit": sources.audit,
    "export": moving.export,
    "import": moving.import_,
    "help": helping.help_,
    "start": helping.start,
}

log = structlog.get_logger()


class Desk:
    """Answers commands, pressed choices and completions (`bot.ports.Answerer`)."""

    def __init__(
        self,
        storage: Storage,
        catalog: Catalog,
        clock: Clock,
        *,
        settings: Configuration | None = None,
        limits: Mapping[str, Limits] | None = None,  # of each adapter
        paused: Callable[[Destination, str], None] | None = None,  # told of places that a platform closed
    ) -> None:
        self._storage = storage
        self._catalog = catalog
        self._clock = clock
        self._settings = settings
        self._limits = limits or {}
        self._paused = paused
        self._fallback = settings.locale if settings is not None else "en"

    async def __call__(self, request: Request) -> Reply:
        """Answer. What a person did wrong is one friendly sentence; what we did wrong is logged and said kindly."""
        line = read_line(request.line, request.options)
        locale = language_of(request, None, self._fallback)
        try:
            async with asyncio.timeout(PATIENCE):
                ask = await self._ask(request, line)
                locale = ask.locale
                return await self._answer(ask)
        except UserError as error:
            return Reply(text=say(locale, error.key, **error.arguments), private=True, locale=locale)
        except TimeoutError:
            log.warning("command slow", command=line.name, adapter=request.adapter)
            return Reply(text=say(locale, "commands.slow"), private=True, locale=locale)
        except Exception:  # the one net at the edge of a command
            log.exception("command failed", command=line.name, adapter=request.adapter)
            return Reply(text=say(locale, "commands.failed"), private=True, locale=locale)

    async def warm_up(self) -> None:
        """Read ahead what the first answers need, beside everything else: it would hold them up for a second."""
        await asyncio.to_thread(self._read_ahead)

    def _read_ahead(self) -> None:
        self._catalog.topic("anybody")
        for locale in LOCALES:
            texts(locale)
        read_line("anything", {})

    async def suggest(self, request: Request, option: str, typed: str) -> Sequence[Suggestion]:
        """Complete an option while it is typed; nothing rather than an error or a long wait."""
        try:
            async with asyncio.timeout(SUGGESTING):
                ask = await self._ask(request, read_line(request.line, {}))
                return await suggest(ask, option, typed[:100])
        except (PitwireError, TimeoutError) as error:
            log.info("nothing suggested", option=option, why=type(error).__name__)
            return []

    async def noticed(self, change: PlatformChange) -> None:
        """Pause, resume or move what is posted to a place; what is known of it stays."""
        try:
            if places := await self._note(change):
                log.info(
                    "place changed", adapter=change.adapter, change=change.change.value, destinations=places
                )
        except StorageError:
            log.exception("place not updated", adapter=change.adapter)

    async def preferences_at(self, request: Request) -> Preferences:
        """The preferences that hold where a request comes from."""
        try:
            found = await self._storage.destination(request.adapter, request.address)
        except StorageError:
            log.exception("preferences not read", adapter=request.adapter)
            found = None
        if found is not None:
            return found.preferences
        return Preferences(locale=language_of(request, None, self._fallback))

    async def _ask(self, request: Request, line: Line) -> Ask:
        target = line.target or request.address
        destination = await self._storage.destination(request.adapter, target)
        if target != request.address and not _is_within(request, target, destination):
            raise UserError("commands.elsewhere")
        ask = Ask(
            request=request,
            line=line,
            storage=self._storage,
            catalog=self._catalog,
            settings=self._settings,
            limits=self._limits.get(request.adapter),
            now=self._clock(),
            locale=language_of(request, destination, self._fallback),
            destination=destination,
        )
        if destination is None and target != request.address and request.may_manage:
            # The buttons of the answer name the place, and only a known place is believed to be one of this space.
            return replace(ask, destination=await ask.ensure())
        return ask

    async def _answer(self, ask: Ask) -> Reply:
        handler = HANDLERS.get(ask.line.name)
        if handler is None:
            return await _unknown(ask)
        reply = await handler(ask)
        command = BY_NAME.get(ask.line.name)
        return replace(reply, private=True) if command is not None and command.private else reply

    async def _note(self, change: PlatformChange) -> int:
        """Write down what changed, and return at how many known places it did."""
        now = self._clock()
        if change.change is Change.MOVED:
            moved = await self._storage.destination(change.adapter, change.address)
            await self._storage.move(change.adapter, change.address, change.new_address, now=now)
            return int(moved is not None)
        if change.change is Change.REMOVED:
            reason, paused = change.reason or "commands.paused.removed", 0
            for place in await self._places(change):
                if await self._storage.pause(place.id, reason, now=now):
                    paused += 1
                    if self._paused is not None:
                        self._paused(place, reason)
            return paused
        keep = catch_up(self._settings)
        return await resume(
            self._storage, change.adapter, space=change.space, address=change.address, now=now, keep=keep
        )

    async def _places(self, change: PlatformChange) -> Sequence[Destination]:
        if change.address:
            place = await self._storage.destination(change.adapter, change.address)
            return [place] if place else []
        return await self._storage.destinations(change.adapter, change.space) if change.space else []


async def _unknown(ask: Ask) -> Reply:
    """A name by itself asks for its news: "wec", "Max Verstappen"."""
    asked = f"{ask.line.name} {ask.line.rest}".strip()
    if ask.catalog.find(asked) or ask.catalog.topic(asked):
        return await stories.latest(replace(ask, line=Line("latest", asked)))
    return unknown_command(ask, ask.line.name)


def _is_within(request: Request, target: str, destination: Destination | None) -> bool:
    """A place named in a line: known to be of the same space, a topic of the same group, or chosen with the
    platform's own chooser, which offers no others."""
    if destination is not None:
        return destination.space == request.space
    is_topic = target.partition("/")[0] == request.address.partition("/")[0]
    return is_topic or "destination" in request.options
