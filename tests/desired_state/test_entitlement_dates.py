"""Time: dates in the account's own zone, intervals of products, and the instant at which to look again."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from desired_state.account import AccountStatus, AssignedProduct
from desired_state.catalog import Service
from desired_state.entitlement import Presence, Rules
from tests.desired_state.builders import (
    BASIC,
    DAY,
    DETAILS,
    FINE,
    HOUR,
    NOW,
    SECOND,
    SPORT,
    decide,
    verdict,
    with_addons,
    with_details,
)

DAY_OF = [
    # zone, day, its first instant in UTC
    ("UTC", date(2026, 3, 12), datetime(2026, 3, 12, 0, tzinfo=UTC)),
    ("Europe/Prague", date(2026, 3, 12), datetime(2026, 3, 11, 23, tzinfo=UTC)),
    ("Europe/Prague", date(2026, 3, 30), datetime(2026, 3, 29, 22, tzinfo=UTC)),  # summer time since the day before
    ("Asia/Kathmandu", date(2026, 3, 12), datetime(2026, 3, 11, 18, 15, tzinfo=UTC)),
    ("Pacific/Kiritimati", date(2026, 3, 12), datetime(2026, 3, 11, 10, tzinfo=UTC)),
    ("Pacific/Niue", date(2026, 3, 12), datetime(2026, 3, 12, 11, tzinfo=UTC)),
    ("America/Santiago", date(2026, 9, 6), datetime(2026, 9, 6, 4, tzinfo=UTC)),  # midnight does not exist
    ("America/Havana", date(2026, 11, 1), datetime(2026, 11, 1, 4, tzinfo=UTC)),  # midnight comes twice
    # not known, or not a zone: UTC
    ("", date(2026, 3, 12), datetime(2026, 3, 12, 0, tzinfo=UTC)),
    ("Nowhere/Land", date(2026, 3, 12), datetime(2026, 3, 12, 0, tzinfo=UTC)),
    ("Europe", date(2026, 3, 12), datetime(2026, 3, 12, 0, tzinfo=UTC)),
    ("../etc/passwd", date(2026, 3, 12), datetime(2026, 3, 12, 0, tzinfo=UTC)),
]


@pytest.mark.parametrize(("zone", "day", "begin"), DAY_OF)
def test_an_account_begins_with_its_activation_day_where_it_lives(zone: str, day: date, begin: datetime) -> None:
    account = with_details(replace(FINE, activation_date=day), replace(DETAILS, time_zone=zone))

    assert verdict(account) == ("suspended", "not_yet_active")
    assert decide(account).valid_until == begin
    assert verdict(account, now=begin - SECOND) == ("suspended", "not_yet_active")
    assert verdict(account, now=begin) == ("active", "entitled")
    assert decide(account, now=begin).valid_until is None


@pytest.mark.parametrize(("zone", "day_after", "end"), DAY_OF)
def test_an_account_ends_with_its_expiration_day_where_it_lives(zone: str, day_after: date, end: datetime) -> None:
    account = with_details(replace(FINE, expiration_date=day_after - DAY), replace(DETAILS, time_zone=zone))

    assert decide(account).valid_until == end
    assert verdict(account, now=end - SECOND) == ("active", "entitled")
    assert verdict(account, now=end) == ("suspended", "expired")
    assert decide(account, now=end).valid_until is None


def test_instants_are_told_in_utc_wherever_the_account_lives() -> None:
    account = with_details(replace(FINE, activation_date=date(2026, 3, 12)), replace(DETAILS, time_zone="Asia/Tokyo"))
    valid_until = decide(account).valid_until

    assert valid_until is not None
    assert valid_until.tzinfo is UTC


def test_without_details_dates_are_those_of_utc() -> None:
    listed = replace(FINE, details=None, activation_date=date(2026, 3, 12))
    assert decide(listed).valid_until == datetime(2026, 3, 12, tzinfo=UTC)


@pytest.mark.parametrize("status", ["", "active", "customer_limited"])
def test_dates_count_whatever_the_status_tells(status: str) -> None:
    yesterday = NOW.date() - DAY
    assert verdict(replace(FINE, status=status, expiration_date=yesterday)) == ("suspended", "expired")


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Apia", "Pacific/Niue", "Europe/Prague"])
def test_the_ends_of_the_calendar_mean_always(zone: str) -> None:
    details = replace(DETAILS, time_zone=zone)
    account = with_details(replace(FINE, activation_date=date.min, expiration_date=date.max), details)

    assert verdict(account) == ("active", "entitled")
    assert decide(account).valid_until is None
    assert verdict(replace(account, expiration_date=date.min)) == ("suspended", "expired")
    assert verdict(replace(account, activation_date=date.max)) == ("suspended", "not_yet_active")
    last_day_but_one = decide(replace(account, expiration_date=date.max - DAY)).valid_until
    assert last_day_but_one is not None
    assert last_day_but_one.year == 9999


# --- products --------------------------------------------------------------------------------------------------------

BOTH, BASIC_ONLY = (Service("tv", ("basic", "sport"), 2),), (Service("tv", ("basic",), 2),)


@pytest.mark.parametrize(
    ("addon", "services", "valid_until"),
    [
        (replace(SPORT, effective_from=NOW), BOTH, None),
        (replace(SPORT, effective_from=NOW, effective_to=NOW + HOUR), BOTH, NOW + HOUR),
        (replace(SPORT, effective_to=NOW + SECOND), BOTH, NOW + SECOND),
        (replace(SPORT, effective_from=NOW + HOUR, effective_to=NOW + DAY), BASIC_ONLY, NOW + HOUR),
        (replace(SPORT, effective_to=NOW), BASIC_ONLY, None),
        (replace(SPORT, effective_from=NOW - DAY, effective_to=NOW - HOUR), BASIC_ONLY, None),
        (replace(SPORT, effective_to=datetime.max.replace(tzinfo=UTC)), BOTH, None),
    ],
)
def test_add_ons_count_only_while_effective(
    addon: AssignedProduct, services: tuple[Service, ...], valid_until: datetime | None
) -> None:
    decision = decide(with_addons(addon))
    assert (decision.services, decision.valid_until) == (services, valid_until)


def test_a_main_product_counts_only_while_effective() -> None:
    account = replace(FINE, product=replace(BASIC, effective_from=NOW + HOUR))
    assert (verdict(account), decide(account).valid_until) == (("dormant", "no_iptv_product"), NOW + HOUR)


def test_the_next_of_several_instants_is_the_one_to_wake_at() -> None:
    account = replace(
        with_addons(replace(SPORT, effective_from=NOW - HOUR, effective_to=NOW + 2 * HOUR)),
        expiration_date=NOW.date() + DAY,
    )
    assert decide(account).valid_until == NOW + 2 * HOUR
    assert decide(account, now=NOW + 2 * HOUR).valid_until == datetime(2026, 3, 12, tzinfo=UTC)


def test_a_hold_or_an_end_that_depends_on_time_is_looked_at_again() -> None:
    tomorrow = datetime(2026, 3, 11, tzinfo=UTC)
    waiting = replace(FINE, activation_date=tomorrow.date())

    for presence in (Presence.HOLD, Presence.ABSENT):
        rules = Rules(status={AccountStatus.NOT_YET_ACTIVE: presence})
        assert decide(waiting, rules).presence is presence
        assert decide(waiting, rules).valid_until == tomorrow
