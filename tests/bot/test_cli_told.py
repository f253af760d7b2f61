"""What `pitwire explain` and `pitwire stories` say of merging."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from bot.cli import explain  # noqa: F401 - registers its commands
from bot.cli.root import app
from bot.cli.show import show_reading
from bot.cli.told import told, told_at
from storage import open_store
from tests.bot.stories.newsroom import article, read_it
from tests.racing import publish, source, story

KEPT = "merge.minutes|38|Ferrari, Hamilton, Monza, merge.act.penalty"
REASON = "Ferrari, Hamilton, Monza, penalty; 38 minutes apart"


async def test_explain_knows_the_story_of_an_article_by_any_spelling_of_its_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path}/told.sqlite3"
    monkeypatch.setenv("PITWIRE_DATABASE_URL", url)
    merged = story(sources=[source("A Post"), source("B Post", withdrawn=True)], reasons=(KEPT,))
    store = await open_store(url)
    kept = await publish(store, merged)
    await store.close()
    found = await told_at(f"{kept.sources[1].url}?utm_source=rss")
    assert found is not None
    assert told(found)["reasons"] == [REASON]
    assert [(one["outlet"], one["withdrawn"]) for one in told(found)["outlets"]] == [
        ("A Post", False),
        ("B Post", True),
    ]
    shown = io.StringIO()
    of = article("Hamilton penalised at Monza")
    show_reading(of, read_it(of), found, Console(file=shown, width=120))
    assert REASON in shown.getvalue()
    assert "B Post (taken down)" in shown.getvalue()


async def test_without_a_store_explain_makes_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PITWIRE_DATABASE_URL", f"sqlite:///{tmp_path}/none.sqlite3")
    assert await told_at("https://a.example/1") is None
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("more", [(), ("--reasons",)])
def test_stories_give_their_number_and_on_request_the_reason(more: tuple[str, ...]) -> None:
    lines = [
        {
            "id": n,
            "title": f"Hamilton wins the British Grand Prix at Silverstone{end}",
            "source": f"Outlet {n}",
        }
        for n, end in enumerate(("", " for Ferrari"))
    ]
    shown = (
        CliRunner().invoke(app, ["stories", "--jsonl", *more], input="\n".join(map(json.dumps, lines))).stdout
    )
    first, second = (json.loads(line) for line in shown.splitlines())
    assert (first["id"], second["id"], first["story"]) == (0, 1, second["story"])
    assert ("Hamilton" in second.get("reason", "")) is bool(more)
    assert set(first) == ({"id", "story", "reason", "parent"} if more else {"id", "story"})
