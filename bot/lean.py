"""Keep a process that runs for months small: what is not used is not loaded, what was freed is given back."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator


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
