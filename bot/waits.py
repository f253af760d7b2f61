"""Wait for whichever comes first, and leave no wait behind."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

LONGEST = 2.0  # seconds for a task that was cancelled to end


async def first_of(*waits: Coroutine[Any, Any, object], seconds: float) -> None:
    """Return when one of them is over, or after so many seconds."""
    tasks = [asyncio.create_task(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await ended(*tasks)


async def ended(*tasks: asyncio.Task[Any]) -> None:
    """Cancel tasks and see them end: a loop that is closed before would complain of each."""
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks, timeout=LONGEST)
