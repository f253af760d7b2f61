"""Put a post into a place, change it, and look for it: channels, threads, forums, direct messages.

A message's id is "MESSAGE" where it stands in the destination itself, "THREAD/MESSAGE" in a thread of it.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog

from adapters.discord import cards
from adapters.discord.components import Component, without_pictures
from adapters.discord.errors import (
    NO_REPLY,
    PUBLISHED,
    THREAD_ARCHIVED,
    THREAD_EXISTS,
    THREAD_LOCKED,
    UNKNOWN_CHANNEL,
    Refused,
    RestError,
    TokenRefused,
    TooFast,
    delivery_error,
    edit_error,
)
from adapters.discord.finding import MARGIN, is_delivery, snowflake_at, tells_the_same
from adapters.discord.forums import Forums
from adapters.discord.places import NEWS, TEXT, Place, Places
from adapters.discord.rest import ALL, ALL_RATE, Rest
from bot.errors import DeliveryError, DestinationPaused, MaybePosted, MessageGone
from bot.model import Destination, Lane, Post, Rate
from bot.ports import Clock, Pace

log = structlog.get_logger()

CROSSPOSTS = 10  # an hour and channel, as Discord allows
HOUR = timedelta(hours=1)
NONCE_LIVES = timedelta(minutes=3)  # longer than the window in which the outbox trusts the nonce
PAGE, PAGES = 100, 5  # how far back `find` looks
SEND_SECONDS = 18  # a send, what it needs to know before and what follows it take no more than 30 in all
SLOT_SECONDS = 3
EXTRA_SECONDS = 3  # for what may fail without harm once the post stands
SLOT_AGAIN = timedelta(seconds=10)
CHANNELS_COUNTED = 1000
DIRECT = "open direct messages"
DIRECT_RATES = {DIRECT: Rate(count=10, per=timedelta(seconds=10))}
NO_MORE: Mapping[str, Rate] = {}


def bucket_of(address: str) -> str:
    """The pacer's name for what is sent to one place."""
    return f"channel {address}"


