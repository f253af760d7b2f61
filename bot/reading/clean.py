"""Plain text out of a feed's HTML, and out of that text whatever is not the article."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from functools import cache, lru_cache
from importlib.resources import files

from bot.reading.lines import paragraphed
from bot.text import fold, paragraphs, tame, unescaped

SHORT = 140  # characters: a longer line is prose
BIO = 320
WALL = 450
LONG = 1_000  # what goes on longer is prose, and no more of it need be looked at
MOST_MARKS = 1_000  # "<" in markup that a tree is built of; honest entries have a few hundred
MOST_TAGS = 20_000  # that are read at all
# Goes on at the next tag that begins: else many that never end would each be looked through.
_TAG = re.compile(r"<[a-zA-Z/!](?:[^<>]|<(?![a-zA-Z/!])){0,2000}+>")
SMALL = 8_000  # characters in which not many attributes have room
# An element with hundreds of attributes: a tree compares each of them with all before it.
FLOODED = re.compile(
    r"""<([a-zA-Z][\w:-]*+)(?>[^>\s"'/]{0,200}+(?:[\s/]++|"[^"]{0,5000}+"|'[^']{0,5000}+'|["'])){150}[^<>]*+"""
)
_UNREAD = ("script", "style", "noscript", "iframe", "form", "button", "figcaption", "svg", "template")
_BLOCKS = (
    *("p", "div", "br", "li", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "section", "article"),
    *("tr", "table", "ul", "ol", "figure", "hr"),
)
# Also a closing tag alone makes an element ("</p>", "</br>"), and a cell makes its row.
_ELEMENT = re.compile(r"</?([a-zA-Z][a-zA-Z0-9]*)")
_CELLS = frozenset(("td", "th"))
_TELLING = _CELLS.union(_UNREAD, _BLOCKS)
_NAME = re.compile(r"(/?)([a-zA-Z][^\s/>]*)")
_COUNTER = re.compile(
    r"^\W*\d[\d.,]*\s+(?:kommentare?|comments?|commentaires?|comentarios?|commenti|reacties?|shares?|views?|reactions?)\b"
)
_CREDIT = re.compile(
    r"^\W*(?:©|\(c\)|(?:foto(?:s|grafie)?|photos?|bild(?:er)?|credit(?:s|o|os)?|image|imagen|crediti)\s?:"
    r"|credits? photos?|imago|getty images)",
    re.IGNORECASE,
)
_INLINE_CREDIT = re.compile(
    r"\s*[(\[]\s*(?:©|\(c\)|Foto:|Photo:|Credit:)\s*([^()\[\]]{2,120})[)\]]\s*\.?$", re.IGNORECASE
)
_FIGURES = re.compile(r"\d{1,2}[.:h/]\d{2}|(?:19|20)\d\d")
_DOTS = re.compile(r"^\W*$")
_SENTENCE_END = (".", "!", "?", "…", "”", "“", "»", '"', ":", "’", "'", ")")


def text_of(markup: str) -> str:
    """Turn HTML, or text with entities, or HTML escaped once too often, into paragraphs of plain text."""
    return "\n\n".join(lines_of(markup))


def lines_of(markup: str) -> list[str]:
    """The paragraphs of `text_of`, one by one."""
    if not markup:
        return []
    if not _TAG.search(markup):
        markup = paragraphed(markup)
    for _ in range(2):
        if not _TAG.search(markup):
            break
        markup = _stripped(markup)
    plain = unescaped(markup)
    if plain != markup and _TAG.search(plain):
        plain = _stripped(plain)
    return paragraphs(plain)


def _stripped(markup: str) -> str:
    if markup.count("<") > MOST_MARKS or (len(markup) > SMALL and FLOODED.search(markup)):
        return _by_tags(markup)
    return _by_tree(markup)


def _by_tree(markup: str) -> str:
    from selectolax.lexbor import LexborHTMLParser

    tree = LexborHTMLParser(markup)
    unread, blocks = _selectors(_TELLING.intersection(map(str.lower, _ELEMENT.findall(markup))))
    for node in tree.css(unread) if unread else ():
        node.decompose()
    for node in tree.css(blocks) if blocks else ():
        node.insert_before("\n\n")
        node.insert_after("\n\n")
    body = tree.body
    return body.text(deep=True) if body is not None else ""


@lru_cache(maxsize=256)
def _selectors(names: frozenset[str]) -> tuple[str, str]:
    """What to look for in markup that names these elements: a look for each that there may be takes most of the time."""
    there = {*names, "tr"} if names & _CELLS else names
    return ", ".join(filter(there.__contains__, _UNREAD)), ", ".join(filter(there.__contains__, _BLOCKS))


def _by_tags(markup: str) -> str:
    """Strip markup tag by tag, in one pass: in a tree, elements inside each other take quadratic time and memory."""
    first, *pieces = _uncommented(markup).split("<", MOST_TAGS)[:MOST_TAGS]
    kept, inside = [first], ""
    for piece in pieces:
        tag = _NAME.match(piece)
        name = tag[2].lower() if tag else ""
        is_end = bool(tag and tag[1])
        _, _, after = piece.partition(">")
        if inside:
            if not is_end or name != inside:
                continue
            inside = ""
        elif name in _UNREAD and not is_end:
            inside = name
            continue
        if name in _BLOCKS:
            kept += ("\n\n", after)
        else:
            kept.append(after if name or piece[:1] in ("/", "!", "?") else f"<{piece}")
    return unescaped("".join(kept))


def _uncommented(markup: str) -> str:
    first, *pieces = markup.split("<!--")
    return first + "".join(piece.partition("-->")[2] for piece in pieces)


def without_boilerplate(text: str, *, authors: Sequence[str] = ()) -> str:
    """Leave out comment counters, read-also lines, credits, biographies, and all that follows the article."""
    return "\n\n".join(article_lines([*map(tame, text.split("\n\n"))], authors=authors))


def article_lines(lines: Sequence[str], *, authors: Sequence[str] = ()) -> list[str]:
    """Those of an article's tamed lines that are its own."""
    names = {fold(name) for name in authors if name}
    kept: list[str] = []
    for n, line in enumerate(lines):
        folded = fold(line[:LONG])
        if not folded:
            continue
        if kept and is_tail(folded):
            break
        late = n > len(lines) / 3
        if folded in names or is_boilerplate(line) or (late and is_biography(line)):
            continue
        kept.append(line)
    while kept and _is_leftover(kept[-1]) and len(kept) > 3:
        kept.pop()
    return kept


