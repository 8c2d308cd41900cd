"""Accounts on SeaChange, through the real loop and the real store."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from platforms.simulation import Fault
from tests.bed import Bed
from tests.loop.platforms import (
    WITH_PIN,
    announced,
    billing,
    cable,
    catalog,
    customer,
    entry,
    said,
    seachange,
    telebreeze,
    writes,
)

MASKED = "********"


@pytest.fixture
def bed(make_bed: Callable[..., Bed]) -> Bed:
    return make_bed(billing=billing(), platforms={"cable": seachange()}, catalog=catalog("cable"))


def opened(bed: Bed, number: int = 1) -> int:
    return bed.tv_account(number, i_product=63)


def pin_of(bed: Bed, i_account: int) -> str:
    pin = bed.billing.installation.accounts[i_account].custom_fields["TV PIN"]
    assert pin
    return pin


def set_pin(bed: Bed, i_account: int, pin: str | None) -> None:
    bed.billing.installation.accounts[i_account].custom_fields["TV PIN"] = pin


def edit(bed: Bed, **fields: object) -> None:
    """Somebody changes the first customer in the platform's panel."""
    cable(bed).platform.put(customer(bed).model_copy(update=fields))


async def quiet(bed: Bed) -> None:
    """Several passes, in which nothing may be written."""
    before = writes(cable(bed).requests)
    await bed.converge(2)
    assert writes(cable(bed).requests) == before


LIFE: tuple[tuple[Mapping[str, Any], Mapping[str, object]], ...] = (
    ({"action": "block"}, {"enabled": False}),
    ({"action": "unblock"}, {"enabled": True}),
    ({"action": "product", "i_product": 64}, {"products": ("basic", "cinema")}),
    ({"action": "addon_add", "i_product": 88}, {"products": ("basic", "cinema", "sport")}),
    ({"action": "addon_remove", "i_product": 88}, {"products": ("basic", "cinema")}),
    ({"action": "device", "devices": ["00-1a-79-00-00-99", "stb-7"]}, {"cpes": ("001A79000099", "stb-7")}),
    ({"action": "contact", "contact": {"firstname": "Eva", "email": "e@example.net"}}, {"first": "Eva"}),
    ({"action": "product", "i_product": 70}, {"enabled": False}),
    ({"action": "product", "i_product": 63}, {"enabled": True, "products": ("basic",)}),
)


async def test_every_change_in_the_life_of_an_account_is_one_write_and_leaves_the_pin(bed: Bed) -> None:
    account = opened(bed)
    await bed.full_pass()
    assert writes(cable(bed).requests) == {"customers.create": 1}
    pin = pin_of(bed, account)
    assert (customer(bed).pin, customer(bed).cpes) == (pin, ("001A79000001",))
    for change, shown in LIFE:
        await quiet(bed)
        cable(bed).requests.reset()
        bed.billing.change(i_account=account, **change)
        await announced(bed, account)
        assert writes(cable(bed).requests) == {"customers.update": 1}, change
        assert {name: getattr(customer(bed), name) for name in shown} == shown
        assert customer(bed).pin == pin, "every document carries it, or it would be cleared"
    await quiet(bed)
    cable(bed).requests.reset()
    bed.billing.change("terminate", i_account=account)
    await announced(bed, account)
    assert writes(cable(bed).requests) == {"customers.delete": 1}
    assert cable(bed).platform.customers == {}
    await quiet(bed)


async def test_a_new_pin_is_set_and_one_taken_away_in_billing_is_cleared(bed: Bed) -> None:
    account = opened(bed)
    await bed.full_pass()
    for pin in ("4321", None, "1234"):
        set_pin(bed, account, pin)
        await announced(bed, account)
        assert customer(bed).pin == (pin or "")
    await quiet(bed)


async def test_a_pin_that_somebody_cleared_on_the_platform_is_set_again(bed: Bed) -> None:
    account = opened(bed)
    await bed.full_pass()
    bed.world.advance(60)
    edit(bed, pin="")
    await bed.full_pass()
    assert customer(bed).pin == pin_of(bed, account)
    await quiet(bed)


