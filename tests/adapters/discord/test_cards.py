"""Cards: every limit kept for any input, nothing in a feed's text means anything, covered results stay covered."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from adapters.discord import cards
from adapters.discord.components import count, length, walk
from adapters.discord.markup import escape, fit, link, safe_url
from bot.model import Choice, Line, Link, Post, Section
from bot.text import utf16_length
from tests.adapters.discord.chat import read
from tests.adapters.discord.conftest import NOW, a_post
from tests.loopback.discord import Discord, Refusal

# Shrinking takes minutes and says little here: the breach names what is wrong.
QUICK = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)

NASTY = [
    "@everyone",
    "<@123456789012345678>",
    "<@&123456789012345678>",
    "<#123456789012345678>",
    "<:x:123456789012345678>",
    "[x](javascript:alert(1))",
    "**",
    "||",
    "```",
    "`",
    "> ",
    "# ",
    "-# ",
    "1. ",
    "\n\n",
    "~~",
    "__",
    "\u202e",
    "\u200b",
    "<t:0:R>",
    "</help:123456789012345678>",
    "🏎️",
    "👨‍👩‍👧",
    "🇩🇪",
    "https://evil.example/",
    "<b>bold</b>",
    "\\",
    "]",
    ")(",
    "é",
    "𝐅𝟏",
]

URLS = [
    "",
    "javascript:alert(1)",
    "https://a.example/x_(1)?a=b c",
    "http://[::1",
    "ftp://a.example/",
    "https://ä.example/ü/@everyone",
    "https://a.example/" + "x" * 600,
    "https://a.example/" + "é" * 3000,
    "https://user@a.example/",
]
TEXT = st.lists(st.one_of(st.sampled_from(NASTY), st.text(max_size=40)), max_size=12).map("".join)
LONG = st.one_of(TEXT, st.builds(lambda text, times: text * times, TEXT, st.integers(1, 60)))


class Hostile:
    """Posts of the worst that a feed could hold; the same ones for the same seed."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def text(self) -> str:
        parts = [self._random.choice(NASTY) for _ in range(self._random.randint(0, 8))]
        return "".join(parts) * self._random.choice([1, 1, 1, 2, 40, 400])

    def url(self) -> str:
        return self._random.choice([*URLS, self.text()])

    def many(self, most: int, make: Callable[[], Any]) -> tuple[Any, ...]:
        return tuple(make() for _ in range(self._random.randint(0, most)))

    def line(self) -> Line:
        return Line(text=self.text(), url=self.url(), note=self.text(), covered=self._random.random() < 0.3)

    def choice(self) -> Choice:
        line = self._random.choice(["why 1", "", "x" * 99, self.text()[:64]])
        return Choice(label=self.text(), line=line, emoji=self._random.choice(["", "🏁", "x", self.text()]))

    def post(self) -> Post:
        pick = self._random.choice
        return Post(
            locale=pick(["en", "de"]),
            title=self.text(),
            url=self.url(),
            summary=self.text(),
            badge=self.text(),
            label=self.text(),
            colour=pick([None, 0, 0xFFFFFF, 0x0099CC]),
            outlet=self.text(),
            also=self.many(10, lambda: Link(text=self.text(), url=self.url())),
            at=pick([None, NOW]),
            image_url=self.url(),
            image_text=self.text(),
            notes=self.many(4, self.text),
            choices=self.many(8, self.choice),
            covered=pick([True, False]),
            safe_title=self.text(),
            sections=self.many(3, lambda: Section(heading=self.text(), lines=self.many(12, self.line))),
            style=pick(["card", "card", "compact", "link"]),
            quiet=pick([True, False]),
            ping=pick(["", "123456789012345678", "user:123456789012345678"]),
        )


def texts(post: Post) -> str:
    return "\n".join(part["content"] for part in walk(cards.message(post)) if part["type"] == 10)


@given(st.integers(0, 2**32))
@QUICK
def test_any_post_becomes_a_message_that_discord_takes(seed: int) -> None:
    discord, post = Discord(), Hostile(seed).post()
    body = cards.payload(post)
    with suppress(Refusal):
        discord._check_body(json.loads(json.dumps(body)))
    assert discord.breaches == []
    assert count(body["components"]) <= 40 and length(body["components"]) <= 4000
    assert 1 <= utf16_length(cards.thread_name(post)) <= 100


@given(LONG)
@QUICK
def test_escaped_text_holds_no_mention_no_link_and_no_markup_at_a_line_start(text: str) -> None:
    shown = escape(text)
    assert not re.search(r"<[@#:/t]|@(everyone|here)|(?<!\\)[\[\]*_`|~]", re.sub(r"\\\\", "", shown))
    assert not re.search(r"^(?:#{1,3}|-#|>{1,3}|[-+]|\d+[.)])\s", shown, re.MULTILINE)
    assert not re.search(r"[A-Za-z]://", shown) and "\u202e" not in shown


