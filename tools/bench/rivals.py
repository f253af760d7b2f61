"""What polling is compared with, each in a process of its own that measures itself when it is asked.

`bare`: nothing but the conditional GETs, by aiohttp as it comes. `whole`: feedparser as it comes, on whole documents.
`reader`: the library of that name, which polls, parses and keeps feeds (https://reader.readthedocs.io).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from importlib.util import find_spec
from pathlib import Path

import aiohttp

from tools.bench.newsstand import ENTRIES, document

Work = Callable[[], None]

PARSED = 40  # documents that one answer of `whole` is the mean of


class Rival:
    """One of them, at the other end of a pipe."""

    def __init__(self, name: str, urls: list[str], python: str) -> None:
        command = [python, "-m", "tools.bench.rivals", name]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._tell(urls)

    def ask(self) -> float:
        """Let it do its work once: milliseconds of CPU a feed."""
        self._tell("go")
        assert self._process.stdout
        answer = self._process.stdout.readline()
        if not answer:
            raise SystemExit(f"{self._process.args!r} ended with {self._process.wait()}")
        return float(answer)

    def close(self) -> None:
        """End it."""
        self._process.communicate()

    def _tell(self, what: object) -> None:
        assert self._process.stdin
        print(json.dumps(what), file=self._process.stdin, flush=True)


@contextlib.contextmanager
def rival(name: str, urls: list[str], python: str = sys.executable) -> Iterator[Rival]:
    """Start one, ready to be asked."""
    started = Rival(name, urls, python)
    try:
        yield started
    finally:
        started.close()


@contextlib.contextmanager
def bare(urls: list[str]) -> Iterator[Work]:
    """As politely as Pitwire: one request at a time a host, over a connection that is kept."""
    by_host: dict[str, list[str]] = {}
    for url in urls:
        by_host.setdefault(url.rsplit("/", 1)[0], []).append(url)
    etags: dict[str, str] = {}

    async def one(session: aiohttp.ClientSession, host: list[str]) -> None:
        for url in host:
            headers = {"If-None-Match": etags[url]} if url in etags else {}
            async with session.get(url, headers=headers) as answer:
                await answer.read()
                etags[url] = answer.headers["ETag"]

    async def opened() -> aiohttp.ClientSession:
        return aiohttp.ClientSession()

    async def everything() -> None:
        await asyncio.gather(*(one(session, host) for host in by_host.values()))

    with asyncio.Runner() as runner:
        session = runner.run(opened())
        yield lambda: runner.run(everything())
        runner.run(session.close())


@contextlib.contextmanager
def whole(urls: list[str]) -> Iterator[Work]:
    """So many documents at a time."""
    import feedparser

    bodies = [document(feed % len(urls), 0, ENTRIES) for feed in range(PARSED)]

    def everything() -> None:
        for body in bodies:
            feedparser.parse(body)

    yield everything


@contextlib.contextmanager
def reader(urls: list[str]) -> Iterator[Work]:
    """With its defaults: one thread, its store on disk."""
    import feedparser_sgmllib

    # It carries a feedparser that asks for this module by its old name.
    sys.modules.setdefault("sgmllib", feedparser_sgmllib)
    from reader import make_reader

    with tempfile.TemporaryDirectory(prefix="pitwire-bench-") as folder:
        store = make_reader(str(Path(folder) / "peer.sqlite"))
        for url in urls:
            store.add_feed(url)
        yield lambda: store.update_feeds(scheduled=False)
        store.close()


RIVALS: Mapping[str, Callable[[list[str]], AbstractContextManager[Work]]] = {
    "bare": bare,
    "whole": whole,
    "reader": reader,
}


def is_there(name: str) -> bool:
    """Whether a rival's library is installed."""
    return name != "reader" or find_spec("reader") is not None


def main() -> None:
    """Be one of them: the addresses of the feeds come first, then a line for each time it is asked."""
    name = sys.argv[1]
    urls = json.loads(sys.stdin.readline())
    count = PARSED if name == "whole" else len(urls)
    with RIVALS[name](urls) as work:
        for _ in sys.stdin:
            before = time.process_time()
            work()
            print((time.process_time() - before) * 1000 / count, flush=True)


if __name__ == "__main__":
    main()
