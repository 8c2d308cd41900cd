"""What simulated servers share: faults that can be ordered, and counters of what was asked.

Rules of this module:

1. `Stage` stands before a simulator's ASGI app. It names every request by the simulator's own function, counts it,
   and lets the first ordered fault that fits spoil it. Paths below `/_sim/` are neither counted nor spoilt.
2. `status`, `html` and `garbage` answer in the app's place: the request takes no effect. `lost_answer`, `truncated`
   and `delay` spoil the answer to a request that took effect.
3. Time and chance are passed in.

Over HTTP: `GET|POST|DELETE /_sim/faults` (a `Fault` as JSON), `GET|DELETE /_sim/requests`.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from platforms.transport import Clock

Effect = Literal["read", "write", "none"]
Draw = Callable[[], float]
"""A random number, 0 <= draw < 1."""

HTML_PAGE = "<!DOCTYPE html><html><head><title>Gateway</title></head><body><h1>Please wait</h1></body></html>"
GARBAGE = b'{"rows": [{"id": "1", "externalId'


@dataclass(frozen=True, slots=True)
class Operation:
    """What a request asks for, in the simulator's words (`customers.create`); a login is neither read nor write."""

    name: str
    effect: Effect


Identify = Callable[[str, str], Operation]
"""Names a request by its method and path."""


class Fault(BaseModel):
    """An order to spoil the next requests.

    `operation` may end in `*`. `status` is what `status` (503), `html` and `garbage` (200) answer with; `retry_after`
    becomes that header. `delay` holds the answer back for `seconds`. `count` requests are spoilt (`None` = until
    cleared), after `after` fitting ones went through; each fitting one with `probability`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    operation: str = "*"
    kind: Literal["status", "html", "garbage", "truncated", "lost_answer", "delay"]
    status: int | None = Field(default=None, ge=200, le=599)
    retry_after: float | None = None
    seconds: float = Field(default=0, ge=0)
    count: int | None = Field(default=1, ge=1)
    after: int = Field(default=0, ge=0)
    probability: float = Field(default=1.0, ge=0, le=1)


class Faults:
    """The orders that still stand, in the order they came."""

    def __init__(self, draw: Draw) -> None:
        self._draw = draw
        self._orders: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Order a fault."""
        self._orders.append(fault)

    def clear(self) -> None:
        """Let everything through again."""
        self._orders.clear()

    def pending(self) -> tuple[Fault, ...]:
        """What still stands; `count` and `after` are what is left of them."""
        return tuple(self._orders)

    def take(self, operation: str) -> Fault | None:
        """The fault this request suffers, if any; counts it off."""
        return next((fault for fault in self.pending() if self._strikes(fault, operation)), None)

    def _strikes(self, fault: Fault, operation: str) -> bool:
        if not fnmatchcase(operation, fault.operation):
            return False
        if fault.after:
            self._replace(fault, {"after": fault.after - 1})
            return False
        if fault.probability < 1 and self._draw() >= fault.probability:
            return False
        if fault.count is not None:
            self._replace(fault, {"count": fault.count - 1})
        return True

    def _replace(self, fault: Fault, update: dict[str, int]) -> None:
        place = next(place for place, order in enumerate(self._orders) if order is fault)
        changed = fault.model_copy(update=update)
        self._orders[place : place + 1] = [changed] if changed.count != 0 else []


class Requests:
    """How often each operation was asked for, and the most at the same time; spoilt requests count too."""

    def __init__(self) -> None:
        self.operations: Counter[str] = Counter()
        self.effects: Counter[Effect] = Counter()
        self.in_flight = 0
        self.most_in_flight = 0

    @property
    def reads(self) -> int:
        """Requests that change nothing."""
        return self.effects["read"]

    @property
    def writes(self) -> int:
        """Requests that change something."""
        return self.effects["write"]

    def reset(self) -> None:
        """Count from zero again."""
        self.operations.clear()
        self.effects.clear()
        self.most_in_flight = self.in_flight

    def began(self, operation: Operation) -> None:
        """A request arrived."""
        self.operations[operation.name] += 1
        self.effects[operation.effect] += 1
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)

    def ended(self) -> None:
        """It is over, answered or not."""
        self.in_flight -= 1

    def as_json(self) -> dict[str, object]:
        """The counters, as `GET /_sim/requests` shows them."""
        counts = {"reads": self.reads, "writes": self.writes, "most_in_flight": self.most_in_flight}
        return {"operations": dict(sorted(self.operations.items())), **counts}


