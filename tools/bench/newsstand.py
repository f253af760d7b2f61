"""A fast server of many feeds on loopback, for measurements: `python -m tools.bench.newsstand FEEDS HOSTS [HOURS [ENTRIES]]`.

Prints its ports, then serves until its standard input ends. GET /turn adds one entry to every feed; GET /asked says how
often the feed was asked that was asked least, since the last turn. HOURS between two entries; all of one day without.
"""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

SENTENCES = (
    "The stewards <strong>confirmed</strong> after the second practice session that the car had left the pit lane "
    "before the light turned green.",
    'A fine will be paid by the team, which <a href="https://outlet.example/rules?ref=news&amp;id=17" target="_blank" '
    'rel="noopener" class="link link--inline">did not appeal</a> the decision on the evening before the race.',
    "&#8220;We saw the light too late, and that is all there is to it,&#8221; the sporting director said&nbsp;&ndash; "
    "<em>with a shrug</em>.",
    "On used tyres the gap between the two cars was four tenths of a second over twelve laps, on fuel for the whole stint.",
    'The <span class="entity" data-id="42" style="font-weight:bold">result of the session</span> stands for the moment.',
    "Rain is expected for the afternoon, and nobody in the paddock would bet on a dry track.",
)

# What titles are made of: each feed writes about other people, places and matters, and now and then two write of one.
SERIES = (
    "Formula 1",
    "MotoGP",
    "IndyCar",
    "WEC",
    "NASCAR Cup Series",
    "DTM",
    "Formula E",
    "IMSA",
    "the club",
)
NAMES = (
    (
        "Rav",
        "Ost",
        "Lind",
        "March",
        "Del",
        "Ib",
        "Nov",
        "Whit",
        "Sak",
        "Berg",
        "Pell",
        "Ach",
        "Thor",
        "Ques",
        "Harg",
        "Ziel",
    ),
    ("el", "erk", "av", "on", "ic", "ar", "os", "und", "am", "ett"),
    ("lo", "amp", "ist", "ini", "ourt", "ra", "vic", "ock", "ada", "rand", "grin", "pong"),
)
VERBS = (
    *(
        "protests against",
        "explains",
        "praises",
        "loses",
        "tests",
        "unveils",
        "criticises",
        "awaits",
        "repairs",
        "sells",
    ),
    *("defends", "regrets", "signs", "delays", "misses", "rejects", "wants", "drops", "confirms", "doubts"),
)
MATTERS = (
    *(
        "the red light penalty",
        "a three-season contract",
        "the new front wing",
        "an engine change",
        "the wet tyres",
    ),
    *(
        "the crash in turn four",
        "a livery of the seventies",
        "the steering damage",
        "the earlier start",
        "a broken wrist",
    ),
    *(
        "the safety car rule",
        "the fuel strategy",
        "a second factory car",
        "the gearbox supplier",
        "the winter programme",
    ),
    *("a junior seat", "the brake failure", "the budget limit", "the pit stop record", "the simulator work"),
)
PLACES = (
    *(
        "Spa",
        "Imola",
        "Mugello",
        "Fuji",
        "Portimão",
        "Long Beach",
        "Zandvoort",
        "Assen",
        "Road America",
        "Lusail",
    ),
    *("Interlagos", "Barber", "Daytona", "Norisring", "Jerez", "Phillip Island"),
)

ENTRIES = 30
APART = 12  # hours between two entries that a feed begins with
OPENED = datetime(2026, 11, 22, 12, tzinfo=UTC)  # where no hours are given: every run serves the same
BEGAN = datetime.now(UTC)


def dated(feed: int, number: int, hours: float) -> str:
    """When an entry was published: those of a start one after another up to now, those of later turns now."""
    if not hours:
        later = timedelta(minutes=number - ENTRIES) if number > ENTRIES else timedelta(0)
        return format_datetime(OPENED + later - timedelta(hours=APART * max(0, ENTRIES - number)))
    age = hours * (max(0, ENTRIES - number) + feed % 10 / 10)
    return format_datetime(BEGAN - timedelta(hours=age))


@contextmanager
def newsstand(feeds: int, hosts: int, hours: float = 0, entries: int = ENTRIES) -> Iterator[list[str]]:
    """Run the server in its own process; yields the URLs of its feeds."""
    command = [
        sys.executable,
        "-m",
        "tools.bench.newsstand",
        str(feeds),
        str(hosts),
        str(hours),
        str(entries),
    ]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout and server.stdin
        ports = json.loads(server.stdout.readline())
        server.stdout.readline()
        try:
            yield [f"http://127.0.0.1:{ports[number % hosts]}/{number}" for number in range(feeds)]
        finally:
            server.stdin.close()


