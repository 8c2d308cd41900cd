"""Where billing's list shows add-ons, a new one costs no call; nothing is taken away on the list's word alone."""

from collections.abc import Callable

import pytest

from controller.config import ConfigError
from tests.bed import Bed

INFO = "Account/get_account_info"
SPORT, KIDS = 86, 87


def calls(bed: Bed) -> int:
    return bed.billing.requests.operations[INFO]


async def settled(bed: Bed, *, with_addon: bool = True) -> int:
    """An installation whose list shows add-ons, at rest after a first pass that found this out; the second account."""
    bed.billing.switch(addons_in_list=True)
    first, second = bed.tv_account(1), bed.tv_account(2)
    if with_addon:
        bed.billing.change("addon_add", i_account=first, i_product=SPORT)
    await bed.full_pass()
    await bed.full_pass()
    bed.billing.requests.reset()
    return second


@pytest.fixture
def bed(make_bed: Callable[..., Bed]) -> Bed:
    return make_bed(schedule={"detail_audit": "3650d"})


async def test_a_start_costs_no_call_and_the_first_row_that_differs_one(bed: Bed) -> None:
    account = await settled(bed)
    bed.restart()
    await bed.full_pass()
    assert calls(bed) == 0
    bed.billing.change("addon_add", i_account=account, i_product=SPORT)
    await bed.full_pass()
    await bed.full_pass()
    assert calls(bed) == 1


async def test_a_new_addon_is_acted_upon_without_a_call_for_its_account(bed: Bed) -> None:
    account = await settled(bed)
    bed.billing.change("addon_add", i_account=account, i_product=SPORT)
    await bed.full_pass()
    assert bed.customer("tv000002_3")["packages"] == ["1", "2"]
    assert calls(bed) == 0


async def test_an_addon_that_is_gone_is_asked_for_before_its_package_goes(bed: Bed) -> None:
    account = await settled(bed)
    bed.billing.change("addon_add", i_account=account, i_product=SPORT)
    await bed.full_pass()
    bed.billing.change("addon_remove", i_account=account, i_product=SPORT)
    await bed.full_pass()
    assert bed.customer("tv000002_3")["packages"] == ["1"]
    assert calls(bed) >= 1


async def test_a_list_that_ceases_to_show_addons_takes_nothing_from_anybody(bed: Bed) -> None:
    await settled(bed)
    bed.billing.switch(addons_in_list=False)
    bed.platform.requests.reset()
    for _ in range(3):
        await bed.full_pass()
    assert bed.customer("tv000001_3")["packages"] == ["1", "2"]
    assert bed.platform.requests.writes == 0


async def test_a_list_that_shows_nobodys_addons_is_not_relied_upon(bed: Bed) -> None:
    account = await settled(bed, with_addon=False)
    bed.billing.change("addon_add", i_account=account, i_product=SPORT)
    await bed.full_pass()
    assert bed.customer("tv000002_3")["packages"] == ["1", "2"], "it is the first to show one: probed, and believed"
    bed.billing.requests.reset()
    bed.billing.change("addon_add", i_account=account, i_product=KIDS)
    await bed.full_pass()
    assert calls(bed) == 0


@pytest.mark.parametrize(("addons_from", "expected"), [("info", 1), ("list", 0)])
async def test_the_operator_can_say_where_addons_are(
    make_bed: Callable[..., Bed], addons_from: str, expected: int
) -> None:
    bed = make_bed(schedule={"detail_audit": "3650d"}, billing={"addons_from": addons_from})
    account = await settled(bed)
    bed.billing.change("addon_add", i_account=account, i_product=SPORT)
    await bed.full_pass()
    assert bed.customer("tv000002_3")["packages"] == ["1", "2"]
    assert calls(bed) == expected


def test_any_other_place_is_an_error(make_bed: Callable[..., Bed]) -> None:
    with pytest.raises(ConfigError, match=r"billing\.addons_from: must be one of"):
        make_bed(billing={"addons_from": "nowhere"})
