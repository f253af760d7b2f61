"""What can be wrong with an outlet: an error that each reader is told in their language, and the log in English."""

from __future__ import annotations

from datetime import datetime
from typing import TypeVar

from bot.errors import AddressRefused, FetchError, Unreachable
from bot.locale import FALLBACK, has
from bot.locale.reasons import TROUBLE, is_nested, join, part, say_parts
from bot.text import tame

LONGEST = 300  # characters of what an outlet said that are kept
Kind = TypeVar("Kind", bound=FetchError)


def reason(key: str, *arguments: object) -> str:
    """Name a trouble of `trouble.toml` as a feed keeps it."""
    return join(TROUBLE + key, *(tame(str(argument))[:LONGEST] for argument in arguments))


def error(
    key: str, *arguments: object, status: int | None = None, retry_at: datetime | None = None
) -> FetchError:
    """An outlet could not be read: the error to raise."""
    return error_of(reason(key, *arguments), FetchError, status=status, retry_at=retry_at)


def unreachable(key: str, *arguments: object) -> Unreachable:
    """No server answered: the error to raise."""
    return error_of(reason(key, *arguments), Unreachable)


def refused(key: str, *arguments: object) -> AddressRefused:
    """An address that is not to be connected to: the error to raise."""
    return error_of(reason(key, *arguments), AddressRefused)


def error_of(
    kept: str, kind: type[Kind], *, status: int | None = None, retry_at: datetime | None = None
) -> Kind:
    """Make an error of a kind for a reason."""
    return kind(in_english(kept), reason=kept, status=status, retry_at=retry_at)


def in_english(kept: str) -> str:
    """The plain sentence, for logs and for programs; what is no key is said already."""
    key, arguments = part(kept)
    if not has(key):
        return tame(kept)
    return say_parts(FALLBACK, key, [in_english(one) if is_nested(one) else one for one in arguments])
