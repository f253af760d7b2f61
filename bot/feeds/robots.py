"""May a page be read? What a site's robots.txt says to Pitwire (RFC 9309)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

MOST = 500_000  # bytes of a robots.txt that are read (RFC 9309 2.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Robots:
    """The rules of one site that hold for us: (allowed, pattern), the longest matching one decides."""

    rules: tuple[tuple[bool, str], ...] = ()

    def allows(self, url: str) -> bool:
        """Say whether a URL of the site may be read."""
        parts = urlsplit(url)
        path = _normal(parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        best = (-1, True)
        for allowed, pattern in self.rules:
            if _matches(pattern, path):
                best = max(best, (len(pattern), allowed))
        return best[1]


EVERYTHING = Robots()
NOTHING = Robots(rules=((False, "/"),))


def read_robots(text: str, agent: str = "pitwire") -> Robots:
    """Read a robots.txt: the group that names us, else the one for everybody."""
    ours, everybody = _group(text, agent), _group(text, "*")
    return ours or everybody or EVERYTHING


def _group(text: str, agent: str) -> Robots | None:
    rules: list[tuple[bool, str]] = []
    is_ours = found = in_head = False
    for name, value in _lines(text):
        if name == "user-agent":
            is_ours = (in_head and is_ours) or (
                value.lower() == "*" if agent == "*" else agent in value.lower()
            )
            in_head, found = True, found or is_ours
            continue
        in_head = False
        if is_ours and name in ("allow", "disallow") and value:
            rules.append((name == "allow", _normal(value)[:2000]))
    return Robots(rules=tuple(rules[:2000])) if found else None


def _lines(text: str) -> Iterator[tuple[str, str]]:
    for line in text.removeprefix("\ufeff").splitlines():
        name, colon, value = line.partition("#")[0].partition(":")
        if colon:
            yield name.strip().lower(), value.strip()


def _normal(path: str) -> str:
    """One spelling for percent-encoded characters."""
    return quote(unquote(path), safe="/*$?=&:;,@!~+'()-._")


def _matches(pattern: str, path: str) -> bool:
    """`*` stands for anything, `$` at the end for the end; no regular expression, which could take for ever."""
    anchored = pattern.endswith("$")
    pieces = (pattern[:-1] if anchored else pattern).split("*")
    if not path.startswith(pieces[0]):
        return False
    at = len(pieces[0])
    for piece in pieces[1:-1]:
        found = path.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    if len(pieces) == 1:
        return not anchored or at == len(path)
    last = pieces[-1]
    if anchored:
        return len(path) - len(last) >= at and path.endswith(last)
    return path.find(last, at) >= 0
