"""How much of the work may be repeats."""

from hypothesis import given
from hypothesis import strategies as st

from controller.retries import EARNED, IDLE, RESERVE, SOUND, Ending, Retries
from desired_state.subscriber import SubscriberKey

FAILED, SOUNDLY, NOTHING, PUT_OFF = Ending.FAILED, Ending.SOUND, Ending.IDLE, Ending.PUT_OFF
STEPS = st.tuples(st.booleans(), st.sampled_from(Ending), st.floats(0, 60))


def key(number: int) -> SubscriberKey:
    return SubscriberKey("tv", number)


def look(retries: Retries, number: int, ending: Ending, now: float) -> bool:
    """A routine look; says whether it was let through."""
    if not retries.admits(key(number), now):
        return False
    retries.ended(key(number), ending, now)
    return True


def exhausted(now: float = 0.0) -> Retries:
    """No token left, and account 1 has failed."""
    retries = Retries()
    look(retries, 1, FAILED, now)
    while look(retries, 1, FAILED, now):
        pass
    return retries


def test_who_has_not_failed_needs_no_token() -> None:
    retries = exhausted()
    assert all(look(retries, number, SOUNDLY, 0) for number in range(2, 50))


def test_the_reserve_is_for_a_few_repeats_at_once() -> None:
    retries = Retries()
    retries.remember([key(1)])
    assert [look(retries, 1, FAILED, 0) for _ in range(12)].count(True) == RESERVE


def test_ten_first_tries_earn_a_repeat() -> None:
    retries = exhausted()
    for number in range(10):
        assert not retries.admits(key(1), 0)
        look(retries, 100 + number, FAILED, 0)
    assert look(retries, 1, FAILED, 0)
    assert not look(retries, 1, FAILED, 0)


def test_at_rest_a_repeat_happens_now_and_then() -> None:
    retries, done = exhausted(), 0
    for second in range(600):
        done += look(retries, 1, FAILED, second)
    assert done == 600 / IDLE - 1


def test_an_urgent_repeat_never_waits_and_is_paid_for_by_later_ones() -> None:
    retries = exhausted()
    assert retries.admits(key(1), 0, is_urgent=True)
    retries.ended(key(1), FAILED, 0)
    for number in range(19):
        look(retries, 100 + number, FAILED, 0)
        assert not retries.admits(key(1), 0)
    look(retries, 200, FAILED, 0)
    assert look(retries, 1, FAILED, 0)


def test_a_look_that_made_no_call_earns_nothing_and_one_that_was_put_off_costs_nothing() -> None:
    retries = exhausted()
    for number in range(100):
        look(retries, 100 + number, NOTHING, 0)
    assert not retries.admits(key(1), 0)
    fresh = Retries()
    fresh.remember([key(1)])
    assert all(look(fresh, 1, PUT_OFF, 0) for _ in range(100))


def test_who_succeeded_is_no_repeat_any_more() -> None:
    retries = Retries()
    retries.remember([key(1)])
    assert [look(retries, 1, SOUNDLY, 0) for _ in range(100)].count(True) == 100


def test_p11_once_the_platform_is_well_everybody_who_failed_is_caught_up_with() -> None:
    retries, waiting = exhausted(), set(range(10_000))
    retries.remember(map(key, waiting))
    now = 0.0
    while waiting:
        waiting -= {number for number in list(waiting) if look(retries, number, SOUNDLY, now)}
        now += IDLE
    assert now <= (SOUND + 2) * IDLE


@given(st.lists(STEPS, max_size=300))
def test_p17_repeats_are_a_tenth_of_the_other_looks_and_the_reserve_at_most(
    steps: list[tuple[bool, Ending, float]],
) -> None:
    retries, now, others, repeats = exhausted(), 0.0, 0, 0
    for number, (is_repeat, ending, after) in enumerate(steps):
        now += after
        if not is_repeat:
            look(retries, 1000 + number, ending, now)
            others += ending in (FAILED, SOUNDLY)
        elif look(retries, 1, FAILED, now):  # a platform to which no repeat does any good
            repeats += 1
    assert repeats <= RESERVE + EARNED * others + now / IDLE


@given(st.lists(st.booleans(), min_size=100, max_size=200))
def test_p17_where_half_of_all_fail_repeats_stay_a_tenth_of_the_other_looks(fails: list[bool]) -> None:
    retries, repeats, failing, draws = Retries(), 0, list[int](), iter(fails)
    for number, has_failed in enumerate(draws):
        now = float(number)
        failed = has_failed or number % 5 == 0  # never well for long
        look(retries, number, FAILED if failed else SOUNDLY, now)
        failing += [number] if failed else []
        for each in failing[:2]:
            ending = FAILED if each % 2 else SOUNDLY
            if look(retries, each, ending, now):
                repeats += 1
                failing = [other for other in failing if other != each or ending is FAILED]
    assert repeats <= RESERVE + EARNED * len(fails)
