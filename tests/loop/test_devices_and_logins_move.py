"""Devices and logins that move or are swapped between accounts: released before they are claimed, without a person."""

from collections.abc import Callable, Sequence
from itertools import permutations
from typing import Any

import pytest

from platforms.simulation import Fault
from tests.bed import Bed

LOGIN_PLATFORM = {"driver": "telebreeze", "url": "http://tv.test", "api_key": "simulated", "auth": "login"}


def mac(number: int) -> str:
    return f"00:1A:79:00:00:{number:02X}"


def give(bed: Bed, account: int, *numbers: int) -> None:
    """The account's devices from now on; billing's list does not show it, so that an audit has to find it."""
    bed.billing.change("device", i_account=account, devices=[mac(number) for number in numbers])


def record_of(bed: Bed, account: int) -> dict[str, Any]:
    """The platform's one record that was made for the account."""
    (row,) = (row for row in bed.customers() if row["notes"] == f"iptv-reconciler env=3 i_account={account}")
    return dict(row)


def devices(bed: Bed, account: int) -> list[str]:
    return [str(device["deviceId"])[-2:] for device in record_of(bed, account)["devices"]]


async def settled(bed: Bed, count: int) -> list[int]:
    """Accounts with a device each, all of which have their records; requests count from here."""
    accounts = [bed.tv_account(number) for number in range(1, count + 1)]
    await bed.full_pass()
    bed.world.advance(60)
    bed.platform.requests.reset()
    return accounts


async def read_anew(bed: Bed, accounts: Sequence[int]) -> None:
    """What an audit or events would do: billing's details of these accounts are read."""
    await bed.application.installations[0].gatherer.read_details(accounts)


async def state(bed: Bed, account: int) -> str:
    return (await bed.explain(f"i_account:{account}"))["platforms"]["tv"]["state"]


async def text(bed: Bed, account: int) -> str:
    return (await bed.explain(f"i_account:{account}"))["platforms"]["tv"]["text"] or ""


async def test_a_device_that_moves_is_released_first_whoever_is_looked_at_first(bed: Bed) -> None:
    first, second, third = await settled(bed, 3)
    give(bed, third, 9)
    give(bed, second, 3)
    give(bed, first, 2)
    await read_anew(bed, [first, second, third])

    await bed.full_pass()

    assert [devices(bed, account) for account in (first, second, third)] == [["02"], ["03"], ["09"]]
    assert bed.platform.requests.operations["customers.update"] == 3, "one call each, and none that is refused"


async def test_p11_two_accounts_that_swap_devices_do_so_within_one_pass_and_three_calls(bed: Bed) -> None:
    first, second = await settled(bed, 2)
    give(bed, first, 2)
    give(bed, second, 1)
    await read_anew(bed, [first, second])

    await bed.full_pass()

    assert (devices(bed, first), devices(bed, second)) == (["02"], ["01"])
    assert bed.platform.requests.operations["customers.update"] == 3
    assert await state(bed, first) == await state(bed, second) == "in_sync"
    await bed.converge()
    assert bed.platform.requests.writes == 3, "and then it is quiet"


@pytest.mark.parametrize("count", [3, 5])
async def test_p11_a_circle_is_broken_by_its_lowest_account_with_one_call_more(bed: Bed, count: int) -> None:
    accounts = await settled(bed, count)
    for number, account in enumerate(accounts, start=1):
        give(bed, account, number % count + 1)
    await read_anew(bed, accounts)

    await bed.full_pass()

    assert [devices(bed, account) for account in accounts] == [[f"{n % count + 1:02}"] for n in range(1, count + 1)]
    assert bed.platform.requests.operations["customers.update"] == count + 1


@pytest.mark.parametrize("order", list(permutations(range(4))))
async def test_the_order_in_which_accounts_are_looked_at_does_not_matter(bed: Bed, order: tuple[int, ...]) -> None:
    accounts = await settled(bed, 4)
    for account, numbers in zip(accounts, [(2,), (3,), (1,), (4, 9)], strict=True):
        give(bed, account, *numbers)
    await read_anew(bed, accounts)
    lane = bed.application.installations[0].lanes[0]

    for _ in range(4):
        for which in order:
            await lane.reconciler.reconcile(lane.platform, accounts[which], "pass", bed.world.draw)

    assert [devices(bed, account) for account in accounts] == [["02"], ["03"], ["01"], ["04", "09"]]
    assert bed.platform.requests.operations["customers.update"] == 5


