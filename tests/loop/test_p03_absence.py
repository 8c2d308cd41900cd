"""P3: who vanished from billing is switched off after two lists and a look-up, and removed after a time of grace."""

from datetime import timedelta

import pytest

from platforms.simulation import Fault
from tests.bed import Bed
from tests.loop.vanishing import (
    APART,
    GRACE,
    INFO,
    LIST,
    MINUTE,
    facts,
    later,
    neighbours,
    reason,
    state_of,
    vanish,
)

HOUR = timedelta(hours=1)


def spoil(bed: Bed, operation: str, **fault: object) -> None:
    bed.billing.faults.add(Fault.model_validate({"operation": operation, "count": None, **fault}))


async def test_p03_the_whole_life_of_an_absence(bed: Bed) -> None:
    account, _ = await neighbours(bed)
    vanish(bed, account)
    await later(bed, MINUTE)
    assert (state_of(bed), await reason(bed)) == ("active", "missing_from_billing")
    await later(bed, APART)
    assert (state_of(bed), await reason(bed)) == ("disabled", "absent_from_billing")
    await later(bed, GRACE - MINUTE)
    assert state_of(bed) == "disabled"
    await later(bed, 2 * MINUTE)
    assert state_of(bed) == "gone"
    assert state_of(bed, "tv000002_3") == "active"


async def test_p03_one_complete_list_is_not_enough_whatever_the_look_up_says(bed: Bed) -> None:
    account, _ = await neighbours(bed)
    vanish(bed, account)
    await later(bed, MINUTE)
    for number in range(3):
        await bed.espf("Account/Updated", i_event=number + 1, i_account=account)
        await bed.act_on_events()
    assert (state_of(bed), await reason(bed)) == ("active", "missing_from_billing")


async def test_p03_lists_that_are_less_than_fifteen_minutes_apart_are_one(bed: Bed) -> None:
    account, _ = await neighbours(bed)
    vanish(bed, account)
    await later(bed, MINUTE)
    for _ in range(3):
        await later(bed, APART / 3 - timedelta(seconds=1))
        assert state_of(bed) == "active"
    await later(bed, timedelta(seconds=3))
    assert state_of(bed) == "disabled"


async def test_p03_without_a_look_up_nothing_is_taken_away(bed: Bed) -> None:
    account, _ = await neighbours(bed)
    vanish(bed, account)
    await later(bed, MINUTE)
    spoil(bed, INFO, kind="status", status=503)
    for _ in range(5):
        await later(bed, APART)
    assert (state_of(bed), await reason(bed)) == ("active", "missing_from_billing")
    assert "503" in (await facts(bed))["look_up_failed"]

    bed.billing.faults.clear()
    await later(bed, MINUTE)
    assert state_of(bed) == "disabled", "what the lists had proven is not forgotten"


@pytest.mark.parametrize("switch", [{"not_found_is_fault": True}, {"refused_methods": [INFO]}])
async def test_p03_a_fault_neither_confirms_nor_ends_an_absence(bed: Bed, switch: dict[str, object]) -> None:
    account, _ = await neighbours(bed)
    vanish(bed, account)
    await later(bed, MINUTE)
    bed.billing.switch(**switch)
    for _ in range(5):
        await later(bed, APART)
    assert (state_of(bed), await reason(bed)) == ("active", "missing_from_billing")
    assert int((await facts(bed))["complete_lists_without_it"]) > 2
    (trouble,) = (await bed.status())["platforms"]["tv"]["attention"]
    assert trouble["by"] == "missing_from_billing"


async def test_p03_an_incomplete_list_neither_counts_nor_resets(bed: Bed) -> None:
    account, _ = await neighbours(bed)
    vanish(bed, account)
    spoil(bed, LIST, kind="html")
    for _ in range(3):
        await later(bed, APART)
    assert state_of(bed) == "active"
    bed.billing.faults.clear()
    await later(bed, MINUTE)
    assert (await facts(bed))["complete_lists_without_it"] == "1"
    spoil(bed, LIST, kind="truncated")
    await later(bed, APART)
    assert (state_of(bed), (await facts(bed))["complete_lists_without_it"]) == ("active", "1")
    bed.billing.faults.clear()
    await later(bed, MINUTE)
    assert state_of(bed) == "disabled"
