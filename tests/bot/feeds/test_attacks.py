"""Servers that mean harm: all of them are refused or capped, and none of them costs memory."""

from __future__ import annotations

import asyncio
import gzip
import json
import signal
import subprocess
import sys
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import brotli
import pytest
from aiohttp import web

from bot.config import HttpSettings, PollSettings
from bot.errors import AddressRefused, FetchError
from bot.feeds import armour
from bot.feeds import client as client_module
from bot.feeds.client import Client
from bot.feeds.parse import parse
from bot.ports import Clock
from tests.loopback.outlets import Outlets, raw_server

HANGS = 60  # seconds after which something is taken to hang; no measurement
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\n"


def zstd(data: bytes) -> bytes:
    from backports import zstd as library

    packed: bytes = library.compress(data)
    return packed


BOMBS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": partial(brotli.compress, quality=1),
    "zstd": zstd,
    "gzip, gzip": lambda data: gzip.compress(gzip.compress(data)),
}


@pytest.fixture(params=BOMBS)
def bomb(request: pytest.FixtureRequest) -> tuple[str, bytes]:
    """An encoding, and little that unpacks to much."""
    return request.param, BOMBS[request.param](b" " * 20_000_000)


@pytest.fixture
def small() -> Iterator[None]:
    """What happens meanwhile needs less than 5 MB."""
    tracemalloc.start()
    yield
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5_000_000


async def test_a_bomb_is_cut_off_and_never_unpacked(
    client: Client, outlets: Outlets, bomb: tuple[str, bytes], request: pytest.FixtureRequest
) -> None:
    encoding, packed = bomb
    url = outlets.put("/feed", packed, headers={"Content-Encoding": encoding})
    request.getfixturevalue("small")  # what made the bomb is not counted
    with pytest.raises(FetchError, match=r"bigger than 0\.1 MB"):
        await client.get(url)


async def test_a_body_packed_again_and_again_is_refused(client: Client, outlets: Outlets) -> None:
    url = outlets.put("/feed", b"x", headers={"Content-Encoding": "gzip, gzip, gzip"})
    with pytest.raises(FetchError, match="several times"):
        await client.get(url)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "compress", "x" * 500])
async def test_what_cannot_be_unpacked_is_said_so(client: Client, outlets: Outlets, encoding: str) -> None:
    url = outlets.put("/feed", b"\xff\xfe no such thing" * 9, headers={"Content-Encoding": encoding})
    with pytest.raises(FetchError, match=r"unpacked|compressed|cut off"):
        await client.get(url)


async def test_a_packed_body_that_ends_too_soon_is_cut_off(client: Client, outlets: Outlets) -> None:
    url = outlets.put("/feed", gzip.compress(b"<rss/>" * 900)[:-20], headers={"Content-Encoding": "gzip"})
    with pytest.raises(FetchError, match="cut off"):
        await client.get(url)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "identity", ""])
async def test_honest_compression_is_read(client: Client, outlets: Outlets, encoding: str) -> None:
    packers = {"gzip": gzip.compress, "deflate": zlib.compress, "br": brotli.compress, "zstd": zstd}
    body = b"<rss>" + b"news " * 2000
    packed = packers.get(encoding, bytes)(body)
    url = outlets.put("/feed", packed, headers={"Content-Encoding": encoding} if encoding else {})
    assert (await client.get(url)).body == body


async def test_deflate_without_its_wrapper_is_read(client: Client, outlets: Outlets) -> None:
    packer = zlib.compressobj(wbits=-15)
    url = outlets.put(
        "/feed", packer.compress(b"news") + packer.flush(), headers={"Content-Encoding": "deflate"}
    )
    assert (await client.get(url)).body == b"news"


async def test_a_body_of_a_gigabyte_is_refused_by_its_length(client: Client) -> None:
    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + b"Content-Length: 1073741824\r\n\r\n" + b"x" * 1000)
        await writer.drain()

    async with raw_server(talk) as url:
        with pytest.raises(FetchError, match="bigger"):
            await client.get(url)


@pytest.mark.usefixtures("small")
async def test_a_body_without_end_is_cut_at_the_cap(client: Client) -> None:
    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + b"\r\n")
        while True:
            writer.write(b"x" * 60_000)
            await writer.drain()

    async with raw_server(talk) as url:
        with pytest.raises(FetchError, match="bigger"):
            await client.get(url)


