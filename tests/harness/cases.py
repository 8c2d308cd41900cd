"""Cases: a scenario and the faults that strike in it. Which there are follows from the run without faults."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random  # noqa: TID251  seeded, so that a draw can be repeated

from tests.harness import faults, scenarios
from tests.harness.crossings import Crossing, Fault, Kind, Planned
from tests.harness.running import reference
from tests.harness.scenarios import Scenario

_SPARSE = 29  # of the small profile's scenarios but the first, every so manieth case is run


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


def everything() -> Iterator[Case]:
    """Every fault at every crossing where it makes a difference, in every scenario."""
    for scenario in scenarios.ALL.values():
        yield from singles(scenario)


def small(seed: int) -> Iterator[Case]:
    """What there is time for before every change."""
    for scenario in scenarios.ALL.values():
        yield from list(singles(scenario))[seed % _SPARSE :: _SPARSE]
    yield from drawn(seed, 50)


def singles(scenario: Scenario) -> Iterator[Case]:
    """Every fault at every crossing of the scenario where it makes a difference."""
    fault_free = reference(scenario)
    turns = [Crossing(turn, Kind.TURN, "process", "await") for turn in range(1, fault_free.turns + 1)]
    for fault in faults.ALL.values():
        for crossing in [*fault_free.crossings, *turns]:
            if fault.can_strike(crossing):
                yield Case(scenario, [Planned(crossing.number, fault)])


def drawn(seed: int, count: int) -> Iterator[Case]:
    """Pairs of faults, drawn evenly over scenarios, kinds of faults and crossings."""
    draw = Random(seed)
    for _ in range(count):
        scenario = draw.choice(list(scenarios.ALL.values()))
        pair = [_draw(draw, scenario), _draw(draw, scenario)]
        yield Case(scenario, sorted(pair, key=lambda planned: planned.number))


def _draw(draw: Random, scenario: Scenario) -> Planned:
    fault: Fault = draw.choice(list(faults.ALL.values()))
    fault_free = reference(scenario)
    if Kind.TURN in fault.at:
        return Planned(draw.randint(1, fault_free.turns), fault)
    return Planned(draw.choice([each.number for each in fault_free.crossings if fault.can_strike(each)]), fault)
