"""/follow, /unfollow, /following and /series: what a place wants to hear about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.commands.ask import Ask
from bot.commands.line import fits
from bot.commands.names import EVERYTHING, Resolved, topic_emoji, topic_name, typed
from bot.commands.nearest import did_you_mean, which_one
from bot.commands.settings import prefix
from bot.model import Choice, Reply, Series, Style
from bot.posts.reasons import say_reason
from bot.text import fold

MOST_FOLLOWED = 100  # topics of one place
MOST_LISTED = 60
MOST_BUTTONS = 20
MOST_NAMED = 12  # names in one sentence
_EXTRA_CHOICES = 3


async def follow(ask: Ask) -> Reply:
    """Follow series, drivers, teams, circuits, outlets or words."""
    if not ask.may_manage:
        return _ask_a_moderator(ask)
    found = await _resolved(ask)
    if not found.topics:
        return _not_found(ask, found, "follow")
    before = await ask.following()
    wanted = [topic for topic in found.topics if topic not in before]
    if len(before) + len(wanted) > MOST_FOLLOWED:
        raise ask.refuse("follow.too_many", most=MOST_FOLLOWED, count=len(before))
    place = await ask.ensure()
    new = await ask.storage.follow(place.id, wanted, now=ask.now, by=ask.who) if wanted else ()
    names = names_of(ask, new or found.topics)
    text = [
        ask.say("commands.follow.done", names=names)
        if new
        else ask.say("commands.follow.already", names=names)
    ]
    if new:
        text.append(_what_comes(ask, is_first=not before))
    if place.paused_at is not None:
        reason = say_reason(place.paused_reason or "", ask.locale, ask.preferences.timezone)
        text.append(ask.say("commands.follow.paused", reason=reason))
    text += _leftovers(ask, found)
    undo = [_button(ask, topic, is_followed=True) for topic in (new or found.topics)[:_EXTRA_CHOICES]]
    choices = [*filter(None, undo), *_which(ask, found, "follow"), list_button(ask)]
    return ask.reply("\n".join(text), choices=choices)


async def unfollow(ask: Ask) -> Reply:
    """Follow no longer."""
    if not ask.may_manage:
        return _ask_a_moderator(ask)
    followed = await ask.following()
    found = await _resolved(ask)
    if not found.topics and not found.doubtful:
        return _not_found(ask, found, "unfollow")
    topics = found.topics or tuple(topic.key for topic in found.doubtful if topic.key in followed)
    if fold(ask.line.rest) in EVERYTHING:  # whatever was added, not only series
        topics = in_catalogue_order(followed, ask)
    gone: Sequence[str] = ()
    if ask.destination is not None and topics:
        gone = await ask.storage.unfollow(ask.destination.id, topics, now=ask.now, by=ask.who)
    if not gone:
        names = names_of(ask, topics or [topic.key for topic in found.doubtful])
        return ask.reply(ask.say("commands.unfollow.not_followed", names=names), choices=[list_button(ask)])
    text = [ask.say("commands.unfollow.done", names=names_of(ask, gone)), *_leftovers(ask, found)]
    if len(gone) == len(followed):
        text.append(ask.say("commands.unfollow.nothing_left"))
    redo = [_button(ask, topic, is_followed=False) for topic in gone[:_EXTRA_CHOICES]]
    choices = [*filter(None, redo), *_which(ask, found, "unfollow"), list_button(ask)]
    return ask.reply("\n".join(text), choices=choices)


async def following(ask: Ask) -> Reply:
    """List what this place follows, with a button to stop each."""
    is_turned = ask.request.is_button and ask.line.name == "following"  # a page of the panel it stood on
    topics = await ask.following()
    if not topics:
        reply = ask.reply(ask.say("commands.following.nothing"), choices=[_series_button(ask)])
        return replace(reply, replaces=is_turned)
    outlets = await ask.outlets() if any(topic.startswith("outlet:") for topic in topics) else {}
    topics = in_catalogue_order(topics, ask)
    lines = [ask.say("commands.following.title", count=len(topics))]
    lines += [
        f"{topic_emoji(topic, ask.catalog)} {topic_name(topic, ask.catalog, ask.locale, outlets)}"
        for topic in topics[:MOST_LISTED]
    ]
    if len(topics) > MOST_LISTED:
        lines.append(ask.say("commands.and_more", count=len(topics) - MOST_LISTED))
    slugs = [topic.removeprefix("series:") for topic in topics if topic.startswith("series:")]
    lines += [
        ask.say("commands.following.left_catalogue", slug=slug)
        for slug in slugs
        if slug not in ask.catalog.series
    ]
    buttons = (
        [_button(ask, topic, is_followed=True) for topic in topics[:MOST_BUTTONS]] if ask.may_manage else []
    )
    reply = ask.reply("\n".join(lines), choices=[*filter(None, buttons), _series_button(ask)])
    return replace(reply, replaces=is_turned)


async def series(ask: Ask) -> Reply:
    """Show the series by family; a family's series with a Follow button each."""
    words = ask.line.words
    families = ask.catalog.families()
    if not words:
        return _all_families(ask)
    family = words[0].lower()
    if family not in families:
        found = ask.catalog.find(" ".join(words))
        if found is None:
            return did_you_mean(ask, words, "latest")
        family = found.family
    followed = set(await ask.following())
    if len(words) > 1 and words[1][:1] in "+-" and words[1][1:] in ask.catalog.series:
        followed = await _toggled(ask, words[1], followed)
    choices = [
        _toggle(ask, family, member, f"series:{member.slug}" in followed) for member in families[family]
    ]
    return Reply(
        text=ask.say("commands.series.family", family=ask.say(f"commands.family.{family}")),
        choices=(
            *choices[:MOST_BUTTONS],
            Choice(label=ask.say("commands.series.back"), line=prefix(ask, "series"), emoji="◀"),
        ),
        replaces=ask.request.is_button,
        locale=ask.locale,
    )


