"""Reasons, kept as "key|argument|…", as sentences in a reader's language and zone."""

from __future__ import annotations

from datetime import datetime

from bot.locale import has, say
from bot.locale.dates import moment
from bot.locale.reasons import is_nested, part, say_parts
from bot.posts.schedule import zone_of
from bot.text import tame

_MERGE = "merge."  # why articles were taken for one story: names, and words of ours among them
_VALUES = {"post.why.label": "post.label", "post.why.importance": "post.importance"}


def say_reason(reason: str, locale: str, timezone: str = "UTC") -> str:
    """Say a reason: times in the destination's zone, languages and labels by name. What is no key stays as it is."""
    key, arguments = part(reason)
    if not has(key):
        return tame(reason)
    return say_parts(locale, key, [_said(key, argument, locale, timezone) for argument in arguments])


def _said(key: str, argument: str, locale: str, timezone: str) -> str:
    if key == "post.why.language":
        return ", ".join(_named("post.language", code, locale) for code in argument.split(","))
    if key in _VALUES:
        return _named(_VALUES[key], argument, locale)
    if key.startswith(_MERGE):
        return ", ".join(say(locale, one) if _is_merge(one) else tame(one) for one in argument.split(", "))
    if is_nested(argument):
        return say_reason(argument, locale, timezone)
    try:
        at = datetime.fromisoformat(argument) if "T" in argument else None
    except ValueError:
        at = None
    return moment(locale, at.astimezone(zone_of(timezone))) if at and at.tzinfo else tame(argument)


def _is_merge(word: str) -> bool:
    return word.startswith(_MERGE) and has(word)


def _named(prefix: str, value: str, locale: str) -> str:
    return say(locale, f"{prefix}.{value}") if has(f"{prefix}.{value}") else tame(value)
