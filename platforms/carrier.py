"""What carries a request to a server and brings its whole answer: the network, or what stands in its place.

Rules of this module:

1. The network is aiohttp's client: httpx's own pool does not serve many at a time, and its requests and answers around
   aiohttp's cost more CPU than the call itself. Tests put any httpx transport in the network's place.
2. Cookies are not kept, redirects not followed, proxies and credentials of the environment not used.
3. A request is sent once: whether it is sent again, after a connection broke, is for others to decide.
4. A body is unpacked, and brought whole or not at all: one that is cut off or too large is no answer.
"""

import ssl
from collections.abc import AsyncIterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Protocol

import aiohttp
import httpx
from yarl import URL

MAX_BODY_BYTES = 64 * 1024 * 1024
_KEEP_ALIVE_SECONDS = 4.0  # below the 5 s after which common servers close an idle connection


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A request as it is sent."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None


@dataclass(frozen=True, slots=True)
class Incoming:
    """An answer as it came, its body unpacked. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class NotHeard(Exception):
    """No answer, or only a part of one; the text goes on from the target's name, and names no address but the host."""


class Carrier(Protocol):
    """Carries requests, any number at a time."""

    async def carry(self, request: Outgoing) -> Incoming:
        """The answer to the request. Raises `NotHeard`."""
        ...

    async def aclose(self) -> None:
        """Close all connections."""
        ...


class Network:
    """The real one: by so many connections at most, to one server.

    `verify` is whether its certificate is checked, or the file of the CA to check it by. Raises `OSError` where that
    cannot be read.
    """

    def __init__(self, connections: int, verify: bool | str) -> None:
        self._connections = connections
        self._tls = _tls(verify)
        self._session: aiohttp.ClientSession | None = None

    async def carry(self, request: Outgoing) -> Incoming:
        """The answer to the request. Raises `NotHeard`."""
        session = self._session = self._session or self._opened()
        try:
            async with session.request(
                request.method,
                _as_it_is(request.url),
                headers=request.headers,
                data=request.body,
                allow_redirects=False,
            ) as response:
                body = await _whole(response.content.iter_any())
        except (aiohttp.ClientError, OSError) as error:
            raise NotHeard(_why(error)) from None
        return Incoming(response.status, {name.lower(): value for name, value in response.headers.items()}, body)

    async def aclose(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()

    def _opened(self) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(limit=self._connections, keepalive_timeout=_KEEP_ALIVE_SECONDS, ssl=self._tls)
        session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(),
            skip_auto_headers=("content-type",),
        )
        session._retry_connection = False  # else GET, PUT and DELETE are sent twice, unseen by gate and journal
        return session


class OverHttpx:
    """Any transport of httpx."""

    def __init__(self, http: httpx.AsyncBaseTransport) -> None:
        self._http = http

    async def carry(self, request: Outgoing) -> Incoming:
        """The answer to the request. Raises `NotHeard`."""
        outgoing = httpx.Request(request.method, request.url, headers=request.headers, content=request.body)
        try:
            response = await self._http.handle_async_request(outgoing)
            async with aclosing(response):
                body = await _whole(response.aiter_bytes())
        except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, OSError) as error:
            raise NotHeard(_why(error)) from None
        announced = response.headers.get("content-length", "")
        if announced.isdecimal() and max(len(body), response.num_bytes_downloaded) < int(announced):
            raise NotHeard("sent an answer that is cut off")
        return Incoming(response.status_code, {name.lower(): value for name, value in response.headers.items()}, body)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._http.aclose()


def _as_it_is(url: str) -> URL:
    """The address, which is quoted already: what quotes it anew may mean another one."""
    return URL(url, encoded=True)


async def _whole(parts: AsyncIterable[bytes]) -> bytes:
    found: list[bytes] = []
    size = 0
    async for part in parts:
        found.append(part)
        size += len(part)
        if size > MAX_BODY_BYTES:
            raise NotHeard(f"sent more than {MAX_BODY_BYTES} bytes")
    return found[0] if len(found) == 1 else b"".join(found)


def _why(error: BaseException) -> str:
    """What happened on the network, without the texts that may quote an address or an answer."""
    if isinstance(error, aiohttp.ClientConnectorError | httpx.ConnectError):
        return f"cannot be reached: {error}"  # the host, the port and the system's reason
    return f"could not be heard to the end: {type(error).__name__}"


def _tls(verify: bool | str) -> ssl.SSLContext | bool:
    if isinstance(verify, str):
        return ssl.create_default_context(cafile=verify)
    return httpx.create_ssl_context() if verify else False
