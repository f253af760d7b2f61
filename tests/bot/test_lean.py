"""What a process that runs for months loads, and when."""

from __future__ import annotations

import subprocess
import sys

import pytest

from bot.lean import give_back, share_arenas, without

BEFORE_THE_FIRST_POLL = """
import sys
sys.argv = ["pitwire", "run", "--help"]
import bot.cli
try:
    bot.cli.main()
except SystemExit:
    pass
import bot.app, bot.config, bot.log, bot.metrics, bot.poller, bot.feeds.client, storage.sqlite
print(*sys.modules, file=sys.stderr)
"""


def loaded(code: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return set(done.stderr.split())


def test_nothing_that_talks_to_people_is_loaded_before_the_first_poll() -> None:
    found = loaded(BEFORE_THE_FIRST_POLL)
    assert "bot.poller" in found
    assert not found & {
        "discord",
        "telegram",
        "httpx",
        "aiohttp.web",
        "prometheus_client",
        "bot.commands.desk",
        "bot.cli.explain",
    }
    assert not found & {"trafilatura", "lxml", "dateparser", "psycopg"}


def test_logs_are_written_without_what_paints_tracebacks() -> None:
    code = "import sys, bot.cli, structlog; print(*sys.modules, file=sys.stderr)"
    assert not loaded(code) & {"rich", "pygments"}


def test_what_was_hidden_from_a_library_can_be_imported_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    with without("colorsys"), pytest.raises(ImportError):
        import colorsys
    import colorsys

    assert colorsys.rgb_to_hsv(0, 0, 0) == (0, 0, 0)


def test_what_is_loaded_already_is_not_hidden() -> None:
    with without("subprocess"):
        assert sys.modules["subprocess"] is subprocess


def test_giving_memory_back_is_safe_on_every_system() -> None:
    share_arenas()
    give_back()
