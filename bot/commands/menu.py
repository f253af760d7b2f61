"""What can be asked, as data: adapters make slash commands, menus and help of it."""

from __future__ import annotations

from bot.model import Audience, Command, Option

MOST_STORIES = 10  # in one answer

_SERIES = Option(name="series", kind="series")
_SEVERAL = Option(name="series", kind="series", many=True)
_COUNT = Option(name="count", kind="number", least=1, most=MOST_STORIES)
_WORDS = Option(name="words", many=True)
_WHERE = Option(name="destination", kind="destination")

_FILTER_ACTIONS = ("test", "include", "exclude", "clear")
_FEED_ACTIONS = ("add", "list", "remove")
SETTING_NAMES = (
    "spoilers",
    "delay-note",
    "languages",
    "labels",
    "importance",
    "include",
    "exclude",
    "schedule",
    "quiet",
    "quiet-mode",
    "timezone",
    "per-hour",
    "style",
    "picture",
    "template",
    "thread",
    "publish",
    "merge",
    "ping",
    "ping-gap",
    "language",
)


def _required(option: Option) -> Option:
    return Option(name=option.name, kind=option.kind, many=option.many, required=True)


MENU: tuple[Command, ...] = (
    Command(name="latest", options=(_SERIES, _COUNT)),
    Command(name="search", options=(_required(_WORDS),)),
    Command(name="follow", options=(_required(_SEVERAL),), audience=Audience.MODERATORS),
    Command(name="unfollow", options=(_required(_SEVERAL),), audience=Audience.MODERATORS),
    Command(name="following"),
    Command(name="series", options=(_WORDS,)),
    Command(name="alerts", options=(_SEVERAL,), private=True),
    Command(name="why", options=(_WORDS,), private=True),
    Command(name="setup", options=(_WHERE,), audience=Audience.MODERATORS, private=True),
    Command(
        name="settings",
        options=(
            Option(name="setting", kind="choice", values=SETTING_NAMES),
            _WORDS,
            Option(name="role", kind="role"),  # whom to ping; left out where a platform has no roles
        ),
        audience=Audience.MODERATORS,
        private=True,
    ),
    Command(name="channel", options=(_WHERE,), audience=Audience.MODERATORS, private=True),
    Command(
        name="filter",
        options=(Option(name="action", kind="choice", values=_FILTER_ACTIONS), _WORDS),
        audience=Audience.MODERATORS,
        private=True,
    ),
    Command(name="preview", audience=Audience.MODERATORS, private=True),
    Command(name="split", options=(_WORDS,), audience=Audience.MODERATORS, private=True),
    Command(name="status", audience=Audience.MODERATORS, private=True),
    Command(name="sources", options=(_WORDS,), private=True),
    Command(
        name="feed",
        options=(Option(name="action", kind="choice", values=_FEED_ACTIONS), _WORDS),
        audience=Audience.MODERATORS,
        private=True,
    ),
    Command(name="audit", audience=Audience.MODERATORS, private=True),
    Command(name="export", audience=Audience.MODERATORS, private=True),
    Command(
        name="import",
        options=(Option(name="document", kind="document"),),
        audience=Audience.MODERATORS,
        private=True,
    ),
    Command(name="help", options=(_WORDS,), private=True),
    Command(name="start", options=(_WORDS,), hidden=True),
)

BY_NAME = {command.name: command for command in MENU}
