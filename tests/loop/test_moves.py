"""Several platforms at once, and accounts that move between them by a change of the catalog or of their product."""

from collections.abc import Callable

import pytest

from platforms.simulation import Fault
from platforms.telebreeze.simulated import devices_of
from platforms.telebreeze.simulator import API_KEY, TelebreezeSimulator
from tests.bed import TV, Bed

NEW_TV = "http://tv-new.test"


def instance(url: str, **over: object) -> dict[str, object]:
    return {"driver": "telebreeze", "url": url, "api_key": API_KEY, "requests_per_second": 10000, **over}


def entry(platform: str, i_product: int = 61, package: str = "basic") -> dict[str, object]:
    return {"product": {"i_product": i_product}, "platform": platform, "packages": [package]}


BOTH = {"tv": instance(TV), "new": instance(NEW_TV)}


@pytest.fixture
def bed(make_bed: Callable[..., Bed]) -> Bed:
    """Two instances of one driver; product 61 is on `tv`, 62 on `new`, and the add-on 86 gives something on both."""
    return make_bed(platforms=BOTH, catalog=[entry("tv"), entry("new", 62), entry("tv", 86, "sport")])


def new(bed: Bed) -> TelebreezeSimulator:
    return bed.platform_at(NEW_TV)


def on(simulator: TelebreezeSimulator) -> list[str]:
    """The names of the customers that have service."""
    rows = simulator.operator.customers.values()
    return sorted(str(row["externalId"]) for row in rows if row["status"] == "active")


async def state(bed: Bed, platform: str, account: str = "tv000001") -> tuple[str, str]:
    view = (await bed.explain(account))["platforms"][platform]
    return view["state"], view["text"] or ""


def move_by_catalog(bed: Bed) -> None:
    bed.reconfigure(platforms=BOTH, catalog=[entry("new"), entry("new", 62)])


async def test_products_route_accounts_to_their_platforms(bed: Bed) -> None:
    bed.tv_account(1)
    bed.tv_account(2, i_product=62)
    await bed.full_pass()
    assert (on(bed.platform), on(new(bed))) == (["tv000001_3"], ["tv000002_3"])


async def test_one_account_can_be_served_by_two_platforms(make_bed: Callable[..., Bed]) -> None:
    bed = make_bed(platforms=BOTH, catalog=[entry("tv"), entry("new"), entry("new", 86, "sport")])
    account = bed.tv_account(1)
    bed.billing.change("addon_add", i_account=account, i_product=86)
    await bed.full_pass()
    assert on(bed.platform) == on(new(bed)) == ["tv000001_3"]
    packages = [row["packages"] for row in (*bed.customers(), *new(bed).operator.customers.values())]
    assert packages == [["1"], ["1", "2"]]
    bed.billing.change("block", i_account=account)
    await bed.full_pass()
    assert on(bed.platform) == on(new(bed)) == []


async def test_a_catalog_change_makes_the_new_record_before_it_turns_the_old_one_off(bed: Bed) -> None:
    bed.tv_account(1)
    await bed.full_pass()
    move_by_catalog(bed)
    new(bed).faults.add(Fault(operation="customers.create", kind="status", status=503, count=1))
    await bed.full_pass()
    assert on(bed.platform) == ["tv000001_3"], "it stays as long as there is nothing on the new platform"
    assert await state(bed, "tv") == (
        "pending",
        "the account has moved to platform 'new', where its record is not on yet; what it has on platform 'tv' stays"
        " until then",
    )
    await bed.converge(2)
    assert (on(bed.platform), on(new(bed))) == ([], ["tv000001_3"])
    assert (await bed.status())["healthy"]


async def test_a_move_takes_one_pass_where_nothing_is_in_the_way(bed: Bed) -> None:
    account = bed.tv_account(1)
    await bed.full_pass()
    bed.billing.change("product", i_account=account, i_product=62)
    await bed.full_pass()
    assert (on(bed.platform), on(new(bed))) == ([], ["tv000001_3"])


