"""What stands above an article's text: title, standfirst, date, author, caption. Read off the first lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.reading.clean import SHORT, byline_of, credit_of, is_boilerplate, is_name
from bot.reading.dates import find_date, may_be_dated
from bot.text import fold

HEAD = 12  # lines that may belong to the head
STANDFIRST = 400  # characters: a longer line is the text's first paragraph


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The fields found, and the lines that are left."""

    title: str = ""
    standfirst: str = ""
    author: str = ""
    photo_credit: str = ""
    published_at: datetime | None = None
    lines: tuple[str, ...] = ()


def head_of(
    lines: Sequence[str],
    *,
    title: str,
    now: datetime,
    language: Callable[[], str | None],
    has_standfirst: bool = True,
) -> Head:
    """Take byline, date, caption and the repeated title off the first lines.

    `language` is asked only where a line looks like a date.
    With `has_standfirst=False` a line between the title and the date is the standfirst (raw text has no fields).
    """
    head = Head(title=title)
    kept: list[str] = []
    byline_seen = False
    for line in lines[:HEAD]:
        taken = _take(head, line, now, language)
        if taken is not None:
            byline_seen = byline_seen or taken.published_at is not None or bool(taken.author)
            head = taken
        elif not is_boilerplate(line):
            kept.append(line)
    if not has_standfirst and byline_seen and len(kept) > 1 and len(kept[0]) <= STANDFIRST:
        head = replace(head, standfirst=kept.pop(0))
    return replace(head, lines=(*kept, *lines[HEAD:]))


def _take(head: Head, line: str, now: datetime, language: Callable[[], str | None]) -> Head | None:
    """The head with what this line says, or None when the line is the article's."""
    if head.title and fold(line) == fold(head.title):
        return head
    caption, credit = credit_of(line)
    if credit:
        return replace(head, photo_credit=head.photo_credit or credit) if len(caption) < STANDFIRST else None
    if len(line) > SHORT:
        return None
    name = byline_of(line)
    if head.published_at is None and may_be_dated(name):
        found = find_date(name, now=now, language=language())
        if found:
            return replace(head, published_at=found)
    if is_name(name):
        return replace(head, author=head.author or name)
    return None
