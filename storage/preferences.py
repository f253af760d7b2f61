"""Preferences as JSON, such that a downgrade loses nothing a newer version knew."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from types import MappingProxyType
from typing import Any

from bot.model import Preferences
from storage.codec import dump

_DEFAULTS = Preferences()
_KNOWN = tuple(field.name for field in fields(Preferences) if field.name != "unknown")


def preferences_to_json(preferences: Preferences) -> str:
    """Write what differs from the defaults, and everything that this version does not understand."""
    values = dict(preferences.unknown)
    for name in _KNOWN:
        value = getattr(preferences, name)
        if value != getattr(_DEFAULTS, name):
            values[name] = value
    return dump(values)


def preferences_from_json(text: str) -> Preferences:
    """Read preferences; keys and kinds of values that are not known here end up in `unknown`."""
    values: dict[str, Any] = json.loads(text)
    if not values:
        return _DEFAULTS
    known: dict[str, Any] = {}
    unknown: dict[str, Any] = {}
    for name, value in values.items():
        read = _read(name, value)
        if read is None:
            unknown[name] = value
        else:
            known[name] = read
    return Preferences(**known, unknown=MappingProxyType(unknown))


def _read(name: str, value: object) -> object | None:
    """The value as this version's kind, or None."""
    if name not in _KNOWN:
        return None
    match getattr(_DEFAULTS, name):
        case bool() if isinstance(value, bool):
            return value
        case int() as default if isinstance(value, int) and isinstance(value, bool) == isinstance(
            default, bool
        ):
            return value
        case str() if isinstance(value, str):
            return value
        case tuple() if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(value)
        case Mapping() if isinstance(value, dict) and all(isinstance(item, str) for item in value.values()):
            return MappingProxyType(value)
    return None
