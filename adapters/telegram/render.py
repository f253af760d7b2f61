"""A post as a Telegram message: which words, which marks, which picture, within the platform's limits."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from telegram import InlineKeyboardMarkup, LinkPreviewOptions

from adapters.telegram.keyboard import Vault, keyboard
from adapters.telegram.rich import (
    BOLD,
    ITALIC,
    MOST_ENTITIES,
    SPOILER,
    Mark,
    Rich,
    clean,
    defused,
    link,
    web_url,
    whole,
)
from bot.locale import say
from bot.model import Choice, Line, Post, Section
from bot.text import cut_utf16, tame_lines

TEXT = 4_096  # UTF-16 units of a message, and
CAPTION = 1_024  # of what stands under a picture
NO_PREVIEW = LinkPreviewOptions(is_disabled=True)

_USER = re.compile(r"\d{1,16}")
_NAME = re.compile(r"@[A-Za-z]\w{3,31}")


@dataclass(frozen=True, slots=True)
class Room:
    """How much each part of a post may take, so that the summary always has some of it."""

    all: int
    title: int
    small: int  # the outlet, a badge, a heading
    others: int  # outlets that tell it, too
    notes: int
    has_button: bool = True  # one that opens the article


FULL = Room(all=TEXT, title=300, small=80, others=10, notes=4)
UNDER_PICTURE = Room(all=CAPTION, title=180, small=40, others=4, notes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What is sent: text, or a picture with the text below it."""

    rich: Rich
    preview: LinkPreviewOptions = NO_PREVIEW
    markup: InlineKeyboardMarkup | None = None
    photo: str | None = None
    quiet: bool = False
    reply_to: int | None = None


def render(post: Post, vault: Vault) -> Message:
    """Make a message of a post. A covered picture is sent as one that can be covered; all others are previews."""
    photo = web_url(post.image_url) if post.covered and post.style == "card" else None
    return Message(
        rich=write(post, UNDER_PICTURE if photo else FULL),
        preview=preview_of(post),
        markup=keyboard([*read_button(post), *post.choices], vault=vault),
        photo=photo,
        quiet=post.quiet,
        reply_to=message_number(post.reply_to),
    )


def plain(message: Message, post: Post) -> Message:
    """The same without its picture, which Telegram could not fetch."""
    return replace(message, photo=None, rich=write(post, FULL))