def in_catalogue_order(topics: Sequence[str], ask: Ask) -> tuple[str, ...]:
    """Series in the catalogue's order, then the rest by name."""
    order = {f"series:{slug}": number for number, slug in enumerate(ask.catalog.series)}
    return tuple(sorted(topics, key=lambda topic: (order.get(topic, len(order)), topic)))


def family_choices(ask: Ask, line: str = "series") -> list[Choice]:
    """A button for each family."""
    return [
        Choice(label=ask.say(f"commands.family.{family}"), line=f"{line} {family}", emoji=members[0].emoji)
        for family, members in ask.catalog.families().items()
    ]


def _all_families(ask: Ask) -> Reply:
    lines = [ask.say("commands.series.title")]
    for family, members in ask.catalog.families().items():
        names = ", ".join(f"{ask.catalog.name(one.slug, ask.locale)} ({one.slug})" for one in members)
        lines.append(f"{members[0].emoji} {ask.say(f'commands.family.{family}')}: {names}")
    return Reply(
        text="\n\n".join(lines),
        choices=tuple(family_choices(ask, prefix(ask, "series"))),
        replaces=ask.request.is_button,
        locale=ask.locale,
    )


async def _toggled(ask: Ask, sign_and_slug: str, followed: set[str]) -> set[str]:
    ask.require_manager()
    topic = f"series:{sign_and_slug[1:]}"
    place = await ask.ensure()
    if sign_and_slug[0] == "+":
        if len(followed) >= MOST_FOLLOWED:
            raise ask.refuse("follow.too_many", most=MOST_FOLLOWED, count=len(followed))
        await ask.storage.follow(place.id, [topic], now=ask.now, by=ask.who)
        return followed | {topic}
    await ask.storage.unfollow(place.id, [topic], now=ask.now, by=ask.who)
    return followed - {topic}


def _toggle(ask: Ask, family: str, member: Series, is_followed: bool) -> Choice:
    return Choice(
        label=ask.catalog.name(member.slug, ask.locale),
        line=f"{prefix(ask, 'series')} {family} {'-' if is_followed else '+'}{member.slug}",
        emoji="✅" if is_followed else "➕",
        chosen=is_followed,
        style=Style.SUCCESS if is_followed else Style.NORMAL,
    )


async def _resolved(ask: Ask) -> Resolved:
    if not ask.line.words:
        raise ask.refuse(f"{ask.line.name}.nothing", example=ask.say(f"commands.example.{ask.line.name}"))
    return await ask.resolved(ask.line.rest)


def _not_found(ask: Ask, found: Resolved, command: str) -> Reply:
    if found.doubtful:
        return which_one(ask, [(topic.key, topic.name) for topic in found.doubtful], command)
    return did_you_mean(ask, found.unknown, command)


def _leftovers(ask: Ask, found: Resolved) -> list[str]:
    said = []
    if found.unknown:
        names = ", ".join(found.unknown[:MOST_NAMED])[:200]
        said.append(ask.say("commands.follow.unclear", names=names))
    if found.doubtful:
        said.append(ask.say("commands.unknown.doubtful"))
    return said


def _which(ask: Ask, found: Resolved, command: str) -> list[Choice]:
    """A button for each of several with one name."""
    start = prefix(ask, command)
    lines = {topic.name: f"{start} {topic.key}" for topic in found.doubtful[:MOST_NAMED]}
    return [Choice(label=name, line=line) for name, line in lines.items() if fits(line)]


def _what_comes(ask: Ask, *, is_first: bool) -> str:
    preferences = ask.preferences
    key = "now" if preferences.schedule == "now" else "digest"
    text = ask.say(f"commands.follow.comes_{key}")
    return f"{text} {ask.say('commands.follow.undo')}" if is_first else text


def names_of(ask: Ask, topics: Sequence[str]) -> str:
    """Name topics in a sentence, the first dozen of them."""
    names = [topic_name(topic, ask.catalog, ask.locale) for topic in topics[:MOST_NAMED]]
    if len(topics) > MOST_NAMED:
        names.append(ask.say("commands.and_more", count=len(topics) - MOST_NAMED))
    return ", ".join(names)


def _button(ask: Ask, topic: str, *, is_followed: bool) -> Choice | None:
    command = "unfollow" if is_followed else "follow"
    line = f"{prefix(ask, command)} {typed(topic)}"
    label = ask.say(f"commands.{command}.button", name=topic_name(topic, ask.catalog, ask.locale))
    emoji = "➖" if is_followed else "➕"
    return Choice(label=label, line=line, emoji=emoji) if fits(line) else None


def list_button(ask: Ask) -> Choice:
    """A button that shows what is followed."""
    return Choice(label=ask.say("commands.following.button"), line=prefix(ask, "following"))


def _series_button(ask: Ask) -> Choice:
    return Choice(label=ask.say("commands.series.button"), line=prefix(ask, "series"), emoji="🏁")


def _ask_a_moderator(ask: Ask) -> Reply:
    line = f"alerts {ask.line.name} {ask.line.rest}".strip()
    choices = [Choice(label=ask.say("commands.alerts.instead"), line=line, emoji="🔔")] if fits(line) else []
    return ask.reply(ask.say("commands.denied"), choices=choices, private=True)
