"""Decisions of persons that come at an awkward moment: two at once, too late, in the middle of a pass."""

from collections.abc import Callable, Sequence

import pytest

from controller.fleet import PassOptions
from controller.store import HeldChange, HeldPlan, Store
from platforms.simulation import Fault
from tests.bed import TV, Bed
from tests.loop.deciding import approve, held_hash, reject

TV2 = "http://tv2.test"
ON_TV = {"driver": "telebreeze", "url": TV, "api_key": "simulated"}
TWO = {
    "platforms": {"tv": ON_TV, "tv2": {**ON_TV, "url": TV2}},
    "catalog": [
        {"product": {"i_product": 61}, "platform": "tv", "packages": ["basic"]},
        {"product": {"i_product": 62}, "platform": "tv2", "packages": ["basic"]},
    ],
    "brake": {"floor": 1, "destructive_fraction": 0.0},
}
TOO_MANY = 11  # for one pass


def block(bed: Bed, accounts: Sequence[int]) -> None:
    for i_account in accounts:
        bed.billing.change("block", i_account=i_account)


async def too_many_at_once(bed: Bed) -> list[int]:
    """A fleet of which so many were blocked that a plan is held."""
    accounts = [bed.tv_account(number) for number in range(1, 31)]
    await bed.full_pass()
    block(bed, accounts[:TOO_MANY])
    await bed.full_pass()
    return accounts


def disabled(bed: Bed, url: str = TV) -> int:
    return sum(row["status"] == "disabled" for row in bed.platform_at(url).operator.customers.values())


async def test_of_two_operators_one_decides_and_the_other_finds_nothing_left(bed: Bed) -> None:
    await too_many_at_once(bed)
    plan = await held_hash(bed)
    assert await reject(bed, plan) == {"tv": TOO_MANY}
    assert await approve(bed, plan) == await reject(bed, plan) == {}
    await bed.full_pass()
    assert disabled(bed) == 0


async def test_p05_a_pass_that_had_begun_before_a_decision_does_not_take_it_back(bed: Bed) -> None:
    await too_many_at_once(bed)
    plan = await held_hash(bed)
    fleet = bed.application.installations[0].fleet
    report = await fleet.survey(PassOptions())
    assert await approve(bed, plan) == {"tv": TOO_MANY}
    await fleet.hand_over(report, PassOptions())
    assert (await bed.status())["platforms"]["tv"]["held_plan"] is None
    await bed.full_pass()
    assert disabled(bed) == TOO_MANY


async def two_platforms_held(bed: Bed) -> str:
    """On one of two platforms 2 accounts are blocked, on the other 3; returns the whole plan's hash."""
    accounts = [bed.tv_account(number, i_product=61 if number < 3 else 62) for number in range(1, 6)]
    await bed.full_pass()
    block(bed, accounts)
    (report,) = await bed.full_pass()
    return report.plan.hash


async def test_p05_two_platforms_are_held_and_decided_each_for_itself_or_by_the_whole_plan(
    make_bed: Callable[..., Bed],
) -> None:
    bed = make_bed(**TWO)
    whole = await two_platforms_held(bed)
    assert await held_hash(bed) != await held_hash(bed, "tv2")
    assert await approve(bed, await held_hash(bed, "tv2")) == {"tv2": 3}
    await bed.full_pass()
    assert (disabled(bed), disabled(bed, TV2)) == (0, 3)
    assert await approve(bed, whole) == {"tv": 2}, "all that is held of it still"
    await bed.full_pass()
    assert disabled(bed) == 2


async def test_p05_a_whole_plan_is_not_about_a_platform_that_could_not_be_read_for_it(
    make_bed: Callable[..., Bed],
) -> None:
    bed = make_bed(**TWO)
    whole = await two_platforms_held(bed)
    elsewhere = await held_hash(bed, "tv2")
    bed.platform_at(TV2).faults.add(Fault(operation="*", kind="status", status=503, count=None))
    (report,) = await bed.full_pass()
    assert await approve(bed, whole) == {}
    assert await reject(bed, report.plan.hash) == {"tv": 2}
    assert await held_hash(bed, "tv2") == elsewhere, "nobody has seen that in the plan that was decided about"


async def test_p05_an_approval_is_good_for_one_time(bed: Bed) -> None:
    accounts = await too_many_at_once(bed)
    await approve(bed, await held_hash(bed))
    await bed.full_pass()
    assert disabled(bed) == TOO_MANY
    for i_account in accounts[:TOO_MANY]:
        bed.billing.change("unblock", i_account=i_account)
        await bed.espf("Account/Unblocked", i_account=i_account)
    await bed.act_on_events()
    assert disabled(bed) == 0
    block(bed, accounts[:TOO_MANY])
    for i_account in accounts[:TOO_MANY]:
        await bed.espf("Account/Blocked", i_account=i_account)
    await bed.act_on_events()
    assert disabled(bed) == TOO_MANY - 1, "the same changes once more are under the brake"


@pytest.mark.parametrize(("accounts", "priority"), [(1000, "operator"), (1001, "sweep")])
async def test_p15_an_approval_of_a_whole_fleet_is_acted_upon_at_once_but_before_nobody(
    bed: Bed, accounts: int, priority: str
) -> None:
    def approved(store: Store) -> None:
        changes = [HeldChange(number, f"{number:016x}") for number in range(accounts)]
        store.holds.keep("tv", changes)
        store.targets.hold("tv", HeldPlan("f" * 16, accounts, 0, 10, 10))

    await bed.application.ledger.run(approved)
    assert await approve(bed, "f" * 16) == {"tv": accounts}
    await bed.application.loop.serve_operators()
    depth = bed.application.installations[0].billing.platforms[0].queue.depth()
    assert {each.name.lower(): count for each, count in depth.items() if count} == {priority: accounts}


async def test_p04_while_a_plan_is_held_no_event_takes_a_part_of_it_nor_anything_else(bed: Bed) -> None:
    accounts = await too_many_at_once(bed)
    block(bed, accounts[-1:])
    for i_account in (accounts[0], accounts[-1], bed.tv_account(50)):
        await bed.espf("Account/Updated", i_account=i_account)
    await bed.act_on_events()
    assert disabled(bed) == 0
    assert bed.customer("tv000050_3")["status"] == "active", "what takes nothing goes on"
