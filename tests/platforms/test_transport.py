"""Transport: what a caller gets for whatever a server, a proxy or the network does."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from starlette.types import Message, Receive, Scope, Send

from platforms.carrier import MAX_BODY_BYTES
from platforms.driver import Rejected, Transient, Unavailable
from platforms.endpoint import Endpoint
from platforms.gate import Admission
from platforms.pauses import retry_after
from platforms.transport import Answer, Request, Transport, segment, unexpected
from tests.clocks import START, VirtualClock
from tests.servers import serving

Handler = Callable[[Scope, Send], Awaitable[None]]
LOOK = Request("things.get", "GET", "/things")
CANARY = "canary-4711"


def answering(status: int, body: bytes = b"{}", headers: dict[str, str] | None = None) -> httpx.MockTransport:
    return httpx.MockTransport(lambda _: httpx.Response(status, content=body, headers=headers or {}))


def reach(http: httpx.AsyncBaseTransport, clock: VirtualClock | None = None, **limits: float) -> Transport:
    endpoint = Endpoint(
        target="tv",
        url="https://tv.example.net/api/",
        max_concurrency=int(limits.get("places", 8)),
        requests_per_second=limits.get("rate"),
        timeout_seconds=limits.get("timeout", 10),
    )
    return Transport(endpoint, clock or VirtualClock(), http=http)


@asynccontextmanager
async def over_a_socket(handler: Handler, **limits: float) -> AsyncIterator[Transport]:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive()).get("more_body"):
            pass
        await handler(scope, send)

    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(serving(app))
        endpoint = Endpoint(target="tv", url=url, timeout_seconds=limits.get("timeout", 10))
        yield await stack.enter_async_context(_closing(Transport(endpoint, VirtualClock())))


@asynccontextmanager
async def _closing(subject: Transport) -> AsyncIterator[Transport]:
    try:
        yield subject
    finally:
        await subject.aclose()


def start(status: int = 200, **headers: str) -> Message:
    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {"type": "http.response.start", "status": status, "headers": pairs}


def part(body: bytes, more: bool = False) -> Message:
    return {"type": "http.response.body", "body": body, "more_body": more}


async def test_a_request_is_sent_as_it_was_given() -> None:
    seen: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(201, json={"id": "1"}, headers={"X-Kind": "Thing"})

    request = Request(
        "things.create", "POST", "/things", headers={"authorization": "Bearer t"}, params={"a": 1}, json={"é": 1}
    )
    answer = await reach(httpx.MockTransport(handle)).request(request)
    assert (answer.status, answer.headers["x-kind"], answer.json("a thing")) == (201, "Thing", {"id": "1"})
    assert str(seen[0].url) == "https://tv.example.net/api/things?a=1"
    assert seen[0].headers["authorization"] == "Bearer t"
    assert seen[0].content.decode() == '{"é":1}'


async def test_a_form_is_sent_url_encoded() -> None:
    echo = httpx.MockTransport(lambda request: httpx.Response(200, content=request.content))
    answer = await reach(echo).request(Request("login", "POST", "/", form={"apiKey": "a b", "x[]": ["1", "2"]}))
    assert answer.body == b"apiKey=a+b&x%5B%5D=1&x%5B%5D=2"


@pytest.mark.parametrize("status", [429, 502, 503, 504])
async def test_later_is_transient_with_the_pause_asked_for(status: int) -> None:
    with pytest.raises(Transient, match=f"tv answered things.get with HTTP {status}") as caught:
        await reach(answering(status, headers={"retry-after": "7"})).request(LOOK)
    assert caught.value.retry_after == timedelta(seconds=7)


@pytest.mark.parametrize("status", [200, 302, 401, 404, 409, 422, 500])
async def test_other_statuses_are_the_callers_to_judge(status: int) -> None:
    assert (await reach(answering(status)).request(LOOK)).status == status


@pytest.mark.parametrize(
    ("header", "pause"),
    [
        ("", None),
        ("soon", None),
        ("nan", None),
        ("inf", None),
        ("-3", timedelta(0)),
        ("-1e300", timedelta(0)),
        ("1e300", timedelta(hours=1)),
        ("1.5", timedelta(seconds=1.5)),
        ("86400", timedelta(hours=1)),
        ("Sun, 01 Mar 2026 12:00:30 GMT", timedelta(seconds=30)),
        ("Sun, 01 Mar 2026 12:00:30 -0000", timedelta(seconds=30)),
        ("Sun, 01 Mar 2020 12:00:00 GMT", timedelta(0)),
        ("Fri, 01 Mar 2999 12:00:00 GMT", timedelta(hours=1)),
        ("Sun, 01 Mar 99999999999 12:00:00 GMT", None),
        ("Sun, 01 Mar 2026 12:00:99999999999 GMT", None),
        ("Fri, 31 Dec 9999 23:59:59 -2359", timedelta(hours=1)),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_at_most_an_hour(header: str, pause: timedelta | None) -> None:
    assert retry_after(header, START) == pause


def test_what_is_not_foreseen_has_a_meaning_for_the_loop() -> None:
    kinds = {
        status: type(unexpected(Answer(status, {}, b"", "tv"), "x")) for status in (302, 400, 401, 403, 404, 408, 500)
    }
    assert kinds == {
        302: Unavailable,
        400: Rejected,
        401: Unavailable,
        403: Unavailable,
        404: Rejected,
        408: Transient,
        500: Transient,
    }


@pytest.mark.parametrize("body", [b"<html>wait</html>", b'{"rows": [', b"", b"\xff\xfe", b"{'a': 1}", b"[" * 100_000])
async def test_an_answer_that_is_not_json_is_transient(body: bytes) -> None:
    answer = await reach(answering(200, body, {"content-type": "text/html; charset=utf-8"})).request(LOOK)
    with pytest.raises(Transient, match=r"tv answered the list with HTTP 200 and a body that is not JSON \(text/html"):
        answer.json("the list")


@pytest.mark.parametrize("body", [b"[]", b'"text"', b"null", b"7"])
def test_an_answer_that_is_json_and_no_object_is_transient(body: bytes) -> None:
    with pytest.raises(Transient, match="tv answered a row with HTTP 200 and a body that is not a JSON object"):
        Answer(200, {}, body, "tv").object("a row")


def test_an_object_is_read_as_one() -> None:
    assert Answer(200, {}, b'{"rows": []}', "tv").object("a list") == {"rows": []}


async def test_what_the_network_does_is_transient_and_says_nothing_personal() -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadError(f"{CANARY} {request.url}")

    request = Request("things.get", "GET", f"/{CANARY}", params={"q": CANARY}, headers={"authorization": CANARY})
    with pytest.raises(Transient, match=r"tv could not be heard to the end: ReadError \(things.get\)") as caught:
        await reach(httpx.MockTransport(fail)).request(request)
    assert CANARY not in repr(caught.value)
    assert caught.value.__suppress_context__


def test_a_request_shows_neither_headers_nor_bodies() -> None:
    request = Request(
        "o",
        "GET",
        "/",
        headers={"a": CANARY},
        params={"a": CANARY},
        json=CANARY,
        form={"a": CANARY},
        content=CANARY.encode(),
    )
    assert CANARY not in repr(request)
    assert CANARY not in repr(Answer(200, {"a": CANARY}, CANARY.encode(), "tv"))


async def test_a_server_that_is_not_there_is_transient() -> None:
    async with _closing(Transport(Endpoint(target="tv", url="http://127.0.0.1:1"), VirtualClock())) as subject:
        with pytest.raises(Transient, match=r"tv cannot be reached: .*127\.0\.0\.1"):
            await subject.request(LOOK)


async def test_over_a_socket_a_request_round_trips() -> None:
    async def handle(scope: Scope, send: Send) -> None:
        packed = gzip.compress(b'{"path": "' + scope["raw_path"] + b'"}')
        await send(start(content_encoding="gzip", content_length=str(len(packed))))
        await send(part(packed))

    async with over_a_socket(handle) as subject:
        answer = await subject.request(Request("things.get", "GET", f"/things/{segment('a/b c?ä%2F')}"))
    assert answer.json("it") == {"path": "/things/a%2Fb%20c%3F%C3%A4%252F"}


@pytest.mark.parametrize("text", ["", ".", ".."])
def test_a_path_segment_cannot_lead_elsewhere(text: str) -> None:
    with pytest.raises(Rejected, match="cannot stand in the path"):
        segment(text)


async def test_the_time_out_covers_an_answer_that_trickles() -> None:
    async def trickle(scope: Scope, send: Send) -> None:
        await send(start())
        for _ in range(40):
            await send(part(b" ", more=True))
            await asyncio.sleep(0.01)

    async with over_a_socket(trickle, timeout=0.1) as subject:
        with pytest.raises(Transient, match=r"tv gave no answer within 0.1 s"):
            await subject.request(LOOK)


async def test_an_answer_cut_off_on_the_wire_is_transient() -> None:
    async def cut(_: Scope, send: Send) -> None:
        await send(start(content_length="100"))
        await send(part(b"[1, 2]", more=True))
        raise ConnectionResetError

    async with over_a_socket(cut) as subject:
        with pytest.raises(Transient, match="could not be heard to the end"):
            await subject.request(LOOK)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
async def test_p17_what_breaks_on_a_kept_connection_is_not_sent_again(method: str) -> None:
    heard: list[str] = []

    async def answer_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}", b""):
            heard.append((await reader.readuntil(b"\r\n\r\n")).split()[0].decode())
            writer.write(answer)
        writer.close()

    server = await asyncio.start_server(answer_once, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, _closing(Transport(Endpoint(target="tv", url=url), VirtualClock())) as subject:
        await subject.request(LOOK)
        with pytest.raises(Transient, match="could not be heard to the end"):
            await subject.request(Request("things.it", method, "/things/1"))
    assert heard == ["GET", method]


async def test_an_answer_shorter_than_announced_is_transient() -> None:
    with pytest.raises(Transient, match="cut off"):
        await reach(answering(200, b"[1, 2]", {"content-length": "100"})).request(LOOK)


async def test_an_answer_that_is_too_large_is_given_up() -> None:
    async def flood() -> AsyncIterator[bytes]:
        while True:
            yield bytes(1024 * 1024)

    with pytest.raises(Transient, match=f"tv sent more than {MAX_BODY_BYTES} bytes"):
        await reach(httpx.MockTransport(lambda _: httpx.Response(200, content=flood()))).request(LOOK)


async def test_no_more_requests_than_places_are_under_way() -> None:
    under_way = most = 0

    async def handle(_: httpx.Request) -> httpx.Response:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        under_way -= 1
        return httpx.Response(200)

    subject = reach(httpx.MockTransport(handle), places=3)
    await asyncio.gather(*(subject.request(LOOK) for _ in range(50)))
    assert most == 3


async def test_starts_are_evenly_spaced_and_never_faster_than_the_rate() -> None:
    clock = VirtualClock()
    starts: list[float] = []

    def handle(_: httpx.Request) -> httpx.Response:
        starts.append(clock.monotonic())
        return httpx.Response(200)

    subject = reach(httpx.MockTransport(handle), clock, rate=4, places=16)
    await asyncio.gather(*(subject.request(LOOK) for _ in range(8)))
    clock.advance(60)
    await asyncio.gather(*(subject.request(LOOK) for _ in range(3)))
    assert starts == [0, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 61.75, 62, 62.25]


async def test_a_cancelled_wait_takes_nobodys_turn() -> None:
    clock = VirtualClock()
    subject = reach(answering(200), clock, rate=1, places=16)
    await subject.request(LOOK)
    waiting = [asyncio.create_task(subject.request(LOOK)) for _ in range(5)]
    await asyncio.sleep(0)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    await subject.request(LOOK)
    assert clock.monotonic() == 1


async def test_the_meter_is_told_of_every_request() -> None:
    clock = VirtualClock()
    told: list[tuple[str, str, str, float, Admission]] = []

    def handle(request: httpx.Request) -> httpx.Response:
        clock.advance(0.5)
        if request.url.path == "/0":
            raise httpx.ReadError("broken")
        return httpx.Response(int(request.url.path[1:]))

    endpoint = Endpoint(target="tv", url="http://tv")
    subject = Transport(endpoint, clock, http=httpx.MockTransport(handle), meter=lambda *what: told.append(what))
    for status in (200, 404, 429, 503, 0):
        try:
            await subject.request(Request("op", "GET", f"/{status}"))
        except Transient:
            continue
    at_once = Admission(0, None, endpoint.max_concurrency)
    assert told[0] == ("tv", "op", "ok", 0.5, at_once)
    assert [(*each[:4],) for each in told] == [
        ("tv", "op", how, 0.5) for how in ("ok", "refused", "throttled", "failed", "network")
    ]


async def test_a_redirect_is_not_followed() -> None:
    answer = await reach(answering(302, headers={"location": "https://elsewhere.example.net/"})).request(LOOK)
    assert answer.status == 302


def test_a_date_needs_no_zone() -> None:
    assert retry_after("Sun, 01 Mar 2026 12:00:10", datetime(2026, 3, 1, 12, tzinfo=UTC)) == timedelta(seconds=10)