async def test_a_swap_takes_nothing_else_from_anybody_in_between(bed: Bed) -> None:
    first, second = await settled(bed, 2)
    give(bed, first, 7, 1)
    await read_anew(bed, [first])
    await bed.full_pass()
    give(bed, first, 7, 2)
    give(bed, second, 1)
    bed.billing.change("addon_add", i_account=first, i_product=86)
    await read_anew(bed, [first, second])
    bed.platform.faults.add(Fault(operation="customers.update", kind="status", status=500, after=1, count=None))

    await bed.full_pass()

    assert devices(bed, first) == ["07"]
    assert record_of(bed, first)["status"] == "active"
    assert record_of(bed, first)["packages"] == ["1"]
    bed.platform.faults.clear()
    await bed.converge(2)
    assert (devices(bed, first), devices(bed, second)) == (["02", "07"], ["01"])
    assert record_of(bed, first)["packages"] == ["1", "2"]


async def test_p11_logins_that_are_swapped_are_released_first(make_bed: Callable[..., Bed]) -> None:
    bed = make_bed(platforms={"tv": LOGIN_PLATFORM})
    accounts = [bed.billing.change("create", id=f"tv00000{number}", i_product=61) for number in (1, 2)]
    fields = [bed.billing.installation.accounts[account].custom_fields for account in accounts]
    fields[0] |= {"TV Login": "Ana", "TV Password": "Watch-1"}
    fields[1] |= {"TV Login": "eva", "TV Password": "Watch-2"}
    await bed.full_pass()
    bed.world.advance(60)
    bed.platform.requests.reset()
    fields[0]["TV Login"], fields[1]["TV Login"] = "EVA", "ana"
    await read_anew(bed, accounts)

    await bed.full_pass()

    found = [(row["username"], row["password"]) for row in (record_of(bed, account) for account in accounts)]
    assert found == [("EVA", "Watch-1"), ("ana", "Watch-2")]
    assert bed.platform.requests.operations["customers.update"] == 3


async def test_a_login_that_was_cleared_and_given_to_another_goes_over(make_bed: Callable[..., Bed]) -> None:
    bed = make_bed(platforms={"tv": {**LOGIN_PLATFORM, "auth": "all"}})
    first, second = bed.tv_account(1), bed.tv_account(2)
    fields = [bed.billing.installation.accounts[account].custom_fields for account in (first, second)]
    await bed.full_pass()
    bed.world.advance(60)
    moved = fields[0]["TV Login"]
    fields[0]["TV Login"], fields[1]["TV Login"] = "", moved
    await read_anew(bed, [first, second])

    await bed.converge(2)

    assert (record_of(bed, first)["username"], record_of(bed, second)["username"]) == ("", moved)


async def test_a_new_account_waits_for_the_device_of_another_with_a_sentence(bed: Bed) -> None:
    (first,) = await settled(bed, 1)
    bed.platform.faults.add(Fault(operation="customers.update", kind="status", status=500, count=None))
    give(bed, first, 9)
    second = bed.tv_account(2)
    give(bed, second, 1)
    await read_anew(bed, [first, second])

    (report,) = await bed.full_pass()

    assert [(held.by, held.change.desired.key.i_account) for held in report.plan.held] == [("waiting", second)]
    assert await state(bed, second) == "pending"
    assert f"device '001A…01' is still on the record 'tv000001_3' of i_account {first}" in await text(bed, second)
    assert bed.platform.requests.operations["customers.create"] == 0
    status = await bed.status()
    assert [trouble["i_account"] for trouble in status["platforms"]["tv"]["attention"]] == [second]
    bed.platform.faults.clear()
    await bed.converge(2)
    assert (devices(bed, first), devices(bed, second)) == (["09"], ["01"])


