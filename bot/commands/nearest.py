"""One friendly line for what was not understood, with an example and what may have been meant."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from bot.commands.ask import Ask
from bot.commands.line import fits
from bot.commands.menu import MENU
from bot.commands.names import topic_name, typed
from bot.model import Choice, Reply
from bot.text import cut

MOST_SHOWN = 40  # characters of what a person typed, quoted back to them


def nearest_topics(ask: Ask, asked: str, n: int = 3) -> list[str]:
    """Topics that may have been meant, series first."""
    topics = [f"series:{series.slug}" for series in ask.catalog.nearest(asked, n)]
    topics += [topic.key for topic in ask.catalog.suggest_topics(asked, n)]
    return list(dict.fromkeys(topics))[:n]


def did_you_mean(ask: Ask, unknown: Sequence[str], command: str) -> Reply:
    """Answer a name that nobody has: "Did you mean WRC?" with a button for each that comes near."""
    asked = " ".join(unknown)
    shown = cut(asked, MOST_SHOWN)
    near = nearest_topics(ask, asked) or nearest_topics(ask, unknown[0])
    example = ask.say(f"commands.example.{command}")
    if not near:
        return ask.reply(
            ask.say("commands.unknown.topic", asked=shown, example=example),
            choices=[Choice(label=ask.say("commands.series.button"), line="series", emoji="🏁")],
        )
    start = _about(ask, command)
    choices = [
        Choice(label=topic_name(topic, ask.catalog, ask.locale), line=line)
        for topic in near
        if fits(line := f"{start} {typed(topic)}")
    ]
    names = [typed(near[0]) if near[0].startswith("series:") else choices[0].label]
    return ask.reply(
        ask.say("commands.unknown.near", asked=shown, near=names[0], example=example), choices=choices
    )


def which_one(ask: Ask, doubtful: Sequence[tuple[str, str]], command: str) -> Reply:
    """Ask which of several with one name is meant; they are keys and names."""
    start = _about(ask, command)
    choices = [Choice(label=name, line=line) for key, name in doubtful[:10] if fits(line := f"{start} {key}")]
    return ask.reply(ask.say("commands.unknown.doubtful"), choices=choices)


def unknown_command(ask: Ask, asked: str) -> Reply:
    """Answer a command that there is not."""
    names = [command.name for command in MENU]
    near = get_close_matches(asked, names, n=2, cutoff=0.6)
    choices = [Choice(label=f"/{name}", line=name) for name in dict.fromkeys((*near, "help"))]
    if near:
        text = ask.say("commands.unknown.command_near", asked=cut(asked, MOST_SHOWN), near=near[0])
    else:
        text = ask.say("commands.unknown.command", asked=cut(asked, MOST_SHOWN))
    return ask.reply(text, choices=choices, private=True)


def _about(ask: Ask, command: str) -> str:
    """The beginning of a line about the same place; "latest" is about none."""
    return f"{command} @{ask.line.target}" if ask.line.target and command != "latest" else command


def near_words(asked: str, known: Sequence[str]) -> str:
    """The known word that comes nearest, or ""."""
    return next(iter(get_close_matches(asked, known, n=1, cutoff=0.5)), "")
