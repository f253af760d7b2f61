"""Updates pushed by Telegram: a small server behind the operator's reverse proxy, which brings the certificate."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
from collections import OrderedDict

import structlog
from aiohttp import web
from telegram import Bot, Update
from telegram.error import InvalidToken, TelegramError

from adapters.telegram.lanes import Lanes
from adapters.telegram.polling import ALLOWED
from bot.config import TelegramSettings, host_and_port
from bot.errors import SettingsError

log = structlog.get_logger()

HEADER = "X-Telegram-Bot-Api-Secret-Token"
BIGGEST = 1 << 20  # bytes of an update
REMEMBERED = 2_000  # updates: Telegram repeats one whose acknowledgement was lost
AT_ONCE = 40  # connections that Telegram may open
RENEW = 3_600.0  # seconds: another program may have taken the webhook away


async def listen(bot: Bot, settings: TelegramSettings, lanes: Lanes) -> None:
    """Serve until cancelled. Raises SettingsError when the address cannot be used, InvalidToken for a dead token."""
    secret, seen = secret_of(settings), OrderedDict[int, None]()

    async def receive(request: web.Request) -> web.Response:
        if not hmac.compare_digest(request.headers.get(HEADER, "").encode(), secret.encode()):
            return web.Response(status=401)
        if lanes.is_full:  # Telegram comes back with it
            return web.Response(status=503)
        try:
            update = Update.de_json(await request.json(), bot)
        except Exception as error:  # noqa: BLE001  whatever a newer Bot API may send; repeating it helps nobody
            log.warning("update not understood", error=type(error).__name__)
            return web.Response()
        if update.update_id not in seen:
            seen[update.update_id] = None
            while len(seen) > REMEMBERED:
                seen.popitem(last=False)
            lanes.put(update, _nothing)
        return web.Response()

    path = path_of(settings)
    app = web.Application(client_max_size=BIGGEST)
    app.router.add_post(path, receive)
    runner = web.AppRunner(app, access_log=None, handle_signals=False)
    await runner.setup()
    try:
        await _open(runner, settings)
        log.info("webhook listens", listen=settings.webhook_listen)
        await _keep_set(bot, f"{str(settings.webhook_url).rstrip('/')}", path, secret)
    finally:
        await runner.cleanup()
        await lanes.close()


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
    path = (settings.webhook_url.path or "").rstrip("/")
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


def _nothing() -> None:
    """A pushed update is confirmed by the answer to its request."""
