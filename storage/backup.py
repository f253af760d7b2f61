"""A copy of the database in one file, also while the bot posts."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bot.errors import StorageError
from storage.copy import Progress, snapshot
from storage.opening import open_store, sqlite_path


async def backup_store(url: str, target: Path, progress: Progress = lambda *_: None) -> None:
    """Write the store as it is at one instant into a new SQLite file; it can be run from, or copied back."""
    if await asyncio.to_thread(target.exists):
        raise StorageError(f"{target} exists already: a backup overwrites nothing.")
    unfinished = Path(f"{target}.unfinished")
    await asyncio.to_thread(unfinished.unlink, missing_ok=True)
    try:
        if url.startswith("sqlite:"):
            await _backup_sqlite(url, unfinished)
        else:
            await _backup_postgresql(url, unfinished, progress)
        await asyncio.to_thread(unfinished.replace, target)
    finally:
        for leftover in (unfinished, Path(f"{unfinished}.lock")):
            await asyncio.to_thread(leftover.unlink, missing_ok=True)


async def _backup_sqlite(url: str, target: Path) -> None:
    from storage.sqlite import backup_sqlite

    path = sqlite_path(url)
    if path is None:
        raise StorageError("A database in memory has no backup.")
    await backup_sqlite(path, target)


async def _backup_postgresql(url: str, target: Path, progress: Progress) -> None:
    source = await open_store(url)
    try:
        copy = await open_store(f"sqlite:///{target}")
        try:
            await snapshot(source, copy, progress)
        finally:
            await copy.close()
    finally:
        await source.close()