async def test_who_has_a_device_keeps_it_when_an_older_account_comes_to_wish_it_too(bed: Bed) -> None:
    first, second = await settled(bed, 2)
    give(bed, first, 2)
    bed.billing.change("contact", i_account=second, contact={"city": "Brno"})
    await read_anew(bed, [first, second])

    await bed.converge()

    assert (devices(bed, first), devices(bed, second)) == (["01"], ["02"])
    assert await state(bed, first) == "conflict"
    assert f"on the record 'tv000002_3' of i_account {second} on platform 'tv', which keeps it" in await text(
        bed, first
    )
    assert await state(bed, second) == "in_sync"
    assert record_of(bed, second)["city"] == "Brno", "nobody else's typing error stops his changes"


async def test_an_account_in_conflict_lets_go_of_what_was_given_to_another(bed: Bed) -> None:
    first, second, third = await settled(bed, 3)
    give(bed, first, 2)
    give(bed, third, 1)
    await read_anew(bed, [first, second, third])

    await bed.converge()

    assert [devices(bed, account) for account in (first, second, third)] == [[], ["02"], ["01"]]
    assert await state(bed, first) == "conflict"


async def test_an_account_that_the_platform_refuses_lets_go_of_what_was_given_to_another(bed: Bed) -> None:
    first, second = await settled(bed, 2)
    give(bed, first, 8)
    bed.billing.change("contact", i_account=first, contact={"city": "longer than the platform takes" * 50})
    await read_anew(bed, [first])
    await bed.full_pass()
    assert await state(bed, first) == "parked"
    give(bed, second, 1)
    await read_anew(bed, [second])

    await bed.full_pass()

    assert (devices(bed, first), devices(bed, second)) == ([], ["01"])
    assert await state(bed, first) == "parked"


async def test_a_device_of_an_account_without_service_goes_to_whoever_wishes_it_now(bed: Bed) -> None:
    first, second = await settled(bed, 2)
    bed.billing.change("product", i_account=first, i_product=70)
    await bed.full_pass()
    assert devices(bed, first) == ["01"], "nobody wished it yet"
    give(bed, second, 1)
    await read_anew(bed, [second])

    await bed.full_pass()

    assert (devices(bed, first), devices(bed, second)) == ([], ["01"])
    assert record_of(bed, first)["status"] == "disabled"
    bed.platform.requests.reset()
    await bed.converge()
    assert bed.platform.requests.writes == 0


async def test_blocking_waits_for_nobody_s_device(bed: Bed) -> None:
    first, second = await settled(bed, 2)
    give(bed, second, 1)
    bed.billing.change("block", i_account=second)

    await bed.full_pass()

    assert record_of(bed, second)["status"] == "disabled"
    assert devices(bed, second) == ["02"]
    assert devices(bed, first) == ["01"]


async def test_a_value_taken_behind_our_back_is_tried_again_by_the_next_pass(bed: Bed) -> None:
    (first,) = await settled(bed, 1)
    shop = bed.platform.operator.create({"externalId": "shop", "devices": [{"deviceId": "001A79000009"}]})
    give(bed, first, 9)
    await read_anew(bed, [first])
    lane = bed.application.installations[0].lanes[0]
    await lane.reconciler.reconcile(lane.platform, first, "pass", bed.world.draw)
    assert await state(bed, first) == "parked", "no list has shown the shop's record yet"
    bed.platform.operator.delete(str(shop["id"]))
    bed.world.advance(600)

    await bed.full_pass()

    assert devices(bed, first) == ["09"]


async def test_p12_a_value_that_no_list_explains_is_not_asked_for_again_and_again(bed: Bed) -> None:
    (first,) = await settled(bed, 1)
    bed.platform.faults.add(Fault(operation="customers.update", kind="status", status=409, count=None))
    give(bed, first, 9)
    await read_anew(bed, [first])

    for _ in range(10):
        bed.world.advance(600)
        await bed.full_pass()

    assert bed.platform.requests.operations["customers.update"] == 3


