"""Text and boxes as SVG: lines are broken here, since no viewer of a picture does it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from xml.sax.saxutils import escape

FONT = "Helvetica, Arial, sans-serif"
# How wide letters are, in parts of the size; a viewer's font may be a little wider than this.
_WIDTHS = {
    "ijl'|’": 0.24,
    "tfrI.,:;!()[]/ ": 0.3,
    "abcdeghknopqsuvxyz0123456789–": 0.57,
    "wABCDEGHKLNOPQRSTUVXYZ&": 0.71,
    "mMW@%…—": 0.88,
}
_WIDTH = {letter: width for letters, width in _WIDTHS.items() for letter in letters}
_OTHER, _EMOJI, _BOLD = 0.55, 1.35, 1.05
_WORDS = re.compile(r"\S+\s*|\s+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Words in one look."""

    words: str
    fill: str = "#dbdee1"
    size: float = 15
    bold: bool = False
    italic: bool = False
    hidden: bool = False  # under a cover: a box stands in its place, the words are not in the picture


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A piece of a picture that knows its height."""

    height: float
    drawn: str  # with its top left corner at 0, 0


def width_of(span: Span) -> float:
    """How wide a span is, about."""
    wide = math.fsum(  # `sum` rounds otherwise before Python 3.12, and a picture is compared to the letter
        _EMOJI if ord(c) > 0x2190 and c not in "…—–’" else _WIDTH.get(c, _OTHER) for c in span.words
    )
    return wide * span.size * (_BOLD if span.bold else 1)


def lines(spans: Sequence[Span], width: float) -> list[list[Span]]:
    """Break spans into lines at blanks and at line feeds."""
    made: list[list[Span]] = [[]]
    room = width
    for span in spans:
        for number, part in enumerate(span.words.split("\n")):
            if number:
                made.append([])
                room = width
            for word in _WORDS.findall(part):
                one = replace(span, words=word)
                needs = width_of(replace(span, words=word.rstrip()))
                if needs > room and made[-1]:
                    made.append([])
                    room = width
                made[-1].append(one)
                room -= width_of(one)
    return made


def paragraph(spans: Sequence[Span], width: float, *, leading: float = 1.36) -> Box:
    """Spans as a paragraph of that width."""
    drawn, y = [], 0.0
    for line in lines(spans, width):
        size = max((span.size for span in line), default=spans[0].size if spans else 15)
        y += size * leading
        drawn.append(_line(line, y - size * (leading - 1) * 0.9))
    return Box(height=y, drawn="".join(drawn))


def _line(line: Sequence[Span], y: float) -> str:
    drawn: list[str] = []
    covers: list[str] = []
    x, is_after_cover = 0.0, False
    for span in _joined(line):
        wide = width_of(span)
        if span.hidden:
            covers.append(box(x, y - span.size * 0.85, wide, span.size * 1.1, fill=span.fill, radius=4))
        elif span.words.strip() or not is_after_cover:
            drawn.append(_tspan(span, f' x="{x:.1f}"' if is_after_cover else ""))
        is_after_cover = span.hidden
        x += wide
    text = f'<text xml:space="preserve" x="0" y="{y:.1f}">{"".join(drawn)}</text>' if drawn else ""
    return text + "".join(covers)


def _joined(line: Sequence[Span]) -> Iterator[Span]:
    """Neighbours of one look as one span."""
    held: Span | None = None
    for span in line:
        if held is not None and replace(held, words="") == replace(span, words=""):
            held = replace(held, words=held.words + span.words)
            continue
        if held is not None:
            yield held
        held = span
    if held is not None:
        yield held


def _tspan(span: Span, place: str) -> str:
    look = f'{place} fill="{span.fill}" font-size="{span.size:g}"'
    look += ' font-weight="bold"' if span.bold else ""
    look += ' font-style="italic"' if span.italic else ""
    return f"<tspan{look}>{escape(span.words)}</tspan>"


def box(
    x: float, y: float, width: float, height: float, *, fill: str, radius: float = 0, more: str = ""
) -> str:
    """A filled box with round corners."""
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="{radius:g}" '
        f'fill="{fill}"{" " + more if more else ""}/>'
    )


def at(x: float, y: float, drawn: str) -> str:
    """Move what was drawn."""
    return f'<g transform="translate({x:.1f} {y:.1f})">{drawn}</g>'


def label(
    x: float, y: float, words: str, *, fill: str, size: float = 14, bold: bool = False, middle: bool = False
) -> str:
    """Words on one line."""
    anchor = ' text-anchor="middle"' if middle else ""
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="{fill}" font-size="{size:g}"{weight}{anchor}>{escape(words)}</text>'


def stacked(boxes: Sequence[Box], *, gap: float = 0) -> Box:
    """Boxes below each other."""
    drawn, y = [], 0.0
    for one in boxes:
        drawn.append(at(0, y, one.drawn))
        y += one.height + gap
    return Box(height=max(0.0, y - gap), drawn="".join(drawn))


def race(width: float, height: float, name: str) -> str:
    """A picture of a race, as a picture may stand in a post: dusk, a straight, two cars."""
    low = height * 0.62
    car = (
        '<path d="M0 10 L8 10 L12 3 L30 3 L38 9 L52 10 L54 15 L0 15 Z"/>'
        '<circle cx="11" cy="15" r="5" fill="#111"/><circle cx="42" cy="15" r="5" fill="#111"/>'
    )
    scale = height / 130
    return (
        f'<defs><linearGradient id="{name}" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="#33406b"/>'
        '<stop offset="1" stop-color="#e8925c"/></linearGradient></defs>'
        + box(0, 0, width, height, fill=f"url(#{name})", radius=8)
        + box(0, low, width, height - low, fill="#3b3d44", radius=8)
        + box(0, low, width, 4 * scale, fill="#c9ccd4")
        + "".join(
            box(n * width / 6 + 8, low + height * 0.2, width / 12, 3 * scale, fill="#8f929b")
            for n in range(6)
        )
        + f'<g fill="#d4213d" transform="translate({width * 0.5:.1f} {low + 2 * scale:.1f}) scale({scale:.2f})">{car}</g>'
        + f'<g fill="#2f6fd6" transform="translate({width * 0.12:.1f} {low + 12 * scale:.1f}) scale({scale:.2f})">{car}</g>'
    )


def svg(width: float, height: float, drawn: str, *, title: str) -> str:
    """A whole picture."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" font-family="{FONT}" role="img">'
        f"<title>{escape(title)}</title>{drawn}</svg>\n"
    )
