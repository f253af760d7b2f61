"""What of a feed's answer is new? As little as possible is parsed to find out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from functools import partial

from bot.feeds import delta
from bot.feeds.health import is_cut_off
from bot.feeds.jsonfeed import looks_like_json
from bot.feeds.parse import insist, parse, parse_xml, true_type
from bot.model import FeedDocument

AT_ONCE = 20_000  # bytes that are parsed right here, within a few milliseconds; more is for a thread
THREADS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """What was found. Without a document nothing is new."""

    document: FeedDocument | None
    hashes: tuple[bytes, ...] = ()  # of all slices of the body
    parsed: tuple[int, ...] = ()  # the slices that the document's entries came from, in their order
    is_whole: bool = True  # the document holds every entry of the feed

    def slices(self, failed: Collection[int] = ()) -> bytes:
        """What to remember as known: all slices but those whose entry (by its place in the document) failed."""
        left_out = {self.parsed[place] for place in failed if place < len(self.parsed)}
        return b"".join(name for number, name in enumerate(self.hashes) if number not in left_out)


class Reader:
    """Reads answers; long ones in a thread, few at a time."""

    def __init__(self) -> None:
        self._threads = asyncio.Semaphore(THREADS)

    async def read(self, body: bytes, content_type: str, url: str, known: bytes) -> Intake:
        """Parse what is not known of a body. Raises FetchError for what is no feed."""
        pieces = None if looks_like_json(body) else delta.cut(body, content_type)
        hashes = pieces.hashes() if pieces else ()
        numbers = delta.unseen(hashes, known)
        if pieces is None or not pieces.is_certain(numbers):
            return Intake(document=await self._whole(body, content_type, url))
        if not numbers:
            return Intake(document=None, hashes=hashes)
        if len(numbers) < len(hashes):
            part = pieces.only(numbers)
            found = await self._run(
                partial(parse_xml, part, content_type=true_type(body, content_type), url=url), len(part)
            )
            if len(found.entries) == len(numbers):
                return Intake(document=found, hashes=hashes, parsed=tuple(numbers), is_whole=False)
        found = await self._whole(body, content_type, url)
        parsed = tuple(range(len(hashes))) if len(found.entries) == len(hashes) else ()
        # Where feedparser counts otherwise, the split is not to be trusted next time either.
        return Intake(document=found, hashes=hashes if parsed else (), parsed=parsed)

    async def _whole(self, body: bytes, content_type: str, url: str) -> FeedDocument:
        found = insist(
            await self._run(partial(parse, body, content_type=content_type, url=url), len(body)),
            body,
            content_type,
        )
        if found.entries and is_cut_off(body) and not _ends_whole(body):
            return replace(found, entries=found.entries[:-1])  # half an entry is none
        return found

    async def _run(self, work: Callable[[], FeedDocument], size: int) -> FeedDocument:
        if size <= AT_ONCE:
            return work()
        async with self._threads:
            return await asyncio.to_thread(work)


def _ends_whole(body: bytes) -> bool:
    """Say whether the last item that a cut off document begins is also ended."""
    return body.rfind(b"</item>") + body.rfind(b"</entry>") > max(body.rfind(b"<item"), body.rfind(b"<entry"))
