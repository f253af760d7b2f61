"""/preview: the very post that would come next, made by the same function."""

from __future__ import annotations

from datetime import timedelta

from bot.commands.ask import Ask
from bot.commands.settings import prefix
from bot.locale import say
from bot.model import Choice, Post, Reply, Source, Story
from bot.posts import compose, is_covered
from bot.posts.decide import unwanted
from bot.posts.spoilers import released_at

LOOKED_AT = 20


async def preview(ask: Ask) -> Reply:
    """Show the newest story that would be posted here, as it would look."""
    ask.require_manager()
    ask = await ask.careful()
    story = await next_story(ask)
    text = ask.say("commands.preview.title") if story.id else ask.say("commands.preview.sample")
    back = Choice(label=ask.say("commands.settings.all"), line=prefix(ask), emoji="⚙️")
    return Reply(
        text=text,
        posts=(as_posted(ask, story),),
        choices=(back,),
        private=True,
        replaces=ask.request.is_button,
        locale=ask.locale,
    )


def as_posted(ask: Ask, story: Story) -> Post:
    """The post as the outbox would make it."""
    preferences = ask.preferences
    return compose(story, preferences, ask.catalog, now=ask.now, covered=is_covered(story, preferences))


async def next_story(ask: Ask) -> Story:
    """The newest story that passes here; an invented one where there is none yet."""
    followed = await ask.following()
    stories = await ask.storage.latest(followed, languages=ask.preferences.languages, limit=LOOKED_AT)
    for story in stories:
        release = released_at(story, ask.preferences)
        is_held = release is not None and release > ask.now  # to show it would be telling it
        if not is_held and unwanted(story, ask.preferences) is None:
            return story
    series = next((t.removeprefix("series:") for t in followed if t.startswith("series:")), "wec")
    return _invented(ask, series)


def _invented(ask: Ask, slug: str) -> Story:
    locale = ask.preferences.locale
    title = say(locale, "post.sample.title")
    summary = say(locale, "post.sample.summary")
    source = Source(
        outlet=say(locale, "post.sample.outlet"),
        url="https://example.com/",
        language=locale,
        title=title,
        summary=summary,
        safe_title=say(locale, "post.sample.safe_title"),
    )
    at = ask.now - timedelta(minutes=5)
    return Story(
        title=title,
        summary=summary,
        url=source.url,
        language=locale,
        sources=(source,),
        series=(slug,),
        primary=slug,
        safe_title=source.safe_title,
        spoiler=True,
        published_at=at,
        created_at=at,
        updated_at=at,
    )
