"""What a process that runs for months loads, and when."""

from __future__ import annotations

import os
import py_compile
import subprocess
import sys
from pathlib import Path

import pytest

from bot.lean import begin_without_docstrings, begun_apart, give_back, in_place_of, share_arenas, without

BEFORE_THE_FIRST_POLL = """
import asyncio, sys
def told(work):
    work.close()
    print(*sys.modules, file=sys.stderr)
asyncio.run = told
sys.argv = ["pitwire", "run"]
import bot.cli
bot.cli.main()
"""

WITH_BOTH_PLATFORMS = """
import sys
from bot.app import Parts, _load_the_rest
from bot.plain import Plain
token = Plain(token="set")
_load_the_rest(Plain(discord=token, telegram=token), Parts())
print(*sys.modules, file=sys.stderr)
"""


def loaded(code: str, home: Path | None = None) -> set[str]:
    plain = {name: value for name, value in os.environ.items() if not name.startswith("PITWIRE_")}
    here = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        cwd=home,
        env={**plain, "PYTHONPATH": here},
    )
    return set(done.stderr.split())


def test_nothing_that_talks_to_people_is_loaded_before_the_first_poll(tmp_path: Path) -> None:
    found = loaded(BEFORE_THE_FIRST_POLL, tmp_path)
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


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere settings are read in the same process")
def test_what_reads_the_command_line_and_the_settings_does_not_stay(tmp_path: Path) -> None:
    assert not loaded(BEFORE_THE_FIRST_POLL, tmp_path) & {"typer", "pydantic", "pydantic_settings"}


def test_what_the_platforms_libraries_would_load_and_we_do_not_use_is_not_loaded() -> None:
    found = loaded(WITH_BOTH_PLATFORMS)
    assert {"discord", "telegram", "telegram.request"} <= found
    assert not found & {"httpx", "pytz", "pydantic", "prometheus_client"}


def test_logs_are_written_without_what_paints_tracebacks(tmp_path: Path) -> None:
    assert not loaded(BEFORE_THE_FIRST_POLL, tmp_path) & {"rich", "pygments"}


def test_what_was_hidden_from_a_library_can_be_imported_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    with without("colorsys"), pytest.raises(ImportError):
        import colorsys
    import colorsys

    assert colorsys.rgb_to_hsv(0, 0, 0) == (0, 0, 0)


def test_what_is_loaded_already_is_not_hidden() -> None:
    with without("subprocess"):
        assert sys.modules["subprocess"] is subprocess


def test_a_module_is_stood_in_for_until_the_block_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    with in_place_of("colorsys", rgb_to_hsv=None):
        from colorsys import rgb_to_hsv

        assert rgb_to_hsv is None
    import colorsys

    assert colorsys.rgb_to_hsv(0, 0, 0) == (0, 0, 0)


def test_what_is_loaded_already_is_not_stood_in_for() -> None:
    with in_place_of("subprocess", run=None):
        assert sys.modules["subprocess"] is subprocess


def test_work_begun_apart_hands_its_result_over() -> None:
    assert begun_apart(lambda: {"feeds": 12}, raises=ValueError)() == {"feeds": 12}


def test_an_error_that_was_named_comes_over_from_the_other_process() -> None:
    def refuse() -> None:
        raise ValueError("not a number")

    with pytest.raises(ValueError, match="not a number"):
        begun_apart(refuse, raises=ValueError)()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is no other process")
def test_work_is_done_here_when_the_other_process_ends_without_a_result() -> None:
    here = os.getpid()

    def work() -> int:
        if os.getpid() != here:
            os._exit(3)
        return here

    assert begun_apart(work, raises=ValueError)() == here


def test_work_is_done_here_when_no_process_may_be_forked(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> int:
        raise BlockingIOError("no more processes")

    monkeypatch.setattr(os, "fork", refuse)
    assert begun_apart(os.getpid, raises=ValueError)() == os.getpid()


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The source of a module that nothing has compiled yet, in a process that keeps what it compiles."""
    source = tmp_path / "paddock.py"
    source.write_text('"""A docstring."""\n', encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    return source


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The command lines that this process was begun anew with."""
    found: list[list[str]] = []
    monkeypatch.setattr(os, "execv", lambda _, arguments: found.append(arguments))
    monkeypatch.setattr(sys, "orig_argv", ["python", "-m", "bot", "run"])
    return found


posix = pytest.mark.skipif(os.name != "posix", reason="nothing is begun anew elsewhere")


@posix
def test_a_run_begins_anew_without_docstrings_where_what_is_compiled_can_be_kept(
    library: Path, begun: list[list[str]]
) -> None:
    begin_without_docstrings("paddock", "no_such_module")
    assert begun == [[sys.executable, "-OO", "-m", "bot", "run"]]


def test_a_run_goes_on_as_it_is_where_it_would_be_compiled_at_each_start(
    library: Path, begun: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as read_only:
        read_only.setattr(os, "access", lambda *_: False)
        begin_without_docstrings("paddock")
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    begin_without_docstrings("paddock")
    assert begun == []


@posix
def test_what_was_compiled_before_is_taken_where_nothing_can_be_written(
    library: Path, begun: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    py_compile.compile(str(library), optimize=2)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    begin_without_docstrings("paddock")
    assert len(begun) == 1


def test_giving_memory_back_is_safe_on_every_system() -> None:
    share_arenas()
    give_back()
