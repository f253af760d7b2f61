"""Which post tells this delivery? Composed once for all destinations that see the same."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import datetime
from typing import TYPE_CHECKING

from bot.model import Claim, Post, Preferences, Story
from bot.ports import Clock
from bot.posts import Verdict, compose, compose_digest, withheld

if TYPE_CHECKING:
    from bot.series.catalog import Catalog

KEPT = 256  # posts

# What of the preferences a reader sees in a post; the rest decides whether and when there is one.
_SEEN = tuple(
    field.name
    for field in fields(Preferences)
    if field.name
    not in (
        "labels",
        "include",
        "exclude",
        "least_importance",
        "schedule",
        "quiet",
        "quiet_mode",
        "per_hour",
        "ping_gap",
        "delay_note",
        "unknown",
    )
)


class Renderer:
    """Composes posts and keeps the latest ones: a story for a thousand channels is composed a few times."""

    def __init__(
        self,
        catalog: Catalog,
        clock: Clock,
        *,
        compose: Callable[..., Post] = compose,
        compose_digest: Callable[..., Post] = compose_digest,
    ) -> None:
        self._catalog, self._clock = catalog, clock
        self._compose, self._compose_digest = compose, compose_digest
        self._kept: OrderedDict[tuple[object, ...], Post] = OrderedDict()
        self.composed = 0

    def story(self, claim: Claim, story: Story, verdict: Verdict, *, may_ping: bool = False) -> Post:
        """Tell a story as its destination wants it, as a reply to its parent where that was told there."""
        preferences = claim.destination.preferences
        key = (
            story.id,
            story.revision,
            story.updated_at,
            verdict.covered,
            verdict.quiet,
            may_ping,
            *(_hashable(getattr(preferences, name)) for name in _SEEN),
        )
        post = self._kept.get(key)
        if post is None:
            post = self._kept[key] = self._compose(
                story,
                preferences,
                self._catalog,
                now=self._clock(),
                covered=verdict.covered,
                quiet=verdict.quiet,
                may_ping=may_ping,
            )
            self.composed += 1
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        else:
            self._kept.move_to_end(key)
        if claim.parent_message_id and not claim.delivery.message_id:
            return replace(post, reply_to=claim.parent_message_id)
        return post

    def note(self, claim: Claim, story: Story, *, until: datetime) -> Post:
        """Say that there is a result and when it will be told; the post itself is edited into it then."""
        return withheld(story, claim.destination.preferences, self._catalog, until=until)

    def digest(self, claim: Claim, *, now: datetime) -> Post:
        """Tell the stories of a digest."""
        preferences = claim.destination.preferences
        return self._compose_digest(claim.digest, preferences, self._catalog, now=now)


def plainest(post: Post) -> Post:
    """The form that the strictest platform accepts: a title with its link, and who tells it; covered stays covered."""
    return Post(
        locale=post.locale,
        title=post.title,
        safe_title=post.safe_title,
        covered=post.covered,
        url=post.url,
        outlet=post.outlet,
        at=post.at,
        sections=tuple(
            replace(section, lines=tuple(replace(line, url="") for line in section.lines))
            for section in post.sections
        ),
        style="link",
        quiet=post.quiet,
        ping=post.ping,
    )


def is_plain(post: Post) -> bool:
    return post == plainest(post)


def _hashable(value: object) -> object:
    return repr(value) if not isinstance(value, str | int | bool | tuple) else value
