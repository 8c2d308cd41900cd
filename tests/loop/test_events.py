"""Events: who is announced is looked at, at once, whatever else goes on; the truth is read from billing."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from controller.events.spreading import REMEMBERED
from controller.fresh import SETTLING
from platforms.simulation import Fault
from tests.bed import Bed

LIST = "Account/get_account_list"
SOON = 2.0  # seconds of virtual time in which an event is acted upon, with servers that answer at once


def reads(bed: Bed, operation: str = "Account/get_account_info") -> int:
    return bed.billing.requests.operations[operation]


async def watched(bed: Bed, accounts: int = 1) -> list[int]:
    """Accounts that are in sync, and the first pass of the daemon over."""
    numbers = [bed.tv_account(number) for number in range(1, accounts + 1)]
    await bed.full_pass()
    return numbers


@pytest.mark.parametrize(
    "event_type",
    ["Account/Blocked", "account/blocked", "Subscriber/Updated", "Account/Status/Suspended", "Account/Never/Heard/Of"],
)
async def test_an_announced_change_is_acted_upon_without_waiting_for_a_pass(bed: Bed, event_type: str) -> None:
    (account,) = await watched(bed)
    async with bed.daemon():
        await bed.world.sleep(5)
        bed.billing.change("block", i_account=account)
        assert (await bed.espf(event_type, i_event=1, i_account=account, i_env=3)).status_code == 200
        await bed.world.sleep(SOON)
        assert bed.customer("tv000001_3")["status"] == "disabled"


async def test_ids_come_as_numbers_or_text_and_under_either_name(bed: Bed) -> None:
    first, second = await watched(bed, 2)
    async with bed.daemon():
        await bed.world.sleep(5)
        bed.billing.change("block", i_account=first)
        bed.billing.change("block", i_account=second)
        await bed.espf("Account/Blocked", i_event="7", i_account=str(first), i_env="3")
        await bed.espf("Account/BalanceChanged", i_event=8, billing_entity_id=second)
        await bed.world.sleep(SOON)
        assert [row["status"] for row in bed.customers()] == ["disabled"] * 2


async def test_a_new_account_is_served_on_its_event(bed: Bed) -> None:
    async with bed.daemon():
        await bed.world.sleep(5)
        account = bed.tv_account()
        await bed.espf("Account/New", i_event=1, i_account=account)
        await bed.world.sleep(SOON)
        assert bed.customer("tv000001_3")["status"] == "active"


async def test_what_an_event_says_is_not_believed(bed: Bed) -> None:
    (account,) = await watched(bed)
    stale = {"account_info": {"i_account": account, "blocked": True, "status": "blocked", "bill_status": "terminated"}}
    event = {"event_id": "e-1", "data": {"event_type": "Account/Blocked", "variables": {}}, "pb_data": stale}
    async with bed.daemon():
        await bed.world.sleep(5)
        before = reads(bed)
        assert (await bed.post("/process-event", event)).status_code == 202
        await bed.world.sleep(SOON)
        assert bed.customer("tv000001_3")["status"] == "active"
        assert reads(bed) > before


async def test_an_event_about_a_customer_reaches_all_accounts_of_it_new_ones_too(bed: Bed) -> None:
    known, *_ = await watched(bed, 2)
    async with bed.daemon():
        await bed.world.sleep(5)
        customer = bed.billing.installation.accounts[known].customer
        new = bed.tv_account(3)
        bed.billing.installation.accounts[new].customer = customer
        await bed.espf("Customer/Updated", i_event=1, i_customer=customer.i_customer)
        await bed.world.sleep(SOON)
        assert bed.customer("tv000003_3")["status"] == "active"
        bed.billing.change("customer_block", i_customer=customer.i_customer)
        await bed.espf("Customer/Blocked", i_event=2, i_customer=customer.i_customer)
        await bed.world.sleep(SOON)
        assert {row["externalId"]: row["status"] for row in bed.customers()} == {
            "tv000001_3": "disabled",
            "tv000002_3": "active",
            "tv000003_3": "disabled",
        }


async def test_an_account_that_billing_shows_only_after_its_customer_s_event_is_found_by_a_second_look(
    bed: Bed,
) -> None:
    (known,) = await watched(bed)
    customer = bed.billing.installation.accounts[known].customer
    async with bed.daemon():
        await bed.world.sleep(5)
        before = reads(bed, LIST)
        await bed.espf("Customer/New", i_event=1, i_customer=customer.i_customer)
        await bed.world.sleep(1.5)
        assert reads(bed, LIST) - before == 1
        new = bed.tv_account(2)  # the database shows it only now
        bed.billing.installation.accounts[new].customer = customer
        await bed.world.sleep(SOON)
        assert bed.customer("tv000002_3")["status"] == "active"
        assert (await bed.store()).events("billing").to_spread(1) == []
        await bed.world.sleep(60)
        assert reads(bed, LIST) - before == 2, "and then no more"


async def test_p18_a_second_look_at_a_customer_outlives_the_process(bed: Bed) -> None:
    (known,) = await watched(bed)
    customer = bed.billing.installation.accounts[known].customer
    await bed.espf("Customer/New", i_event=1, i_customer=customer.i_customer)
    await bed.application.installations[0].spreader.spread()
    new = bed.tv_account(2)
    bed.billing.installation.accounts[new].customer = customer
    bed.restart()
    bed.world.advance(SETTLING)
    await bed.application.loop.begin()
    await bed.act_on_events()
    assert bed.customer("tv000002_3")["status"] == "active"


async def test_many_customers_whose_second_look_is_to_come_keep_no_new_event_waiting(bed: Bed) -> None:
    (known,) = await watched(bed)
    customer = bed.billing.installation.accounts[known].customer
    for number in range(1, 121):
        await bed.espf("Customer/Updated", i_event=number, i_customer=10**6 + number)
    await bed.application.installations[0].spreader.spread()
    new = bed.tv_account(2)
    bed.billing.installation.accounts[new].customer = customer
    await bed.espf("Customer/New", i_event=1000, i_customer=customer.i_customer)
    await bed.act_on_events()
    assert bed.customer("tv000002_3")["status"] == "active"


async def test_p18_a_stop_does_not_wait_until_all_customers_are_asked_for_and_the_next_process_asks_the_rest(
    bed: Bed,
) -> None:
    (known,) = await watched(bed)
    customer = bed.billing.installation.accounts[known].customer
    async with bed.daemon():
        await bed.world.sleep(5)
        bed.billing.faults.add(Fault(operation=LIST, kind="delay", seconds=5, count=None))
        for number in range(1, 50):
            await bed.espf("Customer/Updated", i_event=number, i_customer=10**6 + number)
        new = bed.tv_account(2)
        bed.billing.installation.accounts[new].customer = customer
        await bed.espf("Customer/New", i_event=1000, i_customer=customer.i_customer)
        await bed.world.sleep(1)
        stopped_at = bed.world.monotonic()
    assert bed.world.monotonic() - stopped_at <= 5, "the call that was under way"
    bed.billing.faults.clear()
    bed.restart()
    await bed.application.loop.begin()
    await bed.act_on_events()
    assert bed.customer("tv000002_3")["status"] == "active"


async def test_a_customer_whose_list_cannot_be_read_is_asked_for_until_it_can(bed: Bed) -> None:
    (known,) = await watched(bed)
    async with bed.daemon():
        await bed.world.sleep(5)
        customer = bed.billing.installation.accounts[known].customer
        new = bed.tv_account(2)
        bed.billing.installation.accounts[new].customer = customer
        bed.billing.change("customer_block", i_customer=customer.i_customer)
        bed.billing.faults.add(Fault(operation="Account/get_account_list", kind="status", status=502, count=1))
        await bed.espf("Customer/Blocked", i_event=1, i_customer=customer.i_customer)
        await bed.world.sleep(SOON)
        assert bed.customer("tv000001_3")["status"] == "disabled", "who is known does not wait for the list"
        bed.billing.change("customer_unblock", i_customer=customer.i_customer)
        await bed.world.sleep(30)
        assert bed.customer("tv000002_3")["status"] == "active"


async def test_a_change_of_a_product_reaches_whoever_has_it_as_product_or_add_on(bed: Bed) -> None:
    accounts = await watched(bed, 3)
    bed.billing.change("product", i_account=accounts[1], i_product=62)
    bed.billing.change("addon_add", i_account=accounts[2], i_product=86)
    await bed.full_pass()
    async with bed.daemon():
        await bed.world.sleep(5)
        for i_product, reached in ((61, 2), (62, 1), (86, 1), (87, 0)):
            before = reads(bed)
            await bed.espf("Product/ServiceAttribute/Changed", i_event=i_product, i_product=i_product)
            await bed.world.sleep(2)
            assert reads(bed) - before == reached, i_product
            await bed.world.sleep(10)


async def test_a_read_that_races_the_change_gets_a_second_look(bed: Bed) -> None:
    (account,) = await watched(bed)
    async with bed.daemon():
        await bed.world.sleep(5)
        await bed.espf("Account/Blocked", i_event=1, i_account=account)
        await bed.world.sleep(SOON)
        bed.billing.change("block", i_account=account)  # the database shows it only now
        await bed.world.sleep(SETTLING.total_seconds())
        assert bed.customer("tv000001_3")["status"] == "disabled"


async def test_an_event_costs_two_looks_and_no_more_however_often_it_comes(bed: Bed) -> None:
    (account,) = await watched(bed)
    async with bed.daemon():
        await bed.world.sleep(5)
        before = reads(bed)
        for _ in range(10):
            assert (await bed.espf("Account/Blocked", i_event=1, i_account=account)).status_code == 200
            await bed.world.sleep(SOON)
        assert reads(bed) - before == 2
    assert b'events_total{outcome="duplicate",source="espf"} 9.0' in bed.application.metrics.render()


@pytest.mark.parametrize("i_event", [0, "0", "", 7])
async def test_events_that_bear_one_number_are_several_where_they_are_about_several(
    bed: Bed, i_event: int | str
) -> None:
    first, second = await watched(bed, 2)
    async with bed.daemon():
        await bed.world.sleep(5)
        for account in (first, second):
            bed.billing.change("block", i_account=account)
            await bed.espf("Account/Blocked", i_event=i_event, i_account=account, i_env=3)
        await bed.world.sleep(SOON)
        assert [row["status"] for row in bed.customers()] == ["disabled"] * 2


async def test_p18_an_event_that_was_answered_is_acted_upon_by_the_next_process(bed: Bed) -> None:
    first, second = await watched(bed, 2)
    bed.billing.change("block", i_account=first)
    bed.billing.change("customer_block", i_customer=bed.billing.installation.accounts[second].customer.i_customer)
    await bed.espf("Account/Blocked", i_event=1, i_account=first)
    customer = bed.billing.installation.accounts[second].customer.i_customer
    await bed.espf("Customer/Blocked", i_event=2, i_customer=customer)
    bed.restart()
    bed.billing.faults.add(Fault(operation="Account/get_account_list", kind="status", status=502, count=1))  # no pass
    async with bed.daemon():
        await bed.world.sleep(SOON)
        assert [row["status"] for row in bed.customers()] == ["disabled"] * 2


async def test_p18_an_event_waits_for_billing_as_long_as_it_takes(bed: Bed) -> None:
    (account,) = await watched(bed)
    async with bed.daemon():
        await bed.world.sleep(5)
        bed.billing.change("block", i_account=account)
        bed.billing.switch(outage="plain_text_500")
        await bed.espf("Account/Blocked", i_event=1, i_account=account)
        await bed.world.sleep(60)
        assert bed.customer("tv000001_3")["status"] == "active"
        store = await bed.store()
        assert store.events("billing").oldest_pending() is not None
        bed.billing.switch(outage="none")
        await bed.world.sleep(300)
        assert bed.customer("tv000001_3")["status"] == "disabled"
        assert store.events("billing").oldest_pending() is None


async def test_p15_an_event_is_acted_upon_while_a_pass_takes_its_time(make_bed: Callable[..., Bed]) -> None:
    bed = make_bed(billing={"page_size": 2, "requests_per_second": 10})
    account, *_ = await watched(bed, 20)
    bed.billing.faults.add(Fault(operation="Account/get_account_list", kind="delay", seconds=20, count=None))
    async with bed.daemon():
        await bed.world.sleep(30)
        bed.billing.change("block", i_account=account)
        await bed.espf("Account/Blocked", i_event=1, i_account=account)
        await bed.world.sleep(SOON)
        assert bed.customer("tv000001_3")["status"] == "disabled"


async def test_p15_an_event_goes_before_a_first_convergence_that_uses_all_that_billing_allows(
    make_bed: Callable[..., Bed],
) -> None:
    bed = make_bed(billing={"requests_per_second": 5})
    for number in range(1, 200):
        bed.tv_account(number)
    async with bed.daemon():
        await bed.world.sleep(20)
        new = bed.tv_account(200)
        await bed.espf("Account/New", i_event=1, i_account=new)
        await bed.world.sleep(3)
        assert [row for row in bed.customers() if row["externalId"] == "tv000200_3"]
        assert len(bed.customers()) < 100


async def test_an_event_about_an_account_that_nobody_knows_leaves_nothing_behind(bed: Bed) -> None:
    await watched(bed)
    for switch in (False, True):
        bed.billing.switch(not_found_is_fault=switch)
        async with bed.daemon():
            await bed.world.sleep(5)
            await bed.espf("Account/Blocked", i_event=f"{switch}", i_account=999999)
            await bed.world.sleep(3600)
            assert (await bed.store()).events("billing").oldest_pending() is None
        bed.restart()


async def test_a_date_that_an_event_brought_is_acted_upon_in_time(bed: Bed) -> None:
    (account,) = await watched(bed)
    async with bed.daemon():
        await bed.world.sleep(5)
        starts = bed.world.now() + timedelta(minutes=3)
        bed.billing.change("addon_add", i_account=account, i_product=86, effective_from=starts)
        await bed.espf("Account/ProductAddon/Inserted", i_event=1, i_account=account)
        await bed.world.sleep(10)
        before = bed.customer("tv000001_3")["packages"]
        await bed.world.sleep(175)
        assert len(bed.customer("tv000001_3")["packages"]) == len(before) + 1


async def test_events_are_forgotten_once_nobody_will_send_them_again(bed: Bed) -> None:
    (account,) = await watched(bed)
    async with bed.daemon():
        await bed.espf("Account/Blocked", i_event=1, i_account=account)
        await bed.world.sleep(10)
    bed.restart()
    bed.world.advance(REMEMBERED + timedelta(minutes=1))
    async with bed.daemon():
        await bed.world.sleep(10)
        store = await bed.store()
        assert store.db.conn.execute("SELECT count(*) FROM events").fetchone() == (0,)
