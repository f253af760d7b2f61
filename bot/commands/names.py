"""From what people type to topics, and from topics to names that people read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.commands.line import Word
from bot.locale import say
from bot.posts.topics import outlet_topic, words_topic
from bot.series.catalog import Catalog, Topic
from bot.text import fold

MOST_WORDS_IN_A_NAME = 7
EVERYTHING = frozenset({"all", "everything", "alles", "alle", "tout", "todo", "tutto", "tudo"})
_PREFIXES = ("driver", "team", "circuit", "person", "event")


@dataclass(frozen=True, slots=True)
class Resolved:
    topics: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    doubtful: tuple[Topic, ...] = ()  # several have that name: the person has to choose


def resolve(words: Sequence[Word], catalog: Catalog, outlets: Mapping[str, str]) -> Resolved:
    """Read "wec f1 max verstappen "safety car"" as topics: at each place the longest name that is known.

    `outlets` are the outlets' names by topic.
    """
    topics: list[str] = []
    unknown: list[str] = []
    doubtful: list[Topic] = []
    at = 0
    while at < len(words):
        for end in range(min(len(words), at + MOST_WORDS_IN_A_NAME), at, -1):
            if end > at + 1 and any(word.is_quoted for word in words[at:end]):
                continue
            found = _known(" ".join(word.text for word in words[at:end]), catalog, outlets)
            if found:
                break
        else:
            end = at + 1
            found = _prefixed(words[at:])
            if found and words[at].text.lower().startswith("words:"):
                end = len(words) if not words[at].is_quoted else end
        if len(found) > 1 and found[0].kind != "family":
            doubtful += found
        elif found:
            topics += [topic.key for topic in found]
        elif words[at].is_quoted and (topic := words_topic(words[at].text)):
            topics.append(topic)
        else:
            unknown.append(words[at].text)
        at = end
    return Resolved(tuple(dict.fromkeys(topics)), tuple(unknown), tuple(doubtful))


def topic_name(topic: str, catalog: Catalog, locale: str, outlets: Mapping[str, str] | None = None) -> str:
    """Name a topic for people: "WEC", "Max Verstappen", "“safety car”"."""
    kind, _, key = topic.partition(":")
    if kind == "series":
        return catalog.name(key, locale)
    if kind == "words":
        return say(locale, "commands.quoted", words=key)
    if kind == "outlet":
        return (outlets or {}).get(topic) or key.replace("-", " ").title()
    found = catalog.topic(topic)
    return found[0].name if found else key.replace("-", " ").title()


def topic_emoji(topic: str, catalog: Catalog) -> str:
    kind, _, key = topic.partition(":")
    if kind == "series":
        series = catalog.series.get(key)
        return series.emoji if series else "🏁"
    return {"driver": "👤", "person": "👤", "team": "🔧", "circuit": "📍", "event": "🏁", "outlet": "📰"}.get(
        kind, "🔎"
    )


def typed(topic: str) -> str:
    """Write a topic as a person would type it: a series by its slug alone."""
    return topic.removeprefix("series:")


def _known(asked: str, catalog: Catalog, outlets: Mapping[str, str]) -> tuple[Topic, ...]:
    words = asked.removeprefix("series:")
    if fold(words) in EVERYTHING:
        return tuple(_series_topic(slug, catalog, "family") for slug in catalog.series)
    if (series := catalog.find(words)) is not None:
        return (_series_topic(series.slug, catalog, "series"),)
    if members := catalog.families().get(fold(words).replace(" ", "-")):
        return tuple(_series_topic(series.slug, catalog, "family") for series in members)
    if topics := catalog.topic(asked):
        return topics
    outlet = outlet_topic(asked.removeprefix("outlet:"))
    return (Topic(outlet, outlets[outlet], "outlet"),) if outlet in outlets else ()


def _prefixed(words: Sequence[Word]) -> tuple[Topic, ...]:
    """Read "words:safety car" (all that is left) and "words:"safety car""."""
    prefix, colon, rest = words[0].text.partition(":")
    if not colon or prefix.lower() != "words":
        return ()
    phrase = rest if words[0].is_quoted else " ".join([rest, *(word.text for word in words[1:])])
    topic = words_topic(phrase)
    return (Topic(topic, phrase, "words"),) if topic else ()


def _series_topic(slug: str, catalog: Catalog, kind: str) -> Topic:
    return Topic(f"series:{slug}", catalog.series[slug].name, kind)
