"""A Telegram message as a picture, from the very text, entities and buttons that are sent."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from telegram import InlineKeyboardButton, MessageEntity

from adapters.telegram.render import Message
from tools.docs.drawing import Box, Span, at, box, label, paragraph, race, stacked, svg

WIDTH = 460
BUBBLE = 400
GROUND, PAPER, INK, LINK, GREY, BUTTON = "#c7d9a8", "#ffffff", "#000000", "#2481cc", "#8d969c", "#5f7f4e"


def picture(message: Message, *, title: str, ago: str) -> str:
    """The message as it stands in a chat; `ago` is what a time reads as."""
    parts = [_text(message, ago)]
    is_large = message.preview.prefer_large_media and not message.preview.is_disabled
    if message.photo or is_large:
        parts.insert(0, _picture(is_covered=bool(message.photo)))
    inner = stacked(parts, gap=8)
    height = inner.height + 24
    bubble = box(0, 0, BUBBLE, height, fill=PAPER, radius=14) + at(14, 10, inner.drawn)
    rows = [_row(row) for row in (message.markup.inline_keyboard if message.markup else ())]
    whole = stacked([Box(height=height, drawn=bubble), *rows], gap=5)
    drawn = box(0, 0, WIDTH, whole.height + 32, fill=GROUND, radius=10) + at(30, 16, whole.drawn)
    return svg(WIDTH, whole.height + 32, drawn, title=title)


def _picture(*, is_covered: bool) -> Box:
    width, height = BUBBLE - 28, 190.0
    if not is_covered:
        return Box(height=height, drawn=race(width, height, "dusk"))
    noise = _noise(width, height)
    return Box(height=height, drawn=box(0, 0, width, height, fill="#59616b", radius=8) + noise)


def _noise(width: float, height: float) -> str:
    """The dots that stand for what is hidden."""
    dots, x = [], 7
    for number in range(160):
        x = (x * 37 + 11) % 1009
        dots.append(
            f'<circle cx="{x * width / 1009:.0f}" cy="{(number * 53 % 97) * height / 97:.0f}" r="1.3"/>'
        )
    return f'<g fill="#ffffff" opacity="0.7">{"".join(dots)}</g>'


def _text(message: Message, ago: str) -> Box:
    rich = message.rich
    text, entities = rich.text, rich.entities()
    units = text.encode("utf-16-le")
    ends = sorted(
        {0, len(units) // 2, *(e.offset for e in entities), *(e.offset + e.length for e in entities)}
    )
    spans = [
        _span(units[2 * start : 2 * end].decode("utf-16-le"), [e for e in entities if _holds(e, start)], ago)
        for start, end in pairwise(ends)
    ]
    return paragraph(spans, BUBBLE - 28)


def _holds(entity: MessageEntity, at_unit: int) -> bool:
    return entity.offset <= at_unit < entity.offset + entity.length


def _span(words: str, entities: Sequence[MessageEntity], ago: str) -> Span:
    kinds = {entity.type for entity in entities}
    is_link = bool(kinds & {"text_link", "text_mention"}) or words.startswith(("#", "/"))
    hidden = "spoiler" in kinds
    return Span(
        words=ago if "date_time" in kinds else words,
        fill="#b9bec3" if hidden else LINK if is_link else INK,
        bold="bold" in kinds,
        italic="italic" in kinds,
        hidden=hidden,
    )


def _row(buttons: Sequence[InlineKeyboardButton]) -> Box:
    wide = (BUBBLE - 5 * (len(buttons) - 1)) / len(buttons)
    drawn = []
    for number, button in enumerate(buttons):
        x = number * (wide + 5)
        drawn.append(box(x, 0, wide, 38, fill=BUTTON, radius=8, more='opacity="0.75"'))
        words = button.text + ("  ↗" if button.url else "")
        drawn.append(label(x + wide / 2, 24, words, fill="#ffffff", size=14, bold=True, middle=True))
    return Box(height=38, drawn="".join(drawn))