@given(LONG, st.integers(0, 500))
@QUICK
def test_text_fits_after_it_is_escaped(text: str, most: int) -> None:
    assert utf16_length(fit(text, most)) <= most


def test_escaping_shows_a_reader_the_words_as_they_were() -> None:
    title = "Ferrari's *great* day: P1 & P2 [video] <3"
    assert read([{"type": 10, "content": escape(title)}]) == title


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "ftp://a.example/",
        "//a.example/x",
        "",
        "https://user:word@a.example/",
        "https://",
        "http://[::1]/",
    ],
)
def test_only_plain_web_addresses_become_links(url: str) -> None:
    assert safe_url(url) is None
    assert link("words", url, most=100) == "words"


def test_an_address_cannot_end_its_link_early() -> None:
    assert link("a", "https://a.example/x_(1) [b]", most=200) == "[a](https://a.example/x_%281%29%20%5Bb%5D)"


def test_an_address_mentions_nobody() -> None:
    assert "@" not in link("a", "https://a.example/@everyone/<@1>", most=200)


def test_a_card_shows_title_as_link_summary_outlet_and_time() -> None:
    card = cards.message(a_post())[0]
    assert card["accent_color"] == 0x0099CC
    shown = texts(a_post())
    assert "### [Toyota wins at Fuji](https://outlet.example/toyota-wins)" in shown
    assert "Ferrari came second." in shown
    assert f"Outlet · <t:{int(datetime(2026, 11, 22, 14, tzinfo=UTC).timestamp())}:R>" in shown
    assert "also: [Other](https://other.example/x)" in shown
    buttons = [part for part in walk([card]) if part["type"] == 2]
    assert (
        buttons[0]["url"] == "https://outlet.example/toyota-wins" and buttons[0]["label"] == "Read at Outlet"
    )


def test_a_picture_stands_beside_the_text_with_a_description() -> None:
    picture = next(part for part in walk(cards.message(a_post())) if part["type"] == 11)
    assert (
        picture["media"]["url"] == "https://outlet.example/toyota.jpg"
        and picture["description"] == "A car in the rain"
    )
    assert all(part["type"] != 11 for part in walk(cards.message(a_post(image_url="data:image/svg+xml,x"))))


def test_a_covered_result_is_under_a_cover_whole_and_the_clear_part_comes_first() -> None:
    post = a_post(covered=True, safe_title="Report from Fuji", choices=(Choice(label="Why?", line="why 1"),))
    clear, hidden = cards.message(post)
    assert hidden["type"] == 17 and hidden["spoiler"] is True
    assert "Report from Fuji" in clear["content"] and "Toyota" not in clear["content"]
    description: Any = next(part for part in walk([hidden]) if part["type"] == 11)
    assert "Toyota" not in description["description"] and description["spoiler"] is True
    assert "Toyota" not in cards.thread_name(post)


@pytest.mark.parametrize("style", ["card", "compact", "link"])
def test_every_style_covers(style: str) -> None:
    components = cards.message(a_post(covered=True, safe_title="Report", style=style))
    in_clear = [part for part in components if not part.get("spoiler")]
    assert "Toyota" not in json.dumps(in_clear)


def test_nobody_is_mentioned_but_who_is_to_be_pinged() -> None:
    assert cards.payload(a_post())["allowed_mentions"] == {"parse": [], "replied_user": False}
    body = cards.payload(a_post(ping="<@&123456789012345678>", title="<@&999456789012345678>"))
    assert body["allowed_mentions"]["roles"] == ["123456789012345678"]
    assert body["components"][0]["content"] == "<@&123456789012345678>"
    assert cards.edit_payload(a_post(ping="123456789012345678"))["allowed_mentions"]["parse"] == []
    assert "roles" not in cards.edit_payload(a_post(ping="123456789012345678"))["allowed_mentions"]


def test_a_quiet_post_makes_no_sound() -> None:
    assert cards.payload(a_post(quiet=True))["flags"] & 1 << 12
    assert not cards.payload(a_post())["flags"] & 1 << 12


def test_a_digest_that_is_too_long_says_how_many_lines_are_left_out() -> None:
    lines = tuple(
        Line(text=f"Story number {n} " + "x" * 60, url=f"https://a.example/{n}", note="Outlet")
        for n in range(80)
    )
    shown = texts(Post(title="Your digest", sections=(Section(heading="WEC", lines=lines),)))
    listed = shown.count("- [Story number")
    assert 10 < listed < 80 and f"and {80 - listed} more" in shown


def test_a_compact_post_has_no_read_button_and_a_link_post_is_one_line() -> None:
    assert all(part["type"] != 2 for part in walk(cards.message(a_post(style="compact"))))
    line = texts(a_post(style="link"))
    assert "\n" not in line and "**[Toyota wins at Fuji](https://outlet.example/toyota-wins)**" in line


def test_the_same_post_is_the_same_message_wherever_it_goes() -> None:
    assert json.dumps(cards.payload(a_post())) == json.dumps(cards.payload(a_post(reply_to="5")))
