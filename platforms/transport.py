"""The one place that speaks HTTP to the outside: time-outs, limits, TLS, rate, and the translation of what goes wrong.

What carries a request is in `carrier.py`.

Rules of this module:

1. Whatever goes wrong between us and an answer is `Transient`: the request may or may not have been carried out. So is
   an answer that says "later" (429, 502, 503, 504). Every other answer is the caller's to judge; `unexpected` names
   what a caller did not foresee.
2. A request starts only with a permit where it takes one (`permits.py`), when the target's breaker is closed or for its
   probe (`breaker.py`), and when its gate lets it in (`gate.py`), logins and repeats included. Else it is `Resting`.
3. The time-out covers the request from its start to the last byte of its answer, not the wait before it.
4. Breaker and pace are told once how each request ended: what network and status say, unless whoever reads the answer
   finds at once that it is none (`unreadable`), a failure (`trouble`), or a refusal of everybody (`unexpected`).
5. No text that leaves here holds a header, a query, a body or an address: only the target, the operation, the kind of
   failure and a status.
"""

import asyncio
import json
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Protocol
from urllib.parse import quote, urlencode

import httpx
import msgspec

from platforms import permits
from platforms.breaker import Breaker, Verdict
from platforms.carrier import Carrier, Incoming, Network, NotHeard, Outgoing, OverHttpx
from platforms.driver import PlatformError, Rejected, Resting, Transient, Unavailable
from platforms.endpoint import Endpoint
from platforms.gate import Admission, Gate, Paused
from platforms.pauses import retry_after
from platforms.trace import Leg, leg

_HEADERS = {"accept": "*/*", "accept-encoding": "gzip, deflate", "user-agent": "iptv-reconciler"}
_FORM = "application/x-www-form-urlencoded"
_EXACT = msgspec.json.Decoder(float_hook=Decimal)
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

Meter = Callable[[str, str, str, float, Admission], None]
"""Told of every request: target, operation, outcome (an `Outcome`), seconds from its start, how it was let in."""


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
    """What came back, whole. Header names are in lower case.

    `judged` is to be called, before anything is awaited, by whoever finds that the answer says something about the
    target that its status does not.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    target: str = ""
    judged: Callable[[Verdict], None] = field(default=lambda _: None, repr=False, compare=False)

    def json(self, what: str, *, exact: bool = False) -> object:
        """The body as JSON values; `what` names it in the sentence of the `Transient` raised where it is none.

        `exact`: fractions are `Decimal`, digit by digit, since they may be money; and half a character in some text,
        or a number beyond all measure, does not keep the rest from being read.
        """
        try:
            value: object = _exact(self.body) if exact else msgspec.json.decode(self.body)
        except (msgspec.DecodeError, ValueError, RecursionError):
            raise self.unreadable(what, "JSON") from None
        return value

    def object(self, what: str, *, exact: bool = False) -> Mapping[str, object]:
        """The body as a JSON object, as `json` gives its values."""
        body = self.json(what, exact=exact)
        if not isinstance(body, Mapping):
            raise self.unreadable(what, "a JSON object")
        return body

    def unreadable(self, what: str, wanted: str) -> Transient:
        """The error for an answer that is not in the format it should have: a proxy's page, or a part of it."""
        kind = self.headers.get("content-type", "").partition(";")[0].strip() or "of no stated type"
        return self.trouble(
            f"{self.target} answered {what} with HTTP {self.status} and a body that is not {wanted}"
            f" ({kind}, {len(self.body)} bytes); a proxy or a login page may stand before it"
        )

    def trouble(self, text: str) -> Transient:
        """The error for an answer that shows a failure of the target's; `text` says which."""
        self.judged(Verdict.FAILED)
        return Transient(text)


