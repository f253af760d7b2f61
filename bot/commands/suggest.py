"""Autocompletion: series and topics while they are typed, what is followed for /unfollow, values of choices."""

from __future__ import annotations

from bot.commands.ask import Ask
from bot.commands.menu import BY_NAME
from bot.commands.names import topic_emoji, topic_name, typed
from bot.model import Suggestion
from bot.text import cut, fold

MOST = 25
_LABEL = 90  # characters; Discord takes 100


async def suggest(ask: Ask, option: str, written: str) -> list[Suggestion]:
    """Complete an option. Of several names in one field ("wec, f1, ver") the last is completed, the rest kept."""
    if option == "series":
        kept, _, last = written.rpartition(",")
        topics = await _topics(ask, last.strip())
        before = f"{kept.strip()}, " if kept.strip() else ""
        return [
            Suggestion(label=cut(before + _label(ask, topic), _LABEL), value=value)
            for topic in topics[:MOST]
            if len(value := before + typed(topic)) <= _LABEL
        ]
    command = BY_NAME.get(ask.line.name)
    values = next((one.values for one in command.options if one.name == option), ()) if command else ()
    asked = fold(written)
    return [Suggestion(label=value, value=value) for value in values if asked in fold(value)][:MOST]


async def _topics(ask: Ask, asked: str) -> list[str]:
    if ask.line.name == "unfollow":
        followed = await ask.following()
        return [topic for topic in followed if fold(asked) in fold(_label(ask, topic) + " " + topic)]
    series = [f"series:{one.slug}" for one in ask.catalog.suggest(asked, ask.locale, MOST)]
    if len(asked) < 2:
        return series
    found = sorted(ask.catalog.suggest_topics(asked, MOST), key=lambda topic: topic.kind != "driver")
    topics = [topic.key for topic in found]
    exact = ask.catalog.find(asked) is not None
    outlets = []
    if len(series) + len(topics) < MOST:
        outlets = [topic for topic, name in (await ask.outlets()).items() if fold(asked) in fold(name)]
    return list(
        dict.fromkeys([*series[:15], *topics, *outlets] if exact else [*topics[:10], *series, *outlets])
    )


def _label(ask: Ask, topic: str) -> str:
    return f"{topic_emoji(topic, ask.catalog)} {topic_name(topic, ask.catalog, ask.locale)}"
