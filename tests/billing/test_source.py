"""Snapshots and single accounts, from the simulated installation."""

from datetime import timedelta
from typing import Literal

import pytest

from controller.billing.faults import BillingFault
from controller.billing.settings import CustomFields
from controller.billing.source import HalfRead
from controller.billing.wire import Unreadable, to_account
from desired_state.account import Account, Credentials, Secret
from platforms.driver import Transient
from platforms.simulation import Fault
from tests.billing.helpers import Billing, billing, billing_with, fingerprint, settings


async def the(world: Billing, i_account: int) -> Account:
    account = await world.source.account(i_account)
    assert account is not None
    assert account.details is not None
    return account


async def test_a_snapshot_has_every_real_account_closed_ones_included() -> None:
    async with billing() as world:
        world.sim.populate(2_500)
        snapshot = await world.source.snapshot(world.consume)
        assert (snapshot.accounts, snapshot.complete, snapshot.doubt) == (2_500, True, "")
        assert snapshot.taken_at == world.clock.now()
        assert len({row.i_account for row in world.handed}) == len(world.handed) == 2_500
        assert any(to_account(row, 3).is_terminated for row in world.handed)
        assert world.calls["Account/get_account_list"] == 4, "one behind the last row"


@pytest.mark.parametrize("page_size", [7, 100, 1000, 5000])
async def test_more_than_the_cap_is_never_asked_for(page_size: int) -> None:
    async with billing(settings(page_size=page_size), page_cap=40) as world:
        world.sim.populate(150)
        snapshot = await world.source.snapshot(world.consume)
        assert (snapshot.accounts, snapshot.complete, len(world.handed)) == (150, True, 150)


@pytest.mark.parametrize("switches", [{"total": "text"}, {"total": "missing"}, {"numbers_as_text": True}])
async def test_the_forms_of_numbers_and_totals_do_not_matter(switches: dict[str, object]) -> None:
    async with billing_with({"page_cap": 50, **switches}) as world:
        world.sim.populate(100)
        snapshot = await world.source.snapshot(world.consume)
        assert (snapshot.accounts, snapshot.complete, snapshot.unreadable) == (100, True, {})


@pytest.mark.parametrize("moving", ["repeats", "skips"])
async def test_a_list_that_moved_once_is_complete_in_the_end(moving: str) -> None:
    async with billing(page_cap=30, moving_list=moving, moves=1) as world:
        world.sim.populate(100)
        snapshot = await world.source.snapshot(world.consume)
        assert snapshot.complete
        assert len(world.handed) == 100


@pytest.mark.parametrize("moving", ["repeats", "skips"])
@pytest.mark.parametrize("total", ["number", "missing"])
async def test_p02_a_list_that_keeps_moving_is_never_called_complete_if_an_account_is_missing(
    moving: str, total: str
) -> None:
    async with billing(page_cap=30, moving_list=moving, total=total) as world:
        world.sim.populate(100)
        snapshot = await world.source.snapshot(world.consume)
        assert not snapshot.complete or len(world.handed) == 100


@pytest.mark.parametrize("kind", ["html", "garbage", "truncated", "lost_answer", "status"])
async def test_p02_a_page_that_fails_fails_the_snapshot(kind: str) -> None:
    async with billing(page_cap=30) as world:
        world.sim.populate(100)
        world.sim.faults.add(Fault.model_validate({"operation": "Account/get_account_list", "kind": kind, "after": 2}))
        with pytest.raises(Transient):
            await world.source.snapshot(world.consume)


async def test_a_consumer_that_fails_fails_the_snapshot() -> None:
    async def consume(_rows: object) -> None:
        raise RuntimeError("full")

    async with billing() as world:
        world.sim.populate(3)
        with pytest.raises(RuntimeError, match="full"):
            await world.source.snapshot(consume)


async def test_a_row_that_makes_no_sense_is_named_and_the_rest_is_read() -> None:
    async with billing() as world:
        world.sim.populate(10)
        world.sim.installation.accounts[70003].bill_status = {"not": "a letter"}  # type: ignore[assignment]
        snapshot = await world.source.snapshot(world.consume)
        assert (snapshot.accounts, snapshot.complete, len(world.handed)) == (10, True, 9)
        assert "account 70003" in snapshot.unreadable[70003]
        assert "'bill_status' is an object" in snapshot.unreadable[70003]


async def test_an_account_comes_with_details_and_credentials() -> None:
    async with billing() as world:
        world.sim.populate(1)
        world.sim.change("addon_add", i_account=70001, i_product=87)
        world.sim.change("contact", i_account=70001, contact={"firstname": "Eva", "email": "x, eva@example.net"})
        world.sim.change("device", i_account=70001, devices=["00:1A:79:00:00:01", "00:1A:79:00:00:02"])
        account = await the(world, 70001)
        details = account.details
        assert details is not None
        assert account.i_env == 3
        assert 87 in [addon.i_product for addon in details.addons]
        assert (details.contact.first_name, details.contact.email) == ("Eva", "eva@example.net")
        assert details.credentials.device_ids == ("00:1A:79:00:00:01", "00:1A:79:00:00:02")
        assert details.credentials.login == "viewer70001"
        written = world.sim.installation.accounts[70001].custom_fields["TV Password"] or ""
        assert details.credentials.password == Secret(fingerprint(written))
        assert details.credentials.password.value == written
        assert world.calls["Account/get_account_info"] == world.calls["Account/get_custom_fields_values"] == 1


