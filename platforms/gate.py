"""Who may start a request to a target now: so many at once, so many in a second, the urgent ones first.

Rules of this module:

1. A request starts only when it holds one of the places and the rate allows it: no second, wherever it begins, sees
   more starts than may be (promise P17). A wait that is called off takes nobody's turn.
2. Routine requests are evenly spaced. Urgent ones (of an event, an operator, a timer) start at once as long as the
   second has room, and before routine ones that wait as well; but every `FAIR`th start is a routine one's where any
   waits, so that a flood of events never stops a sweep (promise P15).
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
        self._starts: deque[float] = deque(maxlen=max(1, int(per_second or 1)))
        self._waiting: dict[bool, deque[asyncio.Future[None]]] = {True: deque(), False: deque()}
        self._urgent_in_a_row = 0
        self._pause: asyncio.Task[None] | None = None
        self._back_at = 0.0

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
        while self._free and (lines := self._lines()):
            waits = [(self._wait(line), line) for line in lines]
            line = next((line for wait, line in waits if wait <= 0), None)
            if line is None:
                self._come_back(min(wait for wait, _ in waits))
                return
            self._urgent_in_a_row = self._urgent_in_a_row + 1 if line is self._waiting[True] else 0
            self._free -= 1
            self._starts.append(self._clock.monotonic())
            line.popleft().set_result(None)

    def _lines(self) -> "list[deque[asyncio.Future[None]]]":
        """The lines in which somebody waits, the one that goes next first; those who gave up are gone from them."""
        for line in self._waiting.values():
            while line and line[0].done():
                line.popleft()
        is_routines_turn = self._urgent_in_a_row >= FAIR - 1
        return [line for line in (self._waiting[not is_routines_turn], self._waiting[is_routines_turn]) if line]

    def _wait(self, line: "deque[asyncio.Future[None]]") -> float:
        """How long until the head of a line may start: for a gap in the last second, a routine one for its spacing."""
        if not self._interval or not self._starts:
            return 0.0
        is_full = len(self._starts) == self._starts.maxlen
        gap = self._starts[0] + len(self._starts) * self._interval if is_full else 0.0
        spaced = self._starts[-1] + self._interval if line is self._waiting[False] else 0.0
        return max(gap, spaced) - self._clock.monotonic()

    def _come_back(self, seconds: float) -> None:
        """Be there again after that time, or sooner if that was the plan already."""
        at = self._clock.monotonic() + seconds
        if self._pause is not None and not self._pause.done():
            if self._back_at <= at:
                return
            self._pause.cancel()
        self._back_at = at
        self._pause = asyncio.create_task(self._after(seconds))

    async def _after(self, seconds: float) -> None:
        await self._clock.sleep(seconds)
        self._pause = None
        self._admit()
