"""Plain text into Discord's markdown, so that nothing in it means anything but itself."""

from __future__ import annotations

import re
from datetime import datetime
from urllib.parse import quote, urlsplit, urlunsplit

from bot.text import cut_utf16, tame, utf16_length

MAX_URL = 1500  # a longer one would eat the message

# An entity such as <@1>, <#1>, <:emoji:1>, <t:1:R>, </command:1> or <https://…> is found by the server in the raw text,
# before any backslash is looked at: a zero-width space parts it for good.
_ENTITY = re.compile(r"<(?=\S)")
_EVERYONE = re.compile(r"@(?=everyone|here)", re.IGNORECASE)
_MARKS = re.compile(r"[\\*_~|`\[\]]")
_SCHEME = re.compile(r"(?<=[A-Za-z]):(?=//)")
_LINE_START = re.compile(r"^( *)(?=(?:>{1,3}|#{1,3}|-#|[-+])(?:\s|$))", re.MULTILINE)
_NUMBER_START = re.compile(r"^( *\d+)(?=[.)](?:\s|$))", re.MULTILINE)
_GAPS = re.compile(r"\n{3,}")
_URL_SAFE = "%/:=&?~#+!$,;-._"  # no "@": "@everyone" is looked for inside addresses too


def plain(text: str) -> str:
    """Tame each line, and keep the lines."""
    return _GAPS.sub("\n\n", "\n".join(tame(line) for line in text.splitlines())).strip()


def escape(text: str) -> str:
    """Escape text from outside: no markup, no mention, no link, no custom emoji, no timestamp."""
    text = _MARKS.sub(r"\\\g<0>", plain(text))
    text = _SCHEME.sub(r"\\:", text)
    text = _ENTITY.sub("<\u200b", text)
    text = _EVERYONE.sub("@\u200b", text)
    text = _LINE_START.sub(r"\1\\", text)
    return _NUMBER_START.sub(r"\1\\", text)


def fit(text: str, most: int) -> str:
    """Escape, and cut so that what comes out has at most `most` characters (UTF-16 units, the strictest count)."""
    text = cut_utf16(plain(text[: 4 * max(most, 0) + 400]), max(most, 0))  # a feed may hold a book
    escaped = escape(text)
    if utf16_length(escaped) <= most:
        return escaped
    low, high = 0, utf16_length(text)
    while low < high:  # the most plain characters that fit once they are escaped
        middle = (low + high + 1) // 2
        if utf16_length(escape(cut_utf16(text, middle))) <= most:
            low = middle
        else:
            high = middle - 1
    return escape(cut_utf16(text, low))


def safe_url(url: str | None, *, most: int = MAX_URL) -> str | None:
    """Return the address if it is a plain web address that fits, ready to stand in markup; else None."""
    try:
        parts = urlsplit(tame(url or ""))
        host = (parts.hostname or "").encode("idna").decode()
        port = f":{parts.port}" if parts.port else ""
    except (ValueError, UnicodeError):
        return None
    if parts.scheme.lower() not in ("http", "https") or not host or ":" in host or parts.username is not None:
        return None
    rest = (quote(part, safe=_URL_SAFE) for part in (parts.path, parts.query, parts.fragment))
    safe = urlunsplit((parts.scheme.lower(), quote(host, safe=".-") + port, *rest))
    return safe if len(safe) <= most else None


def link(text: str, url: str | None, *, most: int) -> str:
    """A masked link of at most `most` characters; where the address is none, the text alone."""
    address = safe_url(url)
    if address is None or len(address) + 24 > most:
        return fit(text, most)
    words = fit(text, most - len(address) - 4)
    return f"[{words}]({address})" if words else ""


def ago(at: datetime) -> str:
    """A time that every reader sees in their own words and zone."""
    return f"<t:{int(at.timestamp())}:R>"
