"""The pieces of a Components V2 message as Discord reads them, and how much room they take.

https://docs.discord.com/developers/components/reference
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from bot.text import utf16_length

Component = dict[str, Any]

MAX_TEXT = 4000  # characters of a whole message
MAX_COMPONENTS = 40  # nested ones count
MAX_ROW = 5
MAX_LABEL = 80
MAX_OPTIONS = 25
MAX_CUSTOM_ID = 100
MAX_BUTTON_URL = 512
MAX_MEDIA_URL = 2048
MAX_DESCRIPTION = 1024

ROW, BUTTON, SELECT, TEXT_INPUT, ROLE_SELECT, CHANNEL_SELECT = 1, 2, 3, 4, 6, 8
SECTION, TEXT, THUMBNAIL, FILE, CONTAINER, LABEL = 9, 10, 11, 13, 17, 18

EPHEMERAL = 1 << 6
SUPPRESS_NOTIFICATIONS = 1 << 12
IS_COMPONENTS_V2 = 1 << 15

NO_MENTIONS: Component = {"parse": [], "replied_user": False}


def text(content: str) -> Component:
    return {"type": TEXT, "content": content}


def row(buttons: Sequence[Component]) -> Component:
    return {"type": ROW, "components": list(buttons)}


def rows(buttons: Sequence[Component]) -> list[Component]:
    """Buttons in rows of five."""
    return [row(buttons[start : start + MAX_ROW]) for start in range(0, len(buttons), MAX_ROW)]


def section(texts: Sequence[Component], accessory: Component) -> Component:
    return {"type": SECTION, "components": list(texts), "accessory": accessory}


def thumbnail(url: str, *, description: str = "", spoiler: bool = False) -> Component:
    made: Component = {"type": THUMBNAIL, "media": {"url": url}, "spoiler": spoiler}
    return {**made, "description": description} if description else made


def file(name: str) -> Component:
    """A file that goes along with the message."""
    return {"type": FILE, "file": {"url": f"attachment://{name}"}}


def container(children: Sequence[Component], *, colour: int | None, spoiler: bool = False) -> Component:
    made: Component = {"type": CONTAINER, "components": list(children), "spoiler": spoiler}
    return {**made, "accent_color": colour & 0xFFFFFF} if colour is not None else made


def walk(components: Iterable[Component]) -> Iterator[Component]:
    """Every component, outer ones first."""
    for component in components:
        yield component
        yield from walk(component.get("components") or ())
        if accessory := component.get("accessory"):
            yield from walk((accessory,))


def count(components: Iterable[Component]) -> int:
    """How many of the 40 components these are."""
    return sum(1 for _ in walk(components))


def length(components: Iterable[Component]) -> int:
    """How many of the 4,000 characters these hold, in UTF-16 units, the strictest count. Labels do not count."""
    return sum(utf16_length(part["content"]) for part in walk(components) if part["type"] == TEXT)


def without_pictures(body: Component) -> Component:
    """A message's or a new thread's body with the texts of its sections alone."""
    if "message" in body:
        return body | {"message": without_pictures(body["message"])}
    return body | {"components": [_bare(part) for part in body["components"]]}


def _bare(part: Component) -> Component:
    if part.get("accessory"):
        return dict(part["components"][0])
    if "components" in part:
        return part | {"components": [_bare(child) for child in part["components"]]}
    return part
