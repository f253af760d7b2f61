"""A small Bot API server on loopback: what Telegram does with messages, as far as the tests ask for it.

It answers over the real wire format, keeps what the bot said, hands out updates, and is as strict as Telegram about
lengths, entities and buttons: each breach is written to `problems`.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

TOKEN = "123456:loopback"
BOT = {"id": 123456, "is_bot": True, "first_name": "Pitwire", "username": "pitwire_bot"}
_WORDS = {
    "action",
    "text",
    "caption",
    "photo",
    "url",
    "file_id",
    "secret_token",
    "language_code",
    "callback_query_id",
    "inline_query_id",
}
_ENTITIES = {"bold", "italic", "spoiler", "code", "text_link", "text_mention", "date_time"}


@dataclass
class Fault:
    """What happens instead of, or after, an answer."""

    status: int = 400
    description: str = "Bad Request: no"
    parameters: Mapping[str, Any] = field(default_factory=dict)
    kind: str = "refuse"  # or "lose" (done, but the connection drops), "garbage", "hang"


class BotApi:
    """`async with BotApi() as api:` serves at `api.url`."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.problems: list[str] = []
        self.messages: dict[int, dict[int, dict[str, Any]]] = defaultdict(dict)
        self.members: dict[tuple[int, int], dict[str, Any]] = {}
        self.commands: dict[tuple[str, str], list[dict[str, str]]] = {}
        self.presses: dict[str, dict[str, Any]] = {}
        self.queries: dict[str, dict[str, Any]] = {}
        self.files: dict[str, bytes] = {}
        self.updates: list[dict[str, Any]] = []
        self.webhook: dict[str, Any] = {}
        self.changed = asyncio.Condition()
        self._faults: dict[str, list[Fault]] = defaultdict(list)
        self._numbers = itertools.count(1)
        self._runner: web.AppRunner | None = None
        self._is_closing = False
        self.url = ""

    async def __aenter__(self) -> BotApi:
        app = web.Application()
        app.router.add_route("*", "/{kind:bot|file/bot}{token}/{method:.*}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._runner is not None
        self._is_closing = True  # ends the long polls
        async with self.changed:
            self.changed.notify_all()
        await self._runner.cleanup()

    # ── what a test does ──

    def fail(
        self, method: str, description: str = "", *, status: int = 400, times: int = 1, **more: Any
    ) -> None:
        """Let the next calls of a method go wrong."""
        kind = more.pop("kind", "refuse")
        self._faults[method] += [Fault(status, description, more, kind) for _ in range(times)]

    async def push(self, **update: Any) -> int:
        """Hand out an update."""
        number = next(self._numbers) + 1000
        self.updates.append({"update_id": number, **update})
        async with self.changed:
            self.changed.notify_all()
        return number

    async def say(self, text: str, *, user: int = 7, chat: int | None = None, **more: Any) -> dict[str, Any]:
        """A person writes."""
        chat = chat or user
        message = {
            "message_id": next(self._numbers),
            "date": 1_795_000_000,
            "chat": _chat(chat),
            "from": _user(user, more.pop("language", "en")),
            **({"text": text} if text else {}),
            **more,
        }
        self.messages[chat][message["message_id"]] = message
        await self.push(message=message)
        return message

    async def press(self, message: Mapping[str, Any], button: str, *, user: int = 7) -> str:
        """A person presses the button with this label, or with this data."""
        buttons = [b for row in message["reply_markup"]["inline_keyboard"] for b in row]
        data = next((b["callback_data"] for b in buttons if button in b["text"]), button)
        number = str(next(self._numbers) + 10**9)
        await self.push(
            callback_query={
                "id": number,
                "from": _user(user, "en"),
                "chat_instance": "1",
                "message": dict(message),
                "data": data,
            }
        )
        return number

    async def until(self, condition: Any, timeout: float = 5.0) -> Any:
        """Wait until the condition, asked after each call, holds; returns its value."""
        async with asyncio.timeout(timeout), self.changed:
            while not (found := condition()):
                await self.changed.wait()
            return found

    def sent(self, *methods: str) -> list[dict[str, Any]]:
        """The parameters of the calls of these methods."""
        return [params for method, params in self.calls if method in methods]

    def said(self, chat: int) -> list[dict[str, Any]]:
        """The bot's messages in a chat, as they stand now."""
        return [m for m in self.messages[chat].values() if m["from"]["id"] == BOT["id"]]

    # ── what Telegram does ──

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        if request.match_info["kind"].startswith("file"):
            return web.Response(body=self.files[method])
        if request.match_info["token"] != TOKEN:
            return _refused(401, "Unauthorized")
        params = await _parameters(request)
        fault = self._faults[method].pop(0) if self._faults[method] else None
        if fault and fault.kind == "refuse":
            await self._noted(method, params)
            return _refused(fault.status, fault.description, fault.parameters)
        if fault and fault.kind == "hang":
            await self._noted(method, params)
            await asyncio.sleep(60)
        handler = getattr(self, f"_{method}", None)
        try:
            result = await handler(params) if handler else True
        except ValueError as error:
            self.problems.append(f"{method}: {error}")
            return _refused(400, f"Bad Request: {error}")
        await self._noted(method, params)
        if fault and fault.kind == "lose":
            assert request.transport is not None
            request.transport.close()
            return web.Response()
        if fault and fault.kind == "garbage":
            return web.Response(text="<html>")
        return web.json_response({"ok": True, "result": result})

    async def _noted(self, method: str, params: dict[str, Any]) -> None:
        self.calls.append((method, params))
        async with self.changed:
            self.changed.notify_all()

    async def _getMe(self, params: dict[str, Any]) -> Any:
        return {**BOT, "can_join_groups": True, "supports_inline_queries": True}

    async def _getUpdates(self, params: dict[str, Any]) -> Any:
        offset = params.get("offset", 0)
        self.updates = [update for update in self.updates if update["update_id"] >= offset]
        async with self.changed:
            self.changed.notify_all()
        if not self.updates and params.get("timeout"):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(params["timeout"]), self.changed:
                    await self.changed.wait_for(lambda: self.updates or self._is_closing)
        return self.updates[: params.get("limit", 100)]

    async def _sendMessage(self, params: dict[str, Any]) -> Any:
        _check_text(params.get("text", ""), params.get("entities", []), 4096)
        return self._kept(params, text=params["text"], entities=params.get("entities", []))

    async def _sendPhoto(self, params: dict[str, Any]) -> Any:
        _check_text(params.get("caption", ""), params.get("caption_entities", []), 1024)
        return self._kept(params, caption=params["caption"], photo=[])

    async def _sendDocument(self, params: dict[str, Any]) -> Any:
        _check_text(params.get("caption", "."), params.get("caption_entities", []), 1024)
        document = {"file_id": "f", "file_unique_id": "u"}
        return self._kept(params, caption=params.get("caption", ""), document=document)

    async def _editMessageText(self, params: dict[str, Any]) -> Any:
        _check_text(params["text"], params.get("entities", []), 4096)
        return self._changed(params, text=params["text"], entities=params.get("entities", []))

    async def _deleteMessages(self, params: dict[str, Any]) -> Any:
        for number in params["message_ids"]:
            self.messages[params["chat_id"]].pop(number, None)
        return True

    async def _sendChatAction(self, params: dict[str, Any]) -> Any:
        return True

    async def _getChatAdministrators(self, params: dict[str, Any]) -> Any:
        return [
            {"status": "creator", "is_anonymous": False, **known, "user": _user(user, "en")}
            for (chat, user), known in self.members.items()
            if chat == params["chat_id"]
        ]

    async def _editMessageCaption(self, params: dict[str, Any]) -> Any:
        _check_text(params["caption"], params.get("caption_entities", []), 1024)
        return self._changed(params, caption=params["caption"])

    async def _editMessageReplyMarkup(self, params: dict[str, Any]) -> Any:
        return self._changed(params)

    async def _answerCallbackQuery(self, params: dict[str, Any]) -> Any:
        if _units(params.get("text", "")) > 200:
            raise ValueError("MESSAGE_TOO_LONG")
        self.presses[params["callback_query_id"]] = params
        return True

    async def _answerInlineQuery(self, params: dict[str, Any]) -> Any:
        if len({card["id"] for card in params["results"]}) != len(params["results"]):
            raise ValueError("RESULT_ID_DUPLICATE")
        for card in params["results"]:
            content = card["input_message_content"]
            _check_text(content["message_text"], content.get("entities", []), 4096)
        self.queries[params["inline_query_id"]] = params
        return True

    async def _getChatMember(self, params: dict[str, Any]) -> Any:
        key = params["chat_id"], params["user_id"]
        return {"status": "member", "user": _user(params["user_id"], "en"), **self.members.get(key, {})}

    async def _getChat(self, params: dict[str, Any]) -> Any:
        return {
            **_chat(-100500),
            "accent_color_id": 1,
            "max_reaction_count": 1,
            "accepted_gift_types": _GIFTS,
        }

    async def _getFile(self, params: dict[str, Any]) -> Any:
        return {"file_id": params["file_id"], "file_unique_id": "u", "file_path": params["file_id"]}

    async def _getMyCommands(self, params: dict[str, Any]) -> Any:
        return self.commands.get((params["scope"]["type"], params.get("language_code", "")), [])

    async def _setMyCommands(self, params: dict[str, Any]) -> Any:
        self.commands[params["scope"]["type"], params.get("language_code", "")] = params["commands"]
        return True

    async def _setWebhook(self, params: dict[str, Any]) -> Any:
        self.webhook = params
        return True

    def _kept(self, params: dict[str, Any], **content: Any) -> dict[str, Any]:
        _check_buttons(params.get("reply_markup", {}))
        chat = params["chat_id"]
        message = {
            "message_id": next(self._numbers),
            "date": 1_795_000_000,
            "chat": _chat(chat),
            "from": BOT,
            **content,
        }
        if "inline_keyboard" in params.get("reply_markup", {}):
            message["reply_markup"] = params["reply_markup"]
        if params.get("message_thread_id"):
            message |= {"message_thread_id": params["message_thread_id"], "is_topic_message": True}
        self.messages[chat][message["message_id"]] = message
        return message

    def _changed(self, params: dict[str, Any], **content: Any) -> dict[str, Any]:
        _check_buttons(params.get("reply_markup", {}))
        message = self.messages[params["chat_id"]].get(params["message_id"])
        if message is None:
            raise ValueError("message to edit not found")
        markup = {"reply_markup": params["reply_markup"]} if params.get("reply_markup") else {}
        if all(message.get(key) == value for key, value in {**content, **markup}.items()):
            raise ValueError("message is not modified: it says so already")
        message.pop("reply_markup", None)
        message |= {**content, **markup}
        return message


_GIFTS = dict.fromkeys(
    ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels"), False
)


def _user(number: int, language: str) -> dict[str, Any]:
    return {
        "id": number,
        "is_bot": False,
        "first_name": f"Fan {number}",
        "username": f"fan{number}",
        "language_code": language,
    }


def _chat(number: int) -> dict[str, Any]:
    if number > 0:
        return {"id": number, "type": "private", "first_name": f"Fan {number}"}
    kind = "channel" if number <= -100500 else "supergroup"
    return {"id": number, "type": kind, "title": f"Place {-number}"}


async def _parameters(request: web.Request) -> dict[str, Any]:
    given = await request.post()
    return {name: _value(name, value) if isinstance(value, str) else value for name, value in given.items()}


def _value(name: str, text: str) -> Any:
    return text if name in _WORDS or text.startswith("@") else json.loads(text)


def _refused(status: int, description: str, parameters: Mapping[str, Any] | None = None) -> web.Response:
    body: dict[str, Any] = {"ok": False, "error_code": status, "description": description}
    if parameters:
        body["parameters"] = dict(parameters)
    return web.json_response(body, status=status)


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _check_text(text: Any, entities: list[dict[str, Any]], most: int) -> None:
    text = str(text)
    if not text.strip() or text != text.strip():
        raise ValueError("text must be non-empty, and begin and end with something")
    if _units(text) > most:
        raise ValueError(f"message is too long: {_units(text)}")
    if len(entities) > 100:
        raise ValueError("too many entities")
    encoded = text.encode("utf-16-le")
    for entity in entities:
        begin, end = entity["offset"], entity["offset"] + entity["length"]
        if entity["type"] not in _ENTITIES or begin < 0 or entity["length"] < 1 or end > _units(text):
            raise ValueError(f"can't parse entities: {entity}")
        encoded[2 * begin : 2 * end].decode("utf-16-le")  # a half character raises a ValueError
        if entity["type"] == "text_link" and not entity["url"].startswith(("http://", "https://")):
            raise ValueError(f"entity URL {entity['url']!r} is invalid")


def _check_buttons(markup: Mapping[str, Any]) -> None:
    rows = markup.get("inline_keyboard", [])
    if sum(map(len, rows)) > 100:
        raise ValueError("reply markup is too long")
    for button in itertools.chain.from_iterable(rows):
        data = button.get("callback_data")
        if not button["text"] or (data is not None and not 1 <= len(data.encode()) <= 64):
            raise ValueError(f"BUTTON_DATA_INVALID: {button}")
