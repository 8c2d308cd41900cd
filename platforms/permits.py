"""Whether a call may begin now, where somebody beside the target has a say in it: a lease that must outlast the call.

Rules of this module:

1. Whoever makes calls that need a permit says so around them (`needing`); what it calls, and the tasks it starts,
   inherit it. Without one, every call may begin.
2. It is asked at the last moment, when the request is about to leave: what was true a while ago is not good enough,
   since the process may have been stopped in between. The instant that is left nobody on this side can close.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta

from platforms.driver import Resting

Permit = Callable[[float], str | None]
"""Why a call that may take so many seconds must not begin; `None` if it may."""

_permit: ContextVar[Permit] = ContextVar("permit", default=lambda _: None)


@contextmanager
def needing(permit: Permit) -> Iterator[None]:
    """The calls made within begin only with this permit."""
    token = _permit.set(permit)
    try:
        yield
    finally:
        _permit.reset(token)


def ask(seconds: float, operation: str) -> None:
    """A call that may take so many seconds is about to begin. Raises `Resting` where it must not: nothing is sent."""
    refusal = _permit.get()(seconds)
    if refusal is not None:
        raise Resting(f"{refusal} ({operation})", timedelta(0))
