"""The harness finds the bugs that it is there to find, each by a case that is run before every change."""

import asyncio
import re
from datetime import datetime
from pathlib import Path

import pytest

from controller.store.journal import Journal
from tests.harness import plants, pointed
from tests.harness.plants import bugs, money
from tests.harness.plants.caught import CATCHES
from tests.harness.plants.planting import Function, NothingToReplace, Reach, bug
from tests.harness.pointed import Pointed
from tests.harness.running import reference, run, wrong

pytestmark = pytest.mark.harness

ALL = {**bugs.ALL, **money.ALL}


async def _found(case: Pointed, folder: Path) -> list[str]:
    """What the harness says of the product as it is now: of the run without faults, too, with which it compares."""
    fault_free = await run(case.scenario, folder / "reference")
    if not case.strikes:
        return list(fault_free.wrong)
    plan = case.plan(fault_free.crossings)
    outcome = await run(case.scenario, folder / "struck", plan)
    assert [planned for planned, _ in outcome.struck] == plan
    return wrong(outcome, fault_free)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With room for two installations."""
    for name in ("reference", "struck"):
        (tmp_path / name).mkdir()
    return tmp_path


@pytest.mark.parametrize("name", ALL)
async def test_the_planted_bug_is_caught(name: str, folder: Path) -> None:
    case, complaint = pointed.ALL[CATCHES[name].case], CATCHES[name].complaint
    with ALL[name].planted() as reach:
        found = await _found(case, folder)
    assert reach.is_whole, f"the run never came to {name}"
    assert any(re.fullmatch(complaint, text) for text in found), "\n".join(("not caught:", *found))


@pytest.mark.parametrize("name", sorted({catch.case for catch in CATCHES.values()}))
def test_without_the_bug_the_same_case_passes(name: str, tmp_path: Path) -> None:
    case = pointed.ALL[name]
    fault_free = reference(case.scenario)
    assert fault_free.wrong == []
    if case.strikes:
        outcome = asyncio.run(run(case.scenario, tmp_path, case.plan(fault_free.crossings)))
        assert wrong(outcome, fault_free) == []


def test_every_bug_says_what_was_got_wrong_and_has_a_case_that_catches_it() -> None:
    assert set(CATCHES) == set(ALL)
    assert [name for name in ALL if f" {name} " not in (plants.__doc__ or "")] == []
    assert [name for name, each in ALL.items() if not each.spoilt.__doc__] == []


def test_a_bug_is_not_planted_where_the_product_has_changed() -> None:
    sound = Journal.open

    def spoilt(_reach: Reach, _sound: Function) -> Function:
        def bad(self: Journal, intent: object, at: datetime) -> int:
            return 0

        return bad

    for method in ("opened", "open"):
        with pytest.raises(NothingToReplace), bug(Journal, method)(spoilt).planted():
            pass
    assert Journal.open is sound
