"""Telegram says how long to wait, not which limit was reached: several chats refused at once mean the bot's own."""

from __future__ import annotations

from collections import deque

from adapters.telegram.place import Place

WHOLE_BOT = "all"
SEVERAL = 3  # chats, within
SHORTLY = 2.0  # seconds


class Floods:
    """The refusals of the last moments."""

    def __init__(self) -> None:
        self._refused: deque[tuple[float, int]] = deque(maxlen=50)

    def bucket_of(self, place: Place, now: float) -> str:
        """Note a refusal and name the bucket that it holds; `now` is of any steady clock."""
        self._refused.append((now, place.chat))
        chats = {chat for at, chat in self._refused if now - at < SHORTLY}
        return WHOLE_BOT if len(chats) >= SEVERAL else place.bucket
