"""Keep documents that were made to hurt away from the parsers: entities that blow up, tags without end."""

from __future__ import annotations

import contextlib
import re

from bot.feeds import trouble

MOST_ENTRIES = 2_000  # of one document; what comes after is not read
MOST_EXPANDED = 1_000_000  # characters that a document's own entities may grow to
MOST_TAGS = 200_000  # of one document
MOST_IN_ITEM = 5_000  # "<" of one entry, half of them closing tags; an article has a few hundred
MOST_IN_ITEMS = 80_000  # of all entries that are read: 2,000 of 20 elements each
HARMLESS = 50_000  # bytes in which markup can hardly hurt
MOST_REFERENCES = 400_000  # "&" in one document
MOST_DEPTH = 256  # elements inside each other; feeds have about ten

_ENTITY = re.compile(rb"""<!ENTITY\s+(?!%)([^\s>]+)\s+(?:"([^"]*)"|'([^']*)')""", re.I)
_BLANKS = re.compile(rb"\s{16,}")
PIECE = 500
_PIECE = re.compile(rb"[\w.+-]{%d}" % PIECE)
_WORD = re.compile(rb"([\w.+-]{%d})[\w.+-]+" % PIECE)
_NUMBER = re.compile(rb"&#[0-9]{9,}")
_REFERENCE = re.compile(rb"&([^\s&;#<>]{1,200});")
# A name without end, or attributes without end: feedparser takes quadratic time over them.
_HUGE = re.compile(
    rb"""<[A-Za-z_:/][^\s<>"'=]{1000}"""
    rb"""|<[A-Za-z_:][^\s<>"'=]*+(?:\s++[^\s<>"'=]++\s*+=\s*+(?:"[^"<]*+"|'[^'<]*+')){300}"""
)
_TAG = re.compile(rb"<(/?)([A-Za-z_][\w:.-]*)[^<>]*(/?)>")
_VOID = frozenset(b"br img hr p li input meta link wbr td tr dd dt option source embed".split())
_ITEM = re.compile(rb"<(?:[\w-]+:)?(?:item|entry)[\s>/]", re.I)
_ITEM_END = re.compile(rb"</(?:[\w-]+:)?(?:item|entry)\s*>", re.I)


def check(body: bytes) -> None:
    """Raise FetchError for a document whose own entities would blow up, or whose markup is made to cost time and memory."""
    text = _as_ascii(body)
    if len(text) > HARMLESS and (text.count(b"&") > MOST_REFERENCES or _HUGE.search(text)):
        raise trouble.error("bulk")
    if b"<!ENTITY" not in text and b"<!entity" not in text:
        return
    # Wherever they stand: what a comment or another value hides from us may not be hidden from a parser.
    values: dict[bytes, bytes] = {}
    for name, quoted, single in _ENTITY.findall(text):
        values[name] = values.get(name, b"") + (quoted or single)
    sizes: dict[bytes, int] = {}
    total = 0
    for name in _REFERENCE.findall(text):
        if name in values:
            total += _size(name, values, sizes, ())
        if total > MOST_EXPANDED:
            raise trouble.error("entities")


def _as_ascii(body: bytes) -> bytes:
    """The document in an encoding whose markup is ASCII: feedparser reads others, too."""
    if b"\0" not in body[:64] and b"<" in body[:1000]:
        return body
    for name in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp037"):
        with contextlib.suppress(UnicodeDecodeError):
            text = body.decode(name)
            if "<" in text[:1000]:
                return text.encode("utf-8", "replace")
    return body


def tightened(body: bytes) -> bytes:
    """Shrink blanks before the first element, and words without end: feedparser's patterns take quadratic time over them.

    A number too long for a character is none: Python refuses to read it.
    """
    start = _first_element(body)
    head = body[:start]
    body = _BLANKS.sub(b"\n", head) + body[start:] if len(head) > 200 and _BLANKS.search(head) else body
    if any(_PIECE.match(body, at) for at in range(0, len(body), PIECE)):  # lies in each word twice as long
        body = _WORD.sub(rb"\1", body)
    return _NUMBER.sub(b"&#0", body)


