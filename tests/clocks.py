"""Time and chance for tests: time passes only when everybody waits for it, and then at once; chance repeats."""

import asyncio
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from itertools import count

from platforms.simulation import Draw

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
_PATIENCE = 25  # turns of the event loop, after the last that went to sleep, before time moves on


def draws(seed: int = 1) -> Draw:
    """Numbers that look random, the same for the same seed (Lehmer's generator)."""
    state = seed

    def draw() -> float:
        nonlocal state
        state = state * 48271 % 2147483647
        return state / 2147483647

    return draw


class VirtualClock:
    """A `platforms.transport.Clock` on which sleepers wake in the order of their deadlines, without any real delay."""

    def __init__(self, start: datetime = START) -> None:
        self._start = start
        self._elapsed = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._number = count()
        self._moving = False
        self._patience = _PATIENCE

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._elapsed)

    def monotonic(self) -> float:
        return self._elapsed

    async def sleep(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        woken: asyncio.Future[None] = loop.create_future()
        heappush(self._sleepers, (self._elapsed + max(seconds, 0.0), next(self._number), woken))
        self._patience = _PATIENCE
        if not self._moving:
            self._moving = True
            loop.call_soon(self._turn, loop)
        await woken

    def advance(self, delta: timedelta | float) -> None:
        """Let time pass for everybody, without waking sleepers before their turn of the event loop."""
        self._elapsed += delta.total_seconds() if isinstance(delta, timedelta) else delta

    def jump(self, delta: timedelta) -> None:
        """Set the wall clock, forwards or back; the monotonic one goes on as it was."""
        self._start += delta

    def _turn(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._patience:
            self._patience -= 1
            loop.call_soon(self._turn, loop)
            return
        while self._sleepers:
            deadline, _, woken = heappop(self._sleepers)
            if not woken.done():
                self._elapsed = max(self._elapsed, deadline)
                woken.set_result(None)
                break
        self._moving = bool(self._sleepers)
        self._patience = _PATIENCE
        if self._moving:
            loop.call_soon(self._turn, loop)