async def drip(writer: asyncio.StreamWriter, piece: bytes) -> None:
    while True:
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    "begins", [b"", b"HTTP/1.1 200 OK\r\n", HEAD + b"\r\n"], ids=["status", "headers", "body"]
)
async def test_a_slow_drip_ends_with_the_time_allowed(clock: Clock, begins: bytes) -> None:
    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(begins)
        await drip(writer, b"x" if begins.endswith(b"\r\n\r\n") or not begins else b"X-A: b\r\n")

    http = HttpSettings.model_validate({"timeout": 0.2, "allow_networks": ["127.0.0.0/8"]})
    async with Client(http, PollSettings(host_gap=0), clock) as client, raw_server(talk) as url:
        async with asyncio.timeout(HANGS):
            with pytest.raises(FetchError):
                await client.get(url)


async def test_silence_ends_with_the_time_allowed(clock: Clock) -> None:
    async def talk(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    http = HttpSettings.model_validate({"timeout": 0.1, "allow_networks": ["127.0.0.0/8"]})
    async with Client(http, PollSettings(host_gap=0), clock) as client, raw_server(talk) as url:
        with pytest.raises(FetchError, match="too slow"):
            await client.get(url)


@pytest.mark.parametrize("begins", [b"", HEAD + b"\r\n<rss>"], ids=["no answer", "half a body"])
async def test_a_server_that_falls_silent_is_given_up_before_all_time_is_spent(
    clock: Clock, monkeypatch: pytest.MonkeyPatch, begins: bytes
) -> None:
    monkeypatch.setattr(client_module, "SILENCE", 0.1)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(begins)
        await reader.read()

    http = HttpSettings.model_validate({"timeout": 60, "allow_networks": ["127.0.0.0/8"]})
    async with Client(http, PollSettings(host_gap=0), clock) as client, raw_server(talk) as url:
        async with asyncio.timeout(HANGS):
            with pytest.raises(FetchError, match="too slow"):
                await client.get(url)


@pytest.mark.parametrize(
    "headers",
    [
        b"".join(b"X-%d: y\r\n" % n for n in range(20_000)),
        b"X: " + b"y" * 1_000_000 + b"\r\n",
        b"Y" * 300_000,
    ],
    ids=["many", "long", "a name without end"],
)
async def test_a_flood_of_headers_is_refused(client: Client, headers: bytes) -> None:
    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n" + headers + b"\r\n")
        await writer.drain()

    async with raw_server(talk) as url:
        with pytest.raises(FetchError, match="headers"):
            await client.get(url)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"nonsense\r\n\r\n",
        b"HTTP/9.9 xyz\r\n\r\n",
        HEAD + b"Content-Length: 50\r\n\r\nshort",
        HEAD + b"Content-Length: -1\r\n\r\n",
    ],
)
async def test_what_is_no_http_is_said_so(client: Client, answer: bytes) -> None:
    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await writer.drain()

    async with raw_server(talk) as url:
        with pytest.raises(FetchError):
            await client.get(url)


LENGTH, CHUNKS = b"Content-Length: 3\r\n", b"Transfer-Encoding: chunked\r\n"
LIES = {
    "more than it said": HEAD + LENGTH + b"\r\n<rss/>",
    "two lengths": HEAD + LENGTH + b"Content-Length: 5\r\n\r\nabcde",
    "one length twice": HEAD + LENGTH + LENGTH + b"\r\nabc",
    "a length and chunks": HEAD + LENGTH + CHUNKS + b"\r\n3\r\nabc\r\n0\r\n\r\n",
    "a length in hex": HEAD + b"Content-Length: 0x3\r\n\r\nabc",
    "a length with a sign": HEAD + b"Content-Length: +3\r\n\r\nabc",
    "a length without end": HEAD + b"Content-Length: " + b"9" * 400 + b"\r\n\r\nabc",
    "a chunk below nothing": HEAD + CHUNKS + b"\r\n-3\r\nabc\r\n0\r\n\r\n",
    "a chunk of all memory": HEAD + CHUNKS + b"\r\nFFFFFFFFFFFFFFFF\r\nabc\r\n",
    "HTTP/0.9": b"<rss>" + b"junk" * 100_000,
    "no content, and content": b"HTTP/1.1 204 No Content\r\n\r\n<rss/>",
    "another protocol": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
    "a part": b"HTTP/1.1 206 Partial\r\nContent-Length: 6\r\n\r\n<rss/>",
    "a status of nothing": b"HTTP/1.1 000 x\r\n\r\n<rss/>",
    "a null in a name": b"HTTP/1.1 200 OK\r\nX-\x00: a\r\n\r\n<rss/>",
    "a redirect to bytes": b"HTTP/1.1 302 x\r\nLocation: http://\xff\xfe\r\nContent-Length: 0\r\n\r\n",
    "a redirect without end": b"HTTP/1.1 302 x\r\nLocation: /" + b"a" * 20_000 + b"\r\n\r\n",
    "a redirect to nothing": b"HTTP/1.1 302 x\r\nLocation: \r\nContent-Length: 0\r\n\r\n",
    "no target": b"HTTP/1.1 302 x\r\nContent-Length: 0\r\n\r\n",
    "a jar of cookies": HEAD + b"".join(b"Set-Cookie: a%d=b\r\n" % n for n in range(5000)) + b"\r\n<rss/>",
}


