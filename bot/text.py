"""Small truths about text that every layer shares: folding, measuring, cutting, taming."""

from __future__ import annotations

import bisect
import functools
import html
import re
import unicodedata
from collections.abc import Callable, Iterable

_BLANKED = (("™", " "), ("®", " "), ("©", " "), ("’", "'"), ("‘", "'"), ("ʼ", "'"))
_SPECIAL = (
    *((dash, " ") for dash in "‐‑‒–—―-_/·•"),
    *(("ø", "o"), ("ł", "l"), ("đ", "d"), ("æ", "ae"), ("œ", "oe"), ("ı", "i")),  # casefold parts "ß"
)

# Direction overrides and isolates, zero-width characters (but not U+200D between emoji), BOM, controls.
_UNSEEN = re.compile(
    "[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffc]"
)
_BLANK_LINES = re.compile(r"\n\s*\n")  # also finds those of "\r\n": a blank at an end is taken off anyway
_WESTERN, _NO_CHARACTER = "cp1252", b"\x81"  # a code page with nearly all that Western Europe prints
_ACCENTS = re.compile("[\u0300-\u034e\u0350-\u036f]+")
_PIECE = 256
_ODD = re.compile(
    "[^\x00-\u02ff\u2000-\u20cf]+"
)  # letters, punctuation and currencies that stand on no other


def fold(text: str) -> str:
    """Make text comparable: case, accents, dashes and trademark signs gone, blanks single.

    ™ and ® are blanked before NFKD, which would turn "MotoGP™" into "MotoGPTM".
    """
    return _folded_line(text) if len(text) < 1_000 else _folded(text)


def _folded(text: str) -> str:
    if text.isascii():  # most of what is folded: a tenth of the time
        return _squeezed(text.lower().replace("-", " ").replace("_", " ").replace("/", " "))
    text = _replaced(_replaced(text, _BLANKED).casefold(), _SPECIAL)
    if text.isascii():
        return _squeezed(text)
    try:
        return _squeezed(text.encode(_WESTERN).translate(_western()).decode(_WESTERN))
    except UnicodeError:  # another script, or a character that becomes several
        return _squeezed(_plained(text))


def _plained(text: str) -> str:
    """Take accents off, piece by piece: a letter with thousands of them takes quadratic time to put in order.

    Of long text a piece may not grow beyond twice its length: one character of Arabic may stand for eighteen.
    """
    if len(text) > _PIECE:
        pieces = (text[at : at + _PIECE] for at in range(0, len(text), _PIECE))
        return "".join(_plained(piece)[: 2 * _PIECE] for piece in pieces)
    return _ODD.sub(_plain, _ACCENTS.sub("", unicodedata.normalize("NFKD", text)))


@functools.cache
def _western() -> bytes:
    """What each byte of the code page becomes; what would become more than one character becomes no character at all."""
    plain = (_plained(bytes((code,)).decode(_WESTERN, "replace")) for code in range(256))
    return b"".join(_byte(character) for character in plain)


def _byte(character: str) -> bytes:
    try:
        encoded = character.encode(_WESTERN)
    except UnicodeError:
        return _NO_CHARACTER
    return encoded if len(encoded) == 1 else _NO_CHARACTER


def _squeezed(text: str) -> str:
    """Make blanks single, and take those at the ends off; mostly there is nothing to do."""
    if "  " not in text and text[:1] != " " and text[-1:] != " " and text.isprintable():
        return text
    return " ".join(text.split())


# One line of an article is looked at from many sides.
_folded_line = functools.lru_cache(maxsize=512)(_folded)


def _replaced(text: str, pairs: Iterable[tuple[str, str]]) -> str:
    """Replace characters that mostly are not there: a look for each takes a tenth of what `translate` does."""
    for old, new in pairs:
        if old in text:
            text = text.replace(old, new)
    return text


def _plain(found: re.Match[str]) -> str:
    return "".join(c for c in found[0] if not unicodedata.combining(c))


def tame(text: str) -> str:
    """Take out what a reader cannot see and a terminal or chat might obey; line breaks become blanks."""
    if "\xa0" in text:
        text = text.replace("\xa0", " ")  # many outlets' editors write it, and it alone
    if text.isprintable() and "\ufffc" not in text:  # most text: nothing unseen in it, and no blank but " "
        return _squeezed(text)
    return " ".join(_UNSEEN.sub("", text).split())


def unescaped(text: str) -> str:
    """Read HTML's entities; a number too long to be one leaves all as they are."""
    try:
        return html.unescape(text)
    except ValueError:  # Python refuses to read thousands of digits
        return text


def unseen_out(text: str) -> str:
    """Take out what a terminal might obey, and leave all blanks as they are."""
    return _UNSEEN.sub("", text)


def escaped(json: str) -> str:
    """JSON that a terminal may show: what a reader cannot see is written as \\u…, and reads back the same."""
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", json)


def tame_lines(text: str) -> str:
    """Like `tame`, but keep paragraphs (a blank line between them)."""
    return "\n\n".join(paragraphs(text))


def paragraphs(text: str) -> list[str]:
    """The paragraphs of a text, tamed; those of nothing are left out."""
    return [*filter(None, map(tame, _BLANK_LINES.split(text)))]


def utf16_length(text: str) -> int:
    """Count UTF-16 code units, as Telegram does."""
    return len(text) + sum(c > "\uffff" for c in text)


def cut(text: str, most: int) -> str:
    """Shorten to `most` characters at a sentence, then a word, and show with "…" that it was cut."""
    return cut_by(text, most, len)


def cut_utf16(text: str, most: int) -> str:
    """Like `cut`, in UTF-16 code units, never inside a character."""
    return cut_by(text, most, utf16_length)


def cut_by(text: str, most: int, measure: Callable[[str], int]) -> str:
    """Cut by any measure that grows with the text."""
    if measure(text) <= most:
        return text
    if most <= 1:
        return "…"[:most]
    candidates = range(min(len(text), most - 1) + 1)
    end = bisect.bisect_right(candidates, most - 1, key=lambda length: measure(text[:length])) - 1
    end = _whole_character(text, end)
    piece = text[:end]
    sentence = max(piece.rfind(mark) for mark in (". ", "! ", "? ", "。", ".\n"))
    if sentence > end * 0.6:
        return (
            piece[: sentence + 1] + "…" if measure(piece[: sentence + 2]) <= most else piece[: sentence + 1]
        )
    word = piece.rfind(" ")
    if word > end * 0.6:
        piece = piece[:word]
    return piece.rstrip(" ,;:–-") + "…"


def _whole_character(text: str, end: int) -> int:
    """Move `end` left so that it parts no emoji sequence, flag, or letter with its marks."""
    while 0 < end < len(text) and (
        unicodedata.combining(text[end])
        or text[end] in "\u200d\ufe0e\ufe0f"
        or "\U0001f3fb" <= text[end] <= "\U0001f3ff"
        or text[end - 1] == "\u200d"
    ):
        end -= 1
    flags = 0
    while end - flags > 0 and "\U0001f1e6" <= text[end - flags - 1] <= "\U0001f1ff":
        flags += 1
    return end - flags % 2
