"""The one place that speaks HTTP to the outside: time-outs, limits, TLS, rate, and the translation of what goes wrong.

It drives an httpx transport without the `AsyncClient` around it: cookies, redirects and the environment's proxies are
unwanted here, and without them a call costs a third less CPU.

Rules of this module:

1. Whatever goes wrong between us and an answer is `Transient`: the request may or may not have been carried out. So is
   an answer that says "later" (429, 502, 503, 504). Every other answer is the caller's to judge; `unexpected` names
   what a caller did not foresee.
2. A request starts only when the target's gate lets it in (`gate.py`): `max_concurrency` at once, at most
   `requests_per_second` in any second, whoever asks, logins and repeats included; urgent ones first.
3. The time-out covers the request from its start to the last byte of its answer, not the wait before it.
4. No text that leaves here holds a header, a query, a body or an address: only the target, the operation, the kind of
   failure and a status. Redirects are not followed, proxies and credentials of the environment are not used.
"""

import asyncio
import ssl
from collections.abc import Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from math import isfinite
from typing import NoReturn, Protocol
from urllib.parse import quote

import aiohttp
import httpx
import msgspec
from httpx_aiohttp import AiohttpTransport

from platforms.driver import PlatformError, Rejected, Transient, Unavailable
from platforms.gate import Gate

MAX_BODY_BYTES = 64 * 1024 * 1024
MAX_RETRY_AFTER = timedelta(hours=1)
_KEEP_ALIVE_SECONDS = 4.0  # below the 5 s after which common servers close an idle connection
_HEADERS = {"accept": "*/*", "accept-encoding": "gzip, deflate", "user-agent": "iptv-reconciler"}
_LATER = (429, 502, 503, 504)


class Clock(Protocol):
    """Where time comes from."""

    def now(self) -> datetime:
        """The wall clock, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds from some fixed instant; never goes back."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after that many seconds."""
        ...


class Outcome(StrEnum):
    """How a request ended, as metrics name it. `OK` is any status below 400."""

    OK = "ok"
    REFUSED = "refused"  # 4xx
    FAILED = "failed"  # 5xx
    THROTTLED = "throttled"  # 429
    TIMEOUT = "timeout"
    NETWORK = "network"  # no connection, a broken one, or an answer that is cut off or too large


Http = httpx.AsyncBaseTransport
"""What carries requests; tests put `httpx.ASGITransport` (an app in process) in the network's place."""

Meter = Callable[[str, str, str, float], None]
"""Told of every request: target, operation, outcome (an `Outcome`), seconds from its start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where a server is and how it may be used. `target` names it in metrics and sentences.

    `verify` is whether its certificate is checked, or the file of the CA to check it against. No limit on the rate is
    `None`. Times are in seconds.
    """

    target: str
    url: str
    max_concurrency: int = 8
    requests_per_second: float | None = None
    timeout_seconds: float = 10
    verify: bool | str = True


@dataclass(frozen=True, slots=True)
class Request:
    """One call. `operation` names it in metrics and sentences; `path` is appended to the endpoint's URL.

    At most one of `json` (any value JSON can hold), `form` and `content` makes the body.
    """

    operation: str
    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict, kw_only=True, repr=False)
    params: Mapping[str, str | int] | None = field(default=None, kw_only=True, repr=False)
    json: object = field(default=None, kw_only=True, repr=False)
    form: Mapping[str, str | list[str]] | None = field(default=None, kw_only=True, repr=False)
    content: bytes | None = field(default=None, kw_only=True, repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whole. Header names are in lower case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    target: str = ""

    def json(self, what: str) -> object:
        """The body as JSON values; `what` names it in the sentence of the `Transient` raised where it is none."""
        try:
            value: object = msgspec.json.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise self.unreadable(what, "JSON") from None
        return value

    def object(self, what: str) -> Mapping[str, object]:
        """The body as a JSON object; `what` names it in the sentence of the `Transient` raised where it is none."""
        body = self.json(what)
        if not isinstance(body, Mapping):
            raise self.unreadable(what, "a JSON object")
        return body

    def unreadable(self, what: str, wanted: str) -> Transient:
        """The error for an answer that is not in the format it should have: a proxy's page, or a part of it."""
        kind = self.headers.get("content-type", "").partition(";")[0].strip() or "of no stated type"
        return Transient(
            f"{self.target} answered {what} with HTTP {self.status} and a body that is not {wanted}"
            f" ({kind}, {len(self.body)} bytes); a proxy or a login page may stand before it"
        )


class Transport:
    """Requests to one endpoint. Safe for any number of tasks; to be closed by `aclose`."""

    def __init__(
        self,
        endpoint: Endpoint,
        clock: Clock,
        *,
        http: Http | None = None,
        meter: Meter | None = None,
    ) -> None:
        """`http` replaces the network."""
        self.endpoint = endpoint
        self._base = endpoint.url.rstrip("/")
        self._clock = clock
        self._meter = meter
        self._http = http or _network(endpoint)
        self._gate = Gate(endpoint.max_concurrency, endpoint.requests_per_second, clock)

    async def request(self, request: Request) -> Answer:
        """Make one request and return its answer, whatever its status but 429, 502, 503 and 504.

        Raises `Transient`: for those, with the server's wish for a pause (at most an hour), and for everything that
        keeps an answer from us.
        """
        async with self._gate.entered():
            started = self._clock.monotonic()
            outcome: Outcome | None = None
            try:
                answer = await self._answer(request)
                outcome = _outcome(answer.status)
            except _NoAnswer as problem:
                outcome = problem.outcome
                raise Transient(f"{self.endpoint.target} {problem.text} ({request.operation})") from None
            finally:
                if self._meter is not None and outcome is not None:
                    seconds = self._clock.monotonic() - started
                    self._meter(self.endpoint.target, request.operation, outcome.value, seconds)
        if answer.status in _LATER:
            raise self._later(request, answer)
        return answer

    async def aclose(self) -> None:
        """Close all connections."""
        self._gate.close()
        await self._http.aclose()

    async def _answer(self, request: Request) -> Answer:
        """The answer, or `_NoAnswer`."""
        try:
            async with asyncio.timeout(self.endpoint.timeout_seconds):
                response = await self._http.handle_async_request(self._outgoing(request))
                async with aclosing(response):
                    body = await _whole_body(response)
        except TimeoutError:
            raise _NoAnswer(Outcome.TIMEOUT, f"gave no answer within {self.endpoint.timeout_seconds:g} s") from None
        except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, aiohttp.ClientError, OSError) as error:
            raise _NoAnswer(Outcome.NETWORK, _why(error.__cause__ or error)) from None
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status_code, headers, body, self.endpoint.target)

    def _outgoing(self, request: Request) -> httpx.Request:
        return httpx.Request(
            request.method,
            self._base + request.path,
            headers={**_HEADERS, **request.headers},
            params=request.params,
            json=request.json,
            data=request.form,
            content=request.content,
        )

    def _later(self, request: Request, answer: Answer) -> Transient:
        pause = retry_after(answer.headers.get("retry-after", ""), self._clock.now())
        wish = f" and asks to wait {pause.total_seconds():g} s" if pause is not None else ""
        return Transient(f"{answer.target} answered {request.operation} with HTTP {answer.status}{wish}", pause)


