"""A swap is not stopped halfway by the brake: it does not begin without room for all of it, and once begun it ends."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from tests.bed import Bed

ROOM = 10  # updates in one pass, by the brake's floor


def mac(number: int) -> str:
    return f"00:1A:79:00:00:{number:02X}"


def devices(bed: Bed, number: int) -> list[Any]:
    return [device["deviceId"][-2:] for device in bed.customer(f"tv{number:06}_3")["devices"]]


async def event(bed: Bed, i_account: int) -> None:
    await bed.espf("Account/CustomField/Changed", i_account=i_account)


async def use_up(bed: Bed, accounts: Sequence[int], count: int) -> None:
    """So many updates by events: of the brake's room, that is what is left."""
    for i_account in accounts[:count]:
        bed.billing.change("contact", i_account=i_account, contact={"phone1": "0"})
        await event(bed, i_account)
    await bed.act_on_events()


async def swap(bed: Bed, first: int, second: int) -> None:
    bed.billing.change("device", i_account=first, devices=[mac(2)])
    bed.billing.change("device", i_account=second, devices=[mac(1)])
    for i_account in (first, second):
        await event(bed, i_account)
    await bed.act_on_events()


@pytest.fixture
async def settled(bed: Bed) -> tuple[Bed, list[int]]:
    accounts = [bed.tv_account(number) for number in range(1, 31)]
    await bed.full_pass()
    await bed.full_pass()
    return bed, accounts


async def test_a_swap_begins_only_where_the_brake_has_room_for_all_of_it(settled: tuple[Bed, list[int]]) -> None:
    bed, accounts = settled
    await use_up(bed, accounts[2:], ROOM - 1)
    await swap(bed, *accounts[:2])
    assert (devices(bed, 1), devices(bed, 2)) == (["01"], ["02"]), "nobody is without his device meanwhile"
    await bed.converge(1)
    assert (devices(bed, 1), devices(bed, 2)) == (["02"], ["01"])


async def test_a_swap_that_has_begun_goes_on_though_the_brake_has_no_room_left(
    settled: tuple[Bed, list[int]],
) -> None:
    bed, accounts = settled
    bed.platform.operator.change(str(bed.customer("tv000001_3")["id"]), {"devices": []})  # as after the first step
    bed.billing.change("device", i_account=accounts[0], devices=[mac(2)])
    bed.billing.change("device", i_account=accounts[1], devices=[mac(1)])
    for i_account in accounts[2:20]:
        bed.billing.change("contact", i_account=i_account, contact={"phone1": "0"})
    await bed.application.installations[0].gatherer.read_details(accounts)
    await bed.converge(2)
    assert (devices(bed, 1), devices(bed, 2)) == (["02"], ["01"])
    held = (await bed.status())["platforms"]["tv"]["held_plan"]
    assert held is not None
    assert held["updates"] == 18, "the others wait as a whole"


async def test_an_id_swap_does_not_stop_at_an_interim_name(make_bed: Callable[..., Bed]) -> None:
    bed = make_bed(
        platforms={"tv": {"driver": "telebreeze", "url": "http://tv.test", "api_key": "simulated", "rename": True}}
    )
    accounts = [bed.tv_account(number) for number in range(1, 31)]
    await bed.full_pass()
    for i_account, name in zip(accounts[:2], ("tv000002", "tv000001"), strict=True):
        bed.billing.change("rename", i_account=i_account, id=f"{name}-x")
    for i_account, name in zip(accounts[:2], ("tv000002", "tv000001"), strict=True):
        bed.billing.change("rename", i_account=i_account, id=name)
    await use_up(bed, accounts[2:], ROOM - 1)
    for i_account in accounts[:2]:
        await event(bed, i_account)
    await bed.act_on_events()
    assert not any(str(row["externalId"]).startswith("moving-") for row in bed.customers())
    await bed.converge(1)
    assert devices(bed, 1) == ["02"]


async def test_an_exchange_of_everybody_s_devices_is_held_as_a_whole(settled: tuple[Bed, list[int]]) -> None:
    bed, accounts = settled
    for number, i_account in enumerate(accounts, 1):
        bed.billing.change("device", i_account=i_account, devices=[mac(number % 30 + 1)])
    await bed.application.installations[0].gatherer.read_details(accounts)
    bed.platform.requests.reset()
    await bed.converge(2)
    assert bed.platform.requests.writes == 0
    assert [devices(bed, number) for number in (1, 30)] == [["01"], ["1E"]]


async def test_what_finds_no_room_says_so_and_waits_for_the_pass(settled: tuple[Bed, list[int]]) -> None:
    bed, accounts = settled
    await use_up(bed, accounts, ROOM + 1)
    view = (await bed.explain(f"i_account:{accounts[ROOM]}"))["platforms"]["tv"]
    assert view["held"] == {
        "by": "brake",
        "text": "the brake has no room left for this until the next full pass, which sees it with all the rest",
        "plan": None,
    }
    await bed.full_pass()
    assert bed.customer(f"tv{ROOM + 1:06}_3")["phone"] == "0"
