"""Three platforms, each with an adapter before it, that are talked to and looked at in one way."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Protocol

from pydantic import SecretStr
from rich.console import Console

from adapters import console, discord, telegram
from bot.config import DiscordSettings, TelegramSettings
from bot.model import (
    Command,
    Destination,
    Option,
    PlatformChange,
    Post,
    Preferences,
    Reply,
    Request,
    Suggestion,
)
from bot.ports import Adapter
from tests.adapters.discord.chat import Chat, read
from tests.loopback.discord import EPHEMERAL, Discord, discord_server, walk
from tests.loopback.telegram import TOKEN, BotApi
from tests.pace import Paper

NOW = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
MENU = tuple(Command(name=name, options=(Option(name="words"),)) for name in ("latest", "setup", "why"))
ANSWERING = 5.0


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Core:
    """Answers with what a test prepared for a line, and remembers what it was asked."""

    replies: dict[str, Reply] = field(default_factory=dict)
    asked: list[Request] = field(default_factory=list)

    async def __call__(self, request: Request) -> Reply:
        self.asked.append(request)
        if request.line == "crash":
            raise RuntimeError("a bug")
        words = " ".join([request.line, *request.options.values()])
        return self.replies.get(words) or Reply(text=f"You said {words}")

    async def suggest(self, request: Request, option: str, typed: str) -> Sequence[Suggestion]:
        return []

    async def noticed(self, change: PlatformChange) -> None:
        """Nothing depends on it here."""

    async def preferences_at(self, request: Request) -> Preferences:
        return Preferences()

    @property
    def lines(self) -> list[str]:
        return [" ".join([one.line, *one.options.values()]) for one in self.asked]


class Platform(Protocol):
    """What a contract asks of a platform."""

    core: Core
    here: Destination
    breaks: frozenset[str]  # what can go wrong there: keys of `go_wrong`

    @property
    def adapter(self) -> Adapter: ...

    def standing(self) -> list[str]:
        """The messages that stand in the place as anybody reads them who tapped nothing."""
        ...

    def pings(self) -> int:
        """How many messages called somebody by name, or all."""
        ...

    def is_silent(self) -> bool:
        """Whether the last message made no sound."""
        ...

    def answers(self) -> str | None:
        """The message that the last one replies to."""
        ...

    def go_wrong(self, what: str) -> None:
        """Let the next request go wrong: "closed", "too fast", "refused", "lost", "gone"."""
        ...

    async def say(self, line: str) -> str:
        """Type a command and read its answer."""
        ...

    async def press(self, label: str) -> str:
        """Press a button under the last answer."""
        ...

    async def pick(self, *labels: str) -> str:
        """Choose several of many, and send it off."""
        ...

    async def fill(self, text: str) -> str:
        """Answer the question that was just asked."""
        ...

    async def restart(self) -> None:
        """End the process and start another."""
        ...

    def problems(self) -> list[str]:
        """What the platform found wrong with what it was asked."""
        ...


# ── the console ──


class OnConsole:
    breaks = frozenset[str]()

    def __init__(self) -> None:
        self.core = Core()
        self.here = Destination(adapter="console", address="console", space="console", created_at=NOW)
        self._file = io.StringIO()
        self._reader, self._writer = os.pipe()
        screen = Console(file=self._file, force_terminal=False, width=200, highlight=False)
        self.adapter = console.create(clock=utc_now, console=screen, source=self._reader, locale="en")
        self.running = asyncio.create_task(self.adapter.run(MENU, self.core))

    def standing(self) -> list[str]:
        return [text] if (text := self._file.getvalue().strip()) else []

    def pings(self) -> int:
        return 0

    def is_silent(self) -> bool:
        return "\a" not in self._file.getvalue()

    def answers(self) -> str | None:
        return None

    def go_wrong(self, what: str) -> None:
        raise NotImplementedError(what)

    async def say(self, line: str) -> str:
        self._file.truncate(0)
        self._file.seek(0)
        os.write(self._writer, line.encode() + b"\n")
        async with asyncio.timeout(ANSWERING):
            while not self._file.getvalue().endswith("\n"):
                await asyncio.sleep(0.002)
        return self._file.getvalue()

    async def press(self, label: str) -> str:
        labels = [choice.label for choice in self.adapter._menu]
        return await self.say(str(labels.index(label) + 1))

    async def pick(self, *labels: str) -> str:
        ((first, picker),) = self.adapter._pickers
        shown = [option.label for option in picker.options]
        return await self.say(" ".join(str(first + shown.index(label)) for label in labels))

    async def fill(self, text: str) -> str:
        return await self.say(text)

    async def restart(self) -> None:
        """What is on a screen stays with its process."""

    def problems(self) -> list[str]:
        return []

    async def close(self) -> None:
        os.close(self._writer)


# ── Discord ──


class OnDiscord:
    breaks = frozenset(("closed", "too fast", "refused", "lost", "gone"))

    def __init__(self, server: Discord) -> None:
        self.core, self.server = Core(), server
        self.here = Destination(
            adapter="discord",
            address=server.id("news"),
            space=f"discord:{server.guild['id']}",
            created_at=NOW,
        )
        self._chat = Chat(server)
        self._begin()

    def _begin(self) -> None:
        settings = DiscordSettings(token=SecretStr("loopback-token"), api_url=self.server.url + "/api/v10")
        self.adapter = discord.create(settings, pace=Paper(), clock=utc_now)
        self.running = asyncio.create_task(self.adapter.run(MENU, self.core))

    async def ready(self) -> None:
        async with asyncio.timeout(10):
            await self.server.online.wait()
            await self.adapter.ready()
            while not self.server.commands:
                await asyncio.sleep(0.01)

    def _messages(self) -> list[dict[str, Any]]:
        return [one for one in self.server.said("news") if not one["flags"] & EPHEMERAL]

    def standing(self) -> list[str]:
        return [
            read([*walk([part for part in one["components"] if not part.get("spoiler")])])
            for one in self._messages()
        ]

    def pings(self) -> int:
        allowed = [one["allowed"] or {} for one in self._messages()]
        return sum(bool(one.get("parse") or one.get("roles") or one.get("users")) for one in allowed)

    def is_silent(self) -> bool:
        return bool(self._messages()[-1]["flags"] & 1 << 12)

    def answers(self) -> str | None:
        return (self._messages()[-1]["reference"] or {}).get("message_id")

    def go_wrong(self, what: str) -> None:
        path = "/messages$"
        match what:
            case "closed":
                self.server.fail("POST", path, status=403, body={"code": 50013, "message": "no"})
            case "too fast":
                body = {"message": "slow", "retry_after": 2.5, "global": False}
                self.server.fail("POST", path, status=429, body=body)
            case "refused":
                for _ in range(2):  # without its picture too
                    self.server.fail("POST", path, status=400, body={"code": 50035, "message": "no"})
            case "lost":
                self.server.fail("POST", path, "accepted")
            case "gone":
                self.server.fail("PATCH", "/messages/", status=404, body={"code": 10008, "message": "gone"})

    async def say(self, line: str) -> str:
        return await self._chat.say(line)

    async def press(self, label: str) -> str:
        return await self._chat.press(label)

    async def pick(self, *labels: str) -> str:
        return await self._chat.pick(*labels)

    async def fill(self, text: str) -> str:
        return await self._chat.fill(text)

    async def restart(self) -> None:
        await self.end()
        self.server.online.clear()
        self._begin()
        await self.ready()

    def problems(self) -> list[str]:
        return self.server.breaches

    async def end(self) -> None:
        self.running.cancel()
        await asyncio.gather(self.running, return_exceptions=True)
        await self.adapter.close()


# ── Telegram ──


class OnTelegram:
    breaks = frozenset(("closed", "too fast", "refused", "lost", "gone"))

    def __init__(self, api: BotApi) -> None:
        self.core, self.api = Core(), api
        self.here = Destination(adapter="telegram", address="7", space="7", created_at=NOW)
        self._last: dict[str, Any] = {}
        self._begin()

    def _begin(self) -> None:
        settings = TelegramSettings(token=SecretStr(TOKEN), api_url=self.api.url)
        self.adapter = telegram.create(settings, pace=Paper(), clock=utc_now)
        self.running = asyncio.create_task(self.adapter.run(MENU, self.core))

    async def ready(self) -> None:
        await self.api.until(lambda: self.running.done() or self.api.sent("deleteWebhook"))

    def standing(self) -> list[str]:
        return [_uncovered(message).replace("\u2060", "") for message in self.api.said(7)]

    def pings(self) -> int:
        kinds = ("mention", "text_mention")
        return sum(
            any(entity["type"] in kinds for entity in message.get("entities", []))
            for message in self.api.said(7)
        )

    def is_silent(self) -> bool:
        return bool(self.api.sent("sendMessage", "sendPhoto")[-1].get("disable_notification"))

    def answers(self) -> str | None:
        reply = self.api.sent("sendMessage", "sendPhoto")[-1].get("reply_parameters")
        return str(reply["message_id"]) if reply else None

    def go_wrong(self, what: str) -> None:
        match what:
            case "closed":
                self.api.fail("sendMessage", "Forbidden: bot was blocked by the user", status=403)
            case "too fast":
                self.api.fail("sendMessage", "Too Many Requests: retry after 3", status=429, retry_after=3)
            case "refused":
                self.api.fail("sendMessage", "Bad Request: can't parse entities", times=3)
            case "lost":
                self.api.fail("sendMessage", kind="lose")
            case "gone":
                self.api.fail("editMessageText", "Bad Request: message to edit not found")

    async def say(self, line: str) -> str:
        return await self._answered(lambda: self.api.say(line))

    async def press(self, label: str) -> str:
        return await self._answered(lambda: self.api.press(self._last, label))

    async def pick(self, *labels: str) -> str:
        for label in labels:
            await self.api.press(self._now(), label)
            await self.api.until(lambda label=label: f"✅ {label}" in str(self._now()["reply_markup"]))
        return await self._answered(lambda: self.api.press(self._now(), "Done"))

    async def fill(self, text: str) -> str:
        return await self._answered(lambda: self.api.say(text, reply_to_message=self._last))

    def _now(self) -> dict[str, Any]:
        return self.api.messages[7][self._last["message_id"]]

    async def _answered(self, act: Callable[[], Any]) -> str:
        written = ("sendMessage", "editMessageText", "sendPhoto")
        before = len(self.api.sent(*written))
        await act()
        await self.api.until(lambda: len(self.api.sent(*written)) > before)
        self._last = self.api.said(7)[-1]
        return str(self._last["text"]).replace("\u2060", "")

    async def restart(self) -> None:
        await self.end()
        self._begin()

    def problems(self) -> list[str]:
        return self.api.problems

    async def end(self) -> None:
        self.running.cancel()
        await asyncio.gather(self.running, return_exceptions=True)
        await self.adapter.close()


def _uncovered(message: Mapping[str, Any]) -> str:
    """A message's text without what stands under a cover."""
    text = str(message.get("text") or message.get("caption") or "").encode("utf-16-le")
    entities = message.get("entities") or message.get("caption_entities") or ()
    for entity in sorted(entities, key=lambda one: -one["offset"]):
        if entity["type"] == "spoiler":
            text = text[: 2 * entity["offset"]] + text[2 * (entity["offset"] + entity["length"]) :]
    return text.decode("utf-16-le", "replace")


@contextlib.asynccontextmanager
async def platform_named(name: str) -> AsyncIterator[Platform]:
    """A platform with a running adapter; it must find nothing wrong with what it is asked."""
    if name == "console":
        terminal = OnConsole()
        try:
            yield terminal
        finally:
            terminal.running.cancel()
            await asyncio.gather(terminal.running, return_exceptions=True)
            await terminal.close()
    elif name == "discord":
        async with discord_server() as server:
            club = OnDiscord(server)
            await club.ready()
            try:
                yield club
            finally:
                await club.end()
    else:
        async with BotApi() as api:
            chat = OnTelegram(api)
            await chat.ready()
            try:
                yield chat
            finally:
                await chat.end()


def a_post(**changes: Any) -> Post:
    """A post as it usually is."""
    usual = Post(
        title="Toyota brings a new floor",
        url="https://outlet.example/floor",
        summary="Toyota brings a new floor to Fuji. It was tested in Portimao.",
        badge="⏱️ WEC",
        label="Official",
        outlet="Outlet",
        at=NOW,
    )
    return replace(usual, **changes)
