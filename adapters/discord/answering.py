"""Every interaction acknowledged at once, answered as soon as the answer is there, and never left without one.

Discord shows "did not respond" after three seconds.
"""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace

import structlog

from adapters.discord import components as piece
from adapters.discord import controls, replies
from adapters.discord.asking import COMMAND, COMPLETION, COMPONENT, MODAL, Asked
from adapters.discord.commands import in_client_words
from adapters.discord.components import Component
from adapters.discord.errors import Refused, RestError
from adapters.discord.rest import Rest
from adapters.discord.wire import ASK, COMPLETE, LATER, MESSAGE, UPDATE, UPDATE_LATER, Wire, edited
from bot.locale import pick, say
from bot.model import Choice, Command, Document, Form, Reply, Request, Style, Suggestion
from bot.ports import Answerer
from bot.text import utf16_length

log = structlog.get_logger()

SOON = 0.12  # seconds that a pressed button waits for its answer: a form can only be the first response
COMPLETING = 1.0
ANSWERING = 60.0  # an answer that takes longer is given up; Discord takes one for 15 minutes
AT_ONCE = 64  # answers worked out side by side; acknowledging is not limited
_ROLE = re.compile(r"<@&(\d+)>")  # a setting's value; people know roles by name
FORMS = 200
MAX_CHOICE = 100
MAX_DOCUMENT = 200_000


