"""/setup: from nothing to the first post in a few presses: a pack or series, then a preview with what can be refined.

Every press is saved at once: whoever stops half-way has what they chose, and can come back to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.commands.ask import Ask
from bot.commands.follow import MOST_FOLLOWED, in_catalogue_order
from bot.commands.names import topic_name
from bot.commands.packs import load_packs, offered
from bot.commands.preview import as_posted, next_story
from bot.commands.saving import save
from bot.commands.settings import (
    MODES,
    PICKED,
    change,
    is_alone,
    language_name,
    overview,
    place_name,
    prefix,
    troubles,
)
from bot.commands.wishes import LANGUAGES, spoiler_text
from bot.model import Choice, Picker, Reply, Series, Style
from bot.text import cut

MOST_PACKS = 25
MOST_NAMES = 12
_STEPS = ("languages", "spoilers", "ping")


async def setup(ask: Ask) -> Reply:
    """Walk through setting a place up; every step is saved at once and can be come back to."""
    ask.require_manager()
    step, _, value = ask.line.rest.partition(" ")
    value = value.strip()
    match step.lower():
        case "":
            return await _begin(ask)
        case "pack":
            return await _take_pack(ask, value)
        case "series":
            return await _series(ask, value)
        case "languages" | "spoilers" | "ping" as name:
            return await _preview(await change(ask, name, value)) if value else _PAGES[name](ask)
        case "preview":
            return await _preview(ask)
        case "done":
            return await _done(ask)
    raise ask.refuse("wrong.step")


async def channel(ask: Ask) -> Reply:
    """The settings of another place; without one, choose it."""
    ask.require_manager()
    if ask.line.target or ask.request.is_private:
        return overview(ask)
    chooser = Picker(
        line="channel", prompt=ask.say("commands.setup.which_place"), options=(), kind="destination"
    )
    return replace(overview(ask), pickers=(chooser, *overview(ask).pickers))


async def _begin(ask: Ask) -> Reply:
    lines = [ask.say("commands.setup.title", place=place_name(ask)), *troubles(ask)]
    lines.append(ask.say("commands.setup.pack_or_series"))
    if followed := await ask.following():
        lines.append(ask.say("commands.setup.followed", names=_names(ask, followed)))
    line = prefix(ask, "setup")
    packs = tuple(
        Choice(label=pack.label(ask.locale), line=pack.slug, emoji=pack.emoji)
        for pack in offered(ask.locale, MOST_PACKS)
    )
    choices = [
        Choice(
            label=ask.say(f"commands.family.{family}"), line=f"{line} series {family}", emoji=members[0].emoji
        )
        for family, members in ask.catalog.families().items()
    ]
    if followed:
        choices.append(_next(ask, "preview"))
    pickers = [Picker(line=f"{line} pack", prompt=ask.say("commands.setup.pack"), options=packs)]
    if not ask.request.is_private:
        elsewhere = ask.say("commands.setup.which_place")
        pickers.insert(0, Picker(line="setup", prompt=elsewhere, options=(), kind="destination"))
    return _panel(ask, "\n".join(lines), choices, tuple(pickers))


async def _take_pack(ask: Ask, slug: str) -> Reply:
    pack = load_packs().get(slug)
    if pack is None:
        raise ask.refuse("wrong.pack", given=cut(slug, 40))
    topics = [f"series:{one}" for one in pack.series]
    followed = await ask.following()
    wanted = [topic for topic in topics if topic not in followed]
    if len(followed) + len(wanted) > MOST_FOLLOWED:
        raise ask.refuse("follow.too_many", most=MOST_FOLLOWED, count=len(followed))
    place = await ask.ensure()
    preferences = replace(place.preferences, languages=(pack.language,), locale=pack.language)
    saved = await save(replace(ask, destination=place), preferences, f"pack {slug}")
    await ask.storage.follow(place.id, wanted, now=ask.now, by=ask.who)
    return await _preview(saved)


async def _series(ask: Ask, value: str) -> Reply:
    """A family's series as a picker: what is picked is followed, what is not is not."""
    family, _, picked = value.partition(" ")
    members = ask.catalog.families().get(family)
    if members is None:
        return await _begin(ask)
    if not picked.startswith(PICKED):
        return await _family(ask, family, members)
    stamp, _, picked = picked.removeprefix(PICKED).partition(" ")
    if stamp != _stamp(await ask.following(), members):
        conflict = ask.say("commands.settings.conflict")
        return _with_lines(await _family(ask, family, members), [conflict])
    slugs = picked.split()
    await _follow_exactly(ask, members, slugs)
    ask = replace(ask, destination=await ask.storage.destination(ask.request.adapter, _address(ask)))
    reply = await (_preview(ask) if await ask.following() else _begin(ask))
    gone = [slug for slug in slugs if slug not in ask.catalog.series]
    return _with_lines(reply, [ask.say("commands.following.left_catalogue", slug=slug) for slug in gone])


async def _family(ask: Ask, family: str, members: Sequence[Series]) -> Reply:
    followed = await ask.following()
    options = tuple(
        Choice(
            label=ask.catalog.name(one.slug, ask.locale),
            line=one.slug,
            emoji=one.emoji,
            chosen=f"series:{one.slug}" in followed,
        )
        for one in members
    )
    line = f"{prefix(ask, 'setup')} series {family} {PICKED}{_stamp(followed, members)}"
    name = ask.say(f"commands.family.{family}")
    picker = Picker(line=line, prompt=name, options=options, least=0, most=len(options))
    return _panel(ask, ask.say("commands.setup.choose", family=name), [_back(ask)], (picker,))


