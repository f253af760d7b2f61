"""A fast server of many feeds on loopback, for measurements: `python -m tools.bench.newsstand FEEDS HOSTS`.

Prints its ports, then serves until its standard input ends. GET /turn adds one entry to every feed.
"""

from __future__ import annotations

import asyncio
import json
import sys
from html import escape

WORDS = """
the stewards confirmed after the second practice session that the car had left the pit lane before the light turned
green and that a fine would be paid by the team which did not appeal the decision on the evening before the race
"""


def entry(feed: int, number: int) -> str:
    """An item with a text of about 350 words, in the manner of a news site."""
    words = WORDS.split()
    text = " ".join(words[(feed * 7 + number * 13 + place) % len(words)] for place in range(350))
    paragraphs = "".join(f"<p>{escape(text[at : at + 700])}.</p>" for at in range(0, len(text), 700))
    title = f"Stewards decide case {number} of paddock {feed}"
    link = f"https://outlet{feed}.example/news/{number}-stewards-decide"
    minute, hour = number % 60, number // 60 % 24
    return (
        f"<item><title>{title}</title><link>{link}</link><guid isPermaLink='false'>{feed}-{number}</guid>"
        f"<pubDate>Sun, 22 Nov 2026 {hour:02}:{minute:02}:00 GMT</pubDate><dc:creator>R. Reporter</dc:creator>"
        f"<category>Racing</category><description>{escape(text[:200])}</description>"
        f"<content:encoded><![CDATA[{paragraphs}]]></content:encoded></item>\n"
    )


def document(feed: int, turn: int, entries: int = 30) -> bytes:
    """The feed after so many turns."""
    items = "".join(entry(feed, number) for number in range(turn + entries, turn, -1))
    return (
        '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" '
        f'xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>Paddock {feed}</title>'
        f"<link>https://outlet{feed}.example/</link><description>News</description>{items}</channel></rss>"
    ).encode()


class Newsstand(asyncio.Protocol):
    """HTTP/1.1 as far as a measurement needs it."""

    turn = 0
    bodies: dict[tuple[int, int], bytes] = {}  # noqa: RUF012 (one process, one server)
    validators = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.rest = b""

    def data_received(self, data: bytes) -> None:
        self.rest += data
        while b"\r\n\r\n" in self.rest:
            head, self.rest = self.rest.split(b"\r\n\r\n", 1)
            self.transport.write(self.answer(head))  # type: ignore[attr-defined]

    def answer(self, head: bytes) -> bytes:
        path = head.split(b" ", 2)[1].decode()
        if path == "/turn":
            Newsstand.turn += 1
            return b"HTTP/1.1 204 No Content\r\n\r\n"
        feed = int(path.rsplit("/", 1)[1])
        etag = b'"%d-%d"' % (feed, self.turn)
        if etag in head:
            return b"HTTP/1.1 304 Not Modified\r\nETag: " + etag + b"\r\n\r\n"
        body = self.bodies.setdefault((feed, self.turn), b"") or document(feed, self.turn)
        self.bodies[feed, self.turn] = body
        kind = b"Content-Type: application/rss+xml; charset=utf-8\r\n"
        return b"HTTP/1.1 200 OK\r\nETag: %b\r\n%bContent-Length: %d\r\n\r\n" % (etag, kind, len(body)) + body


async def main() -> None:
    """Serve on as many ports as there should be hosts."""
    loop = asyncio.get_running_loop()
    servers = [await loop.create_server(Newsstand, "127.0.0.1", 0) for _ in range(int(sys.argv[2]))]
    print(json.dumps([server.sockets[0].getsockname()[1] for server in servers]), flush=True)
    for feed in range(int(sys.argv[1])):
        for turn in range(2):
            Newsstand.bodies[feed, turn] = document(feed, turn)
    print("ready", flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
