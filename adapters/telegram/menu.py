"""The list that Telegram shows behind "/": by where one is, who one is, and in which language."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence

import structlog
from telegram import (
    Bot,
    BotCommand,
    BotCommandScope,
    BotCommandScopeAllChatAdministrators,
    BotCommandScopeAllGroupChats,
    BotCommandScopeAllPrivateChats,
)
from telegram.error import RetryAfter, TelegramError

from adapters.telegram.errors import retry_after
from bot.locale import LOCALES, say
from bot.model import Audience, Command
from bot.text import cut

log = structlog.get_logger()

DEFAULT = "en"  # what everybody sees whose language has no list
LONGEST = 256  # characters of a description
MOST_TRIES = 5


async def sync_menu(bot: Bot, menu: Sequence[Command]) -> None:
    """Set the lists that differ from what Telegram has. A failure costs the list, not the bot."""
    if not menu:
        return
    changed = 0
    for scope, language, commands in lists(menu):
        try:
            changed += await _patiently(bot, scope, language, commands)
        except TelegramError as error:
            log.warning("menu not set", language=language or DEFAULT, reason=error.message)
            return
    log.info("menu set", lists=changed)


def lists(menu: Sequence[Command]) -> Iterator[tuple[BotCommandScope, str, tuple[BotCommand, ...]]]:
    """Every list: three scopes in six languages."""
    shown = [command for command in menu if not command.hidden]
    everyone = [command for command in shown if command.audience is Audience.EVERYONE]
    scopes: tuple[tuple[BotCommandScope, list[Command]], ...] = (
        (BotCommandScopeAllPrivateChats(), shown),
        (BotCommandScopeAllGroupChats(), everyone),
        (BotCommandScopeAllChatAdministrators(), shown),
    )
    for scope, commands in scopes:
        for locale in LOCALES:
            yield scope, "" if locale == DEFAULT else locale, tuple(_entry(c, locale) for c in commands)


def telegram_name(name: str) -> str:
    """A command's name as Telegram allows it."""
    return name.replace("-", "_")[:32]


def _entry(command: Command, locale: str) -> BotCommand:
    return BotCommand(telegram_name(command.name), cut(say(locale, f"command.{command.name}"), LONGEST))


async def _patiently(
    bot: Bot, scope: BotCommandScope, language: str, commands: tuple[BotCommand, ...]
) -> bool:
    """Set one list if it differs; wait where Telegram asks to."""
    for attempt in range(MOST_TRIES):
        try:
            if await bot.get_my_commands(scope, language) == commands:
                return False
            return await bot.set_my_commands(commands, scope, language)
        except RetryAfter as error:
            await asyncio.sleep(retry_after(error).total_seconds())
        except TelegramError:
            if attempt == MOST_TRIES - 1:
                raise
            await asyncio.sleep(2.0**attempt)
    return False
