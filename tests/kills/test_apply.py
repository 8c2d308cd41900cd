"""P5, P6, P16: `apply` is killed at every crossing, and once more while it recovers; the next one makes all well."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.kills.choice import Choice, complaint, figures
from tests.kills.play import Play
from tests.kills.scenarios import SCENARIOS, Scenario
from tests.kills.yard import yard

pytestmark = pytest.mark.kills

_FEW = {
    "tv/creates": 16,
    "tv/mixed": 28,
    "tv/crowd": 12,
    "cable/mixed": 16,
    "box/mixed": 12,
    "box/resumes": 12,
    "tv/held": 6,
    "tv/approved": 12,
}
"""How many cases of a scenario are played in every run of the tests; the others are played by order."""


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
def test_p06_p16_whatever_was_killed_the_next_process_makes_all_well(
    scenario: Scenario,
    tmp_path: Path,
    choice: Choice,
    record_property: Callable[[str, object], None],
) -> None:
    few = _FEW.get(scenario.name, 0)
    if not choice.wants(scenario.name, few):
        pytest.skip("only by order")
    with yard(tmp_path, scenario.platform, scenario.settings) as grounds:
        with grounds.ground() as first:
            play = Play(scenario, first)
        cases = choice.once(play.crossings, few)
        played = grounds.play(cases, play)
        again = choice.twice(played, cases, few // 4)
        played += grounds.play(again, play)
    record_property("kills", f"{scenario.name}: {figures(played, cases + again)}")
    assert not complaint(played), complaint(played)
