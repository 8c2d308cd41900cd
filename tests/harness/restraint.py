"""What the reconciler does not do, however much there is to be done: judged call by call, from outside.

Rules of this module:

1. It counts by itself, from what calls changed on the platforms and from what platforms answered; of the product it
   knows only the limits that were configured. Populations are so small that of each limit only its floor counts.
2. What a person approved is not counted, as long as nothing but that is to be done (promise P5): who approves says so.
3. Instants are those of the wall clock.
"""

from collections import Counter, deque
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.harness.chronicle import Event

TAKEN_AWAY = ("delete", "suspend", "packages")
WITHOUT_NEED = "a call was made that changed nothing"
_DAY = timedelta(hours=24)
_WINDOW = timedelta(hours=2)
MOST_FAILURES = 40
"""How often a platform may fail in `_WINDOW`: 5 failures until its breaker opens, 13 probes (of 30 s to 15 min) and as
much again; or one account's backoff (of 5 s to 30 min, fully jittered), which comes to 15 tries on average."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How many records of a platform may lose something in a pass, and in 24 hours."""

    of_a_pass: int
    of_a_day: int


class Restraint:
    """Everything that was done although it should not have been."""

    def __init__(self, limits: Limits) -> None:
        self.wrong: list[str] = []
        self._limits = limits
        self._in_pass: Counter[str] = Counter()
        self._today: dict[str, deque[datetime]] = {}
        self._failures: dict[str, deque[datetime]] = {}
        self._approved: dict[str, set[int]] = {}

    def pass_begins(self) -> None:
        """From here on a pass's limit counts anew."""
        self._in_pass.clear()

    def forgotten(self) -> None:
        """The database is gone, or an older one: what was taken away today is nowhere written down any more."""
        self._today.clear()
        self._approved.clear()

    def approved(self, platform: str, i_accounts: Collection[int]) -> None:
        """A person has approved that these accounts lose something, once."""
        self._approved[platform] = set(i_accounts)

    def done(self, platform: str, events: Iterable[Event], at: datetime) -> None:
        """A call was carried out, and did this."""
        for i_account in {event.i_account for event in events if event.what in TAKEN_AWAY}:
            if i_account in self._approved.get(platform, ()):
                self._approved[platform].discard(i_account)
            else:
                self._count(platform, at)

    def answered(self, platform: str, status: int, at: datetime) -> None:
        """The platform answered a call with this status of HTTP."""
        if status >= 500:
            failures = self._failures.setdefault(platform, deque())
            if _within(failures, at, _WINDOW) == MOST_FAILURES + 1:
                self.wrong.append(f"{platform}: failed more than {MOST_FAILURES} times in {_WINDOW}, and was asked on")

    def _count(self, platform: str, at: datetime) -> None:
        self._in_pass[platform] += 1
        if self._in_pass[platform] > self._limits.of_a_pass:
            self.wrong.append(
                f"{platform}: {self._in_pass[platform]} records lost something in one pass; the brake lets"
                f" {self._limits.of_a_pass}, and nobody approved of it"
            )
        today = _within(self._today.setdefault(platform, deque()), at, _DAY)
        if today > self._limits.of_a_day:
            self.wrong.append(
                f"{platform}: {today} records lost something in 24 hours; the budget is {self._limits.of_a_day}"
            )


def _within(instants: deque[datetime], at: datetime, period: timedelta) -> int:
    """Add an instant; how many there were in the period that ends with it."""
    instants.append(at)
    while instants[0] <= at - period:
        instants.popleft()
    return len(instants)
