"""Nobody is given up for ever: what wakes an account that its platform refused (promise P14)."""

import pytest

from platforms.simulation import Fault
from tests.bed import Bed

DAY = 86_400.0


@pytest.fixture
async def parked(bed: Bed) -> int:
    """An account that the platform refuses, for a reason of its own that only looks like the account's."""
    account = bed.tv_account()
    refusal = {"operation": "customers.create", "kind": "status", "status": 422, "count": None}
    bed.platform.faults.add(Fault.model_validate(refusal))
    await bed.full_pass()
    assert await state(bed) == "parked"
    bed.platform.requests.reset()
    return account


async def state(bed: Bed) -> str:
    return (await bed.explain("tv000001"))["platforms"]["tv"]["state"]


def tries(bed: Bed) -> int:
    return bed.platform.requests.operations["customers.create"]


async def test_p14_until_something_changes_a_parked_account_is_let_be(bed: Bed, parked: int) -> None:
    async with bed.daemon():
        await bed.world.sleep(3600)
        assert tries(bed) == 1, "the process has just begun"
        await bed.world.sleep(3600)
        assert tries(bed) == 1


async def test_p14_it_wakes_when_its_billing_data_change(bed: Bed, parked: int) -> None:
    await bed.full_pass()
    assert tries(bed) == 0
    bed.billing.change("product", i_account=parked, i_product=62)
    await bed.full_pass()
    assert tries(bed) == 1


async def test_p14_it_wakes_when_its_billing_data_change_while_nobody_is_there(bed: Bed, parked: int) -> None:
    bed.restart()
    bed.platform.faults.clear()
    bed.billing.change("product", i_account=parked, i_product=62)
    await bed.full_pass()
    assert len(bed.customers()) == 1


async def test_p14_it_wakes_when_an_event_announces_a_change(bed: Bed, parked: int) -> None:
    bed.billing.change("product", i_account=parked, i_product=62)
    await bed.espf("Account/Updated", i_account=parked)
    await bed.act_on_events()
    assert tries(bed) == 1


async def test_p14_it_wakes_when_the_configuration_changes(bed: Bed, parked: int) -> None:
    bed.platform.faults.clear()
    bed.reconfigure(
        catalog=[{"product": {"i_product": 61}, "platform": "tv", "packages": ["cinema"], "max_connections": 2}]
    )
    await bed.full_pass()
    assert await state(bed) == "in_sync"


async def test_p14_it_wakes_when_the_credentials_change(bed: Bed, parked: int) -> None:
    """Credentials are read when a process begins: whichever they are, everybody is tried once more then."""
    bed.platform.faults.clear()
    bed.restart()
    await bed.full_pass()
    assert await state(bed) == "in_sync"


@pytest.mark.parametrize("restarts", [False, True])
async def test_p14_it_wakes_every_24_hours(bed: Bed, parked: int, restarts: bool) -> None:
    bed.world.advance(DAY / 2)
    if restarts:
        bed.restart()
        await bed.full_pass()
        bed.platform.requests.reset()
        bed.world.advance(DAY / 2)
    await bed.full_pass()
    assert tries(bed) == 0
    for day in (1, 2, 3):
        bed.world.advance(DAY / 2 if day == 1 else DAY + 1)
        await bed.full_pass()
        assert tries(bed) == day
    bed.platform.faults.clear()
    bed.world.advance(DAY + 1)
    await bed.full_pass()
    assert await state(bed) == "in_sync"
