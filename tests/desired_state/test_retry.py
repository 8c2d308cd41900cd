"""How long to wait: the arithmetic of backing off."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desired_state.retry import FIRST, LONGEST, PARKED, backoff

DRAWS = st.floats(0, 1, exclude_max=True)
ASKED = st.timedeltas(timedelta(0), timedelta(days=1))


@pytest.mark.parametrize(
    ("failures", "ceiling"),
    [(-1, 5), (0, 5), (1, 5), (2, 10), (3, 20), (4, 40), (9, 1280), (10, 1800), (22, 1800), (10**9, 1800)],
)
def test_the_ceiling_doubles_from_five_seconds_to_half_an_hour(failures: int, ceiling: int) -> None:
    assert backoff(failures, 1.0) == timedelta(seconds=ceiling)
    assert backoff(failures, 0.5) == timedelta(seconds=ceiling / 2)
    assert backoff(failures, 0.0) == timedelta(0)


def test_what_the_other_side_asks_for_comes_first_and_jitter_on_top() -> None:
    minute = timedelta(minutes=1)
    assert backoff(2, 0.5, minute) == minute + timedelta(seconds=5)


@given(st.integers(), DRAWS, ASKED)
def test_a_delay_is_never_less_than_asked_and_never_beyond_the_longest(
    failures: int, draw: float, asked: timedelta
) -> None:
    assert asked <= backoff(failures, draw, asked) <= asked + LONGEST


@given(st.integers(0, 60), DRAWS)
def test_a_further_failure_never_shortens_the_wait(failures: int, draw: float) -> None:
    assert backoff(failures, draw) <= backoff(failures + 1, draw)


def test_a_parked_subscriber_is_tried_again_after_a_day() -> None:
    assert FIRST < LONGEST < PARKED == timedelta(hours=24)
