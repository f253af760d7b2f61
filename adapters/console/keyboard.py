"""Lines typed at a prompt, read so that neither the event loop nor the exit of the process ever waits for them."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import signal
import threading
import time
from collections.abc import AsyncIterator, Callable

STDIN = 0
MOST_PENDING = 100  # lines read and not answered yet
LONGEST = 8_192  # bytes of a line; what is longer is no command


class Keyboard:
    """A file descriptor as lines. A daemon thread reads it: a pipe, a file and a terminal need the same code,
    and the descriptor itself is read because `sys.stdin` has a lock that the interpreter waits for at its exit."""

    def __init__(self, source: int | None) -> None:
        self._source = source

    @property
    def is_terminal(self) -> bool:
        """Tell whether a person can type here."""
        try:
            return self._source is not None and os.isatty(self._source)
        except OSError:
            return False

    async def lines(self) -> AsyncIterator[str]:
        """Yield lines until the input is closed."""
        if self._source is None:
            return
        lines: asyncio.Queue[str | None] = asyncio.Queue()
        room = threading.Semaphore(MOST_PENDING)  # bounds the queue, from the thread's side
        loop = asyncio.get_running_loop()
        with contextlib.suppress(ValueError, AttributeError):  # not in the main thread; not on Windows
            # A background job that reads from its terminal is stopped by SIGTTIN: `pitwire run &` must go on.
            signal.signal(signal.SIGTTIN, signal.SIG_IGN)

        def put(line: str | None) -> None:
            room.acquire()
            loop.call_soon_threadsafe(lines.put_nowait, line)

        threading.Thread(target=_read, args=(self._source, put), name="keyboard", daemon=True).start()
        while (line := await lines.get()) is not None:
            room.release()
            yield line


def _read(source: int, put: Callable[[str | None], None]) -> None:
    with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens
        buffer = b""
        while chunk := _chunk(source):
            *whole, buffer = (buffer + chunk).split(b"\n")
            for line in whole:
                put(line[:LONGEST].decode("utf-8", "replace").rstrip("\r"))
            buffer = buffer[:LONGEST]
        if buffer:
            put(buffer.decode("utf-8", "replace"))
        put(None)


def _chunk(source: int) -> bytes:
    while True:
        try:
            return os.read(source, 4096)
        except OSError as error:
            if error.errno != errno.EIO or not os.isatty(source):
                return b""  # closed
            time.sleep(1)  # in the background: perhaps it is brought back
