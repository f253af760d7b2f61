"""The bot in a terminal: posts printed, commands typed, choices by number."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from adapters.console import ADDRESS, NAME, SPACE, create
from adapters.console.adapter import ConsoleAdapter
from adapters.console.paint import web_url
from bot.commands.desk import Desk
from bot.commands.menu import MENU
from bot.errors import DeliveryError
from bot.locale import LOCALES
from bot.locale.dates import ago
from bot.model import Choice, Destination, Document, Form, Line, Link, Picker, Post, Reply, Request, Section
from bot.ports import Answerer
from bot.series.catalog import load_catalog
from storage import Store

NOW = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
HERE = Destination(adapter=NAME, address=ADDRESS, space=SPACE, created_at=NOW)
POST = Post(
    title="Rules [bold]stay[/bold] until 2032",
    url="https://example.com/wec",
    summary="The organiser keeps the rules.",
    badge="🏁 WEC",
    label="Official",
    colour=0x0055AA,
    hashtag="WEC",
    outlet="Example Racing",
    also=(Link(text="Motor Example", url="https://example.org/1"),),
    at=NOW - timedelta(hours=2),
)


class Screen:
    """A terminal with nobody's eyes before it: what was printed is read as text."""

    def __init__(self, *, is_terminal: bool = False, source: int | None = None, locale: str = "en") -> None:
        self.file = io.StringIO()
        console = Console(file=self.file, force_terminal=is_terminal, width=100, highlight=False)
        self.adapter: ConsoleAdapter = create(
            clock=lambda: NOW, console=console, source=source, locale=locale
        )

    @property
    def text(self) -> str:
        return self.file.getvalue()


class Parrot:
    """Answers with what was prepared, and remembers what it was asked."""

    def __init__(self, **replies: Reply) -> None:
        self.replies = replies
        self.asked: list[Request] = []

    async def __call__(self, request: Request) -> Reply:
        self.asked.append(request)
        return self.replies.get(request.line, Reply(text=f"You said {request.line}"))

    @property
    def lines(self) -> list[str]:
        return [request.line for request in self.asked]


@contextlib.asynccontextmanager
async def typing(
    answer: Answerer | Parrot, **more: bool
) -> AsyncIterator[tuple[Screen, Callable[[str], None]]]:
    """A running console and a way to type into it."""
    reader, writer = os.pipe()
    screen = Screen(source=reader, **more)
    task = asyncio.create_task(screen.adapter.run(MENU, answer))  # type: ignore[arg-type]
    try:
        yield screen, lambda line: os.write(writer, line.encode() + b"\n") and None
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        os.close(writer)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.002)


# ── posts ──


async def test_a_post_says_what_and_who_and_when() -> None:
    screen = Screen()
    await screen.adapter.send(HERE, POST, key="1.1")
    for part in (
        "🏁 WEC",
        "Official",
        "Rules [bold]stay[/bold] until 2032",
        "The organiser keeps",
        "Example Racing",
    ):
        assert part in screen.text
    assert "2 h ago" in screen.text
    assert "also: Motor Example" in screen.text
    assert "https://example.com/wec" in screen.text  # a pipe has no links


async def test_a_terminal_gets_the_title_as_a_link() -> None:
    screen = Screen(is_terminal=True)
    await screen.adapter.send(HERE, POST, key="1.1")
    assert "]8;" in screen.text
    assert "https://example.com/wec\x1b\\" in screen.text


@pytest.mark.parametrize("is_terminal", [False, True])
async def test_a_covered_post_shows_nothing_of_the_result(is_terminal: bool) -> None:
    screen = Screen(is_terminal=is_terminal)
    post = replace(
        POST, title="Driver X wins", covered=True, safe_title="WEC: race report", url="https://e.com/x-wins"
    )
    await screen.adapter.send(HERE, post, key="1.1")
    await screen.adapter.edit(HERE, "1", post)
    assert "WEC: race report" in screen.text
    for part in ("Driver X", "The organiser keeps", "x-wins"):
        assert part not in screen.text


