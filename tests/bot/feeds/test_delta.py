"""Parsing only what is new gives what parsing everything gives, and never loses an entry."""

from __future__ import annotations

from html import escape

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.feeds import delta
from bot.feeds.intake import Reader
from bot.feeds.parse import parse, parse_xml, true_type
from bot.model import Entry
from tests.loopback.outlets import Item, rss

TEXT = st.text(st.characters(blacklist_categories=["Cs", "Cc"], blacklist_characters="\x7f"), max_size=30)
MARKUP = st.sampled_from(
    [
        "<b>bold</b>",
        "<p>one<br>two",
        "<!-- a comment -->",
        "<img src='/a.jpg'>",
        "</item>",
        "<item>",
        "]] >",
        "&nbsp;&eacute;&#8217;",
        "&",
        "<entry>",
        '<a href="?a=1&b=2">link</a>',
    ]
)
HTML = st.lists(st.one_of(TEXT.map(escape), MARKUP), max_size=4).map("".join)
EXTRAS = st.lists(
    st.sampled_from(
        [
            "<slash:comments xmlns:slash='urn:s'>3</slash:comments>",
            "<category>WEC</category>",
            "<dc:creator xmlns:dc='http://purl.org/dc/elements/1.1/'>R. Reporter</dc:creator>",
            "<!-- note -->",
            "<pubDate>Sun, 22 Nov 2026 13:30:00 GMT</pubDate>",
            "<pubDate>yesterday</pubDate>",
            "<media:content xmlns:media='http://search.yahoo.com/mrss/' url='/b.jpg' medium='image'/>",
            "<enclosure url='c.png' type='image/png' length='1'/>",
            "<source url='https://x.example/'>X</source>",
            "<unknown><title>inner</title></unknown>",
        ]
    ),
    max_size=3,
).map("".join)
ITEMS = st.lists(
    st.tuples(TEXT, HTML, EXTRAS, st.booleans(), st.sampled_from(["", "\n", "\n  "])), min_size=1, max_size=6
)


def rss_of(items: list[tuple[str, str, str, bool, str]]) -> bytes:
    parts = [
        f"<item><title>{escape(title)}</title><guid>g{number}</guid><link>/{number}</link>"
        + (
            f"<description><![CDATA[{html}]]></description>"
            if raw
            else f"<description>{escape(html)}</description>"
        )
        + f"{extra}</item>{blank}"
        for number, (title, html, extra, raw, blank) in enumerate(items)
    ]
    return rss(head="<ttl>5</ttl>").replace(b"</channel>", ("".join(parts) + "</channel>").encode())


def atom_of(items: list[tuple[str, str, str, bool, str]]) -> bytes:
    parts = [
        f"<entry><title type='html'>{escape(escape(title))}</title><id>urn:g{number}</id><link href='/{number}'/>"
        + (
            f"<content type='html'><![CDATA[{html}]]></content>"
            if raw
            else f"<summary>{escape(html)}</summary>"
        )
        + f"<updated>2026-11-22T13:30:0{number}Z</updated></entry>{blank}"
        for number, (title, html, _, raw, blank) in enumerate(items)
    ]
    return (
        '<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom" xml:lang="de"><title>t</title>'
        + "".join(parts)
        + "</feed>"
    ).encode()


@pytest.mark.parametrize("kind", [rss_of, atom_of])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(items=ITEMS, data=st.data())
def test_any_part_is_read_as_in_the_whole(kind, items, data) -> None:  # type: ignore[no-untyped-def]
    body = kind(items)
    pieces = delta.split(body)
    whole = parse(body).entries
    if pieces is None:
        return
    if len(pieces.slices) != len(whole):  # then a reader parses the whole
        return
    chosen = sorted(data.draw(st.sets(st.integers(0, len(whole) - 1), min_size=1)))
    part = parse_xml(pieces.only(chosen), content_type=true_type(body, "")).entries
    assert part == tuple(whole[number] for number in chosen)
    assert pieces.only(range(len(whole))) == body


UNCERTAIN = {
    "an item inside an item": b"<rss><channel><item><title>a</title><item><title>b</title></item></item></channel></rss>",
    "an item never closed": b"<rss><channel><item><title>a</title><item><title>b</title></item></channel></rss>",
    "one too many closed": b"<rss><channel><item></item></item></channel></rss>",
    "something between items": b"<rss><channel><item></item><image/><item></item></channel></rss>",
    "items of two names": b"<rss><channel><item></item><entry></entry></channel></rss>",
    "items of two spellings": b"<rss><channel><item></item><ITEM></ITEM></channel></rss>",
    "an item in a comment": b"<rss><channel><item></item><item><!--</item><item>--></item></channel></rss>",
    "an item in a section": b"<rss><channel><item><![CDATA[</item> <item>]]></item></channel></rss>",
    "a base of an item's own": b"<feed><entry xml:base='/a'></entry><entry></entry></feed>",
    "two bytes a letter": "<rss><channel><item></item></channel></rss>".encode("utf-16"),
    "an encoding that nobody named": b"<rss><channel><item>\xe9</item></channel></rss>",
    "no item": b"<rss><channel></channel></rss>",
    "an empty item": b"<rss><channel><item/><item></item></channel></rss>",
}


@pytest.mark.parametrize("name", UNCERTAIN)
def test_where_the_split_is_not_certain_there_is_none(name: str) -> None:
    assert delta.split(UNCERTAIN[name]) is None


@pytest.mark.parametrize("name", UNCERTAIN)
async def test_what_is_known_of_another_document_makes_no_split_certain(name: str) -> None:
    _, known = await read(b"<rss><channel><item></item></channel></rss>")
    intake = await Reader().read(UNCERTAIN[name], "", "", known)
    assert intake.document is not None
    assert intake.is_whole


def test_tags_that_only_begin_alike_are_no_items() -> None:
    body = b"<rss><channel><items/><itemref/><item a='1'><title>a</title></item>\n<item\n>b</item></channel></rss>"
    found = delta.split(body)
    assert found is not None
    assert len(found.slices) == 2


async def read(body: bytes, known: bytes = b"") -> tuple[tuple[Entry, ...] | None, bytes]:
    intake = await Reader().read(body, "", "", known)
    return (intake.document.entries if intake.document else None), intake.slices()


async def test_a_reader_sees_each_slice_once() -> None:
    old, new = (
        rss(Item(title="a", guid="1"), Item(title="b", guid="2")),
        rss(Item(title="c", guid="3"), Item(title="a", guid="1")),
    )
    first, known = await read(old)
    assert first is not None
    assert len(first) == 2
    second, known = await read(new, known)
    assert second is not None
    assert [entry.title for entry in second] == ["c"]
    assert (await read(new, known))[0] is None


async def test_a_slice_whose_entry_failed_is_not_known() -> None:
    body = rss(Item(title="a", guid="1"), Item(title="b", guid="2"))
    intake = await Reader().read(body, "", "", b"")
    again = await Reader().read(body, "", "", intake.slices(failed=[1]))
    assert again.document is not None
    assert [entry.title for entry in again.document.entries] == ["b"]


async def test_where_the_parser_counts_otherwise_everything_is_parsed_each_time() -> None:
    body = b"<rss version='2.0'><channel><textinput><item><title>x</title></item></textinput><title>t</title></channel></rss>"
    entries, known = await read(body)
    assert entries is not None
    again, _ = await read(body.replace(b">t<", b">u<"), known)
    assert again in (None, entries)
