"""Which story is meant: by its number, by a link, or by the message that was replied to."""

from __future__ import annotations

from dataclasses import dataclass

from bot.commands.ask import Ask
from bot.feeds.identity import canonical_url, spellings
from bot.model import Article, Story

MOST_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Asked:
    story: Story | None
    article: Article | None = None  # the one whose link was given


async def story_asked(ask: Ask) -> Asked | None:
    """Find the story that a line is about; None where it names none."""
    words = ask.line.words
    if words and words[0].isascii() and words[0].isdigit() and len(words[0]) <= MOST_DIGITS:
        return Asked(await ask.storage.story(int(words[0])))
    if words:
        return await story_at(ask, words[0])
    if ask.request.message_id and ask.destination is not None:
        story = await ask.storage.story_posted(ask.destination.id, ask.request.message_id)
        return Asked(story) if story else None
    return None


async def story_at(ask: Ask, link: str) -> Asked:
    """Find what is known of a link, however it is spelled."""
    link = link.strip("<>")
    if "://" not in link:
        raise ask.refuse("why.no_link", example=ask.say("commands.example.why"))
    found = await articles_at(ask, link)
    if not found:
        return Asked(await ask.storage.story_at(canonical_url(link)))
    article, story_id = next((one for one in found if one[1] is not None), found[0])
    return Asked(await ask.storage.story(story_id) if story_id is not None else None, article)


async def articles_at(ask: Ask, link: str) -> list[tuple[Article, int | None]]:
    """The articles under a link, each with its story's number."""
    return list(await ask.storage.articles_at(spellings(canonical_url(link))))
