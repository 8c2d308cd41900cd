"""Who may start a request to a target now: so many at once, so many in a second, the urgent ones first.

Rules of this module:

1. A request starts only when it holds one of the places and the rate allows it: no second, wherever it begins, sees
   more starts than may be (promise P17). A wait that is called off takes nobody's turn.
2. Routine requests are evenly spaced. Urgent ones (of an event, an operator, a timer) start at once as long as the
   second has room, and before routine ones that wait as well; but every `FAIR`th start is a routine one's where any
   waits, so that a flood of events never stops a sweep (promise P15).
3. Whoever works on something urgent says so around it (`urgent`); what it calls, and the tasks it starts, inherit it.
4. How many may be inside is for the target's pace to say (`pace.py`), never more than there are places.
5. In a pause nothing starts. A short one is waited for; nobody is kept waiting for a long one, they are sent away.
6. Whoever is let in learns how long that took, and what kept it: so that it can be told what limits the work.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from platforms.pace import Pace

FAIR = 5
PATIENCE = 15.0  # seconds of a pause that are worth waiting for

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


class Limit(StrEnum):
    """What keeps a request waiting."""

    CONCURRENCY = "concurrency"
    RATE = "rate"
    PAUSE = "pause"


@dataclass(frozen=True, slots=True)
class Admission:
    """How a request was let in: after how many seconds, kept by what when it came, as one of how many at a time."""

    waited: float
    limit: Limit | None
    places: int


class Paused(Exception):
    """The gate is closed for longer than anybody should wait."""


class Gate:
    """The entrance to one target; `pace` is to be told how requests went."""

    def __init__(self, places: int, per_second: float | None, clock: Ticking) -> None:
        """`places` is how many may be inside; `per_second` how many may enter in a second (`None`: no limit)."""
        self.pace = Pace(places)
        self._inside = 0
        self._interval = 1 / per_second if per_second else 0.0
        self._clock = clock
        self._starts: deque[float] = deque(maxlen=max(1, int(per_second or 1)))
        self._waiting: dict[bool, deque[asyncio.Future[None]]] = {True: deque(), False: deque()}
        self._urgent_in_a_row = 0
        self._pause: asyncio.Task[None] | None = None
        self._back_at = 0.0
        self._paused_until = 0.0
        self._is_shut = False

    @asynccontextmanager
    async def entered(self) -> AsyncIterator[Admission]:
        """Inside while the context lasts. Raises `Paused` where that would take too long."""
        came_at = self._clock.monotonic()
        limit = await self._enter()
        try:
            yield Admission(self._clock.monotonic() - came_at, limit, self.pace.limit)
        finally:
            self._inside -= 1
            self._admit()

    def pause(self, until: float) -> None:
        """Let nobody in before an instant; those who wait are sent away if it is far off."""
        self._paused_until = max(self._paused_until, until)
        if self._is_closed():
            for line in self._waiting.values():
                for ticket in line:
                    if not ticket.done():
                        ticket.set_exception(Paused())

    def close(self) -> None:
        """Let nobody in any more; who waits is called off, or it would wait for ever."""
        self._is_shut = True
        if self._pause is not None:
            self._pause.cancel()
        for line in self._waiting.values():
            for ticket in line:
                ticket.cancel()

    def _is_closed(self) -> bool:
        return self._paused_until - self._clock.monotonic() > PATIENCE

    async def _enter(self) -> Limit | None:
        """Wait to be let in; what for, if that was not at once."""
        if self._is_shut or self._is_closed():
            raise Paused
        ticket: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[_urgent.get()].append(ticket)
        self._admit()
        limit = None if ticket.done() else self._limit()
        try:
            await ticket
        except asyncio.CancelledError:
            if ticket.done() and not ticket.cancelled() and ticket.exception() is None:
                self._inside -= 1  # admitted in the very moment it was called off
                self._admit()
            raise
        return limit

    def _limit(self) -> Limit:
        """What keeps those who wait."""
        if self._inside >= self.pace.limit:
            return Limit.CONCURRENCY
        return Limit.PAUSE if self._paused_until > self._clock.monotonic() else Limit.RATE

    def _admit(self) -> None:
        """Let in those whose turn it is; come back when the next turn comes."""
        while self._inside < self.pace.limit and (lines := self._lines()):
            waits = [(self._wait(line), line) for line in lines]
            line = next((line for wait, line in waits if wait <= 0), None)
            if line is None:
                self._come_back(min(wait for wait, _ in waits))
                return
            self._urgent_in_a_row = self._urgent_in_a_row + 1 if line is self._waiting[True] else 0
            self._inside += 1
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
        """How long until the head of a line may start: until a pause is over, the last second has a gap, and a routine
        one has its distance.
        """
        instants = [self._paused_until]
        if self._interval and self._starts:
            if len(self._starts) == self._starts.maxlen:
                instants.append(self._starts[0] + len(self._starts) * self._interval)
            if line is self._waiting[False]:
                instants.append(self._starts[-1] + self._interval)
        return max(instants) - self._clock.monotonic()

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
