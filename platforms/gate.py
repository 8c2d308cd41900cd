"""Who may start a request to a target now: so many at once, so far apart, the urgent ones first.

Rules of this module:

1. A request starts only when it holds one of the places and its turn has come: starts are at least one interval apart,
   whoever asks. There are no bursts, and a cancelled wait takes nobody's turn.
2. Urgent requests (of an event, an operator, a timer) go before routine ones that wait as well; but every `FAIR`th
   start is a routine one's where any waits, so that a flood of events never stops a sweep (promise P15).
3. Whoever works on something urgent says so around it (`urgent`); what it calls, and the tasks it starts, inherit it.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from typing import Protocol

FAIR = 5

_urgent: ContextVar[bool] = ContextVar("urgent", default=False)


class Ticking(Protocol):
    """The part of a clock that a gate needs."""

    def monotonic(self) -> float:
        """Seconds from some fixed instant; never goes back."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after that many seconds."""
        ...


@contextmanager
def urgent(is_urgent: bool = True) -> Iterator[None]:
    """Whether the requests made within are urgent."""
    token = _urgent.set(is_urgent)
    try:
        yield
    finally:
        _urgent.reset(token)


class Gate:
    """The entrance to one target."""

    def __init__(self, places: int, per_second: float | None, clock: Ticking) -> None:
        """`places` is how many may be inside; `per_second` how many may enter in a second (`None`: no limit)."""
        self._free = places
        self._interval = 1 / per_second if per_second else 0.0
        self._clock = clock
        self._open_at = clock.monotonic()
        self._waiting: dict[bool, deque[asyncio.Future[None]]] = {True: deque(), False: deque()}
        self._urgent_in_a_row = 0
        self._pause: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def entered(self) -> AsyncIterator[None]:
        """Inside while the context lasts."""
        await self._enter()
        try:
            yield
        finally:
            self._free += 1
            self._admit()

    def close(self) -> None:
        """Let nobody in any more."""
        if self._pause is not None:
            self._pause.cancel()

    async def _enter(self) -> None:
        ticket: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[_urgent.get()].append(ticket)
        self._admit()
        try:
            await ticket
        except asyncio.CancelledError:
            if ticket.done() and not ticket.cancelled():  # admitted in the very moment it was called off
                self._free += 1
                self._admit()
            raise

    def _admit(self) -> None:
        """Let in those whose turn it is; come back when the next turn comes."""
        while self._free and (line := self._next_line()) is not None:
            wait = self._open_at - self._clock.monotonic()
            if wait > 0:
                self._come_back(wait)
                return
            self._urgent_in_a_row = self._urgent_in_a_row + 1 if line is self._waiting[True] else 0
            self._free -= 1
            self._open_at = self._clock.monotonic() + self._interval
            line.popleft().set_result(None)

    def _next_line(self) -> deque[asyncio.Future[None]] | None:
        """The line whose head goes next; those who gave up waiting are gone from it."""
        for line in self._waiting.values():
            while line and line[0].done():
                line.popleft()
        routine, urgent_ones = self._waiting[False], self._waiting[True]
        if routine and (not urgent_ones or self._urgent_in_a_row >= FAIR - 1):
            return routine
        return urgent_ones or None

    def _come_back(self, seconds: float) -> None:
        if self._pause is None or self._pause.done():
            self._pause = asyncio.create_task(self._after(seconds))

    async def _after(self, seconds: float) -> None:
        await self._clock.sleep(seconds)
        self._pause = None
        self._admit()
