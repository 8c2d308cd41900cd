"""Whatever goes wrong at whatever boundary: nobody is harmed, everybody gets there, and nobody can tell afterwards."""

from pathlib import Path

import pytest

from tests.harness import scenarios
from tests.harness.cases import Case
from tests.harness.running import reference, run, wrong

pytestmark = pytest.mark.harness


@pytest.mark.parametrize("name", scenarios.ALL)
def test_without_faults_everything_is_as_it_should_be(name: str) -> None:
    assert reference(scenarios.ALL[name]).wrong == []


async def test_after_a_fault_everything_is_as_if_there_had_been_none(case: Case, tmp_path: Path) -> None:
    outcome = await run(case.scenario, tmp_path, case.plan)
    struck = ", ".join(f"{planned.fault.name} at {crossing}" for planned, crossing in outcome.struck)
    assert struck, f"no fault struck; {case.replay}"
    found = wrong(outcome, reference(case.scenario))
    assert not found, "\n".join((f"after {struck}:", *found, f"again: {case.replay}"))
