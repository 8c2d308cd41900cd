"""Asking a platform: what it offers, and whose records it holds."""

from collections.abc import AsyncIterator, Sequence

from controller.doctor.platform import PlatformTarget, examine_platform
from desired_state.catalog import CatalogEntry, Package, ProductMatch
from desired_state.subscriber import Owner, SubscriberSpec
from platforms.driver import PlatformError, Transient, Unavailable
from platforms.listing import Listed
from platforms.memory import MemoryDriver
from tests.clocks import VirtualClock
from tests.doctor.helpers import FAIL, OK, WARN, levels, text_of

BASIC = Package("1", "basic", "Basic")


class Broken(MemoryDriver):
    """A platform that fails at one of its two questions."""

    def __init__(self, *, at_packages: PlatformError | None = None, at_list: PlatformError | None = None) -> None:
        super().__init__("tv", VirtualClock(), [BASIC])
        self._at_packages, self._at_list = at_packages, at_list

    async def packages(self) -> tuple[Package, ...]:
        if self._at_packages:
            raise self._at_packages
        return await super().packages()

    async def list(self) -> AsyncIterator[Sequence[Listed]]:
        async for record in super().list():
            yield record
        if self._at_list:
            raise self._at_list


def target(driver: MemoryDriver, *packages: str) -> PlatformTarget:
    return PlatformTarget(
        driver, (CatalogEntry(product=ProductMatch(i_product=61), platform="tv", packages=packages),), 3
    )


def platform() -> MemoryDriver:
    return MemoryDriver("tv", VirtualClock(), [BASIC])


async def test_a_good_platform_has_nothing_but_good_lines() -> None:
    driver = platform()

    checks = await examine_platform(target(driver, "basic"))

    assert [(check.name, check.level) for check in checks] == [("connection", OK), ("packages", OK), ("records", OK)]
    assert driver.writes == 0


async def test_records_are_counted_by_their_owners() -> None:
    driver = platform()
    for number, note in enumerate(("", Owner(3, 1).note, Owner(3, 2).note, Owner(4, 1).note)):
        await driver.create(f"canary{number}", SubscriberSpec(enabled=True, note=note))

    checks = await examine_platform(target(driver))

    assert text_of(checks, OK, "records").startswith(
        "it holds 4 records: 1 foreign, 1 marked for environment 4, 2 ours"
    )
    assert "canary" not in repr(checks)


async def test_a_package_that_is_not_offered_fails() -> None:
    checks = await examine_platform(target(platform(), "basic", "gone"))

    assert levels(checks, "packages") == [FAIL, OK]


async def test_a_platform_that_refuses_us_leaves_out_the_rest_and_says_so() -> None:
    checks = await examine_platform(target(Broken(at_packages=Unavailable("tv does not accept our key")), "basic"))

    assert [(check.name, check.level) for check in checks] == [("connection", FAIL), ("connection", WARN)]
    assert checks[0].text == "tv does not accept our key"


async def test_a_list_that_breaks_off_fails_and_counts_nothing() -> None:
    checks = await examine_platform(target(Broken(at_list=Transient("tv gave no answer")), "basic"))

    assert "tv gave no answer" in text_of(checks, FAIL, "records")
    assert levels(checks, "packages") == [OK]
