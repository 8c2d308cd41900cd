"""The feed against billing's xDRs: every difference is a line, and nothing else is."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from desired_state.charges import ChargeState
from desired_state.doubt import Xdr
from desired_state.reconciling import Booked, Comparison, Line, LineKind, Sold, Sum, compare
from desired_state.sales import FeedRecord, SaleKind, comment, reference
from tests.strategies import NOW

TV = "tv"
AMOUNTS = ("0.01", "3.99", "10", "12.34567")


def sold(number: int = 1, amount: str | None = "3.99", **details: object) -> Sold:
    """A sale of the first account, booked; `details` are laid over record and standing."""
    record = FeedRecord(
        platform=TV,
        id=f"t-{number}",
        kind=SaleKind.VOD,
        external_id="tv000001_3",
        amount=None if amount is None else Decimal(amount),
        currency="EUR",
        sold_at=NOW,
    )
    fields = {name: value for name, value in details.items() if name in FeedRecord.__dataclass_fields__}
    rest = {name: value for name, value in details.items() if name not in fields}
    whole = Sold(record=replace(record, **fields), i_account=1, state=ChargeState.BOOKED, i_xdr=1000 + number)  # type: ignore[arg-type]
    return replace(whole, **rest)  # type: ignore[arg-type]


def booked(sale: Sold, number: int | None = None, **details: object) -> Booked:
    """The xDR of a sale as it should be; `details` are laid over it."""
    amount = details.pop("amount", sale.signed)
    assert isinstance(amount, Decimal | None)
    xdr = Xdr(number or sale.i_xdr or 1, amount, ("Manual charge", comment(sale.record)))
    return replace(Booked(xdr, sale.i_account or 1, sale.record.currency), **details)  # type: ignore[arg-type]


def compared(sales: Sequence[Sold], xdrs: Sequence[Booked], elsewhere: frozenset[str] = frozenset()) -> Comparison:
    return compare(TV, sales, xdrs, elsewhere)


def kinds(sales: Sequence[Sold], xdrs: Sequence[Booked]) -> list[str]:
    return [line.kind.value for line in compared(sales, xdrs).lines]


def test_a_sale_that_is_booked_as_it_was_sold_is_no_line() -> None:
    sale, refund = sold(1), sold(2, kind=SaleKind.REFUND, refund_of="t-1")
    came = compared([sale, refund], [booked(sale), booked(refund)])
    assert came == Comparison((), {"EUR": Sum(Decimal("0.00"), Decimal(0), Decimal("0.00"))}, records=2, xdrs=2)
    assert booked(refund).xdr.amount == Decimal("-3.99")


@pytest.mark.parametrize(
    ("details", "kind"),
    [
        ({"amount": Decimal("4.99")}, "amount"),
        ({"amount": Decimal("-3.99")}, "amount"),
        ({"amount": None}, "amount"),
        ({"currency": "USD"}, "currency"),
        ({"currency": ""}, "currency"),
        ({"i_account": 2}, "account"),
    ],
)
def test_what_is_booked_otherwise_is_a_line_of_its_own_kind(details: dict[str, object], kind: str) -> None:
    sale = sold()
    assert kinds([sale], [booked(sale, None, **details)]) == [kind]


def test_several_differences_of_one_sale_are_several_lines() -> None:
    sale = sold()
    assert kinds([sale], [booked(sale, amount=Decimal(1), currency="USD", i_account=2)]) == [
        "account",
        "amount",
        "currency",
    ]


def test_currencies_are_compared_without_regard_to_their_case() -> None:
    sale = sold(currency=" eur")
    assert kinds([sale], [booked(sale, currency="EUR")]) == []


@pytest.mark.parametrize(
    ("state", "reason", "i_xdr", "absent", "present"),
    [
        (ChargeState.BOOKED, None, 1001, "missing", None),
        (None, None, None, "missing", None),
        (ChargeState.PENDING, None, None, "open", None),
        (ChargeState.WAITING, "approval", None, "open", None),
        (ChargeState.SENDING, None, None, "open", None),
        (ChargeState.IN_DOUBT, "no_answer", None, "open", None),
        (ChargeState.PARKED, "currency", None, "open", None),
        (ChargeState.REFUSED, "amount", None, "not_booked", "unwanted"),
        (ChargeState.REFUSED, "before_since", None, "not_booked", None),
        (ChargeState.RESOLVED, "dropped", None, "not_booked", "unwanted"),
        (ChargeState.RESOLVED, "booked_by_hand", 1001, "missing", None),
    ],
)
def test_what_a_sale_that_is_not_booked_counts_as(
    state: ChargeState | None, reason: str | None, i_xdr: int | None, absent: str, present: str | None
) -> None:
    sale = sold(state=state, reason=reason, i_xdr=i_xdr)
    assert kinds([sale], []) == [absent]
    assert kinds([sale], [booked(sale)]) == ([] if present is None else [present])


def test_only_what_was_decided_is_no_difference() -> None:
    assert [kind for kind in LineKind if not kind.is_difference] == [LineKind.NOT_BOOKED, LineKind.BY_HAND]


def test_what_was_decided_accounts_for_its_amount() -> None:
    dropped = sold(1, state=ChargeState.RESOLVED, i_xdr=None)
    (eur,) = compared([dropped], []).sums.values()
    assert eur == Sum(Decimal("3.99"), Decimal("3.99"), Decimal(0))
    assert eur.difference == 0
    (eur,) = compared([dropped], [booked(dropped)]).sums.values()
    assert eur.difference == Decimal("-3.99")


def test_an_xdr_that_a_person_named_settles_amount_currency_and_account() -> None:
    sale = sold(currency="USD", state=ChargeState.RESOLVED, i_xdr=7)
    by_hand = Booked(Xdr(7, Decimal("3.70"), ("by hand",)), 2, "EUR")
    came = compared([sale], [by_hand])
    assert ([line.kind for line in came.lines], came.differences) == ([LineKind.BY_HAND], 0)
    assert {name: each.difference for name, each in came.sums.items()} == {"EUR": 0, "USD": 0}
    alike = Booked(Xdr(7, Decimal("3.99"), ("by hand",)), 1, "USD")
    assert kinds([sale], [alike]) == []
    assert kinds([replace(sale, i_account=None)], []) == ["by_hand"]
    assert kinds([sale], []) == ["missing"]


def test_an_xdr_is_known_by_its_number_where_comments_do_not_show_unless_it_bears_another_sales_reference() -> None:
    sale, other = sold(1), sold(2)
    silent = Booked(Xdr(1001, Decimal("3.99"), ("Manual charge",)), 1, "EUR")
    assert kinds([sale], [silent]) == []
    assert kinds([sale, other], [booked(other, 1001)]) == ["missing"]


def test_two_xdrs_of_a_sale_are_one_line_and_a_reverted_one_is_none() -> None:
    sale = sold()
    once, again, back = booked(sale), booked(sale, 2001), booked(sale, 2002, amount=Decimal("-3.99"))
    (line,) = compared([sale], [again, once]).lines
    assert (line.kind, line.booked) == (LineKind.TWICE, (once, again))
    assert kinds([sale], [once, again, back]) == []
    assert kinds([sale], [once, back]) == ["missing"]
    assert kinds([sale], [once, again, replace(back, i_account=2)]) == ["twice"]
    astray = booked(sale, 2003, i_account=2)
    assert kinds([sale], [once, astray, replace(back, i_account=2)]) == []


def test_an_xdr_with_a_reference_that_no_record_has_is_a_line_unless_it_is_anothers() -> None:
    sale = sold()
    stray, other, foreign = sold(9), sold(3), sold(4, platform="tv2", id="t-9")
    xdrs = [booked(sale), booked(stray), booked(other), booked(foreign)]
    came = compared([sale], xdrs, frozenset({other.record.reference}))
    (line,) = came.lines
    assert (line.kind, line.reference, line.sold) == (LineKind.UNKNOWN, reference(TV, "t-9"), None)
    assert (came.xdrs, came.sums["EUR"].difference) == (2, Decimal("-3.99"))


def test_differences_come_first_and_then_the_order_of_the_sales() -> None:
    decided = sold(1, state=ChargeState.REFUSED)
    late, early = sold(2), sold(3, sold_at=NOW.replace(year=2025))
    lines = compared([decided, late, early], []).lines
    assert [line.sold and line.sold.record.id for line in lines] == ["t-3", "t-2", "t-1"]


@st.composite
def markets(draw: DrawFn) -> tuple[list[Sold], list[Booked]]:
    """Sales and refunds of some accounts, all of them booked as they should be."""
    count = draw(st.integers(1, 6))
    sales = [
        sold(
            number,
            amount=draw(st.sampled_from(AMOUNTS)),
            currency=draw(st.sampled_from(("EUR", "USD"))),
            kind=draw(st.sampled_from((SaleKind.VOD, SaleKind.PPV, SaleKind.REFUND))),
            i_account=draw(st.integers(1, 3)),
        )
        for number in range(count)
    ]
    noise = Booked(Xdr(9999, Decimal("0.50"), ("Voice call",)), 1, "EUR")
    return sales, [*(booked(sale) for sale in sales), noise]


@given(markets())
def test_an_equal_feed_and_billing_have_no_line_and_no_sum_left(market: tuple[list[Sold], list[Booked]]) -> None:
    came = compared(*market)
    assert came.lines == ()
    assert all(each.difference == 0 and each.decided == 0 for each in came.sums.values())
    assert came.records == came.xdrs == len(market[0])


@given(markets(), st.data())
def test_any_single_change_of_an_xdr_is_exactly_one_fitting_line(
    market: tuple[list[Sold], list[Booked]], data: st.DataObject
) -> None:
    sales, xdrs = market
    at = data.draw(st.integers(0, len(sales) - 1))
    theirs = xdrs[at]
    changes: dict[LineKind, list[Booked]] = {
        LineKind.MISSING: [],
        LineKind.TWICE: [theirs, replace(theirs, xdr=replace(theirs.xdr, i_xdr=5000))],
        LineKind.AMOUNT: [replace(theirs, xdr=replace(theirs.xdr, amount=Decimal(77)))],
        LineKind.CURRENCY: [replace(theirs, currency="CZK")],
        LineKind.ACCOUNT: [replace(theirs, i_account=4)],
        LineKind.UNKNOWN: [theirs, booked(sold(99), 5000)],
    }
    kind = data.draw(st.sampled_from(list(changes)))

    came = compared(sales, [*xdrs[:at], *changes[kind], *xdrs[at + 1 :]])

    (line,) = came.lines
    assert (line.kind, came.differences) == (kind, 1)
    assert line.sold == (None if kind is LineKind.UNKNOWN else sales[at])
    if kind is not LineKind.ACCOUNT:
        assert any(each.difference for each in came.sums.values())


@given(markets(), st.data())
def test_the_order_of_sales_and_xdrs_does_not_matter(
    market: tuple[list[Sold], list[Booked]], data: st.DataObject
) -> None:
    sales, xdrs = market
    some = xdrs[data.draw(st.integers(0, 2)) :]
    some += [replace(each, xdr=replace(each.xdr, i_xdr=each.xdr.i_xdr + 4000)) for each in some[:2]]
    assert compared(sales, some) == compared(data.draw(st.permutations(sales)), data.draw(st.permutations(some)))


@given(markets(), st.data())
def test_what_the_lines_say_and_what_the_sums_say_agree(
    market: tuple[list[Sold], list[Booked]], data: st.DataObject
) -> None:
    """Whatever became of the sales: where no difference is told, no money is unaccounted for."""
    sales, xdrs = market
    standings: list[tuple[ChargeState, str | None]] = [
        (ChargeState.BOOKED, None),
        (ChargeState.PARKED, "currency"),
        (ChargeState.REFUSED, "amount"),
        (ChargeState.REFUSED, "before_since"),
        (ChargeState.RESOLVED, "dropped"),
        (ChargeState.RESOLVED, "booked_by_hand"),
    ]
    for number, sale in enumerate(sales):
        state, reason = data.draw(st.sampled_from(standings))
        i_xdr = sale.i_xdr if reason in (None, "booked_by_hand") else None
        sales[number] = replace(sale, state=state, reason=reason, i_xdr=i_xdr)
    came = compared(sales, [each for each in xdrs if data.draw(st.booleans())])
    if not came.differences:
        assert all(each.difference == 0 for each in came.sums.values())


def test_the_text_of_a_line_tells_both_sides() -> None:
    sale = sold()
    lines: list[Line] = [*compared([sale], [booked(sale, amount=Decimal("5.00"), i_account=2)]).lines]
    assert [line.text for line in lines] == [
        "billing has it for i_account 2, not for 1",
        "billing has 5.00, the feed 3.99",
    ]
    (parked,) = compared([sold(state=ChargeState.PARKED, reason="closed", i_xdr=None)], []).lines
    assert parked.text == "it is parked (closed), and not booked so far"
