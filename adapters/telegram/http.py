"""Bot API requests over aiohttp: what is known of a failed request is whether it had left.

python-telegram-bot sends over httpx by default, which costs several times the CPU, writes the token into its
log lines and does not tell a refused connection from a lost answer.
"""

from __future__ import annotations

import json
from typing import Any

import aiohttp
from telegram.error import BadRequest, NetworkError, RetryAfter, TelegramError, TimedOut
from telegram.request import BaseRequest, RequestData

CONNECT = 5.0  # seconds to reach the server
READ = 20.0  # seconds without a byte of the answer
ANSWERS = frozenset({400, 401, 403, 404, 409, 429})  # statuses that the Bot API explains in its body
_USUAL_WAIT = 5  # seconds, for a 429 that does not say


class NotSent(NetworkError):
    """The request never left: repeating it is safe."""


class AiohttpRequest(BaseRequest):
    """One pool of connections. The session is opened by the first request, in the loop that makes it."""

    def __init__(self, *, connections: int = 64, read_timeout: float = READ) -> None:
        self._connections = connections
        self._read_timeout = read_timeout
        self._session: aiohttp.ClientSession | None = None

    @property
    def read_timeout(self) -> float:
        """Seconds without a byte of an answer; python-telegram-bot adds a long poll's own timeout."""
        return self._read_timeout

    async def initialize(self) -> None:
        """Nothing to prepare."""

    async def shutdown(self) -> None:
        """Close the connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = BaseRequest.DEFAULT_NONE,
        write_timeout: Any = BaseRequest.DEFAULT_NONE,  # noqa: ARG002  the timeout on reading covers it
        connect_timeout: Any = BaseRequest.DEFAULT_NONE,  # noqa: ARG002
        pool_timeout: Any = BaseRequest.DEFAULT_NONE,  # noqa: ARG002
    ) -> tuple[int, bytes]:
        """Send a request and return status and body. No message of an error holds the URL: the token is in it."""
        read = self._read_timeout if read_timeout is BaseRequest.DEFAULT_NONE else read_timeout
        timeout = aiohttp.ClientTimeout(
            total=CONNECT + read + 5 if read else None, connect=CONNECT, sock_connect=CONNECT, sock_read=read
        )
        try:
            async with self._opened(url).request(
                method, url, data=_body(request_data), timeout=timeout, allow_redirects=False
            ) as response:
                return self._checked(response, await response.read())
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL) as error:
            raise NotSent(f"not connected: {type(error).__name__}") from None
        except TimeoutError:
            raise TimedOut from None
        except (aiohttp.ClientError, OSError) as error:
            raise NetworkError(f"connection lost: {type(error).__name__}") from None

    def _opened(self, url: str) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._connections, keepalive_timeout=30),
                headers={"User-Agent": "Pitwire"},
                trust_env=url.startswith(
                    "https:"
                ),  # a proxy of the environment; never before a server in the LAN
            )
        return self._session

    @staticmethod
    def _checked(response: aiohttp.ClientResponse, body: bytes) -> tuple[int, bytes]:
        status = response.status
        if 300 <= status < 400:
            raise NotSent(f"the server at PITWIRE_TELEGRAM__API_URL redirects ({status})")
        if status == 429 and not _retry_after(body):
            raise RetryAfter(_seconds(response.headers.get("Retry-After")))
        if 400 <= status < 500 and status not in ANSWERS:
            raise BadRequest(f"HTTP status {status}")
        return status, body

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """Read an answer; what is no JSON is not logged."""
        try:
            answer = json.loads(payload)
        except ValueError:
            raise TelegramError("the answer is no JSON") from None
        if not isinstance(answer, dict):
            raise TelegramError("the answer is no object")
        return answer


def _body(data: RequestData | None) -> aiohttp.FormData | dict[str, str] | None:
    if data is None:
        return None
    if not data.multipart_data:
        return data.json_parameters
    form = aiohttp.FormData()
    for name, value in data.json_parameters.items():
        form.add_field(name, value)
    for name, (filename, content, kind) in data.multipart_data.items():
        form.add_field(name, content, filename=filename, content_type=kind)
    return form


def _retry_after(body: bytes) -> bool:
    try:
        return bool(json.loads(body)["parameters"]["retry_after"])
    except (ValueError, KeyError, TypeError):
        return False


def _seconds(header: str | None) -> int:
    return int(header) if header and header.isdigit() and int(header) > 0 else _USUAL_WAIT
