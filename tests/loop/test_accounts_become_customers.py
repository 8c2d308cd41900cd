"""The main job: every account that should have TV has it, and every account that should not, has not."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from controller.billing.simulator.changes import Action
from tests.bed import Bed

DAY = timedelta(days=1)


async def test_an_account_becomes_a_customer_with_everything_in_one_call(bed: Bed) -> None:
    account = bed.tv_account()
    bed.billing.change("addon_add", i_account=account, i_product=86)
    contact = {"firstname": "Ana", "lastname": "Doe", "email": "bad,ana@example.net", "city": "Brno"}
    bed.billing.change("contact", i_account=account, contact=contact)

    await bed.full_pass()

    customer = bed.customer("tv000001_3")
    assert customer["status"] == "active"
    assert customer["packages"] == ["1", "2"]
    assert customer["devices"] == [{"deviceId": "001A79000001"}]
    assert customer["maxConcurrentConnections"] == 2
    assert (customer["firstName"], customer["email"], customer["city"]) == ("Ana", "ana@example.net", "Brno")
    assert bed.platform.requests.writes == 1


async def test_nothing_is_written_once_everything_is_as_it_should_be(bed: Bed) -> None:
    for number in range(1, 6):
        bed.tv_account(number)
    await bed.full_pass()
    bed.platform.requests.reset()
    bed.billing.requests.reset()

    await bed.full_pass()

    assert bed.platform.requests.writes == 0
    assert dict(bed.billing.requests.operations) == {"Account/get_account_list": 2}, "one behind the last"


@pytest.mark.parametrize(
    ("off", "on"),
    [
        ("block", "unblock"),
        ("drain", "topup"),
        ("customer_block", "customer_unblock"),
    ],
)
async def test_service_goes_off_and_on_again_with_one_call_each(bed: Bed, off: Action, on: Action) -> None:
    account = bed.tv_account()
    await bed.full_pass()
    bed.platform.requests.reset()

    bed.billing.change(off, i_account=account)
    await bed.full_pass()
    assert bed.customer("tv000001_3")["status"] == "disabled"
    assert bed.platform.requests.writes == 1

    bed.billing.change(on, i_account=account)
    await bed.full_pass()
    assert bed.customer("tv000001_3")["status"] == "active"
    assert bed.platform.requests.writes == 2


async def test_another_product_brings_its_packages_in_one_call(bed: Bed) -> None:
    account = bed.tv_account()
    await bed.full_pass()
    bed.platform.requests.reset()

    bed.billing.change("product", i_account=account, i_product=62)
    await bed.full_pass()

    assert bed.customer("tv000001_3")["packages"] == ["1", "4"]
    assert bed.platform.requests.writes == 1


async def test_a_product_without_iptv_turns_the_customer_off_and_keeps_it(bed: Bed) -> None:
    account = bed.tv_account()
    await bed.full_pass()

    bed.billing.change("product", i_account=account, i_product=70)
    await bed.full_pass()

    assert bed.customer("tv000001_3")["status"] == "disabled"
    assert bed.customer("tv000001_3")["packages"] == ["1"]


async def test_a_terminated_account_loses_its_customer_though_its_id_has_changed(bed: Bed) -> None:
    account = bed.tv_account()
    await bed.full_pass()

    bed.billing.change("terminate", i_account=account)
    await bed.full_pass()

    assert bed.customers() == []


async def test_a_reused_id_is_another_subscriber(bed: Bed) -> None:
    old = bed.tv_account()
    await bed.full_pass()
    bed.billing.change("terminate", i_account=old)
    new = bed.tv_account()

    await bed.converge()

    assert bed.customer("tv000001_3")["notes"] == f"iptv-reconciler env=3 i_account={new}"
    assert len(bed.customers()) == 1


async def test_an_add_on_begins_and_ends_by_our_own_timers(bed: Bed) -> None:
    account = bed.tv_account()
    begins, ends = bed.world.now() + DAY, bed.world.now() + 2 * DAY
    bed.billing.change("addon_add", i_account=account, i_product=86, effective_from=begins, effective_to=ends)
    await bed.full_pass()
    assert bed.customer("tv000001_3")["packages"] == ["1"]

    bed.world.advance(DAY)
    await bed.full_pass()
    assert bed.customer("tv000001_3")["packages"] == ["1", "2"]

    bed.world.advance(DAY)
    await bed.full_pass()
    assert bed.customer("tv000001_3")["packages"] == ["1"]


async def test_an_add_on_that_the_list_shows_is_found_by_the_next_pass_for_two_calls(bed: Bed) -> None:
    bed.billing.switch(addons_in_list=True)
    account, other = bed.tv_account(1), bed.tv_account(2)
    await bed.full_pass()
    bed.billing.requests.reset()

    bed.billing.change("addon_add", i_account=account, i_product=86)
    await bed.full_pass()
    assert bed.customer("tv000001_3")["packages"] == ["1", "2"]
    assert bed.billing.requests.operations["Account/get_account_info"] == 1

    bed.billing.change("addon_remove", i_account=account, i_product=86)
    await bed.full_pass()
    assert bed.customer("tv000001_3")["packages"] == ["1"]
    assert (await bed.explain(f"i_account:{other}"))["platforms"]["tv"]["state"] == "in_sync"


async def test_what_no_list_row_shows_is_found_by_the_detail_audit(make_bed: Callable[..., Bed]) -> None:
    bed = make_bed(schedule={"detail_audit": "1h"})
    account = bed.tv_account()
    await bed.full_pass()
    bed.billing.change("contact", i_account=account, contact={"firstname": "Eva"})

    await bed.let_time_pass(3600)
    await bed.full_pass()

    assert bed.customer("tv000001_3")["firstName"] == "Eva"


async def test_an_edit_by_hand_is_healed_with_one_call(bed: Bed) -> None:
    bed.tv_account()
    await bed.full_pass()
    bed.world.advance(60)
    bed.platform.requests.reset()
    record = bed.customer("tv000001_3")
    bed.platform.operator.change(record["id"], {"packages": ["4"], "status": "disabled", "notes": "called us"})

    await bed.full_pass()

    healed = bed.customer("tv000001_3")
    assert (healed["packages"], healed["status"]) == (["1"], "active")
    assert bed.platform.requests.writes == 1


async def test_a_record_removed_by_hand_is_made_again(bed: Bed) -> None:
    bed.tv_account()
    await bed.full_pass()
    bed.world.advance(60)
    bed.platform.operator.delete(bed.customer("tv000001_3")["id"])

    await bed.converge(2)

    assert bed.customer("tv000001_3")["status"] == "active"


async def test_a_password_is_written_once_and_again_when_it_changes(make_bed: Callable[..., Bed]) -> None:
    bed = make_bed(platforms={"tv": {"driver": "telebreeze", "url": "http://tv.test", "api_key": "simulated",
                                     "auth": "login"}}, schedule={"detail_audit": "1h"})  # fmt: skip
    account = bed.billing.change("create", id="tv000001", i_product=61)
    fields = bed.billing.installation.accounts[account].custom_fields
    fields |= {"TV Login": "ana", "TV Password": "Watch-1"}
    await bed.full_pass()
    assert bed.customer("tv000001_3")["password"] == "Watch-1"
    bed.platform.requests.reset()
    await bed.full_pass()
    assert bed.platform.requests.writes == 0

    fields["TV Password"] = "Watch-2"
    await bed.let_time_pass(3600)
    await bed.full_pass()

    assert bed.customer("tv000001_3")["password"] == "Watch-2"
    assert bed.platform.requests.writes == 1