async def test_another_pin_on_the_platform_does_not_show_and_is_replaced_by_the_next_change(bed: Bed) -> None:
    account = opened(bed)
    await bed.full_pass()
    edit(bed, pin="0000")
    await quiet(bed)
    assert customer(bed).pin == "0000"
    bed.billing.change("block", i_account=account)
    await bed.full_pass()
    assert customer(bed).pin == pin_of(bed, account)


async def test_a_suspension_does_not_wait_for_a_masked_pin_which_is_set_again_later(bed: Bed) -> None:
    account = opened(bed)
    await bed.full_pass()
    pin = pin_of(bed, account)
    set_pin(bed, account, MASKED)
    bed.billing.change("block", i_account=account)
    await announced(bed, account)
    assert (customer(bed).enabled, customer(bed).pin) == (False, "")
    set_pin(bed, account, pin)
    await announced(bed, account)
    await bed.converge(2)
    assert (customer(bed).enabled, customer(bed).pin) == (False, pin)
    await quiet(bed)


async def test_what_takes_nothing_away_waits_for_a_masked_pin_with_a_sentence(bed: Bed) -> None:
    account = opened(bed)
    await bed.full_pass()
    pin = pin_of(bed, account)
    set_pin(bed, account, MASKED)
    bed.billing.change("product", i_account=account, i_product=64)
    await bed.converge(2)
    assert (customer(bed).products, customer(bed).pin) == (("basic",), pin), "never cleared for the sake of a package"
    state, text = await said(bed, "cable")
    assert (state, "PIN" in text) != ("in_sync", False)
    set_pin(bed, account, pin)
    await announced(bed, account)
    await bed.converge(2)
    assert (customer(bed).products, customer(bed).pin) == (("basic", "cinema"), pin)


async def test_a_pin_that_billing_has_no_field_for_is_never_cleared_by_an_update(make_bed: Callable[..., Bed]) -> None:
    without = {name: value for name, value in WITH_PIN.items() if name != "pin"}
    bed = make_bed(billing=billing(custom_fields=without), platforms={"cable": seachange()}, catalog=catalog("cable"))
    account = opened(bed)
    await bed.full_pass()
    bed.world.advance(60)
    edit(bed, pin="5555")
    bed.billing.change("product", i_account=account, i_product=64)
    await bed.converge()
    assert (customer(bed).products, customer(bed).pin) == (("basic",), "5555")
    state, text = await said(bed, "cable")
    assert state == "parked"
    assert "has a PIN that we do not know" in text
    bed.billing.change("block", i_account=account)
    await bed.converge()
    assert not customer(bed).enabled, "to block matters more"


async def test_what_others_made_of_a_customer_since_the_last_list_stays(bed: Bed) -> None:
    """The document is put as a whole, but what goes into it beside our change is what the platform holds now."""
    account = opened(bed)
    await bed.full_pass()
    edit(bed, phone="changed by hand a moment ago")
    bed.billing.change("addon_add", i_account=account, i_product=88)
    await announced(bed, account)
    assert customer(bed).products == ("basic", "sport")
    assert customer(bed).phone == "changed by hand a moment ago"


async def test_a_revision_that_is_outdated_writes_nothing_and_is_tried_again(bed: Bed) -> None:
    account = opened(bed)
    await bed.full_pass()
    cable(bed).faults.add(Fault(operation="customers.update", kind="status", status=412))
    bed.billing.change("block", i_account=account)
    await bed.full_pass()
    assert (await said(bed, "cable"))[0] == "backoff"
    await bed.converge(1)
    assert not customer(bed).enabled


async def test_a_lost_answer_makes_no_second_customer_and_only_the_pin_is_sent_again(bed: Bed) -> None:
    """That the PIN arrived shows nowhere."""
    opened(bed)
    cable(bed).faults.add(Fault(operation="customers.create", kind="lost_answer"))
    await bed.full_pass()
    await bed.converge(1)
    assert writes(cable(bed).requests) == {"customers.create": 1, "customers.update": 1}
    assert (await said(bed, "cable"))[0] == "in_sync"
    await quiet(bed)


