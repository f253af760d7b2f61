"""Pages are read politely, and a site's address leads to its feeds."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
from aiohttp import web

from bot.errors import FetchError
from bot.feeds import discovery, health
from bot.feeds.client import Client
from bot.feeds.discovery import address_of, discover, named_in
from bot.feeds.pages import Pages
from bot.feeds.robots import read_robots
from bot.feeds.trouble import in_english
from bot.model import Feed
from tests.loopback.outlets import Item, Outlets, rss

HTML = {"Content-Type": "text/html; charset=utf-8"}
ROBOTS = """
# for everybody
User-agent: *
Disallow: /private/
Allow: /private/open
Disallow: /*.pdf$
Disallow: /search?q=

User-agent: BadBot
User-agent: Other
Disallow: /
"""


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/", True),
        ("/news/a", True),
        ("/private/a", False),
        ("/private/open/a", True),
        ("/PRIVATE/a", True),
        ("/%70rivate/a", False),
        ("/doc.pdf", False),
        ("/doc.pdf?page=1", True),
        ("/search?q=x", False),
        ("/search", True),
    ],
)
def test_robots_txt_decides_by_its_longest_rule(path: str, allowed: bool) -> None:
    assert read_robots(ROBOTS).allows("https://x.example" + path) is allowed


def test_the_group_that_names_us_is_ours_alone() -> None:
    rules = read_robots("User-agent: *\nDisallow: /\n\nUser-agent: Pitwire\nDisallow: /live\n")
    assert rules.allows("https://x.example/news")
    assert not rules.allows("https://x.example/live")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<html>no robots here",
        "Disallow: /",
        "User-agent: *\nDisallow:",
        "\ufeffUser-agent: a\nDisallow: /",
    ],
)
def test_what_says_nothing_to_us_forbids_nothing(text: str) -> None:
    assert read_robots(text).allows("https://x.example/news")


def test_a_pattern_cannot_take_for_ever() -> None:
    assert read_robots("User-agent: *\nDisallow: /" + "*a" * 900 + "$").allows(
        "https://x.example/" + "a" * 3000 + "b"
    )


async def test_a_page_is_read_once_and_its_robots_txt_too(client: Client, outlets: Outlets) -> None:
    pages = Pages(client)
    url = outlets.put("/a", b"<p>text", headers=HTML)
    other = outlets.put("/b", b"<p>more", headers=HTML)
    assert [await pages.page_of(each) for each in (url, url, other)] == ["<p>text", "<p>text", "<p>more"]
    assert outlets.paths() == ["/robots.txt", "/a", "/b"]
    assert await pages.page_of(url, anew=True) == "<p>text"
    assert outlets.paths()[-1] == "/a"


async def test_a_forbidden_page_is_not_asked_for(client: Client, outlets: Outlets) -> None:
    outlets.put("/robots.txt", b"User-agent: *\nDisallow: /")
    outlets.put("/a", b"<p>text", headers=HTML)
    assert await Pages(client).page_of(outlets.url + "/a") is None
    assert outlets.paths() == ["/robots.txt"]


async def test_a_site_in_trouble_is_left_alone(client: Client, outlets: Outlets) -> None:
    outlets.put("/robots.txt", b"", status=503)
    outlets.put("/a", b"<p>text", headers=HTML)
    assert await Pages(client).page_of(outlets.url + "/a") is None


@pytest.mark.parametrize(
    ("status", "kind"), [(404, "text/html"), (200, "application/pdf"), (200, "video/mp4")]
)
async def test_what_is_no_page_is_nothing(client: Client, outlets: Outlets, status: int, kind: str) -> None:
    url = outlets.put("/a", b"x", status=status, headers={"Content-Type": kind})
    assert await Pages(client).page_of(url) is None


# ── discovery ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        ("x.example/news", "https://x.example/news"),
        (" <https://x.example> ", "https://x.example"),
        ("feed://x.example/rss", "https://x.example/rss"),
        ("feed:https://x.example/rss", "https://x.example/rss"),
        ("r/formula1", "https://www.reddit.com/r/formula1/.rss"),
        ("https://old.reddit.com/r/WEC/", "https://www.reddit.com/r/WEC/.rss"),
        ("https://x.example/ra\n cing/rss", "https://x.example/racing/rss"),
        ("Try this one: https://x.example/rss, please", "https://x.example/rss"),
        ("@racing@social.example", "https://social.example/@racing"),
        (
            "https://www.youtube.com/channel/UCB_qr75-ydFVKSF9Dmo6izg/videos",
            "https://www.youtube.com/feeds/videos.xml?channel_id=UCB_qr75-ydFVKSF9Dmo6izg",
        ),
        (
            "https://www.youtube.com/playlist?list=PLfoNZDHitwjV0",
            "https://www.youtube.com/feeds/videos.xml?playlist_id=PLfoNZDHitwjV0",
        ),
    ],
)
def test_what_people_type_becomes_an_address(typed: str, url: str) -> None:
    assert address_of(typed) == url


def test_words_without_an_address_are_said_so() -> None:
    with pytest.raises(FetchError, match="cannot be read as a URL"):
        address_of("all the news about rallying")


def test_a_page_names_its_feeds_those_for_comments_last() -> None:
    html = """<html><head><base href="https://cdn.example/base/">
      <link rel="alternate" type="application/rss+xml" href="/comments/feed/">
      <link rel="ALTERNATE" type="application/atom+xml; charset=utf-8" href="atom">
      <link rel="alternate" hreflang="de" href="/de"><link rel="alternate stylesheet" type="text/css" href="/x.css"></head>
      <body><a href="https://x.example/rss/f1">F1</a><a href="/subscribe">RSS</a><a href="javascript:feed()">RSS</a></body></html>"""
    assert named_in(html, "https://x.example/") == [
        "https://cdn.example/base/atom",
        "https://x.example/rss/f1",
        "https://cdn.example/subscribe",
        "https://cdn.example/comments/feed/",
    ]


def test_a_youtube_page_names_its_channel() -> None:
    page = '<html><script>{"externalId":"UCB_qr75-ydFVKSF9Dmo6izg"}</script></html>'
    assert named_in(page, "https://www.youtube.com/@F1") == [
        "https://www.youtube.com/feeds/videos.xml?channel_id=UCB_qr75-ydFVKSF9Dmo6izg"
    ]


def test_of_the_channels_on_a_youtube_page_its_own_is_taken() -> None:
    other, own = "UC" + "o" * 22, "UCB_qr75-ydFVKSF9Dmo6izg"
    page = f'<html><a href="/channel/{other}"></a>{{"channelId":"{other}"}}{{"externalId":"{own}"}}</html>'
    (found,) = named_in(page, "https://www.youtube.com/@F1")
    assert found.endswith(own)
    assert named_in(page, "https://notyoutube.com/@F1") == []


def test_addresses_that_are_none_are_passed_over() -> None:
    html = """<html><head><base href="http://[x"><link rel="alternate" type="application/rss+xml" href="http://[y">
      <link rel="alternate" type="application/rss+xml" href="/rss"></head><body><a href="http://[z">RSS</a></body></html>"""
    assert named_in(html, "https://x.example/") == ["https://x.example/rss"]


async def test_without_a_scheme_a_site_that_knows_no_https_is_asked_by_http(
    client: Client, outlets: Outlets
) -> None:
    url = outlets.put("/rss", rss(Item(title="a", guid="1")))
    assert [found.url for found in await discover(client, url.removeprefix("http://"))] == [url]
    with pytest.raises(FetchError):
        await discover(client, url.replace("http:", "https:"))


async def test_looking_ends_in_time_with_what_was_found(client: Client, outlets: Outlets) -> None:
    async def silent(_: web.BaseRequest) -> web.StreamResponse:
        await asyncio.Event().wait()
        raise AssertionError

    outlets.put("/good.xml", rss(Item(title="a", guid="1")))
    outlets.answers["/slow.xml"] = silent
    links = "".join(
        f'<link rel="alternate" type="application/rss+xml" href="{path}">'
        for path in ("/good.xml", "/slow.xml")
    )
    outlets.put("/", f"<html><head>{links}</head></html>".encode(), headers=HTML)
    (found,) = await discover(client, outlets.url + "/", patience=0.5)
    assert found.url == outlets.url + "/good.xml"
    with pytest.raises(FetchError, match=r"too slow.*0\.2 seconds"):
        await discover(client, outlets.url + "/slow.xml", patience=0.2)


async def test_a_sites_address_offers_its_feeds(client: Client, outlets: Outlets) -> None:
    outlets.put("/f1.xml", rss(Item(title="a", guid="1"), title="F1 \u202enews"))
    outlets.put("/empty.xml", rss())
    links = "".join(
        f'<link rel="alternate" type="application/rss+xml" href="{path}">'
        for path in ("/gone.xml", "/empty.xml", "/f1.xml")
    )
    outlets.put("/", f"<html><head>{links}</head></html>".encode(), headers=HTML)
    (found,) = await discover(client, outlets.url + "/")
    assert (found.url, found.title, found.entries) == (outlets.url + "/f1.xml", "F1 news", 1)


async def test_a_feeds_own_address_is_taken_as_it_is(client: Client, outlets: Outlets) -> None:
    url = outlets.put("/rss", rss(Item(title="a", guid="1")))
    assert [found.url for found in await discover(client, url)] == [url]


async def test_the_usual_places_are_tried_where_a_page_names_none(client: Client, outlets: Outlets) -> None:
    outlets.put("/", b"<html>hello</html>", headers=HTML)
    outlets.put("/rss.xml", rss(Item(title="a", guid="1")))
    assert [found.url for found in await discover(client, outlets.url)] == [outlets.url + "/rss.xml"]


async def test_a_site_without_a_feed_is_said_so(client: Client, outlets: Outlets) -> None:
    outlets.put("/", b"<html>hello</html>", headers=HTML)
    with pytest.raises(FetchError, match=r"web page, not a feed.*names no feed"):
        await discover(client, outlets.url)
    assert len(outlets.asked) <= 1 + discovery.MOST_TRIED


async def test_a_check_names_the_feed_that_a_page_offers_instead(client: Client, outlets: Outlets) -> None:
    link = b'<html><link rel="alternate" type="application/rss+xml" href="/rss">'
    url = outlets.put("/old", link, headers=HTML)
    trouble = await health.ask(client, Feed(url=url, outlet="X", next_check_at=datetime.now(UTC)))
    assert f"web page, not a feed. The site names this feed instead: {outlets.url}/rss" in in_english(
        trouble or ""
    )
