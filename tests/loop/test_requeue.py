"""What `requeue` does to the store, and what the daemon makes of it."""

from collections.abc import Callable

import pytest

from platforms.simulation import Fault
from tests.bed import Bed
from tests.loop.deciding import requeue

BY_LOGIN = {"driver": "telebreeze", "url": "http://tv.test", "api_key": "simulated", "auth": "login"}


def set_password(bed: Bed, account: int, password: str) -> None:
    fields = bed.billing.installation.accounts[account].custom_fields
    fields |= {"TV Login": "ana", "TV Password": password}


async def test_an_account_that_backs_off_is_tried_at_once_by_the_daemon(bed: Bed) -> None:
    account = bed.tv_account()
    bed.platform.faults.add(Fault(operation="customers.create", kind="status", status=500, count=6))
    async with bed.daemon():
        await bed.world.sleep(120)
        assert bed.customers() == []
        bed.platform.faults.clear()
        await requeue(bed, account)
        await bed.world.sleep(12)  # a call without an answer is settled by reading, once the platform must show it
        assert len(bed.customers()) == 1


async def test_a_password_is_rewritten_only_where_that_is_asked_for(make_bed: Callable[..., Bed]) -> None:
    bed = make_bed(platforms={"tv": BY_LOGIN})
    account = bed.tv_account()
    set_password(bed, account, "first")
    await bed.full_pass()
    (row,) = bed.customers()
    bed.platform.operator.change(str(row["id"]), {"password": "changed by hand"})
    await bed.full_pass()
    assert bed.customers()[0]["password"] == "changed by hand", "nobody can see that"
    bed.platform.requests.reset()

    await requeue(bed, account)
    await bed.full_pass()
    assert bed.platform.requests.writes == 0

    await requeue(bed, account, secrets=True)
    await bed.full_pass()
    assert bed.customers()[0]["password"] == "first"
    assert bed.platform.requests.writes == 1
    await bed.full_pass()
    assert bed.platform.requests.writes == 1


@pytest.mark.parametrize("masked", [True, False])
async def test_a_suspension_does_not_wait_for_a_password_that_billing_no_longer_shows(
    make_bed: Callable[..., Bed], masked: bool
) -> None:
    bed = make_bed(platforms={"tv": BY_LOGIN})
    account = bed.tv_account()
    set_password(bed, account, "first")
    await bed.full_pass()
    set_password(bed, account, "second")
    await bed.application.installations[0].gatherer.read_details([account])
    if masked:
        set_password(bed, account, "*****")
    bed.billing.change("block", i_account=account)
    await bed.full_pass()
    (row,) = bed.customers()
    assert row["status"] == "disabled"


async def test_a_record_that_a_doubtful_list_does_not_show_is_looked_for_when_a_person_asks(bed: Bed) -> None:
    accounts = [bed.tv_account(number) for number in range(1, 14)]
    await bed.full_pass()
    bed.world.advance(60)
    for row in bed.customers()[:11]:
        bed.platform.operator.delete(row["id"])
    await bed.converge()
    assert len(bed.customers()) == 2, "of so many the list is no proof"
    assert "requeue" in ((await bed.status())["platforms"]["tv"]["text"] or "")

    await requeue(bed, accounts[0])
    await bed.act_on_orders()
    assert bed.customer("tv000001_3")["status"] == "active"

    await bed.full_pass()
    assert len(bed.customers()) == 13, "those that are left are no more than the brake lets go"
