"""/feed: moderators add an outlet that the catalogue lacks, as far as the operator lets them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bot.commands.ask import Ask
from bot.errors import FetchError
from bot.feeds.client import Client
from bot.feeds.discovery import Candidate, discover
from bot.feeds.identity import address_key
from bot.feeds.outlets import load_outlets
from bot.model import Choice, Feed, FeedState, Reply
from bot.posts.reasons import say_reason
from bot.text import cut, tame

if TYPE_CHECKING:
    from bot.config import Settings

MOST_LISTED = 20
_NAME = 60


async def feed(ask: Ask) -> Reply:
    """List what was added here, add what a site offers, or remove it again."""
    ask.require_manager()
    action, _, words = ask.line.rest.partition(" ")
    match action.lower():
        case "" | "list":
            return await _list(ask)
        case "add":
            return await _add(ask, words.strip())
        case "remove":
            return await _remove(ask, words.strip())
    return await _add(ask, ask.line.rest)


async def _list(ask: Ask) -> Reply:
    own = await _own(ask)
    if not own:
        example = ask.say("commands.example.feed")
        return ask.reply(ask.say("commands.feed.none", example=example), private=True)
    lines = [
        ask.say("commands.feed.title", count=len(own)),
        *(f"{_name(one)}: {tame(one.url)}" for one in own),
    ]
    choices = [
        Choice(
            label=ask.say("commands.feed.remove_button", name=_name(one)),
            line=f"feed remove {one.id}",
            emoji="➖",
        )
        for one in own[:MOST_LISTED]
    ]
    return ask.reply("\n".join(lines), choices=choices, private=True)


def _usual_settings() -> Settings:
    from bot.config import Settings

    return Settings()


async def _add(ask: Ask, words: str) -> Reply:
    settings = ask.settings or _usual_settings()
    if settings.feed.adding == "off":
        raise ask.refuse("feed.off")
    if not words:
        raise ask.refuse("feed.nothing", example=ask.say("commands.example.feed"))
    if len(await _own(ask)) >= settings.feed.per_space:
        raise ask.refuse("feed.quota", count=settings.feed.per_space)
    if words.isascii() and words.isdigit() and len(words) < 3:
        offered = await _remembered(ask)
        if not 1 <= int(words) <= len(offered):
            raise ask.refuse("feed.gone")
        return await _keep(ask, settings, offered[int(words) - 1])
    candidates = _allowed(ask, settings, await _found(ask, settings, words))
    if len(candidates) == 1:
        return await _keep(ask, settings, candidates[0])
    await _remember(ask, candidates)
    choices = [
        Choice(label=cut(one.title, _NAME), line=f"feed add {number}", emoji="➕")
        for number, one in enumerate(candidates, 1)
    ]
    return ask.reply(ask.say("commands.feed.which"), choices=choices, private=True)


async def _found(ask: Ask, settings: Settings, words: str) -> Sequence[Candidate]:
    client = Client(settings.http, settings.poll, lambda: ask.now)
    try:
        return await discover(client, words)
    except FetchError as error:
        raise ask.refuse("feed.failed", reason=say_reason(error.reason, ask.locale)) from error
    finally:
        await client.close()


def _allowed(ask: Ask, settings: Settings, found: Sequence[Candidate]) -> Sequence[Candidate]:
    """What of this the operator lets be added: nobody is offered what would be refused."""
    if settings.feed.adding != "catalogue":
        return found
    sites = frozenset(
        _site(one.url) for one in load_outlets(None, ask.now)
    )  # the operator's list may be shorter
    allowed = [one for one in found if _site(one.url) in sites]
    if not allowed:
        raise ask.refuse("feed.only_catalogue")
    return allowed


async def _keep(ask: Ask, settings: Settings, found: Candidate) -> Reply:
    _allowed(ask, settings, [found])
    known = await _known(ask, found)
    if known is not None and known.state is FeedState.PAUSED:  # it was read just now
        await ask.storage.add_feed(replace(known, next_check_at=ask.now))
        return ask.reply(ask.say("commands.feed.again", name=_name(known)), private=True)
    if known is not None:
        raise ask.refuse("feed.known", name=_name(known))
    added = Feed(
        url=found.url,
        outlet=cut(found.title, _NAME),
        title=found.title,
        language=found.language,
        added_by=ask.request.space,
        next_check_at=ask.now,
    )
    kept = await ask.storage.add_feed(added)
    undo = Choice(
        label=ask.say("commands.feed.remove_button", name=_name(kept)),
        line=f"feed remove {kept.id}",
        emoji="➖",
    )
    text = ask.say("commands.feed.added", name=_name(kept), count=found.entries)
    return ask.reply(text, choices=[undo], private=True)


async def _remove(ask: Ask, words: str) -> Reply:
    own = await _own(ask)
    gone = next((one for one in own if words in (str(one.id), one.url)), None)
    if gone is None:
        raise ask.refuse("feed.not_yours")
    await ask.storage.remove_feed(gone.id)
    return ask.reply(ask.say("commands.feed.removed", name=_name(gone)), private=True)


async def _own(ask: Ask) -> list[Feed]:
    """What this space added."""
    feeds = await ask.storage.feeds()
    return [one for one in feeds if one.added_by == ask.request.space and one.state is not FeedState.GONE]


async def _known(ask: Ask, found: Candidate) -> Feed | None:
    """The feed that is read at this address, or where it leads."""
    keys = {address_key(url) for url in (found.url, found.read_at) if url}
    feeds = await ask.storage.feeds()
    return next(
        (one for one in feeds if one.state is not FeedState.GONE and address_key(one.url) in keys), None
    )


async def _remember(ask: Ask, candidates: Sequence[Candidate]) -> None:
    """Keep what was offered: addresses are too long for buttons, and buttons outlive a restart."""
    rows = [asdict(one) for one in candidates]
    await ask.storage.remember(f"feeds offered {ask.request.space}", json.dumps(rows))


async def _remembered(ask: Ask) -> list[Candidate]:
    kept = json.loads(await ask.storage.recall(f"feeds offered {ask.request.space}") or "[]")
    return [Candidate(**row) for row in kept if isinstance(row, dict)]  # an older version kept lists


def _site(url: str) -> str:
    return (urlsplit(url).hostname or "").removeprefix("www.")


def _name(one: Feed) -> str:
    return tame(one.outlet) or tame(one.url)
