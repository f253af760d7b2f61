"""Each setting of a place: how to change it from what a person wrote, and how to say what it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from bot.commands.ask import Ask
from bot.errors import UserError
from bot.locale import LOCALES, has, say
from bot.model import Importance, Label, Preferences
from bot.posts.filters import parse_filter
from bot.posts.schedule import ScheduleKind, parse_quiet, parse_schedule, parse_zone
from bot.posts.spoilers import ALL, SpoilerKind, parse_spoiler, written
from bot.posts.template import parse_template
from bot.text import cut, fold, tame

LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "nl", "ja")
STYLES = ("card", "compact", "link")
MOST_PER_HOUR = 60
MOST_GAP = 1440
MOST_PINGS = 30
_ON = frozenset({"on", "yes", "an", "ja", "oui", "si", "sí", "sì", "sim"})
_OFF = frozenset({"off", "no", "none", "aus", "nein", "non", "kein", "keine", "não", "-"})
_PING = re.compile(r"<@[!&]?\d{5,20}>|\d{5,20}|@[A-Za-z0-9_]{3,32}")

Change = Callable[[Ask, Preferences, str], Preferences]
Show = Callable[[Ask, Preferences], str]


@dataclass(frozen=True, slots=True)
class Wish:
    change: Change  # raises UserError
    show: Show


def changed(ask: Ask, preferences: Preferences, name: str, value: str) -> Preferences:
    """Change one setting as a person wrote it; raises UserError."""
    return WISHES[name].change(ask, preferences, value.strip())


def shown(ask: Ask, preferences: Preferences, name: str) -> str:
    """Say what a setting is, in the language of the answer."""
    return WISHES[name].show(ask, preferences)


def is_off(value: str) -> bool:
    return value.lower() in _OFF


# ── spoilers ──


def _change_spoilers(ask: Ask, preferences: Preferences, value: str) -> Preferences:
    where, mode = _series_and(ask, value, ("show", "cover", "delay", "default"))
    modes = dict(preferences.spoilers)
    if mode == "default" or (where == ALL and mode == "show"):
        modes.pop(where, None)
    else:
        modes[where] = written(parse_spoiler(mode))
    return replace(preferences, spoilers=MappingProxyType(modes))


def _show_spoilers(ask: Ask, preferences: Preferences) -> str:
    modes = {ALL: "show", **preferences.spoilers}
    parts = [spoiler_text(ask, modes.pop(ALL))]
    parts += [
        f"{ask.catalog.name(slug, ask.locale)}: {spoiler_text(ask, mode)}" for slug, mode in modes.items()
    ]
    return "; ".join(parts)


def spoiler_text(ask: Ask, mode: str) -> str:
    """Name a spoiler mode."""
    try:
        read = parse_spoiler(mode)
    except UserError:
        return tame(mode)
    hours = int(read.delay.total_seconds() // 3600)
    key = f"commands.value.spoiler.{read.kind.name.lower()}"
    return ask.say(key, count=hours) if read.kind is SpoilerKind.DELAY else ask.say(key)


def _series_and(ask: Ask, value: str, beginnings: tuple[str, ...]) -> tuple[str, str]:
    """Part "wec delay 24h" into the series and the rest; without a series it is every series."""
    words = value.split()
    at = next((n for n, word in enumerate(words) if word.lower() in beginnings), 0)
    if at == 0:
        return ALL, value
    return _slug(ask, " ".join(words[:at])), " ".join(words[at:])


def _slug(ask: Ask, asked: str) -> str:
    """The slug of a series as a person calls it; raises UserError with the nearest one."""
    series = ask.catalog.find(asked)
    if series is not None:
        return series.slug
    near = ask.catalog.nearest(asked, 1)
    if near:
        raise ask.refuse("wrong.series_near", given=cut(asked, 40), near=near[0].slug)
    raise ask.refuse("wrong.series", given=cut(asked, 40))


# ── lists and choices ──


def _change_languages(ask: Ask, preferences: Preferences, value: str) -> Preferences:  # noqa: ARG001
    words = [fold(word) for word in re.split(r"[\s,;+]+", value) if word]
    if not words or words == ["all"] or (len(words) == 1 and is_off(words[0])):
        return replace(preferences, languages=())
    found = [_language(word) for word in words]
    return replace(preferences, languages=tuple(dict.fromkeys(found)))


def _language(word: str) -> str:
    for code in LANGUAGES:
        names = {fold(say(locale, f"post.language.{code}")) for locale in LOCALES}
        if word == code or word.startswith(f"{code} ") or word in names:
            return code
    raise UserError("commands.wrong.language", given=cut(word, 40), known=", ".join(LANGUAGES))


def _show_languages(ask: Ask, preferences: Preferences) -> str:
    if not preferences.languages:
        return ask.say("commands.value.all")
    return ", ".join(_named(ask, "post.language", code) for code in preferences.languages)


def _change_labels(ask: Ask, preferences: Preferences, value: str) -> Preferences:
    words = [word for word in re.split(r"[\s,;]+", value.lower()) if word]
    if not words or words == ["all"]:
        return replace(preferences, labels=())
    known = {fold(say(locale, f"post.label.{label}")): label.value for label in Label for locale in LOCALES}
    known |= {label.value: label.value for label in Label}
    chosen = list(preferences.labels or (label.value for label in Label))
    plain: list[str] = []
    for word in words:
        label = known.get(fold(word.lstrip("-!")))
        if label is None:
            names = ", ".join(f"{one.value}" for one in Label)
            raise ask.refuse("wrong.label", given=cut(word, 40), known=names)
        if word[0] in "-!":
            chosen = [one for one in chosen if one != label]
        else:
            plain.append(label)
    labels = tuple(plain or chosen)
    return replace(preferences, labels=() if set(labels) == {label.value for label in Label} else labels)


def _show_labels(ask: Ask, preferences: Preferences) -> str:
    if not preferences.labels:
        return ask.say("commands.value.all")
    return ", ".join(_named(ask, "post.label", label) for label in preferences.labels)


def _change_importance(ask: Ask, preferences: Preferences, value: str) -> Preferences:
    name = value.upper()
    if is_off(value):
        return replace(preferences, least_importance=0)
    if name not in Importance.__members__:
        raise ask.refuse("wrong.importance", given=cut(value, 40))
    return replace(preferences, least_importance=int(Importance[name]))


def _show_importance(ask: Ask, preferences: Preferences) -> str:
    if preferences.least_importance <= 0:
        return ask.say("commands.value.all")
    return ask.say(f"post.importance.{Importance(min(preferences.least_importance, 3)).name.lower()}")


def _one_of(field: str, values: tuple[str, ...], error: str) -> Change:
    def change(ask: Ask, preferences: Preferences, value: str) -> Preferences:
        if value.lower() not in values:
            raise ask.refuse(error, given=cut(value, 40), known=", ".join(values))
        return _set(preferences, field, value.lower())

    return change


def _value(field: str) -> Show:
    return lambda ask, preferences: _named(ask, f"commands.value.{field}", str(getattr(preferences, field)))


def _switch(field: str) -> Change:
    def change(ask: Ask, preferences: Preferences, value: str) -> Preferences:
        if value.lower() in _ON:
            return _set(preferences, field, True)
        if is_off(value):
            return _set(preferences, field, False)
        raise ask.refuse("wrong.switch", given=cut(value, 40))

    return change


def _on_or_off(field: str) -> Show:
    return lambda ask, preferences: ask.say(
        f"commands.value.{'on' if getattr(preferences, field) else 'off'}"
    )


# ── times ──


def _change_schedule(ask: Ask, preferences: Preferences, value: str) -> Preferences:  # noqa: ARG001
    return replace(preferences, schedule=str(parse_schedule("now" if is_off(value) else cut(value, 60))))


def _show_schedule(ask: Ask, preferences: Preferences) -> str:
    try:
        schedule = parse_schedule(preferences.schedule)
    except UserError:
        return tame(preferences.schedule)
    key = f"commands.value.schedule.{schedule.kind}"
    if schedule.kind in (ScheduleKind.NOW, ScheduleKind.SESSION):
        return ask.say(key)
    weekday = ask.say(f"post.weekday.{schedule.weekday}")
    return ask.say(key, time=f"{schedule.at:%H:%M}", weekday=weekday)


def _change_quiet(ask: Ask, preferences: Preferences, value: str) -> Preferences:  # noqa: ARG001
    return replace(preferences, quiet="" if is_off(value) else str(parse_quiet(cut(value, 40))))


def _change_zone(ask: Ask, preferences: Preferences, value: str) -> Preferences:  # noqa: ARG001
    return replace(preferences, timezone=parse_zone(cut(value, 60)))


def _number(field: str, most: int, error: str) -> Change:
    def change(ask: Ask, preferences: Preferences, value: str) -> Preferences:
        number = "0" if is_off(value) else value
        if not (number.isascii() and number.isdigit() and int(number[:6]) <= most):
            raise ask.refuse(error, given=cut(value, 40), most=most)
        return _set(preferences, field, int(number))

    return change


def _show_number(field: str) -> Show:
    def show(ask: Ask, preferences: Preferences) -> str:
        number = getattr(preferences, field)
        return ask.say(f"commands.value.{field}", count=number) if number else ask.say("commands.value.off")

    return show


# ── words ──


def _filter(field: str) -> Change:
    def change(ask: Ask, preferences: Preferences, value: str) -> Preferences:  # noqa: ARG001
        if is_off(value):
            return _set(preferences, field, "")
        parse_filter(value)
        return _set(preferences, field, tame(value))

    return change


def _text_or_off(field: str) -> Show:
    return lambda ask, preferences: getattr(preferences, field) or ask.say("commands.value.off")


def _change_template(ask: Ask, preferences: Preferences, value: str) -> Preferences:  # noqa: ARG001
    return replace(preferences, template="" if is_off(value) else parse_template(value))


def _change_pings(ask: Ask, preferences: Preferences, value: str) -> Preferences:
    *where, whom = value.split() or [""]
    asked = " ".join(where)
    slug = _ping_key(ask, asked)
    pings = dict(preferences.pings)
    if is_off(whom):
        if not asked:
            pings.clear()
        pings.pop(slug, None)
    elif not _PING.fullmatch(whom) or whom.lower() in ("@everyone", "@here"):
        raise ask.refuse("wrong.ping", given=cut(whom, 40))
    else:
        pings[slug] = whom
    if len(pings) > MOST_PINGS:
        raise ask.refuse("wrong.pings", most=MOST_PINGS)
    return replace(preferences, pings=MappingProxyType(pings))


def _ping_key(ask: Ask, asked: str) -> str:
    if asked in ("", ALL, "all"):
        return ALL
    if asked.lower() == "breaking":
        return "breaking"
    return _slug(ask, asked)


def _show_pings(ask: Ask, preferences: Preferences) -> str:
    if not preferences.pings:
        return ask.say("commands.value.off")
    names = {ALL: ask.say("commands.value.all"), "breaking": ask.say("post.importance.breaking")}
    return ", ".join(
        f"{names.get(key) or ask.catalog.name(key, ask.locale)}: {whom}"
        for key, whom in preferences.pings.items()
    )


def _show_locale(ask: Ask, preferences: Preferences) -> str:  # noqa: ARG001
    return say(preferences.locale, "commands.value.own_name")


def _set(preferences: Preferences, field: str, value: Any) -> Preferences:
    changes: dict[str, Any] = {field: value}
    return replace(preferences, **changes)


def _named(ask: Ask, prefix: str, value: str) -> str:
    return ask.say(f"{prefix}.{value}") if has(f"{prefix}.{value}") else tame(value)


WISHES: Mapping[str, Wish] = {
    "spoilers": Wish(_change_spoilers, _show_spoilers),
    "delay-note": Wish(_switch("delay_note"), _on_or_off("delay_note")),
    "languages": Wish(_change_languages, _show_languages),
    "labels": Wish(_change_labels, _show_labels),
    "importance": Wish(_change_importance, _show_importance),
    "include": Wish(_filter("include"), _text_or_off("include")),
    "exclude": Wish(_filter("exclude"), _text_or_off("exclude")),
    "schedule": Wish(_change_schedule, _show_schedule),
    "quiet": Wish(_change_quiet, _text_or_off("quiet")),
    "quiet-mode": Wish(_one_of("quiet_mode", ("hold", "silent"), "wrong.choice"), _value("quiet_mode")),
    "timezone": Wish(_change_zone, lambda _, preferences: preferences.timezone),
    "per-hour": Wish(_number("per_hour", MOST_PER_HOUR, "wrong.number"), _show_number("per_hour")),
    "style": Wish(_one_of("style", STYLES, "wrong.choice"), _value("style")),
    "picture": Wish(_switch("picture"), _on_or_off("picture")),
    "template": Wish(_change_template, _text_or_off("template")),
    "thread": Wish(_switch("thread"), _on_or_off("thread")),
    "publish": Wish(_switch("publish"), _on_or_off("publish")),
    "merge": Wish(_switch("merge"), _on_or_off("merge")),
    "ping": Wish(_change_pings, _show_pings),
    "ping-gap": Wish(_number("ping_gap", MOST_GAP, "wrong.number"), _show_number("ping_gap")),
    "language": Wish(_one_of("locale", LOCALES, "wrong.choice"), _show_locale),
}
