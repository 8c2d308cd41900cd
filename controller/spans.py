"""The door of OpenTelemetry, an optional extra: spans, and how they get to a collector.

Rules of this module:

1. It is imported only where spans are configured.
2. The ids of traces are ours, so that log, headers and spans agree.
3. Sending keeps nobody waiting: it happens in a thread of its own, what does not fit its queue is dropped, and the end
   of the process waits `FLUSH` seconds for it at most.
"""

import asyncio
import threading
from collections.abc import Mapping
from dataclasses import dataclass

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import Span as Recorded
from opentelemetry.trace import SpanKind, StatusCode, Tracer, format_span_id, set_span_in_context

from controller.tracing import Facts
from platforms.version import VERSION

FLUSH = 5.0
_TRIES_FOR = 4.0  # seconds that one sending may take, repeats included
_NAME = "iptv-reconciler"


@dataclass(frozen=True, slots=True)
class OneSpan:
    """A `Span` of `tracing.py`."""

    tracer: Tracer
    recorded: Recorded

    @property
    def headers(self) -> Mapping[str, str]:
        """The span's id, and whether it is sent."""
        context = self.recorded.get_span_context()
        return {"x-b3-spanid": format_span_id(context.span_id), "x-b3-sampled": str(int(context.trace_flags.sampled))}

    def note(self, facts: Facts) -> None:
        """Something more is known."""
        self.recorded.set_attributes(_attributes(facts))

    def child(self, name: str, facts: Facts) -> "OneSpan":
        """A request begins, as a part of it."""
        around = set_span_in_context(self.recorded, Context())
        begun = self.tracer.start_span(name, around, SpanKind.CLIENT, attributes=_attributes(facts))
        return OneSpan(self.tracer, begun)

    def end(self, *, is_fine: bool) -> None:
        """It is done."""
        if not is_fine:
            self.recorded.set_status(StatusCode.ERROR)
        self.recorded.end()


class _Ids(RandomIdGenerator):
    """A new trace bears the id that it was given."""

    trace_id = 0

    def generate_trace_id(self) -> int:
        return self.trace_id


class RecordedSpans:
    """The `Spans` of `tracing.py`; `processor` gets a share of the traces, whole ones. `patience` is in seconds."""

    def __init__(self, processor: SpanProcessor, sample: float = 1.0, patience: float = FLUSH) -> None:
        self._patience = patience
        self._is_closed = False
        self._sent = threading.Event()
        self._ids = _Ids()
        self._provider = TracerProvider(
            sampler=ParentBased(TraceIdRatioBased(sample)),
            resource=Resource.create({"service.name": _NAME, "service.version": VERSION}),
            shutdown_on_exit=False,
            id_generator=self._ids,
        )
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer(_NAME)

    def begin(self, name: str, trace_id: str, facts: Facts) -> OneSpan:
        """The first span of something; there may be others in the same trace."""
        self._ids.trace_id = int(trace_id, 16)
        return OneSpan(self._tracer, self._tracer.start_span(name, Context(), attributes=_attributes(facts)))

    def close(self) -> None:
        """Send what is left, and no more; waits for nothing."""
        if not self._is_closed:
            self._is_closed = True
            threading.Thread(target=self._send_rest, name="last spans", daemon=True).start()

    async def aclose(self) -> None:
        """The same, and wait for it as long as patience lasts."""
        self.close()
        await asyncio.to_thread(self._sent.wait, self._patience)

    def _send_rest(self) -> None:
        self._provider.shutdown()
        self._sent.set()


def to_collector(endpoint: str, sample: float) -> RecordedSpans:
    """Spans sent by OTLP over HTTP; `/v1/traces` is appended to the endpoint.

    Headers and certificates come from the standard variables `OTEL_EXPORTER_OTLP_*`.
    """
    exporter = OTLPSpanExporter(f"{endpoint.rstrip('/')}/v1/traces", timeout=_TRIES_FOR)
    return RecordedSpans(BatchSpanProcessor(exporter), sample)


def _attributes(facts: Facts) -> Mapping[str, str | int]:
    return {f"iptv.{name}": value for name, value in facts.items()}
