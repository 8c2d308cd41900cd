"""What a person decides while the daemon is at work on the same charge."""

import asyncio

import pytest

from controller.orders import Person, resolve_charge
from platforms.simulation import Fault
from tests.bed import Bed
from tests.charges.market import book, opened, sell, stands

MAKE, LIST = "Account/make_transaction", "Account/get_xdr_list"


@pytest.mark.parametrize("is_answered", [True, False])
async def test_what_is_dropped_while_billing_is_asked_about_it_stays_dropped(bed: Bed, is_answered: bool) -> None:
    await opened(bed)
    sale = await sell(bed)
    bed.billing.faults.add(Fault(operation=MAKE, kind="lost_answer"))
    if not is_answered:
        bed.billing.faults.add(Fault(operation=LIST, kind="html"))
    store = await bed.store()
    booking = asyncio.create_task(book(bed))
    for _ in range(1000):
        if bed.billing.requests.operations[LIST]:
            break
        await asyncio.sleep(0)
    with store.transaction():
        found = store.charges.find("tv", sale)
        assert found is not None
        resolve_charge(store, Person("ana", bed.world.now()), found, "goodwill", None)
    await booking

    assert await stands(bed, sale) == ("resolved", "dropped")
