"""The command line as a person meets it: exit codes, one sentence for what is wrong, the demo."""

from __future__ import annotations

import http.server
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

WEEKEND = "Corvino"  # the outlet that is read first tells it, in its language
FEED = """<?xml version="1.0"?><rss version="2.0"><channel><title>Invented</title>
<item><title>First</title><link>https://example.org/1</link><guid>g1</guid><pubDate>Fri, 05 Nov 2021 13:46:00 GMT</pubDate></item>
<item><title>Second</title><link>https://example.org/2</link><guid>g2</guid></item></channel></rss>"""


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """The environment of somebody who has just installed Pitwire."""
    kept = {name: value for name, value in os.environ.items() if not name.upper().startswith("PITWIRE_")}
    return {
        **kept,
        "HOME": str(tmp_path),
        "XDG_DATA_HOME": str(tmp_path / "data"),
        "PITWIRE_SECRETS_DIR": str(tmp_path / "none"),
    }


def pitwire(
    home: dict[str, str], *arguments: str, given: str | None = None, timeout: float = 30, **settings: str
) -> subprocess.CompletedProcess[str]:
    """Run the command in that home."""
    return subprocess.run(
        [sys.executable, "-m", "bot", *arguments],
        env={**home, **settings, "PYTHONPATH": str(Path(__file__).parents[2])},
        cwd=home["HOME"],
        input=given,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


@pytest.mark.parametrize(
    "command",
    [
        (),
        ("run",),
        ("demo",),
        ("check",),
        ("explain",),
        ("feeds",),
        ("feeds", "add"),
        ("db",),
        ("db", "copy"),
    ],
)
def test_every_command_explains_itself(command: tuple[str, ...]) -> None:
    from bot.cli import database, explain, feeds, run  # noqa: F401 - each registers its commands
    from bot.cli.root import app

    shown = CliRunner().invoke(app, [*command, "--help"])
    assert shown.exit_code == 0
    assert "Usage" in shown.output


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"PITWIRE_POLL__INTERVAL": "often"}, "PITWIRE_POLL__INTERVAL"),
        ({"PITWIRE_DATABASE_URL": "mysql://x"}, "PITWIRE_DATABASE_URL"),
        ({"PITWIRE_DATABASE_URL": "sqlite:////proc/nowhere/x.db"}, "/proc/nowhere"),
        ({"PITWIRE_FEEDS": "missing.toml"}, "missing.toml"),
    ],
)
def test_a_wrong_setting_is_one_sentence_and_exit_code_2(
    home: dict[str, str], settings: dict[str, str], words: str
) -> None:
    ended = pitwire(home, "run", **settings)
    assert ended.returncode == 2
    assert words in ended.stderr
    assert "Traceback" not in ended.stderr
    assert sum(line.startswith("pitwire: ") for line in ended.stderr.splitlines()) == 1


def test_the_demo_plays_a_weekend_ends_by_itself_and_leaves_nothing(
    home: dict[str, str], tmp_path: Path
) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    played = pitwire(home, "demo", "--once", TMPDIR=str(folder))
    assert played.returncode == 0, played.stderr
    assert WEEKEND in played.stdout
    assert "Brandão holt in São Paulo" in played.stdout or "Brandão takes home pole" in played.stdout
    assert "Langer Stau auf der A7" not in played.stdout  # a road car is no motorsport
    assert list(folder.iterdir()) == []
    assert not (tmp_path / "data").exists()


def test_run_ends_in_order_on_sigterm(home: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "feeds.toml").write_text("", encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "run"],
        env={
            **home,
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "PITWIRE_FEEDS": "feeds.toml",
            "PITWIRE_LOG__LEVEL": "info",
        },
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    assert "PITWIRE_DISCORD__TOKEN" in process.stderr.readline()
    deadline = time.monotonic() + 10
    while not list(tmp_path.rglob("pitwire.sqlite3")) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=10) == 0


def test_explain_reads_json_lines_in_order_and_leaves_out_what_is_none(home: dict[str, str]) -> None:
    lines = [
        json.dumps({"id": "a", "title": "Pole for Lindqvist in Formula 1 qualifying at Monza", "lang": "en"}),
        "not json",
        json.dumps({"id": "b", "title": "Langer Stau auf der A7", "lang": "de"}),
    ]
    shown = pitwire(home, "explain", "--jsonl", given="\n".join(lines))
    assert shown.returncode == 0
    first, second = (json.loads(line) for line in shown.stdout.splitlines())
    assert (first["id"], second["id"]) == ("a", "b")
    assert first["primary"] == "f1"
    assert second["series"] == []
    assert "line 2 is not a JSON object" in shown.stderr


