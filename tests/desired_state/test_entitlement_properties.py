"""What is true of every account, however odd."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from desired_state.account import Account, AccountStatus
from desired_state.catalog import Catalog
from desired_state.entitlement import Decision, Presence, Rules, entitlement
from tests import strategies
from tests.desired_state import oracle
from tests.desired_state.builders import DAY, NOW, SECOND

REASONS = {
    "entitled",
    "no_iptv_product",
    "not_a_subscriber",
    "details_unknown",
    "dual_version_source",
    "unknown_bill_status",
    "unknown_status",
}
DEFAULT = Rules()


@given(strategies.accounts(), strategies.catalogs(), strategies.rules(), strategies.instants())
def test_every_account_gets_a_decision_with_a_reason_and_without_personal_data(
    account: Account, catalog: Catalog, rules: Rules, now: datetime
) -> None:
    decision = entitlement(account, catalog, rules, now)

    assert decision.reason in REASONS | {status.value for status in AccountStatus}
    assert (decision.services is None) == (account.details is None)
    assert not {decision.presence} & {Presence.ACTIVE, Presence.SUSPENDED} or decision.services != ()
    assert strategies.PERSONAL not in repr(decision)
    assert strategies.CLEAR_TEXT not in repr(decision)


@given(strategies.accounts(), strategies.catalogs(), strategies.instants())
def test_an_account_is_on_if_and_only_if_nothing_speaks_against_it(
    account: Account, catalog: Catalog, now: datetime
) -> None:
    against = list(oracle.reasons_against(account, now))
    products = oracle.products_now(account, now)
    sold = [entry for entry in catalog.entries if any(entry.product.matches(product) for product in products)]

    assert (entitlement(account, catalog, DEFAULT, now).presence is Presence.ACTIVE) == (not against and bool(sold))


@given(strategies.accounts(), strategies.catalogs(), strategies.rules(overrides=False), strategies.instants())
def test_p03_absent_means_that_billing_states_the_end_and_no_export(
    account: Account, catalog: Catalog, rules: Rules, now: datetime
) -> None:
    exported = account.status == "customer_exported" or (
        account.details is not None and account.details.customer_bill_status == "E"
    )
    stays_here = account.billing_model.is_real and account.dual_version != "source" and not exported
    absent = entitlement(account, catalog, rules, now).presence is Presence.ABSENT

    assert absent == (account.is_terminated and stays_here)


# --- disabling is monotone -------------------------------------------------------------------------------------------


DISABLED: dict[str, st.SearchStrategy[str]] = {
    "status": st.sampled_from(["blocked", "suspended", "zero_balance", "expired", "closed", "customer_exported", "?"]),
    "bill_status": st.sampled_from(["S", "I", "C", "?"]),
    "flag": st.sampled_from(["blocked", "source", "customer_blocked", "customer_suspended", "exported"]),
    "date": st.sampled_from(["activation", "expiration"]),
}


def with_status(account: Account, status: str) -> Account:
    """A disabling status, where none was told before."""
    return replace(account, status=status) if account.status == "" else account


def with_bill_status(account: Account, bill_status: str) -> Account:
    return replace(account, bill_status=bill_status) if account.bill_status == "O" else account


def with_flag(account: Account, flag: str) -> Account:
    details = account.details
    if flag == "blocked":
        return replace(account, blocked=True)
    if flag == "source":
        return replace(account, dual_version="source")
    if details is None:
        return account
    return replace(
        account,
        details=replace(
            details,
            customer_blocked=details.customer_blocked or flag == "customer_blocked",
            customer_suspended=details.customer_suspended or flag == "customer_suspended",
            customer_bill_status="E" if flag == "exported" else details.customer_bill_status,
        ),
    )


def with_date(account: Account, which: str) -> Account:
    if which == "activation":
        return replace(account, activation_date=(NOW + 100 * DAY).date())
    return replace(account, expiration_date=(NOW - 100 * DAY).date())


@pytest.mark.parametrize(
    ("kind", "disable"),
    [("status", with_status), ("bill_status", with_bill_status), ("flag", with_flag), ("date", with_date)],
    ids=list(DISABLED),
)
@given(data=st.data())
def test_a_further_disabling_condition_never_turns_an_account_on(
    kind: str, disable: Callable[[Account, str], Account], data: st.DataObject
) -> None:
    account, catalog = data.draw(strategies.accounts()), data.draw(strategies.catalogs())
    rules, now = data.draw(strategies.rules(overrides=False)), data.draw(strategies.instants())
    assume(entitlement(account, catalog, rules, now).presence is not Presence.ACTIVE)

    worse = disable(account, data.draw(DISABLED[kind]))

    assert entitlement(worse, catalog, rules, now).presence is not Presence.ACTIVE


@given(strategies.accounts(), strategies.catalogs(), strategies.rules(), strategies.instants())
def test_a_blocked_account_is_on_only_where_the_operator_overrode_it(
    account: Account, catalog: Catalog, rules: Rules, now: datetime
) -> None:
    blocked = entitlement(replace(account, blocked=True), catalog, rules, now)
    assert blocked.presence is not Presence.ACTIVE or "blocked" in rules.status


# --- valid_until -----------------------------------------------------------------------------------------------------


def _content(decision: Decision) -> tuple[object, ...]:
    return decision.presence, decision.reason, decision.services, decision.facts, decision.valid_until


@given(
    strategies.accounts(),
    strategies.catalogs(),
    strategies.rules(),
    strategies.instants(),
    st.lists(st.floats(0, 1, exclude_max=True), max_size=8),
)
def test_nothing_changes_before_valid_until(
    account: Account, catalog: Catalog, rules: Rules, now: datetime, fractions: list[float]
) -> None:
    decision = entitlement(account, catalog, rules, now)
    end = decision.valid_until or now + 3000 * DAY
    assert end > now

    last = min(end, now + 3000 * DAY) - timedelta(microseconds=1)
    for instant in (*(now + fraction * (last - now) for fraction in fractions), last):
        assert _content(entitlement(account, catalog, rules, instant)) == _content(decision)


@given(strategies.accounts(), strategies.catalogs(), strategies.rules(), strategies.instants())
def test_waking_at_each_valid_until_comes_to_an_end(
    account: Account, catalog: Catalog, rules: Rules, now: datetime
) -> None:
    for _ in range(16):
        wake = entitlement(account, catalog, rules, now).valid_until
        if wake is None:
            return
        assert now < wake <= datetime.max.replace(tzinfo=UTC) - SECOND
        now = wake
    pytest.fail("an account has at most two dates, a grace period and four intervals")
