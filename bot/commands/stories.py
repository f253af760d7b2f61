"""/latest and /search: stories as posts, page by page; a covered story stays covered here too."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from bot.commands.ask import Ask
from bot.commands.line import fits, split
from bot.commands.menu import MOST_STORIES
from bot.commands.names import resolve, topic_name, typed
from bot.commands.nearest import did_you_mean
from bot.model import Choice, Post, Reply, Story
from bot.posts import compose, is_covered
from bot.posts.compose import withheld
from bot.posts.spoilers import released_at

USUAL = 3
MOST_PAGES_BACK = 200  # stories; who wants older ones searches
MOST_QUERY_BYTES = 44  # "search … from:100" is a button's line
_FROM = re.compile(r"\s*\bfrom:(\d{1,4})$")
_COUNT = re.compile(r"\s*(?:^|\s)(\d{1,4})$")


async def latest(ask: Ask) -> Reply:
    """Tell the newest stories of a series, a driver …, or of what this place follows."""
    ask = await ask.careful()
    rest, offset = _page(ask.line.rest)
    topics, count, unknown = await _latest_of(ask, rest)
    if unknown:
        return did_you_mean(ask, unknown, "latest")
    asked = topics or await ask.following()
    stories = await ask.storage.latest(
        asked, languages=ask.preferences.languages, limit=count + 1, offset=offset
    )
    subject = ", ".join(topic_name(topic, ask.catalog, ask.locale) for topic in topics)
    if not stories:
        return await _none_yet(ask, topics, subject, offset)
    line = " ".join(["latest", *map(typed, topics), str(count)])
    key = "commands.latest.of" if topics else "commands.latest.all"
    return _page_of(ask, stories, count, offset, line, ask.say(key, subject=subject))


async def search(ask: Ask) -> Reply:
    """Find stories by words."""
    ask = await ask.careful()
    rest, offset = _page(ask.line.rest)
    words = _shortened(rest.replace('"', " ").strip())
    if not words:
        raise ask.refuse("search.nothing")
    stories = await ask.storage.search(
        words, languages=ask.preferences.languages, limit=USUAL + 1, offset=offset
    )
    if not stories:
        return ask.reply(ask.say("commands.search.none", words=words))
    return _page_of(
        ask, stories, USUAL, offset, f"search {words}", ask.say("commands.search.found", words=words)
    )


def answer_post(story: Story, ask: Ask) -> Post:
    """A story as an answer: with the place's spoiler mode and style, without what only a new post has."""
    preferences = replace(ask.preferences, locale=ask.locale, thread=False, publish=False)
    release = released_at(story, preferences)
    if release is not None and release > ask.now:
        return withheld(story, preferences, ask.catalog, until=release)
    covered = is_covered(story, preferences)
    post = compose(story, preferences, ask.catalog, now=ask.now, covered=covered, may_ping=False)
    return replace(post, choices=())


async def _latest_of(ask: Ask, rest: str) -> tuple[tuple[str, ...], int, tuple[str, ...]]:
    """Topics, count and what was not understood. In "formula 2" the number belongs to the name, in "wec 2" it is a count."""
    readings = [(rest, USUAL)]
    if match := _COUNT.search(rest):
        readings.append((rest[: match.start()], int(match[1])))
    for is_last in (False, True):
        known = await ask.outlets() if is_last else {}
        for text, count in readings:
            found = resolve(split(text), ask.catalog, known)
            if not found.unknown:
                if not 1 <= count <= MOST_STORIES:
                    raise ask.refuse("wrong.count", most=MOST_STORIES)
                return found.topics or tuple(topic.key for topic in found.doubtful), count, ()
    return (), USUAL, tuple(word.text for word in split(readings[-1][0]))


async def _none_yet(ask: Ask, topics: Sequence[str], subject: str, offset: int) -> Reply:
    if offset:
        return ask.reply(ask.say("commands.latest.no_more"))
    if not topics:
        return ask.reply(ask.say("commands.latest.empty"))
    following = await ask.following()
    choices = [
        Choice(
            label=ask.say("commands.follow.button", name=topic_name(t, ask.catalog, ask.locale)), line=line
        )
        for t in topics[:5]
        if t not in following and fits(line := f"follow {typed(t)}")
    ]
    return ask.reply(
        ask.say("commands.latest.none", subject=subject), choices=choices if ask.may_manage else ()
    )


def _page_of(ask: Ask, stories: Sequence[Story], count: int, offset: int, line: str, text: str) -> Reply:
    choices = []
    if offset:
        choices.append(_turn(ask, "commands.page.newer", f"{line} from:{max(0, offset - count)}", "◀"))
    if len(stories) > count and offset + count < MOST_PAGES_BACK:
        choices.append(_turn(ask, "commands.page.older", f"{line} from:{offset + count}", "▶"))
    return Reply(
        text=text,
        posts=tuple(answer_post(story, ask) for story in stories[:count]),
        choices=tuple(choice for choice in choices if fits(choice.line)),
        replaces=ask.request.is_button,
        locale=ask.locale,
    )


def _turn(ask: Ask, key: str, line: str, emoji: str) -> Choice:
    return Choice(label=ask.say(key), line=line, emoji=emoji)


def _page(rest: str) -> tuple[str, int]:
    match = _FROM.search(rest)
    return (rest[: match.start()], min(int(match[1]), MOST_PAGES_BACK)) if match else (rest, 0)


def _shortened(words: str) -> str:
    """Keep as many whole words as a page button can carry."""
    while len(words.encode()) > MOST_QUERY_BYTES:
        words = words[: words.rfind(" ")] if " " in words else words[:-1]
    return words
