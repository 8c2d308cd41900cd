"""`/espf` and `/process-event`: who may post, what is an event, and what is answered."""

import base64
from collections.abc import AsyncIterator, Callable
from typing import cast

import httpx
import msgspec
import pytest
from starlette.types import ASGIApp

from controller.events.bodies import Notice
from controller.events.inbox import Overloaded
from controller.log import logger
from controller.server.app import create_app
from controller.server.hooks import MAX_BODY_BYTES, EspfAccess, Hooks
from controller.store import StoreError
from controller.tracing import Traces
from tests.controller.test_server import Watch, health

BASIC = "Basic " + base64.b64encode("espf:schlüssel:mit:Punkten".encode()).decode()
BEARER = "Bearer nsps-token"
ESPF = {"event_type": "Account/Blocked", "variables": {"i_event": 1, "i_account": 70101}}
NSPS = {"event_id": "e-1", "data": ESPF}


class Desk:
    """Takes events, or fails as it is told to; remembers what came and what was counted."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, Notice]] = []
        self.counted: list[tuple[str, str]] = []
        self.trouble: Exception | None = None

    async def take(self, source: str, notice: Notice) -> str:
        if self.trouble is not None:
            raise self.trouble
        self.taken.append((source, notice))
        return "stored"

    def app(self, *, configured: bool = True, failure_status: int = 401) -> ASGIApp:
        hooks = Hooks(
            take=self.take,
            count=lambda source, outcome: self.counted.append((source, outcome)),
            log=logger("test"),
            traces=Traces(lambda: "1".zfill(32)),
            espf=EspfAccess("espf", "schlüssel:mit:Punkten", failure_status) if configured else None,
            nsps_token="nsps-token" if configured else None,
        )
        return create_app(health(Watch()), lambda: b"", hooks)


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def post(app: ASGIApp, path: str, body: object, authorization: str | None = "right") -> httpx.Response:
    right = BEARER if "process" in path else BASIC
    shown = right if authorization == "right" else authorization
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://us") as client:
        content = body if isinstance(body, bytes) else msgspec.json.encode(body)
        return await client.post(path, content=content, headers={"authorization": shown} if shown else {})


@pytest.mark.parametrize(("path", "body", "status"), [("/espf", ESPF, 200), ("/process-event", NSPS, 202)])
@pytest.mark.parametrize("slash", ["", "/"])
async def test_an_event_is_taken(desk: Desk, path: str, body: object, status: int, slash: str) -> None:
    answer = await post(desk.app(), path + slash, body)
    assert answer.status_code == status
    ((source, notice),) = desk.taken
    assert notice.event_type == "Account/Blocked"
    assert notice.variables == {"i_event": 1, "i_account": 70101}
    assert (source, notice.key) == (("espf", "1") if path == "/espf" else ("nsps", "e-1"))
    assert desk.counted == [(source, "stored")]


@pytest.mark.parametrize(
    "shown",
    [
        None,
        "",
        "Basic",
        "Basic %%%",
        "Bearer nsps-token x",
        "Basic " + base64.b64encode(b"espf:wrong").decode(),
        "Basic " + base64.b64encode("other:schlüssel:mit:Punkten".encode()).decode(),
        "Digest " + BASIC.partition(" ")[2],
        "Bearer NSPS-token",
        "Basic nsps-token",
    ],
)
@pytest.mark.parametrize("path", ["/espf", "/process-event"])
async def test_wrong_credentials_are_refused_before_the_body_is_looked_at(desk: Desk, path: str, shown: str) -> None:
    answer = await post(desk.app(), path, b"no event at all", shown)
    assert answer.status_code == 401
    assert desk.taken == []
    assert desk.counted[0][1] == "refused"


async def test_espf_can_be_told_to_send_again_after_wrong_credentials(desk: Desk) -> None:
    assert (await post(desk.app(failure_status=503), "/espf", ESPF, "Basic eDp5")).status_code == 503


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"Account/Blocked"',
        b"{}",
        b'{"event_type": 5}',
        b'{"event_type": null, "variables": {}}',
        b'{"event_type": "Account/Blocked", "variables": []}',
        b"\xff\xfe",
        b'{"event_type": "' + b"x" * MAX_BODY_BYTES + b'"}',
        b"[" * 100_000,
    ],
)
async def test_what_is_no_event_is_refused_without_being_quoted(desk: Desk, body: bytes) -> None:
    app = desk.app()
    espf, nsps = await post(app, "/espf", body), await post(app, "/process-event", body)
    assert (espf.status_code, nsps.status_code) == (400, 422)
    assert desk.taken == []
    assert nsps.json()["type"] == "validation_error"
    assert len(espf.content) < 300


async def test_a_body_of_a_megabyte_is_taken(desk: Desk) -> None:
    large = {**ESPF, "more": "x" * (MAX_BODY_BYTES - 200)}
    assert (await post(desk.app(), "/espf", large)).status_code == 200


async def test_no_more_of_a_body_is_taken_in_than_may_be(desk: Desk) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(100):
            sent += 1
            yield b"x" * 100_000

    app = desk.app()
    async with httpx.AsyncClient(transport=_Streaming(app), base_url="http://us") as client:
        answer = await client.post("/espf", content=endless(), headers={"authorization": BASIC})
    assert answer.status_code == 400
    assert sent < 20


class _Streaming(httpx.AsyncBaseTransport):
    """Hands a body over part by part, as a socket would (`ASGITransport` reads all of it first)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        parts = aiter(cast(AsyncIterator[bytes], request.stream))
        sent: list[dict[str, object]] = []

        async def receive() -> dict[str, object]:
            part = await anext(parts, None)
            return {"type": "http.request", "body": part or b"", "more_body": part is not None}

        async def send(message: object) -> None:
            sent.append(cast(dict[str, object], message))

        scope = {
            "type": "http",
            "method": "POST",
            "path": request.url.path,
            "headers": [(name.lower(), value) for name, value in request.headers.raw],
            "query_string": b"",
        }
        await self._app(scope, cast(Callable[..., object], receive), send)  # type: ignore[arg-type]
        return httpx.Response(cast(int, sent[0]["status"]), content=cast(bytes, sent[1]["body"]))


@pytest.mark.parametrize(
    ("trouble", "espf", "nsps"),
    [(Overloaded("1000 events wait"), 503, 429), (StoreError("the disk is full"), 503, 503)],
)
async def test_our_own_trouble_never_makes_espf_drop_an_event(
    desk: Desk, trouble: Exception, espf: int, nsps: int
) -> None:
    desk.trouble = trouble
    app = desk.app()
    assert (await post(app, "/espf", ESPF)).status_code == espf
    answer = await post(app, "/process-event", NSPS)
    assert answer.status_code == nsps
    assert set(answer.json()) == {"message", "error", "type"}
    assert desk.counted == [("espf", "refused"), ("nsps", "refused")]


@pytest.mark.parametrize(("path", "body"), [("/espf", ESPF), ("/process-event", NSPS)])
async def test_a_sender_that_is_not_configured_is_told_to_come_back(desk: Desk, path: str, body: object) -> None:
    assert (await post(desk.app(configured=False), path, body)).status_code == 503


@pytest.mark.parametrize("path", ["/espf", "/process-event"])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
async def test_other_methods_are_not_allowed(desk: Desk, path: str, method: str) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(desk.app()), base_url="http://us") as client:
        answer = await client.request(method, path, headers={"authorization": BEARER})
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"
    assert answer.json()["type"] == "validation_error"
