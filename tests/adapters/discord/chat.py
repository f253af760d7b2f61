"""Talk to the bot on Discord: type commands, press buttons, choose, fill in; read what a person would see."""

from __future__ import annotations

import re
import shlex
from typing import Any

from tests.loopback.discord import EPHEMERAL, Act, Discord, Json, walk

_NUMBERS = {4}  # option types that hold a number


class Chat:
    """A person at a place. `act` is the last thing done, for what the text does not show."""

    def __init__(
        self, discord: Discord, *, user: str = "fan", place: str = "news", locale: str = "en-US"
    ) -> None:
        self.discord, self.user, self.place, self.locale = discord, user, place, locale
        self.guest = False
        self.act: Act | None = None

    # ── what a person does ──

    async def say(self, line: str, **options: Any) -> str:
        """Use a slash command: what follows its name goes into its options, in their order."""
        words = shlex.split(line.removeprefix("/"))
        command = next(one for one in self.discord.commands if one["name"] == words[0])
        given = [*self._spread(command, words[1:]), *self._named(command, options)]
        data: Json = {"id": command["id"], "name": command["name"], "type": 1, "options": given}
        if files := [one for one in given if one["type"] == 11]:
            url = f"{self.discord.url}/files/{files[0]['value']}"
            file = {"id": files[0]["value"], "filename": "settings.json", "url": url}
            data["resolved"] = {"attachments": {files[0]["value"]: file}}
        return await self._do(2, data)

    async def press(self, label: str) -> str:
        """Press the button with this label on the last answer."""
        source, button = self._find(2, label)
        return await self._do(3, {"component_type": 2, "custom_id": button["custom_id"]}, source)

    async def pick(self, *labels: str) -> str:
        """Choose these options in the select menu that has them."""
        source, select = self._find(3, labels[0])
        values = [one["value"] for one in select["options"] if any(label in one["label"] for label in labels)]
        data = {"component_type": 3, "custom_id": select["custom_id"], "values": values}
        return await self._do(3, data, source)

    async def choose(self, channel: str) -> str:
        """Choose a channel in Discord's own list."""
        source, select = next(
            (message, part)
            for message in self.seen
            for part in walk(message["components"])
            if part["type"] == 8
        )
        picked = {"component_type": 8, "custom_id": select["custom_id"], "values": [self.discord.id(channel)]}
        return await self._do(3, picked, source)

    async def fill(self, text: str) -> str:
        """Type into the form that opened."""
        assert self.act is not None and self.act.modal is not None, "no form is open"
        label = self.act.modal["components"][0]
        field = {"type": 4, "custom_id": label["component"]["custom_id"], "value": text}
        data = {"custom_id": self.act.modal["custom_id"], "components": [{"type": 18, "component": field}]}
        return await self._do(5, data, self.act.source)

    async def type(self, line: str, option: str) -> list[str]:
        """What is suggested while the last word of a line is typed into an option."""
        name, _, typed = line.removeprefix("/").partition(" ")
        command = next(one for one in self.discord.commands if one["name"] == name)
        focused = {"name": option, "type": 3, "value": typed, "focused": True}
        await self._do(4, {"id": command["id"], "name": name, "type": 1, "options": [focused]})
        assert self.act is not None
        return [one["value"] for one in self.act.choices or []]

    # ── what a person sees ──

    @property
    def seen(self) -> list[Json]:
        """The messages of the last answer."""
        return list(self.act.messages.values()) if self.act else []

    @property
    def is_whisper(self) -> bool:
        """Only this person sees the last answer."""
        return bool(self.seen) and all(message["flags"] & EPHEMERAL for message in self.seen)

    @property
    def buttons(self) -> list[str]:
        return [part["label"] for part in self._parts() if part["type"] == 2]

    @property
    def text(self) -> str:
        return read(list(self._parts()))

    # ── within ──

    async def _do(self, kind: int, data: Json, source: Json | None = None) -> str:
        self.act = await self.discord.interact(
            kind, self.user, self.place, data, locale=self.locale, source=source, guest=self.guest
        )
        return self.text

    def _parts(self) -> list[Json]:
        return [part for message in self.seen for part in walk(message["components"])]

    def _find(self, kind: int, label: str) -> tuple[Json, Json]:
        for message in self.seen:
            for part in walk(message["components"]):
                shown = [part.get("label") or "", *(one["label"] for one in part.get("options") or [])]
                if part["type"] == kind and any(label in one for one in shown) and not part.get("disabled"):
                    return message, part
        raise AssertionError(f"nothing says {label!r}; there are {self.buttons}")

    def _spread(self, command: Json, words: list[str]) -> list[Json]:
        """Words into options: all but the last option take one word each, the last one of text takes the rest."""
        options = [one for one in command.get("options") or [] if one["type"] in (3, 4)]
        given = []
        for number, option in enumerate(options):
            if not words:
                break
            is_last = number == len(options) - 1 or len(options) == number + 1
            value = " ".join(words) if is_last else words[0]
            words = [] if is_last else words[1:]
            number_or_text: Any = int(value) if option["type"] in _NUMBERS else value
            given.append({"name": option["name"], "type": option["type"], "value": number_or_text})
        return given

    def _named(self, command: Json, options: dict[str, Any]) -> list[Json]:
        kinds = {one["name"]: one["type"] for one in command.get("options") or []}
        return [{"name": name, "type": kinds[name], "value": value} for name, value in options.items()]


def read(parts: list[Json]) -> str:
    """The text of components without markup: what a person reads."""
    text = "\n".join(part["content"] for part in parts if part.get("type") == 10)
    text = re.sub(r"(?<!\\)\[((?:\\.|[^\]\\])*)\]\([^)\s]+\)", r"\1", text)
    text = re.sub(r"^(?:-# |### |- )", "", text, flags=re.MULTILINE).replace("**", "")
    return re.sub(r"\\(\W)", r"\1", text).replace("\u200b", "")
