"""A Discord message as a picture, from the very components that are sent."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from adapters.discord import components as piece
from adapters.discord.components import Component
from tools.docs.drawing import Box, Span, at, box, label, paragraph, race, stacked, svg, width_of

WIDTH = 620
GROUND, CARD, LIGHT, SMALL, LINK, BUTTON, COVER = (
    "#313338",
    "#2b2d31",
    "#dbdee1",
    "#b5bac1",
    "#00a8fc",
    "#4e5058",
    "#1e1f22",
)
STYLES = {1: "#5865f2", 3: "#248046", 4: "#da373c"}
_INLINE = re.compile(
    r"\*\*(?P<bold>.+?)\*\*(?!\*)|\[(?P<words>(?:\\.|[^\]\\])*)\]\([^)\s]*\)|\|\|(?P<cover>.+?)\|\||<t:(?P<time>\d+):R>"
)
_ESCAPED = re.compile(r"\\(.)")


def picture(body: Component, *, title: str, ago: str) -> str:
    """The message as it stands in a channel; `ago` is what a time reads as."""
    inner = WIDTH - 100
    head = (
        '<circle cx="20" cy="20" r="20" fill="#e8e9ec"/>'
        + "".join(
            box(8 + 8 * x, 12 + 8 * y, 8, 8, fill="#1e1f22")
            for x in range(3)
            for y in range(2)
            if (x + y) % 2 == 0
        )
        + label(56, 14, "Pitwire", fill="#f2f3f5", size=16, bold=True)
        + box(118, 1, 34, 16, fill="#5865f2", radius=4)
        + label(135, 13, "APP", fill="#ffffff", size=10, bold=True, middle=True)
    )
    shown = stacked([_drawn(one, inner, ago) for one in body["components"]], gap=8)
    height = shown.height + 60
    drawn = box(0, 0, WIDTH, height, fill=GROUND, radius=10) + at(20, 18, head) + at(76, 44, shown.drawn)
    return svg(WIDTH, height, drawn, title=title)


def _drawn(one: Component, width: float, ago: str) -> Box:
    match one["type"]:
        case piece.TEXT:
            return _text(one["content"], width, ago)
        case piece.CONTAINER:
            return _container(one, width, ago)
        case piece.SECTION:
            return _section(one, width, ago)
        case piece.ROW:
            return _row(one["components"], width)
    raise ValueError(f"no picture of a component of type {one['type']}")


def _container(one: Component, width: float, ago: str) -> Box:
    inner = stacked([_drawn(child, width - 40, ago) for child in one["components"]], gap=10)
    height = inner.height + 30
    accent = f"#{one.get('accent_color', 0x4E5058):06x}"
    ground = box(0, 0, width, height, fill=accent, radius=8) + box(
        4, 0, width - 4, height, fill=CARD, radius=6
    )
    if not one.get("spoiler"):
        return Box(height=height, drawn=ground + at(20, 14, inner.drawn))
    pill = box(width / 2 - 45, height / 2 - 14, 90, 28, fill="#000000", radius=14)
    words = label(width / 2, height / 2 + 5, "SPOILER", fill="#ffffff", size=13, bold=True, middle=True)
    return Box(height=height, drawn=box(0, 0, width, height, fill=COVER, radius=8) + pill + words)


def _section(one: Component, width: float, ago: str) -> Box:
    text = stacked([_drawn(child, width - 100, ago) for child in one["components"]])
    thumb = at(width - 84, 2, race(84, 84, "dusk"))
    return Box(height=max(text.height, 90), drawn=text.drawn + thumb)


def _row(inside: Sequence[Component], width: float) -> Box:
    if inside[0]["type"] != piece.BUTTON:
        words = label(14, 25, inside[0]["placeholder"], fill=SMALL, size=14)
        arrow = label(width - 28, 25, "⌄", fill=LIGHT, size=16)
        return Box(height=40, drawn=box(0, 0, width, 38, fill=COVER, radius=6) + words + arrow)
    drawn, x, y = [], 0.0, 0.0
    for button in inside:
        emoji = (button.get("emoji") or {}).get("name", "")
        words = " ".join(filter(None, (emoji, button.get("label", ""))))
        words += "  ↗" if button.get("url") else ""
        wide = width_of(Span(words=words, size=14)) + 30
        if x and x + wide > width:
            x, y = 0.0, y + 40
        drawn.append(box(x, y, wide, 32, fill=STYLES.get(button["style"], BUTTON), radius=6))
        drawn.append(label(x + wide / 2, y + 21, words, fill="#ffffff", size=14, middle=True))
        x += wide + 8
    return Box(height=y + 34, drawn="".join(drawn))


def _text(content: str, width: float, ago: str) -> Box:
    return stacked([_paragraph(line, width, ago) for line in content.split("\n")], gap=1)


def _paragraph(line: str, width: float, ago: str) -> Box:
    if not line:
        return Box(height=8, drawn="")
    base = Span(words="", fill=LIGHT)
    indent = 0.0
    if line.startswith("### "):
        base, line = replace(base, size=18, bold=True, fill="#f2f3f5"), line[4:]
    elif line.startswith("-# "):
        base, line = replace(base, size=12.5, fill=SMALL), line[3:]
    elif line.startswith("- "):
        line, indent = line[2:], 18.0
    made = paragraph(list(_spans(line, base, ago)), width - indent)
    bullet = label(4, 16, "•", fill=LIGHT, size=15) if indent else ""
    return Box(height=made.height, drawn=bullet + at(indent, 0, made.drawn))


def _spans(line: str, base: Span, ago: str) -> Iterable[Span]:
    end = 0
    for found in _INLINE.finditer(line):
        yield replace(base, words=_plain(line[end : found.start()]))
        end = found.end()
        if found["bold"] is not None:
            yield from _spans(found["bold"], replace(base, bold=True), ago)
        elif found["words"] is not None:
            yield replace(base, words=_plain(found["words"]), fill=LINK)
        elif found["cover"] is not None:
            yield from (
                replace(span, hidden=True, fill="#1e1f22") for span in _spans(found["cover"], base, ago)
            )
        else:
            yield replace(base, words=ago)
    yield replace(base, words=_plain(line[end:]))


def _plain(written: str) -> str:
    return _ESCAPED.sub(r"\1", written).replace("\u200b", "")
