"""How answers to interactions leave: first responses, edits of them, follow-ups.

They go to interaction webhooks, which neither take a place in the pacer nor count against the bot's own limit.
https://docs.discord.com/developers/interactions/receiving-and-responding
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from adapters.discord import components as piece
from adapters.discord.asking import Asked
from adapters.discord.components import Component
from adapters.discord.errors import ACKNOWLEDGED, Lost, Refused, TooFast, Unreached
from adapters.discord.rest import Rest
from bot.model import Document

MESSAGE, LATER, UPDATE_LATER, UPDATE, COMPLETE, ASK = 4, 5, 6, 7, 8, 9  # kinds of a first response
TRIES = 3


def edited(body: Component) -> Component:
    """A body for a message that is there already: who sees it was settled when it was made."""
    return body | {"flags": piece.IS_COMPONENTS_V2}


class Wire:
    """Sends answers, and sends them again where that can do no harm."""

    def __init__(self, rest: Rest) -> None:
        self._rest = rest

    async def respond(
        self, asked: Asked, kind: int, data: Component, *, document: Document | None = None
    ) -> None:
        """The first response; "already acknowledged" means that an attempt before this one came through."""
        path = f"/interactions/{asked.id}/{asked.token}/callback"
        body = {"type": kind, "data": data} if data else {"type": kind}
        try:
            await self._request("POST", path, body, document)
        except Refused as error:
            if error.code != ACKNOWLEDGED:
                raise

    async def original(
        self, asked: Asked, bodies: Sequence[Component], document: Document | None = None
    ) -> None:
        first, *more = bodies
        await self._request("PATCH", f"{self._webhook(asked)}/messages/@original", edited(first), document)
        await self.follow_up(asked, more)

    async def follow_up(
        self, asked: Asked, bodies: Sequence[Component], document: Document | None = None
    ) -> None:
        for number, body in enumerate(bodies):
            await self._request("POST", self._webhook(asked), body, None if number else document)

    async def withdraw(self, asked: Asked) -> None:
        """Take the first response back."""
        await self._request("DELETE", f"{self._webhook(asked)}/messages/@original")

    async def whisper(self, asked: Asked, body: Component) -> None:
        """Say something to the asker alone, whether or not there was a first response."""
        try:
            await self._request("POST", self._webhook(asked), body)
        except Refused:
            await self.respond(asked, MESSAGE, body)

    def _webhook(self, asked: Asked) -> str:
        return f"/webhooks/{asked.application_id}/{asked.token}"

    async def _request(
        self, method: str, path: str, body: Component | None = None, document: Document | None = None
    ) -> None:
        for attempt in range(1, TRIES + 1):
            try:
                await self._rest.request(method, path, body=body, document=document, is_open=True, seconds=10)
            except TooFast as error:
                if attempt == TRIES:
                    raise
                await asyncio.sleep(min(error.retry_after.total_seconds(), 5))
            except (Lost, Unreached):
                # A follow-up that may have been posted is not posted again; everything else may be repeated.
                if attempt == TRIES or (method == "POST" and not path.endswith("/callback")):
                    raise
                await asyncio.sleep(0.2 * attempt)
            else:
                return
