"""Fetch anything from outside: the one HTTP client, with one guard and a cap on everything."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from types import TracebackType

import aiohttp
from multidict import CIMultiDictProxy
from yarl import URL

import bot
from bot.config import HttpSettings, PollSettings
from bot.feeds import health, trouble
from bot.feeds.buffers import slim_buffers
from bot.feeds.decoding import acceptable, decoders, unpacked
from bot.feeds.encoding import decoded
from bot.feeds.guard import PinnedResolver, gated_socket, refuse_literal
from bot.feeds.turns import Turns
from bot.ports import Clock

FEED = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml;q=0.9, "
    "application/xml;q=0.8, text/xml;q=0.8, */*;q=0.5"
)
PAGE = "text/html, application/xhtml+xml;q=0.9, */*;q=0.5"

MOST_REDIRECTS = 5
MOST_FIELD = 32 * 1024  # bytes of one header field
LONGEST_URL = 4096
MOST_HOSTS = 50_000  # that are remembered
MOST_TARGETS = 1_000  # addresses that are remembered as read
KEEP_ALIVE = 75.0  # seconds; only for hosts that are asked more often than that
_ENOUGH = 20_000  # bytes of a refusal
_PERMANENT = frozenset({301, 308})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What an outlet answered, unpacked; any final status."""

    url: str  # where the answer came from, after redirects
    status: int
    headers: CIMultiDictProxy[str]
    body: bytes = b""
    moved_to: str | None = None  # where an unbroken row of permanent redirects led

    @property
    def content_type(self) -> str:
        """The header as it was sent, or nothing."""
        return self.headers.get("Content-Type", "")

    @property
    def text(self) -> str:
        """The body as text, whatever encoding it claims."""
        return decoded(self.body, self.content_type)


@dataclass(frozen=True, slots=True)
class _Ask:
    """What is asked, whichever address it ends at."""

    method: str
    headers: Mapping[str, str]
    most: int
    urgent: bool
    form: Mapping[str, str] | None = None


