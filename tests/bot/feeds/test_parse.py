"""Every dialect of feeds, whole and broken, becomes the same nouns."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.feeds.identity import canonical_url
from bot.feeds.parse import parse
from bot.feeds.show import describe
from tests.loopback.outlets import Item, rss

AT = datetime(2026, 11, 22, 13, 30, tzinfo=UTC)
RSS091 = b"""<?xml version="1.0"?><!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" "http://my.netscape.com/publish/formats/rss-0.91.dtd">
<rss version="0.91"><channel><title>Pit</title><link>https://pit.example/</link><language>en</language>
<item><title>Pole</title><link>https://pit.example/1</link><description>On pole.</description></item></channel></rss>"""
RDF = b"""<?xml version="1.0" encoding="iso-8859-1"?><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
 xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="https://pit.example/">
<title>Pit</title><link>https://pit.example/</link><items><rdf:Seq><rdf:li rdf:resource="https://pit.example/1"/></rdf:Seq></items></channel>
<item rdf:about="https://pit.example/1"><title>Pole f\xfcr H\xfclkenberg</title><link>https://pit.example/1</link>
<dc:date>2026-11-22T13:30:00Z</dc:date><dc:creator>R. Reporter</dc:creator></item></rdf:RDF>"""
ATOM = b"""<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom" xml:lang="de"><title>Box</title>
<link href="https://box.example/"/><link rel="self" href="https://box.example/atom"/><link rel="hub" href="https://hub.example/"/>
<entry><id>tag:box.example,2026:1</id><title type="html">Pole &amp;amp; mehr</title><link href="/eins"/>
<published>2026-11-22T14:30:00+01:00</published><updated>2026-11-23T00:00:00Z</updated><author><name>R. Reporter</name></author>
<summary>Kurz.</summary>
<content type="html">&lt;p&gt;Lang.&lt;/p&gt;&lt;img src="/a.jpg"&gt;</content><category term="wec" label="WEC"/></entry></feed>"""
JSON = b"""{"version":"https://jsonfeed.org/version/1.1","title":"Apex","language":"fr","home_page_url":"https://apex.example/",
"feed_url":"https://apex.example/feed.json","hubs":[{"type":"WebSub","url":"https://hub.example/"}],"items":[
{"id":7,"url":"https://apex.example/7","title":"La pole","summary":"Bref.","content_html":"<p>Long.</p>",
"date_published":"2026-11-22T14:30:00+01:00","authors":[{"name":"A"},{"name":"B"}],"tags":["WEC",3],"image":"https://apex.example/7.jpg"},
{"id":"8","external_url":"https://apex.example/8","content_text":"Sans titre.","date_published":"hier"},"no item"]}"""


def test_rss_091_is_read() -> None:
    found = parse(RSS091)
    assert (found.title, found.language, found.kind) == ("Pit", "en", "rss091u")
    assert (found.entries[0].title, found.entries[0].url, found.entries[0].guid) == (
        "Pole",
        "https://pit.example/1",
        "",
    )


def test_rdf_in_latin_1_is_read() -> None:
    (entry,) = parse(RDF).entries
    assert (entry.title, entry.author, entry.published_at) == ("Pole für Hülkenberg", "R. Reporter", AT)


def test_atom_is_read_with_relative_addresses_made_whole() -> None:
    found = parse(ATOM, url="https://box.example/atom")
    assert (found.kind, found.hub_url, found.topic_url) == (
        "atom10",
        "https://hub.example/",
        "https://box.example/atom",
    )
    (entry,) = found.entries
    assert (entry.url, entry.image_url) == ("https://box.example/eins", "https://box.example/a.jpg")
    assert (entry.published_at, entry.categories, entry.language) == (AT, ("WEC",), "de")
    assert (entry.standfirst, entry.content[:12]) == ("Kurz.", "<p>Lang.</p>")


def test_without_an_address_to_join_to_a_relative_link_stays_as_it_is() -> None:
    assert parse(ATOM).entries[0].url == "/eins"


def test_json_feed_is_read_whatever_types_its_fields_have() -> None:
    found = parse(JSON)
    assert (found.kind, found.title, found.language, found.hub_url) == (
        "json11",
        "Apex",
        "fr",
        "https://hub.example/",
    )
    first, second = found.entries
    assert (first.guid, first.author, first.published_at, first.categories) == ("7", "A, B", AT, ("WEC", "3"))
    assert (second.url, second.title, second.content, second.published_at) == (
        "https://apex.example/8",
        "",
        "Sans titre.",
        None,
    )


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b'{"version":"1","items":[]}',
        b"[1]",
        b'{"items": 3}',
        b"<html><body>hi</body></html>",
        b"\xff\xfe\x00",
    ],
)
def test_what_is_no_feed_has_no_kind_and_no_entries(body: bytes) -> None:
    found = parse(body)
    assert (found.kind, found.entries) == ("", ())