async def test_a_changed_story_is_one_line() -> None:
    screen = Screen()
    await screen.adapter.edit(HERE, "1", POST)
    assert screen.text.strip().count("\n") == 0
    assert "also: Motor Example" in screen.text


async def test_a_withdrawn_story_says_so_in_its_line() -> None:
    screen = Screen()
    await screen.adapter.edit(HERE, "1", replace(POST, notes=("Pit Gazette has taken this article down.",)))
    assert "taken this article down" in " ".join(screen.text.split())


@pytest.mark.parametrize("is_terminal", [False, True])
async def test_a_digest_covers_what_is_covered(is_terminal: bool) -> None:
    screen = Screen(is_terminal=is_terminal)
    lines = (
        Line(text="Free practice is over", note="Example", at=NOW),
        Line(text="X wins", url="https://e.com/x-wins", covered=True),
    )
    await screen.adapter.send(
        HERE, Post(title="Digest", sections=(Section(heading="WEC", lines=lines),)), key="1.1"
    )
    assert "Free practice is over" in screen.text
    assert "X wins" not in screen.text
    assert "x-wins" not in screen.text


@settings(max_examples=40, deadline=None)
@given(
    text=st.text(max_size=80)
    | st.sampled_from(["\x1b[2J\x1b]0;evil\x07", "[red]x[/red]", "\u202ex", "\ud83d"])
)
async def test_nothing_from_outside_commands_the_terminal(text: str) -> None:
    screen = Screen()
    post = Post(
        title=text, summary=text, outlet=text, badge=text, url=f"https://example.com/{text}", notes=(text,)
    )
    await screen.adapter.send(HERE, post, key="1.1")
    assert not {"\x1b", "\x07", "\u202e"} & set(screen.text)


async def test_a_closed_pipe_is_a_failed_delivery() -> None:
    screen = Screen()
    screen.file.close()
    with pytest.raises(DeliveryError):
        await screen.adapter.send(HERE, POST, key="1.1")


@pytest.mark.parametrize("locale", LOCALES)
def test_every_language_says_how_long_ago(locale: str) -> None:
    spans = [timedelta(), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1), timedelta(days=9)]
    said = [ago(locale, NOW - span, NOW) for span in spans]
    assert len(set(said)) == len(said)
    assert "9" in said[-1]


def test_only_web_addresses_become_links() -> None:
    assert web_url("https://example.com/x") == "https://example.com/x"
    assert web_url("javascript:alert(1)") == web_url("file:///etc/passwd") == web_url("https://") == ""


async def test_a_terminal_has_no_limits_and_is_always_there() -> None:
    screen = Screen()
    await screen.adapter.ready()
    assert screen.adapter.rates(HERE) == {}
    assert await screen.adapter.find(HERE, POST, key="1.1", since=NOW) is None
    assert await screen.adapter.check()
    await screen.adapter.close()


# ── commands ──


@pytest.mark.parametrize("name", [command.name for command in MENU])
async def test_every_command_is_answered(sqlite_store: Store, name: str) -> None:
    desk = Desk(sqlite_store, load_catalog(), lambda: NOW)
    async with typing(desk) as (screen, type_):
        type_(f"/{name}")
        await until(lambda: screen.text.strip())


async def test_a_line_is_a_command_with_or_without_its_slash() -> None:
    parrot = Parrot()
    async with typing(parrot) as (screen, type_):
        for line in ("/latest wec 3", "latest wec 3", "", "  "):
            type_(line)
        type_("end")
        await until(lambda: "You said end" in screen.text)
    assert parrot.lines == ["latest wec 3", "latest wec 3", "end"]
    request = parrot.asked[0]
    assert (request.address, request.space, request.is_private, request.may_manage) == (
        ADDRESS,
        SPACE,
        True,
        True,
    )