class Client:
    """Everything fetched from outside goes through here: feeds, pages, pictures, hubs.

    One request is in flight a host; every hop is checked on the address that is connected to.
    """

    def __init__(self, settings: HttpSettings, poll: PollSettings, clock: Clock) -> None:
        self._clock = clock
        self._allowed = settings.allow_networks
        self._most = settings.max_bytes
        self._seconds = settings.timeout
        self._in_flight = poll.in_flight
        self._turns = Turns(poll.host_gap)
        self._patience = _patience(self._seconds)
        self._targets: dict[str, tuple[URL, str]] = {}
        self._literals: set[str] = set()  # hosts whose spelling was looked at
        self._asked_at: dict[str, float] = {}  # monotonic, by host: who is worth a kept connection
        self._session: aiohttp.ClientSession | None = None
        self.user_agent = (
            settings.user_agent or f"Pitwire/{bot.__version__} (motorsport newswire; feed reader)"
        )

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close every connection."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def get(
        self,
        url: str,
        *,
        etag: str | None = None,
        last_modified: str | None = None,
        accept: str = FEED,
        most: int | None = None,
        urgent: bool = False,
    ) -> Response:
        """Fetch a URL, conditionally where validators are given: 200 or 304.

        Everything else raises FetchError with a plain sentence, and the status where there was one.
        """
        headers = {"Accept": accept}
        if etag:
            headers["If-None-Match"] = etag
        if last_modified:
            headers["If-Modified-Since"] = last_modified
        answer = await self._fetch(url, _Ask("GET", headers, most or self._most, urgent))
        if answer.status not in (200, 304):
            health.check_status(answer.status, answer.headers, answer.body, now=self._clock())
        return answer

    async def head(self, url: str) -> int:
        """Ask whether a page is still there: the final status, whatever it is. Raises FetchError where none came."""
        return (await self._fetch(url, _Ask("HEAD", {"Accept": PAGE}, self._most, False))).status

    async def post(self, url: str, form: Mapping[str, str]) -> Response:
        """Post a form (to a hub): any status. Redirects are not followed: a form is meant for one address."""
        return await self._fetch(url, _Ask("POST", {"Accept": "*/*"}, self._most, True, form))

    async def _fetch(self, url: str, ask: _Ask) -> Response:
        target, host = self._targets.get(url) or self._target(url)
        left = self._seconds
        answer, took = await self._hop(target, host, ask, left)
        if answer.status not in _REDIRECTS or ask.form is not None:
            return answer
        home = target
        permanent, moved_to = True, None
        for _ in range(MOST_REDIRECTS):
            if "Location" not in answer.headers:
                break
            target = _next_hop(target, answer.headers["Location"])
            permanent = permanent and answer.status in _PERMANENT
            if permanent:
                moved_to = str(target)
            if home.user and target.origin() == home.origin():
                target = target.with_user(home.user).with_password(home.password)
            left -= took
            if left <= 0:
                raise trouble.error("slow", f"{self._seconds:g}")
            answer, took = await self._hop(target, f"{target.raw_host}:{target.port}", ask, left)
            if answer.status not in _REDIRECTS:
                return replace(answer, moved_to=moved_to)
        raise trouble.error("loop", MOST_REDIRECTS)

    def _target(self, url: str) -> tuple[URL, str]:
        """Read an address, with its host and port; feeds are asked again and again."""
        target = _address(url)
        if len(self._targets) >= MOST_TARGETS:
            self._targets.clear()
        self._targets[url] = found = target, f"{target.raw_host}:{target.port}"
        return found

    async def _hop(self, target: URL, host: str, ask: _Ask, left: float) -> tuple[Response, float]:
        """Ask one URL once. Waiting for the host's turn costs none of the time allowed."""
        if host not in self._literals:
            refuse_literal(target.raw_host or "", self._allowed)
            if len(self._literals) < MOST_HOSTS:
                self._literals.add(host)
        await self._turns.take(host, urgent=ask.urgent)
        began = time.monotonic()
        try:
            answer = await self._exchange(target, ask, left, host, began)
        except (aiohttp.ClientError, OSError, ValueError) as error:  # TimeoutError is an OSError
            raise health.fetch_error(error, seconds=self._seconds) from error
        finally:
            self._turns.leave(host)
        return answer, time.monotonic() - began

    async def _exchange(self, target: URL, ask: _Ask, left: float, host: str, began: float) -> Response:
        session = self._session or self._open()
        async with session.request(
            ask.method,
            target,
            headers=ask.headers,
            allow_redirects=False,
            timeout=self._patience if left == self._seconds else _patience(left),
            data=ask.form,
        ) as reply:
            body = b""
            if reply.status == 200 and ask.method != "HEAD":
                body = await _body(reply, ask.most)
            elif reply.status >= 400:
                body = await reply.content.read(_ENOUGH)  # to recognise a bot wall
            if not self._is_worth_keeping(host, began):
                reply.close()
            url = str(target.with_user(None) if target.raw_user else target)
            return Response(url=url, status=reply.status, headers=reply.headers, body=body)

    def _is_worth_keeping(self, host: str, began: float) -> bool:
        """An idle TLS connection costs memory: keep it where the host is asked again soon."""
        before = self._asked_at.get(host, 0.0)
        if len(self._asked_at) > MOST_HOSTS:
            self._asked_at.clear()
        self._asked_at[host] = began
        return began - before < KEEP_ALIVE or self._turns.waiting(host) > 0

    def _open(self) -> aiohttp.ClientSession:
        slim_buffers()
        connector = aiohttp.TCPConnector(
            resolver=PinnedResolver(self._allowed),
            use_dns_cache=False,
            socket_factory=partial(gated_socket, self._allowed),
            limit=self._in_flight + 10,
            keepalive_timeout=KEEP_ALIVE,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": self.user_agent, "Accept-Encoding": acceptable()},
            auto_decompress=False,
            max_line_size=LONGEST_URL * 2,
            max_field_size=MOST_FIELD,
            trust_env=False,
        )
        return self._session


def _address(url: str) -> URL:
    """Read a URL that someone typed or a server sent; raises FetchError."""
    if len(url) > LONGEST_URL:
        raise trouble.error("long_url")
    try:
        target = URL(url)
        port = target.port
    except ValueError as error:
        raise trouble.error("no_url") from error
    if target.scheme not in ("http", "https"):
        named = target.scheme[:20]
        raise trouble.refused("scheme", named) if named else trouble.refused("no_scheme")
    if not target.raw_host or not port:
        raise trouble.error("no_host")
    return target


def _next_hop(here: URL, location: str) -> URL:
    """Follow a redirect; credentials that it carries are dropped."""
    try:
        target = here.with_user(None).join(URL(location))
    except ValueError as error:
        raise trouble.error("redirect") from error
    return _address(str(target)).with_user(None)


def _patience(seconds: float) -> aiohttp.ClientTimeout:
    """So much time in all; to connect and between two pieces (the first included) at most ten seconds of it."""
    return aiohttp.ClientTimeout(total=seconds, sock_connect=min(10.0, seconds), sock_read=min(10.0, seconds))


async def _body(reply: aiohttp.ClientResponse, most: int) -> bytes:
    """Read and unpack a body up to a cap on either form."""
    announced = reply.content_length
    if announced is not None and announced > most:
        raise health.too_big(most)
    chain = decoders(reply.headers.get("Content-Encoding", ""))
    out = bytearray()
    read = 0
    async for piece in reply.content.iter_any():
        read += len(piece)
        for decoder in chain:
            piece = unpacked(decoder, piece, most - len(out))
        out += piece
        if read > most or len(out) > most:
            reply.close()
            raise health.too_big(most)
    if read and not all(decoder.is_done for decoder in chain):
        raise trouble.error("cut_off")
    return bytes(out)
