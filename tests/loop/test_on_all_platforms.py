"""Platforms of three kinds beside one another: routing, moves, failures, and one that cannot remove anything."""

from collections.abc import Callable
from itertools import permutations

import pytest

from desired_state.catalog import Package
from desired_state.subscriber import Observation
from platforms.capabilities import Capabilities
from platforms.driver import Unsupported
from platforms.memory import MemoryDriver
from platforms.simulation import Fault, Faults
from tests.bed import Bed
from tests.loop.platforms import (
    Block,
    announced,
    catalog,
    entry,
    have_service,
    ministra,
    said,
    seachange,
    simulators,
    telebreeze,
    user,
    writes,
)

ALL: Block = {"tv": telebreeze(), "cable": seachange(), "box": ministra()}
MAIN = {"tv": 61, "cable": 63, "box": 65}
NAMES = {"tv": "tv000001_3", "cable": "tv000001_3", "box": "tv000001"}
WRITES = {"tv": "customers.*", "cable": "customers.*", "box": "users.*"}


@pytest.fixture
def bed(make_bed: Callable[..., Bed]) -> Bed:
    return make_bed(platforms=ALL, catalog=catalog("tv", "cable", "box"))


def faults(bed: Bed, platform: str) -> Faults:
    return simulators(bed)[platform].faults


def written(bed: Bed) -> dict[str, dict[str, int]]:
    return {name: dict(writes(simulator.requests)) for name, simulator in simulators(bed).items()}


def only(*platforms: str) -> dict[str, list[str]]:
    """The first account has service on these platforms, and on no other."""
    return {name: [NAMES[name]] if name in platforms else [] for name in NAMES}


async def test_products_route_accounts_to_platforms_of_three_kinds(bed: Bed) -> None:
    for number, product in enumerate(MAIN.values(), start=1):
        bed.tv_account(number, i_product=product)
    await bed.full_pass()
    assert have_service(bed) == {"tv": ["tv000001_3"], "cable": ["tv000002_3"], "box": ["tv000003"]}


async def test_an_add_on_serves_an_account_on_a_second_platform_for_as_long_as_it_lasts(bed: Bed) -> None:
    account = bed.tv_account(1, i_product=65)
    bed.billing.change("addon_add", i_account=account, i_product=86)
    await bed.full_pass()
    assert have_service(bed) == only("tv", "box")
    assert bed.customer("tv000001_3")["packages"] == ["2"]
    bed.billing.change("block", i_account=account)
    await announced(bed, account)
    assert have_service(bed) == only()
    bed.billing.change("unblock", i_account=account)
    bed.billing.change("addon_remove", i_account=account, i_product=86)
    await announced(bed, account)
    assert have_service(bed) == only("box")


@pytest.mark.parametrize(("old", "new"), list(permutations(MAIN, 2)))
async def test_a_move_makes_the_new_record_before_it_turns_the_old_one_off(bed: Bed, old: str, new: str) -> None:
    account = bed.tv_account(1, i_product=MAIN[old])
    await bed.full_pass()
    bed.billing.change("product", i_account=account, i_product=MAIN[new])
    faults(bed, new).add(Fault(operation=WRITES[new], kind="status", status=503, count=1))
    await announced(bed, account)
    assert have_service(bed) == only(old), "it stays as long as there is nothing on the new platform"
    assert (await said(bed, old))[0] == "pending"
    await bed.converge(2)
    assert have_service(bed) == only(new)
    before = written(bed)
    await bed.converge(2)
    assert written(bed) == before


async def test_a_catalog_that_moves_a_fleet_to_other_platforms_is_held_there_where_it_takes_away(bed: Bed) -> None:
    for number in range(1, 13):
        bed.tv_account(number)
    await bed.full_pass()
    for target, package in (("cable", "basic"), ("box", "basic")):
        bed.reconfigure(platforms=ALL, catalog=[entry(target, 61, package)])
        for _ in range(3):
            await bed.full_pass()
            bed.world.advance(600)
        held = (await bed.status())["platforms"]["tv"]["held_plan"]
        assert held is not None
        assert held["destructive"] == 12
        assert len(have_service(bed)["tv"]) == len(have_service(bed)[target]) == 12


async def test_a_catalog_that_moves_a_few_takes_two_passes(bed: Bed) -> None:
    for number in range(1, 5):
        bed.tv_account(number)
    await bed.full_pass()
    bed.reconfigure(platforms=ALL, catalog=[entry("box", 61, "family")])
    await bed.full_pass()
    await bed.converge(1)
    served = have_service(bed)
    assert (served["tv"], len(served["box"])) == ([], 4)


async def test_whoever_cannot_be_served_on_ministra_keeps_what_he_has(bed: Bed) -> None:
    account = bed.tv_account(1)
    bed.billing.change("device", i_account=account, devices=["00:1A:79:00:00:01", "00:1A:79:00:00:02"])
    await bed.full_pass()
    bed.billing.change("product", i_account=account, i_product=65)
    await bed.converge()
    assert have_service(bed) == only("tv")
    assert "the account has 2 devices" in (await said(bed, "box"))[1]


@pytest.mark.parametrize("down", MAIN)
async def test_p13_a_platform_that_fails_leaves_the_writes_of_the_others_as_they_are(
    make_bed: Callable[..., Bed], down: str
) -> None:
    seen = []
    for is_down in (False, True):
        bed = make_bed(
            platforms=ALL,
            catalog=catalog("tv", "cable", "box"),
            store={"path": f"{down}-{is_down}.db"},
        )
        if is_down:
            faults(bed, down).add(Fault(operation="*", kind="status", status=503, count=None))
        accounts = [bed.tv_account(number, i_product=product) for number, product in enumerate(MAIN.values(), 1)]
        await bed.full_pass()
        for account in accounts:
            bed.billing.change("contact", i_account=account)
            await announced(bed, account)
            bed.billing.change("block", i_account=account)
        await bed.converge(1)
        seen.append({name: calls for name, calls in written(bed).items() if name != down})
    assert seen[0] == seen[1]


async def test_one_that_fails_does_not_delay_what_is_left_of_the_same_account_elsewhere(bed: Bed) -> None:
    account = bed.tv_account(1, i_product=65)
    bed.billing.change("addon_add", i_account=account, i_product=86)
    await bed.full_pass()
    faults(bed, "box").add(Fault(operation="*", kind="html", count=None))
    bed.billing.change("block", i_account=account)
    await announced(bed, account)
    assert have_service(bed) == only("box")
    assert user(bed).is_on
    faults(bed, "box").clear()
    await bed.converge(1)
    assert have_service(bed) == only()


class Keeping(MemoryDriver):
    """A platform that has no call to remove a record."""

    capabilities = Capabilities(can_delete=False)

    async def delete(self, observed: Observation) -> None:
        raise Unsupported(f"{self.name} removes nothing")


async def test_what_a_platform_cannot_delete_is_switched_off_and_then_held_with_a_sentence(
    make_bed: Callable[..., Bed],
) -> None:
    bed = make_bed()
    (installation,) = bed.application.installations
    (platform,) = installation.billing.platforms
    platform.driver = driver = Keeping("tv", bed.world, [Package("1", "basic")])
    account = bed.tv_account(1)
    await bed.full_pass()
    bed.billing.change("terminate", i_account=account)
    await bed.converge()
    assert [record.spec.enabled for record in driver.records.values()] == [False]
    assert driver.writes == 2, "made, and switched off"
    state, text = await said(bed, "tv", f"i_account:{account}")
    assert (state, "cannot delete records; set delete_enabled: false" in text) == ("held", True)
