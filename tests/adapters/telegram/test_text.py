"""Whatever a feed writes, a message holds valid entities within the limits, and a cover covers."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from telegram import InlineKeyboardMarkup

from adapters.telegram.answers import message_of, question_of
from adapters.telegram.inline import cards_of
from adapters.telegram.keyboard import Vault, end_of, keyboard, line_of, option_of, picked, toggled
from adapters.telegram.render import CAPTION, TEXT, Message, plain, render, write
from adapters.telegram.rich import Rich, clean, web_url
from bot.model import Choice, Form, Line, Link, Picker, Post, Reply, Section
from bot.text import utf16_length
from tests.adapters.telegram.conftest import a_post

NASTY = (
    "<b>&amp;</b> _*[x](javascript:1)`",
    "🏳️‍🌈👨‍👩‍👧‍👦🇩🇪🇫🇷",
    "\u202eRTL\u202c \u200f\u0000\u0007\u001b[31m",
    "@everyone @channel /follow@pitwire_bot #f1 https://evil.example",
    "e\u0301\u0301\u0301",
    "\ud83d",
    "\n\n\n",
    "😀" * 300,
    "Verstappen wins the race. " * 200,
)
texts = st.one_of(
    st.text(max_size=60), st.sampled_from(NASTY), st.lists(st.sampled_from(NASTY), max_size=4).map("".join)
)
urls = st.one_of(
    st.sampled_from(
        [
            "",
            "https://example.com/a?b=c d",
            "javascript:alert(1)",
            "http://localhost/",
            "https://[::1]/",
            "//x",
        ]
    ),
    st.text(max_size=20).map(lambda text: f"https://example.com/{text}"),
    texts,
)
times = st.one_of(st.none(), st.datetimes(datetime(1990, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC)))
lines = st.builds(Line, text=texts, url=urls, note=texts, at=times, covered=st.booleans())
choices = st.builds(
    Choice, label=texts, line=st.text("abc é:", max_size=64), url=urls, emoji=st.sampled_from(["", "🏁"])
)
posts = st.builds(
    Post,
    title=texts,
    url=urls,
    summary=texts,
    badge=texts,
    label=texts,
    hashtag=texts,
    outlet=texts,
    also=st.lists(st.builds(Link, text=texts, url=urls), max_size=14).map(tuple),
    at=times,
    image_url=st.one_of(st.none(), urls),
    notes=st.lists(texts, max_size=6).map(tuple),
    sections=st.lists(
        st.builds(Section, heading=texts, lines=st.lists(lines, max_size=40).map(tuple)), max_size=3
    ).map(tuple),
    choices=st.lists(choices, max_size=6).map(tuple),
    covered=st.booleans(),
    safe_title=texts,
    style=st.sampled_from(["card", "compact", "link"]),
    ping=st.sampled_from(["", "123", "@someone", "@x<"]),
)


def check(rich: Rich, most: int) -> None:
    text = rich.text
    text.encode()  # no half characters
    assert text == text.strip()
    assert 0 < utf16_length(text) <= most
    assert utf16_length(text) == rich.length
    encoded = text.encode("utf-16-le")
    entities = rich.entities()
    assert len(entities) <= 100
    for entity in entities:
        assert 0 <= entity.offset < entity.offset + entity.length <= rich.length
        encoded[2 * entity.offset : 2 * (entity.offset + entity.length)].decode("utf-16-le")
        if entity.url:
            assert web_url(entity.url) == entity.url


def check_markup(message: Message) -> None:
    for row in message.markup.inline_keyboard if message.markup else ():
        for button in row:
            assert button.text.strip()
            if button.url:
                assert web_url(button.url) == button.url
            else:
                assert 1 <= len(str(button.callback_data).encode()) <= 64


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(post=posts)
def test_any_post_keeps_the_limits_and_has_valid_entities(post: Post) -> None:
    message = render(post, Vault())
    check(message.rich, CAPTION if message.photo else TEXT)
    check(plain(message, post).rich, TEXT)
    check_markup(message)
    if post.covered:
        assert message.preview.is_disabled


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(found=st.lists(posts, min_size=1, max_size=5), text=texts, more=st.lists(choices, max_size=40))
def test_any_answer_fits_one_message(found: list[Post], text: str, more: list[Choice]) -> None:
    message = message_of(Reply(text=text, posts=tuple(found), choices=tuple(more)), Vault())
    check(message.rich, TEXT)
    check_markup(message)
    cards = cards_of(Reply(posts=tuple(found)), Vault())
    assert len({card.id for card in cards}) == len(cards)
    assert all(card.title.strip() and len(card.id.encode()) <= 64 for card in cards)


@settings(max_examples=20, deadline=None)
@given(
    form=st.builds(
        Form, line=st.text("ab c", min_size=1, max_size=60), title=texts, prompt=texts, value=texts
    )
)
def test_any_question_can_be_asked(form: Form) -> None:
    rich, force = question_of(form, "en", user=7, name="<Anna>")
    check(rich.clipped(TEXT), TEXT)
    assert len(force.input_field_placeholder or "") <= 64


@settings(max_examples=20, deadline=None)
@given(
    title=st.text("abcdefgh ", min_size=20, max_size=200).filter(lambda text: len(text.split()) > 2),
    summary=st.text("ijklmnop .", min_size=20, max_size=600).filter(lambda text: len(text.split()) > 2),
)
def test_a_covered_post_shows_nothing_of_the_result_in_clear(title: str, summary: str) -> None:
    post = a_post(title=title, summary=summary, covered=True, safe_title="WEC: RACE", also=())
    for room_text in (write(post), render(post, Vault()).rich):
        text = room_text.text
        covers = [entity for entity in room_text.entities() if entity.type == "spoiler"]
        clear = list(text)
        for entity in covers:
            clear[entity.offset : entity.offset + entity.length] = "█" * entity.length
        seen = "".join(clear)
        assert "WEC: RACE" in seen
        assert clean(title)[:10] not in seen
        assert clean(summary)[:10] not in seen
        outside = [e for e in room_text.entities() if e.url and not any(_within(e, c) for c in covers)]
        assert outside == []  # an address can tell the result, too


def _within(entity: Any, cover: Any) -> bool:
    return cover.offset <= entity.offset and entity.offset + entity.length <= cover.offset + cover.length


def test_a_post_reads_well() -> None:
    assert write(a_post()).text == (
        "🏁 WEC · Official\n"
        "Hypercar rules stay until 2032\n"
        "The organiser keeps the rules for five more years. Teams had asked for it.\n\n"
        "also: Motor Example\n"
        "Example Racing · 2026-11-22 13:00 UTC · #WEC"
    )
    kinds = {(entity.type, entity.url) for entity in write(a_post()).entities()}
    assert ("text_link", "https://example.com/wec/rules") in kinds
    assert ("text_link", "https://example.org/1") in kinds


def test_the_picture_is_a_large_preview_above_the_text_and_nothing_is_uploaded() -> None:
    message = render(a_post(), Vault())
    assert message.photo is None
    assert message.preview.url == "https://example.com/picture.jpg"
    assert message.preview.prefer_large_media
    assert message.preview.show_above_text


def test_a_compact_post_is_its_title_and_source() -> None:
    post = a_post(style="compact")
    assert post.summary not in write(post).text
    assert render(post, Vault()).preview.is_disabled


def test_a_digest_that_is_too_long_says_how_much_was_left_out() -> None:
    lines = tuple(Line(text=f"Story {n} " + "word " * 30, url="https://example.com/") for n in range(60))
    text = write(Post(title="Digest", sections=(Section(heading="WEC", lines=lines),))).text
    shown = text.count("•")
    assert text.endswith(f"and {60 - shown} more stories")


def test_mentions_and_commands_of_a_feed_are_dead() -> None:
    text = clean("Ask @everyone or /follow f1 at 24/7 by mail to a@b.example")
    assert not re.search(r"(?<!\w)@\w", text)
    assert not re.search(r"(?<![\w/])/\w", text)
    assert "24/7" in text
    assert "a@b.example" in text


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("https://example.com", "https://example.com/"),
        ("HTTPS://Example.COM/Ä b?q=ö#x", "https://example.com/%C3%84%20b?q=%C3%B6#x"),
        ("https://bücher.example/", "https://bücher.example/"),
        ("https://example.com:8443/x", "https://example.com:8443/x"),
        ("https://example.com/%C3%A4", "https://example.com/%C3%A4"),
        ("ftp://example.com/", None),
        ("https://user:secret@example.com/", None),
        ("https://example.com:99999/", None),
        ("https://localhost/", None),
        ("https://exa mple.com/", None),
        ("tg://user?id=1", None),
        ("https://example.com/" + "x" * 3000, None),
    ],
)
def test_only_addresses_that_telegram_links_become_links(given: str, expected: str | None) -> None:
    assert web_url(given) == expected


# ── buttons ──


@given(line=st.text("abc é-", min_size=1, max_size=200).map(str.strip).filter(bool))
def test_a_button_carries_its_line_however_long(line: str) -> None:
    vault = Vault()
    markup = keyboard([Choice(label="x", line=line)], vault=vault)
    assert markup
    data = str(markup.inline_keyboard[0][0].callback_data)
    assert line_of(vault.unpack(data) or "") == line


@given(data=st.text(max_size=64))
def test_forged_data_is_nothing_or_a_line_that_could_be_typed(data: str) -> None:
    vault = Vault()
    unpacked = vault.unpack(data) or ""
    option_of(unpacked)
    end_of(unpacked)
    line = line_of(unpacked)
    assert line is None or data == f"1{line}"


def _pickers() -> tuple[Picker, ...]:
    options = tuple(
        Choice(label=name.upper(), line=name, chosen=name == "f1") for name in ("f1", "wec", "dtm")
    )
    return (Picker(line="setup series", prompt="Which?", options=options, least=1, most=2),)


def test_a_picker_keeps_what_is_chosen_in_its_buttons() -> None:
    vault = Vault()
    markup = keyboard((), _pickers(), vault=vault)
    assert markup
    after = toggled(markup, "20-dtm", vault)
    assert after
    end = end_of("301-2 setup series")
    assert end
    assert picked(after, end, vault) == ("f1", "dtm")
    assert _labels(after)[:3] == ["✅ F1", "WEC", "✅ DTM"]


def test_a_covered_story_among_several_opens_from_under_its_cover() -> None:
    covered = a_post(covered=True, safe_title="WEC: race report", also=())
    alone = message_of(Reply(posts=(covered,)), Vault())
    assert not any(entity.url for entity in alone.rich.entities())
    several = message_of(Reply(posts=(covered, covered)), Vault())
    entities = several.rich.entities()
    spoilers = [entity for entity in entities if entity.type == "spoiler"]
    links = [entity for entity in entities if entity.url]
    assert len(links) == len(spoilers) == 2
    for spoiler, link in zip(spoilers, links, strict=True):
        assert spoiler.offset <= link.offset
        assert link.offset + link.length <= spoiler.offset + spoiler.length
    assert several.preview.is_disabled


def test_a_question_that_is_the_heading_is_not_asked_twice() -> None:
    heading = Reply(text="✓ Saved.\nWhich?\nOne of three.", pickers=_pickers())
    assert message_of(heading, Vault()).rich.text == heading.text
    other = replace(heading, text="Series")
    assert message_of(other, Vault()).rich.text == "Series\n\nWhich?"


def test_no_more_can_be_chosen_than_a_picker_allows() -> None:
    vault = Vault()
    markup = keyboard((), _pickers(), vault=vault)
    assert markup
    after = toggled(markup, "20-dtm", vault)
    assert after
    assert toggled(after, "20-wec", vault) is None


def test_an_option_that_the_message_does_not_have_changes_nothing() -> None:
    vault = Vault()
    markup = keyboard((), _pickers(), vault=vault)
    assert markup
    assert toggled(markup, "20-bogus", vault) is None


def test_choosing_one_of_many_is_one_press() -> None:
    one = replace(_pickers()[0], most=1)
    markup = keyboard((), (one,), vault=Vault())
    assert markup
    assert [b.callback_data for row in markup.inline_keyboard for b in row] == [
        "1setup series f1",
        "1setup series wec",
        "1setup series dtm",
    ]


def test_a_hundred_buttons_are_the_most() -> None:
    markup = keyboard([Choice(label=f"b{n}", line=f"help {n}") for n in range(300)], vault=Vault())
    assert markup
    assert len(_labels(markup)) <= 100


def _labels(markup: InlineKeyboardMarkup) -> list[str]:
    return [button.text for row in markup.inline_keyboard for button in row]
