"""P7: of two replicas one leads at a time, whatever happens to the API server, the network and the processes."""

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from platforms.simulation import Fault
from tests.leadership.replicas import LEASE, NAMESPACE, TIMING, Replica, Replicas, replicas


@pytest.fixture
async def two(tmp_path: Path) -> AsyncIterator[Replicas]:
    async with replicas(tmp_path) as made:
        await made.settle()
        yield made


async def test_p07_one_of_two_leads_and_goes_on_leading(two: Replicas) -> None:
    first = two.leader
    await two.world.sleep(200)
    assert two.leader is first
    assert not two.wrongs
    assert len(two.terms) == 1


async def test_p07_what_was_never_there_is_made_only_when_nobody_can_have_had_it(tmp_path: Path) -> None:
    async with replicas(tmp_path) as made:
        await made.world.sleep(TIMING.duration)
        assert not made.leading
        await made.world.sleep(2 * TIMING.pause)
        assert made.leader


async def test_p07_one_that_ends_in_order_is_followed_at_once(two: Replicas) -> None:
    first, ended_at = two.leader, two.world.monotonic()
    await two.end(first)
    while not two.leading:
        await two.world.sleep(0.05)
    assert two.world.monotonic() - ended_at < TIMING.longest_call + 2 * TIMING.pause
    assert not two.wrongs


async def test_p07_one_that_was_killed_is_followed_when_its_lease_has_run_out(two: Replicas) -> None:
    killed_at = two.world.monotonic()
    await two.kill(two.leader)
    await two.world.sleep(TIMING.duration - TIMING.renew - 0.1)
    assert not two.leading
    while not two.leading:
        await two.world.sleep(0.05)
    assert two.world.monotonic() - killed_at < TIMING.duration + 2 * TIMING.pause


async def test_p07_a_container_that_starts_anew_is_another_holder(two: Replicas) -> None:
    await two.kill(two.leader)
    two.start()
    await two.settle()
    assert len(two.terms) == 2


async def test_p07_one_that_was_stopped_makes_no_call_when_it_goes_on(two: Replicas) -> None:
    stopped = two.leader
    stopped.process.stop()
    await two.world.sleep(2 * TIMING.duration)
    other = (
        two.standby
        if two.leading.get(stopped.name) is None
        else next(each for each in two.leading.values() if each is not stopped)
    )
    made = [call for call in two.calls if call.who == stopped.name]
    stopped.process.go_on()
    await two.settle()
    assert [call for call in two.calls if call.who == stopped.name] == made
    assert two.leader is other


async def test_p07_every_term_has_a_higher_number(two: Replicas) -> None:
    for _ in range(3):
        await two.kill(two.leader)
        two.start()
        await two.settle()
    assert two.terms == sorted(set(two.terms))
    assert [term for _, term in two.terms] == [1, 2, 3, 4]


async def test_p07_a_lease_that_is_deleted_under_its_holder_is_not_made_anew_before_that_one_can_have_ended(
    two: Replicas,
) -> None:
    two.leader.process.cut()  # it cannot know
    two.server.delete(NAMESPACE, LEASE)
    deleted_at = two.world.monotonic()
    while len(two.terms) < 2:
        await two.world.sleep(0.05)
    assert two.world.monotonic() - deleted_at >= TIMING.usable
    assert not two.wrongs
    assert two.terms[1][0] != two.terms[0][0], "another lease"


async def test_p07_a_lease_that_a_person_gives_to_another_is_let_go_of_at_once(two: Replicas) -> None:
    lease = await two.leader.leases.get()
    assert lease is not None
    await two.leader.leases.replace(replace(lease, holder="somebody"))
    await two.world.sleep(TIMING.renew + TIMING.pause)
    assert not two.leading
    await two.world.sleep(TIMING.duration - 2 * TIMING.renew)
    assert not two.leading, "whoever it is may count on the whole duration"
    await two.settle()


async def test_p07_the_wall_clock_means_nothing(two: Replicas) -> None:
    first = two.leader
    for seconds in (3600, -7200, 86400):
        two.standby.process.set_clock(seconds)
        await two.world.sleep(30)
        two.leader.process.set_clock(-seconds)
        await two.world.sleep(30)
    two.world.jump(timedelta(days=-3))
    await two.settle()
    assert two.leader is first


async def test_p07_an_outage_shorter_than_the_lease_is_nobodys_business(two: Replicas) -> None:
    first = two.leader
    for state in ("frozen", "dead"):
        two.server.set_state(state)
        await two.world.sleep(TIMING.usable - TIMING.longest_call - 2 * TIMING.renew)
        two.server.set_state("up")
        await two.world.sleep(20)
    assert two.leader is first
    assert len(two.terms) == 1


async def test_p07_a_longer_one_ends_the_work_before_the_lease_can_be_anothers(two: Replicas) -> None:
    for state in ("frozen", "dead"):
        two.server.set_state(state)
        await two.world.sleep(TIMING.usable)
        assert not two.leading
        await two.world.sleep(100)
        assert not two.leading
        two.server.set_state("up")
        await two.settle()


