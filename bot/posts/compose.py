"""A story as a destination is told it: a Post of plain text, no markup."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from bot.locale import say
from bot.locale.dates import moment
from bot.model import Choice, Importance, Label, Link, Post, Preferences, Series, Source, Story
from bot.posts.schedule import zone_of
from bot.posts.spoilers import safe_title
from bot.posts.template import render
from bot.text import fold, tame, tame_lines

if TYPE_CHECKING:
    from bot.series.catalog import Catalog

MOST_ALSO = 10
_UNKNOWN = Series(slug="", name="", family="other")


def compose(
    story: Story,
    preferences: Preferences,
    catalog: Catalog,
    *,
    now: datetime,  # noqa: ARG001  part of the agreed call; adapters tell the age
    covered: bool = False,
    quiet: bool = False,
    may_ping: bool = True,
    parent_message_id: str | None = None,
) -> Post:
    """Tell a story. The caller says whether it is covered and quiet (`decide`) and whether a ping is due."""
    locale = preferences.locale
    source = best_source(story, preferences)
    series = catalog.series.get(story.primary or "", _UNKNOWN)
    title = tame(source.title) or tame(story.title)
    values = {
        "series": series.short or catalog.name(series.slug, locale) if series.slug else "",
        "emoji": series.emoji if series.slug else "",
        "label": label_text(story.label, locale)
        if story.withdrawn_at is None
        else say(locale, "post.note.taken_down"),
        "outlet": tame(source.outlet),
    }
    return Post(
        locale=locale,
        title=render(preferences.template, {**values, "title": title}),
        safe_title=render(preferences.template, {**values, "title": safe_title(story, source, locale)})
        if story.spoiler
        else "",
        url=source.url or story.url,
        summary=_more_than(title, tame_lines(source.summary or story.summary)),
        badge=f"{series.emoji} {values['series']}".strip() if series.slug else "",
        label=values["label"],
        colour=series.colour if series.slug else None,
        hashtag=series.hashtag,
        outlet=values["outlet"],
        also=_also(story, source) if preferences.merge else (),
        at=story.published_at,
        image_url=(source.image_url or story.image_url) if preferences.picture else None,
        image_text=say(locale, "post.covered.picture") if covered else title,
        notes=_notes(story, source, locale),
        choices=_choices(story, series, locale),
        covered=covered,
        style=preferences.style,
        quiet=quiet,
        ping=ping_for(story, preferences) if may_ping and not quiet else "",
        tags=tuple(tag for slug in story.series if (tag := _tag(slug, catalog, locale)))[:5],
        reply_to=parent_message_id,
        thread=preferences.thread,
        publish=preferences.publish,
    )


def withheld(story: Story, preferences: Preferences, catalog: Catalog, *, until: datetime) -> Post:
    """Say that there is a result, and when it will be told: nothing of it is in the post."""
    locale = preferences.locale
    told_at = moment(locale, until.astimezone(zone_of(preferences.timezone)))
    post = compose(story, preferences, catalog, now=until, covered=True, may_ping=False)
    return replace(
        post,
        title=post.safe_title,
        summary=say(locale, "post.covered.held", until=told_at),
        url="",
        image_url=None,
        also=(),
        covered=False,
        choices=(),
    )


def best_source(story: Story, preferences: Preferences) -> Source:
    """Choose who tells it: the destination's language first, then official, then the longest text."""
    wanted = preferences.languages or (preferences.locale,)
    told = [source for source in story.sources if not source.withdrawn] or list(story.sources)
    if not told:
        return Source(
            outlet="", url=story.url, language=story.language, title=story.title, summary=story.summary
        )
    return min(told, key=lambda s: (_rank(s.language, wanted), not s.official, -s.length))


def ping_for(story: Story, preferences: Preferences) -> str:
    """The role or user to mention for a story: of its series, of breaking news, or of everything; "" for none."""
    pings = preferences.pings
    for slug in story.series:
        if slug in pings:
            return pings[slug]
    if story.importance >= Importance.BREAKING and "breaking" in pings:
        return pings["breaking"]
    return pings.get("*", "")


def label_text(label: Label, locale: str) -> str:
    """Name what kind of news it is; nothing for a plain report."""
    return "" if label is Label.REPORT else say(locale, f"post.label.{label}")


def _rank(language: str, wanted: Sequence[str]) -> int:
    return wanted.index(language) if language in wanted else len(wanted)


def _more_than(title: str, summary: str) -> str:
    """The summary, unless it only says the title again: some outlets have nothing else in their feeds."""
    return "" if fold(summary).rstrip(" .!…") == fold(title).rstrip(" .!…") else summary


def _also(story: Story, teller: Source) -> tuple[Link, ...]:
    others: dict[str, Link] = {}
    for source in story.sources:
        if source.outlet != teller.outlet and not source.withdrawn and source.outlet not in others:
            others[source.outlet] = Link(text=tame(source.outlet), url=source.url)
    return tuple(others.values())[:MOST_ALSO]


def _notes(story: Story, teller: Source, locale: str) -> tuple[str, ...]:
    notes = []
    if story.withdrawn_at is not None:
        notes.append(say(locale, "post.note.withdrawn", outlet=tame(teller.outlet)))
    if teller.machine_written:
        notes.append(say(locale, "post.note.machine"))
    return tuple(notes)


def _choices(story: Story, series: Series, locale: str) -> tuple[Choice, ...]:
    if not story.id:
        return ()
    choices = [Choice(label=say(locale, "post.choice.why"), line=f"why {story.id}", emoji="❔")]
    if series.slug:
        label = say(locale, "post.choice.alert", series=series.short or series.name)
        choices.insert(0, Choice(label=label, line=f"alerts follow {series.slug}", emoji="🔔"))
    return tuple(choices)


def _tag(slug: str, catalog: Catalog, locale: str) -> str:
    series = catalog.series.get(slug)
    return (series.short or catalog.name(slug, locale)) if series else ""