class Transport:
    """Requests to one endpoint. Safe for any number of tasks; to be closed by `aclose`."""

    def __init__(
        self,
        endpoint: Endpoint,
        clock: Clock,
        *,
        http: Http | None = None,
        meter: Meter | None = None,
        breaker: Breaker | None = None,
    ) -> None:
        """`http` replaces the network; `breaker` is shared with whoever wants to know whether the target rests."""
        self.endpoint = endpoint
        self._base = endpoint.url.rstrip("/")
        self._clock = clock
        self._meter = meter
        self._carrier: Carrier = _network(endpoint) if http is None else OverHttpx(http)
        self._breaker = breaker if breaker is not None else Breaker()
        self._gate = Gate(endpoint.max_concurrency, endpoint.requests_per_second, clock)
        self._unjudged: deque[tuple[int, list[Verdict], float]] = deque()

    async def request(self, request: Request) -> Answer:
        """Make one request and return its answer, whatever its status but 429, 502, 503 and 504.

        Raises `Transient`: for those, with the server's wish for a pause (at most an hour), and for everything that
        keeps an answer from us. Raises `Resting` where nothing was sent, because the target is not to be asked now.
        """
        self._conclude()
        if self._breaker.is_open and self._breaker.rests(self._clock.monotonic()) > 0:
            raise self._resting(request)
        try:
            async with self._gate.entered() as admission:
                return await self._attempt(request, admission)
        except Paused:
            raise self._resting(request) from None

    async def _attempt(self, request: Request, admission: Admission) -> Answer:
        permits.ask(self.endpoint.timeout_seconds, request.operation)
        began = self._clock.monotonic()
        turn = self._breaker.begin(began)
        if turn is None:
            raise self._resting(request)
        attempt = _Attempt(request.operation, began, admission, leg(self.endpoint.target, request.operation))
        try:
            came = await self._came(request, attempt.leg.headers)
        except _NoAnswer as problem:
            self._ended(attempt, problem.outcome)
            self._breaker.tell(turn, Verdict.FAILED, self._clock.monotonic())
            raise Transient(f"{self.endpoint.target} {problem.text} ({request.operation})") from None
        except BaseException:
            attempt.leg.ended("called_off")
            self._breaker.called_off(turn)
            raise
        self._ended(attempt, _outcome(came.status))
        words: list[Verdict] = []
        answer = Answer(came.status, came.headers, came.body, self.endpoint.target, words.append)
        if answer.status in _LATER:
            verdict = Verdict.SOUND if answer.status == 429 else Verdict.FAILED
            self._breaker.tell(turn, verdict, self._clock.monotonic())
            raise self._later(request, answer)
        self._have_judged(turn, words)
        return answer

    def _ended(self, attempt: "_Attempt", outcome: Outcome) -> None:
        """Tell the meter and the pace; only an answer that is somebody's work says how fast the target works."""
        now = self._clock.monotonic()
        attempt.leg.ended(outcome.value)
        if self._meter is not None:
            self._meter(self.endpoint.target, attempt.operation, outcome.value, now - attempt.began, attempt.admission)
        if outcome in (Outcome.THROTTLED, Outcome.TIMEOUT):
            self._gate.pace.overloaded(attempt.began, now)
        elif outcome in (Outcome.OK, Outcome.REFUSED):
            self._gate.pace.answered(attempt.operation, attempt.began, now)

    def _have_judged(self, turn: int, words: list[Verdict]) -> None:
        """Whoever reads the answer says what its status does not: until the event loop turns, or they ask anew."""
        self._unjudged.append((turn, words, self._clock.monotonic()))
        asyncio.get_running_loop().call_soon(self._conclude)

    def _conclude(self) -> None:
        """Whoever has read their answer by now has said what there was to say."""
        while self._unjudged:
            turn, words, came_at = self._unjudged.popleft()
            self._breaker.tell(turn, words[0] if words else Verdict.SOUND, came_at)

    def _resting(self, request: Request) -> Resting:
        """The error for a request that is not sent."""
        seconds = self._breaker.rests(self._clock.monotonic())
        again_at = self._clock.now() + timedelta(seconds=seconds)
        failed = "refuses us (check credentials, rights, url)" if self._breaker.is_refusal else "failed too often"
        why = failed if self._breaker.is_open else "asked to be left alone"
        text = f"{self.endpoint.target} {why} and is not asked before {again_at:%Y-%m-%d %H:%M:%S} UTC"
        return Resting(f"{text} ({request.operation})", timedelta(seconds=seconds))

    async def aclose(self) -> None:
        """Close all connections."""
        self._gate.close()
        await self._carrier.aclose()

    async def _came(self, request: Request, trace: Mapping[str, str]) -> Incoming:
        """What came as the answer, or `_NoAnswer`."""
        outgoing = self._outgoing(request, trace)
        try:
            async with asyncio.timeout(self.endpoint.timeout_seconds):
                return await self._carrier.carry(outgoing)
        except TimeoutError:
            raise _NoAnswer(Outcome.TIMEOUT, f"gave no answer within {self.endpoint.timeout_seconds:g} s") from None
        except NotHeard as error:
            raise _NoAnswer(Outcome.NETWORK, str(error)) from None

    def _outgoing(self, request: Request, trace: Mapping[str, str]) -> Outgoing:
        headers, body = {**_HEADERS, **trace, **request.headers}, request.content
        if request.json is not None:
            headers["content-type"], body = "application/json", msgspec.json.encode(request.json)
        elif request.form is not None:
            headers["content-type"], body = _FORM, urlencode(request.form, doseq=True).encode()
        query = f"?{urlencode(request.params)}" if request.params else ""
        return Outgoing(request.method, f"{self._base}{request.path}{query}", headers, body)

    def _later(self, request: Request, answer: Answer) -> Transient:
        """The error for an answer that says "later"; for everybody, where it says when."""
        pause = retry_after(answer.headers.get("retry-after", ""), self._clock.now())
        if pause is not None and answer.status in (429, 503) and self.endpoint.heeds_pauses:
            until = self._clock.monotonic() + pause.total_seconds()
            self._breaker.leave_alone(until)
            self._gate.pause(until)
        wish = f" and asks to wait {pause.total_seconds():g} s" if pause is not None else ""
        return Transient(f"{answer.target} answered {request.operation} with HTTP {answer.status}{wish}", pause)


