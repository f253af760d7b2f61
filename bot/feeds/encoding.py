"""Turn bytes into text, whatever they claim to be."""

from __future__ import annotations

import re

_DECLARED = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([\w.:-]{1,40})["']""", re.I)
_META = re.compile(rb"""<meta[^>]{0,300}?charset\s*=\s*["']?\s*([\w.:-]{1,40})""", re.I)


def decoded(body: bytes, content_type: str = "") -> str:
    """Turn the bytes of a page into text, whatever they claim to be."""
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    named = re.search(r"charset\s*=\s*[\"']?([\w.:-]+)", content_type)
    meta = _META.search(body[:4096])
    for name in (named and named.group(1), meta and meta.group(1).decode("ascii"), "windows-1252"):
        if not name or name.lower() in ("utf-8", "utf8"):  # which it says, and is not
            continue
        try:
            return body.decode(name, "replace")
        except LookupError:
            continue
    return body.decode("utf-8", "replace")


def is_utf8(body: bytes) -> bool:
    """Say whether the bytes are valid UTF-8; text in another encoding practically never is by chance."""
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def declared_encoding(body: bytes) -> str:
    """Read the encoding that an XML declaration names."""
    found = _DECLARED.match(body[:300])
    return found.group(1).decode("ascii").lower() if found else ""


def named_encoding(body: bytes, content_type: str) -> str:
    """The encoding that the server's header names, else the document itself."""
    named = re.search(r"charset\s*=\s*[\"']?([\w.:-]+)", content_type, re.I)
    return named.group(1).lower() if named else declared_encoding(body)


def reads_as(body: bytes, name: str) -> bool:
    """Say whether bytes are valid in an encoding."""
    try:
        body.decode(name)
    except (LookupError, UnicodeDecodeError):
        return False
    return True