async def test_p07_what_a_slow_answer_takes_is_off_the_holders_time(two: Replicas) -> None:
    """Written at once, answered late: the others have begun to wait before the holder knows that it has the lease."""
    late = 1.9
    two.server.stage.faults.add(Fault(kind="delay", seconds=late, operation="leases.update", count=None))
    await two.world.sleep(2 * TIMING.renew)
    for _ in range(100):
        await two.world.sleep(0.1)
        assert two.leader.left() <= TIMING.usable - late
    await two.kill(two.leader)
    while not two.leading:
        await two.world.sleep(0.01)
    assert two.leader.left() <= TIMING.usable - late


async def test_p07_a_refused_account_says_so_once_and_goes_on_trying(
    two: Replicas, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    for status in (401, 403):
        two.server.stage.faults.add(Fault(kind="status", status=status, count=None))
        await two.world.sleep(60)
        assert not two.leading
        two.server.stage.faults.clear()
        await two.settle()
        said = (
            capsys.readouterr().out + caplog.text
        )  # where it goes depends on whether a test before this one set it up
        caplog.clear()
        assert 0 < said.count(f"HTTP {status}: the service account needs get, create and update on leases") <= 4


Befall = Callable[[Replicas, Replica], None]


def ordered(fault: Fault) -> Befall:
    """That fault, at the API server."""
    return lambda all_, _: all_.server.stage.faults.add(fault)


def statuses() -> Iterator[tuple[str, Fault]]:
    for status in (401, 403, 409, 429, 500, 503):
        for operation in ("leases.get", "leases.update", "leases.*"):
            yield f"{status} on {operation}", Fault(kind="status", status=status, operation=operation, count=3)


def spoilt() -> Iterator[tuple[str, Fault]]:
    for operation in ("leases.get", "leases.update"):
        yield f"lost answer of {operation}", Fault(kind="lost_answer", operation=operation, count=2)
        yield f"truncated answer of {operation}", Fault(kind="truncated", operation=operation, count=2)
        yield f"a page instead of {operation}", Fault(kind="html", operation=operation, count=2)
    for seconds in (0.5, 3, 9, 15):
        yield f"answers late by {seconds} s", Fault(kind="delay", seconds=seconds, count=5)


FAULTS: dict[str, Befall] = {
    **{name: ordered(fault) for name, fault in (*statuses(), *spoilt())},
    "freezes": lambda all_, _: all_.server.set_state("frozen"),
    "dies": lambda all_, _: all_.server.set_state("dead"),
    "the lease is deleted": lambda all_, _: all_.server.delete(NAMESPACE, LEASE),
    "the process is stopped": lambda _, one: one.process.stop(),
    "its line is cut": lambda _, one: one.process.cut(),
    "its clock is set": lambda _, one: one.process.set_clock(3600),
}


def heal(all_: Replicas) -> None:
    """No fault is left, except in what came of them."""
    all_.server.stage.faults.clear()
    all_.server.set_state("up")
    for each in all_.members:
        each.process.join()
        each.process.go_on()


@pytest.mark.long
@pytest.mark.parametrize("fault", FAULTS)
async def test_p07_each_fault_of_either_replica_at_each_crossing(two: Replicas, fault: str) -> None:
    """Begun at instants spread over the time between two renewals; it lasts for shorter or longer than the lease."""
    for number in range(8):
        one = two.leader if number % 2 else two.standby
        await two.world.sleep(TIMING.renew * number / 8)
        FAULTS[fault](two, one)
        await two.world.sleep((4, 25)[number // 4])
        heal(two)
        await two.settle()


@dataclass(frozen=True, slots=True)
class Step:
    """A fault that one of them meets, for how long, whether it heals then, and what else befalls that one."""

    fault: str
    member: int
    seconds: float
    heals: bool
    end: str


STEPS = st.builds(
    Step,
    st.sampled_from(sorted(FAULTS)),
    st.integers(0, 1),
    st.floats(0.05, 14),
    st.booleans(),
    st.sampled_from(["killed", "ended", "", "", ""]),
)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, max_size=6), count=st.integers(2, 3))
async def test_p07_any_history_of_faults(tmp_path: Path, steps: list[Step], count: int) -> None:
    async with replicas(tmp_path, count) as all_:
        await all_.settle()
        for step in steps:
            one = all_.members[step.member]
            FAULTS[step.fault](all_, one)
            if step.end == "killed":
                await all_.kill(one)
                all_.start()
            elif step.end == "ended" and not one.process.is_stopped:
                await all_.end(one)
                all_.start()
            await all_.world.sleep(step.seconds)
            if step.heals:
                heal(all_)
            assert not all_.wrongs, all_.wrongs
        heal(all_)
        await all_.settle()
