"""/settings, where what holds for all series may be another thing for one: how results are told, who is mentioned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.commands import settings as plain
from bot.commands.ask import Ask
from bot.commands.line import fits
from bot.commands.settings import ASKING, MODES, prefix, title
from bot.commands.wishes import is_off, spoiler_text
from bot.model import Choice, Form, Picker, Reply, Series

SETTINGS = ("spoilers", "ping")
ONE = "one"  # "settings spoilers one" asks which series
BREAKING = "breaking"  # news that is mentioned by itself
MOST_OPTIONS = 25  # of a picker


async def settings(ask: Ask) -> Reply:
    """Answer /settings; from the pages of these settings one of the followed series can be picked."""
    name, _, value = ask.line.rest.partition(" ")
    name, words = name.lower(), value.split()
    if name not in SETTINGS:
        return await plain.settings(ask)
    ask.require_manager()
    if words == [ONE]:
        return _which_series(ask, name, await _followed(ask))
    key = words[0] if words else ""
    if key in ask.catalog.series or (name == "ping" and key == BREAKING):
        if len(words) == 1:
            return _spoilers_of(ask, ask.catalog.series[key]) if name == "spoilers" else _ping_of(ask, key)
        if words[1:] == [ASKING]:
            return _form(ask, key)
    reply = await plain.settings(ask)
    if reply.form is not None or (name == "ping" and plain.is_alone(ask)):
        return reply
    *choices, back = reply.choices
    return replace(reply, choices=(*choices, *await _further(ask, name), back))


async def _further(ask: Ask, name: str) -> list[Choice]:
    """What leads from the page of a setting to that of one series."""
    line, found = f"{prefix(ask)} {name}", []
    if name == "ping":
        found.append(Choice(label=ask.say("commands.settings.breaking"), line=f"{line} {BREAKING}"))
    if len(await _followed(ask)) > 1:
        found.append(Choice(label=ask.say("commands.settings.one_series"), line=f"{line} {ONE}"))
    return [choice for choice in found if fits(choice.line)]


async def _followed(ask: Ask) -> list[Series]:
    slugs = [topic.removeprefix("series:") for topic in await ask.following()]
    return [ask.catalog.series[slug] for slug in slugs if slug in ask.catalog.series]


def _which_series(ask: Ask, name: str, series: Sequence[Series]) -> Reply:
    options = tuple(
        Choice(
            label=ask.catalog.name(one.slug, ask.locale), line=one.slug, hint=_present(ask, name, one.slug)
        )
        for one in series[:MOST_OPTIONS]
    )
    prompt = ask.say("commands.settings.one_series")
    picker = Picker(line=f"{prefix(ask)} {name}", prompt=prompt, options=options)
    return _page(ask, name, [f"{title(ask, name)}: {prompt}"], pickers=(picker,) if options else ())


def _present(ask: Ask, name: str, slug: str) -> str:
    """What one series has by itself; "" where it is as for all."""
    if name == "ping":
        return ask.preferences.pings.get(slug, "")
    mode = ask.preferences.spoilers.get(slug)
    return spoiler_text(ask, mode) if mode else ""


def _spoilers_of(ask: Ask, series: Series) -> Reply:
    """How the results of one series are told."""
    line = f"{prefix(ask)} spoilers {series.slug}"
    present = ask.preferences.spoilers.get(series.slug, "default")
    labels = {"default": ask.say("commands.settings.as_all")}
    labels |= {mode: spoiler_text(ask, mode) for mode in MODES}
    choices = [
        Choice(label=words, line=f"{line} {mode}", chosen=mode == present) for mode, words in labels.items()
    ]
    now = labels.get(present) or spoiler_text(ask, present)
    lines = [f"{title(ask, 'spoilers')}: {ask.catalog.name(series.slug, ask.locale)}"]
    return _page(ask, "spoilers", [*lines, ask.say("commands.settings.now", value=now)], choices)


def _ping_of(ask: Ask, key: str) -> Reply:
    """Whom posts of one series, or breaking news, mention."""
    line = f"{prefix(ask)} ping {key}"
    present = ask.preferences.pings.get(key, "")
    off = ask.say("commands.value.off")
    about = ask.say("commands.settings.breaking") if key == BREAKING else ask.catalog.name(key, ask.locale)
    choices = [
        Choice(label=off, line=f"{line} off", chosen=not present),
        Choice(label=ask.say("commands.settings.other"), line=f"{line} {ASKING}", emoji="✏️"),
    ]
    chooser = Picker(line=line, prompt=ask.say("commands.settings.which_role"), options=(), kind="role")
    now = ask.say("commands.settings.now", value=present or off)
    return _page(ask, "ping", [f"{title(ask, 'ping')}: {about}", now], choices, (chooser,))


def _form(ask: Ask, key: str) -> Reply:
    form = Form(
        line=f"{prefix(ask)} ping {key}",
        title=title(ask, "ping"),
        prompt=ask.say("commands.settings.which_role"),
        value="" if is_off(ask.preferences.pings.get(key, "-")) else ask.preferences.pings[key],
        most=100,
    )
    return Reply(form=form, private=True, locale=ask.locale)


def _page(
    ask: Ask,
    name: str,
    lines: Sequence[str],
    choices: Sequence[Choice] = (),
    pickers: tuple[Picker, ...] = (),
) -> Reply:
    back = Choice(label=ask.say("commands.settings.back"), line=f"{prefix(ask)} {name}", emoji="◀")
    return Reply(
        text="\n".join(lines),
        choices=(*(choice for choice in choices if fits(choice.line)), back),
        pickers=pickers,
        private=True,
        replaces=ask.request.is_button,
        locale=ask.locale,
    )
