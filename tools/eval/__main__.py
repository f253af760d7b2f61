"""Measure how articles and feeds are read, on a folder of labelled data: `python -m tools.eval --data FOLDER [PART …]`.

A part is a module of this package with `run(data: Path, worst: int) -> None`, which prints its figures and its worst
cases; a part whose file is not in the folder says so and leaves.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import sys
from pathlib import Path

PARTS = ("series", "language", "spoilers", "summaries", "text", "stories", "feeds")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.eval", description="Figures on labelled articles.")
    parser.add_argument(
        "--data", type=Path, required=True, help="folder with articles.dev.jsonl and its siblings"
    )
    parser.add_argument(
        "--worst", type=int, default=10, help="how many of the worst cases to show (default 10)"
    )
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help=f"any of {' '.join(PARTS)}; default: all that exist"
    )
    asked = parser.parse_args()
    if not asked.data.is_dir():
        print(f"no such folder: {asked.data}", file=sys.stderr)
        return 2
    for part in asked.parts or PARTS:
        if part not in PARTS:
            print(f"no part {part!r}; there are {', '.join(PARTS)}", file=sys.stderr)
            return 2
        if importlib.util.find_spec(f"tools.eval.{part}") is None:
            continue
        print(f"── {part} " + "─" * (76 - len(part)))
        importlib.import_module(f"tools.eval.{part}").run(asked.data, asked.worst)
        print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
