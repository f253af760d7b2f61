"""/help and /start: what can be asked, and the first steps."""

from __future__ import annotations

from dataclasses import replace

from bot.commands.ask import Ask
from bot.commands.follow import family_choices, follow, in_catalogue_order, list_button, names_of
from bot.commands.menu import BY_NAME, MENU
from bot.commands.nearest import unknown_command
from bot.commands.settings import is_alone
from bot.locale import has
from bot.model import Audience, Choice, Command, Reply


async def help_(ask: Ask) -> Reply:
    """List the commands that this person can use here, or explain one."""
    words = ask.line.words
    if words:
        command = BY_NAME.get(words[0].lower().removeprefix("/"))
        return _one(ask, command) if command else unknown_command(ask, words[0])
    everyone = [_usage(ask, one) for one in MENU if not one.hidden and one.audience is Audience.EVERYONE]
    moderators = [_usage(ask, one) for one in MENU if not one.hidden and one.audience is Audience.MODERATORS]
    parts = [ask.say("commands.help.title"), "\n".join(everyone)]
    if ask.may_manage:
        heading = "alone" if is_alone(ask) else "moderators"
        parts += [ask.say(f"commands.help.{heading}"), "\n".join(moderators)]
    choices = [
        Choice(label=ask.say("commands.series.button"), line="series", emoji="🏁"),
        Choice(label=ask.say("commands.latest.button"), line="latest", emoji="📰"),
    ]
    return ask.reply("\n\n".join(parts), choices=choices, private=True)


async def start(ask: Ask) -> Reply:
    """Greet, and offer the families: three taps to the first alert. A deep link "follow_wec" follows at once."""
    action, _, slug = ask.line.rest.partition("_")
    if action == "follow" and slug:
        return await follow(replace(ask, line=replace(ask.line, name="follow", rest=slug.replace("_", " "))))
    families = family_choices(ask)
    followed = in_catalogue_order(await ask.following(), ask)
    if not followed:
        return ask.reply(ask.say("commands.start.hello"), choices=families)
    again = ask.say("commands.start.again", names=names_of(ask, followed))
    return ask.reply(again, choices=[*families, list_button(ask)])


def _usage(ask: Ask, command: Command) -> str:
    options = " ".join(
        f"<{ask.say(f'commands.label.{option.name}')}>"
        if option.required
        else f"[{ask.say(f'commands.label.{option.name}')}]"
        for option in command.options
        if option.kind not in ("destination", "role", "document")
    )
    return f"/{command.name} {options}".strip() + f" – {ask.say(f'command.{command.name}')}"


def _one(ask: Ask, command: Command) -> Reply:
    text = _usage(ask, command)
    if has(f"commands.example.{command.name}"):
        text += "\n" + ask.say("commands.help.example", example=ask.say(f"commands.example.{command.name}"))
    return ask.reply(text, private=True)
