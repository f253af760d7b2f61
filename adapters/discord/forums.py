"""Posts in forum channels: one thread a story, tags for its series, follow-ups in the parent story's thread."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from adapters.discord.components import Component
from adapters.discord.errors import Refused, RestError
from adapters.discord.finding import MARGIN, is_delivery, sent_at, tells_the_same
from adapters.discord.places import REQUIRES_TAG, Asks, Place, Places, Tag, tags_from
from bot.model import Post
from bot.ports import Clock
from bot.text import cut_utf16, fold, tame

log = structlog.get_logger()

MAX_TAGS, MAX_APPLIED, MAX_TAG = 20, 5, 20
LOOK_BACK = timedelta(hours=49)  # a delivery is tried for 48 hours
LOOKED_INTO = 8  # threads whose first message is read in one search
REMEMBERED = 2000
TRY_TAGS_AGAIN = timedelta(hours=1)


class Forums:
    """What a forum needs besides a message."""

    def __init__(self, ask: Asks, places: Places, clock: Clock) -> None:
        self._ask = ask
        self._places = places
        self._clock = clock
        self._made: OrderedDict[str, tuple[str, ...]] = OrderedDict()  # thread → the delivery that made it
        self._no_new_tags: dict[str, datetime] = {}

    def remember(self, thread_id: str, key: str) -> None:
        """Know what a thread tells: a search for another story need not look into it."""
        self._made[thread_id] = _delivery(key)
        while len(self._made) > REMEMBERED:
            self._made.popitem(last=False)

    async def parent_thread(self, forum: Place, post: Post) -> Place | None:
        """The thread of the story that this one follows up, while it stands."""
        thread_id = (post.reply_to or "").partition("/")[0]
        if not thread_id.isdigit():
            return None
        try:
            thread = await self._places.thread(thread_id)
        except Refused:
            return None
        return thread if thread.is_thread and thread.parent_id == forum.id else None

    # ── an earlier attempt ──

    async def find(
        self,
        forum: Place,
        name: str,
        components: Sequence[Component],
        bot_id: str,
        *,
        key: str,
        since: datetime | None = None,
        deep: bool = False,
    ) -> str | None:
        """The thread of an earlier attempt, by its name or else by what its first message links."""
        oldest = (since or self._clock() - LOOK_BACK) - MARGIN
        mine = [
            thread
            for thread in await self._threads(forum, deep=deep)
            if str(thread.get("parent_id")) == forum.id
            and str(thread.get("owner_id")) == bot_id
            and sent_at(str(thread["id"])) >= oldest.timestamp()
            and self._made.get(str(thread["id"]), _delivery(key)) == _delivery(key)
        ]
        mine.sort(key=lambda thread: (thread.get("name") != name, -int(thread["id"])))
        for thread in mine[:LOOKED_INTO]:
            thread_id = str(thread["id"])
            if thread_id in self._made or await self._begins_with(thread, name, components, bot_id):
                return thread_id
        return None

    async def _threads(self, forum: Place, *, deep: bool) -> list[Mapping[str, Any]]:
        if not forum.guild_id:
            return []
        answer = await self._ask("GET", f"/guilds/{forum.guild_id}/threads/active")
        threads = list((answer or {}).get("threads") or ())
        if deep:
            answer = await self._ask("GET", f"/channels/{forum.id}/threads/archived/public?limit=50")
            threads += list((answer or {}).get("threads") or ())
        return threads

    async def _begins_with(
        self, thread: Mapping[str, Any], name: str, components: Sequence[Component], bot_id: str
    ) -> bool:
        try:
            message = await self._ask("GET", f"/channels/{thread['id']}/messages/{thread['id']}")
        except Refused as error:
            # Without the right to read history the name has to do; else its first message was deleted.
            return error.status == 403 and thread.get("name") == name
        return is_delivery(message, bot_id) and tells_the_same(message, components)

    # ── tags ──

    async def applied(self, forum: Place, names: Iterable[str]) -> Component:
        """The part of a new thread's body that carries its tags; missing ones are created while there is room."""
        wanted = list(dict.fromkeys(filter(None, (cut_utf16(tame(name), MAX_TAG) for name in names))))
        wanted = wanted[:MAX_APPLIED]
        tags = {fold(tag.name): tag for tag in forum.tags}
        missing = [name for name in wanted if fold(name) not in tags]
        if missing:
            tags = {fold(tag.name): tag for tag in await self._with_tags(forum, missing)}
        found = [tags[fold(name)].id for name in wanted if fold(name) in tags]
        if not found and forum.flags & REQUIRES_TAG:
            found = [tag.id for tag in forum.tags if not tag.moderated][:1]
        return {"applied_tags": list(dict.fromkeys(found))} if found else {}

    async def _with_tags(self, forum: Place, names: Sequence[str]) -> tuple[Tag, ...]:
        """Create tags. It needs Manage Channels, which the bot does not insist on: without it, no new tags."""
        now = self._clock()
        room = MAX_TAGS - len(forum.tags)
        refused_at = self._no_new_tags.get(forum.id)
        if room <= 0 or (refused_at is not None and now - refused_at < TRY_TAGS_AGAIN):
            return forum.tags
        kept: list[Component] = [asdict(tag) for tag in forum.tags]
        fresh: list[Component] = [{"name": name} for name in names[:room]]
        try:
            answer = await self._ask("PATCH", f"/channels/{forum.id}", body={"available_tags": kept + fresh})
        except RestError as error:
            self._no_new_tags[forum.id] = now
            log.info("tags not created", forum=forum.id, reason=str(error))
            return forum.tags
        tags = tags_from((answer or {}).get("available_tags"))
        if len(tags) <= len(forum.tags):
            self._no_new_tags[forum.id] = now
        self._places.correct(replace(forum, tags=tags or forum.tags))
        return tags or forum.tags


def _delivery(key: str) -> tuple[str, ...]:
    """The parts of a key "DELIVERY.REVISION.BORN" that stay the same when the story is revised."""
    delivery, _, *born = [*key.split("."), ""]
    return (delivery, *born)
