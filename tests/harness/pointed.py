"""Cases that are told by what is crossed, not by a number: each finds a bug that no other does (`plants`).

Rules of this module:

1. A case is here because a planted bug is found by it and by no run without faults. All are run every time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.harness import faults, scenarios
from tests.harness.crossings import Crossing, Planned
from tests.harness.scenarios import Scenario


@dataclass(frozen=True, slots=True)
class Strike:
    """A fault at the so manieth (from 0; -1: the last) of the crossings whose texts contain `where`."""

    fault: str
    where: str
    place: int = 0

    def planned(self, crossings: Sequence[Crossing]) -> Planned:
        """The fault at its number in a run with these crossings."""
        fault = faults.ALL[self.fault]
        fitting = [each for each in crossings if fault.can_strike(each) and self.where in str(each)]
        return Planned(fitting[self.place].number, fault)


@dataclass(frozen=True, slots=True)
class Pointed:
    """A scenario and what strikes in it; nothing does in the run without faults."""

    scenario: Scenario
    strikes: tuple[Strike, ...] = ()

    def plan(self, crossings: Sequence[Crossing]) -> list[Planned]:
        """The faults by number, for a run that has these crossings without any."""
        return [strike.planned(crossings) for strike in self.strikes]


def _pointed(scenario: str, *strikes: Strike) -> Pointed:
    return Pointed(scenarios.ALL[scenario], strikes)


STRUCK: Mapping[str, Pointed] = {
    "billing's list is empty once": _pointed("telebreeze", Strike("emptied", "get_account_list", -2)),
    "killed before the next day": _pointed("tight", Strike("kill_before_tick", "scheduler", -4)),
    "killed after an event": _pointed("tight", Strike("kill_after_event", "event of billing", -1)),
    "an answer of the till is lost": _pointed("corner", Strike("lost_answer", "make_transaction", 1)),
    "a booking shows late": _pointed("corner", Strike("lost_and_late", "make_transaction", 1)),
    "killed while booking": _pointed("corner", Strike("kill_after_call", "make_transaction", 1)),
    "killed while a feed is read": _pointed("corner", Strike("kill_after_commit", "commit for charges", 18)),
    "one of many xDRs is in doubt": _pointed("mall", Strike("lost_answer", "make_transaction", -1)),
    "all is lost, and was booked": _pointed("mall", Strike("lost_volume", "scheduler", -1)),
}
ALL: Mapping[str, Pointed] = {**{name: Pointed(scenario) for name, scenario in scenarios.ALL.items()}, **STRUCK}
