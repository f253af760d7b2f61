"""Hand the parser only the items of a feed that it has not seen: parsing, not fetching, is what costs.

The raw body is split at its item tags, each slice is hashed, and what is parsed is the document without the slices that
are known: the same prolog, the new items, the same end. feedparser reads the same from it as from the whole. Where the
split is not certain there is none, and the whole document is parsed.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from bot.feeds.armour import MOST_ENTRIES
from bot.feeds.encoding import is_utf8, named_encoding, reads_as

SIZE = 8  # bytes of a slice's hash
_FIRST = re.compile(rb"<((?:[A-Za-z_][\w.-]*:)?(?:item|entry))(?=[\s>/])")
_BASE = re.compile(rb"base\s*=\s*[\"']")
_TEXTS = ((b"<![CDATA[", re.compile(rb"\]\]>")), (b"<!--", re.compile(rb"-->")))
_ODD_ENCODINGS = (
    "utf-16",
    "utf16",
    "utf-32",
    "utf32",
    "utf-7",
    "ucs",
    "iso-2022",
    "iso-10646",
    "hz",
    "cp037",
    "ebcdic",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """A feed's document in pieces; joined they are the document again."""

    tag: bytes  # of its items: "item", "atom:entry"
    prolog: bytes
    slices: tuple[bytes, ...]
    end: bytes

    def hashes(self) -> tuple[bytes, ...]:
        """The names of the slices, SIZE bytes each."""
        return tuple(hashlib.blake2b(piece.strip(), digest_size=SIZE).digest() for piece in self.slices)

    def only(self, numbers: Sequence[int]) -> bytes:
        """The document with some of its slices."""
        return b"".join((self.prolog, *(self.slices[number] for number in numbers), self.end))

    def is_certain(self, numbers: Sequence[int]) -> bool:
        """Say whether these slices are items, and nothing around them is one; a known slice was found to be one before.

        No comment or CDATA section that is not closed in its slice escapes this: it would hide a tag of the next one.
        """
        markup = _markup(self.only(numbers))
        return markup is not None and _is_certain(markup, self.tag, len(numbers))


def split(body: bytes, content_type: str = "") -> Split | None:
    """Split a document at its items; None where that is not certain."""
    found = cut(body, content_type)
    return found if found and found.is_certain(range(len(found.slices))) else None


def cut(body: bytes, content_type: str = "") -> Split | None:
    """Split a document at what look like its items; None where they do not follow each other.

    Whether they are its items is for `Split.is_certain` to say.
    """
    first = _FIRST.search(body)
    if first is None or not _is_plain(body, content_type):
        return None
    tag = first.group(1)
    pieces = _pieces(body, tag)
    if pieces is None:
        return None
    begins = [begin for begin, _ in pieces]
    ends = [*begins[1:], pieces[-1][1]]
    return Split(
        tag=tag,
        prolog=body[: begins[0]],
        slices=tuple(body[begin:end] for begin, end in zip(begins, ends, strict=True)),
        end=body[pieces[-1][1] :],
    )


def _markup(body: bytes) -> bytes | None:
    """The document without its CDATA sections and comments: what stands in them is text. None where one never ends."""
    for begin, end in _TEXTS:
        at = body.find(begin)
        if at < 0:
            continue
        kept, done = [], 0
        while at >= 0:
            closed = end.search(body, at)  # half the time of bytes.find for so short an end
            if closed is None:
                return None
            kept.append(body[done:at])
            done = closed.end()
            at = body.find(begin, done)
        body = b"".join((*kept, body[done:]))
    return body


def _is_certain(markup: bytes, tag: bytes, count: int) -> bool:
    """Say whether the items found are all there are: none of them text, none of another name."""
    slashes = _tags(tag).findall(markup)
    return (
        len(slashes) == 2 * count
        and slashes.count(b"/") == count
        and not _has_other_items(markup, tag)
        and not _leaks(markup, markup.find(b"<" + tag))
    )


def _leaks(markup: bytes, first: int) -> bool:
    """feedparser lets an item's xml:base leak into the next one, unless the root has one."""
    return first >= 0 and bool(_BASE.search(markup, first)) and not _BASE.search(markup, 0, first)


@lru_cache(maxsize=32)
def _tags(name: bytes) -> re.Pattern[bytes]:
    """The opening and closing tags of that very name: `<item>` and not `<items>`."""
    return re.compile(rb"<(/?)" + re.escape(name) + rb"[> \n\r\t/]")


def _pieces(body: bytes, tag: bytes) -> list[tuple[int, int]] | None:
    """Where each item begins and ends. They must follow each other with nothing but blanks between them."""
    tags = list(islice(_tags(tag).finditer(body), 2 * MOST_ENTRIES + 1))
    if len(tags) % 2:
        return None
    pieces: list[tuple[int, int]] = []
    for opening, closing in zip(tags[::2], tags[1::2], strict=True):
        begin, end = opening.start(), body.find(b">", closing.start()) + 1
        if opening[1] or not closing[1] or not end:
            return None
        if pieces and not _is_blank(body, pieces[-1][1], begin):
            return None
        pieces.append((begin, end))
    return pieces or None


def _next(body: bytes, opening: bytes, at: int) -> int:
    """The next tag of that very name: `<item>` and not `<items>`."""
    while (at := body.find(opening, at)) >= 0:
        if body[at + len(opening) : at + len(opening) + 1] in (b">", b" ", b"\n", b"\r", b"\t", b"/"):
            return at
        at += 1
    return -1


def _is_blank(body: bytes, begin: int, end: int) -> bool:
    return begin == end or body[begin:end].isspace()


def _has_other_items(body: bytes, tag: bytes) -> bool:
    """Say whether another tag could be an item too: the other name, another prefix, other letters' case."""
    prefix, _, own = tag.rpartition(b":")
    other = b"entry" if own == b"item" else b"item"
    suspects = [b"<" + other, b":" + other, b"<ITEM", b"<ENTRY", b"<Item", b"<Entry"]
    suspects.append(b"<" + own if prefix else b":" + own)
    return any(_next(body, suspect, 0) >= 0 for suspect in suspects)


def _is_plain(body: bytes, content_type: str) -> bool:
    """Say whether tags look like ASCII in this encoding, and the whole of it can be read in it.

    Otherwise feedparser goes on guessing, and may guess differently for a part.
    """
    if is_utf8(body):
        return True
    name = named_encoding(body, content_type)
    return bool(name) and not name.startswith(_ODD_ENCODINGS) and reads_as(body, name)


def unseen(hashes: Sequence[bytes], known: bytes) -> list[int]:
    """The numbers of the slices that are not known."""
    seen = {known[at : at + SIZE] for at in range(0, len(known), SIZE)}
    return [number for number, name in enumerate(hashes) if name not in seen]
