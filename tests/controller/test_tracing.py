"""Traces: which ids of others are believed, and the spans that a collector gets."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager

import httpx
import pytest
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from controller.spans import RecordedSpans
from controller.tracing import Traces, incoming, sending_to
from platforms.endpoint import Endpoint
from platforms.trace import current
from platforms.transport import Request as Call
from platforms.transport import Transport
from tests.clocks import VirtualClock
from tests.collector import Collector
from tests.servers import serving

ID = "463ac35c9f6413ad48485a3953bb6124"
SHORT = "a2fb4a1d1a96d312"
W3C = f"00-{ID}-{SHORT}-01"


@pytest.mark.parametrize(
    ("headers", "known"),
    [
        ({"x-b3-traceid": ID}, ID),
        ({"x-b3-traceid": SHORT}, SHORT),
        ({"x-b3-traceid": ID.upper()}, ID),
        ({"traceparent": W3C}, ID),
        ({"x-b3-traceid": SHORT, "traceparent": W3C}, SHORT),
        ({"x-b3-traceid": "rubbish", "traceparent": W3C}, ID),
        ({}, None),
        ({"x-b3-traceid": ""}, None),
        ({"x-b3-traceid": "0" * 32}, None),
        ({"x-b3-traceid": f"{ID}\n"}, None),
        ({"x-b3-traceid": f" {ID}"}, None),
        ({"x-b3-traceid": ID[:-1]}, None),
        ({"x-b3-traceid": "٣" * 32}, None),
        ({"traceparent": f"00-{'0' * 32}-{SHORT}-01"}, None),
        ({"traceparent": f"{W3C}\r\nx: y"}, None),
        ({"traceparent": ID}, None),
    ],
    ids=repr,
)
def test_an_id_of_others_is_taken_if_it_is_one(headers: Mapping[str, str], known: str | None) -> None:
    assert incoming(headers) == known


def numbered() -> Iterator[str]:
    number = 0
    while True:
        number += 1
        yield f"{number:032x}"


def traces(exporter: InMemorySpanExporter, sample: float = 1.0) -> Traces:
    ids = numbered()
    return Traces(lambda: next(ids), RecordedSpans(SimpleSpanProcessor(exporter), sample))


def by_name(exporter: InMemorySpanExporter) -> Mapping[str, ReadableSpan]:
    return {span.name: span for span in exporter.get_finished_spans()}


@asynccontextmanager
async def target(status: int, seen: list[httpx.Request]) -> AsyncIterator[Transport]:
    """A target that answers everything alike."""

    async def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(status)

    endpoint = Endpoint(target="tv", url="http://tv.test/secret-path")
    transport = Transport(endpoint, VirtualClock(), http=httpx.MockTransport(answer))
    yield transport
    await transport.aclose()


async def test_a_look_and_its_requests_are_spans_of_the_same_trace() -> None:
    exporter, seen = InMemorySpanExporter(), list[httpx.Request]()
    async with target(200, seen) as transport:
        with traces(exporter).begin("look", ID, platform="tv", i_account=7) as trace:
            await transport.request(Call("customers.list", "GET", "/customers/tv000001"))
            trace.note(result="changed")

    spans = by_name(exporter)
    look, request = spans["look"], spans["tv customers.list"]
    assert {f"{span.context.trace_id:032x}" for span in spans.values()} == {ID}
    assert look.parent is None
    assert request.parent is not None
    assert request.parent.span_id == look.context.span_id
    assert dict(look.attributes or {}) == {"iptv.platform": "tv", "iptv.i_account": 7, "iptv.result": "changed"}
    facts = {"iptv.target": "tv", "iptv.operation": "customers.list", "iptv.outcome": "ok"}
    assert dict(request.attributes or {}) == facts, "no address"
    assert seen[0].headers["x-b3-traceid"] == ID
    assert seen[0].headers["x-b3-spanid"] == f"{request.context.span_id:016x}"
    assert seen[0].headers["x-b3-sampled"] == "1"


@pytest.mark.parametrize(("status", "is_error"), [(200, False), (404, False), (500, True), (503, True)])
async def test_a_request_that_failed_is_an_error_and_a_refusal_is_none(status: int, is_error: bool) -> None:
    exporter = InMemorySpanExporter()
    async with target(status, []) as transport:
        with traces(exporter).begin("look", ID):
            await asyncio.gather(transport.request(Call("customers.list", "GET", "/")), return_exceptions=True)

    assert (not by_name(exporter)["tv customers.list"].status.is_ok) is is_error


async def test_an_exception_ends_its_span_and_leaves_no_text_in_it() -> None:
    exporter = InMemorySpanExporter()
    begun = traces(exporter).begin("look", ID)
    with pytest.raises(ValueError, match="canary"), begun:
        raise ValueError("canary")

    (look,) = exporter.get_finished_spans()
    assert not look.status.is_ok
    assert "canary" not in look.to_json()


async def test_what_is_not_sampled_is_not_sent_and_the_other_side_is_told() -> None:
    exporter, seen = InMemorySpanExporter(), list[httpx.Request]()
    async with target(200, seen) as transport:
        with traces(exporter, sample=1e-9).begin("look", ID):
            await transport.request(Call("customers.list", "GET", "/"))

    assert exporter.get_finished_spans() == ()
    assert (seen[0].headers["x-b3-traceid"], seen[0].headers["x-b3-sampled"]) == (ID, "0")


async def test_a_short_id_is_the_same_trace_with_zeros_before_it() -> None:
    exporter = InMemorySpanExporter()
    with traces(exporter).begin("look", SHORT):
        pass

    (look,) = exporter.get_finished_spans()
    assert f"{look.context.trace_id:032x}" == "0" * 16 + SHORT


async def test_outside_of_a_trace_nothing_is_sent_along() -> None:
    seen = list[httpx.Request]()
    async with target(200, seen) as transport:
        await transport.request(Call("customers.list", "GET", "/"))

    assert current() is None
    assert not [name for name in seen[0].headers if name.startswith("x-b3")]


async def test_a_collector_has_all_spans_when_the_process_ends() -> None:
    collector, ids = Collector(), numbered()
    async with serving(collector.app) as url:
        sending = Traces(lambda: next(ids), sending_to(url, 1.0))
        for number in range(3):
            with sending.begin(f"look {number}"):
                pass
        await sending.aclose()

    assert collector.names == ["look 0", "look 1", "look 2"]
    (resource,) = {each.resource.SerializeToString() for sent in collector.requests for each in sent.resource_spans}
    assert b"iptv-reconciler" in resource


async def test_a_collector_that_wants_none_harms_nobody() -> None:
    collector, ids = Collector(400), numbered()
    async with serving(collector.app) as url:
        sending = Traces(lambda: next(ids), sending_to(url, 1.0))
        with sending.begin("look"):
            pass
        await sending.aclose()

    assert collector.names == ["look"]


async def test_the_end_does_not_wait_for_a_collector_that_hangs() -> None:
    class Hanging(SpanProcessor):
        over = threading.Event()

        def shutdown(self) -> None:
            self.over.wait()

    spans = RecordedSpans(Hanging(), patience=0.01)
    await asyncio.wait_for(spans.aclose(), 10)
    Hanging.over.set()
