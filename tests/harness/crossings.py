"""Crossings: every instant at which the process meets the world outside, numbered; and what can go wrong there.

Rules of this module:

1. A run without faults numbers its crossings from 1; the same scenario always crosses in the same order. A fault is
   planned for a number. It strikes there, or (after an earlier fault has changed the course of the run) at the first
   later crossing that it fits.
2. Turns of the event loop have numbers of their own: at any of them the process can be cancelled.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
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
    BEGIN = "begin of a transaction"
    COMMIT = "commit"
    TURN = "turn of the event loop"


@dataclass(frozen=True, slots=True)
class Crossing:
    """One crossing. `target` is the platform, billing or store; `operation` what is asked of it, and about whom.

    `changes`: the commit has something to keep. `past`: what the same question was answered when the answer was last a
    different one.
    """

    number: int
    kind: Kind
    target: str
    operation: str
    changes: bool = False
    past: Answer = field(default=None, repr=False)

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
    once it has taken effect, and may raise or answer something else. What the fault itself asks for, or makes
    impossible to tell from it, is said by `alters`: see `oracles.py`.
    """

    name: str
    at: frozenset[Kind]
    before: Callable[["Site", Crossing], Answer] = _nothing
    after: Callable[["Site", Crossing, Answer], Answer] = _as_it_is
    fits: Callable[[Crossing], bool] = _everywhere
    alters: frozenset[str] = frozenset()

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
    """Numbers the crossings of one run, and says which fault strikes at each."""

    def __init__(self, plan: Sequence[Planned] = ()) -> None:
        self.crossings: list[Crossing] = []
        self.turns = 0
        self.struck: list[tuple[Planned, Crossing]] = []
        self._pending = list(plan)

    @property
    def pending(self) -> Sequence[Planned]:
        """What has not struck."""
        return self._pending

    def cross(
        self, kind: Kind, target: str, operation: str, *, changes: bool = False, past: Answer = None
    ) -> "Passage":
        """Somebody is about to cross."""
        crossing = Crossing(len(self.crossings) + 1, kind, target, operation, changes, past)
        self.crossings.append(crossing)
        return Passage(crossing, self._fault(crossing))

    def turn(self) -> bool:
        """The event loop has turned once more; says whether the process is cancelled now."""
        self.turns += 1
        turn = Crossing(self.turns, Kind.TURN, "process", "await")
        return self._fault(turn) is not NO_FAULT

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
