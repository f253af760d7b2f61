"""Make asyncio's buffers fit a program that keeps many connections and reads small answers."""

from __future__ import annotations

import asyncio.selector_events
import asyncio.sslproto
from typing import Any

_TLS = 16 * 1024  # a TLS record; the default of 256 KiB is allocated for each connection, idle or not
_READ = 64 * 1024  # with 256 KiB every read costs three system calls for memory


def slim_buffers() -> None:
    """Lower two sizes of asyncio for the whole process. Both are internals: where they are gone, nothing happens."""
    _lower(asyncio.sslproto.SSLProtocol, _TLS)
    _lower(getattr(asyncio.selector_events, "_SelectorTransport", None), _READ)


def _lower(owner: Any, size: int) -> None:
    if getattr(owner, "max_size", 0) > size:
        owner.max_size = size
