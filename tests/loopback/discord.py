"""A small Discord on loopback: the few REST routes and gateway events that Pitwire uses, and people who press things.

It is strict about what breaks a message at Discord (lengths, counts, double ids, wrong kinds of answer): each breach is
kept in `breaches` and refused as Discord would. It knows no rate limits of its own; `fail` makes requests fail.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import re
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

Json = dict[str, Any]
TOKEN = "loopback-token"
EPHEMERAL, LOADING, V2 = 1 << 6, 1 << 7, 1 << 15
SEND, VIEW, HISTORY, MANAGE_GUILD, MANAGE_CHANNELS, MANAGE_ROLES = (
    1 << 11,
    1 << 10,
    1 << 16,
    1 << 5,
    1 << 4,
    1 << 28,
)
MEMBER = VIEW | SEND | HISTORY | 1 << 35 | 1 << 38
_ids = itertools.count(1)


def snowflake() -> str:
    return str((int(time.time() * 1000) - 1420070400000) << 22 | next(_ids) % (1 << 22))


def walk(parts: list[Json]) -> Iterator[Json]:
    for part in parts or []:
        yield part
        yield from walk(part.get("components") or [])
        yield from walk([part[key] for key in ("accessory", "component") if part.get(key)])


class Refusal(Exception):
    def __init__(self, status: int, code: int, message: str = "", errors: Json | None = None) -> None:
        super().__init__(message)
        self.status, self.body = status, {"code": code, "message": message, "errors": errors or {}}


@dataclass
class Failure:
    """What happens to the next requests that match, instead of or after what they ask for."""

    method: str
    path: str
    kind: str  # "status", "accepted" (done, then the connection drops), "drop", "slow"
    status: int = 500
    body: Any = None
    times: int = 1
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Act:
    """One interaction, as the person who did it saw it."""

    payload: Json
    at: float
    source: Json | None = None
    acknowledged: asyncio.Event = field(default_factory=asyncio.Event)
    done: asyncio.Event = field(default_factory=asyncio.Event)
    kind: int = 0
    ack_seconds: float = 0.0
    messages: dict[str, Json] = field(default_factory=dict)
    original: str = ""
    choices: list[Json] | None = None
    modal: Json | None = None


class Discord:
    """The server. Ids by name: `channels["news"]`, `users["fan"]`, `guild`, `role`."""

    def __init__(self) -> None:
        self.me: Json = {
            "id": snowflake(),
            "username": "pitwire",
            "discriminator": "0",
            "avatar": None,
            "bot": True,
        }
        self.application = snowflake()
        self.users: dict[str, Json] = {}
        self.permissions: dict[str, int] = {}
        self.channels: dict[str, Json] = {}
        self.messages: dict[str, list[Json]] = {}
        self.nonces: dict[tuple[str, str], Json] = {}
        self.commands: list[Json] = []
        self.acts: dict[str, Act] = {}
        self.requests: list[tuple[str, str, Any]] = []
        self.breaches: list[str] = []
        self.failures: list[Failure] = []
        self.sockets: list[web.WebSocketResponse] = []
        self.identifies = self.resumes = self.sequence = 0
        self.shards = 1
        self.token = TOKEN
        self.closed_to: set[str] = (
            set()
        )  # channels the bot may not post in, users that take no direct messages
        self.unreadable: set[str] = set()  # channels whose history the bot may not read
        self.headers: dict[str, str] = {}  # of each answer
        self.online = asyncio.Event()
        self.url = ""
        self.guild = self._guild()

    # ── the world ──

    def _guild(self) -> Json:
        guild_id = snowflake()
        self.role = {"id": snowflake(), "name": "WEC fans", "position": 1, "permissions": "0"}
        self.bot_role = {
            "id": snowflake(),
            "name": "Pitwire",
            "position": 5,
            "permissions": str(MEMBER | MANAGE_ROLES),
        }
        everyone = {"id": guild_id, "name": "@everyone", "position": 0, "permissions": str(MEMBER)}
        guild: Json = {"id": guild_id, "name": "Paddock", "roles": [everyone, self.role, self.bot_role]}
        self.guild = guild
        for name, kind in (("news", 0), ("announcements", 5), ("stories", 15)):
            self.add_channel(name, kind)
        self.add_user("fan", MEMBER)
        self.add_user("moderator", MEMBER | MANAGE_GUILD)
        guild["owner_id"] = self.add_user("owner", MEMBER | MANAGE_GUILD)["id"]
        return guild

    def add_user(self, name: str, permissions: int) -> Json:
        user = {
            "id": snowflake(),
            "username": name,
            "global_name": name.title(),
            "discriminator": "0",
            "avatar": None,
        }
        self.users[name] = user
        self.permissions[user["id"]] = permissions
        return user

    def add_channel(self, name: str, kind: int = 0, **more: Any) -> Json:
        channel = {
            "id": snowflake(),
            "guild_id": self.guild["id"],
            "type": kind,
            "name": name,
            "position": 0,
            "permission_overwrites": [],
            "parent_id": None,
            "flags": 0,
            "nsfw": False,
            **more,
        }
        if kind == 15:
            channel.setdefault(
                "available_tags",
                [
                    {
                        "id": snowflake(),
                        "name": "WEC",
                        "moderated": False,
                        "emoji_id": None,
                        "emoji_name": None,
                    }
                ],
            )
        self.channels[name] = channel
        self.messages[channel["id"]] = []
        return channel

    def id(self, name: str) -> str:
        return str(self.channels[name]["id"])

    def said(self, name: str) -> list[Json]:
        """The messages of a channel."""
        return self.messages[self.id(name)]

    def fail(self, method: str, path: str, kind: str = "status", **more: Any) -> None:
        self.failures.append(Failure(method, path, kind, **more))

    def asked(self, method: str, path: str) -> list[Any]:
        """Bodies of the requests that matched."""
        return [body for verb, url, body in self.requests if verb == method and re.search(path, url)]

    def _channel(self, channel_id: str) -> Json:
        found = next((one for one in self.channels.values() if one["id"] == channel_id), None)
        if found is None:
            raise Refusal(404, 10003, "Unknown Channel")
        return found

    def _message(self, channel_id: str, message_id: str) -> Json:
        found = next((one for one in self.messages.get(channel_id, ()) if one["id"] == message_id), None)
        if found is None:
            raise Refusal(404, 10008, "Unknown Message")
        return found

    # ── REST ──

    async def serve(self, request: web.Request) -> web.StreamResponse:
        if request.path == "/gateway/":
            return await self._gateway(request)
        path = request.path.removeprefix("/api/v10")
        if request.path.startswith("/files/"):
            return web.Response(text=request.path.rpartition("/")[2])
        body, files = await _read(request)
        self.requests.append(
            (request.method, path + ("?" + request.query_string if request.query_string else ""), body)
        )
        failure = self._failure(request.method, path)
        if failure is not None and failure.kind == "status":
            body = failure.body if failure.body is not None else {"code": 0, "message": "injected"}
            return _json(body, status=failure.status, headers={"Via": "1.1", **failure.headers})
        if failure is not None and failure.kind == "drop":
            return _dropped(request)
        try:
            self._authorised(request, path)
            answer = self._route(request, path, body, files)
        except Refusal as refusal:
            return _json(refusal.body, status=refusal.status, headers={"Via": "1.1"})
        if failure is not None and failure.kind == "accepted":
            return _dropped(request)
        if answer is None:
            return web.Response(status=204)
        return _json(answer, headers=self.headers)

    def _failure(self, method: str, path: str) -> Failure | None:
        for failure in self.failures:
            if failure.times and failure.method == method and re.search(failure.path, path):
                failure.times -= 1
                return failure
        return None

    def _authorised(self, request: web.Request, path: str) -> None:
        is_open = path.startswith(("/interactions/", "/webhooks/"))
        if not is_open and request.headers.get("Authorization") != f"Bot {self.token}":
            raise Refusal(401, 0, "401: Unauthorized")
        if not request.headers.get("User-Agent", "").startswith("DiscordBot ("):
            self.breaches.append("user agent")

    def _route(self, request: web.Request, path: str, body: Any, files: int) -> Any:
        for method, pattern, handler in ROUTES:
            match = re.fullmatch(pattern, path)
            if method == request.method and match:
                return handler(self, *match.groups(), body=body, query=request.query, files=files)
        self.breaches.append(f"no such route: {request.method} {path}")
        raise Refusal(404, 0, "404: Not Found")

    def _me(self, **_: Any) -> Json:
        return self.me

    def _gateway_bot(self, **_: Any) -> Json:
        limit = {"total": 1000, "remaining": 999, "reset_after": 0, "max_concurrency": 1}
        return {"url": self.gateway, "shards": self.shards, "session_start_limit": limit}

    @property
    def gateway(self) -> str:
        return self.url.replace("http", "ws") + "/gateway/"

    def _application(self, **_: Any) -> Json:
        return {
            "id": self.application,
            "name": "Pitwire",
            "icon": None,
            "description": "",
            "bot_public": True,
            "bot_require_code_grant": False,
            "verify_key": "",
            "flags": 0,
            "owner": self.users["owner"],
            "team": None,
            "rpc_origins": [],
            "summary": "",
        }

    def _commands(self, _application: str, **_: Any) -> list[Json]:
        return self.commands

    def _put_commands(self, _application: str, body: Any, **_: Any) -> list[Json]:
        for command in (one for one in body if one["type"] == 1):
            for node in [command, *(command.get("options") or [])]:
                self._check(re.fullmatch(r"[-_a-z]{1,32}", node["name"]) is not None, f"name {node['name']}")
                texts = [node["description"], *(node.get("description_localizations") or {}).values()]
                self._check(all(1 <= len(text) <= 100 for text in texts), f"description of {node['name']}")
        self.commands = [
            {**command, "id": snowflake(), "application_id": self.application} for command in body
        ]
        return self.commands

    def _get_channel(self, channel_id: str, **_: Any) -> Json:
        return self._channel(channel_id)

    def _patch_channel(self, channel_id: str, body: Any, **_: Any) -> Json:
        channel = self._channel(channel_id)
        if "archived" in body:
            channel["thread_metadata"]["archived"] = body["archived"]
        if "available_tags" in body:
            channel["available_tags"] = [
                {**tag, "id": tag.get("id") or snowflake()} for tag in body["available_tags"]
            ]
        return channel

    def _post(self, channel_id: str, body: Any, **_: Any) -> Json:
        channel = self._channel(channel_id)
        if channel_id in self.closed_to:
            raise Refusal(403, 50007 if channel["type"] == 1 else 50013, "Missing Permissions")
        if channel["type"] in (4, 15):
            raise Refusal(400, 50008, "Cannot send messages in a non-text channel")
        self._check_body(body)
        self._check(len(body.get("nonce") or "x") <= 25, "nonce")
        if body.get("message_reference") and channel_id in self.unreadable:
            raise Refusal(400, 160002, "Cannot reply without permission to read message history")
        known = self.nonces.get((channel_id, body.get("nonce"))) if body.get("enforce_nonce") else None
        if known is not None:
            return known
        message = self._keep(channel_id, body)
        if body.get("nonce"):
            self.nonces[channel_id, body["nonce"]] = message
        return message

    def _keep(self, channel_id: str, body: Json, **more: Any) -> Json:
        message = {
            "id": snowflake(),
            "channel_id": channel_id,
            "author": self.me,
            "timestamp": _now(),
            "type": 0,
            "edited_timestamp": None,
            "tts": False,
            "mention_everyone": False,
            "mentions": [],
            "mention_roles": [],
            "attachments": [],
            "embeds": [],
            "pinned": False,
            "content": body.get("content") or "",
            "components": _numbered(body.get("components") or []),
            "flags": body.get("flags") or 0,
            "reference": body.get("message_reference"),
            "allowed": body.get("allowed_mentions"),
            **more,
        }
        if not message["flags"] & EPHEMERAL:
            self.messages.setdefault(channel_id, []).append(message)
            channel = next((one for one in self.channels.values() if one["id"] == channel_id), {})
            channel["last_message_id"] = message["id"]
        return message

    def _edit(self, channel_id: str, message_id: str, body: Any, **_: Any) -> Json:
        channel, message = self._channel(channel_id), self._message(channel_id, message_id)
        if (channel.get("thread_metadata") or {}).get("archived"):
            raise Refusal(400, 50083, "Thread is archived")
        self._check_body({**body, "flags": body.get("flags") or message["flags"]})
        return self._change(message, body)

    def _change(self, message: Json, body: Json) -> Json:
        message["components"] = _numbered(body.get("components") or [])
        message["edited_timestamp"] = _now()
        message["flags"] &= ~LOADING
        message["flags"] |= body.get("flags") or 0
        return message

    def _history(self, channel_id: str, query: Any, **_: Any) -> list[Json]:
        if channel_id in self.unreadable:
            return []
        after = int(query.get("after", 0))
        found = [one for one in self.messages.get(channel_id, ()) if int(one["id"]) > after]
        return found[: int(query.get("limit", 50))][::-1]

    def _get_message(self, channel_id: str, message_id: str, **_: Any) -> Json:
        if channel_id in self.unreadable:
            raise Refusal(403, 50001, "Missing Access")
        return self._message(channel_id, message_id)

    def _crosspost(self, channel_id: str, message_id: str, **_: Any) -> Json:
        message = self._message(channel_id, message_id)
        message["flags"] |= 1
        return message

    def _discussion(self, channel_id: str, message_id: str, body: Any, **_: Any) -> Json:
        self._message(channel_id, message_id)
        return self._thread(channel_id, body, message_id)

    def _thread(self, parent_id: str, body: Json, thread_id: str) -> Json:
        self._check(1 <= len(body["name"]) <= 100, "thread name")
        meta = {
            "archived": False,
            "locked": False,
            "auto_archive_duration": 1440,
            "archive_timestamp": _now(),
        }
        self.add_channel(f"thread {thread_id}", 11, id=thread_id, parent_id=parent_id, thread_metadata=meta)
        thread = self.channels[f"thread {thread_id}"]
        thread |= {
            "name": body["name"],
            "owner_id": self.me["id"],
            "applied_tags": body.get("applied_tags") or [],
        }
        return thread

    def _new_post(self, channel_id: str, body: Any, **_: Any) -> Json:
        forum = self._channel(channel_id)
        known = {tag["id"] for tag in forum["available_tags"]}
        tags = body.get("applied_tags") or []
        self._check(len(tags) <= 5 and set(tags) <= known, "tags")
        if forum["flags"] & 16 and not tags:
            raise Refusal(400, 40067, "A tag is required")
        self._check_body(body["message"])
        thread = self._thread(channel_id, body, snowflake())
        message = self._keep(thread["id"], body["message"])
        message["id"] = thread["id"]
        return {**thread, "message": message}

    def _get_guild(self, guild_id: str, **_: Any) -> Json:
        if guild_id != self.guild["id"]:
            raise Refusal(404, 10004, "Unknown Guild")
        return self.guild

    def _active(self, _guild: str, **_: Any) -> Json:
        live = [one for one in self.channels.values() if "thread_metadata" in one]
        return {"threads": [one for one in live if not one["thread_metadata"]["archived"]], "members": []}

    def _archived(self, channel_id: str, **_: Any) -> Json:
        gone = [one for one in self.channels.values() if one.get("parent_id") == channel_id]
        return {"threads": [one for one in gone if one["thread_metadata"]["archived"]], "members": []}

    def _open_direct(self, body: Any, **_: Any) -> Json:
        user = next((one for one in self.users.values() if one["id"] == body["recipient_id"]), None)
        if user is None:
            raise Refusal(404, 10013, "Unknown User")
        name = f"dm {user['username']}"
        if name not in self.channels:
            self.add_channel(name, 1, recipients=[user])
            self.channels[name].pop("guild_id")
        return self.channels[name]

    def _role(self, _guild: str, user_id: str, role_id: str, **_: Any) -> None:
        user = next(one for one in self.users.values() if one["id"] == user_id)
        user.setdefault("roles", []).append(role_id)

    def _no_role(self, _guild: str, user_id: str, role_id: str, **_: Any) -> None:
        next(one for one in self.users.values() if one["id"] == user_id)["roles"].remove(role_id)

    # ── what breaks a message ──

    def _check(self, is_fine: bool, what: str) -> None:
        if not is_fine:
            self.breaches.append(what)
            raise Refusal(
                400, 50035, "Invalid Form Body", {what: {"_errors": [{"code": "X", "message": what}]}}
            )

    def _check_body(self, body: Json) -> None:
        parts = list(walk(body.get("components") or []))
        self._check(bool(parts), "empty")
        self._check(bool((body.get("flags") or 0) & V2), "not V2")
        self._check(not body.get("content") and not body.get("embeds"), "legacy fields")
        self._check(len(parts) <= 40, "40 components")
        texts = [part["content"] for part in parts if part["type"] == 10]
        self._check(all(texts) and sum(map(_units, texts)) <= 4000, "4,000 characters")
        ids = [part["custom_id"] for part in parts if part.get("custom_id")]
        self._check(len(ids) == len(set(ids)) and all(1 <= _units(one) <= 100 for one in ids), "custom ids")
        for part in parts:
            self._check_part(part)
        self._check_mentions(body.get("allowed_mentions"), "\n".join(texts))

    def _check_part(self, part: Json) -> None:
        kind, children = part["type"], part.get("components") or []
        if kind == 1:
            self._check(1 <= len(children) <= 5, "row")
        if kind == 2:
            self._check(0 < _units(part.get("label") or "") <= 80, "button label")
            self._check(("url" in part) != ("custom_id" in part), "button")
            self._check(len(part.get("url") or "") <= 512, "button url")
        if kind == 3:
            values = [option["value"] for option in part["options"]]
            self._check(1 <= len(values) <= 25 and len(values) == len(set(values)), "options")
            self._check(all(0 < len(option["label"]) <= 100 for option in part["options"]), "option label")
            self._check(_units(part.get("placeholder") or "") <= 150, "placeholder")
            chosen = sum(1 for option in part["options"] if option.get("default"))
            self._check(
                part["min_values"] <= part["max_values"] <= len(values) and chosen <= part["max_values"],
                "values",
            )
        if kind == 11:
            self._check(part["media"]["url"].startswith(("http://", "https://")), "media")
            self._check(_units(part.get("description") or "x") <= 1024, "description")
        if kind == 17:
            self._check(bool(children), "empty container")

    def _check_mentions(self, allowed: Json | None, text: str) -> None:
        self._check(allowed is not None and allowed.get("parse") == [], "mentions")
        listed = {*(allowed or {}).get("roles", ()), *(allowed or {}).get("users", ())}
        self._check(set(re.findall(r"<@[!&]?(\d+)>", text)) <= listed, "a mention")
        self._check(not re.search(r"@(everyone|here)", text), "everyone")

    # ── interactions: the bot's side ──

    def _callback(self, interaction_id: str, token: str, body: Any, **_: Any) -> None:
        act = self._act(token)
        if act.acknowledged.is_set():
            raise Refusal(400, 40060, "Interaction has already been acknowledged.")
        kind, data = body["type"], body.get("data") or {}
        asked = act.payload["type"]
        self._check((kind == 8) == (asked == 4), "kind of answer")
        self._check(kind not in (6, 7) or act.source is not None, "nothing to update")
        if kind in (4, 7):
            self._check_body(data)
        if kind == 4:
            self._answer(act, data)
        elif kind == 5:
            self._answer(act, {"flags": (data.get("flags") or 0) | LOADING})
        elif kind in (6, 7) and act.source is not None:
            act.original = act.source["id"]
            act.messages[act.original] = act.source if kind == 6 else self._change(act.source, data)
        elif kind == 8:
            act.choices = data["choices"]
            self._check(
                len(act.choices) <= 25 and all(0 < len(one["name"]) <= 100 for one in act.choices), "choices"
            )
        elif kind == 9:
            self._check(asked != 5 and 1 <= len(data["title"]) <= 45, "modal")
            act.modal = data
        act.kind, act.ack_seconds = kind, time.monotonic() - act.at
        act.acknowledged.set()
        if kind not in (5, 6):
            act.done.set()

    def _act(self, token: str) -> Act:
        if token not in self.acts:
            raise Refusal(404, 10015, "Unknown Webhook")
        return self.acts[token]

    def _answer(self, act: Act, data: Json) -> Json:
        message = self._keep(
            act.payload["channel_id"],
            data,
            interaction_metadata={
                "id": act.payload["id"],
                "type": act.payload["type"],
                "user": act.payload.get("user") or act.payload["member"]["user"],
                "authorizing_integration_owners": {},
            },
            webhook_id=self.application,
        )
        act.messages[message["id"]] = message
        act.original = act.original or message["id"]
        return message

    def _edit_original(self, _application: str, token: str, body: Any, **_: Any) -> Json:
        act = self._act(token)
        self._check_body(body)
        message = self._change(act.messages[act.original], body)
        act.done.set()
        return message

    def _drop_original(self, _application: str, token: str, **_: Any) -> None:
        act = self._act(token)
        message = act.messages.pop(act.original)
        box = self.messages.get(message["channel_id"], [])
        box[:] = [one for one in box if one is not message]

    def _follow_up(self, _application: str, token: str, body: Any, **_: Any) -> Json:
        act = self._act(token)
        self._check_body(body)
        message = self._answer(act, body)
        act.done.set()
        return message

    # ── interactions: the people's side ──

    async def interact(
        self,
        kind: int,
        user: str,
        place: str,
        data: Json,
        *,
        locale: str = "en-US",
        source: Json | None = None,
        guest: bool = False,
    ) -> Act:
        """Do something as a person, and wait until it is answered."""
        person, channel = self.users[user], self.channels[place]
        payload: Json = {
            "id": snowflake(),
            "application_id": self.application,
            "type": kind,
            "token": snowflake() + "t",
            "version": 1,
            "data": data,
            "channel_id": channel["id"],
            "channel": channel,
            "locale": locale,
            "entitlements": [],
            "attachment_size_limit": 10 << 20,
            "context": 0 if channel["type"] != 1 else 1,
            "app_permissions": str(0 if guest else MEMBER),
            "authorizing_integration_owners": {"1": person["id"]} if guest else {"0": self.guild["id"]},
        }
        if channel["type"] == 1:
            payload["user"] = person
        else:
            payload |= {
                "guild_id": self.guild["id"],
                "guild_locale": "en-US",
                "guild": {"id": self.guild["id"], "features": [], "locale": "en-US"},
            }
            payload["member"] = {
                "user": person,
                "roles": person.get("roles", []),
                "permissions": str(self.permissions[person["id"]]),
                "joined_at": _now(),
                "deaf": False,
                "mute": False,
                "flags": 0,
            }
        if source is not None:
            payload["message"] = source
        act = self.acts[payload["token"]] = Act(payload, time.monotonic(), source)
        await self.emit("INTERACTION_CREATE", payload)
        await asyncio.wait_for(act.acknowledged.wait(), 3)
        await asyncio.wait_for(act.done.wait(), 10)
        return act

    # ── gateway ──

    async def _gateway(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"op": 10, "d": {"heartbeat_interval": 40_000}})
        async for frame in socket:
            if frame.type is WSMsgType.TEXT:
                await self._op(socket, json.loads(frame.data))
        if socket in self.sockets:
            self.sockets.remove(socket)
        return socket

    async def _op(self, socket: web.WebSocketResponse, frame: Json) -> None:
        if frame["op"] == 1:
            await socket.send_json({"op": 11})
        elif frame["op"] == 2:
            self.identifies += 1
            if frame["d"]["token"] != self.token:
                await socket.close(code=4004)
                return
            self.sockets.append(socket)
            ready = {
                "v": 10,
                "user": self.me,
                "session_id": "s",
                "resume_gateway_url": self.gateway,
                "private_channels": [],
                "guilds": [{"id": self.guild["id"], "unavailable": True}],
                "application": {"id": self.application, "flags": 0},
                "shard": frame["d"].get("shard") or [0, 1],
            }
            await self._send(socket, "READY", ready)
            await self._send(socket, "GUILD_CREATE", self.guild_payload())
            self.online.set()
        elif frame["op"] == 6:
            self.resumes += 1
            self.sockets.append(socket)
            await self._send(socket, "RESUMED", {})
            self.online.set()

    def guild_payload(self) -> Json:
        everything = [one for one in self.channels.values() if one.get("guild_id")]
        me = {
            "user": self.me,
            "roles": [self.bot_role["id"]],
            "joined_at": _now(),
            "deaf": False,
            "mute": False,
            "flags": 0,
        }
        return {
            **self.guild,
            "unavailable": False,
            "channels": [one for one in everything if "thread_metadata" not in one],
            "threads": [one for one in everything if "thread_metadata" in one],
            "members": [me],
            "member_count": 4,
            "emojis": [],
            "stickers": [],
            "features": [],
            "afk_timeout": 60,
            "verification_level": 0,
            "mfa_level": 0,
            "default_message_notifications": 0,
            "explicit_content_filter": 0,
            "premium_tier": 0,
            "nsfw_level": 0,
            "preferred_locale": "en-US",
            "voice_states": [],
            "presences": [],
            "stage_instances": [],
            "guild_scheduled_events": [],
            "soundboard_sounds": [],
            "large": False,
            "joined_at": _now(),
            "system_channel_flags": 0,
            "premium_progress_bar_enabled": False,
        }

    async def emit(self, event: str, data: Json) -> None:
        for socket in list(self.sockets)[-1:]:
            await self._send(socket, event, data)

    async def _send(self, socket: web.WebSocketResponse, event: str, data: Json) -> None:
        self.sequence += 1
        await socket.send_json({"op": 0, "t": event, "s": self.sequence, "d": data})

    async def disturb(self, how: str) -> None:
        """ "reconnect" (op 7), "invalidate" (op 9), "drop" (the socket is gone)."""
        self.online.clear()
        for socket in list(self.sockets):
            self.sockets.remove(socket)
            if how == "drop":
                await socket.close(code=4000)
            else:
                await socket.send_json({"op": 7} if how == "reconnect" else {"op": 9, "d": False})


Handler = Callable[..., Any]
ROUTES: list[tuple[str, str, Handler]] = [
    ("GET", "/users/@me", Discord._me),
    ("GET", "/gateway/bot", Discord._gateway_bot),
    ("GET", "/oauth2/applications/@me", Discord._application),
    ("GET", "/applications/@me", Discord._application),
    ("GET", r"/applications/(\d+)/commands", Discord._commands),
    ("PUT", r"/applications/(\d+)/commands", Discord._put_commands),
    ("GET", r"/channels/(\d+)", Discord._get_channel),
    ("PATCH", r"/channels/(\d+)", Discord._patch_channel),
    ("POST", r"/channels/(\d+)/messages", Discord._post),
    ("GET", r"/channels/(\d+)/messages", Discord._history),
    ("GET", r"/channels/(\d+)/messages/(\d+)", Discord._get_message),
    ("PATCH", r"/channels/(\d+)/messages/(\d+)", Discord._edit),
    ("POST", r"/channels/(\d+)/messages/(\d+)/crosspost", Discord._crosspost),
    ("POST", r"/channels/(\d+)/messages/(\d+)/threads", Discord._discussion),
    ("POST", r"/channels/(\d+)/threads", Discord._new_post),
    ("GET", r"/channels/(\d+)/threads/archived/public", Discord._archived),
    ("GET", r"/guilds/(\d+)", Discord._get_guild),
    ("GET", r"/guilds/(\d+)/threads/active", Discord._active),
    ("POST", "/users/@me/channels", Discord._open_direct),
    ("PUT", r"/guilds/(\d+)/members/(\d+)/roles/(\d+)", Discord._role),
    ("DELETE", r"/guilds/(\d+)/members/(\d+)/roles/(\d+)", Discord._no_role),
    ("POST", r"/interactions/(\d+)/(\w+)/callback", Discord._callback),
    ("PATCH", r"/webhooks/(\d+)/(\w+)/messages/@original", Discord._edit_original),
    ("DELETE", r"/webhooks/(\d+)/(\w+)/messages/@original", Discord._drop_original),
    ("POST", r"/webhooks/(\d+)/(\w+)", Discord._follow_up),
]


@asynccontextmanager
async def discord_server() -> AsyncIterator[Discord]:
    """Serve until the block ends."""
    discord = Discord()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", discord.serve)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    discord.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield discord
    finally:
        for socket in discord.sockets:
            await socket.close()
        await runner.cleanup()


async def _read(request: web.Request) -> tuple[Any, int]:
    if request.content_type.startswith("multipart/"):
        form = await request.post()
        payload = form["payload_json"]
        return json.loads(payload if isinstance(payload, str | bytes | bytearray) else "{}"), len(form) - 1
    raw = await request.read()
    return (json.loads(raw) if raw else None), 0


def _json(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """Discord says no character set, and discord.py reads JSON only where none is said."""
    headers = {"Content-Type": "application/json", **(headers or {})}
    return web.Response(body=json.dumps(body).encode(), status=status, headers=headers)


def _dropped(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.close()
    return web.Response()


def _numbered(parts: list[Json]) -> list[Json]:
    copied: list[Json] = json.loads(json.dumps(parts))
    for number, part in enumerate(walk(copied), start=1):
        part.setdefault("id", number)
    return copied


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.000000+00:00", time.gmtime())