class Stage:
    """An ASGI app that puts a simulator behind counters and faults."""

    def __init__(self, app: ASGIApp, identify: Identify, clock: Clock, draw: Draw) -> None:
        self._app = app
        self._identify = identify
        self._clock = clock
        self.faults = Faults(draw)
        self.requests = Requests()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or pass on what is not HTTP."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif scope["path"] in ("/_sim/faults", "/_sim/requests"):
            await (await self._control(Request(scope, receive)))(scope, receive, send)
        elif scope["path"].startswith("/_sim/"):
            await self._app(scope, receive, send)
        else:
            await self._perform(scope, receive, send)

    async def _perform(self, scope: Scope, receive: Receive, send: Send) -> None:
        operation = self._identify(scope["method"], scope["path"])
        self.requests.began(operation)
        try:
            fault = self.faults.take(operation.name)
            if fault is None:
                await self._app(scope, receive, send)
            elif fault.kind in ("status", "html", "garbage"):
                await _instead(fault)(scope, receive, send)
            else:
                await self._spoil(fault, (scope, receive, send))
        finally:
            self.requests.ended()

    async def _spoil(self, fault: Fault, call: tuple[Scope, Receive, Send]) -> None:
        scope, receive, send = call
        messages: list[Message] = []

        async def keep(message: Message) -> None:
            messages.append(message)

        await self._app(scope, receive, keep)
        if fault.kind == "lost_answer":
            await _break_off(send)
        if fault.kind == "delay":
            await self._clock.sleep(fault.seconds)
        for message in messages if fault.kind == "delay" else _halved(messages):
            await send(message)

    async def _control(self, request: Request) -> Response:
        if request.url.path == "/_sim/requests":
            return self._show_requests(request.method)
        if request.method == "POST":
            try:
                self.faults.add(Fault.model_validate_json(await request.body()))
            except ValidationError as error:
                return JSONResponse(
                    {"errors": error.errors(include_url=False, include_context=False, include_input=False)}, 422
                )
        elif request.method == "DELETE":
            self.faults.clear()
        return JSONResponse({"faults": [fault.model_dump() for fault in self.faults.pending()]})

    def _show_requests(self, method: str) -> Response:
        if method == "DELETE":
            self.requests.reset()
        return JSONResponse(self.requests.as_json())


def _instead(fault: Fault) -> Response:
    headers = {} if fault.retry_after is None else {"retry-after": f"{fault.retry_after:g}"}
    if fault.kind == "html":
        return HTMLResponse(HTML_PAGE, fault.status or 200, headers)
    if fault.kind == "garbage":
        return Response(GARBAGE, fault.status or 200, headers, "application/json")
    return JSONResponse({"message": "ordered fault"}, fault.status or 503, headers)


async def _break_off(send: Send) -> None:
    """Break the connection so that the client gets no answer.

    Over a socket the server (uvicorn) closes a connection whose answer was begun and not ended; in process the
    exception itself reaches the client's transport, where it is what a broken socket raises.
    """
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1")]})
    raise ConnectionResetError("the simulator lost the answer on purpose")


def _halved(messages: list[Message]) -> list[Message]:
    """The answer with half of its body; what it announces stays, so that the connection breaks in the middle."""
    body = b"".join(message.get("body", b"") for message in messages)
    start = next(message for message in messages if message["type"] == "http.response.start")
    return [start, {"type": "http.response.body", "body": body[: len(body) // 2], "more_body": False}]
