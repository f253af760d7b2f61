"""Read of a TOML file only what is wanted."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any


def tables(toml: str, *wanted: str) -> Iterator[dict[str, Any]]:
    """Read the tables of a TOML text that are called so, or belong to one that is, one by one.

    Reading all at once holds all at once, and takes its time over the six languages that nobody asked for.
    """
    at = 0 if toml.startswith("[") else toml.find("\n[") + 1
    while at or toml.startswith("["):
        end = toml.find("\n[", at) + 1
        name = toml[at : toml.index("]", at)].lstrip("[")
        if name.partition(".")[0] in wanted:
            yield tomllib.loads(toml[at:end] if end else toml[at:])
        if not end:
            return
        at = end
