"""A Post as a Components V2 message: pure, so that a preview is the very message that will be posted.

Everything is V2, the plainest form too: an edit can then never meet a message of the other kind.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from adapters.discord import components as piece
from adapters.discord import controls
from adapters.discord.components import Component
from adapters.discord.markup import ago, escape, fit, link, plain, safe_url
from bot.locale import say
from bot.model import Line, Post, Section
from bot.text import cut_utf16, utf16_length

MAX_TITLE = 600  # characters with its address not counted
MAX_FOOTER = 900
MAX_THREAD_NAME = 100
_DIGITS = re.compile(r"\d{15,20}")
_USER_PING = re.compile(r"^(?:<@!?\d|user:)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Detail:
    """How much of a post is shown: several posts in one answer share its room."""

    room: int = piece.MAX_TEXT - 100  # characters of text; what stands on buttons does not count
    picture: bool = True
    buttons: bool = True


FULL = Detail()


def payload(post: Post) -> Component:
    """The body of a message that shows a post: what `send` posts, and what a preview shows."""
    flags = piece.IS_COMPONENTS_V2 | (piece.SUPPRESS_NOTIFICATIONS if post.quiet else 0)
    return {"flags": flags, "components": list(rendered(post)), "allowed_mentions": mentions(post)}


def edit_payload(post: Post) -> Component:
    """The body of an edit: nobody is notified of one."""
    return {
        "flags": piece.IS_COMPONENTS_V2,
        "components": list(rendered(replace(post, ping=""))),
        "allowed_mentions": piece.NO_MENTIONS,
    }


def rendered(post: Post) -> tuple[Component, ...]:
    """`message`, as often as the same is seen elsewhere: which message it replies to makes no difference to it."""
    return message(replace(post, reply_to=None) if post.reply_to else post)


def mentions(post: Post) -> Component:
    """Nobody, or the one role or user of `post.ping`."""
    found = _DIGITS.search(post.ping)
    if found is None:
        return piece.NO_MENTIONS
    kind = "users" if _USER_PING.match(post.ping) else "roles"
    return {**piece.NO_MENTIONS, kind: [found[0]]}


@lru_cache(maxsize=256)
def message(post: Post) -> tuple[Component, ...]:
    """The components of a post, whatever it holds: never empty, never too long.

    Rendered once for all places that see the same: who gets it must not change it.
    """
    return (*_ping(post), *card(post, FULL, controls.Names()))


def card(post: Post, detail: Detail, names: controls.Names) -> list[Component]:
    """The components of a post in an answer that may hold more than this post."""
    if not post.covered:
        body = _body(post, detail, names)
        return body if post.style == "link" else [piece.container(body, colour=post.colour)]
    clear = _clear(post)
    shorter = replace(detail, room=max(200, detail.room - utf16_length(clear)))
    hidden = piece.container(_body(post, shorter, names), colour=post.colour, spoiler=True)
    return [piece.text(clear), hidden]


def thread_name(post: Post) -> str:
    """The name of a post's thread: no result in it while the result is covered."""
    title = post.safe_title if post.covered else post.title
    return controls.label(title or post.safe_title or post.badge or post.outlet, MAX_THREAD_NAME)


def _ping(post: Post) -> Iterator[Component]:
    asked = mentions(post)
    for role in asked.get("roles", ()):
        yield piece.text(f"<@&{role}>")
    for user in asked.get("users", ()):
        yield piece.text(f"<@{user}>")


