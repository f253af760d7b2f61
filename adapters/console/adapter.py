"""Posts printed in a terminal, commands typed at its prompt."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from adapters.console import paint
from adapters.console.keyboard import Keyboard
from bot.errors import DeliveryError
from bot.locale import say
from bot.model import Choice, Command, Destination, Document, Form, Limits, Picker, Post, Rate, Reply, Request
from bot.ports import Answerer, Clock
from bot.text import tame

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

NAME = "console"
ADDRESS = "console"
SPACE = "console"
BIGGEST = 200_000  # bytes of a file that is read for a command


class ConsoleAdapter:
    """One place, one person: whoever sits at the terminal."""

    name = NAME
    limits = Limits(text=20_000, title=500, can_cover=True)

    def __init__(self, *, clock: Clock, console: Console, keyboard: Keyboard, locale: str) -> None:
        self._clock = clock
        self._console = console
        self._keyboard = keyboard
        self._locale = locale
        self._numbers = count(1)
        self._menu: tuple[Choice, ...] = ()  # what the numbers under the last answer stand for
        self._pickers: tuple[tuple[int, Picker], ...] = ()  # each with the number of its first option
        self._form: Form | None = None
        self._has_prompt = False

    # ── posts ──

    async def ready(self) -> None:
        """A terminal is always there."""

    async def send(self, to: Destination, post: Post, *, key: str) -> str:  # noqa: ARG002  the port's signature
        """Print a post."""
        self._print(paint.post(post, now=self._clock(), plain=not self._console.is_terminal))
        return f"{self._clock():%Y%m%d%H%M%S}.{next(self._numbers)}"

    async def edit(self, to: Destination, message_id: str, post: Post) -> None:  # noqa: ARG002
        """Say in a line what changed: what was printed cannot be."""
        self._print(paint.update(post))

    async def find(self, to: Destination, post: Post, *, key: str, since: datetime) -> str | None:  # noqa: ARG002
        """Nothing can be looked up in a terminal."""
        return None

    def rates(self, to: Destination) -> Mapping[str, Rate]:  # noqa: ARG002
        """A terminal has no limits."""
        return {}

    async def check(self) -> str:
        """Name the terminal."""
        return say(self._locale, "console.check")

    async def close(self) -> None:
        """Leave the cursor on a fresh line."""
        if self._has_prompt:
            self._has_prompt = False
            self._console.print()

    # ── commands ──

    async def run(self, menu: Sequence[Command], answer: Answerer) -> None:  # noqa: ARG002  /help lists the menu
        """Answer what is typed until cancelled; when the input is closed, only posts go on."""
        self._prompt()
        async for line in self._keyboard.lines():
            self._has_prompt = False  # Enter has ended its line
            request = self._request(tame(line))
            if request is None:
                self._prompt()
                continue
            with contextlib.suppress(DeliveryError):  # nobody reads the answer
                self._show(await answer(request))
        await asyncio.Event().wait()

    def _request(self, typed: str) -> Request | None:
        form, self._form = self._form, None
        if not typed:
            return None
        line = self._line(typed, form)
        return Request(
            adapter=NAME,
            address=ADDRESS,
            space=SPACE,
            user="operator",
            line=line,
            document=_document(line),
            locale=self._locale,
            is_private=True,
            may_manage=True,
        )

    def _line(self, typed: str, form: Form | None) -> str:
        if form and not typed.startswith("/"):
            return f"{form.line} {typed[: form.most]}"
        return self._chosen(typed) or typed.removeprefix("/")

    def _chosen(self, typed: str) -> str | None:
        """The command line that a number, or several of one picker, stands for."""
        words = typed.replace(",", " ").split()
        if not all(word.isascii() and word.isdigit() and len(word) < 5 for word in words):
            return None
        numbers = [int(word) for word in words]
        if len(numbers) == 1 and 1 <= numbers[0] <= len(self._menu):
            return self._menu[numbers[0] - 1].line
        for first, picker in self._pickers:
            if all(first <= number < first + len(picker.options) for number in numbers):
                values = [picker.options[number - first].line for number in numbers]
                return " ".join([picker.line, *values[: picker.most]])
        return None

    def _show(self, reply: Reply) -> None:
        now, plain = self._clock(), not self._console.is_terminal
        self._form = reply.form
        if reply.form:
            self._print(paint.form(reply.form, reply.locale))
            return
        offered = [choice for post in reply.posts for choice in post.choices] + list(reply.choices)
        self._menu = tuple(choice for choice in offered if paint.is_numbered(choice))
        parts: list[RenderableType] = [paint.text(reply.text)] if reply.text else []
        parts += [paint.post(post, now=now, plain=plain) for post in reply.posts]
        parts += [paint.text(reply.document.text)] if reply.document else []
        parts += paint.menu(offered, plain=plain)
        first, pickers = len(self._menu) + 1, []
        for picker in reply.pickers:
            parts += paint.picker(picker, first, reply.locale)
            pickers.append((first, picker))
            first += len(picker.options)
        self._pickers = tuple(pickers)
        self._print(*parts)

    # ── the terminal ──

    def _print(self, *parts: RenderableType) -> None:
        try:
            if self._has_prompt:
                self._console.file.write("\r\x1b[2K")
            for part in parts:
                self._console.print(part, soft_wrap=False)
            self._prompt()
        except (OSError, ValueError) as error:  # the pipe behind it is closed
            raise DeliveryError("outbox.cause.closed") from error

    def _prompt(self) -> None:
        if self._keyboard.is_terminal and self._console.is_terminal:
            self._console.print(say(self._locale, "console.prompt"), end="", style="bold", markup=False)
            self._console.file.flush()
            self._has_prompt = True


def _document(line: str) -> Document | None:
    """The file of "import PATH": whoever sits at the terminal may read it anyway."""
    command, _, name = line.partition(" ")
    path = Path(name.strip()).expanduser() if command == "import" and name.strip() else None
    try:
        if path is None or not path.is_file() or path.stat().st_size > BIGGEST:
            return None
        return Document(name=path.name, text=path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RuntimeError):  # unreadable, no text, no such home
        return None
