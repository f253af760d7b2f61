"""/alerts: what one person follows for themselves, delivered to them alone."""

from __future__ import annotations

from dataclasses import replace

from bot.commands import follow
from bot.commands.ask import Ask, catch_up, language_of
from bot.commands.line import Line
from bot.model import Choice, Reply
from bot.posts.resuming import resume

_ACTIONS = {"follow": follow.follow, "unfollow": follow.unfollow, "series": follow.series}
_DEEPER = ("follow ", "unfollow ", "following", "series")


async def alerts(ask: Ask) -> Reply:
    """List this person's own follows, or add to them: "alerts", "alerts wec", "alerts unfollow wec"."""
    mine = await _as_private(ask)
    action, _, rest = ask.line.rest.partition(" ")
    if action in _ACTIONS:
        line = Line(action, rest.strip())
    elif ask.line.rest:
        action, line = "follow", Line("follow", ask.line.rest)
    else:
        return await _tried_again(_theirs(await _listed(mine, ask), ask), ask)
    reply = await _ACTIONS[action](replace(mine, line=line))
    return await _tried_again(_theirs(reply, ask), ask)


async def _listed(mine: Ask, ask: Ask) -> Reply:
    listed = await follow.following(mine)
    if ask.request.is_private or await mine.following():
        return listed
    return replace(listed, text=ask.say("commands.alerts.nothing"))


async def _tried_again(reply: Reply, ask: Ask) -> Reply:
    """Who asks for alerts that could not be delivered is told so, and they are tried again at once."""
    request = ask.request
    if request.is_private:
        return reply
    keep, address = catch_up(ask.settings), request.private_address
    if not await resume(ask.storage, request.adapter, address=address, now=ask.now, keep=keep):
        return reply
    return replace(reply, text=f"{reply.text}\n{ask.say('commands.alerts.unreached')}")


async def _as_private(ask: Ask) -> Ask:
    """The same person, about the conversation they have with the bot alone."""
    request = ask.request
    if request.is_private and not ask.line.target:
        return ask
    if not request.private_address:
        raise ask.refuse("alerts.write_first")
    address = request.private_address
    private = replace(
        request,
        address=address,
        space=request.private_space or address,
        place_title=request.user_name,
        is_private=True,
        may_manage=True,
    )
    destination = await ask.storage.destination(request.adapter, address)
    if destination is not None:  # why it is paused is said by `alerts`
        destination = replace(destination, paused_at=None)
    locale = language_of(private, destination, ask.locale)
    line = replace(ask.line, target="")
    return replace(ask, request=private, destination=destination, locale=locale, line=line)


def _theirs(reply: Reply, ask: Ask) -> Reply:
    """Buttons that stay about the person's own follows, wherever they are pressed."""
    if ask.request.is_private:
        return replace(reply, private=True)
    choices = tuple(_own(choice) for choice in reply.choices)
    text = f"{reply.text}\n{ask.say('commands.alerts.where')}"
    return replace(reply, text=text, choices=tuple(filter(None, choices)), private=True)


def _own(choice: Choice) -> Choice | None:
    if choice.line == "following":
        return replace(choice, line="alerts")
    if choice.line.startswith(_DEEPER):
        line = f"alerts {choice.line}"
        return replace(choice, line=line) if len(line.encode()) <= 64 else None
    return choice
