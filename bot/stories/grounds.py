"""Where is an event held? One place for "Styrian Grand Prix" and "Red Bull Ring", in whatever language."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files


def ground(key: str, *, is_bikes: bool) -> str:
    """The circuit of an event; what is no event, or goes from place to place, stays as it is."""
    cars, bikes = _grounds()
    return (bikes.get(key) if is_bikes else None) or cars.get(key, key)


@cache
def _grounds() -> tuple[Mapping[str, str], Mapping[str, str]]:
    raw = tomllib.loads(files("bot.stories").joinpath("grounds.toml").read_text(encoding="utf-8"))
    cars, bikes = (
        {event: circuit for circuit, events in raw[who].items() for event in events}
        for who in ("cars", "bikes")
    )
    return cars, bikes
