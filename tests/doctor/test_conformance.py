"""Trying a platform out: the suite's verdicts as the doctor's lines."""

from controller.doctor.conformance import examine_conformance
from desired_state.subscriber import Owner
from platforms.conformance import CHECKS
from tests.clocks import VirtualClock, draws
from tests.conformance.broken import LeavesTheRecord, Sound
from tests.doctor.helpers import FAIL, OK, levels, text_of


class World(VirtualClock):
    """Virtual time, and chance that repeats."""

    def __init__(self) -> None:
        super().__init__()
        self.draw = draws()

    def request_id(self) -> str:
        return "not asked for"


async def test_a_driver_that_conforms_has_a_good_line_for_each_check() -> None:
    world, told = World(), list[str]()
    driver = Sound(world)

    checks = await examine_conformance(driver, 3, world, told.append)

    assert {(check.target, check.level) for check in checks} == {("tv", OK)}
    assert {check.name for check in CHECKS} < {check.name for check in checks}
    assert (driver.records, told) == ({}, [])


async def test_a_check_that_fails_is_a_failing_line_and_records_left_are_told_beside_it() -> None:
    world, told = World(), list[str]()

    checks = await examine_conformance(LeavesTheRecord(world), 3, world, told.append)

    assert levels(checks, "a deleted record is gone, and deleting it again succeeds") == [FAIL]
    assert told
    assert all(text in text_of(checks, FAIL, "every record that was made here is removed") for text in told)


async def test_records_are_marked_with_the_environment_of_the_platforms_billing() -> None:
    world = World()
    driver = LeavesTheRecord(world)

    await examine_conformance(driver, 17, world, lambda _: None)

    owners = {Owner.of(record.spec.note) for record in driver.records.values()} - {None}
    assert {owner.i_env for owner in owners if owner} == {17}
