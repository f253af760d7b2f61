"""Write the reference pages and the pictures from what they describe. `--check` only compares."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from tools.docs.pages import NOTE, PAGES
from tools.docs.pictures import pictures

REFERENCE, PICTURES = Path("docs/reference"), Path("docs/pictures")
LINK = re.compile(r"\[[^\]]*\]\((?!https?://|#|mailto:)([^)#\s]+)[^)]*\)")


def made() -> Mapping[Path, str]:
    """Every file that is made, by its path."""
    pages = {REFERENCE / name: NOTE + page() for name, page in PAGES.items()}
    return pages | {PICTURES / name: picture for name, picture in pictures().items()}


def stale(files: Mapping[Path, str]) -> Iterator[str]:
    """What differs from what is there, and pictures that nothing makes any more."""
    for path, text in files.items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            yield f"{path} is not up to date: run `make docs`"
    for path in PICTURES.glob("*"):
        if path not in files:
            yield f"{path} is made by nothing"


def broken_links() -> Iterator[str]:
    """Links of our pages that lead to no file."""
    for page in [*Path().glob("*.md"), *Path("docs").rglob("*.md")]:
        for target in LINK.findall(page.read_text(encoding="utf-8")):
            if not (page.parent / target).exists():
                yield f"{page}: {target} does not exist"


def main() -> None:
    files = made()
    if "--check" not in sys.argv:
        for path, text in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    troubles = [*stale(files), *broken_links()]
    print("\n".join(troubles) or "docs are up to date")
    sys.exit(bool(troubles))


if __name__ == "__main__":
    main()
