"""Everything that Pitwire raises on purpose, in one tree.

PitwireError
├── SettingsError            a wrong setting: one sentence, exit code 2
├── StorageError             the store cannot do what was asked of it
│   ├── NewerDatabase        written by a newer version: refused
│   ├── StorageBusy          another process writes this SQLite file
│   └── StorageFull          no room, or the disk fails: nothing was marked as sent
├── FetchError               an outlet could not be read: a reason for its health
│   ├── AddressRefused       the guard refused the address
│   └── Unreachable          no server answered at all
├── UserError                what a person did wrong: a message key and its arguments
└── DeliveryError            failed, surely nothing was posted: tried again for up to 48 h
    ├── RateLimited          the platform said when
    ├── DestinationMoved     a group became a supergroup
    ├── DestinationPaused    permission lost, topic closed, bot removed
    ├── PostRejected         this post will never be accepted
    ├── MessageGone          the message to edit was deleted, or can be edited no more
    └── MaybePosted          the answer was lost on the way
"""

from __future__ import annotations

from datetime import datetime, timedelta


class PitwireError(Exception):
    """The root; never raised itself."""


class SettingsError(PitwireError):
    """A setting is wrong. The message names the setting and what it should be."""


class StorageError(PitwireError):
    """The store cannot do what was asked of it."""


class NewerDatabase(StorageError):
    """The database was written by a newer version of Pitwire."""


class StorageBusy(StorageError):
    """Another process writes this SQLite file."""


class StorageFull(StorageError):
    """The disk is full or fails: nothing was written."""


class FetchError(PitwireError):
    """An outlet could not be read. `str()` says why in plain English; `reason` is kept: "key|argument|…"."""

    def __init__(
        self,
        sentence: str,
        *,
        reason: str = "",
        status: int | None = None,
        retry_at: datetime | None = None,
    ) -> None:
        super().__init__(sentence)
        self.reason = reason or sentence
        self.status = status
        self.retry_at = retry_at


class AddressRefused(FetchError):
    """The address guard refused to connect."""


class Unreachable(FetchError):
    """No server answered at all. Where that happens to every outlet, it is our own line that is down."""


class UserError(PitwireError):
    """What a person did wrong: a locale key and its arguments, shown in that person's language."""

    def __init__(self, key: str, **arguments: object) -> None:
        super().__init__(key)
        self.key = key
        self.arguments = arguments


class DeliveryError(PitwireError):
    """The send failed and surely nothing was posted. `str()` is a reason ("outbox.cause.…|argument") or the platform's words."""


class RateLimited(DeliveryError):
    """The platform said when to come back."""

    def __init__(self, retry_after: timedelta, *, bucket: str | None = None) -> None:
        super().__init__(f"rate limited for {retry_after.total_seconds():.1f} s")
        self.retry_after = retry_after
        self.bucket = bucket  # the bucket of `Adapter.rates` that was full; None: the destination's own


class DestinationMoved(DeliveryError):
    """The place has another address from now on."""

    def __init__(self, new_address: str) -> None:
        super().__init__("the destination moved")
        self.new_address = new_address


class DestinationPaused(DeliveryError):
    """Nothing can be posted there for now. `reason` is a locale key with arguments: "key|argument"."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class PostRejected(DeliveryError):
    """The platform will never accept this post."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class MessageGone(DeliveryError):
    """The message to edit was deleted or can be edited no more; the story is not posted again."""


class MaybePosted(DeliveryError):
    """The request left, its answer was lost: it may have been posted."""
