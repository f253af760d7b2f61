"""The pictures of the pages: invented stories on their way through the very code that posts, drawn as each platform shows them."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from rich.console import Console

from adapters.console import paint
from adapters.discord import cards, replies
from adapters.telegram import answers
from adapters.telegram.keyboard import Vault
from adapters.telegram.place import Place
from adapters.telegram.render import render
from adapters.telegram.under import fitted
from bot.commands.desk import Desk
from bot.model import Importance, Label, Post, Preferences, Reply, Request, Source, Story
from bot.posts import compose, compose_digest, is_covered
from bot.series.catalog import load_catalog
from storage import open_store
from tools.docs import discord, telegram

NOW = datetime(2026, 11, 22, 18, 30, tzinfo=UTC)
AGO = "2 minutes ago"
GROUP = Place(chat=-1001)

# Rich's own frame, without the fonts that it would load from elsewhere.
_SVG = "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}' width='{width}' height='{height}' role='img'>"
_MATRIX = ".{unique_id}-matrix {{ font: {char_height}px/{line_height}px Consolas, Menlo, 'DejaVu Sans Mono', monospace }}"
_TITLE = ".{unique_id}-title {{ font: bold 18px Helvetica, Arial, sans-serif }}"
_CLIP = "<clipPath id='{unique_id}-clip-terminal'><rect width='{terminal_width}' height='{terminal_height}'/></clipPath>"
_TEXT = "<g transform='translate({terminal_x}, {terminal_y})' clip-path='url(#{unique_id}-clip-terminal)'>"
_TERMINAL = (
    f"{_SVG}\n<style>{_MATRIX}\n{_TITLE}\n{{styles}}</style>\n<defs>{_CLIP}{{lines}}</defs>\n{{chrome}}\n"
    f"{_TEXT}\n{{backgrounds}}<g class='{{unique_id}}-matrix'>{{matrix}}</g></g></svg>\n"
)


def pictures() -> Mapping[str, str]:
    """Every picture by its file's name."""
    open_, covered = _post(Preferences()), _post(Preferences(spoilers={"*": "cover"}))
    setup, start = asyncio.run(_replies())
    return {
        "discord-post.svg": _on_discord(open_, "A post on Discord"),
        "discord-covered.svg": _on_discord(covered, "A covered result on Discord"),
        "discord-digest.svg": _on_discord(_digest(), "A digest on Discord"),
        "discord-setup.svg": discord.picture(replies.messages(setup)[0], title="/setup on Discord", ago=AGO),
        "telegram-post.svg": _on_telegram(open_, "A post on Telegram"),
        "telegram-covered.svg": _on_telegram(covered, "A covered result on Telegram"),
        "telegram-start.svg": telegram.picture(
            answers.message_of(start, Vault()), title="/start on Telegram", ago=AGO
        ),
        "terminal.svg": _in_terminal(open_, "A post in a terminal"),
    }


def _on_discord(post: Post, title: str) -> str:
    return discord.picture(cards.payload(post), title=title, ago=AGO)


def _on_telegram(post: Post, title: str) -> str:
    return telegram.picture(render(fitted(post, GROUP), Vault()), title=title, ago=AGO)


def _in_terminal(post: Post, title: str) -> str:
    console = Console(
        record=True, width=84, file=io.StringIO(), force_terminal=True, color_system="truecolor"
    )
    console.print(paint.post(post, now=NOW, plain=False))
    return console.export_svg(title=title, code_format=_TERMINAL, unique_id="pitwire")


def _post(preferences: Preferences) -> Post:
    story = _result()
    return compose(story, preferences, load_catalog(), now=NOW, covered=is_covered(story, preferences))


def _digest() -> Post:
    preferences = Preferences(spoilers={"wec": "cover"}, timezone="Europe/Berlin")
    stories = [
        _result(),
        _story("Bahrain keeps its place in the WEC calendar until 2030", "Le Paddock du Sud", "wec"),
        _story("Formula 1: new front wing for the last three races", "Boxenfunk", "f1", major=True),
        _story("Formula 1 tests a shorter qualifying", "Pit Lane Post", "f1"),
        _story("WRC: the 2027 calendar has a rally in the dunes", "Pit Lane Post", "wrc"),
    ]
    return compose_digest(
        [replace(s, id=n) for n, s in enumerate(stories, 1)], preferences, load_catalog(), now=NOW
    )


def _result() -> Story:
    title = "Corvino wins the 8 Hours of Bahrain and takes the Hypercar title"
    story = _story(title, "Pit Lane Post", "wec", major=True)
    source = replace(
        story.sources[0],
        summary="Marchetti, Dahl and Okafor won the WEC finale by eleven seconds and with it the world championship. "
        "A puncture an hour before the end cost Aurelia the lead.",
        image_url="https://example.com/finish.jpg",
        safe_title="Result: WEC, 8 Hours of Bahrain",
    )
    others = [replace(source, outlet=name, length=0) for name in ("Boxenfunk", "Le Paddock du Sud")]
    return replace(
        story,
        summary=source.summary,
        sources=(source, *others),
        spoiler=True,
        safe_title=source.safe_title,
        label=Label.RESULT,
        image_url=source.image_url,
    )


def _story(title: str, outlet: str, series: str, *, major: bool = False) -> Story:
    at = NOW - timedelta(minutes=2)
    url = "https://example.com/story"
    source = Source(outlet=outlet, url=url, language="en", title=title, summary="", length=1000)
    return Story(
        id=1,
        title=title,
        summary="",
        url=url,
        language="en",
        sources=(source,),
        series=(series,),
        primary=series,
        importance=Importance.MAJOR if major else Importance.NORMAL,
        published_at=at,
        created_at=at,
        updated_at=at,
    )


async def _replies() -> tuple[Reply, Reply]:
    """What /setup answers on Discord, and /start on Telegram."""
    store = await open_store("sqlite:///:memory:")
    try:
        desk = Desk(store, load_catalog(), lambda: NOW)
        asked = Request(
            adapter="discord",
            address="1",
            space="1",
            user="1",
            line="setup",
            locale="en",
            may_manage=True,
            place_title="#racing-news",
        )
        alone = replace(asked, adapter="telegram", line="start", is_private=True)
        return await desk(asked), await desk(alone)
    finally:
        await store.close()
