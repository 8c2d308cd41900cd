"""Who gets what another account had: also where only one side of the story was heard."""

from typing import Any

import pytest

from controller.fleet import PassOptions
from platforms.simulation import Fault
from tests.bed import Bed

INFO = "Account/get_account_info"
SOON = 5.0


def mac(number: int) -> str:
    return f"00:1A:79:00:00:{number:02X}"


def give(bed: Bed, account: int, number: int) -> None:
    """The account's device from now on; billing's list does not show it."""
    bed.billing.change("device", i_account=account, devices=[mac(number)])


def record_of(bed: Bed, account: int) -> dict[str, Any]:
    """The platform's one record that was made for the account."""
    (row,) = (row for row in bed.customers() if row["notes"] == f"iptv-reconciler env=3 i_account={account}")
    return dict(row)


def devices(bed: Bed, account: int) -> list[str]:
    return [str(device["deviceId"])[-2:] for device in record_of(bed, account)["devices"]]


async def settled(bed: Bed, count: int = 2) -> list[int]:
    accounts = [bed.tv_account(number) for number in range(1, count + 1)]
    await bed.full_pass()
    bed.world.advance(60)
    return accounts


async def announce(bed: Bed, account: int) -> None:
    """What an event about this account alone would bring, without any time going by."""
    await bed.espf("Account/CustomField/Changed", i_account=account)
    await bed.act_on_events()


async def read_anew(bed: Bed, account: int) -> None:
    """What an audit would do: the account's details are read."""
    await bed.application.installations[0].gatherer.read_details([account])


async def state(bed: Bed, account: int) -> str:
    return (await bed.explain(f"i_account:{account}"))["platforms"]["tv"]["state"]


def reads(bed: Bed) -> int:
    return bed.billing.requests.operations[INFO]


async def test_a_device_goes_over_at_once_though_the_former_holder_s_event_is_lost(bed: Bed) -> None:
    old, new = await settled(bed)
    give(bed, old, 9)
    give(bed, new, 1)

    async with bed.daemon():
        await bed.world.sleep(SOON)
        await bed.espf("Account/CustomField/Changed", i_event=1, i_account=new)
        await bed.world.sleep(SOON)
        assert (devices(bed, old), devices(bed, new)) == (["09"], ["01"])
        assert await state(bed, old) == await state(bed, new) == "in_sync"


async def test_a_device_goes_over_at_the_next_pass_though_only_the_new_holder_was_read(bed: Bed) -> None:
    old, new = await settled(bed)
    give(bed, old, 9)
    give(bed, new, 1)
    await read_anew(bed, new)

    await bed.full_pass()

    assert (devices(bed, old), devices(bed, new)) == (["09"], ["01"])


async def test_a_plan_takes_nobody_for_a_rival_before_it_has_asked_him(bed: Bed) -> None:
    old, new = await settled(bed)
    give(bed, old, 9)
    give(bed, new, 1)
    await read_anew(bed, new)

    report = await bed.application.installations[0].fleet.survey(PassOptions(whole_plan=True))

    assert [change.desired.key.i_account for change in report.plan.changes] == [old]
    assert [(held.by, held.change.desired.key.i_account) for held in report.plan.held] == [("waiting", new)]
    assert report.unsure == ()


async def test_a_name_goes_over_at_once_though_only_the_new_account_was_announced(bed: Bed) -> None:
    (old,) = await settled(bed, 1)

    async with bed.daemon():
        await bed.world.sleep(SOON)  # the pass at the start is over, and the next one far away
        bed.billing.change("terminate", i_account=old)
        new = bed.billing.change("create", id="tv000001", i_product=61)
        give(bed, new, 5)
        await bed.espf("Account/New", i_event=1, i_account=new)
        await bed.world.sleep(SOON)
        assert [row["notes"] for row in bed.customers()] == [f"iptv-reconciler env=3 i_account={new}"]


async def test_p12_a_true_conflict_costs_one_reading_of_the_other_side_and_no_more(bed: Bed) -> None:
    first, second = await settled(bed)
    before = reads(bed)
    give(bed, second, 1)
    await read_anew(bed, second)

    for _ in range(5):
        await bed.full_pass()

    assert await state(bed, second) == "conflict"
    assert reads(bed) - before == 2, "the account, and its rival"
    assert devices(bed, first) == ["01"]


@pytest.mark.parametrize("changes", [0, 1])
async def test_a_rival_is_asked_once_more_when_either_of_the_two_has_changed(bed: Bed, changes: int) -> None:
    accounts = await settled(bed)
    give(bed, accounts[1], 1)
    await read_anew(bed, accounts[1])
    await bed.full_pass()
    before = reads(bed)

    bed.billing.change("contact", i_account=accounts[changes], contact={"city": "Nowhere Else"})
    await read_anew(bed, accounts[changes])
    await bed.full_pass()
    await bed.full_pass()

    assert reads(bed) - before == 2, "the one that changed, and the rival"
    assert await state(bed, accounts[1]) == "conflict"


async def test_a_rival_who_cannot_be_asked_is_asked_again_and_the_conflict_shows_meanwhile(bed: Bed) -> None:
    old, new = await settled(bed)
    give(bed, old, 9)
    give(bed, new, 1)
    await read_anew(bed, new)
    bed.to_billing.refused = frozenset({old})

    await bed.full_pass()
    assert await state(bed, new) == "conflict"
    bed.to_billing.refused = frozenset()
    await bed.full_pass()

    assert (devices(bed, old), devices(bed, new)) == (["09"], ["01"])


@pytest.mark.parametrize("operation", ["customers.update", INFO])
async def test_p11_a_move_of_which_one_side_was_heard_ends_well_in_spite_of_failures(bed: Bed, operation: str) -> None:
    old, new = await settled(bed)
    give(bed, old, 9)
    give(bed, new, 1)
    simulator = bed.billing if operation == INFO else bed.platform
    simulator.faults.add(Fault(operation=operation, kind="lost_answer", after=operation == INFO))
    await announce(bed, new)

    await bed.converge(2)

    assert (devices(bed, old), devices(bed, new)) == (["09"], ["01"])