def headline(feed: int, number: int) -> tuple[str, str]:
    """A title and the sentence that an article begins with; eight of nine are about a series."""
    draw = random.Random(feed * 1000 + number)
    who, other = ("".join(map(draw.choice, NAMES)) for _ in range(2))
    series, place = draw.choice(SERIES), draw.choice(PLACES)
    what = f"{draw.choice(VERBS)} {draw.choice(MATTERS)}"
    return (
        f"{series}: {who} {what} in {place}",
        f"{who} ({draw.randint(17, 45)}) {what}, as {series} officials said after {other} had stopped on lap {number}.",
    )


def entry(feed: int, number: int, hours: float = 0) -> str:
    """An item with a text of about 350 words and the markup of a news site."""
    order = [SENTENCES[(feed + number * 5 + place) % len(SENTENCES)] for place in range(18)]
    paragraphs = "".join(f"<p>{' '.join(order[at : at + 3])}</p>\n" for at in range(0, len(order), 3))
    title, lead = headline(feed, number)
    link = f"https://outlet{feed}.example/news/{number}-{title.lower().replace(' ', '-').replace(':', '')}"
    picture = (
        f'<figure class="wp-block-image size-large"><img loading="lazy" width="1024" height="683" '
        f'src="https://outlet{feed}.example/media/{number}-1024x683.jpg" alt="{title}" class="wp-image-{number}" '
        f'srcset="https://outlet{feed}.example/media/{number}-300x200.jpg 300w" /><figcaption>In the pit lane</figcaption></figure>'
    )
    return (
        f"<item><title>{title}</title><link>{link}</link><guid isPermaLink='false'>{feed}-{number}</guid>"
        f"<pubDate>{dated(feed, number, hours)}</pubDate><dc:creator>R. Reporter</dc:creator>"
        f"<category>Racing</category><description><![CDATA[<p>{lead} {order[0]} [&#8230;]</p>]]></description>"
        f"<content:encoded><![CDATA[{picture}<p>{lead}</p>{paragraphs}]]></content:encoded></item>\n"
    )


def document(feed: int, turn: int, entries: int = ENTRIES, hours: float = 0) -> bytes:
    """The feed after so many turns."""
    items = "".join(
        entry(feed, number, hours) for number in range(turn + ENTRIES, turn + ENTRIES - entries, -1)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" '
        f'xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>Paddock {feed}</title>'
        f"<link>https://outlet{feed}.example/</link><description>News</description>{items}</channel></rss>"
    ).encode()


class Newsstand(asyncio.Protocol):
    """HTTP/1.1 as far as a measurement needs it."""

    turn = 0
    bodies: dict[tuple[int, int], bytes] = {}  # noqa: RUF012 (one process, one server)
    asked: Counter[int] = Counter()  # noqa: RUF012
    sent: dict[str, float] = {}  # noqa: RUF012
    feeds = 0
    hours = 0.0
    entries = ENTRIES

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.rest = b""

    def data_received(self, data: bytes) -> None:
        self.rest += data
        while b"\r\n\r\n" in self.rest:
            head, self.rest = self.rest.split(b"\r\n\r\n", 1)
            path = head.split(b" ", 2)[1].decode()
            self.transport.write(self.answer(path, head))  # type: ignore[attr-defined]
            self.sent[path] = time.monotonic()

    def answer(self, path: str, head: bytes) -> bytes:
        if path == "/turn":
            Newsstand.turn += 1
            self.asked.clear()
            return b"HTTP/1.1 204 No Content\r\n\r\n"
        if path == "/asked":
            least = min((self.asked[feed] for feed in range(self.feeds)), default=0)
            return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%d" % (len(str(least)), least)
        if path.endswith("/sent"):
            at = b"%r" % self.sent.get(path.removesuffix("/sent"), 0.0)
            return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(at), at)
        feed = int(path.rsplit("/", 1)[1])
        self.asked[feed] += 1
        etag = b'"%d-%d"' % (feed, self.turn)
        if etag in head:
            return b"HTTP/1.1 304 Not Modified\r\nETag: " + etag + b"\r\n\r\n"
        body = self.bodies.get((feed, self.turn)) or document(feed, self.turn, self.entries, self.hours)
        kind = b"Content-Type: application/rss+xml; charset=utf-8\r\n"
        return b"HTTP/1.1 200 OK\r\nETag: %b\r\n%bContent-Length: %d\r\n\r\n" % (etag, kind, len(body)) + body


async def main() -> None:
    """Serve on as many ports as there should be hosts."""
    loop = asyncio.get_running_loop()
    servers = [await loop.create_server(Newsstand, "127.0.0.1", 0) for _ in range(int(sys.argv[2]))]
    print(json.dumps([server.sockets[0].getsockname()[1] for server in servers]), flush=True)
    Newsstand.feeds = int(sys.argv[1])
    Newsstand.hours = float(sys.argv[3]) if len(sys.argv) > 3 else 0
    Newsstand.entries = int(sys.argv[4]) if len(sys.argv) > 4 else ENTRIES
    if not Newsstand.hours:  # what the server itself costs is measured too: everything is ready
        for feed in range(Newsstand.feeds):
            for turn in range(4):
                Newsstand.bodies[feed, turn] = document(feed, turn, Newsstand.entries)
    print("ready", flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
