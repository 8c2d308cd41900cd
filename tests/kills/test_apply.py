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
    "tv/creates": 12,
    "tv/mixed": 20,
    "tv/crowd": 8,
    "cable/mixed": 8,
    "box/mixed": 8,
    "box/resumes": 8,
    "tv/held": 4,
    "tv/approved": 8,
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
        played = grounds.play(choice.once(play.crossings, few), play)
        played += grounds.play(choice.twice(played, few // 4), play)
    record_property("kills", figures(scenario.name, played))
    assert not complaint(scenario.name, played), complaint(scenario.name, played)
