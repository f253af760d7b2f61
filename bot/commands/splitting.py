"""/split: take a story apart that was merged wrongly, for good."""

from __future__ import annotations

from dataclasses import replace

from bot.commands.ask import Ask
from bot.commands.finding import articles_at, story_asked
from bot.commands.why import shown_title
from bot.model import Choice, Reply, Story
from bot.posts import topics_of
from bot.reading.read import read
from bot.stories.kept import keep_apart
from bot.stories.merge import begin
from bot.text import cut, tame

MOST_BUTTONS = 15


async def split(ask: Ask) -> Reply:
    """Part one outlet's telling from its story: by a link, or by a button for each outlet."""
    ask.require_manager()
    ask = await ask.careful()
    words = ask.line.words
    asked = await story_asked(ask)
    if asked is None:
        raise ask.refuse("split.nothing", example=ask.say("commands.example.split"))
    if asked.story is None:
        raise ask.refuse("split.unknown")
    if len(asked.story.sources) < 2:
        raise ask.refuse("split.only_one")
    if asked.article is not None:
        return await _part(ask, asked.story, asked.article.url)
    if len(words) > 1 and words[1].isascii() and words[1].isdigit():
        url = next((s.url for s in asked.story.sources if str(s.article_id) == words[1]), None)
        if url is None:
            raise ask.refuse("split.unknown")
        return await _part(ask, asked.story, url)
    return _choose(ask, asked.story)


def _choose(ask: Ask, story: Story) -> Reply:
    choices = [
        Choice(label=cut(tame(source.outlet), 60), line=f"split {story.id} {source.article_id}", emoji="✂️")
        for source in story.sources[:MOST_BUTTONS]
    ]
    return ask.reply(
        ask.say("commands.split.which", title=shown_title(ask, story)), choices=choices, private=True
    )


async def _part(ask: Ask, story: Story, url: str) -> Reply:
    articles = [article for article, story_id in await articles_at(ask, url) if story_id == story.id]
    if not articles:
        raise ask.refuse("split.unknown")
    reading = read(articles[0], ask.catalog, now=ask.now)
    apart = begin(articles[0], reading, now=ask.now)
    apart = replace(apart, topics=(*apart.topics, *topics_of(apart, ())))
    ids = [article.id for article in articles]
    rest = replace(story, sources=tuple(s for s in story.sources if s.article_id not in ids))
    apart = keep_apart(apart, rest)
    here = ask.destination.id if ask.destination else None
    await ask.storage.split(ids, apart, now=ask.now, by=ask.who, tell=here)
    return ask.reply(ask.say("commands.split.done", outlet=tame(articles[0].outlet)), private=True)
