"""Turn bytes into text, whatever they claim to be."""

from __future__ import annotations

import re

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
        try:
            return body.decode(name or "windows-1252", "replace")
        except LookupError:
            continue
    return body.decode("utf-8", "replace")