async def test_an_account_of_another_id_is_held_with_a_sentence_where_it_is_to_be_renamed(
    make_bed: Callable[..., Bed],
) -> None:
    bed = make_bed(platforms={"cable": seachange(rename=True)}, catalog=catalog("cable"))
    account = opened(bed)
    await bed.full_pass()
    bed.billing.change("rename", i_account=account, id="tv000009")
    await bed.converge()
    assert list(cable(bed).platform.customers) == ["tv000001_3"]
    state, text = await said(bed, "cable", "tv000009")
    assert (state, "cannot rename records; set rename: false" in text) == ("held", True)


async def test_a_renamed_account_keeps_its_customer_and_all_else_goes_on(bed: Bed) -> None:
    account = opened(bed)
    await bed.full_pass()
    bed.billing.change("rename", i_account=account, id="tv000009")
    await quiet(bed)
    bed.billing.change("block", i_account=account)
    await bed.full_pass()
    assert list(cable(bed).platform.customers) == ["tv000001_3"]
    assert not customer(bed).enabled
    assert (await said(bed, "cable", "tv000009"))[0] == "in_sync"


@pytest.mark.parametrize("degrade", [[], ["connection_limit"]])
async def test_a_limit_of_connections_is_held_or_done_without(make_bed: Callable[..., Bed], degrade: list[str]) -> None:
    limited = {**entry("cable", 63, "basic"), "max_connections": 2}
    bed = make_bed(platforms={"cable": seachange(degrade=degrade)}, catalog=[limited])
    opened(bed)
    await bed.converge()
    state, text = await said(bed, "cable")
    assert state == ("in_sync" if degrade else "held")
    assert ("there is no limit of connections, and 2 are allowed" in text) is not bool(degrade)
    assert list(cable(bed).platform.customers) == (["tv000001_3"] if degrade else [])


async def test_a_device_that_another_customer_has_is_a_conflict(bed: Bed) -> None:
    opened(bed, 1)
    second = opened(bed, 2)
    bed.billing.change("device", i_account=second, devices=["00:1A:79:00:00:01"])
    await bed.converge()
    assert list(cable(bed).platform.customers) == ["tv000001_3"]
    assert (await said(bed, "cable", "tv000002"))[0] == "conflict"


async def test_two_accounts_that_swap_their_devices_do_so_in_three_writes(bed: Bed) -> None:
    first, second = opened(bed, 1), opened(bed, 2)
    await bed.full_pass()
    cable(bed).requests.reset()
    bed.billing.change("device", i_account=first, devices=["00:1A:79:00:00:02"])
    bed.billing.change("device", i_account=second, devices=["00:1A:79:00:00:01"])
    for account in (first, second):
        await announced(bed, account)
    await bed.converge(2)
    assert (customer(bed).cpes, customer(bed, "tv000002_3").cpes) == (("001A79000002",), ("001A79000001",))
    assert writes(cable(bed).requests) == {"customers.update": 3}


async def test_a_list_that_is_a_page_of_html_takes_nothing_away(bed: Bed) -> None:
    account = opened(bed)
    await bed.full_pass()
    cable(bed).requests.reset()
    cable(bed).faults.add(Fault(operation="customers.*", kind="html", count=None))
    bed.billing.change("terminate", i_account=account)
    await bed.converge(2)
    assert list(cable(bed).platform.customers) == ["tv000001_3"]
    assert writes(cable(bed).requests) == {}


async def test_two_instances_of_one_driver_stand_side_by_side(make_bed: Callable[..., Bed]) -> None:
    platforms = {"tv": telebreeze(), "cable": seachange(), "other": seachange(url="http://other.test")}
    bed = make_bed(platforms=platforms, catalog=[entry("cable", 63, "basic"), entry("other", 64, "kids")])
    opened(bed, 1)
    bed.tv_account(2, i_product=64)
    await bed.full_pass()
    other = bed.platform_at("http://other.test", type(cable(bed)))
    assert (list(cable(bed).platform.customers), list(other.platform.customers)) == (["tv000001_3"], ["tv000002_3"])
