"""Updates that Telegram was told to forget before they were answered: kept where a killed process cannot lose them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Protocol

import structlog

from bot.errors import StorageError

log = structlog.get_logger()

KEY = "telegram.leftovers"


class Memory(Protocol):
    """Where a small fact outlives the process: `bot.ports.Storage`."""

    async def remember(self, key: str, value: str) -> None: ...

    async def recall(self, key: str) -> str | None: ...


class Leftovers:
    """The updates as they came, by number. Without a memory there are none, and nothing may be forgotten early."""

    def __init__(self, memory: Memory | None) -> None:
        self._memory = memory
        self._kept: frozenset[int] = frozenset()

    @property
    def is_safe(self) -> bool:
        return self._memory is not None

    async def recalled(self) -> list[Any]:
        """What an earlier process left behind."""
        if self._memory is None:
            return []
        try:
            updates = json.loads(await self._memory.recall(KEY) or "[]")
        except (StorageError, ValueError) as error:
            log.warning("leftover updates not read", error=type(error).__name__)
            return []
        self._kept = frozenset(raw["update_id"] for raw in updates)
        return list(updates)

    async def keep(self, updates: Mapping[int, Any]) -> bool:
        """Keep these and no others; False when they are not safe."""
        if updates.keys() == self._kept:
            return True
        if self._memory is None:
            return False
        try:
            await self._memory.remember(KEY, json.dumps(list(updates.values())))
        except StorageError as error:
            log.warning("leftover updates not kept", error=type(error).__name__)
            return False
        self._kept = frozenset(updates)
        return True
