"""Keep a process that runs for months small: what is not used is not loaded, what was freed is given back."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pickle
import sys
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn, TypeVar, cast

T = TypeVar("T")

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


def begin_without_docstrings(*modules: str) -> None:
    """Run this program anew as `python -OO` does: docstrings, most of them of libraries, are five megabytes.

    The process, its number and its terminal stay the same. Not done where these modules would be compiled at each start:
    where they are not compiled that way, and what Python compiles cannot be kept. To be called before anything is loaded.
    """
    if sys.flags.optimize >= 2 or os.name != "posix" or not sys.executable:
        return
    if all(_is_compiled_once(module) for module in modules):
        os.execv(sys.executable, [sys.executable, "-OO", *sys.orig_argv[1:]])  # noqa: S606 - no shell is wanted


def _is_compiled_once(module: str) -> bool:
    """Say whether a module is compiled without docstrings, or will be kept when it is."""
    spec = importlib.util.find_spec(module)
    if spec is None or not spec.origin:
        return True
    source = Path(spec.origin)
    compiled = Path(importlib.util.cache_from_source(source, optimization=2))
    if compiled.exists() and compiled.stat().st_mtime >= source.stat().st_mtime:
        return True
    return not sys.dont_write_bytecode and os.access(_existing(compiled.parent), os.W_OK)


def _existing(folder: Path) -> Path:
    return folder if folder.exists() else folder.parent


@contextlib.contextmanager
def in_place_of(name: str, **members: Any) -> Iterator[None]:
    """Let a module be imported within the block as one that has these members only; what is loaded already stays.

    For what a library imports whether or not it is used. Whoever imports the module afterwards gets the real one.
    """
    if name in sys.modules:
        yield
        return
    stand_in = ModuleType(name)
    vars(stand_in).update(members)
    sys.modules[name] = stand_in
    try:
        yield
    finally:
        del sys.modules[name]


def begun_apart(work: Callable[[], T], *, raises: type[Exception]) -> Callable[[], T]:
    """Begin work in a process that ends with all it loaded; returns what waits for the result.

    The result is pickled, and so is an error of the kind that the work may raise. Where no process can be forked, and
    where that one ends in another way, the work is done here. To be called before there are threads.
    """
    if not sys.platform.startswith("linux"):
        return work
    reading, writing = os.pipe()
    try:
        child = os.fork()
    except OSError:  # no more processes are allowed
        os.close(reading)
        os.close(writing)
        return work
    if not child:
        _answer(work, raises, writing)
    os.close(writing)
    return partial(_answered, work, child, reading)


def _answer(work: Callable[[], object], raises: type[Exception], writing: int) -> NoReturn:
    """Do the work, tell the result or the error, and end; what waits has all there is to say to a person."""
    try:
        try:
            told = True, work()
        except raises as error:
            told = False, error
        with open(writing, "wb") as pipe:
            pipe.write(pickle.dumps(told))
    finally:
        os._exit(0)


def _answered(work: Callable[[], T], child: int, reading: int) -> T:
    with open(reading, "rb") as pipe:
        told = pipe.read()
    os.waitpid(child, 0)
    if not told:
        return work()
    well, result = pickle.loads(told)  # noqa: S301 - from our own child
    if not well:
        raise result
    return cast(T, result)


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
