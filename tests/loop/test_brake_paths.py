"""The brake on every path to a write, and approvals that meet other circumstances."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from platforms.simulation import Fault
from tests.bed import Bed
from tests.loop.deciding import approve, held_hash, pause

FLOOR = 10  # destructive changes, and updates, of one pass over a small fleet
TV = {"driver": "telebreeze", "url": "http://tv.test", "api_key": "simulated"}
DAY = timedelta(days=1)


async def fleet(bed: Bed, count: int, *, i_product: int = 61) -> list[int]:
    accounts = [bed.tv_account(number, i_product=i_product) for number in range(1, count + 1)]
    await bed.full_pass()
    return accounts


def terminate(bed: Bed, accounts: Sequence[int]) -> None:
    for i_account in accounts:
        bed.billing.change("terminate", i_account=i_account)


def disabled(bed: Bed) -> int:
    return sum(row["status"] == "disabled" for row in bed.customers())


async def held_terminations(bed: Bed) -> list[int]:
    """Of 14 accounts one more was terminated than the brake lets go."""
    accounts = await fleet(bed, FLOOR + 4)
    terminate(bed, accounts[: FLOOR + 1])
    await bed.full_pass()
    assert len(bed.customers()) == FLOOR + 4
    return accounts


async def approve_held(bed: Bed) -> None:
    assert await approve(bed, await held_hash(bed)) == {"tv": FLOOR + 1}
    bed.world.advance(60)


async def test_p04_events_take_no_more_than_a_pass_left_nor_than_the_day_allows(bed: Bed) -> None:
    accounts = await fleet(bed, 30)
    await bed.full_pass()

    async def block(some: Sequence[int]) -> int:
        for i_account in some:
            bed.billing.change("block", i_account=i_account)
            await bed.espf("Account/Blocked", i_account=i_account)
        await bed.act_on_events()
        return disabled(bed)

    assert await block(accounts[: FLOOR + 1]) == FLOOR
    bed.restart()
    await bed.full_pass()
    assert disabled(bed) == FLOOR + 1, "the next pass has room"
    assert await block(accounts[FLOOR + 1 : 19]) == 19
    await bed.full_pass()
    assert await block(accounts[19:22]) == 20, "no more than 20 in 24 hours"
    await bed.full_pass()
    held = (await bed.status())["platforms"]["tv"]["held_plan"]
    assert held is not None
    assert (held["destructive"], held["limit"], disabled(bed)) == (2, 0, 20)


async def test_p04_what_time_alone_takes_away_is_under_the_brake_as_well(bed: Bed) -> None:
    accounts = await fleet(bed, FLOOR + 4)
    today = bed.world.now().date()
    for i_account in accounts[: FLOOR + 1]:
        bed.billing.installation.accounts[i_account].time_zone = "UTC"
        bed.billing.change("expire_on", i_account=i_account, day=today)
    midnight = datetime(today.year, today.month, today.day, tzinfo=UTC) + DAY
    bed.world.advance(midnight - timedelta(seconds=60) - bed.world.now())
    async with bed.daemon():
        await bed.world.sleep(50)
        assert disabled(bed) == 0
        await bed.world.sleep(30)
        assert disabled(bed) == FLOOR, "each by a timer of its own, which needs room"


async def test_p04_too_many_updates_are_all_held_while_others_get_what_is_theirs(bed: Bed) -> None:
    accounts = await fleet(bed, 36)
    bed.billing.change("block", i_account=accounts[-1])
    await bed.full_pass()
    bed.platform.requests.reset()
    for number, i_account in enumerate(accounts[: FLOOR + 1]):
        bed.billing.change("product", i_account=i_account, i_product=62)
        bed.billing.change("device", i_account=i_account, devices=[f"00:1A:79:00:01:{number:02X}"])
    bed.billing.change("unblock", i_account=accounts[-1])
    bed.tv_account(40)
    await bed.full_pass()
    held = (await bed.status())["platforms"]["tv"]["held_plan"]
    assert held is not None
    assert (held["destructive"], held["updates"], held["limit"]) == (0, FLOOR + 1, FLOOR)
    assert bed.platform.requests.writes == 2, "one is created and one resumed"


async def test_p04_lost_packages_count_like_suspensions(bed: Bed) -> None:
    accounts = await fleet(bed, FLOOR + 4, i_product=62)
    for i_account in accounts[: FLOOR + 1]:
        bed.billing.change("product", i_account=i_account, i_product=61)
    await bed.full_pass()
    held = (await bed.status())["platforms"]["tv"]["held_plan"]
    assert held is not None
    assert held["destructive"] == FLOOR + 1
    assert {len(row["packages"]) for row in bed.customers()} == {2}
    await approve_held(bed)
    await bed.full_pass()
    assert sum(len(row["packages"]) == 1 for row in bed.customers()) == FLOOR + 1


async def test_a_held_plan_and_its_approval_outlive_restarts(bed: Bed) -> None:
    await held_terminations(bed)
    plan = await held_hash(bed)
    bed.restart()
    assert await held_hash(bed) == plan
    await approve_held(bed)
    bed.restart()
    await bed.full_pass()
    assert len(bed.customers()) == 3


async def test_a_plan_goes_on_by_itself_under_a_brake_that_allows_it(bed: Bed) -> None:
    await held_terminations(bed)
    bed.reconfigure(brake={"floor": FLOOR + 1})
    await bed.full_pass()
    assert len(bed.customers()) == 3
    assert (await bed.status())["platforms"]["tv"]["held_plan"] is None


async def test_p05_a_plan_of_which_one_account_came_back_is_another_one(bed: Bed) -> None:
    accounts = await fleet(bed, FLOOR + 4)
    for i_account in accounts[: FLOOR + 1]:
        bed.billing.change("block", i_account=i_account)
    await bed.full_pass()
    plan = await held_hash(bed)
    bed.billing.change("unblock", i_account=accounts[0])
    await bed.full_pass()
    assert await approve(bed, plan) == {}
    assert disabled(bed) == FLOOR, "the others are no more than a pass may take from"


async def test_what_a_person_paused_does_not_count_against_the_brake(bed: Bed) -> None:
    accounts = await fleet(bed, FLOOR + 4)
    await pause(bed, f"i_account:{accounts[0]}@billing", i_account=accounts[0])
    for i_account in accounts[: FLOOR + 1]:
        bed.billing.change("block", i_account=i_account)
    await bed.full_pass()
    assert disabled(bed) == FLOOR


async def test_p09_an_approval_waits_for_the_end_of_a_pause(bed: Bed) -> None:
    await held_terminations(bed)
    await approve_held(bed)
    await pause(bed, "tv")
    bed.platform.requests.reset()
    await bed.full_pass()
    assert bed.platform.requests.writes == 0
    bed.world.advance(2 * 3600)
    await bed.full_pass()
    assert len(bed.customers()) == 3


async def test_p09_an_approval_writes_nothing_to_a_platform_that_is_only_observed_by_now(bed: Bed) -> None:
    await held_terminations(bed)
    bed.reconfigure(platforms={"tv": {**TV, "mode": "observe"}})
    await approve_held(bed)
    async with bed.daemon():
        await bed.world.sleep(60)
    assert len(bed.customers()) == FLOOR + 4


@pytest.mark.parametrize("side", ["billing", "platform"])
async def test_p02_an_approved_plan_waits_until_both_sides_can_be_read(bed: Bed, side: str) -> None:
    await held_terminations(bed)
    await approve_held(bed)
    faults = bed.billing.faults if side == "billing" else bed.platform.faults
    operation = "Account/get_account_list" if side == "billing" else "customers.list"
    faults.add(Fault(operation=operation, kind="html", count=None))
    await bed.full_pass()
    assert len(bed.customers()) == FLOOR + 4
    faults.clear()
    bed.world.advance(60)
    await bed.full_pass()
    assert len(bed.customers()) == 3


async def test_an_exchange_of_everybody_s_devices_that_was_approved_comes_to_its_end(bed: Bed) -> None:
    accounts = await fleet(bed, FLOOR + 1)
    last = bed.billing.installation.accounts[accounts[-1]].custom_fields["TV MAC"]
    for i_account in accounts:
        fields = bed.billing.installation.accounts[i_account].custom_fields
        fields["TV MAC"], last = last, fields["TV MAC"]
    await bed.application.installations[0].gatherer.read_details(accounts)
    await bed.full_pass()
    await approve_held(bed)
    await bed.full_pass()
    held = [row["devices"][0]["deviceId"][-2:] for row in bed.customers()]
    assert held == ["0B", *(f"{number:02X}" for number in range(1, FLOOR + 1))]
