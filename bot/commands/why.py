"""/why: for one story and one place, what became of it, in a sentence that names the setting."""

from __future__ import annotations

from collections.abc import Sequence

from bot.commands.ask import Ask
from bot.commands.finding import Asked, story_asked
from bot.commands.follow import in_catalogue_order
from bot.commands.names import topic_name
from bot.locale.dates import moment
from bot.model import Choice, Delivery, DeliveryState, Destination, Reply, Story
from bot.posts import decide, is_hidden
from bot.posts.reasons import say_reason
from bot.posts.schedule import zone_of
from bot.posts.spoilers import safe_title
from bot.stories.merge import FOLLOWS
from bot.text import cut, tame

RECENT = 5
MOST_NAMES = 6
_TITLE = 80
_TOLD = (
    DeliveryState.SENT,
    DeliveryState.OWED,
    DeliveryState.LEASED,
    DeliveryState.HELD,
)  # here, or as an edit owed


async def why(ask: Ask) -> Reply:
    """Say why a story was posted here or not: by its number, by a link, by a reply to it; else the latest few."""
    ask = await ask.careful()
    asked = await story_asked(ask)
    if asked is None:
        return await _recent(ask)
    if asked.story is None:
        return ask.reply(_no_story(ask, asked), private=True)
    story = asked.story
    sentences = [shown_title(ask, story), await fate(ask, story), *_told_by(ask, asked, story)]
    choices = []
    if ask.may_manage and len(story.sources) > 1:
        choices.append(Choice(label=ask.say("commands.split.button"), line=f"split {story.id}", emoji="✂️"))
    return ask.reply("\n".join(sentences), choices=choices, private=True)


async def fate(ask: Ask, story: Story) -> str:
    """What became of a story at this place."""
    place = ask.destination
    followed = set(await ask.following())
    topics = {*(f"series:{slug}" for slug in story.series), *story.topics}
    delivery = await ask.storage.delivery(place.id, story.id) if place else None
    if place is not None and delivery is not None:
        return _delivered(ask, place, delivery, story)
    if not topics:
        return ask.say("post.fate.about_nothing")
    if not followed & topics:
        names = in_catalogue_order(
            sorted(t for t in topics if t.startswith("series:")) or sorted(topics), ask
        )
        return ask.say("post.fate.not_followed", names=_names(ask, names))
    return ask.say("post.fate.before")


def shown_title(ask: Ask, story: Story) -> str:
    """The story's title, covered where results are."""
    is_safe = is_hidden(story, ask.preferences, ask.now)
    title = safe_title(story, None, ask.locale) if is_safe else story.title
    return ask.say("commands.quoted", words=cut(tame(title), _TITLE))


def _delivered(ask: Ask, place: Destination, delivery: Delivery, story: Story) -> str:
    reason = _reason(ask, delivery.reason)
    if delivery.sent_at is not None and delivery.state in _TOLD:
        posted = ask.say("post.fate.posted", at=_at(ask, delivery))
        return f"{posted} {reason}" if delivery.state == DeliveryState.HELD else posted
    match delivery.state:
        case DeliveryState.SENT:
            return ask.say("post.fate.sent")
        case DeliveryState.FOLDED:
            return ask.say("post.fate.folded")
        case DeliveryState.SKIPPED:
            return ask.say("post.fate.skipped", reason=reason)
        case DeliveryState.UNCERTAIN:
            return ask.say("post.fate.uncertain")
        case DeliveryState.SET_ASIDE:
            return ask.say("post.fate.set_aside", reason=reason)
        case _ if place.paused_at is not None:
            return ask.say("post.fate.paused", reason=_reason(ask, place.paused_reason))
        case DeliveryState.HELD:
            return ask.say("post.fate.held", reason=reason)
        case DeliveryState.LEASED:
            return ask.say("post.fate.sending")
        case _ if delivery.attempts:
            return ask.say("post.fate.failing", count=delivery.attempts, reason=reason)
    verdict = decide(story, place, now=ask.now)
    return _reason(ask, verdict.reason) if verdict.reason else ask.say("post.fate.waiting")


def _told_by(ask: Ask, asked: Asked, story: Story) -> list[str]:
    lines = []
    if asked.article is not None and asked.article.url != story.url:
        lines.append(ask.say("post.fate.merged", outlet=tame(asked.article.outlet)))
    if len(story.sources) > 1:
        names = ", ".join(tame(outlet) for outlet in story.outlets[:MOST_NAMES])
        lines.append(ask.say("post.fate.outlets", count=len(story.outlets), names=names))
    if gone := list(dict.fromkeys(tame(source.outlet) for source in story.sources if source.withdrawn)):
        lines.append(
            ask.say("post.fate.withdrawn", count=len(gone), names=", ".join(gone[:MOST_NAMES])),
        )
    if is_hidden(story, ask.preferences, ask.now):
        return lines  # the reasons name who and what
    for key, prefix in (("follows", FOLLOWS), ("because", "")):
        reasons = [reason for reason in story.reasons if reason.startswith(FOLLOWS) == bool(prefix)]
        told = [
            _reason(ask, reason.removeprefix(prefix)) for reason in reasons if not reason.startswith("split ")
        ]
        lines += [ask.say(f"post.fate.{key}", reason=cut(reason, 160)) for reason in told[-2:]]
    return lines


def _no_story(ask: Ask, asked: Asked) -> str:
    if asked.article is not None:
        return ask.say("post.fate.about_nothing")
    return ask.say("post.fate.unknown")


async def _recent(ask: Ask) -> Reply:
    """The last few stories that this place could have been told, each with its fate."""
    stories: Sequence[Story] = await ask.storage.latest((), limit=RECENT)
    if not stories:
        return ask.reply(ask.say("commands.latest.empty"), private=True)
    lines = [f"{shown_title(ask, story)}\n{await fate(ask, story)}" for story in stories]
    text = "\n\n".join([ask.say("commands.why.recent"), *lines])
    return ask.reply(text, private=True)


def _names(ask: Ask, topics: Sequence[str]) -> str:
    return ", ".join(topic_name(topic, ask.catalog, ask.locale) for topic in topics[:MOST_NAMES])


def _reason(ask: Ask, reason: str | None) -> str:
    return say_reason(reason or "post.fate.no_reason", ask.locale, ask.preferences.timezone)


def _at(ask: Ask, delivery: Delivery) -> str:
    assert delivery.sent_at is not None
    return moment(ask.locale, delivery.sent_at.astimezone(zone_of(ask.preferences.timezone)))