@pytest.mark.parametrize("name", LIES)
@pytest.mark.usefixtures("small")
async def test_an_answer_that_is_not_what_it_says_is_refused(client: Client, name: str) -> None:
    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(LIES[name])
        await writer.drain()

    async with raw_server(talk) as url:
        with pytest.raises(FetchError):
            await client.get(url)


FLOODS = {
    "early hints": (b"", b"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n" * 100),
    "continue": (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100),
    "trailers": (HEAD + CHUNKS + b"\r\n3\r\nabc\r\n0\r\n", b"X-A: " + b"b" * 500 + b"\r\n"),
    "chunks of a byte": (HEAD + CHUNKS + b"\r\n", b"1\r\nx\r\n" * 100),
    "a chunk's extensions": (HEAD + CHUNKS + b"\r\n3;", b"a=b;" * 100),
    "a chunk's size": (HEAD + CHUNKS + b"\r\n", b"0" * 1000),
    "words after HTTP/0.9": (b"", b"<rss>junk</rss>" * 100),
    "the body of an error": (b"HTTP/1.1 500 x\r\n\r\n", b"x" * 10_000),
    "the body of a redirect": (b"HTTP/1.1 302 x\r\nLocation: /x\r\n\r\n", b"x" * 10_000),
    "the body of nothing new": (b"HTTP/1.1 304 x\r\n\r\n", b"x" * 10_000),
}


@pytest.mark.parametrize("name", FLOODS)
async def test_a_flood_ends_and_the_next_host_is_served_meanwhile(
    clock: Clock, outlets: Outlets, name: str
) -> None:
    begins, goes_on = FLOODS[name]
    flooding = asyncio.Event()

    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(begins)
        flooding.set()
        while True:
            writer.write(goes_on)
            await writer.drain()

    def patient_for(seconds: float) -> Client:
        facts = {"timeout": seconds, "max_bytes": 100_000, "allow_networks": ["127.0.0.0/8"]}
        return Client(HttpSettings.model_validate(facts), PollSettings(host_gap=0), clock)

    url = outlets.put("/feed", b"<rss/>")
    async with patient_for(0.5) as client, patient_for(HANGS) as other, raw_server(talk) as flood:
        flooded = asyncio.create_task(client.get(flood))
        await flooding.wait()
        assert (await other.get(url)).status == 200
        with pytest.raises(FetchError):
            await flooded


async def test_redirects_that_hand_out_cookies_get_none_back_and_end(
    client: Client, outlets: Outlets
) -> None:
    async def on(request: web.BaseRequest) -> web.StreamResponse:
        number = int(request.rel_url.query.get("n", 0)) + 1
        headers = {"Location": f"/on?n={number}", "Set-Cookie": f"n={number}; Path=/"}
        return web.Response(status=302, headers=headers)

    outlets.answers["/on"] = on
    with pytest.raises(FetchError, match="loop"):
        await client.get(outlets.url + "/on")
    assert len(outlets.asked) == 6
    assert not any("Cookie" in asked.headers for asked in outlets.asked)