def _body(post: Post, detail: Detail, names: controls.Names) -> list[Component]:
    if post.style == "link":
        return _plainest(post, detail)
    head, foot = _head(post, detail), _foot(post, min(MAX_FOOTER, detail.room // 4))
    left = detail.room - utf16_length(head) - utf16_length(foot) - 4
    told = fit(_summary(post), left // 2 if post.sections else left) if post.summary else ""
    left -= utf16_length(told)
    listed = "\n\n".join(filter(None, _sections(post.sections, left, post.locale)))
    shown = "\n".join(part for part in (head, told) if part)
    parts = [part for part in (shown, listed, foot) if part] or [_nothing(post)]
    texts = [piece.text(part) for part in (parts if detail.picture else ["\n".join(parts)])]
    picture = _picture(post) if detail.picture else None
    if picture is not None and shown:
        texts[0] = piece.section([texts[0]], picture)
    return texts + (_rows(post, names) if detail.buttons else [])


def _summary(post: Post) -> str:
    if post.style != "compact":
        return post.summary
    return cut_utf16(plain(post.summary), 280)


def _head(post: Post, detail: Detail) -> str:
    """Badge and label in small print, the title as a link below them."""
    badge = " · ".join(part for part in (fit(post.badge, 80), _bold(fit(post.label, 60))) if part)
    title = _title(post, detail)
    if title:
        title = f"**{title}**" if post.style == "compact" else f"### {title}"
    return "\n".join(part for part in (f"-# {badge}" if badge else "", title) if part)


def _title(post: Post, detail: Detail) -> str:
    """The title as a link; without its address where there is no room for it."""
    address = safe_url(post.url)
    if not post.title and address is None:
        return ""
    most = min(MAX_TITLE + len(address or ""), detail.room * 6 // 10)
    return link(post.title or post.outlet, post.url, most=most)


def _foot(post: Post, room: int) -> str:
    """Outlet and time, who else tells it, and the small print."""
    by = " · ".join(part for part in (fit(post.outlet, 100), ago(post.at) if post.at else "") if part)
    lines = [by, _also(post, min(500, room * 2 // 3)), *(fit(note, 200) for note in post.notes[:4])]
    kept = []
    for line in lines:
        if line and len(line) + 4 <= room:
            kept.append(f"-# {line}")
            room -= len(line) + 4
    return "\n".join(kept)


def _also(post: Post, room: int) -> str:
    """Who else tells it: as many outlets as fit on a line or two."""
    shown: list[str] = []
    for other in post.also:
        part = link(other.text, other.url, most=300)
        if part and len(part) < room:
            shown.append(part)
            room -= len(part) + 2
    return say(post.locale, "discord.card.also", outlets=", ".join(shown)) if shown else ""


def _picture(post: Post) -> Component | None:
    address = safe_url(post.image_url, most=piece.MAX_MEDIA_URL) if post.image_url else None
    if address is None:
        return None
    about = (
        post.safe_title if post.covered else post.image_text or post.title
    )  # a screen reader reads it aloud
    words = cut_utf16(plain(about), 300)
    return piece.thumbnail(address, description=words, spoiler=post.covered)


def _rows(post: Post, names: controls.Names) -> list[Component]:
    made = []
    if post.url and post.style == "card":
        label = say(post.locale, "discord.card.read", outlet=post.outlet) if post.outlet else ""
        made = [controls.link_button(label or say(post.locale, "discord.card.open"), post.url)]
    buttons = [button for button in made if button] + controls.buttons(post.choices, names)
    return piece.rows(buttons[: 2 * piece.MAX_ROW])


def _clear(post: Post) -> str:
    """What stands above a covered card, and in a phone's notification: no result in it."""
    badge = " · ".join(part for part in (fit(post.badge, 80), _bold(fit(post.label, 60))) if part)
    title = fit(post.safe_title or say(post.locale, "discord.card.covered_title"), MAX_TITLE)
    hint = say(post.locale, "discord.card.covered")
    return "\n".join(part for part in (f"-# {badge}" if badge else "", f"### {title}", f"-# {hint}") if part)


def _plainest(post: Post, detail: Detail) -> list[Component]:
    """A line, and what a digest lists below it."""
    line = _line(post, detail)
    room = detail.room - utf16_length(line) - 2
    listed = "\n\n".join(filter(None, _sections(post.sections, room, post.locale)))
    return [piece.text("\n".join(part for part in (line, listed) if part))]


def _line(post: Post, detail: Detail) -> str:
    """A post in one line."""
    title = _title(post, detail)
    parts = [fit(post.badge, 80), f"**{title}**" if title else "", fit(post.outlet, 100)]
    parts.append(ago(post.at) if post.at else "")
    return " · ".join(part for part in parts if part) or _nothing(post)


def _sections(sections: tuple[Section, ...], room: int, locale: str) -> Iterator[str]:
    """Headings and lists as far as they fit, and how many lines did not."""
    left = sum(len(section.lines) for section in sections)
    room -= 60  # for the line that says so
    for section in sections:
        heading = _bold(fit(section.heading, min(200, room - 6))) if section.heading else ""
        lines = [heading] if heading else []
        room -= utf16_length(heading) + 2
        for line in section.lines:
            shown = f"- {_listed(line)}"
            if utf16_length(shown) + 1 > room:
                yield "\n".join([*lines, f"-# {say(locale, 'discord.card.more', count=left)}"])
                return
            lines.append(shown)
            room -= utf16_length(shown) + 1
            left -= 1
        yield "\n".join(lines)


def _listed(line: Line) -> str:
    shown = link(line.text, line.url, most=1200) if line.url else fit(line.text, 900)
    note = " · ".join(part for part in (fit(line.note, 120), ago(line.at) if line.at else "") if part)
    shown = f"||{shown}||" if line.covered and shown else shown
    return f"{shown} — {note}" if note else shown


def _bold(escaped: str) -> str:
    return f"**{escaped}**" if escaped else ""


def _nothing(post: Post) -> str:
    return escape(post.outlet or post.badge) or "…"
