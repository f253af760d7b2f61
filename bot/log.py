"""Set up structlog: events with keys, one line a unit of work; text on a terminal, JSON elsewhere."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any

import structlog

from bot.text import tame, unseen_out

if TYPE_CHECKING:
    from bot.config import LogSettings

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}

# Libraries whose INFO lines carry tokens (httpx logs the Bot API's URL) or one line a request.
_TALKATIVE = ("httpx", "httpcore", "aiohttp.access", "telegram", "discord", "asyncio")


def set_up_logging(settings: LogSettings, *, quiet: bool = False) -> None:
    """Log to standard error. `quiet` leaves warnings and errors only (a person reads posts on this terminal)."""
    level = _LEVELS[settings.level] if not quiet else max(_LEVELS[settings.level], logging.WARNING)
    shape = settings.format or ("text" if sys.stderr.isatty() else "json")
    renderer: Any = (
        structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
        if shape == "text"
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _tamed,
    ]
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processor=renderer, foreign_pre_chain=shared))
    logging.basicConfig(handlers=[handler], level=level, force=True)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)


def _tamed(logger: object, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:  # noqa: ARG001
    """What came from outside may hold escape codes for the terminal that shows the log."""
    for key, value in event.items():
        if isinstance(value, str) and key != "timestamp":
            event[key] = tame(value) if key != "exception" else "\n".join(map(unseen_out, value.split("\n")))
    return event
