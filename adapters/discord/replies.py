"""A Reply as messages: text, posts, pickers and buttons, each message within Discord's limits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from adapters.discord import cards, controls
from adapters.discord import components as piece
from adapters.discord.cards import Detail
from adapters.discord.components import Component
from adapters.discord.markup import fit
from bot.model import Post, Reply

MAX_CONTROLS = 30  # of the 40 components: the rest is for the answer itself
MAX_MESSAGES = 5

# Several posts in one answer: the same cards, then without their buttons, then without pictures, then a line each.
_DETAILS = ((True, True), (True, False), (False, False))


def messages(reply: Reply) -> list[Component]:
    """The bodies of the messages that say it: nearly always one, never none."""
    names = controls.Names()
    below = [*_file(reply), *_controls(reply, names)]
    budget = piece.MAX_COMPONENTS - piece.count(below)
    above = [piece.text(fit(reply.text, 1900 if reply.posts else 3900))] if reply.text.strip() else []
    room = piece.MAX_TEXT - 50 - piece.length(above)
    parts = _fitting(reply.posts, names, room, budget - piece.count(above))
    if parts is not None:
        return [body([*above, *parts, *below] or [piece.text("…")], is_private=reply.private)]
    return _spread(reply, above, below)


def plain(words: str, *, is_private: bool = True) -> Component:
    """A message of one sentence of ours."""
    return body([piece.text(fit(words, 1900) or "…")], is_private=is_private)


def body(components: Sequence[Component], *, is_private: bool) -> Component:
    """A message body of components."""
    flags = piece.IS_COMPONENTS_V2 | (piece.EPHEMERAL if is_private else 0)
    made = {"flags": flags, "components": list(components), "allowed_mentions": piece.NO_MENTIONS}
    names = [part["file"]["url"].partition("//")[2] for part in components if part["type"] == piece.FILE]
    return made | ({"attachments": [{"id": 0, "filename": name} for name in names]} if names else {})


def _file(reply: Reply) -> list[Component]:
    return [piece.file(reply.document.name)] if reply.document else []


def _controls(reply: Reply, names: controls.Names) -> list[Component]:
    """Select menus and rows of buttons, as many as leave room for the answer."""
    picked = [select for picker in reply.pickers for select in controls.selects(picker, names)]
    made = [*picked, *piece.rows(controls.buttons(reply.choices, names))]
    kept: list[Component] = []
    for one in made:
        if piece.count([*kept, one]) <= MAX_CONTROLS:
            kept.append(one)
    return kept


def _fitting(posts: Sequence[Post], names: controls.Names, room: int, budget: int) -> list[Component] | None:
    """All posts in one message, in the fullest way that fits; None where even the shortest does not."""
    if not posts:
        return []
    each = room // len(posts)
    if len(posts) > 1 and each < 300:
        return None
    for picture, buttons in _DETAILS:
        detail = Detail(room=min(each, cards.FULL.room), picture=picture, buttons=buttons)
        fresh = names.copy()
        made = [part for post in posts for part in cards.card(post, detail, fresh)]
        if piece.count(made) <= budget and piece.length(made) <= room:
            return made
    return None


def _spread(reply: Reply, above: list[Component], below: list[Component]) -> list[Component]:
    """Posts over several messages, the controls under the last."""
    parts = list(_chunks(reply.posts))[:MAX_MESSAGES]
    if above:
        parts.insert(0, above)
    if piece.count([*parts[-1], *below]) <= piece.MAX_COMPONENTS:
        parts[-1] = [*parts[-1], *below]
    else:
        parts.append(below)
    return [body(part, is_private=reply.private) for part in parts]


def _chunks(posts: Sequence[Post]) -> Iterator[list[Component]]:
    for start in range(0, len(posts), 4):
        detail = Detail(room=900, buttons=False)
        names = controls.Names()
        yield [part for post in posts[start : start + 4] for part in cards.card(post, detail, names)]
