"""Addresses: "123" is a private chat, "-100123" a group or channel, "-100123/7" topic 7 of a group."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.errors import DestinationPaused
from bot.model import Rate

if TYPE_CHECKING:
    from bot.config import TelegramSettings

GENERAL = 1  # a forum's General topic: naming it is an error, so it is left out
_ADDRESS = re.compile(r"(-?\d{1,16})(?:/(\d{1,12}))?")


@dataclass(frozen=True, slots=True)
class Place:
    chat: int
    topic: int | None = None

    def __str__(self) -> str:
        """Write it as an address."""
        return f"{self.chat}/{self.topic}" if self.topic else str(self.chat)

    @property
    def space(self) -> str:
        """What moderators govern: the whole chat."""
        return space_of(self.chat)

    @property
    def is_private(self) -> bool:
        return self.chat > 0

    @property
    def bucket(self) -> str:
        """The bucket of the chat: its topics share it."""
        return f"chat {self.chat}"


def place_of(chat: int, topic: int | None = None) -> Place:
    """Make a place; the General topic is the group itself."""
    return Place(chat, topic if topic and topic != GENERAL else None)


def parse_place(address: str) -> Place:
    """Read an address; raises DestinationPaused for one that no Telegram chat has."""
    match = _ADDRESS.fullmatch(address)
    if match is None:
        raise DestinationPaused("telegram.paused.gone")
    return place_of(int(match[1]), int(match[2]) if match[2] else None)


def space_of(chat: int) -> str:
    """Name the space of a chat: its id, which `Storage.move` renames together with the addresses in it."""
    return str(chat)


def rates(place: Place, settings: TelegramSettings) -> Mapping[str, Rate]:
    """The buckets of a message: 30 a second in all, 1 a second in a chat, 20 a minute in a group or channel."""
    buckets = {
        "all": _rate(settings.per_second, timedelta(seconds=1)),
        place.bucket: _rate(settings.per_chat_second, timedelta(seconds=1)),
    }
    if not place.is_private:
        buckets[f"group {place.chat}"] = _rate(settings.per_group_minute, timedelta(minutes=1))
    return buckets


def _rate(count: float, per: timedelta) -> Rate:
    return Rate(count=int(count), per=per) if count == int(count) else Rate(count=1, per=per / count)
