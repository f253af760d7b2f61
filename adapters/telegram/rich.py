"""Text with entities: what Telegram shows is given by offsets, so nothing in a text can be markup.

Offsets and lengths count UTF-16 code units: https://core.telegram.org/api/entities
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

from telegram import MessageEntity, User

from bot.text import cut_utf16, tame, utf16_length

MOST_ENTITIES = 100  # Telegram keeps so many
LONGEST_URL = 2_000

_HOST = re.compile(
    r"(?:[a-z0-9_\u00a1-\uffff](?:[a-z0-9_\u00a1-\uffff-]{0,62})\.)+[a-z0-9\u00a1-\uffff-]{2,63}|\d{1,3}(?:\.\d{1,3}){3}",
    re.I,
)
_SAFE = "/%:=&?~+!$,;'@()*[]"  # left as they are in an address: it may be quoted already
_MENTION = re.compile(r"(?<![\w@])@(?=\w)")
_COMMAND = re.compile(r"(?<![\w/])/(?=[A-Za-z0-9_])")
_JOINER = "\u2060"  # word joiner: invisible, and ends what Telegram would take for a mention or a command


@dataclass(frozen=True, slots=True)
class Mark:
    """An entity: bold, italic, spoiler, code, text_link, text_mention or date_time."""

    kind: str
    url: str = ""
    user: int = 0
    at: datetime | None = None


BOLD = Mark("bold")
ITALIC = Mark("italic")
SPOILER = Mark("spoiler")
CODE = Mark("code")


def link(url: str | None) -> tuple[Mark, ...]:
    """The mark of a link, or none where the address is none that Telegram accepts."""
    return (Mark("text_link", url=url),) if url else ()


@dataclass(frozen=True, slots=True)
class _Span:
    mark: Mark
    offset: int
    length: int


class Rich:
    """A text being written, with marks on parts of it."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._spans: list[_Span] = []
        self.length = 0  # UTF-16 code units

    def __bool__(self) -> bool:
        """Tell whether anything was written."""
        return self.length > 0

    @property
    def marks(self) -> int:
        return len(self._spans)

    def add(self, text: str, *marks: Mark) -> Rich:
        """Write `text`, with all of these marks on it."""
        size = utf16_length(text)
        if size:
            self._spans += [_Span(mark, self.length, size) for mark in marks]
            self._parts.append(text)
            self.length += size
        return self

    def join(self, other: Rich) -> Rich:
        """Write another text with its marks."""
        self._spans += [replace(span, offset=span.offset + self.length) for span in other._spans]
        self._parts += other._parts
        self.length += other.length
        return self

    @contextmanager
    def marked(self, mark: Mark) -> Iterator[None]:
        """Put a mark on everything that is written in the block."""
        start = self.length
        yield
        if self.length > start:
            self._spans.append(_Span(mark, start, self.length - start))

    def clipped(self, most: int) -> Rich:
        """The same text within `most` units: the last resort, cut wherever that is."""
        if self.length <= most:
            return self
        clipped = Rich()
        clipped.add(cut_utf16(self.text, most))
        clipped._spans = [
            replace(span, length=min(span.length, clipped.length - span.offset))
            for span in self._spans
            if span.offset < clipped.length
        ]
        return clipped

    @property
    def text(self) -> str:
        return "".join(self._parts)

    def entities(self, *, with_dates: bool = True) -> list[MessageEntity]:
        """The marks as Telegram wants them. Spoilers are kept first: a lost one would tell a result."""
        spans = [span for span in self._spans if with_dates or span.mark.kind != "date_time"]
        if len(spans) > MOST_ENTITIES:
            spans = sorted(spans, key=lambda span: span.mark != SPOILER)[:MOST_ENTITIES]
        return [_entity(span) for span in sorted(spans, key=lambda span: (span.offset, -span.length))]


def clean(text: str, most: int = 0) -> str:
    """Make text from outside fit for one line: seen as it is, neither a mention nor a command, cut to `most` units."""
    text = tame(whole(text))
    return cut_utf16(defused(text), most) if most else defused(text)


def defused(text: str) -> str:
    """Make "@name" and "/command" of a feed plain text: nobody is pinged, nothing can be tapped by mistake."""
    return _COMMAND.sub(f"/{_JOINER}", _MENTION.sub(f"@{_JOINER}", text))


def spoken(text: str) -> str:
    """Make the bot's own words fit: lines stay, commands can be tapped, nobody is mentioned."""
    lines = (tame(line) for line in whole(text).split("\n"))
    return _MENTION.sub(f"@{_JOINER}", re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip())


def web_url(url: str | None) -> str | None:
    """The address if Telegram makes a link of it (http or https, a host with a dot), else None.

    An entity with another address is refused, and an invalid `href` silently becomes plain text.
    """
    if not url:
        return None
    url = tame(whole(url))
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    if parts.scheme.lower() not in ("http", "https") or "@" in parts.netloc or not _HOST.fullmatch(host):
        return None
    place = f"{host}:{port}" if port else host
    path = quote(parts.path, safe=_SAFE) or "/"
    query = f"?{quote(parts.query, safe=_SAFE)}" if parts.query else ""
    fragment = f"#{quote(parts.fragment, safe=_SAFE)}" if parts.fragment else ""
    address = f"{parts.scheme.lower()}://{place}{path}{query}{fragment}"
    return address if len(address) <= LONGEST_URL else None


def whole(text: str) -> str:
    """Replace half characters (lone surrogates), which no request can carry."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _entity(span: _Span) -> MessageEntity:
    mark = span.mark
    return MessageEntity(
        mark.kind,
        span.offset,
        span.length,
        url=mark.url or None,
        user=User(mark.user, "·", is_bot=False) if mark.user else None,
        unix_time=mark.at.astimezone(UTC) if mark.at else None,
        date_time_format="r" if mark.at else None,
    )
