"""The event endpoints: `POST /espf` for PortaBilling's EventSender, `POST /process-event` for NSPS.

Rules of this module:

1. An answer of success means that the event is on the disk. Handlers keep events and do nothing else with them.
2. ESPF removes an event for good after any 4xx. So it gets 200, 400 for what is no event, 401 (or what is configured)
   for wrong credentials, and 503 for everything that is our trouble. Never 429.
3. NSPS gets the answers of PortaOne's OpenAPI document for connectors, with its body for errors.
4. Credentials are compared in constant time, before the body is read. No answer and no log quotes what was sent.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from controller.events.bodies import NotAnEvent, Notice, espf_notice, nsps_notice
from controller.events.inbox import Overloaded
from controller.log import Logger
from controller.server.access import is_basic, is_bearer
from controller.store import StoreError, StoreUnavailable
from controller.tracing import Traces, incoming

MAX_BODY_BYTES = 1024 * 1024
_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY"]

Take = Callable[[str, Notice], Awaitable[str]]
"""Keep an event: source and event to its outcome. Raises `Overloaded`, `StoreError`."""

Handler = Callable[[Request], Awaitable[Response]]

Count = Callable[[str, str], None]
"""Told of every event: source and outcome."""


@dataclass(frozen=True, slots=True)
class EspfAccess:
    """What ESPF shows to be let in (HTTP Basic), and what it is answered where it does not."""

    username: str
    password: str = field(repr=False)
    failure_status: int = 401


@dataclass(frozen=True, slots=True, kw_only=True)
class Hooks:
    """The endpoints; a sender without access is told to come back later, so that no event is lost meanwhile."""

    take: Take
    count: Count
    log: Logger
    traces: Traces
    espf: EspfAccess | None = None
    nsps_token: str | None = field(default=None, repr=False)

    def routes(self) -> list[Route]:
        """Both of them, with and without a slash at the end."""
        paths = (
            ("/espf", self._traced("espf", self._from_espf)),
            ("/process-event", self._traced("nsps", self._from_nsps)),
        )
        return [Route(f"{path}{end}", handler, methods=_METHODS) for path, handler in paths for end in ("", "/")]

    def _traced(self, source: str, handler: Handler) -> Handler:
        """The handler, in the trace that the request belongs to, or in one of its own."""

        async def traced(request: Request) -> Response:
            with self.traces.begin("event", incoming(request.headers), source=source) as trace:
                response = await handler(request)
                trace.note(status=response.status_code)
                return response

        return traced

    async def _from_espf(self, request: Request) -> Response:
        if request.method != "POST":
            return _wrong_method("POST an event here")
        if self.espf is None:
            return self._refused("espf", 503, "events.espf is not configured here")
        if not is_basic(request, self.espf.username, self.espf.password):
            return self._refused("espf", self.espf.failure_status, "wrong credentials")
        try:
            outcome = await self.take("espf", espf_notice(await _body(request)))
        except _TROUBLES as error:
            return self._refused("espf", 400 if isinstance(error, NotAnEvent) else 503, _text(error), error)
        self.count("espf", outcome)
        return JSONResponse({"message": outcome})

    async def _from_nsps(self, request: Request) -> Response:
        if request.method != "POST":
            return _wrong_method("Method not allowed")
        if self.nsps_token is None:
            return self._failed(503, "events.nsps is not configured here")
        if not is_bearer(request, self.nsps_token):
            return self._failed(401, "Invalid access token")
        try:
            outcome = await self.take("nsps", nsps_notice(await _body(request)))
        except _TROUBLES as error:
            return self._failed(_nsps_status(error), _text(error), error)
        self.count("nsps", outcome)
        return JSONResponse({"message": "Event accepted for processing"}, 202)

    def _refused(self, source: str, status: int, text: str, trouble: Exception | None = None) -> Response:
        self._note(source, status, text, trouble)
        challenge = {"www-authenticate": 'Basic realm="events"'} if status == 401 else None
        return JSONResponse({"message": text}, status, challenge)

    def _failed(self, status: int, text: str, trouble: Exception | None = None) -> Response:
        self._note("nsps", status, text, trouble)
        return nsps_error(status, text)

    def _note(self, source: str, status: int, text: str, trouble: Exception | None) -> None:
        """Count and tell it; that the store cannot be used is told once, by the loop, not with every event."""
        self.count(source, "refused")
        if not isinstance(trouble, StoreUnavailable):
            self.log.warning("an event was refused", source=source, status=status, text=text)


_TROUBLES = (NotAnEvent, Overloaded, StoreError, ClientDisconnect)


def _nsps_status(trouble: Exception) -> int:
    match trouble:
        case NotAnEvent():
            return 422
        case Overloaded():
            return 429
        case _:
            return 503


def _text(trouble: Exception) -> str:
    return str(trouble) or "the connection ended within the body"


_NSPS_ERRORS = {
    401: ("Unauthorized", "authentication_error"),
    405: ("Method not allowed", "validation_error"),
    422: ("Validation failed", "validation_error"),
    429: ("Rate limit exceeded", "rate_limit_error"),
    503: ("Service unavailable", "service_error"),
}


def nsps_error(status: int, text: str) -> Response:
    """An answer that NSPS understands (`ErrorResponse` of the OpenAPI document)."""
    error, kind = _NSPS_ERRORS[status]
    headers = {401: {"www-authenticate": "Bearer"}, 405: {"allow": "POST"}}.get(status)
    return JSONResponse({"message": text, "error": error, "type": kind}, status, headers)


def _wrong_method(text: str) -> Response:
    return nsps_error(405, text)


async def _body(request: Request) -> bytes:
    """The body, if it is not too large: no more of it is taken in than that. Raises `NotAnEvent`."""
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > MAX_BODY_BYTES:
            raise NotAnEvent(f"the body is larger than {MAX_BODY_BYTES} bytes")
        parts.append(part)
    return b"".join(parts)