@pytest.mark.parametrize("after", [0, 1, 2])
@pytest.mark.parametrize("kind", ["lost_answer", "status"])
async def test_p11_a_call_that_fails_or_whose_answer_is_lost_in_the_middle_of_a_swap(
    bed: Bed, kind: str, after: int
) -> None:
    first, second = await settled(bed, 2)
    give(bed, first, 2)
    give(bed, second, 1)
    await read_anew(bed, [first, second])
    bed.platform.faults.add(Fault.model_validate({"operation": "customers.update", "kind": kind, "after": after}))

    await bed.converge(2)

    assert (devices(bed, first), devices(bed, second)) == (["02"], ["01"])
    assert await state(bed, first) == await state(bed, second) == "in_sync"


async def test_a_lost_release_that_did_happen_wakes_who_waits_for_it(bed: Bed) -> None:
    first, second = await settled(bed, 2)
    give(bed, first, 8)
    give(bed, second, 1)
    await read_anew(bed, [first, second])
    bed.platform.faults.add(Fault(operation="customers.update", kind="lost_answer"))
    await bed.full_pass()
    assert devices(bed, second) == ["02"]
    bed.world.advance(60)
    lane = bed.application.installations[0].lanes[0]

    result = await lane.reconciler.reconcile(lane.platform, first, "retry", bed.world.draw)

    assert (result.result, result.wake) == ("noop", (second,))


@pytest.mark.parametrize("calls", [0, 1, 2])
async def test_p16_killed_between_the_calls_of_a_swap_it_ends_as_it_should(bed: Bed, calls: int) -> None:
    first, second = await settled(bed, 2)
    give(bed, first, 2)
    give(bed, second, 1)
    await read_anew(bed, [first, second])
    await bed.application.loop.full_pass()
    while bed.platform.requests.operations["customers.update"] < calls:
        await bed.application.installations[0].lanes[0].look_once()

    bed.restart()
    await bed.full_pass()

    assert (devices(bed, first), devices(bed, second)) == (["02"], ["01"])
    assert bed.platform.requests.operations["customers.update"] == 3


@pytest.mark.parametrize("blocks", [{"brake": {"floor": 0, "update_fraction": 0}}, {"mode": "observe"}])
async def test_p09_a_circle_that_is_held_makes_no_calls_and_comes_to_rest(
    make_bed: Callable[..., Bed], blocks: dict[str, Any]
) -> None:
    bed = make_bed()
    first, second = await settled(bed, 2)
    tv = {"driver": "telebreeze", "url": "http://tv.test", "api_key": "simulated"}
    bed.reconfigure(**(blocks if "brake" in blocks else {"platforms": {"tv": tv | blocks}}))
    give(bed, first, 2)
    give(bed, second, 1)
    await read_anew(bed, [first, second])

    await bed.converge()

    assert bed.platform.requests.writes == 0
    assert {await state(bed, first), await state(bed, second)} == {"held"}, "as a whole"


async def test_a_database_of_a_release_that_knew_no_holdings_learns_them_from_the_next_list(bed: Bed) -> None:
    first, second = await settled(bed, 2)
    database = (await bed.store()).db.conn
    database.execute("DROP TABLE holdings")
    database.execute("DELETE FROM _sqlite_migrations WHERE name = 'holdings'")
    database.commit()
    bed.restart()
    give(bed, first, 2)
    give(bed, second, 1)
    await read_anew(bed, [first, second])

    await bed.full_pass()

    assert (devices(bed, first), devices(bed, second)) == (["02"], ["01"])
    assert bed.platform.requests.operations["customers.update"] == 3


@pytest.mark.parametrize("heard", [(0,), (1,), (0, 1), (1, 0)])
async def test_an_event_for_one_side_is_enough_for_a_swap(bed: Bed, heard: Sequence[int]) -> None:
    accounts = await settled(bed, 2)
    give(bed, accounts[0], 2)
    give(bed, accounts[1], 1)

    for which in heard:
        await bed.espf("Account/CustomField/Changed", i_account=accounts[which])
        await bed.act_on_events()

    assert [devices(bed, account) for account in accounts] == [["02"], ["01"]]
    assert bed.platform.requests.operations["customers.update"] == 3
