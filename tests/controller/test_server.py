"""The endpoints, in process and over a socket."""

import asyncio
import signal
import socket
import threading
from contextlib import suppress
from datetime import timedelta

import httpx
import pytest

from controller.metrics import Metrics
from controller.server.address import Address
from controller.server.app import METRICS_TYPE, create_app
from controller.server.health import Health
from controller.server.serving import ListenError, serving


class Watch:
    """A monotonic clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def health(watch: Watch) -> Health:
    return Health(watch, stalled_after=timedelta(seconds=60))


async def get(facts: Health, path: str) -> httpx.Response:
    app = create_app(facts, Metrics(["tv"], {}).render)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://us") as client:
        return await client.get(path)


async def test_p22_livez_fails_if_and_only_if_the_loop_makes_no_progress() -> None:
    watch = Watch()
    facts = health(watch)
    assert (await get(facts, "/livez")).status_code == 200
    watch.seconds += 60
    assert (await get(facts, "/livez")).status_code == 200
    watch.seconds += 1
    answer = await get(facts, "/livez")
    assert answer.status_code == 503
    assert answer.json() == {
        "ok": False,
        "checks": {"loop": {"ok": False, "text": "last progress 61 s ago; stuck after 60 s"}},
    }
    facts.progressed()
    assert (await get(facts, "/livez")).status_code == 200


async def test_p22_readyz_needs_configuration_store_and_a_first_snapshot() -> None:
    facts = health(Watch())
    for missing, tell in (
        ({"configuration", "store", "snapshot"}, facts.configured),
        ({"store", "snapshot"}, facts.stored),
        ({"snapshot"}, facts.snapshot_taken),
    ):
        answer = await get(facts, "/readyz")
        assert answer.status_code == 503
        assert {name for name, check in answer.json()["checks"].items() if not check["ok"]} == missing
        tell()
    answer = await get(facts, "/readyz")
    assert (answer.status_code, answer.json()["ok"]) == (200, True)
    facts.stored(usable=False)
    assert (await get(facts, "/readyz")).status_code == 503


async def test_metrics_are_rendered_off_the_event_loop() -> None:
    threads: list[int] = []

    def render() -> bytes:
        threads.append(threading.get_ident())
        return b"x 1\n"

    app = create_app(health(Watch()), render)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://us") as client:
        answer = await client.get("/metrics")
    assert (answer.text, answer.headers["content-type"]) == ("x 1\n", METRICS_TYPE)
    assert threads != [threading.get_ident()]


async def test_health_answers_portaones_event_queue() -> None:
    assert (await get(health(Watch()), "/health")).json() == {"status": "ok"}


async def test_what_is_not_there_is_404() -> None:
    assert (await get(health(Watch()), "/nothing")).status_code == 404


async def test_it_serves_on_a_free_port_and_leaves_it() -> None:
    app = create_app(health(Watch()), lambda: b"x 1\n")
    async with serving(app, "127.0.0.1:0") as address:
        assert address.port > 0
        async with httpx.AsyncClient() as client:
            assert (await client.get(f"{address.url}/metrics")).text == "x 1\n"
    with socket.socket() as sock:
        sock.bind((address.host, address.port))
    assert len(asyncio.all_tasks()) == 1


async def test_a_taken_port_is_one_clear_sentence() -> None:
    app = create_app(health(Watch()), lambda: b"")
    async with serving(app, "127.0.0.1:0") as address:
        with pytest.raises(ListenError, match=rf"^cannot listen on 127.0.0.1:{address.port}: Address already in use$"):
            async with serving(app, str(address)):
                pass


async def test_an_address_that_is_not_ours_is_one_clear_sentence() -> None:
    with pytest.raises(ListenError, match=r"^cannot listen on 192\.0\.2\.1:1: "):
        async with serving(create_app(health(Watch()), lambda: b""), "192.0.2.1:1"):
            pass


async def test_signals_are_left_to_the_product() -> None:
    before = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)]
    async with serving(create_app(health(Watch()), lambda: b""), "127.0.0.1:0"):
        assert [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)] == before


@pytest.mark.parametrize(
    "begin",
    [
        b"GET /",
        b"GET / HTTP/1.1\r\nx: ",
        b"GET /livez HTTP/1.1\r\nhost: us\r\ntransfer-encoding: chunked\r\n\r\n0\r\nx: ",
    ],
)
async def test_a_request_that_does_not_end_is_cut_off(begin: bytes) -> None:
    await _sent(begin, b"x" * 65536)


async def test_requests_that_come_at_once_are_answered_one_after_the_other() -> None:
    request = b"GET /livez HTTP/1.1\r\nhost: us\r\nx: " + b"x" * 30_000 + b"\r\n"
    answered = await _sent(5 * (request + b"\r\n") + request + b"connection: close\r\n\r\n", b"")
    assert answered.count(b"HTTP/1.1 200 ") == 6


async def _sent(begin: bytes, more: bytes) -> bytes:
    """What comes back for a request that goes on until the server ends it, which is soon, where there is `more`."""
    async with serving(create_app(health(Watch()), lambda: b""), "127.0.0.1:0") as address:
        reader, writer = await asyncio.open_connection(address.host, address.port)
        writer.write(begin)
        sent = 0
        with suppress(ConnectionError):
            while more and not reader.at_eof() and sent < 100_000_000:
                writer.write(more)
                await writer.drain()
                sent += len(more)
        answered = b""
        with suppress(ConnectionError):
            answered = await asyncio.wait_for(reader.read(), 10)
        writer.close()
        assert sent < 10_000_000
        return answered


async def test_an_error_inside_still_stops_the_server() -> None:
    with pytest.raises(RuntimeError, match="inside"):
        async with serving(create_app(health(Watch()), lambda: b""), "127.0.0.1:0"):
            raise RuntimeError("inside")
    assert len(asyncio.all_tasks()) == 1


@pytest.mark.parametrize(
    ("text", "host", "port", "url"),
    [
        ("0.0.0.0:8080", "0.0.0.0", 8080, "http://127.0.0.1:8080"),
        ("[::]:80", "::", 80, "http://[::1]:80"),
        ("localhost:0", "localhost", 0, "http://localhost:0"),
    ],
)
def test_an_address_reads_as_written(text: str, host: str, port: int, url: str) -> None:
    address = Address.parse(text)
    assert (address.host, address.port, address.url, str(address)) == (host, port, url, text)


@pytest.mark.parametrize("text", ["", "8080", ":8080", "host:", "host:x", "host:65536", "::1:80", "host:-1", "host:٣"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not an address|is not a port"):
        Address.parse(text)
