"""Who waits for the store, and whose turn it is next.

Rules of this module:

1. All who wait share the next transaction. A slice of a sweep has one of its own: who is urgent waits for one slice at
   the most, and not in one transaction with it.
2. Where both wait they take turns, so that neither keeps the other for longer than one transaction.
3. Each kind is served in the order in which it came. A slice that nobody waits for any more is not begun.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Waiting(Generic[S]):
    """A function of the store, and who waits for what it returns."""

    action: Callable[[S], object]
    future: asyncio.Future[object]
    durable: bool
    is_anyones: bool

    def resolve(self, outcome: object) -> None:
        """Hand out what the function returned, or the exception it raised."""
        if self.future.done():
            return
        if isinstance(outcome, Exception):
            self.future.set_exception(outcome)
        else:
            self.future.set_result(outcome)


class Queue(Generic[S]):
    """Functions of the store that wait for their transaction."""

    def __init__(self) -> None:
        self._together: list[Waiting[S]] = []
        self._slices: deque[Waiting[S]] = deque()
        self._was_slice = True

    def add(self, waiting: Waiting[S], *, is_slice: bool) -> None:
        """Have it done in a transaction with others; `is_slice`: in one of its own."""
        if is_slice:
            self._slices.append(waiting)
        else:
            self._together.append(waiting)

    def take(self) -> list[Waiting[S]]:
        """Those of the next transaction; empty if nobody waits."""
        while self._slices and self._slices[0].future.cancelled():
            self._slices.popleft()
        if self._slices and not (self._together and self._was_slice):
            self._was_slice = True
            return [self._slices.popleft()]
        together, self._together = self._together, []
        self._was_slice = not together  # the first to come after a rest go first
        return together