class _NoAnswer(Exception):
    """No answer, or only a part of one; `text` goes on from the target's name."""

    def __init__(self, outcome: Outcome, text: str) -> None:
        super().__init__(text)
        self.outcome = outcome
        self.text = text


def unexpected(answer: Answer, operation: str) -> PlatformError:
    """What an answer means that the caller did not foresee, as an error to raise.

    401 and 403 (credentials, licence) and a redirect concern everybody: `Unavailable`. 5xx, 408 and 425 pass:
    `Transient`. Any other is about this one request: `Rejected`.
    """
    said = f"{answer.target} answered {operation} with HTTP {answer.status}"
    if answer.status in (401, 403):
        return Unavailable(f"{said}: it does not accept our credentials or rights; check them in the configuration")
    if 300 <= answer.status < 400:
        return Unavailable(f"{said}, a redirect; check the url in the configuration")
    if answer.status >= 500 or answer.status in (408, 425):
        return Transient(said)
    return Rejected(f"{said}, which is not foreseen for this call")


def segment(text: str) -> str:
    """One segment of a path, quoted, so that no character of it can lead elsewhere."""
    if text in ("", ".", ".."):
        raise Rejected(f"{text!r} cannot stand in the path of a request")
    return quote(text, safe="")


def retry_after(text: str, now: datetime) -> timedelta | None:
    """The pause a `Retry-After` header asks for, seconds or an HTTP date: between nothing and an hour.

    `None` where the header is missing or makes no sense.
    """
    try:
        seconds = float(text)
    except ValueError:
        seconds = _seconds_until(text, now)
    return min(max(timedelta(0), timedelta(seconds=min(seconds, 1e9))), MAX_RETRY_AFTER) if isfinite(seconds) else None


def _seconds_until(date: str, now: datetime) -> float:
    try:
        instant = parsedate_to_datetime(date)
    except ValueError:
        return float("nan")
    return ((instant if instant.tzinfo else instant.replace(tzinfo=UTC)) - now).total_seconds()


def _outcome(status: int) -> Outcome:
    if status == 429:
        return Outcome.THROTTLED
    if status >= 500:
        return Outcome.FAILED
    return Outcome.REFUSED if status >= 400 else Outcome.OK


def _why(error: BaseException) -> str:
    """What happened on the network, without the texts that may quote an address or an answer."""
    if isinstance(error, aiohttp.ClientConnectorError | httpx.ConnectError):
        return f"cannot be reached: {error}"  # the host, the port and the system's reason
    return f"could not be heard to the end: {type(error).__name__}"


async def _whole_body(response: httpx.Response) -> bytes:
    """The body, unpacked, if it is neither too large nor shorter than announced."""
    parts: list[bytes] = []
    size = 0
    async for part in response.aiter_bytes():
        parts.append(part)
        size += len(part)
        if size > MAX_BODY_BYTES:
            _refuse_body(f"sent more than {MAX_BODY_BYTES} bytes")
    announced = response.headers.get("content-length", "")
    if announced.isdecimal() and max(size, response.num_bytes_downloaded) < int(announced):
        _refuse_body("sent an answer that is cut off")
    return b"".join(parts)


def _refuse_body(text: str) -> NoReturn:
    raise _NoAnswer(Outcome.NETWORK, text)


def _network(endpoint: Endpoint) -> AiohttpTransport:
    limits = httpx.Limits(max_connections=endpoint.max_concurrency, keepalive_expiry=_KEEP_ALIVE_SECONDS)
    return AiohttpTransport(verify=_tls(endpoint), trust_env=True, limits=limits)


def _tls(endpoint: Endpoint) -> ssl.SSLContext | bool:
    if endpoint.url.startswith("http:"):
        return False  # no use for a context, which takes a megabyte
    if isinstance(endpoint.verify, str):
        return ssl.create_default_context(cafile=endpoint.verify)
    return endpoint.verify
