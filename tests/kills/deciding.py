"""A person decides, and the process that writes it down is killed: it is decided, or it is not."""

import sqlite3  # noqa: TID251  the file is looked at from outside
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass

from tests.kills.crossings import sides
from tests.kills.ground import Ground
from tests.kills.scenarios import ADOPTABLE, HELD, Scenario, held_plan
from tests.kills.yard import Deaths, Played

Words = tuple[str, ...]
_PAUSE = ("pause", "tv", "--reason", "the building moves", "--until", "2099-01-01T00:00:00Z")


@dataclass(frozen=True, slots=True)
class Decision:
    """What is decided in which situation; `words` are the command's, `first` what was decided before it."""

    scenario: Scenario
    words: Callable[[Ground], Words]
    first: Words = ()


DECISIONS: Mapping[str, Decision] = {
    "tv/approve": Decision(HELD, lambda ground: ("approve", held_plan(ground))),
    "tv/reject": Decision(HELD, lambda ground: ("reject", held_plan(ground))),
    "tv/pause": Decision(HELD, lambda _: _PAUSE),
    "tv/resume": Decision(HELD, lambda _: ("resume", "tv"), _PAUSE),
    "tv/requeue": Decision(HELD, lambda _: ("requeue", "i_account:70001", "--secrets")),
    "tv/adopt": Decision(ADOPTABLE, lambda _: ("adopt", "--yes")),
}


class Deciding:
    """How the file stands before the command and after it. In between there is nothing."""

    def __init__(self, name: str, ground: Ground) -> None:
        decision = DECISIONS[name]
        decision.scenario.prepare(ground)
        assert ground.run("apply", "--refresh").code == decision.scenario.code
        if decision.first:
            assert ground.run(*decision.first).code == 0
        self._words = decision.words(ground)
        self._start = ground.keep()
        self._before = _facts(ground)
        ended = ground.run(*self._words)
        assert ended.code == 0, ended.err
        self.crossings = [side for each in ground.crossed() for side in sides(each.kind, each.number)]
        self._after = _facts(ground)
        assert self._after != self._before

    def __call__(self, ground: Ground, case: Deaths) -> Played:
        """Kill the command, then give it once more."""
        ground.restore(self._start)
        deaths = sum(ground.run(*self._words, die=crossing).was_killed for crossing in case)
        found = _facts(ground)
        problems = [] if found in (self._before, self._after) else ["it is half decided"]
        if found == self._after and case[-1].side == "before":
            problems.append("it was decided before it was kept")
        if found == self._before:
            problems += [] if ground.run(*self._words).code == 0 else ["it cannot be decided again"]
            problems += [] if _facts(ground) == self._after else ["decided again it is something else"]
        return Played(case, deaths, problems)


def _facts(ground: Ground) -> "dict[str, list[tuple[object, ...]]]":
    """Every row of the file, without instants."""
    with closing(sqlite3.connect(ground.store)) as file:
        names = [name for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        rows = {name: file.execute(f"SELECT * FROM {name}").fetchall() for name in names}
    steady = {name: [tuple(each for each in row if not isinstance(each, float)) for row in rows[name]] for name in rows}
    return {name: sorted(each, key=repr) for name, each in steady.items()}
