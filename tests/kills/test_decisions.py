"""P5, P16: whoever decides is killed, or billing changes between a kill and what was approved."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.kills.choice import Choice, complaint, figures
from tests.kills.deciding import DECISIONS, Deciding
from tests.kills.ground import Ground
from tests.kills.play import Play
from tests.kills.scenarios import BRAKED, SCENARIOS
from tests.kills.yard import Deaths, Played, yard

pytestmark = pytest.mark.kills


@pytest.mark.parametrize("name", DECISIONS)
def test_p16_a_decision_is_kept_as_a_whole_or_not_at_all(
    name: str, tmp_path: Path, choice: Choice, record_property: Callable[[str, object], None]
) -> None:
    scenario, few = DECISIONS[name].scenario, 4
    if not choice.wants(name, few):
        pytest.skip("only by order")
    with yard(tmp_path, scenario.platform, scenario.settings, 2) as grounds:
        with grounds.ground() as first:
            deciding = Deciding(name, first)
        cases = choice.once(deciding.crossings, few)
        played = grounds.play(cases, deciding)
    record_property("kills", figures(name, played))
    assert not complaint(name, played), complaint(name, played)


def test_p05_after_a_kill_nothing_goes_on_under_an_approval_whose_inputs_have_changed(
    tmp_path: Path, choice: Choice, record_property: Callable[[str, object], None]
) -> None:
    name, scenario, few, last = "tv/voided", SCENARIOS["tv/approved"], 6, 70003
    if not choice.wants(name, few):
        pytest.skip("only by order")

    def play_voided(ground: Ground, case: Deaths) -> Played:
        """One of the approved is unblocked while nobody runs: nobody else is suspended, unless that one was already."""
        play.restore(ground)
        deaths = sum(play.die(ground, each).was_killed for each in case)
        suspended = _suspended(ground)
        ground.wires.billing.change("unblock", i_account=last)
        ended = ground.run("apply", "--refresh")
        problems = [f"it ended with {ended.code}: {ended.out}{ended.err}"] if ended.code not in (0, BRAKED) else []
        if last not in suspended and _suspended(ground) != suspended:
            problems.append(f"{_suspended(ground)} were suspended, but {suspended} before the approval was void")
        problems += ["somebody was suspended twice"] if _is_any_twice(ground) else []
        return Played(case, deaths, problems)

    with yard(tmp_path, scenario.platform, scenario.settings) as grounds:
        with grounds.ground() as first:
            play = Play(scenario, first)
        cases = choice.once(play.crossings, few)
        played = grounds.play(cases, play_voided)
    record_property("kills", figures(name, played))
    assert not complaint(name, played), complaint(name, played)


def _suspended(ground: Ground) -> set[int]:
    return {i_account for i_account, kind in ground.wires.effects if kind == "suspend"}


def _is_any_twice(ground: Ground) -> bool:
    return any(count > 1 for (_, kind), count in ground.wires.effects.items() if kind == "suspend")
