"""Fetch anything from outside: the one HTTP client, with one guard and a cap on everything."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any

import aiohttp
from aiohttp import hdrs
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

import bot
from bot.feeds import health, trouble
from bot.feeds.buffers import slim_buffers
from bot.feeds.decoding import acceptable, decoders, unpacked
from bot.feeds.encoding import decoded
from bot.feeds.guard import PinnedResolver, gated_socket, refuse_literal
from bot.feeds.patience import Patience, Wait
from bot.feeds.turns import Turns
from bot.ports import Clock

if TYPE_CHECKING:
    from aiohttp.connector import Connection
    from aiohttp.tracing import Trace

    from bot.config import HttpSettings, PollSettings

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
SILENCE = 10.0  # seconds to connect in, to answer in, and between two pieces of a body
KEEP_ALIVE = 15.0  # seconds: an idle TLS connection costs memory, and most hosts are not asked again soon
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
class _Target:
    """An address that may be asked."""

    url: URL
    host: str  # and port: what takes turns
    shown: str  # the address without a password


@dataclass(frozen=True, slots=True)
class _Ask:
    """What is asked, whichever address it ends at."""

    method: str
    headers: CIMultiDict[str]
    most: int
    urgent: bool
    form: Mapping[str, str] | None = None


class _Connector(aiohttp.TCPConnector):
    """Tells when there is a connection: whoever accepted one was heard."""

    def __init__(self, connected: Callable[[], None], **options: Any) -> None:
        super().__init__(**options)
        self._connected = connected

    async def connect(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - aiohttp's
    ) -> Connection:
        found = await super().connect(req, traces, timeout)
        self._connected()
        return found


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
        self._patience = Patience(SILENCE)
        self._targets: dict[str, _Target] = {}
        self._literals: set[str] = set()  # hosts whose spelling was looked at
        self._session: aiohttp.ClientSession | None = None
        self.user_agent = (
            settings.user_agent or f"Pitwire/{bot.__version__} (motorsport newswire; feed reader)"
        )
        self._always = CIMultiDict({hdrs.USER_AGENT: self.user_agent, hdrs.ACCEPT_ENCODING: acceptable()})

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close every connection."""
        self._patience.close()
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
        headers = self._headers(accept)
        if etag:
            headers[hdrs.IF_NONE_MATCH] = etag
        if last_modified:
            headers[hdrs.IF_MODIFIED_SINCE] = last_modified
        answer = await self._fetch(url, _Ask("GET", headers, most or self._most, urgent))
        if answer.status not in (200, 304):
            health.check_status(answer.status, answer.headers, answer.body, now=self._clock())
        return answer

    async def head(self, url: str) -> int:
        """Ask whether a page is still there: the final status, whatever it is. Raises FetchError where none came."""
        return (await self._fetch(url, _Ask("HEAD", self._headers(PAGE), self._most, False))).status

    async def post(self, url: str, form: Mapping[str, str]) -> Response:
        """Post a form (to a hub): any status. Redirects are not followed: a form is meant for one address."""
        return await self._fetch(url, _Ask("POST", self._headers("*/*"), self._most, True, form))

    def _headers(self, accept: str) -> CIMultiDict[str]:
        headers = self._always.copy()
        headers[hdrs.ACCEPT] = accept
        return headers

    async def _fetch(self, url: str, ask: _Ask) -> Response:
        target = self._targets.get(url) or self._target(url)
        left = self._seconds
        answer, took = await self._hop(target, ask, left)
        if answer.status not in _REDIRECTS or ask.form is not None:
            return answer
        home = target.url
        here, permanent, moved_to = home, True, None
        for _ in range(MOST_REDIRECTS):
            if "Location" not in answer.headers:
                break
            there = _next_hop(here, answer.headers["Location"])
            permanent = permanent and _is_lasting(answer.status, here, there)
            here = there
            if permanent:
                moved_to = str(here)
            if home.user and here.origin() == home.origin():
                here = here.with_user(home.user).with_password(home.password)
            left -= took
            if left <= 0:
                raise trouble.error("slow", f"{self._seconds:g}")
            answer, took = await self._hop(_read(here), ask, left)
            if answer.status not in _REDIRECTS:
                return replace(answer, moved_to=moved_to)
        raise trouble.error("loop", MOST_REDIRECTS)

    def _target(self, url: str) -> _Target:
        """Read an address; feeds are asked again and again."""
        target = _read(_address(url))
        if len(self._targets) >= MOST_TARGETS:
            self._targets.clear()
        self._targets[url] = target
        return target

    async def _hop(self, target: _Target, ask: _Ask, left: float) -> tuple[Response, float]:
        """Ask one URL once. Waiting for the host's turn costs none of the time allowed."""
        host = target.host
        if host not in self._literals:
            refuse_literal(target.url.raw_host or "", self._allowed)
            if len(self._literals) < MOST_HOSTS:
                self._literals.add(host)
        await self._turns.take(host, urgent=ask.urgent)
        try:
            with self._patience.wait(left) as wait:
                answer = await self._exchange(target, ask, wait)
        except (aiohttp.ClientError, OSError, ValueError) as error:  # TimeoutError is an OSError
            raise health.fetch_error(error, seconds=self._seconds) from error
        finally:
            self._turns.leave(host)
        return answer, wait.took()

    async def _exchange(self, target: _Target, ask: _Ask, wait: Wait) -> Response:
        session = self._session or self._open()
        reply = await session.request(
            ask.method, target.url, headers=ask.headers, allow_redirects=False, data=ask.form
        )
        status, body = reply.status, b""
        try:
            if status == 200 and ask.method != "HEAD":
                body = await _body(reply, ask.most, wait)
            elif status >= 400:
                body = await reply.content.read(_ENOUGH)  # to recognise a bot wall
        finally:
            reply.release()
        return Response(url=target.shown, status=status, headers=reply.headers, body=body)

    def _open(self) -> aiohttp.ClientSession:
        slim_buffers()
        connector = _Connector(
            self._patience.heard,
            resolver=PinnedResolver(self._allowed),
            use_dns_cache=False,
            socket_factory=partial(gated_socket, self._allowed),
            limit=self._in_flight + 10,
            keepalive_timeout=KEEP_ALIVE,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            # What else takes time is watched by our own patience: aiohttp makes three timers a request.
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=min(SILENCE, self._seconds)),
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


def _read(url: URL) -> _Target:
    return _Target(url, f"{url.raw_host}:{url.port}", str(url.with_user(None) if url.raw_user else url))


def _next_hop(here: URL, location: str) -> URL:
    """Follow a redirect; credentials that it carries are dropped."""
    try:
        target = here.with_user(None).join(URL(location))
    except ValueError as error:
        raise trouble.error("redirect") from error
    return _address(str(target)).with_user(None)


def _is_lasting(status: int, here: URL, there: URL) -> bool:
    """Say whether to ask the new address from now on: never in the open instead of under TLS, anybody on the way could say so."""
    return status in _PERMANENT and (here.scheme != "https" or there.scheme == "https")


async def _body(reply: aiohttp.ClientResponse, most: int, wait: Wait) -> bytes:
    """Read and unpack a body up to a cap on either form."""
    wait.heard()
    announced = reply.content_length
    if announced is not None and announced > most:
        raise health.too_big(most)
    chain = decoders(reply.headers.get("Content-Encoding", ""))
    out = bytearray()
    read = 0
    async for piece in reply.content.iter_any():
        wait.heard()
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
