"""Read labelled articles as the poller would hand them over."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.model import Article


def labelled(data: Path, name: str = "articles.dev.jsonl") -> Iterator[tuple[dict[str, Any], Article]]:
    """Give each row of the file with its article; nothing where the file is missing."""
    path = data / name
    if not path.exists():
        print(f"{name} is not in {data}")
        return
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            yield row, article(row)


def article(row: dict[str, Any]) -> Article:
    return Article(
        guid=row["id"],
        url=row.get("url") or "",
        title=row["title"] or "",
        standfirst=row.get("description") or "",
        text=row.get("body") or "",
        published_at=moment(row.get("published")),
        language=row.get("lang"),
        feed_series=tuple(row.get("feed_series") or ()),
    )


def moment(text: str | None) -> datetime | None:
    """Read "2026-08-02", "2020-07-08T20:00:00Z", or only "2015" or "2025-10"."""
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        parts = [int(part) for part in text.split("-") if part.isdigit()]
        return datetime(parts[0], parts[1] if len(parts) > 1 else 7, 1, tzinfo=UTC) if parts else None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
