"""Are entries that are parsed alone, as a changed feed's are, equal to those of the whole document?"""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

from bot.errors import FetchError
from bot.feeds import delta
from bot.feeds.jsonfeed import looks_like_json
from bot.feeds.parse import parse, parse_xml, true_type
from bot.model import Entry

URL = "https://outlet.example/feed"  # relative links are joined to it
GOAL = 0.995


def run(data: Path, worst: int) -> None:
    """Print the share of documents whose every entry is equal, then those that differ, and in what."""
    documents = splits = alone = lost = 0
    different: list[str] = []
    for file in sorted((data / "feeds").glob("*.*")):
        documents += 1
        body = file.read_bytes()
        try:
            whole = parse(body, url=URL).entries
        except FetchError:
            continue  # refused, whole or not
        pieces = None if looks_like_json(body) else delta.split(body)
        if pieces is None or len(pieces.slices) != len(whole):
            continue  # then the whole is parsed
        splits += 1
        wrong: set[str] = set()
        for number, entry in enumerate(whole):
            part = parse_xml(pieces.only([number]), content_type=true_type(body, ""), url=URL).entries
            alone += 1
            if len(part) == 1:
                wrong |= _differing(part[0], entry)
            else:  # a reader notices, and parses the whole
                lost += 1
        if wrong:
            different.append(f"{file.name}: {', '.join(sorted(wrong))}")
    if not documents:
        print("no feeds there")
        return
    share = 1 - len(different) / documents
    print(
        f"{'ok    ' if share >= GOAL else 'MISSED'} {share:.1%} of {documents} documents equal (goal {GOAL:.1%})"
    )
    print(f"{splits} of them can be split; {alone} entries parsed alone, {lost} of them not found so")
    for line in different[:worst]:
        print(f"  {line}")


def _differing(one: Entry, other: Entry) -> set[str]:
    return {each.name for each in fields(Entry) if getattr(one, each.name) != getattr(other, each.name)}