async def test_a_loop_of_redirects_ends(client: Client, outlets: Outlets) -> None:
    outlets.redirect("/a", "/b")
    with pytest.raises(FetchError, match="loop"):
        await client.get(outlets.redirect("/b", "/a"))
    assert len(outlets.asked) == 6


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "to",
    [
        "http://127.0.0.2:{port}/",
        "http://[::1]:{port}/",
        "http://169.254.169.254/latest/meta-data/",
        "http://0x7f.2:{port}/",
        "//127.0.0.2:{port}/",
        "http://127.0.0.1@127.0.0.2:{port}/",
        "http://127.0.0.1:{port}@127.0.0.2:{port}/",
        "http://[::ffff:127.0.0.2]:{port}/",
        "http://１２７.０.０.２:{port}/",
        "http://[::1%25lo]:{port}/",
        "http://localhost.:{port}/",
        "http://127.0.0.2:99999/",
        "http://[",
    ],
)
async def test_a_redirect_to_a_forbidden_address_is_not_followed(
    client: Client, outlets: Outlets, status: int, to: str
) -> None:
    port = outlets.url.rpartition(":")[2]
    with pytest.raises(FetchError):
        await client.get(outlets.redirect("/feed", to.format(port=port), status))
    assert outlets.paths() == ["/feed"]


@pytest.mark.parametrize(
    "to",
    [
        "file:///etc/passwd",
        "FILE:///etc/passwd",
        "ftp://127.0.0.1/",
        "data:text/xml,<rss/>",
        "gopher://x/",
        "javascript:alert(1)",
        "mailto:fan@example.org",
        "about:blank",
        "unix:/run/docker.sock",
        "http+unix://%2Frun%2Fdocker.sock/info",
        "ws://127.0.0.1/",
    ],
)
async def test_a_redirect_to_another_scheme_is_refused(client: Client, outlets: Outlets, to: str) -> None:
    with pytest.raises(AddressRefused):
        await client.get(outlets.redirect("/feed", to))