async def test_an_account_that_moved_back_and_forth_has_service_in_one_place(bed: Bed) -> None:
    account = bed.tv_account(1)
    for product in (61, 62, 61, 62):
        bed.billing.change("product", i_account=account, i_product=product)
        await bed.full_pass()
    assert (on(bed.platform), on(new(bed))) == ([], ["tv000001_3"])


async def test_with_on_no_service_delete_the_old_record_goes_after_the_new_one_is_there(
    make_bed: Callable[..., Bed],
) -> None:
    platforms = {"tv": instance(TV, on_no_service="delete"), "new": instance(NEW_TV)}
    bed = make_bed(platforms=platforms, catalog=[entry("tv"), entry("new", 62)])
    account = bed.tv_account(1)
    await bed.full_pass()
    bed.billing.change("product", i_account=account, i_product=62)
    new(bed).faults.add(Fault(operation="customers.*", kind="status", status=503, count=None))
    await bed.full_pass()
    assert on(bed.platform) == ["tv000001_3"]
    new(bed).faults.clear()
    await bed.converge(2)
    assert (bed.customers(), on(new(bed))) == ([], ["tv000001_3"])


@pytest.mark.parametrize(("over", "package"), [({"mode": "observe"}, "basic"), ({}, "not offered")])
async def test_who_cannot_be_served_on_the_new_platform_keeps_the_old_one(
    bed: Bed, over: dict[str, object], package: str
) -> None:
    bed.tv_account(1)
    await bed.full_pass()
    platforms = {"tv": instance(TV), "new": instance(NEW_TV, **over)}
    bed.reconfigure(platforms=platforms, catalog=[entry("new", package=package)])
    await bed.converge()
    assert (on(bed.platform), on(new(bed))) == (["tv000001_3"], [])


async def test_whoever_is_blocked_when_he_moves_is_off_at_once(bed: Bed) -> None:
    account = bed.tv_account(1)
    await bed.full_pass()
    bed.billing.change("block", i_account=account)
    move_by_catalog(bed)
    await bed.full_pass()
    assert on(bed.platform) == on(new(bed)) == []


async def test_an_account_without_any_service_waits_for_nothing(bed: Bed) -> None:
    account = bed.tv_account(1)
    await bed.full_pass()
    bed.billing.change("product", i_account=account, i_product=70)
    await bed.full_pass()
    assert on(bed.platform) == []


async def test_a_device_that_is_bound_to_the_old_platform_is_let_go_there_first(bed: Bed) -> None:
    bed.tv_account(1)
    await bed.full_pass()
    new(bed).operator.has_elsewhere = lambda device: any(device in devices_of(row) for row in bed.customers())
    move_by_catalog(bed)
    await bed.full_pass()
    assert on(bed.platform) == ["tv000001_3"], "one refusal proves nothing"
    bed.world.advance(600)
    await bed.full_pass()
    await bed.converge(1)
    assert (on(bed.platform), on(new(bed))) == ([], ["tv000001_3"])
    (kept,) = bed.customers()
    assert devices_of(kept) == []


async def test_a_refusal_for_another_reason_takes_nothing_from_the_old_platform(bed: Bed) -> None:
    bed.tv_account(1)
    await bed.full_pass()
    move_by_catalog(bed)
    new(bed).operator.packages = ()
    await bed.converge()
    assert on(bed.platform) == ["tv000001_3"]


async def test_a_move_of_everybody_is_held_by_the_brake_as_a_whole(bed: Bed) -> None:
    for number in range(1, 13):
        bed.tv_account(number)
    await bed.full_pass()
    move_by_catalog(bed)
    for _ in range(3):
        await bed.full_pass()
        bed.world.advance(600)
    held = (await bed.status())["platforms"]["tv"]["held_plan"]
    assert held is not None
    assert held["destructive"] == 12
    assert len(on(bed.platform)) == len(on(new(bed))) == 12, "made there, and nothing taken away here"


async def test_p13_a_platform_that_is_down_delays_no_other(bed: Bed) -> None:
    bed.tv_account(1)
    bed.tv_account(2, i_product=62)
    bed.platform.faults.add(Fault(operation="*", kind="status", status=503, count=None))
    await bed.full_pass()
    assert (on(bed.platform), on(new(bed))) == ([], ["tv000002_3"])
