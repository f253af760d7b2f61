"""A hundred stories of each cause: /why names the setting, the trouble or the time, and is never wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from bot.commands.desk import Desk
from bot.errors import DestinationPaused
from bot.model import Label, Outcome, OutcomeKind, Story
from bot.series.catalog import load_catalog
from storage import Store
from tests.chat import Chat
from tests.conftest import FakeClock
from tests.fakes import FakeAdapter
from tests.racing import publish, result, source, story
from tests.stores import sqlite_store
from tests.wire import Wire, quickly

__all__ = ["quickly", "sqlite_store"]
pytestmark = pytest.mark.usefixtures("quickly")
HUNDRED = 100
TROUBLE = "discord.rejected|400|50035"


def plain(number: int, **more: Any) -> Story:
    return story(f"Rain {number} at Imola", **more)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """What a moderator set, what came, what then happened, and what /why says."""

    says: str
    settings: tuple[str, ...] = ()
    made: Callable[..., Story] = plain
    more: dict[str, Any] = field(default_factory=dict)
    becomes: OutcomeKind | None = None  # of every delivery, instead of being posted
    paused: bool = False
    later: timedelta | None = None  # the outbox goes on until then
    first: int = 0  # stories before the hundred


CAUSES = {
    "posted": Cause(says="Posted here: Sunday 22 November, 14:00."),
    "not followed": Cause(says="none of its topics is followed (Formula 1)", more={"series": ("f1",)}),
    "excluded": Cause(settings=("exclude rain",), says="rain"),
    "not included": Cause(settings=("include sun OR wind",), says="sun OR wind"),
    "language": Cause(
        settings=("languages de",), says="told in English; the languages here are set to German"
    ),
    "label": Cause(settings=("labels -rumour",), more={"label": Label.RUMOUR}, says="It is labelled Rumour"),
    "importance": Cause(settings=("importance breaking",), says="less important than the least"),
    "spoiler": Cause(
        settings=("spoilers delay 24h",),
        made=lambda n, **more: result(f"Ferrari wins {n}", **more),
        says="Spoiler protection holds",
    ),
    "quiet": Cause(
        settings=("quiet 13:00-18:00",), says="Quiet hours hold it until Sunday 22 November, 18:00."
    ),
    "digest": Cause(settings=("schedule digest daily 18:00",), says="digest of Sunday 22 November, 18:00."),
    "session": Cause(
        settings=("schedule digest after-session",), says="It waits for the digest after the session."
    ),
    "folded": Cause(settings=("quiet 13:00-15:00",), later=timedelta(hours=2), says="Told here in a digest."),
    "cap": Cause(settings=("per-hour 1",), first=1, says="No more than 1 post an hour"),
    "failed": Cause(becomes=OutcomeKind.RETRY, says="Posting failed 1 time and will be tried again."),
    "uncertain": Cause(becomes=OutcomeKind.UNCERTAIN, says="the platform's answer was lost"),
    "refused": Cause(becomes=OutcomeKind.SET_ASIDE, says="The platform would not accept it."),
    "paused": Cause(paused=True, says="posting here is paused: I was removed from there."),
}


@pytest.mark.parametrize("name", CAUSES)
async def test_why_is_right_for_a_hundred_stories_of_each_cause(
    sqlite_store: Store, clock: FakeClock, name: str
) -> None:
    cause = CAUSES[name]
    chat, wire = await listening(sqlite_store, clock, *cause.settings)
    if cause.paused:
        wire.adapter.closed["channel-1"] = DestinationPaused("commands.paused.removed")
    kept = [
        await publish(sqlite_store, cause.made(number, at=clock(), **cause.more))
        for number in range(HUNDRED + cause.first)
    ]
    if cause.becomes is not None:
        await become(sqlite_store, clock, cause.becomes)
    else:
        await wire.deliver(passes=2 * HUNDRED)
    if cause.later is not None:
        clock.at += cause.later
        await wire.deliver(passes=2 * HUNDRED)
    said = [await chat.say(f"why {one.id}") for one in kept]
    assert sum(cause.says in answer for answer in said) == HUNDRED, next(
        s for s in said if cause.says not in s
    )


async def test_why_is_right_for_a_hundred_merged_articles(sqlite_store: Store, clock: FakeClock) -> None:
    chat, wire = await listening(sqlite_store, clock)
    for number in range(HUNDRED):
        told = [source("A Post", f"Rain {number}"), source("B Post", f"Rain {number}, too")]
        kept = await publish(sqlite_store, plain(number, at=clock(), sources=told))
        said = await chat.say(f"why {kept.sources[1].url}")
        assert "B Post's article was merged into this story." in said
    await wire.deliver()


async def test_why_is_right_for_a_hundred_withdrawn_stories(sqlite_store: Store, clock: FakeClock) -> None:
    chat, wire = await listening(sqlite_store, clock)
    for number in range(HUNDRED):
        told = [source("A Post", f"Rain {number}", withdrawn=True)]
        kept = await publish(sqlite_store, plain(number, at=clock(), sources=told, withdrawn_at=clock()))
        await wire.deliver()
        said = await chat.say(f"why {kept.id}")
        assert "Its outlets took it down before it was posted here." in said
        assert "Taken down by the outlet: A Post." in said


async def listening(store: Store, clock: FakeClock, *settings: str) -> tuple[Chat, Wire]:
    """A channel that follows a series, set as a moderator wants it."""
    chat = Chat(Desk(store, load_catalog(), clock))
    await chat.say("follow wec")
    for line in settings:
        assert "✓ Saved." in await chat.say(f"settings {line}")
    return chat, Wire(store, clock, FakeAdapter(clock, name="rig"))


async def become(store: Store, clock: FakeClock, kind: Any) -> None:
    """Let every delivery end so."""
    due_at = clock() + timedelta(minutes=5) if kind is OutcomeKind.RETRY else None
    while claims := await store.claim(now=clock(), lease=timedelta(minutes=1), limit=50, adapters=["rig"]):
        outcomes: list[Any] = [
            Outcome(
                delivery_id=one.delivery.id,
                revision=one.delivery.revision,
                kind=kind,
                due_at=due_at,
                reason=TROUBLE,
            )
            for one in claims
        ]
        await store.record(outcomes, now=clock())