async def test_a_name_that_changes_its_mind_gains_nothing(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: the first answer is public, the next one is this machine. What was vetted is what is connected to."""
    import socket

    answers = [("8.8.8.8", 80), ("127.0.0.1", 80)]
    connected: list[str] = []

    def getaddrinfo(*_: object, **__: object) -> list[object]:
        address = answers.pop(0) if len(answers) > 1 else answers[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address)]

    async def start_connection(addr_infos: list[tuple[object, ...]], **_: object) -> None:
        connected.extend(str(info[4][0]) for info in addr_infos)  # type: ignore[index]
        raise OSError(111, "stopped here: tests connect to nobody outside")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    monkeypatch.setattr("aiohttp.connector.aiohappyeyeballs.start_connection", start_connection)
    async with Client(HttpSettings(timeout=1), PollSettings(host_gap=0), clock) as client:
        with pytest.raises(FetchError):
            await client.get("http://rebinding.example/feed")
        assert connected == ["8.8.8.8"]
        with pytest.raises(AddressRefused):
            await client.get("http://rebinding.example/feed")
        assert connected == ["8.8.8.8"]


async def test_credentials_do_not_travel_to_another_host(client: Client, outlets: Outlets) -> None:
    async with Outlets() as other:
        other.put("/feed", b"<rss/>")
        outlets.redirect("/feed", f"{other.url}/feed")
        response = await client.get(outlets.url.replace("//", "//fan:secret@") + "/feed")
    assert outlets.asked[0].headers["Authorization"].startswith("Basic ")
    assert "Authorization" not in other.asked[0].headers
    assert "secret" not in response.url


async def test_credentials_that_a_redirect_brings_are_dropped(client: Client, outlets: Outlets) -> None:
    outlets.put("/there", b"<rss/>")
    await client.get(outlets.redirect("/feed", outlets.url.replace("//", "//a:b@") + "/there"))
    assert "Authorization" not in outlets.asked[1].headers


async def test_cookies_are_not_kept(client: Client, outlets: Outlets) -> None:
    url = outlets.put("/feed", b"<rss/>", headers={"Set-Cookie": "id=1; Path=/"})
    await client.get(url)
    await client.get(url)
    assert "Cookie" not in outlets.asked[1].headers


@contextmanager
def ended() -> Iterator[None]:
    """Break off what hangs: a document that made work grow without end would hold up the whole suite."""

    def hangs(*_: object) -> None:
        pytest.fail(f"not done after {HANGS} s")

    before = signal.signal(signal.SIGALRM, hangs)
    signal.alarm(HANGS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


# ── documents ────────────────────────────────────────────────────────────────────────────────────


def laughs(levels: int, each: int) -> bytes:
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * each}">' for n in range(1, levels))
    return f'<!DOCTYPE r [<!ENTITY l0 "lol">{entities}]><rss version="2.0"><channel><title>&l{levels - 1};</title></channel></rss>'.encode()


ITEM = b"<item><title>t</title></item>"
OPEN = b'<rss version="2.0"><channel><title>x</title>'
DOCUMENTS = {
    "billion laughs": laughs(10, 10),
    "quadratic blow-up": b'<!DOCTYPE r [<!ENTITY a "'
    + b"x" * 50_000
    + b'">]>'
    + OPEN
    + b"<item><title>"
    + b"&a;" * 50_000,
    "an entity inside itself": b'<!DOCTYPE r [<!ENTITY a "&b;"><!ENTITY b "&a;">]>'
    + OPEN
    + b"<item><title>&a;</title></item>",
    "single quotes": laughs(10, 10).replace(b'"', b"'"),
    "nested 10,000 deep": OPEN
    + b"<item><description>"
    + b"<b>" * 10_000
    + b"</b>" * 10_000
    + b"</description></item>",
    "nested in the channel": OPEN + b"<a>" * 10_000 + ITEM,
    "tags without end": OPEN + b"<a " * 400_000,
    "laughs behind a comment": laughs(10, 10).replace(b"[<!ENTITY", b"[<!-- <x> --><!ENTITY", 1),
    "laughs behind an instruction": laughs(10, 10).replace(b"[<!ENTITY", b"[<?p <x ?><!ENTITY", 1),
    "laughs behind a value": laughs(10, 10).replace(b"[<!ENTITY", b'[<!ENTITY z "<x>"><!ENTITY', 1),
    "laughs declared twice": laughs(10, 10).replace(b"]><rss", b'<!ENTITY l9 "">]><rss'),
    "laughs in UTF-16": laughs(10, 10).decode().encode("utf-16"),
    "laughs in UTF-16 without a mark": laughs(10, 10).decode().encode("utf-16-le"),
    "laughs in EBCDIC": ('<?xml version="1.0" encoding="cp037"?>' + laughs(10, 10).decode()).encode("cp037"),
    "attributes without end": OPEN + b"<item " + b" ".join(b'a%d=">"' % n for n in range(100_000)) + b"/>",
    "one attribute without end": OPEN + b"<item " + b"a='x' " * 200_000 + b"/>",
    "namespaces without end": OPEN
    + b"<item "
    + b" ".join(b'xmlns:a%d="x%d"' % (n, n) for n in range(100_000))
    + b"/>",
    "a name without end": OPEN + b"<" + b"a" * 4_000_000 + b">",
    "ampersands": OPEN + b"<item><title>" + b"&" * 4_000_000 + b"</title></item>",
    "references that are none": OPEN + b"<item><title>" + b"&foo" * 1_000_000 + b"</title></item>",
    "numbers that are none": OPEN + b"<item><title>" + b"&#" * 2_000_000 + b"</title></item>",
    "objects of nothing": b'{"version":"https://jsonfeed.org/version/1.1","items":['
    + b"{}," * 1_500_000
    + b"{}]}",
    "angles": OPEN + b"<" * 1_000_000,
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_made_to_hurt_is_refused_at_once(name: str) -> None:
    with ended(), pytest.raises(FetchError, match="attack"):
        parse(DOCUMENTS[name])


QUEER = {
    "an external entity": b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    + OPEN
    + b"<item><title>&x;</title></item></channel></rss>",
    "an external DTD": b'<!DOCTYPE r SYSTEM "http://127.0.0.1:9/x.dtd">' + OPEN + ITEM + b"</channel></rss>",
    "a parameter entity": b'<!DOCTYPE r [<!ENTITY % p SYSTEM "http://127.0.0.1:9/p"> %p;]>'
    + OPEN
    + ITEM
    + b"</channel></rss>",
    "an inclusion": OPEN
    + b'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd" parse="text"/>'
    + ITEM,
    "a stylesheet": b'<?xml-stylesheet href="http://127.0.0.1:9/x.xsl"?>' + OPEN + ITEM,
    "blank lines for ever": b"\n" * 90_000 + OPEN + ITEM,
    "comments never closed": OPEN + ITEM + b"<!--" * 20_000,
    "sections never closed": OPEN + ITEM + b"<![CDATA[" * 10_000,
    "declarations never closed": b"<!DOCTYPE" * 10_000 + OPEN + ITEM,
    "null bytes": OPEN + b"\x00" * 50_000 + ITEM,
    "JSON nested deep": b'{"items":' + b"[" * 100_000,
}


@pytest.mark.parametrize("name", QUEER)
def test_a_queer_document_costs_little_and_reads_no_file(name: str) -> None:
    with ended():
        found = parse(QUEER[name])
    assert not any("root:" in entry.title + entry.standfirst for entry in found.entries)


MEMORY = """
import resource, sys
from bot.feeds.parse import parse
from tests.bot.feeds.test_attacks import DOCUMENTS, ITEM, OPEN, QUEER

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1024 if sys.platform == "darwin" else 1)

