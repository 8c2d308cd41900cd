"""Change windows: when they are open, in the operator's zone."""

from datetime import UTC, datetime

import pytest

from desired_state.windows import Window, Windows

MONDAY = datetime(2026, 3, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "day", "clock", "is_open"),
    [
        ("00:00-24:00", 9, "00:00", True),
        ("22:00-06:00", 9, "22:00", True),
        ("22:00-06:00", 9, "21:59", False),
        ("22:00-06:00", 10, "05:59", True),
        ("22:00-06:00", 10, "06:00", False),
        ("01:00-05:00", 9, "04:59", True),
        ("01:00-05:00", 9, "05:00", False),
        ("mon 22:00-06:00", 10, "03:00", True),
        ("mon 22:00-06:00", 9, "03:00", False),
        ("mon 22:00-06:00", 10, "23:00", False),
        ("sat,sun 00:00-24:00", 14, "12:00", True),
        ("sat,sun 00:00-24:00", 13, "12:00", False),
        ("fri-mon 10:00-11:00", 15, "10:30", True),
        ("fri-mon 10:00-11:00", 11, "10:30", False),
        ("mon-fri 10:00-24:00", 13, "23:59", True),
    ],
)
def test_a_window_is_open_from_its_begin_to_its_end(written: str, day: int, clock: str, is_open: bool) -> None:
    hours, minutes = clock.split(":")
    moment = MONDAY.replace(day=day, hour=int(hours), minute=int(minutes))
    assert Window.parse(written).is_open(moment) is is_open


@pytest.mark.parametrize(
    "written", ["", "22-06", "25:00-26:00", "10:00-10:00", "x 10:00-11:00", "mon-tue-wed 1:00-2:00"]
)
def test_what_is_no_window_is_told(written: str) -> None:
    with pytest.raises(ValueError, match=r"window|lasts no time|names a day"):
        Window.parse(written)


def test_windows_are_of_the_operators_clock() -> None:
    windows = Windows(("10:00-11:00",), "Asia/Kathmandu")
    assert windows.is_open(datetime(2026, 3, 9, 4, 20, tzinfo=UTC)), "5:45 ahead of UTC"
    assert not windows.is_open(datetime(2026, 3, 9, 10, 30, tzinfo=UTC))
    assert Windows().is_open(MONDAY), "without any, everything is open"
    assert str(windows) == "10:00-11:00 Asia/Kathmandu"
