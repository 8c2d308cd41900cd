"""Money, where billing's computed status does not tell (PortaBilling contract, 2.2: available funds)."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from desired_state.account import Account, BillingModel
from desired_state.entitlement import Rules, lacks_funds
from tests.desired_state.builders import DAY, DETAILS, FINE, HOUR, NOW, SECOND, decide, verdict, with_details

DEBIT, CREDIT, BENEFICIARY = BillingModel.DEBIT, BillingModel.CREDIT, BillingModel.BENEFICIARY
NO_FUNDS_STATUSES = [
    "overdraft",
    "zero_balance",
    "credit_exceeded",
    "customer_has_no_available_funds",
    "customer_credit_exceed",
]


@pytest.mark.parametrize(
    ("model", "balance", "limit", "subordinate", "reason"),
    [
        # a debit account has its balance left
        (DEBIT, "0.00001", None, False, "entitled"),
        (DEBIT, "0", None, False, "zero_balance"),
        (DEBIT, "-3", None, False, "zero_balance"),
        (DEBIT, "-3", "10", False, "zero_balance"),
        (DEBIT, None, None, False, "entitled"),
        # a credit account has limit - balance left; no limit means no limit
        (CREDIT, "9.99999", "10", False, "entitled"),
        (CREDIT, "10", "10", False, "credit_exceeded"),
        (CREDIT, "11", "10", False, "credit_exceeded"),
        (CREDIT, "0", "0", False, "credit_exceeded"),
        (CREDIT, "1000", None, False, "entitled"),
        (CREDIT, None, "10", False, "entitled"),
        # the customer's balance rules
        (DEBIT, "-3", None, True, "entitled"),
        (CREDIT, "11", "10", True, "entitled"),
        # the sponsor's balance rules
        (BENEFICIARY, "0", "0", False, "entitled"),
        (BENEFICIARY, "5", "1", False, "entitled"),
    ],
)
def test_funds_by_billing_model_and_balance_control(
    model: BillingModel, balance: str | None, limit: str | None, subordinate: bool, reason: str
) -> None:
    account = replace(
        FINE,
        billing_model=model,
        balance=Decimal(balance) if balance is not None else None,
        credit_limit=Decimal(limit) if limit is not None else None,
        subordinate=subordinate,
    )

    assert verdict(account) == ("active" if reason == "entitled" else "suspended", reason)
    assert lacks_funds(account) is (reason != "entitled")


BROKE = replace(FINE, billing_model=DEBIT, balance=Decimal(0))


@pytest.mark.parametrize("status", ["ok", "active", "customer_limited", "frozen"])
def test_a_status_is_trusted_rather_than_the_balance(status: str) -> None:
    assert verdict(replace(BROKE, status=status))[0] == "active"
    assert not lacks_funds(replace(BROKE, status=status))


@pytest.mark.parametrize("status", NO_FUNDS_STATUSES)
def test_statuses_that_speak_of_money(status: str) -> None:
    assert lacks_funds(replace(FINE, status=status))


@pytest.mark.parametrize("status", ["blocked", "suspended", "expired", "closed", "reseller_blocked"])
def test_other_statuses_do_not_speak_of_money(status: str) -> None:
    assert not lacks_funds(replace(BROKE, status=status))


GRACE = Rules(no_funds_grace=2 * DAY)


@pytest.mark.parametrize("account", [BROKE, *(replace(FINE, status=status) for status in NO_FUNDS_STATUSES)])
def test_service_goes_on_for_the_grace_period_and_ends_with_it(account: Account) -> None:
    since = replace(account, no_funds_since=NOW - DAY)
    end = NOW + DAY

    assert verdict(since, GRACE) == ("active", "entitled")
    assert decide(since, GRACE).valid_until == end
    assert verdict(since, GRACE, end - SECOND) == ("active", "entitled")
    assert verdict(since, GRACE, end)[0] == "suspended"
    assert decide(since, GRACE, end).valid_until is None


def test_no_grace_without_a_rule_or_without_knowing_since_when() -> None:
    assert verdict(replace(BROKE, no_funds_since=NOW - SECOND)) == ("suspended", "zero_balance")
    assert verdict(BROKE, GRACE) == ("suspended", "zero_balance")
    assert decide(BROKE, GRACE).valid_until is None


def test_grace_is_about_money_only() -> None:
    spent = replace(BROKE, no_funds_since=NOW - HOUR)

    assert verdict(replace(spent, blocked=True), GRACE) == ("suspended", "blocked")
    assert verdict(replace(spent, status="suspended"), GRACE) == ("suspended", "suspended")
    assert verdict(replace(spent, status="expired"), GRACE) == ("suspended", "expired")
    assert verdict(replace(spent, bill_status="C"), GRACE) == ("absent", "closed")
    assert decide(replace(FINE, no_funds_since=NOW - HOUR), GRACE).valid_until is None


@pytest.mark.parametrize("status", ["", "zero_balance"])
def test_grace_does_not_hide_that_the_customer_is_blocked(status: str) -> None:
    blocked = with_details(BROKE, replace(DETAILS, customer_blocked=True))
    account = replace(blocked, status=status, no_funds_since=NOW - HOUR)

    assert verdict(account, GRACE) == ("suspended", "customer_blocked")


@pytest.mark.parametrize("grace", [timedelta(seconds=-1), timedelta.max])
def test_a_grace_period_is_between_nothing_and_ten_years(grace: timedelta) -> None:
    with pytest.raises(ValueError, match="no_funds_grace"):
        Rules(no_funds_grace=grace)
    assert Rules(no_funds_grace=timedelta(days=3650)).no_funds_grace == timedelta(days=3650)