flood = OPEN + ITEM * 100_000
parse(OPEN + ITEM + b"</channel></rss>")  # what parsing loads is loaded
before = peak()
for body in (*DOCUMENTS.values(), *QUEER.values(), flood):
    try:
        parse(body)
    except Exception as error:
        assert "attack" in str(error), error
print(peak() - before)
"""


def test_all_hostile_documents_together_cost_less_than_50_mb() -> None:
    done = subprocess.run(
        [sys.executable, "-c", MEMORY], capture_output=True, text=True, check=True, timeout=HANGS * 2
    )
    assert json.loads(done.stdout.splitlines()[-1]) < 50_000


CROWDED = {
    "enclosures": b'<enclosure url="http://a.example/b" type="x" length="1"/>',
    "tags": b"<category>a</category>",
    "pictures": b'<media:content url="http://a.example/b.jpg"/>',
}


@pytest.mark.parametrize("name", CROWDED)
def test_an_entry_of_very_many_elements_is_left_out_and_the_others_are_read(name: str) -> None:
    whole = OPEN + ITEM + b"<item><title>crowded</title>" + CROWDED[name] * 60_000 + b"</item>" + ITEM
    with ended():
        found = parse(whole + b"</channel></rss>")
    assert [entry.title for entry in found.entries] == ["t", "t"]


def test_many_entries_of_many_elements_are_read_up_to_a_sum() -> None:
    crowded = b"<item><title>c</title>" + CROWDED["enclosures"] * 2_000 + b"</item>"
    with ended():
        found = parse(OPEN + crowded * 50 + b"</channel></rss>")
    assert len(found.entries) == armour.MOST_IN_ITEMS // crowded.count(b"<")


@pytest.mark.parametrize(
    "inside",
    [
        b"<author>" + b"a" * 200_000 + b"</author>",
        b"<author><![CDATA[" + b"a.b" * 100_000 + b"]]></author>",
        b"<description>&#" + b"9" * 5_000 + b";</description>",
        "<ttl>²</ttl>".encode(),
        '<media:content url="http://a.example/b.jpg" width="²"/>'.encode(),
    ],
    ids=lambda inside: inside[:20].decode(),
)
def test_what_holds_a_parser_up_costs_no_entry(inside: bytes) -> None:
    with ended():
        found = parse(OPEN + b"<item><title>t</title>" + inside + b"</item></channel></rss>")
        channel = parse(OPEN + inside + ITEM + b"</channel></rss>")
    assert [entry.title for entry in (*found.entries, *channel.entries)] == ["t", "t"]


def test_markup_that_is_text_counts_as_text() -> None:
    text = b"<description><![CDATA[" + b"<p>Pole</p>" * 10_000 + b"]]></description>"
    item = b"<item><title>long</title>" + text + b"</item>"
    found = parse(OPEN + item * 2 + b"</channel></rss>")
    assert [entry.title for entry in found.entries] == ["long", "long"]


def test_a_body_that_is_a_path_opens_no_file(tmp_path: Path) -> None:
    file = tmp_path / "feed.xml"
    file.write_bytes(OPEN + ITEM + b"</channel></rss>")
    assert parse(str(file).encode()).entries == ()


def test_of_a_hundred_thousand_entries_the_first_two_thousand_are_read() -> None:
    with ended():
        found = parse(OPEN + ITEM * 100_000)
    assert len(found.entries) == 2000


async def test_the_next_host_is_served_while_one_keeps_silent(client: Client, outlets: Outlets) -> None:
    asked, released = asyncio.Event(), asyncio.Event()

    async def slow(_: web.BaseRequest) -> web.StreamResponse:
        asked.set()
        await released.wait()
        return web.Response()

    async with Outlets() as other:
        outlets.answers["/slow"] = slow
        other.put("/feed", b"<rss/>")
        waiting = asyncio.create_task(client.get(outlets.url + "/slow"))
        await asked.wait()
        assert (await client.get(other.url + "/feed")).status == 200
        assert not waiting.done()
        released.set()
        await waiting
