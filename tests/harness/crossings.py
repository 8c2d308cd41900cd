"""Crossings: every instant at which the process meets the world outside, numbered; and what can go wrong there.

Rules of this module:

1. A run without faults numbers its crossings from 1; the same scenario always crosses in the same order. A fault is
   planned for a number. It strikes there, or (after an earlier fault has changed the course of the run) at the first
   later crossing that it fits.
2. Turns of the event loop have numbers of their own: at any of them the process can be cancelled.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from tests.harness.site import Site

Answer = httpx.Response | None
"""What came back over a wire; nothing from the store and the scheduler."""


class Kind(StrEnum):
    """What is crossed."""

    TICK = "scheduler tick"
    EVENT = "event"
    BILLING_READ = "billing read"
    PLATFORM_READ = "platform read"
    PLATFORM_WRITE = "platform write"
    FEED_READ = "feed read"
    BOOKING = "booking"
    BEGIN = "begin of a transaction"
    COMMIT = "commit"
    TURN = "turn of the event loop"


@dataclass(frozen=True, slots=True)
class Crossing:
    """One crossing. `target` is the platform, billing or store; `operation` what is asked of it, and about whom.

    `changes`: the commit has something to keep. `past`: what the same question was answered before, the latest first;
    once the crossing is over, only those answers that differ from the new one.
    """

    number: int
    kind: Kind
    target: str
    operation: str
    changes: bool = False
    past: tuple[httpx.Response, ...] = field(default=(), repr=False)

    def __str__(self) -> str:
        return f"{self.number} ({self.kind} of {self.target}: {self.operation})"


def _nothing(_site: "Site", _crossing: Crossing) -> Answer:
    return None


def _as_it_is(_site: "Site", _crossing: Crossing, answer: Answer) -> Answer:
    return answer


def _everywhere(_crossing: Crossing) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Fault:
    """What can go wrong at crossings of some kinds, where it `fits`.

    `before` is called before anything crosses, and may raise or answer in the other side's place; `after` is called
    once it has taken effect, and may raise or answer something else. A `confined` one is the trouble of one target.
    """

    name: str
    at: frozenset[Kind]
    before: Callable[["Site", Crossing], Answer] = _nothing
    after: Callable[["Site", Crossing, Answer], Answer] = _as_it_is
    fits: Callable[[Crossing], bool] = _everywhere
    confined: bool = False

    def can_strike(self, crossing: Crossing) -> bool:
        """Whether it makes a difference there."""
        return crossing.kind in self.at and self.fits(crossing)


NO_FAULT = Fault("none", frozenset())


@dataclass(frozen=True, slots=True)
class Planned:
    """A fault at a number: `17:lost_answer`."""

    number: int
    fault: Fault

    def __str__(self) -> str:
        return f"{self.number}:{self.fault.name}"


class Tap:
    """Numbers the crossings of one run, and says which fault strikes at each.

    `history`: every question that was asked over a wire, and how it was answered, in order. `feeds`: all answers of a
    platform's feed. `repeats`: what happens now
    has happened before, to the letter, so that nothing can be learnt by a fault here.
    """

    def __init__(self, plan: Sequence[Planned] = ()) -> None:
        self.crossings: list[Crossing] = []
        self.repeats = False
        self.history: dict[tuple[str, str, bytes], list[httpx.Response]] = {}
        self.feeds: dict[str, list[httpx.Response]] = {}
        self._repeated: set[int] = set()
        self._turns: list[int] = []
        self.struck: list[tuple[Planned, Crossing]] = []
        self._pending = list(plan)

    @property
    def pending(self) -> Sequence[Planned]:
        """What has not struck."""
        return self._pending

    def cross(
        self, kind: Kind, target: str, operation: str, *, changes: bool = False, past: Sequence[httpx.Response] = ()
    ) -> "Passage":
        """Somebody is about to cross."""
        crossing = Crossing(len(self.crossings) + 1, kind, target, operation, changes, tuple(past))
        self.crossings.append(crossing)
        if self.repeats:
            self._repeated.add(crossing.number)
        return Passage(crossing, self._fault(crossing))

    def answered(self, crossing: Crossing, answer: httpx.Response) -> None:
        """What was answered at a crossing is known now."""
        past = tuple(each for each in crossing.past if each.content != answer.content)
        self.crossings[crossing.number - 1] = replace(crossing, past=past)

    def turn(self) -> bool:
        """The event loop has turned once more; says whether the process is cancelled now."""
        self._turns.append(len(self.crossings))
        turn = Crossing(len(self._turns), Kind.TURN, "process", "await")
        return self._fault(turn) is not NO_FAULT

    def telling(self) -> Sequence[Crossing]:
        """Crossings and turns at which a fault may make a difference that it does not make at another.

        Of turns between which nothing crossed a boundary that is the first and the last.
        """
        around = zip([-1, *self._turns], self._turns, [*self._turns[1:], -1], strict=False)
        changing = [number for number, (before, here, after) in enumerate(around, 1) if not before == here == after]
        turns = [
            Crossing(n, Kind.TURN, "process", f"await after {self._last_before(n)}")
            for n in changing
            if self._turns[n - 1] not in self._repeated
        ]
        return [*(each for each in self.crossings if each.number not in self._repeated), *turns]

    def _last_before(self, turn: int) -> str:
        crossed = self._turns[turn - 1]
        return str(self.crossings[crossed - 1]) if crossed else "nothing"

    def _fault(self, crossing: Crossing) -> Fault:
        for planned in self._pending:
            if planned.number <= crossing.number and planned.fault.can_strike(crossing):
                self._pending.remove(planned)
                self.struck.append((planned, crossing))
                return planned.fault
        return NO_FAULT


@dataclass(frozen=True, slots=True)
class Passage:
    """A crossing with the fault that strikes there."""

    crossing: Crossing
    fault: Fault

    def before(self, site: "Site") -> Answer:
        """To be called before anything crosses."""
        return self.fault.before(site, self.crossing)

    def after(self, site: "Site", answer: Answer = None) -> Answer:
        """To be called once it has taken effect."""
        return self.fault.after(site, self.crossing, answer)
