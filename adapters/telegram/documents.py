"""Files that people send: a small text, or a sentence that says why not."""

from __future__ import annotations

import telegram
from telegram.error import TelegramError

from bot.model import Document
from bot.text import tame

BIGGEST = 200_000  # bytes


class NotRead(Exception):
    """The file was not read; `key` is the sentence that says why."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


async def document_of(bot: telegram.Bot, sent: telegram.Document) -> Document:
    """Fetch a file. Raises NotRead when it is too big, no text, or out of reach."""
    if sent.file_size is None or sent.file_size > BIGGEST:
        raise NotRead("telegram.document.too_big")
    try:
        file = await bot.get_file(sent.file_id)
        content = bytes(await file.download_as_bytearray())
    except TelegramError as error:
        raise NotRead("telegram.document.out_of_reach") from error
    try:
        text = content[: BIGGEST + 1].decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise NotRead("telegram.document.no_text") from error
    if len(content) > BIGGEST:
        raise NotRead("telegram.document.too_big")
    return Document(name=tame(sent.file_name or "")[:100], text=text)
