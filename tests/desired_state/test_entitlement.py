"""What an account is entitled to: the status table and its order.

The table is copied by hand from the PortaBilling contract, section 2.2; nothing of it is derived from the code.
"""

from dataclasses import replace
from decimal import Decimal

import pytest

from desired_state.account import AccountDetails, AccountStatus, AssignedProduct, BillingModel
from desired_state.catalog import Service
from desired_state.entitlement import Presence, Rules
from tests.desired_state.builders import (
    BASIC,
    DETAILS,
    FINE,
    INTERNET,
    NOW,
    SPORT,
    decide,
    verdict,
    with_addons,
    with_details,
)

STATUS_TABLE = [
    # status,                          presence,    reason
    ("", "active", "entitled"),
    ("ok", "active", "entitled"),
    ("active", "active", "entitled"),
    ("blocked", "suspended", "blocked"),
    ("customer_blocked", "suspended", "customer_blocked"),
    ("suspended", "suspended", "suspended"),
    ("customer_suspended", "suspended", "customer_suspended"),
    ("customer_suspension_delayed", "active", "customer_suspension_delayed"),
    ("customer_limiting_delayed", "active", "customer_limiting_delayed"),
    ("customer_limited", "active", "customer_limited"),
    ("customer_provisionally_terminated", "suspended", "customer_provisionally_terminated"),
    ("overdraft", "suspended", "overdraft"),
    ("zero_balance", "suspended", "zero_balance"),
    ("credit_exceeded", "suspended", "credit_exceeded"),
    ("customer_has_no_available_funds", "suspended", "customer_has_no_available_funds"),
    ("customer_credit_exceed", "suspended", "customer_credit_exceed"),
    ("expired", "suspended", "expired"),
    ("not_yet_active", "suspended", "not_yet_active"),
    ("inactive", "suspended", "inactive"),
    ("frozen", "active", "frozen"),
    ("screening", "active", "screening"),
    ("quarantine", "active", "quarantine"),
    ("closed", "absent", "closed"),
    ("customer_exported", "hold", "customer_exported"),
    # not in the contract's table: keep the last state and say so
    ("reseller_blocked", "hold", "unknown_status"),
    ("billing_paused", "hold", "unknown_status"),
    ("unknown_bill_status", "hold", "unknown_status"),
]


@pytest.mark.parametrize(("status", "presence", "reason"), STATUS_TABLE)
def test_default_status_table(status: str, presence: str, reason: str) -> None:
    assert verdict(replace(FINE, status=status)) == (presence, reason)


def test_the_table_above_names_every_status_we_know() -> None:
    assert {status for status, _, _ in STATUS_TABLE} >= {status.value for status in AccountStatus}


@pytest.mark.parametrize(
    ("bill_status", "presence", "reason"),
    [
        ("O", "active", "entitled"),
        ("S", "suspended", "suspended"),
        ("I", "suspended", "inactive"),
        ("C", "absent", "closed"),
        ("", "hold", "unknown_bill_status"),
        ("L", "hold", "unknown_bill_status"),
        ("o", "hold", "unknown_bill_status"),
    ],
)
@pytest.mark.parametrize("status", ["", "active"])
def test_bill_status_counts_whatever_the_computed_status_is(
    bill_status: str, presence: str, reason: str, status: str
) -> None:
    assert verdict(replace(FINE, bill_status=bill_status, status=status)) == (presence, reason)


@pytest.mark.parametrize(
    ("status", "override", "presence"),
    [
        ("customer_limited", "suspended", "suspended"),
        ("frozen", "suspended", "suspended"),
        ("quarantine", "hold", "hold"),
        ("zero_balance", "active", "active"),
        ("closed", "suspended", "suspended"),
        ("customer_provisionally_terminated", "absent", "absent"),
    ],
)
def test_an_operator_overrides_a_line_of_the_table(status: str, override: str, presence: str) -> None:
    rules = Rules.model_validate({"status": {status: override}})

    assert verdict(replace(FINE, status=status), rules) == (presence, status)
    assert verdict(replace(FINE, status="blocked"), rules) == ("suspended", "blocked")


