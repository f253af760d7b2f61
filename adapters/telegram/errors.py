"""What Telegram's refusals mean for a delivery. The wording is the Bot API server's and that of Telegram behind it."""

from __future__ import annotations

import warnings
from datetime import timedelta

from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, RetryAfter
from telegram.warnings import PTBDeprecationWarning

from adapters.telegram.http import NotSent
from adapters.telegram.place import Place, place_of
from bot.errors import (
    DeliveryError,
    DestinationMoved,
    DestinationPaused,
    MaybePosted,
    MessageGone,
    PostRejected,
    RateLimited,
)
from bot.locale.reasons import join
from bot.text import cut, tame

# Each RetryAfter warns that its number of seconds will be a timedelta one day: both are read here.
warnings.filterwarnings("ignore", message=".*retry_after", category=PTBDeprecationWarning)

NOT_MODIFIED = "message is not modified"

# In this order: "not enough rights" is said of topics, too.
_PAUSES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("blocked", ("bot was blocked", "user_is_blocked", "you_blocked_user")),
    ("not_started", ("initiate conversation",)),
    ("gone", ("deactivated", "chat not found", "chat_not_found", "peer_id_invalid", "chat_id_invalid")),
    ("gone", ("chat was deleted", "user not found", "messages to bots", "channel_invalid")),
    ("removed", ("bot was kicked", "not a member", "channel_private", "user_not_participant")),
    ("topic_closed", ("topic_closed", "topic is closed")),
    ("topic_gone", ("topic_deleted", "thread not found", "topic_id_invalid", "topic was deleted")),
    (
        "no_rights",
        ("not enough rights", "need administrator rights", "have no rights", "chat_write_forbidden"),
    ),
    ("no_rights", ("chat_restricted", "chat_admin_required", "right_forbidden", "send_plain_forbidden")),
    ("no_rights", ("chat_guest_send_forbidden", "user_restricted", "no rights to")),
)
_GONE = (
    "message to edit not found",
    "message can't be edited",
    "message_id_invalid",
    "message not found",
    "message_edit_time_expired",
    "there is no text in the message",
    "there is no caption in the message",
    "message identifier is not specified",
)


def of_sending(error: Exception, place: Place) -> DeliveryError:
    """Translate what a send raised."""
    return _refused(error, place) or MaybePosted(_words(error))


def of_editing(error: Exception, place: Place) -> DeliveryError:
    """Translate what an edit raised. An edit whose answer was lost can be repeated: it changes nothing twice."""
    if isinstance(error, BadRequest) and any(part in error.message.lower() for part in _GONE):
        return MessageGone(_words(error))
    return _refused(error, place) or DeliveryError(join("outbox.cause.lost", "Telegram", _words(error)))


def is_unchanged(error: Exception) -> bool:
    """Tell whether an edit failed only because the message says so already."""
    return isinstance(error, BadRequest) and NOT_MODIFIED in error.message.lower()


def paused_reason(message: str) -> str | None:
    """Find why nothing can be posted: the locale key of the reason; None when it is something else."""
    message = message.lower()
    for reason, parts in _PAUSES:
        if any(part in message for part in parts):
            return f"telegram.paused.{reason}"
    return None


def _refused(error: Exception, place: Place) -> DeliveryError | None:
    """What it means when surely nothing was posted; None when nobody knows."""
    match error:
        case RetryAfter():
            return RateLimited(retry_after(error), bucket=place.bucket)
        case ChatMigrated():
            return DestinationMoved(str(place_of(error.new_chat_id, place.topic)))
        case Forbidden():
            return DestinationPaused(paused_reason(error.message) or "telegram.paused.no_rights")
        case InvalidToken():
            return DeliveryError(join("outbox.cause.token", "Telegram"))
        case NotSent():
            return DeliveryError(join("outbox.cause.unreached", "Telegram", _words(error)))
        case BadRequest():
            reason = paused_reason(error.message)
            return DestinationPaused(reason) if reason else PostRejected(f"telegram.rejected|{_words(error)}")
    return None


def retry_after(error: RetryAfter) -> timedelta:
    """When Telegram wants to be asked again."""
    given = error.retry_after
    return given if isinstance(given, timedelta) else timedelta(seconds=given)


def _words(error: Exception) -> str:
    """What Telegram said, fit for a log line and an argument of a reason."""
    return cut(tame(str(error)).replace("|", "/"), 120) or type(error).__name__
