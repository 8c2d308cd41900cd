"""Durations as people write them."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.config.durations import read, write


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0s", 0), ("90s", 90), ("10m", 600), ("24h", 86400), ("30d", 2592000), ("1h30m", 5400), (" 1d1s ", 86401)],
)
def test_a_duration_reads_as_written(text: str, seconds: int) -> None:
    assert read(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text", ["", "10", "m", "10 m", "-5m", "1.5h", "5m1h", "10ms", "P1D", "٣s", 10, None, True, []]
)
def test_anything_else_is_refused_with_an_example(text: object) -> None:
    with pytest.raises(ValueError, match="such as 90s, 10m, 24h or 30d"):
        read(text)


@pytest.mark.parametrize("text", ["3651d", "9" * 30 + "s", "9" * 5000 + "d"])
def test_more_than_ten_years_is_a_slip(text: str) -> None:
    with pytest.raises(ValueError, match="at most 3650d"):
        read(text)


@given(st.integers(min_value=0, max_value=3650 * 86400))
def test_what_is_written_reads_back(seconds: int) -> None:
    assert read(write(timedelta(seconds=seconds))) == timedelta(seconds=seconds)