def test_an_override_of_a_status_applies_to_the_condition_wherever_it_is_seen() -> None:
    rules = Rules(status={AccountStatus.BLOCKED: Presence.ACTIVE, AccountStatus.ZERO_BALANCE: Presence.HOLD})

    assert verdict(replace(FINE, blocked=True), rules) == ("active", "blocked")
    assert verdict(replace(FINE, billing_model=BillingModel.DEBIT, balance=Decimal(0)), rules) == (
        "hold",
        "zero_balance",
    )


def test_an_override_that_names_no_presence_is_refused() -> None:
    with pytest.raises(ValueError, match="Input should be"):
        Rules.model_validate({"status": {"blocked": "off"}})


def test_a_rule_can_decide_about_a_status_the_table_does_not_know() -> None:
    rules = Rules.model_validate({"status": {"reseller_blocked": "suspended"}})

    assert verdict(replace(FINE, status="reseller_blocked"), rules) == ("suspended", "reseller_blocked")
    assert verdict(replace(FINE, status="reseller_suspended"), rules) == ("hold", "unknown_status")


# --- which condition decides -----------------------------------------------------------------------------------------


def test_blocked_outranks_an_enabling_status() -> None:
    assert verdict(replace(FINE, blocked=True, status="customer_limited")) == ("suspended", "blocked")
    assert verdict(replace(FINE, blocked=True, status="active")) == ("suspended", "blocked")


def test_the_computed_status_is_named_before_the_flag_it_comes_with() -> None:
    assert verdict(replace(FINE, blocked=True, status="customer_blocked")) == ("suspended", "customer_blocked")


def test_an_unknown_status_holds_though_other_conditions_would_turn_off() -> None:
    assert verdict(replace(FINE, blocked=True, status="reseller_blocked")) == ("hold", "unknown_status")


def test_a_termination_outranks_everything_but_an_export() -> None:
    assert verdict(replace(FINE, bill_status="C", blocked=True, status="reseller_blocked")) == ("absent", "closed")
    assert verdict(replace(FINE, bill_status="C", status="zero_balance")) == ("absent", "closed")


@pytest.mark.parametrize("bill_status", ["O", "S", "C", "?"])
@pytest.mark.parametrize("product", [BASIC, INTERNET, None])
def test_p03_an_exported_customer_is_left_alone_even_if_closed(
    bill_status: str, product: AssignedProduct | None
) -> None:
    exported = replace(FINE, bill_status=bill_status, product=product)
    by_customer = with_details(exported, replace(DETAILS, customer_bill_status="E"))

    assert verdict(replace(exported, status="customer_exported")) == ("hold", "customer_exported")
    assert verdict(by_customer) == ("hold", "customer_exported")
    assert verdict(replace(by_customer, status="closed")) == ("hold", "customer_exported")
    assert verdict(replace(exported, status="customer_exported", details=None)) == ("hold", "customer_exported")


def test_the_source_of_a_dual_version_move_is_left_alone() -> None:
    assert verdict(replace(FINE, dual_version="source", bill_status="C")) == ("hold", "dual_version_source")
    assert verdict(replace(FINE, dual_version="target")) == ("active", "entitled")


@pytest.mark.parametrize(
    ("model", "presence"),
    [(-1, "active"), (0, "dormant"), (1, "active"), (2, "dormant"), (3, "dormant"), (4, "active")],
)
def test_only_debit_credit_and_beneficiary_accounts_are_subscribers(model: int, presence: str) -> None:
    account = replace(FINE, billing_model=BillingModel(model), status="active")
    assert verdict(account)[0] == presence
    assert presence == "active" or verdict(replace(account, bill_status="C"))[1] == "not_a_subscriber"


