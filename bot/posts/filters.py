"""Filters: `hypercar OR "balance of performance" NOT rumo* /lmp[23]/`, read once, evaluated in linear time.

    either  := all (("OR" | "," | "|") all)*
    all     := one (["AND" | "&"] one)*
    one     := ("NOT" | "-" | "!") one | "(" either ")" | term
    term    := word | stem* | "a phrase" | /a regular expression/

Regular expressions run on RE2, whose time grows with the text alone: none can hang, whatever a moderator writes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from bot.errors import UserError
from bot.model import Story
from bot.posts.topics import haystack, plain_words
from bot.text import tame

MOST_CHARACTERS = 500
MOST_TERMS = 60
MOST_DEPTH = 12
MOST_PATTERN = 200
_PATTERN_MEMORY = 1 << 20  # RE2 refuses a pattern that would need more

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<open>\() | (?P<close>\)) | (?P<either>,|\||OR\b) | (?P<both>&|AND\b) | (?P<no>!|NOT\b|-(?=\S))
        | "(?P<phrase>[^"]*)" | (?<![^\s(!|&,-])/(?P<pattern>(?:[^/\\]|\\.)+)/(?=[\s),|&]|$)
        | (?P<word>[^\s()"|&,!]+)
    )""",
    re.VERBOSE,
)
_QUOTES = str.maketrans("“”„«»‟", '""""""')


@dataclass(frozen=True, slots=True)
class Words:
    """A word, the beginning of a word, or a phrase."""

    words: str
    is_stem: bool = False

    def holds(self, text: str, raw: str) -> bool:  # noqa: ARG002
        return f" {self.words}" in text if self.is_stem else f" {self.words} " in text

    def __str__(self) -> str:
        if self.is_stem:
            return f"{self.words}*"
        return f'"{self.words}"' if " " in self.words else self.words


@dataclass(frozen=True, slots=True)
class Pattern:
    pattern: str
    compiled: Any

    def holds(self, text: str, raw: str) -> bool:  # noqa: ARG002
        return self.compiled.search(raw) is not None

    def __str__(self) -> str:
        return f"/{self.pattern}/"


@dataclass(frozen=True, slots=True)
class Not:
    part: Node

    def holds(self, text: str, raw: str) -> bool:
        return not self.part.holds(text, raw)

    def __str__(self) -> str:
        return f"NOT {self.part}"


@dataclass(frozen=True, slots=True)
class All:
    parts: tuple[Node, ...]

    def holds(self, text: str, raw: str) -> bool:
        return all(part.holds(text, raw) for part in self.parts)

    def __str__(self) -> str:
        return " ".join(f"({part})" if isinstance(part, Either) else str(part) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Either:
    parts: tuple[Node, ...]

    def holds(self, text: str, raw: str) -> bool:
        return any(part.holds(text, raw) for part in self.parts)

    def __str__(self) -> str:
        return " OR ".join(map(str, self.parts))


Node = Words | Pattern | Not | All | Either


def parse_filter(expression: str) -> Node:
    """Read an expression as a moderator wrote it; raises UserError with what is wrong."""
    expression = tame(expression).translate(_QUOTES)
    if len(expression) > MOST_CHARACTERS:
        raise UserError("commands.wrong.filter_long", most=MOST_CHARACTERS)
    if expression.count('"') % 2:
        raise UserError("commands.wrong.filter_quote")
    tokens = _tokens(expression)
    if not tokens:
        raise UserError("commands.wrong.filter_empty")
    if len(tokens) > 2 * MOST_TERMS:
        raise UserError("commands.wrong.filter_long", most=MOST_CHARACTERS)
    node, rest = _either(tokens, 0)
    if rest < len(tokens):
        raise UserError("commands.wrong.filter_bracket")
    return node


def passes(expression: str, story: Story) -> bool:
    """Tell whether a story is what the expression of some preferences describes; one that cannot be read is ignored."""
    node = _kept(expression)
    return node is None or _holds(node, story)


def rule(expression: str, story: Story) -> str | None:
    """Quote the part of an expression that a story meets; None when it meets none."""
    node = _kept(expression)
    if node is None or not _holds(node, story):
        return None
    if isinstance(node, Either):
        node = next(part for part in node.parts if _holds(part, story))
    return str(node)


def _holds(node: Node, story: Story) -> bool:
    raw = " \n ".join((story.title, story.summary, *(source.title for source in story.sources[:20])))
    return node.holds(haystack(story), raw[:20_000])


@lru_cache(maxsize=512)
def _kept(expression: str) -> Node | None:
    try:
        return parse_filter(expression)
    except UserError:  # a newer version's grammar: better an unwanted story than a lost one
        return None


def _tokens(expression: str) -> list[tuple[str, str]]:
    tokens, at = [], 0
    while at < len(expression):
        match = _TOKEN.match(expression, at)
        if match is None:
            if expression[at:].strip():
                raise UserError("commands.wrong.filter_here", here=expression[at : at + 20].strip())
            break
        kind = match.lastgroup or ""
        tokens.append((kind, match[kind]))
        at = match.end()
    return tokens


def _either(tokens: list[tuple[str, str]], at: int, depth: int = 0) -> tuple[Node, int]:
    parts = []
    while True:
        part, at = _all(tokens, at, depth)
        parts.append(part)
        if at >= len(tokens) or tokens[at][0] != "either":
            return (parts[0] if len(parts) == 1 else Either(tuple(parts))), at
        at += 1


def _all(tokens: list[tuple[str, str]], at: int, depth: int) -> tuple[Node, int]:
    parts = []
    while True:
        part, at = _one(tokens, at, depth)
        parts.append(part)
        if at < len(tokens) and tokens[at][0] == "both":
            at += 1
        elif at >= len(tokens) or tokens[at][0] in ("either", "close"):
            return (parts[0] if len(parts) == 1 else All(tuple(parts))), at


def _one(tokens: list[tuple[str, str]], at: int, depth: int) -> tuple[Node, int]:
    if depth > MOST_DEPTH:
        raise UserError("commands.wrong.filter_deep")
    kind, value = tokens[at] if at < len(tokens) else ("end", "")
    if kind == "no":
        part, at = _one(tokens, at + 1, depth + 1)
        return Not(part), at
    if kind == "open":
        part, at = _either(tokens, at + 1, depth + 1)
        if at >= len(tokens) or tokens[at][0] != "close":
            raise UserError("commands.wrong.filter_bracket")
        return part, at + 1
    if kind in ("phrase", "word"):
        return _words(kind, value), at + 1
    if kind == "pattern":
        return _pattern(value), at + 1
    raise UserError("commands.wrong.filter_here", here=value or "…")


def _words(kind: str, value: str) -> Words:
    words = plain_words(value)
    if not words:
        raise UserError("commands.wrong.filter_here", here=value or '""')
    return Words(words, is_stem=kind == "word" and value.endswith("*"))


def _pattern(value: str) -> Pattern:
    if len(value) > MOST_PATTERN:
        raise UserError("commands.wrong.filter_long", most=MOST_PATTERN)
    import re2  # heavy, and only needed where somebody uses one

    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.max_mem = _PATTERN_MEMORY
    try:
        return Pattern(value, re2.compile(value, options))
    except re2.error as error:
        raise UserError("commands.wrong.filter_pattern", pattern=value[:60]) from error
