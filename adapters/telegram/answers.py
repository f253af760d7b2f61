"""A reply as one Telegram message: text, posts, questions and buttons, within the limits of a message."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from telegram import (
    ChatAdministratorRights,
    ForceReply,
    KeyboardButton,
    KeyboardButtonRequestChat,
    ReplyKeyboardMarkup,
)

from adapters.telegram.keyboard import Vault, keyboard
from adapters.telegram.render import NO_PREVIEW, TEXT, Message, Room, preview_of, read_button, write
from adapters.telegram.requests import END_OF_QUESTION
from adapters.telegram.rich import BOLD, CODE, ITALIC, Mark, Rich, clean, spoken
from bot.locale import say
from bot.model import Choice, Form, Picker, Post, Reply
from bot.text import cut_utf16, utf16_length

MOST_TEXT = 3_000  # of the text, when posts follow
PLACEHOLDER = 64  # characters of the hint in an input field
ALERT = 200  # characters of a notice over the chat
CHANNEL, GROUP = 1, 2  # in a request for a chat
CHOOSE = "channel"  # the command that chooses another place


def message_of(reply: Reply, vault: Vault) -> Message:
    """Write a reply. Several posts share a message, so that pages can be turned by editing it."""
    pickers = [picker for picker in reply.pickers if picker.options]
    rich = Rich()
    text = spoken(reply.text)
    rich.add(cut_utf16(text, MOST_TEXT if reply.posts else TEXT))
    prompts = _prompts(pickers, text)
    left = TEXT - rich.length - prompts.length - 4
    for number, post in enumerate(reply.posts):
        share = (left - 2) // (len(reply.posts) - number)
        part = write(post, _room(share, len(reply.posts)), most=share)
        rich.add("\n\n" if rich else "").join(part)
        left -= part.length + 2
    if prompts:
        rich.add("\n\n" if rich else "").join(prompts)
    only = reply.posts[0] if len(reply.posts) == 1 else None
    choices = [choice for post in reply.posts for choice in post.choices if choice.line or only]
    return Message(
        rich=(rich if rich else Rich().add("…")).clipped(TEXT),
        preview=preview_of(only) if only else NO_PREVIEW,
        markup=keyboard(
            [*(_read(only)), *choices, *reply.choices], pickers, vault=vault, locale=reply.locale
        ),
    )


def notice_of(reply: Reply, *, is_brief: bool = False) -> str | None:
    """The reply as a notice that only who pressed sees; None for one that needs a message.

    A brief one has no room for more than its text.
    """
    text = spoken(reply.text)
    if not text or reply.posts or reply.pickers or reply.form or reply.document:
        return None
    if is_brief:
        return cut_utf16(text, ALERT)
    return text if reply.private and not reply.choices and utf16_length(text) <= ALERT else None


def question_of(form: Form, locale: str, *, user: int = 0, name: str = "") -> tuple[Rich, ForceReply]:
    """Ask for text. The command line stands at the end: a reply is understood after a restart, and it can be typed."""
    rich = Rich()
    if user:  # in a group: only this person's input field opens
        rich.add(clean(name, 60) or "·", Mark("text_mention", user=user)).add("\n")
    rich.add(clean(form.title, 200), BOLD).add("\n").add(cut_utf16(spoken(form.prompt), 1_500))
    if form.value:
        present = say(locale, "telegram.form.present", value=cut_utf16(spoken(form.value), 500))
        rich.add("\n").add(present, ITALIC)
    rich.add("\n\n").add(f"/{form.line}{END_OF_QUESTION}", CODE)
    placeholder = clean(form.prompt)[:PLACEHOLDER] or None
    return rich, ForceReply(selective=bool(user), input_field_placeholder=placeholder)


def chooser_of(locale: str) -> tuple[Message, ReplyKeyboardMarkup]:
    """Offer the platform's own list of channels and groups where a person may give the bot what it needs."""
    question = Message(rich=Rich().add(say(locale, "telegram.chooser.ask")))
    return question, ReplyKeyboardMarkup(
        [
            [_request(say(locale, "telegram.chooser.channel"), CHANNEL)],
            [_request(say(locale, "telegram.chooser.group"), GROUP)],
        ],
        resize_keyboard=True,
        one_time_keyboard=True,
    )


def with_chooser(reply: Reply) -> Reply:
    """Offer, alone with the bot, to set up a channel or group from here."""
    label = say(reply.locale, "telegram.chooser.button")
    return replace(reply, choices=(*reply.choices, Choice(label=label, line=CHOOSE, emoji="📣")))


def _request(label: str, kind: int) -> KeyboardButton:
    is_channel = kind == CHANNEL
    # What the bot needs; whoever chooses has to have as much, and is asked to grant it.
    rights = ChatAdministratorRights(
        is_anonymous=False,
        can_manage_chat=True,
        can_delete_messages=False,
        can_manage_video_chats=False,
        can_restrict_members=False,
        can_promote_members=False,
        can_change_info=False,
        can_invite_users=False,
        can_post_stories=False,
        can_edit_stories=False,
        can_delete_stories=False,
        can_post_messages=is_channel or None,
        can_edit_messages=is_channel or None,
    )
    return KeyboardButton(
        label,
        request_chat=KeyboardButtonRequestChat(
            request_id=kind,
            chat_is_channel=is_channel,
            user_administrator_rights=rights,
            bot_administrator_rights=rights if is_channel else None,
            bot_is_member=None if is_channel else True,
            request_title=True,
        ),
    )


def _read(post: Post | None) -> Sequence[Choice]:
    return read_button(post) if post else ()


def _prompts(pickers: Sequence[Picker], text: str) -> Rich:
    """The questions, with the hints of their options where the text does not tell them already."""
    prompts = Rich()
    for picker in pickers:
        prompt = clean(picker.prompt, 300)
        is_told = any(line.startswith(prompt) for line in text.split("\n"))  # as a heading
        if prompt and not is_told:
            prompts.add("\n" if prompts else "").add(prompt, BOLD)
        for option in picker.options:
            hint = clean(option.hint, 120)
            if hint and hint not in text and prompts.length < 1_000:
                prompts.add("\n" if prompts else "").add(f"• {clean(option.label, 60)}: {hint}")
    return prompts


def _room(share: int, posts: int) -> Room:
    """What the parts of a post may take: less when several share a message."""
    return (
        Room(all=share, title=300, small=80, others=10, notes=4)
        if posts == 1
        else Room(all=share, title=160, small=40, others=2, notes=1, has_button=False)
    )
