"""Where does a sentence end? In seven languages, in one pass, without a model."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

CLOSERS = "\"'”’»“«)]›"
OPENERS = "\"'“„«»(¿¡[‚‘‹"

# An end mark, what closes with it, and a blank; or an end mark glued to the next sentence ("Ende.Danach").
_END = re.compile(
    rf"[.!?…](?:[.!?…]*(?: [»”])?[{re.escape(CLOSERS)}]*(?=\s|$)"
    r"|(?<=[a-zà-ÿ]{3}[.!?])(?=[A-ZÀ-Ý][a-zà-ÿ]{2,}\s))"
)
_NEXT = re.compile(r"\s*(\S+)")
_NUMBER = re.compile(r"\d{1,3}\.")
_LONGEST_TOKEN = 60
_LONGEST = 1_500  # characters: what goes on longer is no sentence, wherever it is parted
_AFTER_WORD = ",.;:!?'’" + CLOSERS


class Words(NamedTuple):
    never: frozenset[str]  # abbreviations after which a sentence goes on: "Nr.", "Mr.", "z. B."
    seldom: frozenset[str]  # abbreviations that may end one: "etc.", "Jr.", "usw."
    numbered: frozenset[str]  # abbreviations before a figure: "No. 7", "oct. 12"
    letters: frozenset[str]  # words before a letter that is no initial: "Gruppe B."
    starters: frozenset[str]  # words that open a sentence: "The", "Der", "Le"
    ordinals: bool  # "5. November" is one date


@cache
def words(language: str) -> Words:
    """Load what a language abbreviates; an unknown language gets what all have in common."""
    data = _data()
    common, own = data["common"], data.get(language, {})

    def union(key: str) -> frozenset[str]:
        return frozenset(word.casefold() for word in (*common.get(key, ()), *own.get(key, ())))

    return Words(
        union("never"),
        union("seldom"),
        union("numbered"),
        union("letters"),
        union("starters"),
        bool(own.get("ordinals", False)),
    )


@cache
def _data() -> dict[str, dict[str, list[str]]]:
    return tomllib.loads(Path(__file__).with_name("sentences.toml").read_text("utf-8"))


def sentences(text: str, language: str = "en") -> list[str]:
    """Split text into sentences; a line break always ends one."""
    return list(each_sentence(text, language))


def each_sentence(text: str, language: str = "en") -> Iterator[str]:
    """Split text into sentences one by one, for who needs only the first ones."""
    known = words(language)
    for line in text.splitlines():
        if line := line.strip():
            yield from _split(line, known)


def _split(line: str, known: Words) -> Iterator[str]:
    start = 0
    for end in _END.finditer(line):
        if end.end() - start > _LONGEST or _is_boundary(line, start, end, known):
            if piece := line[start : end.end()].strip():
                yield piece
            start = end.end()
    if piece := line[start:].strip():
        yield piece


def _is_boundary(line: str, start: int, end: re.Match[str], known: Words) -> bool:
    after = _NEXT.match(line, end.end(), end.end() + _LONGEST_TOKEN)
    if after is None:
        return True
    following = after[1].lstrip(OPENERS)
    if following[:1].islower() or after[1][0] in ",;:–-":
        return False
    mark = end[0]
    if mark[0] != "." or len(mark.rstrip(CLOSERS + " ")) > 1:
        return True
    head, _, token = line[max(start, end.start() - _LONGEST_TOKEN) : end.start()].rpartition(" ")
    token = token.lstrip(OPENERS + "-–")
    if not token:  # a lone dot
        return True
    opener = following.rstrip(_AFTER_WORD).casefold()
    return (mark != "." and len(token) > 3) or _ends_with(token, head, opener, known)


def _ends_with(token: str, head: str, opener: str, known: Words) -> bool:
    """Say whether a sentence may end with this token and a dot, when `opener` follows."""
    plain = token.casefold()
    if plain in known.never or (plain in known.numbered and opener[:1].isdigit()):
        return False
    if (len(plain) == 1 and plain.isalpha()) or ("." in plain and _is_initials(plain)):
        previous = (head.split()[-1:] or [""])[0].casefold()
        if len(previous) == 2 and previous[1] == ".":  # "z. B."
            return False
        return previous in known.letters or (opener in known.starters and plain not in ("m", "p"))
    if plain in known.seldom:
        return opener in known.starters
    if plain.isdigit() and len(plain) <= 2:
        if not head.strip():  # "1. Verstappen": a numbered line
            return False
        return not known.ordinals or opener in known.starters
    return True


def _is_initials(token: str) -> bool:
    return all(len(part) <= 2 and part.isalpha() for part in re.split(r"[.-]+", token) if part)
