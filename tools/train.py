"""Fit the small models that ship with Pitwire: `python -m tools.train`.

Today that is the language model, which is built from the message catalogues of the system. `--data` is taken for the sake
of `make train DATA=folder`; what is labelled there is for measuring, and no model needs it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from tools import train_language


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tools.train", description="Fit the small models that ship with Pitwire."
    )
    parser.add_argument("--data", type=Path, help="folder of labelled articles (not needed today)")
    parser.add_argument(
        "--locale", type=Path, default=Path("/usr/share/locale"), help="where message catalogues are"
    )
    train_language.build(parser.parse_args().locale)


if __name__ == "__main__":
    main()
