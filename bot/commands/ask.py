"""One command being answered: who asks, where, about which place, and what the answer may use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from bot.commands.line import Line, split
from bot.commands.names import Resolved, resolve
from bot.errors import UserError
from bot.locale import pick, say
from bot.model import Choice, Destination, Limits, Preferences, Reply, Request, nothing
from bot.ports import Storage
from bot.posts.spoilers import ALL
from bot.posts.topics import outlet_topic
from bot.series.catalog import Catalog

if TYPE_CHECKING:
    from bot.config import Settings

NEW_PLACE = Preferences()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    request: Request
    line: Line
    storage: Storage
    catalog: Catalog
    settings: Settings | None
    limits: Limits | None = None  # of the platform it was asked on; None where nobody told
    now: datetime
    locale: str  # of the answer
    destination: Destination | None  # the place the command is about, when it is known
    neighbours: Mapping[str, str] = field(default_factory=nothing)  # spoiler modes, see `careful`

    @property
    def preferences(self) -> Preferences:
        """The preferences of the place; for an unknown one the defaults, in the asker's language."""
        if self.destination:
            return self.destination.preferences
        return replace(NEW_PLACE, locale=self.locale, spoilers=self.neighbours)

    @property
    def may_manage(self) -> bool:
        """Alone with the bot everyone manages that conversation, but not another place named from there."""
        return self.request.may_manage or (self.request.is_private and not self.line.target)

    @property
    def who(self) -> str:
        """Name the asker for the audit."""
        return self.request.user_name or self.request.user

    def say(self, key: str, /, **args: object) -> str:
        """Say it in the language of the answer."""
        return say(self.locale, key, **args)

    def reply(self, text: str = "", *, choices: Iterable[Choice] = (), private: bool = False) -> Reply:
        """Answer with a text; a pressed button's answer stands apart from the message it was pressed on."""
        return Reply(text=text, choices=tuple(choices), private=private, locale=self.locale)

    def refuse(self, key: str, /, **args: object) -> UserError:
        return UserError(f"commands.{key}", **args)

    def require_manager(self) -> None:
        """Raise UserError unless whoever asks may change what this place follows."""
        if not self.may_manage:
            raise UserError("commands.denied")

    async def careful(self) -> Ask:
        """The same for an answer that tells stories: a place without settings covers what its neighbours do not show.

        Else a thread below a channel, or the channel beside it, would be a door to what that one covers.
        """
        if self.destination is not None or self.request.is_private or not self.request.space:
            return self
        places = await self.storage.destinations(self.request.adapter, self.request.space)
        modes = [place.preferences.spoilers for place in places]
        covered = {
            series: "cover"
            for series in {key for mode in modes for key in mode}
            if any(mode.get(series, mode.get(ALL, "show")) != "show" for mode in modes)
        }
        return replace(self, neighbours=covered)

    async def following(self) -> tuple[str, ...]:
        """What the place follows; () for an unknown one."""
        return tuple(await self.storage.following(self.destination.id)) if self.destination else ()

    async def outlets(self) -> Mapping[str, str]:
        """The outlets that are read: names by topic. All feeds are read for it: ask only where it matters."""
        return {outlet_topic(feed.outlet): feed.outlet for feed in await self.storage.feeds()}

    async def resolved(self, text: str) -> Resolved:
        """Read what a person typed as topics; outlets are looked up only for what is nothing else."""
        found = resolve(split(text), self.catalog, {})
        return resolve(split(text), self.catalog, await self.outlets()) if found.unknown else found

    async def ensure(self) -> Destination:
        """The place as a destination: kept from now on if it was not."""
        if self.destination is not None:
            return self.destination
        request = self.request
        return await self.storage.ensure_destination(
            Destination(
                adapter=request.adapter,
                address=self.line.target or request.address,
                space=request.space,
                title=request.place_title,
                preferences=self.preferences,
                created_at=self.now,
            )
        )


def language_of(request: Request, destination: Destination | None, fallback: str) -> str:
    """Choose the language of an answer: alone with the bot what was set there, else that of the person, then the place's."""
    if request.is_private and destination is not None:
        return destination.preferences.locale
    if request.locale:
        return pick(request.locale)
    return destination.preferences.locale if destination is not None else pick(fallback)


def catch_up(settings: Settings | None) -> int:
    """How many stories a place gets one by one when it comes back."""
    if settings is not None:
        return settings.delivery.catch_up
    from bot.config import DeliverySettings

    return DeliverySettings().catch_up
