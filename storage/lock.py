"""One writer a SQLite file: a lock that the system drops when its process ends, however it ends."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from bot.errors import StorageBusy, StorageError


class WriterLock:
    """An advisory lock on `PATH.lock`; the file stays, only its lock counts."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def acquire(self) -> None:
        """Take the lock, unless it is held already; raises StorageBusy when another process has it."""
        if self._file is not None:
            return
        name = Path(f"{self._path}.lock")
        try:
            file = os.open(name, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise StorageError(f"{name} cannot be written: {error.strerror}.") from error
        try:
            _lock(file)
        except OSError as error:
            holder = os.read(file, 20).decode(errors="replace").strip()
            os.close(file)
            by = f"process {holder}" if holder.isdigit() else "another process"
            raise StorageBusy(
                f"{self._path} is in use by {by} of Pitwire: stop it first. "
                "Several processes side by side need PostgreSQL."
            ) from error
        os.ftruncate(file, 0)
        os.write(file, f"{os.getpid()}\n".encode())
        self._file = file

    def release(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


if sys.platform == "win32":
    import msvcrt

    _BEHIND_THE_TEXT = 1_000_000  # Windows locks keep others from reading: lock a byte that is not there

    def _lock(file: int) -> None:
        os.lseek(file, _BEHIND_THE_TEXT, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        os.lseek(file, 0, os.SEEK_SET)
else:
    import fcntl

    def _lock(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