class Answering:
    """Takes interactions, asks the core, and answers."""

    def __init__(self, rest: Rest, wire: Wire, menu: Sequence[Command], answer: Answerer) -> None:
        self._rest = rest
        self._wire = wire
        self._answer = answer
        self._private = frozenset(command.name for command in menu if command.private)
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._forms: OrderedDict[str, Form] = OrderedDict()  # asked too late to be a first response

    async def handle(self, asked: Asked) -> None:
        """Answer one interaction; whatever fails is logged here and goes no further."""
        try:
            if asked.kind == COMPLETION:
                await self._complete(asked)
            elif asked.kind == COMMAND:
                await self._command(asked)
            elif asked.kind in (COMPONENT, MODAL):
                await self._pressed(asked)
        except RestError as error:
            log.warning("interaction not answered", interaction=asked.id, reason=str(error))
            if isinstance(error, Refused) and error.status == 400:  # the answer itself displeases Discord
                await self._apologise(asked)
        except Exception:
            log.exception("interaction failed", interaction=asked.id)
            await self._apologise(asked)

    async def _apologise(self, asked: Asked) -> None:
        sorry = replies.plain(say(pick(asked.request.locale), "discord.failed"))
        try:
            await self._wire.whisper(asked, sorry)
        except RestError as error:
            log.warning("no apology either", interaction=asked.id, reason=str(error))

    # ── autocompletion ──

    async def _complete(self, asked: Asked) -> None:
        found: Sequence[Suggestion] = ()
        try:
            async with asyncio.timeout(COMPLETING):
                found = await self._answer.suggest(asked.request, asked.focused, asked.typed)
        except Exception as error:  # noqa: BLE001  while somebody types, silence is the right answer
            log.info("nothing suggested", option=asked.focused, reason=type(error).__name__)
        await self._wire.respond(asked, COMPLETE, {"choices": list(_choices(found).values())})

    # ── commands ──

    async def _command(self, asked: Asked) -> None:
        is_private = self._is_private(asked)
        await self._wire.respond(asked, LATER, {"flags": piece.EPHEMERAL} if is_private else {})
        reply = await self._reply(asked)
        if reply.private and not is_private and not asked.request.is_private:
            # What was promised to all turns out to be for one: take the promise back, and whisper.
            await self._wire.withdraw(asked)
            await self._wire.follow_up(asked, self._messages(asked, reply), reply.document)
            return
        await self._wire.original(asked, self._messages(asked, reply), reply.document)

    def _is_private(self, asked: Asked) -> bool:
        if asked.is_whisper:
            return True
        if asked.request.is_private:  # alone with the bot nothing needs hiding
            return False
        return asked.request.line.partition(" ")[0] in self._private

    # ── buttons, selects, modals ──

    async def _pressed(self, asked: Asked) -> None:
        line = asked.request.line
        if asked.kind == COMPONENT and (form := self._forms.pop(line, None)):
            await self._wire.respond(asked, ASK, controls.modal(form))
            return
        if not line:  # an id of another version
            text = say(pick(asked.request.locale), "discord.old_button")
            await self._wire.respond(asked, MESSAGE, replies.plain(text))
            return
        thinking = asyncio.create_task(self._reply(asked), name=f"answer {asked.id}")
        try:
            done, _ = await asyncio.wait({thinking}, timeout=SOON)
            if done:
                await self._first(asked, thinking.result())
                return
            await self._wire.respond(asked, UPDATE_LATER if asked.has_message else LATER, {})
            await self._late(asked, await thinking)
        finally:
            thinking.cancel()

    async def _first(self, asked: Asked, reply: Reply) -> None:
        """The answer was there in time to be the first response."""
        if reply.form is not None and asked.kind == COMPONENT:
            await self._wire.respond(asked, ASK, controls.modal(reply.form))
        elif _says_nothing(reply):
            await self._wire.respond(asked, UPDATE_LATER if asked.has_message else LATER, {})
        else:
            first, *more = self._messages(asked, reply)
            if asked.has_message and reply.replaces:
                await self._wire.respond(asked, UPDATE, edited(first), document=reply.document)
            else:
                await self._wire.respond(asked, MESSAGE, first, document=reply.document)
            await self._wire.follow_up(asked, more)

    async def _late(self, asked: Asked, reply: Reply) -> None:
        if _says_nothing(reply):
            return
        bodies = self._messages(asked, reply)
        if reply.replaces or not asked.has_message:
            await self._wire.original(asked, bodies, reply.document)
        else:
            await self._wire.follow_up(asked, bodies, reply.document)

    # ── the answer ──

    async def _reply(self, asked: Asked) -> Reply:
        """Ask the core. This is the edge of one command: whatever fails becomes one friendly line."""
        try:
            async with asyncio.timeout(ANSWERING), self._turn:
                return await self._answer(await self._with_document(asked))
        except Exception:
            log.exception("command failed", interaction=asked.id)
            return Reply(text=say(pick(asked.request.locale), "discord.failed"), private=True)

    async def _with_document(self, asked: Asked) -> Request:
        """The request with the text file that came along; one that is none, or too large, is left out."""
        if asked.attachment is None:
            return asked.request
        name, address = asked.attachment
        try:
            text = (await self._rest.download(address, most=MAX_DOCUMENT)).decode()
        except (RestError, UnicodeDecodeError) as error:
            log.info("document not taken", reason=type(error).__name__)
            return asked.request
        return replace(asked.request, document=Document(name=name, text=text))

    def _messages(self, asked: Asked, reply: Reply) -> list[Component]:
        if reply.form is not None:
            reply = self._form_behind_a_button(reply.form, reply)
        is_private = asked.is_whisper or (reply.private and not asked.request.is_private)
        text = _ROLE.sub(lambda found: "@" + asked.roles.get(found[1], "?"), reply.text)
        text = in_client_words(text, pick(asked.request.locale))
        return replies.messages(replace(reply, private=is_private, text=text))

    def _form_behind_a_button(self, form: Form, reply: Reply) -> Reply:
        """A form that came too late to be shown at once: one press away."""
        self._forms[form.line] = form
        while len(self._forms) > FORMS:
            self._forms.popitem(last=False)
        button = Choice(label=form.title, line=form.line, emoji="✏️", style=Style.PRIMARY)
        return replace(
            reply, text=reply.text or form.prompt, form=None, choices=(button,), pickers=(), posts=()
        )


def _says_nothing(reply: Reply) -> bool:
    return not (reply.text or reply.posts or reply.choices or reply.pickers or reply.form or reply.document)


def _choices(found: Sequence[Suggestion]) -> dict[str, Component]:
    """At most 25 of at most 100 characters, no value twice."""
    kept: dict[str, Component] = {}
    for one in found:
        if 0 < utf16_length(one.value) <= MAX_CHOICE and len(kept) < piece.MAX_OPTIONS:
            kept.setdefault(one.value, {"name": controls.label(one.label, MAX_CHOICE), "value": one.value})
    return kept
