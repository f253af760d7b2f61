"""What stands in the log, whoever wrote it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Literal

import pytest
import structlog

from bot.config import LogSettings
from bot.log import set_up_logging

HOSTILE = "\x1b[31mRed\x9b2J\u202e\x07 [bold]"


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root = logging.getLogger()
    before = structlog.get_config(), root.handlers[:], root.level
    yield
    structlog.configure(**before[0])
    root.handlers[:], root.level = before[1:]


@pytest.mark.parametrize("shape", ["text", "json"])
def test_nothing_that_a_feed_wrote_is_obeyed_by_a_terminal(
    shape: Literal["text", "json"], capfd: pytest.CaptureFixture[str]
) -> None:
    set_up_logging(LogSettings(format=shape))
    log = structlog.get_logger()
    log.warning("feed failed", reason=HOSTILE)
    logging.getLogger("a library").warning("it said %s", HOSTILE)
    try:
        raise ValueError(HOSTILE)
    except ValueError:
        log.exception("entry failed")
        logging.getLogger("a library").exception("it failed")
    logged = capfd.readouterr().err
    assert logged.count("Red") == 4
    assert logged.count("Traceback") == 2
    assert not set("\x1b\x9b\u202e\x07") & set(logged)
