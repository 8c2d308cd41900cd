"""The pace: never too many, never none, near what the target serves well, and back to the most when it can."""

from heapq import heappop, heappush
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from platforms.pace import ALONE, Pace

ANSWERS = st.tuples(st.sampled_from(["in time", "slow", "too many"]), st.floats(0.001, 5), st.floats(0, 2))


class Target:
    """A target with somebody who always has another request for it, in a time of its own.

    It serves `serves` requests at once, each in `seconds`; what is more waits (`queues`) or is told "too many".
    """

    def __init__(self, pace: Pace, serves: int, *, queues: bool, seconds: float = 0.2) -> None:
        self.pace, self.serves, self.queues, self.seconds = pace, serves, queues, seconds
        self.now = 0.0
        self.limits: list[int] = []
        self._ends: list[tuple[float, float, bool]] = []
        self._free_at = [0.0] * serves

    def run(self, answers: int) -> None:
        for _ in range(answers):
            while len(self._ends) < self.pace.limit:
                heappush(self._ends, self._begun())
            self.now, began, is_served = heappop(self._ends)
            if is_served:
                self.pace.answered("look", began, self.now)
            else:
                self.pace.overloaded(began, self.now)
            self.limits.append(self.pace.limit)

    def _begun(self) -> tuple[float, float, bool]:
        first = heappop(self._free_at)
        if first > self.now and not self.queues:
            heappush(self._free_at, first)
            return (self.now + 0.01, self.now, False)
        ends = max(first, self.now) + self.seconds
        heappush(self._free_at, ends)
        return (ends, self.now, True)


@given(most=st.integers(1, 100), answers=st.lists(ANSWERS, max_size=200))
def test_p17_it_is_never_above_the_most_and_never_below_one(most: int, answers: list[tuple[str, float, float]]) -> None:
    pace, now = Pace(most), 0.0
    for kind, seconds, pause in answers:
        began, now = now, now + seconds * (10 if kind == "slow" else 1)
        if kind == "too many":
            pace.overloaded(began, now)
        else:
            pace.answered("look", began, now)
        assert 1 <= pace.limit <= most
        now += pause


@given(most=st.integers(1, 64), signs=st.integers(0, 20))
def test_it_recovers_to_the_most_under_a_healthy_target(most: int, signs: int) -> None:
    pace = Pace(most)
    for number in range(signs):
        pace.overloaded(number, number)
    target = Target(pace, most, queues=True)
    target.run(60 * most)
    assert pace.limit == most


@pytest.mark.parametrize("queues", [True, False])
@pytest.mark.parametrize(("most", "serves"), [(8, 2), (16, 5), (32, 8), (64, 10), (64, 40)])
def test_it_settles_near_what_the_target_serves_at_once(most: int, serves: int, queues: bool) -> None:
    target = Target(Pace(most), serves, queues=queues)
    target.run(300 * most)
    settled = fmean(target.limits[100 * most :])
    assert serves / 2 <= settled <= 2 * serves, settled


def test_a_target_that_becomes_slower_for_good_is_measured_by_itself_again() -> None:
    target = Target(Pace(8), 8, queues=True)
    target.run(1000)
    target.seconds = 1.0
    target.run(200)
    assert min(target.limits[-200:]) < 8
    target.run(2000)
    assert set(target.limits[-500:]) == {8}


@pytest.mark.parametrize("most", [4, 16, 64])
def test_a_target_that_becomes_ten_times_slower_is_soon_asked_by_as_many_as_before(most: int) -> None:
    target = Target(Pace(most), most, queues=True, seconds=0.02)
    target.run(100 * most)
    target.seconds = 0.2
    slow_since = target.now
    while target.pace.limit == most and target.now < slow_since + 10:
        target.run(1)
    while target.pace.limit < most and target.now < slow_since + 100:
        target.run(1)
    assert target.now - slow_since < 8, "not minutes"


def test_a_few_slow_answers_to_one_who_asks_alone_do_not_pass_for_the_norm() -> None:
    pace = Pace(1)
    for number in range(100):
        pace.answered("look", number, number + (0.02 if number % ALONE else 0.5))
    for number in range(100, 120):
        pace.answered("look", number, number + 0.02)
    assert pace._norms["look"].quickest < 0.1


def test_a_slow_operation_is_no_sign_of_too_much_beside_a_quick_one() -> None:
    pace = Pace(8)
    for number in range(100):
        pace.answered("quick", number, number + 0.05)
        pace.answered("slow", number, number + 5)
    assert pace.limit == 8


def test_one_slow_answer_is_no_sign_of_too_much() -> None:
    pace = Pace(8)
    for number in range(100):
        pace.answered("look", number, number + (0.2 if number % 20 else 0.4))
    assert pace.limit == 8


def test_signs_of_requests_that_began_before_a_halving_say_nothing_about_the_number_after_it() -> None:
    pace = Pace(16)
    for _ in range(16):
        pace.overloaded(0, 1)
    assert pace.limit == 8
