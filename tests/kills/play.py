"""One scenario: how it goes undisturbed, and how it ends after processes were killed on the way."""

from collections.abc import Iterator, Sequence

from tests.kills.crossings import Crossing, sides
from tests.kills.ground import Ground
from tests.kills.oracles import end_of, problems
from tests.kills.scenarios import Scenario
from tests.kills.victim import Ended
from tests.kills.yard import Deaths, Played

_APPLY = ("apply", "--refresh")


class Play:
    """What happens in a scenario. Made on one ground, it can be played on any of the same platform."""

    def __init__(self, scenario: Scenario, ground: Ground) -> None:
        scenario.prepare(ground)
        self.scenario = scenario
        self._start = ground.keep()
        ended = ground.run(*_APPLY)
        assert ended.code == scenario.code, ended.out + ended.err
        self.crossings = list(_all_sides(ground.crossed()))
        self.undisturbed = end_of(ground)

    def __call__(self, ground: Ground, case: Deaths) -> Played:
        """Kill one process after the other, each at its crossing; then the next one has to make all well."""
        self.restore(ground)
        deaths = sum(self.die(ground, crossing).was_killed for crossing in case)
        ended = ground.run(*_APPLY)
        crossings = list(_all_sides(ground.crossed()))
        wrong = list(self._wrong_end(ended)) + list(self._not_quiet(ground))
        wrong += problems(end_of(ground), self.undisturbed)
        return Played(case, deaths, wrong, crossings)

    def restore(self, ground: Ground) -> None:
        """Make everything as it is before the first process begins."""
        ground.restore(self._start)

    def die(self, ground: Ground, crossing: Crossing) -> Ended:
        """Have a process begin that is to die there."""
        return ground.run(*_APPLY, die=crossing)

    def _wrong_end(self, ended: Ended) -> Iterator[str]:
        if ended.code != self.scenario.code:
            yield f"apply ended with {ended.code}: {ended.out}{ended.err}"

    def _not_quiet(self, ground: Ground) -> Iterator[str]:
        yield from self._wrong_end(ground.run(*_APPLY))
        if writes := ground.wires.tally.counts["write"]:
            yield f"it is not quiet: {writes} writes more"


def _all_sides(crossed: Sequence[Crossing]) -> Iterator[Crossing]:
    for each in crossed:
        yield from sides(each.kind, each.number)