class Posting:
    """Sends, edits and finds posts. Raises nothing but DeliveryError and its kinds."""

    def __init__(
        self, rest: Rest, places: Places, trouble: Callable[[str], str], pace: Pace, clock: Clock
    ) -> None:
        self._rest = rest
        self._places = places
        self._trouble = trouble  # what the bot lacks in a channel, as far as the gateway knows
        self._pace = pace
        self._clock = clock
        self._forums = Forums(self.ask, places, clock)
        self._crossposts: OrderedDict[str, deque[datetime]] = OrderedDict()
        self._not_before: dict[tuple[str, str], datetime] = {}  # extras that a channel does not allow
        self.bot_id = ""
        self.token_refused = asyncio.Event()

    async def ask(self, method: str, path: str, *, body: Any = None) -> Any:
        """A request besides the post itself: it draws its own slot."""
        await self.slot()
        return await self._rest.request(method, path, body=body, seconds=8)

    async def open_direct(self, user_id: str) -> Any:
        """Open a conversation with a person: Discord wants that done slowly."""
        await self.slot(DIRECT_RATES)
        body = {"recipient_id": user_id}
        return await self._rest.request("POST", "/users/@me/channels", body=body, bucket=DIRECT, seconds=8)

    async def slot(self, more: Mapping[str, Rate] = NO_MORE) -> None:
        """Wait for a place for a request that no sender has drawn one for. Raises TooFast when there is none soon."""
        try:
            async with asyncio.timeout(SLOT_SECONDS):
                await self._pace.slot({ALL: ALL_RATE, **more}, Lane.URGENT)
        except TimeoutError as error:
            raise TooFast(SLOT_AGAIN, is_global=False) from error

    # ── send ──

    async def send(self, to: Destination, post: Post, *, key: str) -> str:
        try:
            async with asyncio.timeout(SEND_SECONDS):
                place = await self._places.at(to.address)
                told = await (self._to_forum if place.is_forum else self._to_channel)(
                    place, to.address, post, key
                )
        except RestError as error:
            raise self._told(delivery_error(error, bucket=bucket_of(to.address)), error, to) from error
        except TimeoutError as error:
            raise MaybePosted("sending took too long") from error
        await self._extras(place, told, post)
        return told

    async def _to_channel(self, place: Place, address: str, post: Post, key: str) -> str:
        if _is_revised(key):
            # An attempt that was lost may have had the key of an earlier revision, which the nonce does not know.
            since = self._clock() - NONCE_LIVES
            if found := await self._in_channel(place, list(cards.rendered(post)), since):
                await self._rest.request(
                    "PATCH", f"/channels/{place.id}/messages/{found}", body=cards.edit_payload(post)
                )
                return found
        body = cards.payload(post) | {"nonce": key, "enforce_nonce": True}
        if post.reply_to:
            parent = post.reply_to.rpartition("/")[2]
            body["message_reference"] = {"message_id": parent, "fail_if_not_exists": False}
        path = f"/channels/{place.id}/messages"
        return _id(await self._plainer_if_refused("POST", path, body, bucket=bucket_of(address)))

    async def _to_forum(self, place: Place, address: str, post: Post, key: str) -> str:
        if followed := await self._forums.parent_thread(place, post):
            try:
                told = await self._to_channel(followed, address, post, key)
            except Refused as error:
                if error.status == 400 and error.code not in (THREAD_ARCHIVED, THREAD_LOCKED):
                    raise
                log.info("parent thread is closed", thread=followed.id, code=error.code)
            else:
                return f"{followed.id}/{told}"
        body: Component = {"name": cards.thread_name(post), "message": cards.payload(post)}
        # A thread's first message takes no nonce, so each attempt looks whether an earlier one came through.
        components = body["message"]["components"]
        found = await self._forums.find(place, body["name"], components, self.bot_id, key=key)
        if found is None:
            body |= await self._forums.applied(place, post.tags)
            path = f"/channels/{place.id}/threads"
            found = _id(await self._plainer_if_refused("POST", path, body, bucket=bucket_of(address)))
        self._forums.remember(found, key)
        return f"{found}/{found}"

    async def _plainer_if_refused(
        self, method: str, path: str, body: Component, *, bucket: str | None
    ) -> Any:
        """Ask, and where Discord does not take the picture or the reply, ask again without: never no post."""
        try:
            return await self._rest.request(method, path, body=body, bucket=bucket)
        except Refused as error:
            bare = _alone(body) if error.code == NO_REPLY else without_pictures(body)
            if (error.status not in (400, 413) and error.code != NO_REPLY) or bare == body:
                raise
            log.info("part of a post refused", status=error.status, code=error.code)
            await self.slot()
            return await self._rest.request(method, path, body=bare, bucket=bucket)

    # ── what follows a post, and may fail without harm ──

    async def _extras(self, place: Place, message_id: str, post: Post) -> None:
        if post.publish and place.kind == NEWS and self._may_crosspost(place.id):
            await self._extra("crosspost", f"/channels/{place.id}/messages/{message_id}/crosspost")
        if post.thread and place.kind in (TEXT, NEWS):
            path = f"/channels/{place.id}/messages/{message_id}/threads"
            await self._extra("discussion thread", path, {"name": cards.thread_name(post)})

    async def _extra(self, what: str, path: str, body: Component | None = None) -> None:
        channel_id, now = path.split("/")[2], self._clock()
        if now < self._not_before.get((what, channel_id), now):
            return
        try:
            await self.slot()
            await self._rest.request("POST", path, body=body, seconds=EXTRA_SECONDS)
        except Refused as error:
            if error.code in (THREAD_EXISTS, PUBLISHED):  # done by an earlier attempt
                return
            log.info(f"no {what}", channel=channel_id, status=error.status, code=error.code)
            if (
                error.status == 403
            ):  # ten thousand of these in ten minutes and Discord listens to nothing more
                self._not_before = {key: at for key, at in self._not_before.items() if at > now}
                self._not_before[what, channel_id] = now + HOUR
        except RestError as error:
            log.info(f"no {what}", reason=str(error))

    def _may_crosspost(self, channel_id: str) -> bool:
        """Discord publishes ten messages an hour and channel: the eleventh stays a message of the channel."""
        now = self._clock()
        done = self._crossposts.setdefault(channel_id, deque(maxlen=CROSSPOSTS))
        self._crossposts.move_to_end(channel_id)
        if len(self._crossposts) > CHANNELS_COUNTED:
            self._crossposts.popitem(last=False)
        if len(done) == CROSSPOSTS and now - done[0] < HOUR:
            log.info("not published", channel=channel_id, reason="ten were published within the hour")
            return False
        done.append(now)
        return True

    # ── edit ──

    async def edit(self, to: Destination, message_id: str, post: Post) -> None:
        thread_id = message_id.rpartition("/")[0]
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await self._edit(to, message_id, post)
        except TimeoutError as error:
            raise DeliveryError("outbox.cause.slow") from error
        except Refused as error:
            if thread_id and error.code == UNKNOWN_CHANNEL:
                raise MessageGone("the thread was deleted") from error
            raise self._told(edit_error(error, bucket=bucket_of(to.address)), error, to) from error
        except RestError as error:
            raise self._told(edit_error(error, bucket=bucket_of(to.address)), error, to) from error

    async def _edit(self, to: Destination, message_id: str, post: Post) -> None:
        thread_id, _, message = message_id.rpartition("/")
        place = await self._places.thread(thread_id) if thread_id else await self._places.at(to.address)
        if place.is_thread:
            place = await self._awake(place)
        path = f"/channels/{place.id}/messages/{message}"
        await self._plainer_if_refused("PATCH", path, cards.edit_payload(post), bucket=None)

    async def _awake(self, place: Place) -> Place:
        """Messages of an archived thread cannot be edited: open it again."""
        place = await self._places.thread(place.id)
        if place.is_archived:
            await self.ask("PATCH", f"/channels/{place.id}", body={"archived": False})
            self._places.forget(place.id)
        return place

    # ── find ──

    async def find(self, to: Destination, post: Post, *, key: str, since: datetime) -> str | None:
        components = list(cards.rendered(post))
        try:
            place = await self._places.at(to.address)
            if place.is_forum:
                name = cards.thread_name(post)
                found = await self._forums.find(
                    place, name, components, self.bot_id, key=key, since=since, deep=True
                )
                return f"{found}/{found}" if found else None
            told = await self._in_channel(place, components, since - MARGIN)
            if told is None and await self._is_blind(place, since - MARGIN):
                raise DeliveryError("outbox.cause.blind")
        except RestError as error:
            reason = edit_error(error, bucket=bucket_of(to.address))
            raise self._told(reason, error, to) from error
        return told

    async def _in_channel(self, place: Place, components: list[Component], since: datetime) -> str | None:
        after = snowflake_at(since)
        for _ in range(PAGES):
            page = await self.ask("GET", f"/channels/{place.id}/messages?limit={PAGE}&after={after}")
            for message in page or ():
                if is_delivery(message, self.bot_id) and tells_the_same(message, components):
                    return _id(message)
            if not page or len(page) < PAGE:
                return None
            after = max((str(message["id"]) for message in page), key=int)
        return None

    async def _is_blind(self, place: Place, since: datetime) -> bool:
        """Without the right to read history Discord gives no messages, and no error: but there are some."""
        channel = await self.ask("GET", f"/channels/{place.id}")
        last = str((channel or {}).get("last_message_id") or "")
        if not last.isdigit() or int(last) < int(snowflake_at(since)):
            return False
        return not await self.ask("GET", f"/channels/{place.id}/messages?limit=1")

    def _told(self, told: DeliveryError, error: RestError, to: Destination) -> DeliveryError:
        if isinstance(error, TokenRefused):
            log.error("discord no longer accepts the token")
            self.token_refused.set()
        if isinstance(told, DestinationPaused):
            self._places.forget(to.address)
            told = DestinationPaused(self._trouble(to.address) or told.reason)
        log.debug("delivery refused", address=to.address, reason=str(error))
        return told


def _alone(body: Component) -> Component:
    """A message that replies to none: a reply needs the right to read history."""
    return {name: part for name, part in body.items() if name != "message_reference"}


def _is_revised(key: str) -> bool:
    """Whether a key "DELIVERY.REVISION…" is of a revision before which another may have been tried."""
    revision = [*key.split("."), ""][1]
    return revision.isdigit() and int(revision) > 1


def _id(answer: Any) -> str:
    found = answer.get("id") if isinstance(answer, Mapping) else None
    if not found:
        raise MaybePosted("Discord answered without a message id")
    return str(found)
