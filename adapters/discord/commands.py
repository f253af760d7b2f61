"""The menu as Discord's application commands, in every language, and written there only when it changed.

https://docs.discord.com/developers/interactions/application-commands
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Protocol

import structlog

from adapters.discord.components import Component
from adapters.discord.controls import POSTABLE
from adapters.discord.errors import Refused
from bot.locale import LOCALES, has, say, texts
from bot.model import Command, Option
from bot.text import cut_utf16

log = structlog.get_logger()

SUBCOMMAND, STRING, INTEGER, CHANNEL, ROLE, ATTACHMENT = 1, 3, 4, 7, 8, 11
_KINDS = {"number": INTEGER, "destination": CHANNEL, "role": ROLE, "document": ATTACHMENT}
MAX_DESCRIPTION, MAX_CHOICE, MAX_OPTIONS = 100, 100, 25

# Where a command may be used (server, direct message with the bot, other conversations) and how the app is installed.
SERVER, BOT_DM, ANY_DM = 0, 1, 2
BY_SERVER, BY_USER = 0, 1
ANYWHERE = frozenset(("latest", "search", "series", "help"))  # of use without the bot being in the place

# Discord's names for our languages; English is the text without localisation.
DISCORD_LOCALES = {
    "de": ("de",),
    "fr": ("fr",),
    "es": ("es-ES", "es-419"),
    "it": ("it",),
    "pt": ("pt-BR",),
}
_NAME = re.compile(r"^[-_'\w]{1,32}$")
_COMMAND = re.compile(r"(?<![\w/.])/([a-z]{3,})\b")


class Asks(Protocol):
    async def __call__(self, method: str, path: str, *, body: Any = None) -> Any: ...


def application_commands(menu: Sequence[Command]) -> list[Component]:
    """What Discord is told of the menu."""
    return [_command(command) for command in menu if not command.hidden]


def _command(command: Command) -> Component:
    """A command that everybody sees, moderators' ones too.

    Discord can hide a command from those who lack *all* of some permissions, and moderators are those who hold
    Manage Server *or* Manage Channels: hiding would lock some of them out. Who lacks both is told so, kindly.
    """
    is_anywhere = command.name in ANYWHERE
    made = _node(command, f"command.{command.name}")
    return made | {
        "type": 1,
        "default_member_permissions": None,
        "contexts": [SERVER, BOT_DM, ANY_DM] if is_anywhere else [SERVER, BOT_DM],
        "integration_types": [BY_SERVER, BY_USER] if is_anywhere else [BY_SERVER],
    }


def _node(command: Command, key: str) -> Component:
    below = [sub for sub in command.subcommands if not sub.hidden]
    options = (
        [_node(sub, f"{key}.{sub.name}") | {"type": SUBCOMMAND} for sub in below[:MAX_OPTIONS]]
        if below
        else [_option(option) for option in _required_first(command.options)[:MAX_OPTIONS]]
    )
    return _named(command.name, key) | {"options": options}


def _required_first(options: Sequence[Option]) -> list[Option]:
    return sorted(options, key=lambda option: not option.required)


def _option(option: Option) -> Component:
    kind = STRING if option.values else _KINDS.get(option.kind, STRING)
    made = _named(option.name, f"option.{option.name}") | {"type": kind}
    made |= names_of(f"commands.label.{option.name}")
    if option.required:
        made["required"] = True
    if option.values:
        made["choices"] = [_choice(option, value) for value in option.values[:MAX_OPTIONS]]
    elif option.kind == "series":
        made["autocomplete"] = True
    if kind == INTEGER:
        made |= {"min_value": option.least} if option.least is not None else {}
        made |= {"max_value": option.most} if option.most is not None else {}
    if kind == STRING and not option.values:
        made["max_length"] = min(option.most or 1000, 6000)
    if kind == CHANNEL:
        made["channel_types"] = list(POSTABLE)
    return made


def _choice(option: Option, value: str) -> Component:
    key = f"option.choice.{option.name}.{value}"
    made: Component = {"name": _say("en", key, value), "value": value}
    names = _localised(key, MAX_CHOICE)
    return made | ({"name_localizations": names} if names else {})


def _named(name: str, key: str) -> Component:
    """Name and description; a summary stands at `key` itself or at `key.summary`, a name at `key.name`."""
    summary = key if has(key) else f"{key}.summary"
    made: Component = {"name": name, "description": _say("en", summary, name)}
    if texts := _localised(summary, MAX_DESCRIPTION):
        made["description_localizations"] = texts
    return made | names_of(f"{key}.name")


def names_of(key: str) -> Component:
    """A name in other languages: English has none but the name itself."""
    words = {locale: texts(locale).get(key, "").lower() for locale in DISCORD_LOCALES}
    names = {
        place: word for locale, word in words.items() for place in DISCORD_LOCALES[locale] if _is_name(word)
    }
    return {"name_localizations": names} if names else {}


def in_client_words(text: str, locale: str) -> str:
    """Call the commands in a sentence as this person's client does: "/follow" is "/folgen" there."""
    known = texts(locale)
    return _COMMAND.sub(lambda found: "/" + (known.get(f"command.{found[1]}.name") or found[1]), text)


def _is_name(word: str) -> bool:
    return _NAME.match(word) is not None and word == word.lower()


def _localised(key: str, most: int) -> dict[str, str]:
    if not has(key):
        return {}
    return {
        place: cut_utf16(say(locale, key), most)
        for locale in LOCALES
        for place in DISCORD_LOCALES.get(locale, ())
    }


def _say(locale: str, key: str, otherwise: str) -> str:
    return cut_utf16(say(locale, key), MAX_DESCRIPTION) if has(key) else otherwise


# ── writing them ──


async def sync(ask: Asks, application_id: str, commands: Sequence[Component]) -> bool:
    """Write the commands if Discord has others; True if it had."""
    path = f"/applications/{application_id}/commands"
    known = await ask("GET", f"{path}?with_localizations=true")
    if _comparable(known or ()) == _comparable(commands):
        return False
    try:
        await ask("PUT", path, body=list(commands))
    except Refused as error:
        if not any("integration_types" in field or "contexts" in field for field in error.fields):
            raise
        log.info("the application is not set up to be installed by users: its commands are for servers")
        await ask("PUT", path, body=[_for_servers(command) for command in commands])
    log.info("discord commands written", commands=len(commands))
    return True


def _for_servers(command: Component) -> Component:
    return {key: value for key, value in command.items() if key not in ("integration_types", "contexts")}


def _comparable(commands: Sequence[Component]) -> list[Component]:
    return sorted(
        (_without_defaults(command) for command in commands), key=lambda command: str(command["name"])
    )


_OURS = (
    "name",
    "type",
    "description",
    "name_localizations",
    "description_localizations",
    "default_member_permissions",
    "contexts",
    "integration_types",
    "options",
    "required",
    "choices",
    "autocomplete",
    "min_value",
    "max_value",
    "max_length",
    "channel_types",
    "value",
)


def _without_defaults(node: Component) -> Component:
    """What was said, without what Discord adds to it and leaves out of it."""
    kept = {key: node[key] for key in _OURS if node.get(key) not in (None, False, [], {})}
    for key in ("options", "choices"):
        if key in kept:
            kept[key] = [_without_defaults(below) for below in kept[key]]
    for key in ("contexts", "integration_types", "channel_types"):
        if key in kept:
            kept[key] = sorted(kept[key])
    if "default_member_permissions" in kept:
        kept["default_member_permissions"] = str(kept["default_member_permissions"])
    return kept
