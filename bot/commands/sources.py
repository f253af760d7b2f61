"""/sources and /audit: what is read and how it is doing; who changed what."""

from __future__ import annotations

import re
from datetime import datetime

from bot.commands.ask import Ask
from bot.commands.menu import SETTING_NAMES
from bot.commands.names import topic_name
from bot.locale import has, say
from bot.locale.dates import ago, moment, until
from bot.model import Choice, Feed, FeedState, Reply
from bot.posts.reasons import say_reason
from bot.posts.schedule import zone_of
from bot.text import cut, fold, tame

ON_A_PAGE = 15
MOST_LINES = 20
_TOPIC = re.compile(r"words:.*?(?= [a-z]+:|$)|[a-z]+:\S+")
_FROM = re.compile(r"\s*\bfrom:(\d{1,4})$")


async def sources(ask: Ask) -> Reply:
    """List the outlets that are read, or those whose name, language or series has these words."""
    match = _FROM.search(ask.line.rest)
    words = ask.line.rest[: match.start()] if match else ask.line.rest
    offset = int(match[1]) if match else 0
    feeds = [
        feed
        for feed in await ask.storage.feeds()
        if feed.state is not FeedState.GONE and _fits(ask, feed, words)
    ]
    feeds.sort(key=lambda feed: (feed.trouble is None, fold(feed.outlet), feed.url))
    if not feeds:
        key = "none" if words else "empty"
        return ask.reply(ask.say(f"commands.sources.{key}", words=cut(words, 40)), private=True)
    shown = feeds[offset : offset + ON_A_PAGE]
    zone = ask.preferences.timezone
    lines = [ask.say("commands.sources.title", count=len(feeds))]
    lines += [line_of(feed, ask.locale, now=ask.now, zone=zone) for feed in shown]
    choices = [
        Choice(label=ask.say(key), line=line, emoji=emoji)
        for key, start, emoji in (
            ("commands.page.back", offset - ON_A_PAGE, "◀"),
            ("commands.page.on", offset + ON_A_PAGE, "▶"),
        )
        if 0 <= start < len(feeds) and len((line := f"sources {words} from:{start}").encode()) <= 64
    ]
    return Reply(
        text="\n".join(lines),
        choices=tuple(choices),
        private=True,
        replaces=ask.request.is_button,
        locale=ask.locale,
    )


async def audit(ask: Ask) -> Reply:
    """Who changed what in this space, the newest first."""
    ask.require_manager()
    lines = await ask.storage.audit(ask.request.space, limit=MOST_LINES)
    if not lines:
        return ask.reply(ask.say("commands.audit.nothing"), private=True)
    said = [
        ask.say(
            "commands.audit.line",
            at=_when(ask, line.at),
            who=cut(tame(line.who), 40),
            place=cut(tame(line.destination), 40),
            what=cut(_what(ask, tame(line.what)), 160),
        )
        for line in lines
    ]
    return ask.reply("\n".join([ask.say("commands.audit.title"), *said]), private=True)


def _what(ask: Ask, what: str) -> str:
    """Say what was changed: "follow series:wec", "quiet: 23:00-07:00", "pack f1-en" …"""
    name, _, rest = what.partition(" ")
    if name in ("follow", "unfollow"):
        topics = _TOPIC.findall(rest)
        names = ", ".join(topic_name(topic, ask.catalog, ask.locale) for topic in topics)
        return ask.say(f"commands.audit.{name}", names=names)
    if name.removesuffix(":") in SETTING_NAMES:
        title = ask.say(f"commands.setting.{name.removesuffix(':')}.title")
        return ask.say("commands.audit.setting", name=title, value=rest)
    return ask.say(f"commands.audit.{name}", name=rest) if has(f"commands.audit.{name}") else what


def _fits(ask: Ask, feed: Feed, words: str) -> bool:
    series = [ask.catalog.name(slug, ask.locale) for slug in feed.series]
    text = fold(" ".join([feed.outlet, feed.url, feed.language or "", *feed.series, *series]))
    return all(word in text for word in fold(words).split())


def line_of(feed: Feed, locale: str, *, now: datetime, zone: str = "UTC") -> str:
    """A feed's state, when it was read last, when it had something new, and when it is asked next, in words."""
    name = f"{cut(tame(feed.outlet), 40)} ({feed.language or '–'})"
    if feed.official:
        name += f" · {say(locale, 'post.label.official')}"
    last, following = _last(feed, locale, now), until(locale, feed.next_check_at, now)
    trouble = cut(say_reason(feed.trouble or "", locale, zone), 140)
    if feed.state is FeedState.PAUSED:
        return " ".join(filter(None, (f"⏸ {name}:", trouble, last)))
    if feed.trouble:
        again = say(locale, "commands.sources.next", at=following)
        return " ".join(filter(None, (f"⚠ {name}:", trouble, last, again)))
    if feed.last_success_at is None:
        return f"… {name}: {say(locale, 'commands.sources.not_yet')}"
    times = {"read": ago(locale, feed.last_success_at, now), "next": following}
    if feed.last_entry_at is None:
        return f"✅ {name}: {say(locale, 'commands.sources.quiet', **times)}"
    news = ago(locale, feed.last_entry_at, now)
    return f"✅ {name}: {say(locale, 'commands.sources.well', news=news, **times)}"


def _last(feed: Feed, locale: str, now: datetime) -> str:
    if feed.last_success_at is None:
        return ""
    return say(locale, "commands.sources.last", at=ago(locale, feed.last_success_at, now))


def _when(ask: Ask, at: datetime) -> str:
    local = at.astimezone(zone_of(ask.preferences.timezone))
    if local.date() == ask.now.astimezone(local.tzinfo).date():
        return f"{local:%H:%M}"
    return moment(ask.locale, local)
