"""The pages that are made are up to date, and leave nothing out."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bot.commands.menu import MENU, SETTING_NAMES
from bot.config import setting_names
from bot.model import Command
from bot.series.catalog import load_catalog
from tools.docs.__main__ import broken_links, made, stale
from tools.docs.pages import PAGES
from tools.docs.pictures import pictures

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def in_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def names(commands: tuple[Command, ...]) -> set[str]:
    return {one.name for command in commands if not command.hidden for one in (command, *command.subcommands)}


def test_pages_and_pictures_are_what_the_code_makes_of_them() -> None:
    assert [*stale(made()), *broken_links()] == []


def test_the_reference_leaves_no_command_setting_or_series_out() -> None:
    commands, settings, series = (PAGES[name]() for name in ("commands.md", "settings.md", "series.md"))
    assert names(MENU) <= set(re.findall(r"`/(\w+)", commands))
    assert set(SETTING_NAMES) <= set(re.findall(r"^\| `([\w-]+)` \|", commands, re.MULTILINE))
    assert set(setting_names()) == set(re.findall(r"^\| `(\w+)` \|", settings, re.MULTILINE))
    assert set(load_catalog().series) == set(re.findall(r"^\| `([\w-]+)` \|", series, re.MULTILINE))


def test_the_readme_names_every_command() -> None:
    assert names(MENU) <= set(re.findall(r"`/(\w+)", (ROOT / "README.md").read_text("utf-8")))


def test_a_picture_of_a_covered_result_does_not_hold_it() -> None:
    shown = pictures()
    for name, picture in shown.items():
        text = "".join(ElementTree.fromstring(picture).itertext())
        assert ("Corvino" in text) is name.endswith(("-post.svg", "terminal.svg"))
        assert "http" not in re.sub(r"http://www\.w3\.org/\S+", "", picture)


def test_every_picture_is_shown_on_a_page() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    written = "".join(page.read_text("utf-8") for page in pages)
    assert all(name in written for name in pictures())
