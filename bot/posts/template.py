"""The title line of a destination: a template such as "[{series}] {title}"."""

from __future__ import annotations

from collections.abc import Mapping
from string import Formatter

from bot.errors import UserError
from bot.text import tame

NAMES = ("title", "series", "emoji", "label", "outlet")
MOST = 100


def parse_template(text: str) -> str:
    """Check a template as a moderator wrote it; raises UserError. "" and "{title}" are the plain title."""
    text = tame(text)
    if len(text) > MOST:
        raise UserError("commands.wrong.template_long", most=MOST)
    try:
        parts = list(Formatter().parse(text))
    except ValueError as error:
        raise UserError("commands.wrong.template", names=_all()) from error
    names = [name for _, name, _, _ in parts if name is not None]
    if any(name not in NAMES or spec or change for _, name, spec, change in parts if name is not None):
        raise UserError("commands.wrong.template", names=_all())
    if text and "title" not in names:
        raise UserError("commands.wrong.template_title")
    return "" if text == "{title}" else text


def render(template: str, values: Mapping[str, str]) -> str:
    """Fill a template; what a story lacks leaves no empty brackets behind."""
    if not template:
        return values["title"]
    filled = "".join(
        before + (values.get(name, "") if name else "") for before, name, _, _ in Formatter().parse(template)
    )
    for empty in ("[]", "()", "{}", "«»", "<>"):
        filled = filled.replace(empty, "")
    return tame(filled).strip(" :·|–-") or values["title"]


def _all() -> str:
    return " ".join(f"{{{name}}}" for name in NAMES)
