"""What becomes of a sale, line by line of the truth table."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desired_state.account import Account
from desired_state.charges import (
    Action,
    Book,
    Buyer,
    Knowledge,
    Limits,
    Nobody,
    Park,
    Refuse,
    Sale,
    SaleState,
    Verdict,
    Wait,
    verdict,
)
from desired_state.sales import FeedRecord, SaleKind
from tests.strategies import NOW

HOUR = timedelta(hours=1)
ACCOUNT = Account(i_account=7, id="tv7", i_env=3, currency="EUR")
VOD = FeedRecord(
    platform="tv", id="t-1", kind=SaleKind.VOD, record_id="r", amount=Decimal("3.99"), currency="EUR", sold_at=NOW
)
REFUND = replace(VOD, id="t-2", kind=SaleKind.REFUND, refund_of="t-1")
SOLD = Sale(kind=SaleKind.VOD, state=SaleState.BOOKED, i_account=7, amount=Decimal("3.99"), currency="EUR")
KNOWN = Knowledge(buyer=Buyer(7, ACCOUNT), received_at=NOW, now=NOW, sale=SOLD)
LIMITS = Limits()


def reason(decided: Verdict) -> tuple[type, str]:
    assert not isinstance(decided, Book)
    assert decided.text
    return type(decided), decided.reason


def buyer(**changes: object) -> Knowledge:
    return replace(KNOWN, buyer=Buyer(7, replace(ACCOUNT, **cast(dict[str, Any], changes))))


def sale(**changes: object) -> Knowledge:
    return replace(KNOWN, sale=replace(SOLD, **cast(dict[str, Any], changes)))


def test_a_sale_is_charged_and_a_refund_credited() -> None:
    assert verdict(VOD, KNOWN, LIMITS) == Book(Action.CHARGE, Decimal("3.99"))
    assert verdict(replace(VOD, kind=SaleKind.PPV), KNOWN, LIMITS) == Book(Action.CHARGE, Decimal("3.99"))
    assert verdict(REFUND, KNOWN, LIMITS) == Book(Action.CREDIT, Decimal("3.99"))


@pytest.mark.parametrize("changes", [{"blocked": True}, {"bill_status": "S"}, {"status": "zero_balance"}])
def test_a_sale_while_the_account_has_no_service_is_booked(changes: dict[str, Any]) -> None:
    assert verdict(VOD, buyer(**changes), LIMITS) == Book(Action.CHARGE, Decimal("3.99"))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"problem": "it has no id"}, (Park, "unreadable")),
        ({"kind": SaleKind.OTHER}, (Park, "unreadable")),
        ({"amount": None}, (Park, "unreadable")),
        ({"sold_at": None}, (Park, "unreadable")),
        ({"amount": Decimal(0)}, (Refuse, "amount")),
        ({"amount": Decimal("-1")}, (Refuse, "amount")),
        ({"amount": Decimal("0.000001")}, (Park, "decimals")),
        ({"currency": "USD"}, (Park, "currency")),
        ({"currency": ""}, (Park, "currency")),
    ],
)
def test_what_is_wrong_with_a_record_itself(changes: dict[str, Any], expected: tuple[type, str]) -> None:
    record = replace(VOD, **changes)
    assert reason(verdict(record, KNOWN, LIMITS)) == expected


@pytest.mark.parametrize(("amount", "currency"), [("3.990000000", "EUR"), ("0.00001", "eur"), ("100", " EUR ")])
def test_spelling_is_no_difference(amount: str, currency: str) -> None:
    decided = verdict(replace(VOD, amount=Decimal(amount), currency=currency), KNOWN, LIMITS)
    assert decided == Book(Action.CHARGE, Decimal(amount))


def test_what_was_sold_before_is_not_ours() -> None:
    limits = Limits(since=NOW)
    assert reason(verdict(replace(VOD, sold_at=NOW - HOUR), KNOWN, limits)) == (Refuse, "before_since")
    assert isinstance(verdict(VOD, KNOWN, limits), Book)
    assert reason(verdict(REFUND, sale(state=SaleState.FORMER), limits)) == (Park, "former_sale")


@pytest.mark.parametrize("why", ["foreign", "unknown_customer", "ambiguous"])
def test_nobodys_sale_is_parked_with_its_reason(why: str) -> None:
    assert reason(verdict(VOD, replace(KNOWN, buyer=Nobody(why, "x")), LIMITS)) == (Park, why)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"bill_status": "C"}, "closed"),
        ({"status": "closed"}, "closed"),
        ({"currency": ""}, "currency_unknown"),
        ({"currency": "CZK"}, "currency"),
    ],
)
def test_what_is_wrong_with_an_account(changes: dict[str, Any], expected: str) -> None:
    assert reason(verdict(VOD, buyer(**changes), LIMITS)) == (Park, expected)


def test_an_account_that_billing_does_not_show_is_waited_for_and_then_parked() -> None:
    unseen = replace(KNOWN, buyer=Buyer(7, None))
    assert reason(verdict(VOD, unseen, LIMITS)) == (Wait, "no_account_yet")
    late = replace(unseen, now=NOW + LIMITS.account_wait)
    assert reason(verdict(VOD, late, LIMITS)) == (Park, "no_account")


def test_a_refund_waits_for_its_sale_and_is_then_parked() -> None:
    early = replace(KNOWN, sale=None)
    assert reason(verdict(REFUND, early, LIMITS)) == (Wait, "no_sale_yet")
    late = replace(early, now=NOW + LIMITS.refund_wait)
    assert reason(verdict(REFUND, late, LIMITS)) == (Park, "no_sale")
    assert reason(verdict(REFUND, sale(state=SaleState.OPEN), LIMITS)) == (Wait, "sale_not_booked")


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (sale(kind=SaleKind.REFUND), (Park, "refund_of_refund")),
        (sale(state=SaleState.NOT_CHARGED), (Refuse, "sale_not_charged")),
        (sale(i_account=8), (Park, "other_account")),
        (sale(refunded=Decimal("0.01")), (Park, "refund_exceeds")),
        (sale(currency="CZK"), (Park, "currency")),
    ],
)
def test_what_is_wrong_with_a_refund(known: Knowledge, expected: tuple[type, str]) -> None:
    assert reason(verdict(REFUND, known, LIMITS)) == expected


def test_a_refund_of_nothing_is_parked() -> None:
    assert reason(verdict(replace(REFUND, refund_of=""), KNOWN, LIMITS)) == (Park, "refund_of_nothing")


def test_a_partial_refund_is_credited_as_long_as_the_sum_is_no_more_than_the_sale() -> None:
    part = replace(REFUND, amount=Decimal("1.99"))
    assert verdict(part, sale(refunded=Decimal("2")), LIMITS) == Book(Action.CREDIT, Decimal("1.99"))
    assert reason(verdict(part, sale(refunded=Decimal("2.01")), LIMITS)) == (Park, "refund_exceeds")


@pytest.mark.parametrize(
    ("known", "limits", "expected"),
    [
        (KNOWN, Limits(max_amount=Decimal("3.98")), "approval"),
        (replace(KNOWN, account_total=Decimal("196.02")), LIMITS, "daily_account"),
        (replace(KNOWN, platform_total=Decimal("9996.02")), LIMITS, "daily_platform"),
    ],
)
def test_above_a_limit_it_waits_until_a_person_approves(known: Knowledge, limits: Limits, expected: str) -> None:
    assert reason(verdict(VOD, known, limits)) == (Wait, expected)
    assert isinstance(verdict(VOD, replace(known, is_approved=True), limits), Book)


def test_exactly_at_the_limits_it_is_booked() -> None:
    full = replace(KNOWN, account_total=Decimal("196.01"), platform_total=Decimal("9996.01"))
    assert isinstance(verdict(VOD, full, Limits(max_amount=Decimal("3.99"))), Book)


def test_credits_do_not_count_against_the_totals_but_against_the_largest_amount() -> None:
    full = replace(KNOWN, account_total=Decimal(10**6), platform_total=Decimal(10**6))
    assert isinstance(verdict(REFUND, full, LIMITS), Book)
    assert reason(verdict(REFUND, KNOWN, Limits(max_amount=Decimal(1)))) == (Wait, "approval")


AMOUNTS = st.one_of(st.none(), st.decimals("-5", "500", places=6), st.sampled_from([Decimal("3.99"), Decimal(0)]))
TOTALS = st.decimals("0", "400", places=2)
RECORDS = st.builds(
    FeedRecord,
    platform=st.just("tv"),
    id=st.just("t-9"),
    kind=st.sampled_from(SaleKind),
    record_id=st.just("r"),
    amount=AMOUNTS,
    currency=st.sampled_from(["EUR", "eur", "USD", ""]),
    sold_at=st.sampled_from([None, NOW, NOW - 9 * HOUR]),
    refund_of=st.sampled_from(["", "t-1"]),
    problem=st.sampled_from(["", "", "odd"]),
)
ACCOUNTS = st.builds(
    Account,
    i_account=st.just(7),
    id=st.just("tv7"),
    i_env=st.just(3),
    currency=st.sampled_from(["EUR", "EUR", "USD", ""]),
    bill_status=st.sampled_from(["O", "S", "C"]),
    blocked=st.booleans(),
)
BUYERS = st.one_of(st.just(Nobody("foreign", "x")), st.builds(Buyer, st.sampled_from([7, 8]), st.none() | ACCOUNTS))
SALES = st.builds(
    Sale,
    kind=st.sampled_from(SaleKind),
    state=st.sampled_from(SaleState),
    i_account=st.sampled_from([7, None]),
    amount=TOTALS,
    currency=st.sampled_from(["EUR", "USD"]),
    refunded=TOTALS,
)
KNOWLEDGE = st.builds(
    Knowledge,
    buyer=BUYERS,
    received_at=st.just(NOW),
    now=st.sampled_from([NOW, NOW + timedelta(days=8)]),
    sale=st.none() | SALES,
    account_total=TOTALS,
    platform_total=TOTALS,
    is_approved=st.booleans(),
)
ALL_LIMITS = st.builds(
    Limits,
    max_amount=TOTALS.map(lambda each: each + 1),
    daily_account=TOTALS,
    daily_platform=TOTALS,
    since=st.sampled_from([None, NOW - HOUR]),
)


@given(RECORDS, KNOWLEDGE, ALL_LIMITS)
def test_whatever_is_booked_may_be(record: FeedRecord, known: Knowledge, limits: Limits) -> None:
    """Judged from the other end: if it is booked, nothing forbids it."""
    decided = verdict(record, known, limits)
    assert decided == verdict(record, known, limits)
    if not isinstance(decided, Book):
        assert decided.reason.replace("_", "").isalpha()
        assert decided.text
        return
    assert decided.amount == record.amount
    assert 0 < decided.amount == round(decided.amount, 5)
    assert not record.problem
    assert record.sold_at is not None
    assert limits.since is None or record.sold_at >= limits.since
    assert isinstance(known.buyer, Buyer)
    assert known.buyer.account is not None
    assert not known.buyer.account.is_terminated
    assert known.buyer.account.currency == record.currency.upper() != ""
    assert known.is_approved or decided.amount <= limits.max_amount
    if record.kind is SaleKind.REFUND:
        assert decided.action is Action.CREDIT
        assert known.sale is not None
        assert known.sale.kind is not SaleKind.REFUND
        assert (known.sale.state, known.sale.i_account) == (SaleState.BOOKED, known.buyer.i_account)
        assert known.sale.refunded + decided.amount <= known.sale.amount
    else:
        assert decided.action is Action.CHARGE
        assert known.is_approved or known.account_total + decided.amount <= limits.daily_account
        assert known.is_approved or known.platform_total + decided.amount <= limits.daily_platform
