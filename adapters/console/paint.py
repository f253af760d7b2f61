"""How posts and answers look in a terminal. Text from outside becomes `Text`, never markup."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.segment import Segment
from rich.style import Style
from rich.text import Text

from bot.locale import say
from bot.locale.dates import ago
from bot.model import Choice, Form, Line, Picker, Post
from bot.text import tame, tame_lines

WIDEST = 100  # a comfortable line


@dataclass(frozen=True, slots=True)
class Barred:
    """Something with a coloured bar at its left: the card of a terminal."""

    inside: RenderableType
    style: Style

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw the bar before each line."""
        width = min(options.max_width, WIDEST) - 2
        for line in console.render_lines(self.inside, options.update(width=max(width, 20)), pad=False):
            yield Segment("▌ ", self.style)
            yield from line
            yield Segment.line()


def post(item: Post, *, now: datetime, plain: bool) -> RenderableType:
    """Draw a post. `plain` spells links out, for an output that is no terminal."""
    url = web_url(item.url)
    parts: list[RenderableType] = []
    if line := _badge(item):
        parts.append(line)
    title = tame(item.safe_title if item.covered else item.title)
    if title:
        parts.append(Text(title, Style(bold=True, link=url if url and not item.covered else None)))
    if item.covered:
        parts.append(Text(say(item.locale, "console.covered"), "italic"))
    elif item.summary:
        parts.append(Text(tame_lines(item.summary)))
    for section in item.sections:
        parts += _section(section.heading, section.lines, item.locale, now)
    parts += [Text(tame(note), "dim italic") for note in item.notes]
    if line := _source(item, now):
        parts.append(line)
    if plain and url and not item.covered:  # the address of a covered story may tell the result
        parts.append(Text(url, "dim"))
    return Group(Barred(Group(*parts), _colour(item.colour)), Text())


def update(item: Post) -> RenderableType:
    """Draw in a line that a story printed earlier has changed."""
    title = tame(item.safe_title if item.covered else item.title)
    url = "" if item.covered else web_url(item.url)
    line = Text.assemble(("↻ ", "dim"), (title, Style(dim=True, link=url or None)))
    outlets = [] if item.covered else [tame(source.text) for source in item.also]
    if outlets:
        line.append(f" · {say(item.locale, 'console.also', outlets=', '.join(outlets))}", "dim")
    for note in item.notes:
        line.append(f" · {tame(note)}", "dim italic")
    return line


def text(words: str) -> RenderableType:
    """Draw a plain answer; its line breaks stay."""
    return Text("\n".join(tame(line) for line in words.split("\n")))


def menu(choices: Sequence[Choice], *, plain: bool) -> list[RenderableType]:
    """Draw choices: a number to type, or the command line itself; links as links."""
    drawn: list[RenderableType] = []
    number = 0
    for choice in choices:
        label = tame(f"{choice.emoji} {choice.label}")
        if url := web_url(choice.url):
            drawn.append(
                Text.assemble("  ↗ ", (label, Style(link=url)), (f"  {url}" if plain else "", "dim"))
            )
        elif choice.line and not choice.disabled:
            number += 1
            drawn.append(
                Text.assemble(*_numbered(number, label, choice.chosen), (f"  /{tame(choice.line)}", "dim"))
            )
    return drawn


def is_numbered(choice: Choice) -> bool:
    """Tell whether a choice is taken by a number: it is a command, and no link."""
    return bool(choice.line) and not choice.url and not choice.disabled


def picker(asked: Picker, first: int, locale: str) -> list[RenderableType]:
    """Draw a question with its options numbered from `first`."""
    key = "console.pick_many" if asked.most > 1 else "console.pick_one"
    drawn: list[RenderableType] = [
        Text.assemble((tame(asked.prompt), "bold"), (f"  {say(locale, key)}", "dim"))
    ]
    for number, option in enumerate(asked.options, first):
        line = Text.assemble(*_numbered(number, tame(f"{option.emoji} {option.label}"), option.chosen))
        if option.hint:
            line.append(f"  {tame(option.hint)}", "dim")
        drawn.append(line)
    return drawn


def form(asked: Form, locale: str) -> RenderableType:
    """Draw a question whose answer is typed."""
    lines = Text.assemble((tame(asked.title), "bold"), "\n", tame(asked.prompt))
    if asked.value:
        lines.append(f"\n{say(locale, 'console.present', value=tame(asked.value))}", "dim")
    return lines


def web_url(url: str) -> str:
    """The address if a terminal may make a link of it, else ""."""
    url = tame(url)
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return url if parts.scheme in ("http", "https") and parts.hostname and " " not in url else ""


def _numbered(number: int, label: str, is_chosen: bool) -> Iterable[tuple[str, str]]:
    return (f"{number:>3} ", "bold cyan"), ("✓ " if is_chosen else "", "green"), (label, "")


def _badge(item: Post) -> Text | None:
    line = Text(tame(item.badge), Style(bold=True) + _colour(item.colour))
    if item.label:
        line.append(f"{'  ' if line else ''}{tame(item.label)}", "bold reverse" if not line else "italic")
    return line if line else None


def _section(heading: str, lines: Sequence[Line], locale: str, now: datetime) -> list[RenderableType]:
    drawn: list[RenderableType] = [Text(tame(heading), "bold")] if heading else []
    for line in lines:
        words = say(locale, "console.covered_line") if line.covered else tame(line.text)
        url = "" if line.covered else web_url(line.url)  # an address may tell the result
        one = Text.assemble("• ", (words, Style(link=url or None, italic=line.covered)))
        small = [tame(line.note), ago(locale, line.at, now) if line.at else ""]
        if any(small):
            one.append(f"  {' · '.join(filter(None, small))}", "dim")
        drawn.append(one)
    return drawn


def _source(item: Post, now: datetime) -> Text | None:
    parts = [tame(item.outlet), ago(item.locale, item.at, now) if item.at else ""]
    line = Text(" · ".join(filter(None, parts)), "dim")
    if item.also:
        names = Text(", ").join(
            Text(tame(one.text), Style(link=(not item.covered and web_url(one.url)) or None))
            for one in item.also
        )
        line.append(" · " if line else "").append(say(item.locale, "console.also", outlets=""))
        line.append_text(names)
    if item.hashtag:
        line.append(f"{'  ' if line else ''}#{tame(item.hashtag)}", "cyan")
    return line if line else None


def _colour(colour: int | None) -> Style:
    return Style(color=f"#{colour & 0xFFFFFF:06x}") if colour is not None else Style(dim=True)
