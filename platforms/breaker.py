"""Whether a target may be asked: not while it fails, and not while it wants to be left alone. It has no clock.

Rules of this module:

1. The breaker opens after `FAILURES` failures in a row; when at least `SHARE` of at least `ENOUGH` requests within
   `WINDOW` seconds failed; and at once where the target refuses us altogether (credentials, licence).
2. While it is open, nothing is asked but single probes: one after `FIRST_PROBE` seconds, then each after twice as long
   as the last, up to `LAST_PROBE`. A success closes it; where it opens again within `WINDOW`, the pauses go on growing:
   the probe may have been a read, while all writes fail. A probe that was called off leaves its turn to another.
3. Every opening and every probe begins a new turn. What came of a request of an earlier turn says nothing about the
   target as it is now.
4. A wish to be left alone (`Retry-After`) is no failure. Nothing starts until its time is over.
5. `now` is in seconds of a monotonic clock.
"""

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

FAILURES = 5
SHARE = 0.4
ENOUGH = 20
WINDOW = 60.0
FIRST_PROBE = 30.0
LAST_PROBE = 900.0
_A_MOMENT = 1.0  # how long to wait for a probe that is under way, before asking again


class Verdict(Enum):
    """What an answer, or the want of one, says about the target."""

    SOUND = auto()  # it answers, if only to refuse this one request
    FAILED = auto()
    REFUSED = auto()  # it refuses everything we could ask


@dataclass(slots=True)
class _Second:
    """The requests of one second."""

    at: int
    requests: int = 0
    failures: int = 0


class Breaker:
    """The breaker of one target. `listeners` are called whenever it may be time to ask, or no longer.

    `is_refusal`: it opened, or stayed open, because the target refuses us altogether. `alone_until` is the instant
    before which the target asked to be left alone.
    """

    def __init__(self) -> None:
        self.listeners: list[Callable[[], None]] = []
        self.opened_at: float | None = None
        self.is_refusal = False
        self._turn = 0
        self._in_a_row = 0
        self._recent: deque[_Second] = deque()
        self._is_probing = False
        self._probe_at = 0.0
        self._pause = 0.0
        self._closed_at = -math.inf
        self.alone_until = 0.0

    @property
    def is_open(self) -> bool:
        """Whether only probes get through."""
        return self.opened_at is not None

    def rests(self, now: float) -> float:
        """Seconds until something may be asked, as far as is known; nothing where it may be asked now."""
        waits = [0.0, self.alone_until - now]
        if self.is_open:
            waits.append(_A_MOMENT if self._is_probing else self._probe_at - now)
        return max(waits)

    def begin(self, now: float) -> int | None:
        """The turn of a request that is about to start; `None` if it must not. While open, it is the probe."""
        if self.rests(now) > 0:
            return None
        if self.is_open:
            self._is_probing = True
            self._turn += 1
        return self._turn

    def tell(self, turn: int, verdict: Verdict, now: float) -> None:
        """A request of that turn ended so."""
        if turn != self._turn:
            return
        if verdict is Verdict.REFUSED or (self.is_open and verdict is Verdict.FAILED):
            self._open(now)
            self.is_refusal = verdict is Verdict.REFUSED
        elif self.is_open:
            self._close(now)
        elif self._count(verdict is Verdict.FAILED, now):
            self._open(now)

    def refuse(self, now: float) -> None:
        """It refuses everything we could ask, as several of its answers show together."""
        if not self.is_open:
            self._open(now)
            self.is_refusal = True

    def called_off(self, turn: int) -> None:
        """A request of that turn came to no end that would say anything."""
        if turn == self._turn and self._is_probing:
            self._is_probing = False
            self._notify()

    def leave_alone(self, until: float) -> None:
        """The target asked that nothing be asked before an instant."""
        if until > self.alone_until:
            self.alone_until = until
            self._notify()

    def restore(self, opened_at: float, now: float) -> None:
        """It was open before a restart: it still is, and may be probed at once."""
        self.opened_at = opened_at
        self._probe_at = now
        self._pause = FIRST_PROBE / 2

    def _open(self, now: float) -> None:
        if self.opened_at is None:
            has_relapsed = now - self._closed_at < WINDOW
            self.opened_at, self._pause = now, min(2 * self._pause, LAST_PROBE) if has_relapsed else FIRST_PROBE
        else:
            self._pause = min(2 * self._pause, LAST_PROBE)
        self._probe_at = now + self._pause
        self._is_probing = False
        self._turn += 1
        self._notify()

    def _close(self, now: float) -> None:
        self.opened_at, self._closed_at = None, now
        self.is_refusal = False
        self._is_probing = False
        self._in_a_row = 0
        self._recent.clear()
        self._notify()

    def _count(self, has_failed: bool, now: float) -> bool:
        """Count a request; says whether it was one failure too many."""
        self._in_a_row = self._in_a_row + 1 if has_failed else 0
        while self._recent and self._recent[0].at <= now - WINDOW:
            self._recent.popleft()
        if not self._recent or self._recent[-1].at != int(now):
            self._recent.append(_Second(int(now)))
        self._recent[-1].requests += 1
        self._recent[-1].failures += has_failed
        if not has_failed:
            return False
        requests = sum(second.requests for second in self._recent)
        failures = sum(second.failures for second in self._recent)
        return self._in_a_row >= FAILURES or (requests >= ENOUGH and failures >= SHARE * requests)

    def _notify(self) -> None:
        for listener in self.listeners:
            listener()


class NeverOpen(Breaker):
    """For a command that asks everything once: what one answer says is no reason not to ask for the next."""

    def _open(self, now: float) -> None:
        """It stays closed."""
