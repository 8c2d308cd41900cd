"""Traces: what happens for one reason bears one id, in the log, at the other side, and in spans where they are wanted.

Rules of this module:

1. Without spans there are ids and headers all the same; what sends spans (`spans.py`) is not even imported then.
2. An id that comes from outside is taken if it is one (16 or 32 hex digits, not all zero), and else made anew: nothing
   else of what was sent is ever passed on.
3. Facts are names, numbers of accounts and outcomes. No address, no text of an error and no personal data (P10).
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from platforms.trace import within

Facts = Mapping[str, str | int]

_TRACE_ID = re.compile(r"(?!0+\Z)(?:[0-9a-f]{16}|[0-9a-f]{32})")
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
_FINE = ("ok", "refused")


class TracingError(Exception):
    """Spans cannot be sent; `str()` says why and what to do."""


def incoming(headers: Mapping[str, str]) -> str | None:
    """The trace that a request belongs to, as B3 or else W3C tell it; `None` where they tell none that is one."""
    w3c = _TRACEPARENT.fullmatch(headers.get("traceparent", "").lower())
    for told in (headers.get("x-b3-traceid", "").lower(), w3c[1] if w3c is not None else ""):
        if _TRACE_ID.fullmatch(told):
            return told
    return None


class Span(Protocol):
    """What is sent about something that is done. `headers` tell the other side of a request about it."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The span's id, and whether it is sent."""
        ...

    def note(self, facts: Facts) -> None:
        """Something more is known."""
        ...

    def child(self, name: str, facts: Facts) -> "Span":
        """A request begins, as a part of it."""
        ...

    def end(self, *, is_fine: bool) -> None:
        """It is done."""
        ...


class Spans(Protocol):
    """Where spans come from, and go to."""

    def begin(self, name: str, trace_id: str, facts: Facts) -> Span:
        """The first span of something; there may be others in the same trace."""
        ...

    def close(self) -> None:
        """Send what is left, and no more; waits for nothing."""
        ...

    async def aclose(self) -> None:
        """The same, and wait for it, but not long."""
        ...


@dataclass(frozen=True, slots=True)
class Request:
    """One request of a trace: a `Leg` of the transport."""

    headers: Mapping[str, str]
    span: Span | None

    def ended(self, outcome: str) -> None:
        """The request ended; a refusal is a sound answer."""
        if self.span is not None:
            self.span.note({"outcome": outcome})
            self.span.end(is_fine=outcome in _FINE)


@dataclass(frozen=True, slots=True)
class Begun:
    """A trace under way: a `Trace` of the transport."""

    trace_id: str
    new_id: Callable[[], str] = field(repr=False)
    span: Span | None = field(repr=False)

    def note(self, **facts: str | int) -> None:
        """Something more is known of what is done."""
        if self.span is not None:
            self.span.note(facts)

    def request(self, target: str, operation: str) -> Request:
        """A request of it begins."""
        if self.span is None:
            return Request({"x-b3-traceid": self.trace_id, "x-b3-spanid": self.new_id()[-16:]}, None)
        span = self.span.child(f"{target} {operation}", {"target": target, "operation": operation})
        return Request({"x-b3-traceid": self.trace_id, **span.headers}, span)


class Traces:
    """Begins traces. `new_id` makes ids of 32 hex digits."""

    def __init__(self, new_id: Callable[[], str], spans: Spans | None = None) -> None:
        self._new_id = new_id
        self._spans = spans

    @contextmanager
    def begin(self, name: str, trace_id: str | None = None, **facts: str | int) -> Iterator[Begun]:
        """What is done in the context is one trace: a new one, unless it goes on with one there is."""
        trace_id = trace_id or self._new_id()
        span = self._spans.begin(name, trace_id, facts) if self._spans is not None else None
        begun, is_fine = Begun(trace_id, self._new_id, span), False
        try:
            with within(begun):
                yield begun
            is_fine = True
        finally:
            if span is not None:
                span.end(is_fine=is_fine)

    def close(self) -> None:
        """Send what is left of the spans, and no more; waits for nothing."""
        if self._spans is not None:
            self._spans.close()

    async def aclose(self) -> None:
        """The same, and wait for it, but not long."""
        if self._spans is not None:
            await self._spans.aclose()


def sending_to(endpoint: str, sample: float) -> Spans:
    """Spans for a collector, of a share of all traces. Raises `TracingError` where OpenTelemetry is not installed."""
    try:
        from controller.spans import to_collector  # noqa: PLC0415  an optional extra
    except ImportError:
        raise TracingError(
            "tracing.endpoint is configured, but OpenTelemetry is not installed:"
            " pip install 'iptv-reconciler[tracing]', or take the tracing block out"
        ) from None
    return to_collector(endpoint, sample)
