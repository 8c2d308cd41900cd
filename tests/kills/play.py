"""One scenario: how it goes undisturbed, and how it ends after processes were killed on the way."""

from collections.abc import Iterator, Sequence

from tests.kills.crossings import Crossing, sides
from tests.kills.ground import Ground
from tests.kills.oracles import End, end, problems
from tests.kills.scenarios import Scenario
from tests.kills.yard import Deaths, Played

_APPLY = ("apply", "--refresh")


class Play:
    """What happens in a scenario. Made on one ground, it can be played on any of the same platform."""

    def __init__(self, scenario: Scenario, ground: Ground) -> None:
        scenario.prepare(ground)
        self.scenario = scenario
        self._start = ground.keep()
        ended = ground.run(*_APPLY)
        assert ended.code == 0, ended.err
        self.crossings = list(_all_sides(ground.crossed()))
        self.undisturbed = _end(ground)

    def __call__(self, ground: Ground, case: Deaths) -> Played:
        """Kill one process after the other, each at its crossing; then the next one has to make all well."""
        ground.restore(self._start)
        deaths = sum(ground.run(*_APPLY, die=crossing).was_killed for crossing in case)
        ended = ground.run(*_APPLY)
        crossings = list(_all_sides(ground.crossed()))
        wrong = [] if ended.code == 0 else [f"apply ended with {ended.code}: {ended.out}{ended.err}"]
        wrong += _not_quiet(ground)
        wrong += problems(_end(ground), self.undisturbed)
        return Played(name_of(self.scenario, case), deaths, wrong, crossings)


def name_of(scenario: Scenario, case: Deaths) -> str:
    """By which a case is replayed."""
    return f"{scenario.name}@{'+'.join(map(str, case))}"


def _not_quiet(ground: Ground) -> Iterator[str]:
    ended = ground.run(*_APPLY)
    writes = ground.wires.tally.counts["write"]
    if ended.code != 0 or writes:
        yield f"it is not quiet: apply ended with {ended.code} after {writes} writes: {ended.out}{ended.err}"


def _end(ground: Ground) -> End:
    wires = ground.wires
    return end(wires.words, ground.site.records(), wires.effects, ground.store)


def _all_sides(crossed: Sequence[Crossing]) -> Iterator[Crossing]:
    for each in crossed:
        yield from sides(each.kind, each.number)
