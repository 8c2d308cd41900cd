"""Reads of simulated platforms that lag behind their writes."""

from collections import deque
from dataclasses import dataclass
from typing import Generic, TypeVar

from platforms.transport import Clock

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class _Write(Generic[Row]):
    at: float
    id: str
    before: Row | None


class RecentWrites(Generic[Row]):
    """What records were before their latest writes. `lag` is given in seconds each time, since tests change it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._writes: deque[_Write[Row]] = deque()

    def remember(self, record_id: str, before: Row | None, lag: float) -> None:
        """A record is about to be written; `None` if there is none yet."""
        if lag:
            self._writes.append(_Write(self._clock.monotonic(), record_id, before))

    def past(self, lag: float) -> dict[str, Row | None]:
        """What those records were that have been written within the lag."""
        while self._writes and self._writes[0].at <= self._clock.monotonic() - lag:
            self._writes.popleft()
        past: dict[str, Row | None] = {}
        for write in self._writes:
            past.setdefault(write.id, write.before)
        return past
