"""How many requests to a target may be under way: as many as it serves well. It has no clock.

Rules of this module:

1. Between 1 and the configured most. Every answer that came in good time adds a little, a round of answers one step
   (additive increase); a sign of too much halves the number (multiplicative decrease).
2. Signs of too much: "too many requests" (429), no answer in time, and answers well slower than the quickest of late
   for the same operation. Operations are told apart: a page of a thousand rows takes longer than a log-in.
3. One halving at a time: what began before the last one says nothing about the number as it is now.
4. The quickest "of late" is that of the last one to two spells of answers, so that a target which has become slower
   for good is measured by itself again. A spell is longer than a climb from half to the most, or the climb would
   pass for the norm.
5. A target that stays slow while it is asked one at a time is not slow because of us: after `ALONE` such answers to an
   operation, that is its norm. So one that becomes ten times slower loses that, and not all but one place besides.
"""

from dataclasses import dataclass
from math import inf

DECREASE = 0.5
WELL_SLOWER = 1.8  # times DECREASE less than 1: half the crowd is served in what counts as good time
ALONE = 5
NOTICEABLE = 0.02  # seconds; a smaller difference is no reason for anything
_STEPS = 16  # rounds from nothing to the most, where the most is more than that
_WEIGHT = 0.3  # of the newest answer in the average


@dataclass(slots=True)
class _Norm:
    """What answers to one operation took: the average of late, and the quickest of this spell and the one before."""

    average: float
    quickest: float
    before: float = inf
    answers: int = 0
    slow_alone: int = 0

    @property
    def is_exceeded(self) -> bool:
        """Whether answers have become well slower."""
        return self.average > WELL_SLOWER * min(self.quickest, self.before) + NOTICEABLE

    def note(self, seconds: float, spell: int) -> None:
        """Another answer came."""
        self.average += _WEIGHT * (seconds - self.average)
        self.answers += 1
        if self.answers > spell:
            self.before, self.quickest, self.answers = self.quickest, seconds, 1
        self.quickest = min(self.quickest, seconds)

    def judge_afresh(self, seconds: float, *, is_alone: bool) -> None:
        """That has been taken for a sign of too much. Of one that was alone it is none for long: it is the new norm."""
        self.slow_alone = self.slow_alone + 1 if is_alone else 0
        if self.slow_alone >= ALONE:
            self.quickest, self.before, self.slow_alone = seconds, inf, 0
        self.average = min(self.quickest, self.before)


class Pace:
    """The number for one target."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._number = float(most)
        self._step = max(1.0, most / _STEPS)
        self._decreased_at = -inf
        self._norms: dict[str, _Norm] = {}

    @property
    def limit(self) -> int:
        """How many may be under way now."""
        return int(self._number)

    def answered(self, operation: str, began: float, now: float) -> None:
        """The target answered a request, whatever it said but "too many"."""
        seconds = now - began
        norm = self._norms.setdefault(operation, _Norm(seconds, seconds))
        norm.note(seconds, 2 * _STEPS * self._most)
        if norm.is_exceeded:
            norm.judge_afresh(seconds, is_alone=self.limit == 1 and began >= self._decreased_at)
            self.overloaded(began, now)
        else:
            norm.slow_alone = 0
            self._number = min(self._number + self._step / self._number, float(self._most))

    def overloaded(self, began: float, now: float) -> None:
        """It said "too many", or gave no answer in time, to a request that began then."""
        if began >= self._decreased_at:
            self._number = max(self._number * DECREASE, 1.0)
            self._decreased_at = now