def write(post: Post, room: Room = FULL, *, most: int = 0) -> Rich:
    """Write a post: badge and label, title, summary, sections, who tells it. The summary takes what is left."""
    most = most or room.all
    head, tail = _head(post, room), _tail(post, room)
    body = Rich()
    left = most - head.length - tail.length - 4  # blank lines between the parts
    if post.style == "card" or post.sections:
        _summary(body, post, left if not post.sections else left // 2, has_button=room.has_button)
    _sections(body, post.sections, left - body.length, head.marks + tail.marks, post.locale)
    message = Rich().join(head)
    for part, gap in ((body, "\n\n" if post.sections else "\n"), (tail, "\n\n" if body else "\n")):
        if part:
            message.add(gap if message else "").join(part)
    return (message if message else Rich().add(web_url(post.url) or "…")).clipped(most)


def preview_of(post: Post) -> LinkPreviewOptions:
    """Show the picture large above the text, by a preview of its address: nothing is uploaded. Never when covered."""
    picture, page = web_url(post.image_url), web_url(post.url)
    if post.covered or post.style == "compact":
        return NO_PREVIEW
    if picture and post.style == "card":
        return LinkPreviewOptions(url=picture, prefer_large_media=True, show_above_text=True)
    if page and post.style == "link":
        return LinkPreviewOptions(url=page, prefer_small_media=True)
    return NO_PREVIEW


def read_button(post: Post) -> Sequence[Choice]:
    """The button that opens the article, unless the post has one."""
    if not web_url(post.url) or post.style == "link" or any(choice.url for choice in post.choices):
        return ()
    return (Choice(label=say(post.locale, "telegram.read"), url=post.url),)


def message_number(message_id: str | None) -> int | None:
    """The number that Telegram gave a message; "12p" is a picture's."""
    digits = (message_id or "").removesuffix("p")
    return int(digits) if digits.isdigit() and len(digits) < 16 else None


def _head(post: Post, room: Room) -> Rich:
    head = Rich()
    if post.ping:
        _ping(head, post.ping)
    if badge := clean(post.badge, room.small):
        head.add(badge, BOLD)
    if label := clean(post.label, room.small):
        head.add(" · " if badge else "").add(label, ITALIC)
    title = clean(post.safe_title if post.covered else post.title, room.title)
    if title:
        # The address of a covered story may tell the result: the button has it, or else the text under the cover.
        marks = (BOLD,) if post.covered else (BOLD, *link(web_url(post.url)))
        head.add("\n" if badge or label else "").add(title, *marks)
    return head


def _ping(head: Rich, ping: str) -> None:
    if _USER.fullmatch(ping):
        head.add("🔔", Mark("text_mention", user=int(ping))).add(" ")
    elif _NAME.fullmatch(ping):
        head.add(f"{ping} ")


def _summary(body: Rich, post: Post, room: int, *, has_button: bool) -> None:
    summary = defused(tame_lines(whole(post.summary)))
    if not post.covered:
        if room > 20:
            body.add(cut_utf16(summary, room))
        return
    with body.marked(SPOILER):
        title = clean(post.title, max(0, min(300, room - 2)))
        body.add(title, BOLD, *link(None if has_button else web_url(post.url)))
        if summary and (left := room - body.length - 1) > 20:
            body.add("\n" if title else "").add(cut_utf16(summary, left))


def _sections(body: Rich, sections: Sequence[Section], room: int, marks: int, locale: str) -> None:
    total, shown = sum(len(section.lines) for section in sections), 0
    most = body.length + room - 40  # for the line that counts what was left out
    for section in sections:
        block = Rich().add("\n\n" if body else "")
        if heading := clean(section.heading, FULL.small):
            block.add(heading, BOLD)
        for line in section.lines:
            one = _line(line).clipped(400)
            is_full = body.length + block.length + one.length + 1 > most
            if is_full or marks + body.marks + block.marks + one.marks > MOST_ENTITIES:
                break
            block.add("\n" if block.text.strip() else "").join(one)
            shown += 1
        if block.text.strip() and body.length + block.length <= most:
            body.join(block)
    if shown < total:
        body.add("\n" if body else "").add(say(locale, "telegram.more", count=total - shown), ITALIC)


def _line(line: Line) -> Rich:
    one = Rich().add("• ")
    text = clean(line.text, 250)
    one.add(text, *((SPOILER,) if line.covered else link(web_url(line.url))))
    if note := clean(line.note, 60):
        one.add(" · ").add(note, ITALIC)
    if line.at:
        one.add(" · ").add(*_moment(line.at))
    return one


def _tail(post: Post, room: Room) -> Rich:
    tail = Rich()
    for note in post.notes[: room.notes]:
        if words := clean(note, 2 * room.small):
            tail.add("\n" if tail else "").add(words, ITALIC)
    source = Rich().add(clean(post.outlet, room.small), ITALIC)
    if post.at:
        source.add(" · " if source else "").add(*_moment(post.at))
    if hashtag := re.sub(r"\W", "", post.hashtag)[: room.small]:
        source.add(" · " if source else "").add(f"#{hashtag}")
    if others := _others(post, room):
        tail.add("\n" if tail else "").join(others)
    return tail.add("\n" if tail and source else "").join(source)


def _others(post: Post, room: Room) -> Rich:
    others = Rich()
    for other in post.also[: room.others]:
        if name := clean(other.text, room.small):
            marks = () if post.covered else link(web_url(other.url))
            others.add(", " if others else f"{say(post.locale, 'telegram.also')} ").add(name, *marks)
    hidden = len(post.also) - room.others
    return others.add(f" +{hidden}") if others and hidden > 0 else others


def _moment(at: datetime) -> tuple[str, Mark]:
    """A time that each reader's app shows in its own words; older apps show the text."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC", Mark("date_time", at=at)