async def test_without_configured_fields_one_call_is_enough() -> None:
    async with billing(settings(custom_fields=CustomFields())) as world:
        world.sim.populate(1)
        await the(world, 70001)
        assert "Account/get_custom_fields_values" not in world.calls


async def test_a_terminated_account_needs_no_credentials() -> None:
    async with billing() as world:
        world.sim.populate(1)
        world.sim.change("terminate", i_account=70001)
        world.sim.faults.add(Fault(operation="Account/get_custom_fields_values", kind="status", status=502))
        account = await the(world, 70001)
        assert account.is_terminated
        assert account.id == "tv070001-old000"


async def test_both_calls_about_an_account_are_made_at_once() -> None:
    async with billing() as world:
        world.sim.populate(1)
        for operation in ("Account/get_account_info", "Account/get_custom_fields_values"):
            world.sim.faults.add(Fault(operation=operation, kind="delay", seconds=5))
        await world.source.products()  # logs in
        before = world.clock.monotonic()
        await the(world, 70001)
        assert world.clock.monotonic() - before < 6


async def test_an_account_whose_customer_changed_gets_the_fields_of_its_present_one() -> None:
    fields = CustomFields(owner="customer", device_ids=("TV MAC",))
    async with billing(settings(custom_fields=fields)) as world:
        world.sim.populate(1)
        mine, other = world.sim.installation.accounts[70001].customer, world.sim.installation.add_customer()
        mine.custom_fields["TV MAC"], other.custom_fields["TV MAC"] = "00:1A:79:00:00:01", "00:1A:79:00:00:02"
        account = await world.source.account(70001, other.i_customer)
        assert account is not None
        assert account.details is not None
        assert account.details.credentials.device_ids == ("00:1A:79:00:00:01",)


async def test_custom_fields_of_the_customer_are_asked_of_the_customer() -> None:
    fields = CustomFields(owner="customer", device_ids=("TV MAC",))
    async with billing(settings(custom_fields=fields)) as world:
        world.sim.populate(1)
        world.sim.installation.accounts[70001].customer.custom_fields["TV MAC"] = "00:1A:79:00:00:09"
        account = await the(world, 70001)
        assert account.details is not None
        assert account.details.credentials.device_ids == ("00:1A:79:00:00:09",)


async def test_an_account_that_billing_does_not_know_is_none() -> None:
    async with billing() as world:
        assert await world.source.account(5) is None
        assert await world.source.find("nobody") is None


async def test_p03_a_fault_is_never_no_such_account() -> None:
    async with billing(not_found_is_fault=True) as world:
        with pytest.raises(BillingFault) as error:
            await world.source.account(5)
        assert error.value.code == "Server.Account.get_account_info.account_not_found"


async def test_an_account_is_found_by_its_present_id() -> None:
    async with billing() as world:
        world.sim.populate(2)
        world.sim.change("terminate", i_account=70001)
        world.sim.change("rename", i_account=70002, id="tv070001")
        found = await world.source.find("tv070001")
        assert found is not None
        assert found.i_account == 70002


async def test_an_answer_about_another_account_is_refused() -> None:
    async with billing() as world:
        world.sim.populate(2)
        world.sim.installation.accounts[5] = world.sim.installation.accounts[70002]
        with pytest.raises(Unreadable, match="answered for account 70002, asked about 5"):
            await world.source.account(5)


@pytest.mark.parametrize("owner", ["account", "customer"])
@pytest.mark.parametrize("at_once", [True, False])
async def test_custom_fields_that_cannot_be_read_leave_an_account_that_is_told_to_be_half(
    owner: Literal["account", "customer"], at_once: bool
) -> None:
    fields = CustomFields(owner=owner, device_ids=("TV MAC",))
    async with billing(settings(custom_fields=fields)) as world:
        world.sim.populate(1)
        world.sim.change("block", i_account=70001)
        world.sim.faults.add(Fault(operation="*/get_custom_fields_values", kind="status", retry_after=7))
        customer = world.sim.installation.accounts[70001].customer.i_customer if at_once else None
        with pytest.raises(HalfRead, match="get_custom_fields_values with HTTP 503") as half:
            await world.source.account(70001, customer)
        assert half.value.account.blocked
        assert half.value.account.details is not None
        assert half.value.account.details.credentials == Credentials()
        assert half.value.retry_after == timedelta(seconds=7)


async def test_half_of_another_account_is_refused_too() -> None:
    async with billing() as world:
        world.sim.populate(2)
        world.sim.installation.accounts[5] = world.sim.installation.accounts[70002]
        world.sim.faults.add(Fault(operation="Account/get_custom_fields_values", kind="status"))
        with pytest.raises(Unreadable, match="answered for account 70002, asked about 5"):
            await world.source.account(5)


async def test_fingerprints_stay_while_nothing_changes_and_follow_what_does() -> None:
    async with billing() as world:
        world.sim.populate(40)
        await world.source.snapshot(world.consume)
        before = {row.i_account: row.fingerprint() for row in world.handed}
        world.handed.clear()
        world.sim.change("block", i_account=70005)
        world.sim.change("rename", i_account=70006, id="new")
        world.sim.change("product", i_account=70009, i_product=70)
        await world.source.snapshot(world.consume)
        changed = {row.i_account for row in world.handed if row.fingerprint() != before[row.i_account]}
        assert changed == {70005, 70006, 70009}
