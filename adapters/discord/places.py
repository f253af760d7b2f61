"""What kind of place an address is: a text channel, a thread, a forum, a person's direct messages.

The gateway knows nearly all of them for free; what it does not know is asked once and remembered for a while.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from adapters.discord.errors import Refused
from bot.errors import DestinationPaused
from bot.ports import Clock

TEXT, DIRECT, NEWS, NEWS_THREAD, THREAD, PRIVATE_THREAD, FORUM, MEDIA = 0, 1, 5, 10, 11, 12, 15, 16
CATEGORY, DIRECTORY = 4, 14
THREADS = frozenset((NEWS_THREAD, THREAD, PRIVATE_THREAD))
FORUMS = frozenset((FORUM, MEDIA))
REQUIRES_TAG = 1 << 4

PERSON = "dm:"  # an address "dm:123" is the private conversation with user 123
REMEMBERED = 5000
FRESH_FOR = timedelta(minutes=10)
TOLD_WITHIN = timedelta(seconds=30)  # the gateway tells of a change of ours a moment after it was made


@dataclass(frozen=True, slots=True)
class Tag:
    """A forum's tag. Who changes the list has to send all of it back."""

    id: str
    name: str
    moderated: bool = False
    emoji_id: str | None = None
    emoji_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A channel or thread, as far as posting there needs to know it."""

    id: str
    kind: int = TEXT
    guild_id: str = ""
    parent_id: str = ""
    name: str = ""
    is_archived: bool = False
    tags: tuple[Tag, ...] = ()
    flags: int = 0

    @property
    def is_thread(self) -> bool:
        return self.kind in THREADS

    @property
    def is_forum(self) -> bool:
        return self.kind in FORUMS


class Asks(Protocol):
    """The part of the REST client that this module needs; it waits for its slot by itself."""

    async def __call__(self, method: str, path: str, *, body: Any = None) -> Any: ...


class Places:
    """Looks places up: in what the gateway knows, in what was asked before, at Discord."""

    def __init__(
        self,
        ask: Asks,
        open_direct: Callable[[str], Awaitable[Any]],
        known: Callable[[str], Place | None],
        clock: Clock,
    ) -> None:
        self._ask = ask
        self._open_direct = open_direct
        self._known = known
        self._clock = clock
        self._asked: OrderedDict[str, tuple[datetime, Place]] = OrderedDict()
        self._changed: OrderedDict[str, datetime] = OrderedDict()  # by us
        self._direct: OrderedDict[str, Place] = OrderedDict()

    async def at(self, address: str) -> Place:
        """The place of an address. Raises DestinationPaused where nothing can be posted, RestError when unknown."""
        if address.startswith(PERSON):
            return await self._person(address.removeprefix(PERSON))
        place = self._corrected(address) or self._known(address) or self._remembered(address)
        place = place or await self.fetch(address)
        if place.kind in (CATEGORY, DIRECTORY):
            raise DestinationPaused("discord.paused.kind")
        return place

    def glance(self, address: str) -> Place | None:
        """What is known of an address without asking."""
        if address.startswith(PERSON):
            return self._direct.get(address.removeprefix(PERSON))
        return self._known(address) or self._remembered(address)

    async def thread(self, thread_id: str) -> Place:
        """A thread as it is now: only living ones are known to the gateway, the others are asked for."""
        return self._known(thread_id) or await self.fetch(thread_id)

    async def fetch(self, channel_id: str) -> Place:
        place = place_from(await self._ask("GET", f"/channels/{channel_id}"))
        self._keep(self._asked, channel_id, (self._clock(), place))
        return place

    def forget(self, channel_id: str) -> None:
        self._asked.pop(channel_id, None)

    def correct(self, place: Place) -> None:
        """Remember what a change of ours made of a place."""
        self._keep(self._asked, place.id, (self._clock(), place))
        self._keep(self._changed, place.id, self._clock())

    def _corrected(self, channel_id: str) -> Place | None:
        changed_at = self._changed.get(channel_id)
        if changed_at is None or self._clock() - changed_at >= TOLD_WITHIN:
            return None
        return self._remembered(channel_id)

    def _remembered(self, channel_id: str) -> Place | None:
        asked_at, place = self._asked.get(channel_id, (None, None))
        return place if asked_at and self._clock() - asked_at < FRESH_FOR else None

    async def _person(self, user_id: str) -> Place:
        known = self._direct.get(user_id)
        if known is None:
            try:
                opened = await self._open_direct(user_id)
            except Refused as error:
                if error.status in (400, 403, 404):
                    raise DestinationPaused("discord.paused.direct") from error
                raise
            known = replace(place_from(opened), kind=DIRECT)
            self._keep(self._direct, user_id, known)
        return known

    @staticmethod
    def _keep(box: OrderedDict[str, Any], key: str, value: Any) -> None:
        box[key] = value
        box.move_to_end(key)
        while len(box) > REMEMBERED:
            box.popitem(last=False)


def place_from(channel: Any) -> Place:
    """Read a channel object of the REST interface."""
    channel = channel if isinstance(channel, dict) else {}
    meta = channel.get("thread_metadata") or {}
    return Place(
        id=str(channel.get("id") or ""),
        kind=int(channel.get("type") or 0),
        guild_id=str(channel.get("guild_id") or ""),
        parent_id=str(channel.get("parent_id") or ""),
        name=str(channel.get("name") or ""),
        is_archived=bool(meta.get("archived")),
        tags=tags_from(channel.get("available_tags")),
        flags=int(channel.get("flags") or 0),
    )


def tags_from(tags: Any) -> tuple[Tag, ...]:
    return tuple(
        Tag(
            str(tag["id"]),
            str(tag["name"]),
            bool(tag.get("moderated")),
            tag.get("emoji_id"),
            tag.get("emoji_name"),
        )
        for tag in tags or ()
    )
