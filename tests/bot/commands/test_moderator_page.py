"""Each command that the moderators' page names is accepted as it stands there."""

from __future__ import annotations

import re
from pathlib import Path

from storage import Store
from tests.chat import Chat
from tests.racing import publish, source, story

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "moderator.md"
ANSWERS = {  # by the longest beginning that fits
    "/settings ": "✓ Saved.",
    "/settings ping": "Whom a new post mentions",
    "/filter ": "✓ Saved.",
    "/filter test": "would be posted",
    "/follow ": "Now following",
    "/unfollow ": "No longer following",
    "/preview": "looks:",
    "/why": "what became of them",
    "/split": "Which story?",  # it is a reply to a post, or has a link
    "/import": "Send the file",
    "/export": "/import takes them over",
}


async def test_every_command_of_the_moderators_page_works(chat: Chat, sqlite_store: Store) -> None:
    await publish(sqlite_store, story(sources=[source("A"), source("B")]))
    for command in re.findall(r"`(/[a-z][^`]*)`", PAGE.read_text(encoding="utf-8")):
        said = await chat.say(command)
        beginnings = [one for one in ANSWERS if command.startswith(one)]
        answer = ANSWERS[max(beginnings, key=len)] if beginnings else "["  # a refusal has no buttons
        assert answer in said, command