def test_feeds_show_reads_a_file_as_the_contract_says(home: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "feed.xml").write_text(FEED, encoding="utf-8")
    shown = json.loads(pitwire(home, "feeds", "show", "feed.xml", "--json").stdout)
    assert shown["title"] == "Invented"
    assert [entry["guid"] for entry in shown["entries"]] == ["g1", "g2"]
    assert set(shown["entries"][0]) == {
        "guid",
        "url",
        "title",
        "standfirst",
        "author",
        "published",
        "image_url",
    }


def test_feeds_go_out_as_opml_and_come_back(home: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "feeds.toml").write_text(
        '[[feed]]\nurl = "https://example.org/rss"\noutlet = "Invented"\nlanguage = "en"\n', encoding="utf-8"
    )
    assert pitwire(home, "feeds", "export", "out.opml", PITWIRE_FEEDS="feeds.toml").returncode == 0
    (tmp_path / "none.toml").write_text("", encoding="utf-8")
    other = {**home, "XDG_DATA_HOME": str(tmp_path / "other"), "PITWIRE_FEEDS": "none.toml"}
    assert "1 added" in pitwire(other, "feeds", "import", "out.opml").stdout
    listed = json.loads(pitwire(other, "feeds", "list", "--json").stdout)
    assert [(feed["url"], feed["outlet"]) for feed in listed] == [("https://example.org/rss", "Invented")]


@pytest.fixture
def site() -> Iterator[str]:
    """A site of one feed, one of two, one of none; what it writes is meant for terminals that obey."""
    feed = FEED.replace("Invented", "Invented [bold]").encode()
    hostile = {"version": "https://jsonfeed.org/version/1.1", "title": "\x1b[31mRed\x9b2J\u202e", "items": []}
    answers = {
        "/feed": feed,
        "/hostile": json.dumps(hostile, ensure_ascii=False).encode(),
        "/one": b'<html><link rel="alternate" type="application/rss+xml" href="/feed">',
        "/two": b'<html><link rel="alternate" type="application/rss+xml" href="/feed">'
        b'<link rel="alternate" type="application/rss+xml" href="/other">',
        "/other": feed,
        "/none": b"<html>hello",
    }

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = answers.get(self.path)
            self.send_response(200 if body else 404)
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_: object) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def near(home: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """A home that reads what is on loopback, and nothing by itself."""
    (tmp_path / "none.toml").write_text("", encoding="utf-8")
    gap = {"PITWIRE_POLL__HOST_GAP": "0", "PITWIRE_FEEDS": "none.toml"}
    return {**home, **gap, "PITWIRE_HTTP__ALLOW_NETWORKS": '["127.0.0.0/8"]'}


def test_a_feed_is_added_by_its_address_or_its_sites_and_known_ever_after(
    near: dict[str, str], site: str
) -> None:
    added = pitwire(near, "feeds", "add", f"{site}/one")
    assert (added.returncode, added.stdout) == (0, f"added: Invented [bold] · {site}/feed\n")
    assert pitwire(near, "feeds", "add", f"{site}/feed").stdout.startswith("known already: Invented")
    shown = pitwire(near, "feeds", "list", COLUMNS="80").stdout
    assert "… Invented [bold] (–): not read yet" in shown
    assert f"{site}/feed" in shown


@pytest.mark.parametrize(
    ("command", "path", "words"),
    [
        ("add", "/none", "web page, not a feed. It names no feed"),
        ("add", "/two", "offers several feeds"),
        ("add", "/gone", "no feed at this address"),
        ("show", "/none", "web page, not a feed"),
        ("show", "/one", "The site names this feed instead: "),
    ],
)
def test_what_is_no_feed_is_one_sentence_and_exit_code_1(
    near: dict[str, str], site: str, command: str, path: str, words: str
) -> None:
    ended = pitwire(near, "feeds", command, site + path)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert words in ended.stderr
    assert len(ended.stderr.splitlines()) == 1
    assert pitwire(near, "feeds", "list", "--json").stdout.strip() == "[]"


def test_no_terminal_obeys_a_feed(near: dict[str, str], site: str) -> None:
    shown = pitwire(near, "feeds", "show", f"{site}/hostile", "--json").stdout
    assert json.loads(shown)["title"] == "\x1b[31mRed\x9b2J\u202e"
    printed = [shown, pitwire(near, "feeds", "show", f"{site}/hostile").stdout]
    printed += [pitwire(near, "feeds", *words).stdout for words in (("add", f"{site}/hostile"), ("list",))]
    for text in printed:
        assert not set("\x1b\x9b\u202e") & set(text)


def test_the_database_says_where_it_is_and_is_backed_up(home: dict[str, str], tmp_path: Path) -> None:
    assert pitwire(home, "db", "upgrade").returncode == 0
    assert Path(pitwire(home, "db", "path").stdout.strip()).exists()
    assert pitwire(home, "db", "backup", str(tmp_path / "copy.sqlite3")).returncode == 0
    assert (tmp_path / "copy.sqlite3").stat().st_size > 0
