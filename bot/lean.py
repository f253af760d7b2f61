"""Keep a process that runs for months small: what is not used is not loaded, what was freed is given back."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from functools import cache

_ARENA_MAX = -8  # M_ARENA_MAX of glibc's malloc.h
_ARENAS = 2


@contextlib.contextmanager
def without(*names: str) -> Iterator[None]:
    """Let libraries be imported within the block as where these optional companions of theirs are not installed.

    Structlog loads rich (six megabytes with what rich loads) to paint tracebacks, which we do not use; httpx loads its
    own command line. None in `sys.modules` makes an import fail as for a module that is missing; what is loaded already
    stays.
    """
    hidden = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


def share_arenas() -> None:
    """Let all threads allocate from the same two pools: of one pool a thread, each keeps what its thread once needed.

    To be called before there are threads.
    """
    if settle := _of_glibc("mallopt"):
        settle(_ARENA_MAX, _ARENAS)


def give_back() -> None:
    """Return what was freed to the system; by itself, malloc keeps it for the next time."""
    if trim := _of_glibc("malloc_trim"):
        trim(0)


@cache
def _of_glibc(name: str) -> Callable[..., int] | None:
    """A function of the C library; None where that is not glibc, and knows no such function."""
    if not sys.platform.startswith("linux"):
        return None
    import ctypes

    found: Callable[..., int] | None = getattr(ctypes.CDLL(None), name, None)
    return found
