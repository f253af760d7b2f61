"""The command line `pitwire`: one module a group of commands; heavy parts are imported when a command needs them."""

from __future__ import annotations

import os
import sys

from bot.errors import PitwireError, SettingsError, StorageError
from bot.lean import begin_without_docstrings, without


def main() -> None:
    """Run a command. A wrong setting or store is one sentence and exit code 2; anything else of ours is 1."""
    is_plain_run = sys.argv[1:] == ["run"]
    if is_plain_run:
        begin_without_docstrings(f"{__name__}.start", "asyncio", "aiohttp", "discord", "telegram")
    with without("rich"):
        import structlog  # noqa: F401 - before anything else does
    try:
        if is_plain_run:  # what runs for months loads nothing that reads command lines
            from bot.cli.start import start

            start()
        else:
            _command()
    except (SettingsError, StorageError) as error:
        _complain(error)
        sys.exit(2)
    except PitwireError as error:
        _complain(error)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:  # `pitwire explain … | head`: whoever read has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


def _command() -> None:
    from bot.cli import run  # noqa: F401 - each module registers its commands
    from bot.cli.root import app

    if sys.argv[1:2] != ["run"]:
        from bot.cli import database, explain, feeds  # noqa: F401

    app()


def _complain(error: PitwireError) -> None:
    print(f"pitwire: {error}", file=sys.stderr)  # noqa: T201