@pytest.mark.parametrize(
    ("details", "presence", "reason"),
    [
        (replace(DETAILS, customer_blocked=True), "suspended", "customer_blocked"),
        (replace(DETAILS, customer_suspended=True), "suspended", "customer_suspended"),
        (replace(DETAILS, customer_bill_status="S"), "suspended", "customer_suspended"),
        (replace(DETAILS, customer_bill_status="C"), "suspended", "customer_provisionally_terminated"),
        (replace(DETAILS, customer_bill_status="D"), "suspended", "customer_provisionally_terminated"),
        (replace(DETAILS, customer_bill_status="L"), "active", "customer_limited"),
        (replace(DETAILS, customer_bill_status="O"), "active", "entitled"),
    ],
)
def test_the_customers_flags_count_only_where_no_status_tells(
    details: AccountDetails, presence: str, reason: str
) -> None:
    assert verdict(with_details(FINE, details)) == (presence, reason)
    for status in ("active", "ok", "customer_suspension_delayed"):
        assert verdict(replace(with_details(FINE, details), status=status))[0] == "active"


# --- services --------------------------------------------------------------------------------------------------------


def test_main_product_and_add_ons_give_their_packages_together() -> None:
    assert decide(with_addons(SPORT)).services == (Service("tv", ("basic", "sport"), 2),)


def test_an_account_without_iptv_product_is_dormant_whether_on_or_off() -> None:
    for account in (replace(FINE, product=INTERNET), replace(FINE, product=None)):
        assert verdict(account) == ("dormant", "no_iptv_product")
        assert verdict(replace(account, blocked=True)) == ("dormant", "no_iptv_product")
        assert decide(account).services == ()


def test_no_product_changes_neither_a_termination_nor_a_hold() -> None:
    assert verdict(replace(FINE, product=None, bill_status="C")) == ("absent", "closed")
    assert verdict(replace(FINE, product=None, status="reseller_blocked")) == ("hold", "unknown_status")


def test_an_add_on_alone_is_enough() -> None:
    account = replace(with_addons(SPORT), product=INTERNET)
    assert (verdict(account), decide(account).services) == (("active", "entitled"), (Service("tv", ("sport",), None),))


def test_without_details_nobody_is_turned_on_and_whoever_is_off_stays_off() -> None:
    listed = replace(FINE, details=None)

    assert verdict(listed) == ("hold", "details_unknown")
    assert verdict(replace(listed, product=None)) == ("hold", "details_unknown")
    assert verdict(replace(listed, blocked=True)) == ("suspended", "blocked")
    assert verdict(replace(listed, bill_status="C")) == ("absent", "closed")
    assert decide(listed).services is None


# --- facts -----------------------------------------------------------------------------------------------------------


def test_facts_name_what_the_decision_rests_on() -> None:
    account = replace(with_addons(SPORT), status="customer_limited")

    assert decide(account).facts == (
        ("status", "customer_limited"),
        ("bill_status", "O"),
        ("blocked", "no"),
        ("billing_model", "credit"),
        ("product", "61 IPTV Basic"),
        ("addon", "86 TV Sport (effective)"),
    )


def test_facts_tell_what_is_missing_past_or_spent() -> None:
    account = replace(
        with_addons(replace(SPORT, effective_to=NOW)),
        blocked=True,
        billing_model=BillingModel.DEBIT,
        balance=Decimal(0),
        product=replace(BASIC, name=""),
        activation_date=NOW.date(),
        expiration_date=NOW.date(),
        no_funds_since=NOW,
    )

    assert decide(account).facts == (
        ("status", "(none)"),
        ("bill_status", "O"),
        ("blocked", "yes"),
        ("billing_model", "debit"),
        ("product", "61"),
        ("addon", "86 TV Sport (not effective now)"),
        ("activation_date", "2026-03-10"),
        ("expiration_date", "2026-03-10"),
        ("funds", "none left"),
        ("no_funds_since", "2026-03-10T12:00:00+00:00"),
    )


def test_facts_of_an_account_seen_only_in_the_list() -> None:
    facts = dict(decide(replace(FINE, details=None, product=None, no_funds_since=NOW)).facts)
    assert facts == {"status": "(none)", "bill_status": "O", "blocked": "no", "billing_model": "credit"}
