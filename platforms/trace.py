"""Which trace a request belongs to: bound by whoever begins something, sent along by the transport.

Rules of this module:

1. The trace goes beside the arguments, in a context variable: every task inherits its own, so that two looks at the
   same time do not mix, and no driver has to know of it.
2. A request outside of any trace is sent without one.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol


class Leg(Protocol):
    """One request of a trace. `headers` are sent with it."""

    @property
    def headers(self) -> Mapping[str, str]:
        """By which the other side knows the trace."""
        ...

    def ended(self, outcome: str) -> None:
        """The request ended; `outcome` as metrics name it, or `called_off`."""
        ...


class Trace(Protocol):
    """Everything that happens for one reason. `trace_id` is 16 or 32 hex digits in lower case."""

    @property
    def trace_id(self) -> str:
        """What log lines, spans and the other side know it by."""
        ...

    def request(self, target: str, operation: str) -> Leg:
        """A request of it begins."""
        ...


class _Untraced:
    """A request outside of any trace."""

    headers: Mapping[str, str] = {}

    def ended(self, outcome: str) -> None:
        """Nobody wants to know."""


_CURRENT: ContextVar[Trace | None] = ContextVar("trace", default=None)
_UNTRACED = _Untraced()


def current() -> Trace | None:
    """The trace of whoever asks."""
    return _CURRENT.get()


@contextmanager
def within(trace: Trace) -> Iterator[None]:
    """What is done in the context belongs to the trace."""
    token = _CURRENT.set(trace)
    try:
        yield
    finally:
        _CURRENT.reset(token)


def leg(target: str, operation: str) -> Leg:
    """A request begins, of whatever trace its caller has."""
    trace = _CURRENT.get()
    return _UNTRACED if trace is None else trace.request(target, operation)
