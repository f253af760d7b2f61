"""What people write and press, as command lines: pure functions of an update."""

from __future__ import annotations

import re
from dataclasses import dataclass

from telegram import CallbackQuery, Chat, Message, MessageEntity, User

from adapters.telegram.outgoing import PICTURE
from adapters.telegram.place import Place, place_of
from bot.model import Request
from bot.text import tame, utf16_length

MOST_CHARACTERS = 1_000  # of a command: nothing that is asked needs more
END_OF_QUESTION = " …"
SETUP = "setup"

_COMMAND = re.compile(r"/([A-Za-z0-9_]{1,32})(?:@(\w{3,40}))?(?:\s+|$)")
_PAYLOAD = re.compile(r"[A-Za-z0-9_-]{1,64}")
_TARGET = re.compile(r"(\S+) @(-?\d{1,16}(?:/\d{1,12})?|[A-Za-z]\w{3,31})(?: |$)")


@dataclass(frozen=True, slots=True)
class Target:
    """Another place than where it is asked: "settings @-100123 spoilers", "setup @pitnews"."""

    command: str
    name: str  # an address, or a public name
    rest: str

    @property
    def line(self) -> str:
        return f"{self.command} @{self.name} {self.rest}".rstrip()


def line_of_text(text: str, bot_name: str, *, is_private: bool) -> str | None:
    """The command line in a message; None when it is not for this bot.

    In a group only commands are, and only those that name no other bot; alone with the bot every text is.
    """
    text = text[:MOST_CHARACTERS].strip()
    match = _COMMAND.match(text)
    if match:
        if match[2] and match[2].lower() != bot_name.lower():
            return None
        name = match[1].lower().replace("_", "-")
        return tame(f"{name} {text[match.end() :]}")
    if is_private:
        return tame(text) or None
    mention = re.match(rf"@{re.escape(bot_name)}\b[\s,:]*", text, re.IGNORECASE)
    return (tame(text[mention.end() :]) or "help") if mention else None


def deep_link(line: str) -> str:
    """What a link that opens the bot asks for: "alerts follow wec" becomes "follow_wec"; a greeting for what does not fit."""
    _, _, rest = line.partition(" ")
    asked = "follow_" + rest.removeprefix("follow ").replace(" ", "_")
    return asked if rest and not rest.startswith("unfollow") and _PAYLOAD.fullmatch(asked) else "alerts"


def target_of(line: str) -> Target | None:
    """Find the other place that a line is about."""
    match = _TARGET.match(line)
    return Target(match[1], match[2], line[match.end() :]) if match else None


def asked_line(question: Message | None, bot_id: int) -> str | None:
    """The command line that a question of the bot asks to complete: it stands as code at the question's end."""
    if question is None or question.from_user is None or question.from_user.id != bot_id or not question.text:
        return None
    codes = [entity for entity in question.entities if entity.type == MessageEntity.CODE]
    if not codes or codes[-1].offset + codes[-1].length != utf16_length(question.text):
        return None
    code = question.parse_entity(codes[-1])
    if not code.startswith("/") or not code.endswith(END_OF_QUESTION):
        return None
    return code[1:].removesuffix(END_OF_QUESTION)


def place_of_message(message: Message) -> Place:
    """Where a message stands: its chat, or its topic. The thread of a reply is no topic."""
    return place_of(message.chat.id, message.message_thread_id if message.is_topic_message else None)


def title_of(chat: Chat, message: Message | None = None) -> str:
    """A name for a place that a person recognises: of a topic "Paddock / WEC"."""
    title = tame(chat.title or " ".join(filter(None, (chat.first_name, chat.last_name))) or str(chat.id))
    root = message.reply_to_message if message else None
    if root is not None and root.forum_topic_created is not None:
        return f"{title} / {tame(root.forum_topic_created.name)}"
    return title


def message_id_of(message: Message) -> str:
    """A message's id as `send` gave it: a picture's is marked."""
    return f"{message.message_id}{PICTURE}" if message.photo else str(message.message_id)


def replied_to(message: Message) -> str | None:
    """The message that one replies to. In a topic everything replies to the topic's beginning: that is none."""
    replied = message.reply_to_message
    if replied is None or replied.forum_topic_created is not None:
        return None
    return message_id_of(replied)


def name_of(user: User | None) -> str:
    """A name for the audit."""
    return "" if user is None else tame(f"@{user.username}" if user.username else user.full_name)


def is_alert(request: Request) -> bool:
    """Asked among others for what is sent to the asker alone."""
    return not request.is_private and request.line.split(" ")[0] == "alerts" and request.user.isdigit()


def faded(query: CallbackQuery) -> Message:
    """A message too old for Telegram to tell: its place is known, its text is not."""
    message = query.message
    assert message is not None
    return Message(message.message_id, message.date, message.chat, from_user=query.from_user)