async def test_a_choice_is_taken_by_its_number() -> None:
    choices = (
        Choice(label="Site", url="https://example.com/"),
        Choice(label="Unfollow WEC", line="unfollow wec"),
    )
    parrot = Parrot(following=Reply(text="Followed", choices=choices))
    async with typing(parrot) as (screen, type_):
        type_("following")
        await until(lambda: "Unfollow WEC" in screen.text)
        assert "1 Unfollow WEC  /unfollow wec" in screen.text
        type_("1")
        await until(lambda: "You said unfollow wec" in screen.text)
        type_("9")
        await until(lambda: "You said 9" in screen.text)


async def test_some_of_many_are_chosen_by_their_numbers() -> None:
    options = tuple(Choice(label=name.upper(), line=name) for name in ("f1", "wec", "dtm"))
    picker = Picker(line="setup series", prompt="Which?", options=options, most=2)
    parrot = Parrot(
        setup=Reply(text="Setup", pickers=(picker,), choices=(Choice(label="Back", line="back"),))
    )
    async with typing(parrot) as (screen, type_):
        type_("setup")
        await until(lambda: "DTM" in screen.text)
        type_("2, 4")
        await until(lambda: "You said setup series f1 dtm" in screen.text)


async def test_a_question_is_answered_by_the_next_line_and_a_command_ends_it() -> None:
    form = Reply(
        form=Form(line="settings quiet", title="Quiet hours", prompt="From when to when?", value="off")
    )
    parrot = Parrot(quiet=form)
    async with typing(parrot) as (screen, type_):
        type_("quiet")
        await until(lambda: "From when to when?" in screen.text)
        type_("23:00-07:00")
        await until(lambda: "You said settings quiet 23:00-07:00" in screen.text)
        type_("quiet")
        type_("/latest")
        await until(lambda: "You said latest" in screen.text)
    assert parrot.lines == ["quiet", "settings quiet 23:00-07:00", "quiet", "latest"]


async def test_settings_go_out_as_text_and_come_in_as_a_file(tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    file.write_text('{"places": []}')
    parrot = Parrot(
        export=Reply(text="Here:", document=Document(name="settings.json", text='{\n  "places": 1\n}'))
    )
    async with typing(parrot) as (screen, type_):
        type_("export")
        await until(lambda: '"places": 1' in screen.text)
        type_(f"import {file}")
        type_("import nothing-there.json")
        await until(lambda: "nothing-there" in screen.text)
    assert parrot.asked[1].document == Document(name="settings.json", text='{"places": []}')
    assert parrot.asked[2].document is None


async def test_a_closed_input_ends_the_questions_and_not_the_posts(tmp_path: Path) -> None:
    source = os.open(tmp_path, os.O_RDONLY)  # a folder cannot be read at all
    screen = Screen(source=source)
    task = asyncio.create_task(screen.adapter.run(MENU, Parrot()))  # type: ignore[arg-type]
    done, _ = await asyncio.wait([task], timeout=0.05)
    assert not done
    await screen.adapter.send(HERE, POST, key="1.1")
    assert "WEC" in screen.text
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    os.close(source)


async def test_a_file_can_be_the_input(tmp_path: Path) -> None:
    script = tmp_path / "commands"
    script.write_bytes(b"latest\r\n\xff\xfe\nlast line without an end")
    parrot = Parrot()
    source = os.open(script, os.O_RDONLY)
    task = asyncio.create_task(Screen(source=source).adapter.run(MENU, parrot))  # type: ignore[arg-type]
    await until(lambda: len(parrot.asked) == 3)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    os.close(source)
    assert parrot.lines[0] == "latest"
    assert parrot.lines[2] == "last line without an end"


async def test_a_paste_without_end_is_cut() -> None:
    parrot = Parrot()
    async with typing(parrot) as (_, type_):
        type_("x" * 60_000)
        await until(lambda: parrot.asked)
    assert len(parrot.lines[0]) <= 8_192
