"""Updates pushed by Telegram: a small server behind the operator's reverse proxy, which brings the certificate."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
from collections import OrderedDict
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import structlog
from aiohttp import web
from telegram import Bot, Update
from telegram.error import InvalidToken, TelegramError

from adapters.telegram.lanes import Lanes
from adapters.telegram.leftovers import Leftovers
from adapters.telegram.polling import ALLOWED
from bot.errors import SettingsError
from bot.plain import host_and_port
from bot.waits import first_of

if TYPE_CHECKING:
    from bot.config import TelegramSettings

log = structlog.get_logger()

HEADER = "X-Telegram-Bot-Api-Secret-Token"
BIGGEST = 1 << 20  # bytes of an update
REMEMBERED = 2_000  # updates: Telegram repeats one whose acknowledgement was lost
AT_ONCE = 40  # connections that Telegram may open
PATIENCE = 5.0  # seconds that an acknowledgement waits for the answer
RENEW = 3_600.0  # seconds: another program may have taken the webhook away


class Inbox:
    """What was pushed. An update is acknowledged when it was answered, or is kept, or Telegram has to repeat it."""

    def __init__(self, bot: Bot, lanes: Lanes, leftovers: Leftovers) -> None:
        self._bot, self._lanes, self._leftovers = bot, lanes, leftovers
        self._seen = OrderedDict[int, None]()
        self._slow: dict[int, Any] = {}  # acknowledged and not answered yet
        self._stopping = asyncio.Event()

    async def resume(self) -> None:
        """Answer what an earlier process had acknowledged."""
        for raw in await self._leftovers.recalled():
            self._slow[raw["update_id"]] = raw
            self._put(raw, asyncio.Event())

    async def close(self) -> None:
        """Let what is under way finish. What is not is repeated by Telegram, or kept."""
        self._stopping.set()
        await self._lanes.close()
        await self._leftovers.keep(self._slow)

    async def take(self, raw: Any) -> bool:
        """Answer an update; False when Telegram has to bring it again."""
        if self._lanes.is_full or self._stopping.is_set():
            return False
        answered = asyncio.Event()
        if not self._put(raw, answered):
            return True
        number = int(raw["update_id"])
        if await self._is_answered(answered):
            return True
        self._slow[number] = raw
        if self._stopping.is_set() or not await self._leftovers.keep(self._slow):
            self._slow.pop(number, None)
            self._seen.pop(number, None)
            return False
        return True

    async def _is_answered(self, answered: asyncio.Event) -> bool:
        """Wait for the answer, not for long, and not while Pitwire stops."""
        await first_of(answered.wait(), self._stopping.wait(), seconds=PATIENCE)
        return answered.is_set()

    def _put(self, raw: Any, answered: asyncio.Event) -> bool:
        """Queue an update; False for one that is known, or that nobody understands."""
        try:
            update = Update.de_json(raw, self._bot)
        except Exception as error:  # noqa: BLE001  whatever a newer Bot API may send; repeating it helps nobody
            log.warning("update not understood", error=type(error).__name__)
            return False
        if update.update_id in self._seen:
            return False
        self._seen[update.update_id] = None
        while len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)

        def done() -> None:
            answered.set()
            self._slow.pop(update.update_id, None)

        self._lanes.put(update, done)
        return True


async def listen(bot: Bot, settings: TelegramSettings, lanes: Lanes, leftovers: Leftovers) -> None:
    """Serve until cancelled. Raises SettingsError when the address cannot be used, InvalidToken for a dead token."""
    secret, inbox = secret_of(settings), Inbox(bot, lanes, leftovers)

    async def receive(request: web.Request) -> web.Response:
        if not hmac.compare_digest(request.headers.get(HEADER, "").encode(), secret.encode()):
            return web.Response(status=401)
        try:
            raw = await request.json()
        except ValueError:
            return web.Response(status=400)
        return web.Response(status=200 if await inbox.take(raw) else 503)

    path = path_of(settings)
    app = web.Application(client_max_size=BIGGEST)
    app.router.add_post(path, receive)
    runner = web.AppRunner(app, access_log=None, handle_signals=False)
    await runner.setup()
    try:
        await inbox.resume()
        await _open(runner, settings)
        log.info("webhook listens", listen=settings.webhook_listen)
        await _keep_set(bot, f"{str(settings.webhook_url).rstrip('/')}", path, secret)
    finally:
        await inbox.close()
        await runner.cleanup()


def secret_of(settings: TelegramSettings) -> str:
    """The secret that Telegram sends with each update: as set, or one that all processes of this bot derive."""
    if settings.webhook_secret is not None:
        given = settings.webhook_secret.get_secret_value()
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", given):
            raise SettingsError(
                "PITWIRE_TELEGRAM__WEBHOOK_SECRET: use 1 to 256 of the characters A-Z, a-z, 0-9, _ and -."
            )
        return given
    assert settings.token is not None
    return hmac.new(
        settings.token.get_secret_value().encode(), b"pitwire webhook", hashlib.sha256
    ).hexdigest()


def path_of(settings: TelegramSettings) -> str:
    """The path that updates are posted to: that of the public address, or one of our own."""
    assert settings.webhook_url is not None
    path = urlsplit(str(settings.webhook_url)).path.rstrip("/")
    return path or "/telegram"


async def _open(runner: web.AppRunner, settings: TelegramSettings) -> None:
    try:
        host, port = host_and_port(settings.webhook_listen)
        await web.TCPSite(runner, host, port).start()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SettingsError(f"PITWIRE_TELEGRAM__WEBHOOK_LISTEN: cannot listen there: {reason}.") from error


async def _keep_set(bot: Bot, address: str, path: str, secret: str) -> None:
    url = address if address.endswith(path) else f"{address}{path}"
    wait = 1.0
    while True:
        try:
            await bot.set_webhook(
                url, secret_token=secret, allowed_updates=list(ALLOWED), max_connections=AT_ONCE
            )
            wait = RENEW
        except InvalidToken:
            raise
        except TelegramError as error:
            log.warning("webhook not set", reason=error.message, next=f"{wait:.0f}s")
            wait = min(60.0, wait * 2) if wait < RENEW else 1.0
        await asyncio.sleep(wait)
