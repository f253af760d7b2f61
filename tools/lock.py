"""Pin every dependency with hashes, for every Python from 3.11, and with no address in the files."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

COMMAND = [sys.executable, "-m", "uv", "pip", "compile", "pyproject.toml", "--universal", "--generate-hashes"]
QUIET = [
    "--no-emit-index-url",
    "--no-emit-find-links",
    "--no-annotate",
    "--custom-compile-command",
    "make lock",
]
COMMON = ["--python-version", "3.11", "--extra", "postgres", "--group", "build", "--upgrade", "--quiet"]
LOCKS = {"requirements.lock": [], "requirements-dev.lock": ["--group", "dev"]}


def main() -> None:
    for name, groups in LOCKS.items():
        subprocess.run([*COMMAND, *QUIET, *COMMON, *groups, "--output-file", name], check=True)
        if "://" in Path(name).read_text(encoding="utf-8"):
            raise SystemExit(f"{name} carries an address: do not commit it.")
        print(f"{name} written")


if __name__ == "__main__":
    main()
