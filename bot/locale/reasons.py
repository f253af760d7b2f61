"""A sentence kept as a string, to be said later in whichever language: "key|argument|…". It calls its arguments a, b, c.

The last argument may be a reason with arguments of its own, a trouble or a cause: "trouble.paused|7|trouble.too_big|5".
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.locale import has, say

TROUBLE = "trouble."
CAUSE = "outbox.cause."  # why a post could not be sent yet
_NAMES = "abcdef"


def join(key: str, *arguments: object) -> str:
    """Keep a sentence. What parts the arguments must not stand in one, but in the reason that comes last."""
    return "|".join(
        (key, *(kept if is_nested(kept := str(one)) else kept.replace("|", "/") for one in arguments))
    )


def part(reason: str) -> tuple[str, list[str]]:
    """The key and the arguments; a reason among them takes all that follows it."""
    key, *arguments = reason.split("|")
    for place, argument in enumerate(arguments):
        if is_nested(argument):
            return key, [*arguments[:place], "|".join(arguments[place:])]
    return key, arguments


def is_nested(argument: str) -> bool:
    """Whether an argument is a reason that is to be said, too."""
    return argument.startswith((TROUBLE, CAUSE)) and has(argument.partition("|")[0])


def say_parts(locale: str, key: str, arguments: Sequence[str]) -> str:
    """Say the sentence of a key; a whole number that comes first chooses singular or plural."""
    said: dict[str, object] = dict(zip(_NAMES, arguments, strict=False))
    if arguments and arguments[0].isdecimal():
        said["count"] = int(arguments[0])
    return say(locale, key, **said)