@lru_cache(maxsize=64)  # the first lines are looked at for what stands above a text, and again as its text
def is_boilerplate(line: str) -> bool:
    """Say whether a single line is none of an article, wherever it stands."""
    line = line[:LONG]
    folded = fold(line)
    if not folded or _DOTS.match(folded) or _COUNTER.match(folded) or _CREDIT.match(line):
        return True
    if _starts(folded, "read_also") and len(folded) < 2 * SHORT:
        return True
    if len(folded) < WALL and _holds(folded, "wall"):
        return True
    return (
        len(folded) < SHORT and (line.startswith("*") or not _is_sentence(line)) and _holds(folded, "noise")
    )


def is_dateline(line: str) -> bool:
    """Say whether a short line only tells who published the article when: "Agence, publié le 9 septembre 2019"."""
    if len(line) > 100 or not _FIGURES.search(line):
        return False
    padded = f" {fold(line)} "
    return any(f" {word} " in padded for word in _patterns()["dateline"])


def is_tail(folded: str) -> bool:
    """Say whether a folded line opens what follows the article: its comments, a list of others."""
    return (
        len(folded) < 60
        and folded.startswith(openings := _patterns()["tail"])
        and any(folded.startswith(opening) and len(folded) < len(opening) + 18 for opening in openings)
    )


def is_biography(line: str) -> bool:
    """Say whether a line introduces who wrote the article."""
    folded = fold(line[:LONG])
    return len(folded) < BIO and _starts(folded, "bio") and not line.startswith(("„", "“", "«", '"'))


def credit_of(line: str) -> tuple[str, str]:
    """Part a caption from its credit: "Three signatures (© Photo / Somebody)" → caption, credit."""
    found = _INLINE_CREDIT.search(line) if line.rstrip(". ").endswith((")", "]")) else None
    if found:
        return line[: found.start()].strip(), tame(found.group(1))
    if _CREDIT.match(line) and len(line) < SHORT:
        return "", tame(_CREDIT.sub("", line)).strip(" :")
    return line, ""


def byline_of(line: str) -> str:
    """A short line without the words that stand before a date or a name: "Von Anna Beispiel" → "Anna Beispiel"."""
    beginning = fold(line[:SHORT])
    if not beginning.startswith(_patterns()["byline"]):
        return line
    for word in _patterns()["byline"]:
        if beginning.startswith(word + " "):
            return line[len(word) :].strip(" :|")
    return line


def is_name(line: str) -> bool:
    """Say whether a line is nothing but a person's name, as a byline gives it ("Valentin GLO")."""
    words = line.split() if len(line) < 48 else ()
    return (
        1 < len(words) <= 4
        and all(
            word[:1].isupper() or word.lower() in ("de", "van", "von", "der", "di", "da", "del", "la", "le")
            for word in words
        )
        and not any(c.isdigit() or c in ".:!?,;„“”«»()/>|" for c in line.replace(".", "", 1))
    )


def _is_leftover(line: str) -> bool:
    """At the very end a short line without a full stop is a link, a caption or a tag."""
    return len(line) < 80 and not line.endswith(_SENTENCE_END)


def _is_sentence(line: str) -> bool:
    return len(line) > 60 and line.rstrip().endswith((".", "!", "?", "“", "”", "»"))


def _starts(folded: str, kind: str) -> bool:
    openings = _patterns()[kind]
    return folded.startswith(openings) and any(
        folded.startswith(opening) and not folded[len(opening) : len(opening) + 1].isalnum()
        for opening in openings
    )


def _holds(folded: str, kind: str) -> bool:
    return any(map(folded.__contains__, _patterns()[kind]))


@cache
def _patterns() -> dict[str, tuple[str, ...]]:
    raw = tomllib.loads(files("bot.reading").joinpath("boilerplate.toml").read_text(encoding="utf-8"))
    return {kind: tuple(dict.fromkeys(fold(phrase) for phrase in phrases)) for kind, phrases in raw.items()}
