"""Inline mode: `@bot wec` in any chat offers the latest stories as cards, other words are searched for."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from telegram import InlineQuery, InlineQueryResultArticle, InputTextMessageContent

from adapters.telegram.keyboard import Vault, keyboard
from adapters.telegram.place import space_of
from adapters.telegram.render import preview_of, read_button, write
from adapters.telegram.requests import name_of
from adapters.telegram.rich import clean, web_url
from bot.model import Post, Reply, Request
from bot.ports import Answerer
from bot.text import tame

CACHED = 60  # seconds that Telegram keeps an answer
MOST_CARDS = 10
MOST_CHARACTERS = 100  # of a query


async def cards_for(query: InlineQuery, answer: Answerer, vault: Vault) -> list[InlineQueryResultArticle]:
    """Find the stories that a query means: the latest of a series, a driver …, else those with its words."""
    words = tame(query.query)[:MOST_CHARACTERS]
    reply = await answer(_request(query, "latest", {"series": words, "count": str(MOST_CARDS)}))
    if not reply.posts and words:
        reply = await answer(_request(query, "search", {"words": words}))
    return cards_of(reply, vault)


def cards_of(reply: Reply, vault: Vault) -> list[InlineQueryResultArticle]:
    """Make cards of a reply's posts; each looks, once sent, like the post itself."""
    cards: dict[str, InlineQueryResultArticle] = {}
    for post in reply.posts[:MOST_CARDS]:
        card = _card(post, vault)
        cards.setdefault(card.id, card)
    return list(cards.values())


def _card(post: Post, vault: Vault) -> InlineQueryResultArticle:
    post = replace(post, choices=(), ping="")
    rich = write(post)
    title = clean(post.safe_title if post.covered else post.title, 120) or clean(post.outlet, 60) or "…"
    about = " · ".join(filter(None, (clean(post.badge, 30), clean(post.label, 30), clean(post.outlet, 60))))
    summary = "" if post.covered else clean(post.summary, 180)
    picture = None if post.covered else web_url(post.image_url)
    return InlineQueryResultArticle(
        id=hashlib.blake2b(f"{post.url}|{post.title}".encode(errors="replace"), digest_size=16).hexdigest(),
        title=title,
        description="\n".join(filter(None, (about, summary))) or None,
        thumbnail_url=picture,
        input_message_content=InputTextMessageContent(
            rich.text, entities=rich.entities(), link_preview_options=preview_of(post)
        ),
        reply_markup=keyboard(read_button(post), vault=vault),
    )


def _request(query: InlineQuery, line: str, options: dict[str, str]) -> Request:
    """Asked as if alone with the bot: in whichever chat the card lands, the asker's own settings hold."""
    user = query.from_user
    return Request(
        adapter="telegram",
        address=str(user.id),
        space=space_of(user.id),
        user=str(user.id),
        user_name=name_of(user),
        line=line,
        options={name: value for name, value in options.items() if value},
        locale=user.language_code,
        is_private=True,
        private_address=str(user.id),
    )