def _stamp(followed: Sequence[str], members: Sequence[Series]) -> str:
    """What of a family was followed when its picker was made: picks from an older one would undo others' changes."""
    bits = "".join("1" if f"series:{one.slug}" in followed else "0" for one in members)
    return f"{int(bits, 2):x}"


def _with_lines(reply: Reply, lines: Sequence[str]) -> Reply:
    return replace(reply, text="\n".join([*lines, reply.text]))


async def _follow_exactly(ask: Ask, members: Sequence[Series], slugs: Sequence[str]) -> None:
    place = await ask.ensure()
    before = set(await ask.storage.following(place.id))
    wanted = {f"series:{one.slug}" for one in members if one.slug in slugs}
    gone = {f"series:{one.slug}" for one in members} - wanted
    if len((before | wanted) - gone) > MOST_FOLLOWED:
        raise ask.refuse("follow.too_many", most=MOST_FOLLOWED, count=len(before))
    await ask.storage.unfollow(place.id, sorted(gone & before), now=ask.now, by=ask.who)
    await ask.storage.follow(place.id, sorted(wanted - before), now=ask.now, by=ask.who)


def _languages(ask: Ask) -> Reply:
    line = prefix(ask, "setup")
    options = tuple(
        Choice(label=language_name(ask, code), line=code, chosen=code in ask.preferences.languages)
        for code in LANGUAGES
    )
    prompt = ask.say("commands.setting.languages.title")
    picker = Picker(
        line=f"{line} languages {PICKED}", prompt=prompt, options=options, least=0, most=len(options)
    )
    every = Choice(label=ask.say("commands.setup.all_languages"), line=f"{line} languages all")
    return _panel(ask, ask.say("commands.setup.languages"), [every, _back(ask, "preview")], (picker,))


def _spoilers(ask: Ask) -> Reply:
    line = prefix(ask, "setup")
    choices = [
        Choice(
            label=spoiler_text(ask, mode),
            line=f"{line} spoilers {mode}",
            chosen=ask.preferences.spoilers.get("*", "show") == mode,
        )
        for mode in MODES
    ]
    return _panel(ask, ask.say("commands.setup.spoilers"), [*choices, _back(ask, "preview")])


def _ping(ask: Ask) -> Reply:
    line = prefix(ask, "setup")
    chooser = Picker(
        line=f"{line} ping", prompt=ask.say("commands.settings.which_role"), options=(), kind="role"
    )
    nobody = Choice(label=ask.say("commands.setup.no_ping"), line=f"{line} ping off", style=Style.PRIMARY)
    return _panel(ask, ask.say("commands.setup.ping"), [nobody, _back(ask, "preview")], (chooser,))


_PAGES = {"languages": _languages, "spoilers": _spoilers, "ping": _ping}


async def _preview(ask: Ask) -> Reply:
    line = prefix(ask, "setup")
    followed = await ask.following()
    story = await next_story(ask)
    text = ask.say("commands.setup.preview", names=_names(ask, followed) or "–")
    choices = [
        Choice(
            label=ask.say("commands.setup.done_button"), line=f"{line} done", style=Style.SUCCESS, emoji="✅"
        ),
        *(
            Choice(label=ask.say(f"commands.setting.{step}.title"), line=f"{line} {step}")
            for step in _STEPS
            if step != "ping" or not is_alone(ask)
        ),
        _back(ask),
    ]
    return replace(_panel(ask, text, choices), posts=(replace(as_posted(ask, story), choices=()),))


async def _done(ask: Ask) -> Reply:
    followed = await ask.following()
    if not followed:
        return await _begin(ask)
    lines = [ask.say("commands.setup.done", place=place_name(ask), names=_names(ask, followed))]
    lines += troubles(ask)
    choices = [
        Choice(label=ask.say("commands.settings.all"), line=prefix(ask), emoji="⚙️"),
        Choice(label=ask.say("commands.latest.button"), line="latest", emoji="📰"),
    ]
    return _panel(ask, "\n".join(lines), choices)


def _panel(ask: Ask, text: str, choices: Sequence[Choice], pickers: tuple[Picker, ...] = ()) -> Reply:
    return Reply(
        text=text,
        choices=tuple(choices),
        pickers=pickers,
        private=True,
        replaces=ask.request.is_button,
        locale=ask.locale,
    )


def _names(ask: Ask, topics: Sequence[str]) -> str:
    shown = in_catalogue_order(topics, ask)
    names = [topic_name(topic, ask.catalog, ask.locale) for topic in shown[:MOST_NAMES]]
    if len(shown) > MOST_NAMES:
        names.append(ask.say("commands.and_more", count=len(shown) - MOST_NAMES))
    return ", ".join(names)


def _address(ask: Ask) -> str:
    return ask.line.target or ask.request.address


def _back(ask: Ask, step: str = "") -> Choice:
    return Choice(
        label=ask.say("commands.settings.back"), line=f"{prefix(ask, 'setup')} {step}".strip(), emoji="◀"
    )


def _next(ask: Ask, step: str) -> Choice:
    line = f"{prefix(ask, 'setup')} {step}"
    return Choice(label=ask.say("commands.setup.next"), line=line, style=Style.PRIMARY, emoji="▶")
