"""How a destination wants results told: shown, covered, or later."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

from bot.errors import UserError
from bot.locale import say
from bot.model import Preferences, Source, Story
from bot.text import tame

ALL = "*"  # every series that has no mode of its own
_DELAY = re.compile(r"delay\s+(\d{1,3})\s*h?")
MOST_HOURS = 168


class SpoilerKind(IntEnum):
    """From the most open to the most careful."""

    SHOW = 0
    COVER = 1
    DELAY = 2


@dataclass(frozen=True, slots=True, order=True)
class SpoilerMode:
    kind: SpoilerKind
    delay: timedelta = timedelta(0)


SHOW = SpoilerMode(SpoilerKind.SHOW)


def parse_spoiler(text: str) -> SpoilerMode:
    """Read "show", "cover" or "delay 24h"; raises UserError."""
    words = " ".join(text.lower().split())
    if words in ("show", "cover"):
        return SpoilerMode(SpoilerKind[words.upper()])
    match = _DELAY.fullmatch(words)
    if match and 1 <= int(match[1]) <= MOST_HOURS:
        return SpoilerMode(SpoilerKind.DELAY, timedelta(hours=int(match[1])))
    raise UserError("commands.wrong.spoiler", given=text, most=MOST_HOURS)


def written(mode: SpoilerMode) -> str:
    """Write a mode as preferences keep it."""
    hours = int(mode.delay.total_seconds() // 3600)
    return f"delay {hours}h" if mode.kind is SpoilerKind.DELAY else mode.kind.name.lower()


def spoiler_of(story: Story, preferences: Preferences) -> SpoilerMode:
    """The most careful mode of a story's series: two series at one track share a result page."""
    modes = preferences.spoilers
    return max(
        (_read(modes.get(slug, modes.get(ALL, "show"))) for slug in story.series or (ALL,)), default=SHOW
    )


def may_delay(preferences: Preferences) -> bool:
    """Tell whether results of any series are told later there."""
    return any(_read(mode).kind is SpoilerKind.DELAY for mode in preferences.spoilers.values())


def released_at(story: Story, preferences: Preferences) -> datetime | None:
    """When a delayed result may be told; None for what is not delayed."""
    if not story.spoiler:
        return None
    mode = spoiler_of(story, preferences)
    return story.published_at + mode.delay if mode.kind is SpoilerKind.DELAY else None


def safe_title(story: Story, teller: Source | None, locale: str) -> str:
    """What stands over a covered result.

    A telling that gives nothing away by itself keeps its own title as the safe one. Beside a result it may tell: then
    another telling's safe title is taken, the teller's language first.
    """
    language = teller.language if teller else story.language
    others = sorted(story.sources, key=lambda source: source.language != language)
    for source in (teller, *others) if teller else others:
        if source.safe_title and source.safe_title != source.title:
            return tame(source.safe_title)
    clear = {story.title, *(source.title for source in story.sources)}
    own = "" if story.safe_title in clear else tame(story.safe_title)
    return own or say(locale, "post.covered.title")


def _read(text: str) -> SpoilerMode:
    try:
        return parse_spoiler(text)
    except UserError:  # written by a newer version: the careful reading
        return SpoilerMode(SpoilerKind.COVER)