def test_broken_markup_loses_no_entry() -> None:
    whole = rss(Item(title="A & B", guid="1"), Item(title="C", guid="2"), Item(title="D", guid="3"))
    for broken in (
        whole.replace(b"&amp;", b"&"),
        whole.replace(b"<title>C", b"<title><b>C"),
        whole[:-20],
        b"\xef\xbb\xbf\n" + whole,
        whole.replace(
            b'<?xml version="1.0" encoding="utf-8"?>', b"<!-- made by hand --><?xml version='1.0'?>"
        ),
        whole.replace(b"<title>C", b"<title>\x00\x0bC"),
        whole.decode().encode("utf-16"),
    ):
        assert [entry.guid for entry in parse(broken).entries] == ["1", "2", "3"]


def test_lxml_mends_what_feedparser_gives_up() -> None:
    declaration = b"<!-- by hand -->\n<?xml version='1.0'?>\n"
    body = (
        declaration
        + b"<rss version='2.0'><channel><title>x</title><item><title>t</title></item></channel></rss>"
    )
    assert [entry.title for entry in parse(body).entries] == ["t"]


@pytest.mark.parametrize(
    ("header", "declared", "real"),
    [
        ("text/xml", "utf-8", "utf-8"),
        ("text/xml; charset=iso-8859-1", "utf-8", "utf-8"),
        ("application/rss+xml; charset=windows-1252", "windows-1252", "windows-1252"),
        ("application/rss+xml", "windows-1251", "windows-1251"),
        ("text/html", "utf-8", "utf-8"),
        ("", "iso-8859-15", "iso-8859-15"),
    ],
)
def test_words_survive_what_servers_say_about_their_encoding(header: str, declared: str, real: str) -> None:
    title = "Квалификация" if real == "windows-1251" else "Hülkenberg à Zürich"
    text = rss(Item(title=title, guid="1")).decode().replace('"utf-8"', f'"{declared}"')
    assert parse(text.encode(real), content_type=header).entries[0].title == title


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        (
            '<media:content url="https://x/a.jpg" width="90"/><media:content url="https://x/b.jpg" width="900"/>',
            "https://x/b.jpg",
        ),
        (
            '<media:content url="https://x/v.mp4" type="video/mp4"/><media:thumbnail url="https://x/t.jpg"/>',
            "https://x/t.jpg",
        ),
        ('<enclosure url="https://x/e.png" type="image/png" length="1"/>', "https://x/e.png"),
        ('<enclosure url="https://x/e.mp3" type="audio/mpeg" length="1"/>', None),
        (
            '<description>&lt;img src="https://x/pixel/1.gif"&gt;&lt;img alt="" src="https://x/i.jpg"&gt;</description>',
            "https://x/i.jpg",
        ),
    ],
)
def test_the_picture_that_the_outlet_means_is_found(inside: str, expected: str | None) -> None:
    assert parse(rss(Item(title="t", guid="1", extra=inside))).entries[0].image_url == expected


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Seg, 24 Set 2018 19:42:40 -0300", "2018-09-24T22:42:40+00:00"),
        ("mer, 16 nov 2022 00:38:15 +0100", "2022-11-15T23:38:15+00:00"),
        ("Sa., 7. März 2026 08:05:00 +0100", "2026-03-07T07:05:00+00:00"),
        ("jeu., 2 juil. 2026 10:00 +0200", "2026-07-02T08:00:00+00:00"),
        ("lun, 1 juin 2026 10:00:00 GMT", "2026-06-01T10:00:00+00:00"),
        ("3 de dezembro de 2026 10:00", "2026-12-03T10:00:00+00:00"),
        ("dom, 8 ago 2026 10:00:00 +0200", "2026-08-08T08:00:00+00:00"),
        ("99 Set 2018 19:42:40 -0300", None),
        ("7 Vendémiaire 2026 10:00", None),
        ("tomorrow", None),
    ],
)
def test_dates_are_read_in_the_language_of_the_outlet(written: str, read: str | None) -> None:
    item = f"<item><title>a</title><pubDate>{written}</pubDate></item>"
    (entry,) = parse(f'<rss version="2.0"><channel><title>x</title>{item}</channel></rss>'.encode()).entries
    assert (entry.published_at.isoformat() if entry.published_at else None) == read


def test_how_often_a_feed_asks_to_be_read_is_found() -> None:
    head = "<ttl>90</ttl><skipHours><hour>0</hour><hour>24</hour><hour>3</hour></skipHours><skipDays><day>Monday</day></skipDays>"
    found = parse(rss(head=head))
    assert (found.ttl, found.skip_hours, found.skip_days) == (
        timedelta(minutes=90),
        frozenset({0, 3}),
        frozenset({0}),
    )
    period = "<sy:updatePeriod> daily </sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency>"
    assert parse(rss(head=period)).ttl == timedelta(hours=6)


def test_a_feed_is_described_as_plain_data() -> None:
    (entry,) = describe(parse(RDF))["entries"]
    assert set(entry) == {"guid", "url", "title", "standfirst", "author", "published", "image_url"}
    assert entry["published"] == "2026-11-22T13:30:00+00:00"


def test_half_a_character_in_a_json_feed_is_replaced() -> None:
    body = b'{"version":"https://jsonfeed.org/version/1.1","items":[{"id":"1","title":"Pole \\ud83d"}]}'
    assert parse(body).entries[0].title == "Pole ?"


def test_an_address_with_a_number_too_long_to_be_read_is_an_address() -> None:
    assert canonical_url("https://o.example/?a=&#" + "9" * 5_000).startswith("https://o.example/?a=")
