"""Is a line break in plain text the end of a paragraph, or only of a line?"""

from __future__ import annotations

import re

_BREAK = re.compile(r"[ \t]*\r?\n[ \t]*")
_BLANK_LINE = re.compile(r"\n\s*\n")
_ENDS = (".", "!", "?", "…", '"', "”", "“", "»", ":", ")")
WRAPPED_AT = 100  # characters: hard-wrapped lines are no longer
SHORT = 40  # a heading, or the last line of a paragraph


def paragraphed(text: str) -> str:
    """Put a blank line between paragraphs that only a line break parts; lines wrapped by hand stay together."""
    if "\n" not in text or _BLANK_LINE.search(text):
        return text
    lines = [line for line in _BREAK.split(text) if line]
    if _is_wrapped(lines):
        return text
    return "\n\n".join(lines)


def _is_wrapped(lines: list[str]) -> bool:
    full = [line for line in lines[:-1] if len(line) >= SHORT]
    open_ended = sum(not line.endswith(_ENDS) for line in full)
    return bool(full) and max(map(len, full)) <= WRAPPED_AT and open_ended > len(full) / 2