def _first_element(body: bytes) -> int:
    found = re.search(rb"<[A-Za-z_]", body)
    return found.start() if found else len(body)


def _size(name: bytes, values: dict[bytes, bytes], sizes: dict[bytes, int], above: tuple[bytes, ...]) -> int:
    """Count what an entity grows to, entities inside entities included; one inside itself never ends."""
    if name in above or len(above) > 50:
        return MOST_EXPANDED + 1
    if name not in sizes:
        value = values[name]
        inner = (inside for inside in _REFERENCE.findall(value) if inside in values)
        size = len(value)
        for inside in inner:
            size += _size(inside, values, sizes, (*above, name))
            if size > MOST_EXPANDED:
                break
        sizes[name] = size
    return sizes[name]


def shortened(body: bytes, most: int = MOST_ENTRIES) -> bytes:
    """Cut a document off behind its first `most` entries; parsers take the rest for a cut-off feed."""
    if body.count(b"<item") + body.count(b"<entry") + body.count(b"<ITEM") + body.count(b":item") <= most:
        return body
    for count, found in enumerate(_ITEM.finditer(body)):
        if count == most:
            return body[: found.start()]
    return body


def lightened(body: bytes) -> tuple[bytes, int]:
    """Leave out entries with more elements than any article has, and all that follow when it has been too many.

    A parser takes a kilobyte for each of some elements, and quadratic time over others. How many were left out, too.
    """
    if body.count(b"<") <= MOST_IN_ITEM:
        return body, 0
    begins = [found.start() for found in _ITEM.finditer(body)]
    kept, left_out, total = [body[: begins[0]] if begins else body], 0, 0
    for begin, end in zip(begins, [*begins[1:], len(body)], strict=True):
        piece = body[begin:end]
        marks = _marks(piece)
        if marks > MOST_IN_ITEM or total + marks > MOST_IN_ITEMS:
            left_out += 1
            piece = piece[_end_of_item(piece) :]
        else:
            total += marks
        kept.append(piece)
    return (b"".join(kept), left_out) if left_out else (body, 0)


def _marks(piece: bytes) -> int:
    """How many tags there are; what stands in CDATA is text."""
    marks = piece.count(b"<")
    if marks <= MOST_IN_ITEM or b"<![CDATA[" not in piece:
        return marks
    first, *texts = piece.split(b"<![CDATA[")
    return first.count(b"<") + sum(text.partition(b"]]>")[2].count(b"<") + 1 for text in texts)


def _end_of_item(piece: bytes) -> int:
    ends = list(_ITEM_END.finditer(piece))
    return ends[-1].end() if ends else len(piece)


def refuse_depth(body: bytes, most: int = MOST_DEPTH) -> None:
    """Raise FetchError where elements are nested deeper than in any feed, or are too many to read."""
    if body.count(b"<") <= most:
        return
    depth = tags = at = 0
    while (at := body.find(b"<", at)) >= 0:
        end = _skipped(body, at)
        if end:
            at = end
            continue
        found = _TAG.match(body, at)
        at = found.end() if found else at + 1
        tags += 1
        if found:
            depth = _deeper(depth, found)
        if depth > most or tags > MOST_TAGS:
            raise trouble.error("depth")


def _skipped(body: bytes, at: int) -> int:
    """Where a comment or CDATA section that begins here ends; 0 when none does. What is inside is text."""
    for begin, end in ((b"<![CDATA[", b"]]>"), (b"<!--", b"-->")):
        if body.startswith(begin, at):
            found = body.find(end, at)
            return found + 3 if found >= 0 else len(body)
    return 0


def _deeper(depth: int, tag: re.Match[bytes]) -> int:
    name = tag.group(2).lower()
    if name.rpartition(b":")[2] in (b"item", b"entry"):
        return 2 if not tag.group(1) else 1
    if name in _VOID or tag.group(0).endswith(b"/>"):  # HTML that was pasted in closes them never
        return depth
    return max(0, depth - 1) if tag.group(1) else depth + 1
