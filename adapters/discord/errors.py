"""What Discord or the way to it answered instead of what was asked, and what that means for a delivery.

Codes: https://docs.discord.com/developers/topics/opcodes-and-status-codes#json
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from bot.errors import (
    DeliveryError,
    DestinationPaused,
    MaybePosted,
    MessageGone,
    PostRejected,
    RateLimited,
)
from bot.locale.reasons import join

UNKNOWN_CHANNEL, UNKNOWN_GUILD, UNKNOWN_MESSAGE, UNKNOWN_USER = 10003, 10004, 10008, 10013
MISSING_ACCESS, NOT_OURS, NO_DIRECT_MESSAGES, NO_TEXT_CHANNEL, MISSING_PERMISSIONS = (
    50001,
    50005,
    50007,
    50008,
    50013,
)
ACKNOWLEDGED, PUBLISHED, NO_REPLY = 40060, 40033, 160002
THREAD_ARCHIVED, THREAD_EXISTS, THREAD_LOCKED, TAG_REQUIRED = 50083, 160004, 160005, 40067

_GONE = (UNKNOWN_MESSAGE, NOT_OURS, THREAD_ARCHIVED, THREAD_LOCKED)

NOT_ACCEPTED = (
    "PITWIRE_DISCORD__TOKEN: Discord does not accept this token. "
    "Copy it again from the application's page, under Bot (Reset Token shows a new one)."
)

_PAUSES: Mapping[int, str] = {
    UNKNOWN_CHANNEL: "discord.paused.deleted",
    UNKNOWN_GUILD: "discord.paused.removed",
    UNKNOWN_USER: "discord.paused.direct",
    MISSING_ACCESS: "discord.paused.access",
    MISSING_PERMISSIONS: "discord.paused.permission",
    NO_DIRECT_MESSAGES: "discord.paused.direct",
    NO_TEXT_CHANNEL: "discord.paused.kind",
    THREAD_ARCHIVED: "discord.paused.locked",
    THREAD_LOCKED: "discord.paused.locked",
}


class RestError(Exception):
    """A request to Discord did not bring what was asked for."""


class Unreached(RestError):
    """The request never left: no address, no connection."""


class Lost(RestError):
    """The request left and its answer did not come, or says nothing: it may have been carried out."""


class Refused(RestError):
    """Discord answered, and said no."""

    def __init__(self, status: int, code: int, message: str, fields: tuple[str, ...] = ()) -> None:
        super().__init__(f"{status} {code} {message}" + (f" ({', '.join(fields)})" if fields else ""))
        self.status = status
        self.code = code
        self.fields = fields  # which parts of the body it did not like: "components.0.media.url"


class TokenRefused(Refused):
    """The bot token is not, or no longer, valid."""


class TooFast(RestError):
    """A 429: Discord said when to come back."""

    def __init__(self, retry_after: timedelta, *, is_global: bool) -> None:
        super().__init__(f"too many requests, for {retry_after.total_seconds():.2f} s")
        self.retry_after = retry_after
        self.is_global = is_global


def refused(status: int, body: Any) -> Refused:
    """Read an error body; one that is not Discord's JSON (a proxy's page) has code 0."""
    body = body if isinstance(body, dict) else {}
    kind = TokenRefused if status == 401 else Refused
    fields = tuple(dict.fromkeys(_fields(body.get("errors"))))
    return kind(status, int(body.get("code") or 0), str(body.get("message") or "")[:200], fields[:10])


def _fields(tree: Any, path: str = "") -> Iterator[str]:
    if isinstance(tree, dict):
        for name, below in tree.items():
            if name == "_errors":
                yield path or "body"
            else:
                yield from _fields(below, f"{path}.{name}" if path else name)


def delivery_error(error: RestError, *, bucket: str | None = None) -> DeliveryError:
    """Say what it means for a post that was being sent. `bucket` is the destination's own."""
    if isinstance(error, Unreached):
        return DeliveryError(
            join("outbox.cause.unreached", "Discord", type(error.__cause__ or error).__name__)
        )
    if isinstance(error, Lost):
        return MaybePosted(str(error))
    if isinstance(error, TooFast):
        return RateLimited(error.retry_after, bucket="all" if error.is_global else bucket)
    assert isinstance(error, Refused)
    if isinstance(error, TokenRefused):
        return DeliveryError(join("outbox.cause.token", "Discord"))
    if error.code in _PAUSES:
        return DestinationPaused(_PAUSES[error.code])
    if error.status in (403, 404):
        return DestinationPaused("discord.paused.access")
    return PostRejected(f"discord.rejected|{error.status}|{error.code}")


def edit_error(error: RestError, *, bucket: str | None = None) -> DeliveryError:
    """The same for an edit: it may be repeated without harm, so a lost answer is an ordinary failure."""
    if isinstance(error, Lost):
        return DeliveryError(join("outbox.cause.lost", "Discord", error))
    if isinstance(error, Refused) and error.code in _GONE:
        return MessageGone(str(error))
    return delivery_error(error, bucket=bucket)
