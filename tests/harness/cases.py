"""Cases: a scenario and the faults that strike in it. Which there are follows from the run without faults."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from random import Random  # noqa: TID251  seeded, so that a draw can be repeated

from tests.harness import faults, pointed, scenarios
from tests.harness.crossings import Crossing, Fault, Kind, Planned
from tests.harness.running import reference
from tests.harness.scenarios import Scenario

_CALLS = ("refused", "lost_answer", "kill_before_call", "kill_after_call")
_COMMITS = ("kill_before_commit", "kill_after_commit")
_OF_MONEY = ("fault_in_the_middle", "lost_and_late", "past")
_SELDOM = {"cancel", "locked", "locked_for_a_while", "clock_forward", "clock_back", "lost_tick", "reordered"}
_SELDOM |= {"disk_full", "disk_full_for_a_while", "throttled", "down_for_a_while"}
_OF_EACH, _OF_COMMITS, _FEW, _MANY = 1, 6, 50, 4000


@dataclass(frozen=True, slots=True)
class Case:
    """`str()` is its name, by which `named` finds it again."""

    scenario: Scenario
    plan: Sequence[Planned]

    def __str__(self) -> str:
        return f"{self.scenario.name}/{'+'.join(map(str, self.plan))}"

    @property
    def replay(self) -> str:
        """The command that runs just this case."""
        return f"make harness CASE='{self}'"


def named(name: str) -> Case:
    """The case of that name."""
    scenario, _, plan = name.partition("/")
    return Case(scenarios.ALL[scenario], [_planned(part) for part in plan.split("+") if part])


def _planned(text: str) -> Planned:
    number, _, fault = text.partition(":")
    return Planned(int(number), faults.ALL[fault])


def everything(seed: int) -> Iterator[Case]:
    """Every fault at every crossing where it makes a difference, in every scenario; and many pairs."""
    for scenario in scenarios.ALL.values():
        yield from islice(singles(scenario), 0, None, scenario.sparse)
    yield from pairs(seed, _MANY)


def small(seed: int) -> Iterator[Case]:
    """What there is time for before every change: every call of the shortest scenario fails in the plainest ways, the
    process is killed at each sixth of its commits, and some of all else. Of the shortest scenario that sells,
    every call for a charge fails in the plainest ways, a third of them in all others, and the process is killed at each
    commit for one."""
    for scenario in scenarios.ALL.values():
        for name, cases in islice(by_fault(scenario).items(), seed % scenario.sparse, None, scenario.sparse):
            yield from _some(scenario, name, cases, seed)
    for each in pointed.STRUCK.values():
        yield Case(each.scenario, each.plan(reference(each.scenario).crossings))
    yield from pairs(seed, _FEW)


def _some(scenario: Scenario, fault: str, cases: Sequence[Case], seed: int) -> Sequence[Case]:
    if scenario is scenarios.SHORTEST and fault in _COMMITS:
        return cases[seed % _OF_COMMITS :: _OF_COMMITS]
    if scenario is scenarios.SHORTEST and fault in _CALLS:
        return cases
    if scenario is scenarios.CORNER and fault in (*_CALLS, *_COMMITS, *_OF_MONEY):
        return cases
    if scenario is scenarios.CORNER and fault not in _SELDOM:
        return cases[seed % 3 :: 3]
    return _spread(cases, seed)


def singles(scenario: Scenario) -> Iterator[Case]:
    """Every fault at every crossing of the scenario where it makes a difference."""
    for cases in by_fault(scenario).values():
        yield from cases


def by_fault(scenario: Scenario) -> Mapping[str, Sequence[Case]]:
    """The same, by the name of the fault."""
    crossings = reference(scenario).crossings
    return {
        name: [Case(scenario, [Planned(each.number, fault)]) for each in crossings if _strikes(fault, each, scenario)]
        for name, fault in faults.ALL.items()
        if name not in scenario.spared
    }


def _strikes(fault: Fault, crossing: Crossing, scenario: Scenario) -> bool:
    """Whether the fault makes a difference there, and the scenario is about it."""
    return fault.can_strike(crossing) and (crossing.kind is Kind.TICK or scenario.about in str(crossing))


def pairs(seed: int, count: int) -> Iterator[Case]:
    """Pairs of faults, drawn evenly over scenarios, then kinds of faults, then crossings."""
    draw = Random(seed)
    for _ in range(count):
        scenario = draw.choice(list(scenarios.ALL.values()))
        known = [cases for cases in by_fault(scenario).values() if cases]
        pair = [draw.choice(draw.choice(known)).plan[0] for _ in range(2)]
        yield Case(scenario, sorted(pair, key=lambda planned: planned.number))


def _spread(cases: Sequence[Case], seed: int) -> Sequence[Case]:
    """A few of the cases, evenly over the run."""
    step = max(1, len(cases) // _OF_EACH)
    return cases[seed % step :: step][:_OF_EACH]
