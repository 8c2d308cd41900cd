"""Scalars as section 1.4 of the contract describes them."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.billing import values
from controller.billing.values import Unreadable


@pytest.mark.parametrize("nothing", [None, "", "  "])
def test_missing_null_and_empty_text_are_all_not_set(nothing: object) -> None:
    assert values.whole("x", nothing) is None
    assert values.money("x", nothing) is None
    assert values.day("x", nothing) is None
    assert values.instant("x", nothing) is None
    assert values.flag("x", nothing) is False


@given(st.integers(-(2**63) + 1, 2**63 - 1))
def test_whole_numbers_come_as_numbers_or_text(number: int) -> None:
    assert values.whole("x", number) == values.whole("x", str(number)) == values.whole("x", f" {number} ") == number


@pytest.mark.parametrize("bad", ["abc", "1.5", Decimal("1.5"), True, [], {}, "NaN", str(2**63), "1e400"])
def test_what_is_no_whole_number_is_refused(bad: object) -> None:
    with pytest.raises(Unreadable, match=r"field 'x' is .* not a"):
        values.whole("x", bad)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=5))
def test_money_keeps_every_digit_as_written(amount: Decimal) -> None:
    assert values.money("x", str(amount)) == amount
    assert values.money("x", amount) == amount


@pytest.mark.parametrize("bad", ["NaN", "Infinity", "-inf", "12,50", "1 EUR", False, [1]])
def test_what_is_no_amount_is_refused(bad: object) -> None:
    with pytest.raises(Unreadable):
        values.money("balance", bad)


@pytest.mark.parametrize("yes", ["Y", "y", "1", 1, True, "true", " Y "])
@pytest.mark.parametrize("no", ["N", "n", "0", 0, False, "false"])
def test_flags_come_as_letters_numbers_and_booleans(yes: object, no: object) -> None:
    assert values.flag("blocked", yes) is True
    assert values.flag("blocked", no) is False


@pytest.mark.parametrize("bad", ["maybe", 2, [], {}, "~"])
def test_a_flag_that_is_neither_yes_nor_no_is_refused(bad: object) -> None:
    with pytest.raises(Unreadable):
        values.flag("blocked", bad)


@given(st.dates())
def test_days_are_read_with_and_without_a_time_of_day(day: date) -> None:
    written = day.isoformat()
    assert (
        values.day("x", written) == values.day("x", f"{written} 00:00:00") == values.day("x", f"{written}T12:00") == day
    )


@pytest.mark.parametrize("bad", ["2025-02-30", "0000-00-00", "02.11.2025", "20251102", 20251102, "soon", True, []])
def test_a_wrong_date_is_never_guessed(bad: object) -> None:
    with pytest.raises(Unreadable, match="not a date"):
        values.day("expiration_date", bad)


@given(st.datetimes().filter(lambda moment: moment.year >= 1000))
def test_date_times_are_utc(moment: datetime) -> None:
    whole_seconds = moment.replace(microsecond=0, tzinfo=UTC)
    assert values.instant("x", moment.strftime("%Y-%m-%d %H:%M:%S")) == whole_seconds
    assert values.instant("x", moment.strftime("%Y-%m-%dT%H:%M:%S")) == whole_seconds
    assert values.instant("x", moment.isoformat() + "Z") == moment.replace(tzinfo=UTC)


def test_an_offset_is_respected() -> None:
    assert values.instant("x", "2026-03-01T10:00:06.10+01:00") == datetime(2026, 3, 1, 9, 0, 6, 100000, UTC)


def test_a_bare_date_begins_at_its_start_and_ends_at_its_end() -> None:
    assert values.instant("x", "2026-03-01") == datetime(2026, 3, 1, tzinfo=UTC)
    assert values.instant("x", "2026-03-01", ends=True) == datetime(2026, 3, 2, tzinfo=UTC)
    assert values.instant("x", "2026-03-01 10:00:00", ends=True) == datetime(2026, 3, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "begins", "ends"),
    [
        ("Europe/Prague", datetime(2026, 3, 28, 23, tzinfo=UTC), datetime(2026, 3, 29, 22, tzinfo=UTC)),  # 23 hours
        ("Pacific/Kiritimati", datetime(2026, 3, 28, 10, tzinfo=UTC), datetime(2026, 3, 29, 10, tzinfo=UTC)),
        ("Etc/GMT+12", datetime(2026, 3, 29, 12, tzinfo=UTC), datetime(2026, 3, 30, 12, tzinfo=UTC)),
        ("Nowhere/Land", datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 3, 30, tzinfo=UTC)),
    ],
)
def test_a_bare_date_is_a_day_of_the_zone_and_a_date_time_is_not(zone: str, begins: datetime, ends: datetime) -> None:
    assert values.instant("x", "2026-03-29", zone=zone) == begins
    assert values.instant("x", "2026-03-29", zone=zone, ends=True) == ends
    assert values.instant("x", "2026-03-29 10:00:00", zone=zone, ends=True) == datetime(2026, 3, 29, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    "bad", ["2026-02-30 10:00:00", "2026-01-01 25:00:00", "0001-01-01T00:00:00+05:00", "yesterday", 5, "10:00:00", []]
)
def test_a_wrong_date_time_is_never_guessed(bad: object) -> None:
    with pytest.raises(Unreadable, match="not a date-time"):
        values.instant("addon_effective_to", bad)


def test_the_end_of_the_calendar_does_not_overflow() -> None:
    with pytest.raises(Unreadable):
        values.instant("x", "9999-12-31", ends=True)
    with pytest.raises(Unreadable):
        values.instant("x", "0001-01-01", zone="Asia/Tokyo")


def test_texts_are_never_quoted_but_other_values_are_shortened() -> None:
    with pytest.raises(Unreadable) as text_error:
        values.text("firstname", {"canary": "personal"})
    assert "canary" not in text_error.value.text
    with pytest.raises(Unreadable) as date_error:
        values.day("expiration_date", "x" * 200)
    assert len(date_error.value.text) < 120
    assert date_error.value.field == "expiration_date"


@pytest.mark.parametrize(("given", "expected"), [(None, ""), ("", ""), ("a", "a"), (5, "5"), (Decimal("1.50"), "1.50")])
def test_a_number_where_a_text_should_be_is_its_digits(given: object, expected: str) -> None:
    assert values.text("x", given) == expected