@dataclass(frozen=True, slots=True)
class _Attempt:
    """One request under way: what it is, since when on the monotonic clock, how let in, and what tells its trace."""

    operation: str
    began: float
    admission: Admission
    leg: Leg


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
        answer.judged(Verdict.REFUSED)
        return Unavailable(f"{said}: it does not accept our credentials or rights; check them in the configuration")
    if 300 <= answer.status < 400:
        answer.judged(Verdict.REFUSED)
        return Unavailable(f"{said}, a redirect; check the url in the configuration")
    if answer.status >= 500 or answer.status in (408, 425):
        return answer.trouble(said)
    return Rejected(f"{said}, which is not foreseen for this call")


def segment(text: str) -> str:
    """One segment of a path, quoted, so that no character of it can lead elsewhere."""
    if text in ("", ".", ".."):
        raise Rejected(f"{text!r} cannot stand in the path of a request")
    return quote(text, safe="")


def _exact(body: bytes) -> object:
    try:
        return _EXACT.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return json.loads(body.decode("utf-8", "surrogateescape"), parse_float=Decimal)


def _outcome(status: int) -> Outcome:
    if status == 429:
        return Outcome.THROTTLED
    if status >= 500:
        return Outcome.FAILED
    return Outcome.REFUSED if status >= 400 else Outcome.OK


def _network(endpoint: Endpoint) -> Network:
    is_plain = endpoint.url.startswith("http:")  # no use for a TLS context, which takes a megabyte
    return Network(endpoint.max_concurrency, verify=False if is_plain else endpoint.verify)
