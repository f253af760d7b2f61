"""Between the nouns and the columns: times as milliseconds, lists and preferences as JSON."""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

from bot.model import Source

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")  # PostgreSQL takes no NUL, no UTF-8 has half a surrogate pair


def to_ms(at: datetime) -> int:
    """Milliseconds since 1970 in UTC."""
    return (at - EPOCH) // _MILLISECOND


def span_ms(span: timedelta) -> int:
    return span // _MILLISECOND


def from_ms(value: int) -> datetime:
    return EPOCH + timedelta(0, 0, 0, value)  # by place: a keyword costs as much again


def maybe_ms(value: int | None) -> datetime | None:
    return None if value is None else from_ms(value)


def clean(text: str) -> str:
    """Replace what no engine can keep; feeds send such bytes."""
    if text.isascii() and "\0" not in text:  # known without looking at each letter
        return text
    return _UNSTORABLE.sub("\ufffd", text) if _UNSTORABLE.search(text) else text


def key_of(text: str) -> str:
    """Make a text short enough to be indexed: PostgreSQL refuses index rows over 2,704 bytes."""
    text = clean(text)
    if len(text) <= 300:
        return text
    return f"{text[:100]}#{hashlib.sha256(text.encode()).hexdigest()}"


def dump(value: object) -> str:
    """JSON for a column."""
    return _ENCODER.encode(value)


_EMPTY: Mapping[str, Any] = MappingProxyType({})
_decode = json.JSONDecoder().raw_decode  # without the looks for blanks at either end: `dump` writes none


def load_mapping(text: str) -> Mapping[str, Any]:
    return _EMPTY if text == "{}" else MappingProxyType(_decode(text)[0])


@functools.lru_cache(maxsize=5_000)  # a few lists of series and topics, of thousands of feeds and stories
def load_texts(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text))


def load_ids(text: str | None) -> tuple[int, ...]:
    return tuple(json.loads(text)) if text else ()


def _plain(value: object) -> object:
    match value:
        case datetime():
            return to_ms(value)
        case Mapping():
            return dict(value)
        case set() | frozenset():
            return sorted(value)
        case _:
            raise TypeError(f"{type(value).__name__} cannot be kept as JSON")


_ENCODER = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), default=_plain
)  # `dumps` makes one a call
_SOURCE_FIELDS = {field.name: field.default for field in fields(Source)}


def dump_sources(sources: tuple[Source, ...]) -> str:
    """Keep each source without its defaults: most of them are."""
    return dump(
        [
            {
                name: getattr(source, name)
                for name, default in _SOURCE_FIELDS.items()
                if getattr(source, name) != default
            }
            for source in sources
        ]
    )


def load_sources(text: str) -> tuple[Source, ...]:
    return tuple(_source(values) for values in json.loads(text))


def _source(values: dict[str, Any]) -> Source:
    if "published_at" in values:
        values["published_at"] = from_ms(values["published_at"])
    return Source(**values)
