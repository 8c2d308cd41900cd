"""What a leader may do, and until when: arithmetic on one clock."""

import pytest

from controller.leadership.mandate import Mandate
from controller.leadership.timing import Timing, shortest_duration
from controller.store import Fence, NotLeading

TIMING = Timing(duration=60, renew=5, longest_call=10)


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def mandate(clock: Clock) -> Mandate:
    made = Mandate(Fence("uid-1", 7, "one"), TIMING, clock)
    made.prolong(clock.now)
    return made


def test_a_tenth_of_the_lease_is_left_for_ending(mandate: Mandate, clock: Clock) -> None:
    assert mandate.left() == 54
    clock.now += 54
    assert mandate.left() == 0


def test_p07_no_call_begins_with_less_left_than_it_may_take(mandate: Mandate, clock: Clock) -> None:
    clock.now += 44
    assert mandate.refusal(10) is None
    mandate.require()
    clock.now += 0.001
    assert mandate.refusal(10) == "nothing is sent: of the lease 10.0 s are left, and a call may take 10 s"
    assert mandate.refusal(9) is None
    with pytest.raises(NotLeading):
        mandate.require()


def test_a_renewal_counts_from_its_beginning_and_never_shortens(mandate: Mandate, clock: Clock) -> None:
    clock.now += 7
    mandate.prolong(1005.0)
    assert mandate.left() == 52
    mandate.prolong(1001.0)
    assert mandate.left() == 52


def test_p07_a_lease_is_long_enough_where_every_call_may_begin_at_any_time() -> None:
    assert shortest_duration(renew=5, call=30) == 45
    assert shortest_duration(renew=5, call=10) == 23


def test_the_lease_tells_whole_seconds_and_never_too_few() -> None:
    assert Timing(duration=4.2, renew=1, longest_call=1).told == 5
