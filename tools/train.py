"""Fit the small models that ship with Pitwire: `python -m tools.train`.

The language model is built from the message catalogues of the system; what weighs the evidence for one story is fitted to
the labelled headlines of a folder, `--data`, and left as it is without one.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from tools import train_language, train_stories


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tools.train", description="Fit the small models that ship with Pitwire."
    )
    parser.add_argument("--data", type=Path, help="folder of labelled articles")
    parser.add_argument(
        "--locale", type=Path, default=Path("/usr/share/locale"), help="where message catalogues are"
    )
    asked = parser.parse_args()
    train_language.build(asked.locale)
    if asked.data and asked.data.is_dir():
        train_stories.build(asked.data)


if __name__ == "__main__":
    main()
