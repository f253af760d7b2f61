"""What the bot says, in six languages: sentences by key, from TOML files that a translator can edit.

`bot/locale/de/post.toml` holds the keys that begin with `post.`; a table adds a part to the key. A sentence takes
arguments as `{name}`. With an argument `count` a key may have two forms, `key.one` and `key.other`.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from string import Formatter

import structlog

LOCALES = ("en", "de", "fr", "es", "it", "pt")
FALLBACK = "en"

# CLDR, cardinal plurals: French and Brazilian Portuguese say "0 article" in the singular.
_ZERO_IS_ONE = frozenset({"fr", "pt"})

_strict = False

log = structlog.get_logger()


class MissingText(KeyError):
    """A key or an argument that a locale file does not have; raised in tests only."""


def say(locale: str, key: str, /, **args: object) -> str:
    """Say the sentence of a key. What a language lacks is said in English, and logged."""
    for language in dict.fromkeys((locale if locale in LOCALES else FALLBACK, FALLBACK)):
        template = _template(language, key, args.get("count"))
        if template is None:
            _missing(language, key, "no such key")
            continue
        try:
            return template.format_map(args) if "{" in template or "}" in template else template
        except (KeyError, IndexError, ValueError) as error:
            _missing(language, key, f"argument {error}")
    return key


def be_strict(is_strict: bool = True) -> None:
    """Raise for what is missing, as the tests want it; a running bot speaks English instead."""
    global _strict
    _strict = is_strict


def has(key: str) -> bool:
    """Tell whether English has a key (in either form): other languages are checked by a test."""
    return key in texts(FALLBACK) or f"{key}.other" in texts(FALLBACK)


def pick(platform_locale: str | None) -> str:
    """Choose the language for what a platform tells about a person: "de-AT" is "de", the unknown is English."""
    language = (platform_locale or "").replace("_", "-").split("-")[0].casefold()
    return language if language in LOCALES else FALLBACK


@cache
def texts(locale: str) -> Mapping[str, str]:
    """All sentences of a language by their whole key."""
    found: dict[str, str] = {}
    for entry in sorted(files(__name__).joinpath(locale).iterdir(), key=lambda entry: entry.name):
        if entry.name.endswith(".toml"):
            table = tomllib.loads(entry.read_text(encoding="utf-8"))
            found.update(_flat(table, entry.name.removesuffix(".toml")))
    return found


def placeholders(template: str) -> frozenset[str]:
    """Name the arguments that a sentence takes."""
    return frozenset(name for _, name, _, _ in Formatter().parse(template) if name)


def _flat(table: Mapping[str, object], prefix: str) -> Iterator[tuple[str, str]]:
    for name, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}.{name}")
        else:
            yield sys.intern(f"{prefix}.{name}"), str(value)  # six languages share their keys


def _template(language: str, key: str, count: object) -> str | None:
    sentences = texts(language)
    if isinstance(count, int):
        form = "one" if count == 1 or (count == 0 and language in _ZERO_IS_ONE) else "other"
        template = sentences.get(f"{key}.{form}")
        if template is not None:
            return template
    return sentences.get(key)


def _missing(language: str, key: str, what: str) -> None:
    if _strict:
        raise MissingText(f"{language}: {key}: {what}")
    log.warning("text missing", locale=language, key=key, what=what)
