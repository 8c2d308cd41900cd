"""What billing's xDRs tell of a charge in doubt."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desired_state.charges import Action, Park, Patience
from desired_state.doubt import Absent, Doubt, Found, Unsettled, Xdr, resolve, too_old
from tests.strategies import NOW

PATIENCE = Patience(settle=timedelta(seconds=60), give_up=timedelta(hours=24))
LATER = NOW + timedelta(seconds=60)
AMOUNT = Decimal("3.99")
REF, OTHER = "[ref:tv-t-1]", "[ref:tv-t-12]"
DOUBT = Doubt(reference=REF, action=Action.CHARGE, amount=AMOUNT, since=NOW, first_sent_at=NOW, tries=1)
OURS = Xdr(1, AMOUNT, ("5", "VOD: Northern Sea " + REF, ""))


def parked(found: object) -> str:
    assert isinstance(found, Park)
    assert found.text
    return found.reason


def test_the_xdr_that_bears_the_reference_is_the_charge() -> None:
    assert resolve(DOUBT, [Xdr(2, AMOUNT, (OTHER,)), OURS], (), PATIENCE, NOW) == Found(1)
    credit = replace(DOUBT, action=Action.CREDIT)
    assert resolve(credit, [replace(OURS, amount=-AMOUNT)], (), PATIENCE, NOW) == Found(1)


def test_one_xdr_that_is_listed_twice_is_one() -> None:
    assert resolve(DOUBT, [OURS, OURS], (), PATIENCE, NOW) == Found(1)


def test_two_xdrs_are_a_double_booking_and_a_persons() -> None:
    assert parked(resolve(DOUBT, [OURS, replace(OURS, i_xdr=2)], (), PATIENCE, NOW)) == "booked_twice"


@pytest.mark.parametrize("amount", [Decimal("4.99"), Decimal("-3.99"), None])
def test_another_amount_is_a_persons(amount: Decimal | None) -> None:
    assert parked(resolve(DOUBT, [replace(OURS, amount=amount)], (), PATIENCE, LATER)) == "booked_otherwise"


def test_absence_has_to_last() -> None:
    others = [Xdr(2, AMOUNT, (OTHER,)), Xdr(3, Decimal(1), ("a call",))]
    assert resolve(DOUBT, others, (), PATIENCE, NOW) == Unsettled(LATER)
    assert resolve(DOUBT, others, (), PATIENCE, LATER) == Absent()


def test_one_of_the_same_amount_that_names_nothing_may_be_it() -> None:
    unnamed = Xdr(2, AMOUNT, ("a call",))
    assert parked(resolve(DOUBT, [unnamed], (), PATIENCE, LATER)) == "unclear"
    assert resolve(DOUBT, [unnamed], {2}, PATIENCE, LATER) == Absent(), "it is known as another charge's"
    assert resolve(DOUBT, [replace(unnamed, amount=-AMOUNT)], (), PATIENCE, LATER) == Absent()


def test_what_is_too_old_is_a_persons_unless_it_is_found_or_was_never_sent() -> None:
    old = NOW + PATIENCE.give_up + timedelta(seconds=1)
    assert parked(resolve(DOUBT, [], (), PATIENCE, old)) == "doubt"
    assert resolve(DOUBT, [OURS], (), PATIENCE, old) == Found(1)
    assert resolve(replace(DOUBT, tries=0, first_sent_at=None), [], (), PATIENCE, old) == Absent()
    assert too_old(DOUBT, PATIENCE, NOW + PATIENCE.give_up) is None


XDRS = st.lists(
    st.builds(
        Xdr,
        st.integers(1, 4),
        st.none() | st.sampled_from([AMOUNT, -AMOUNT, Decimal(1)]),
        st.lists(st.sampled_from([REF, OTHER, "a call", f"x {REF} y"]), max_size=2).map(tuple),
    ),
    max_size=4,
    unique_by=lambda xdr: xdr.i_xdr,
)


@given(XDRS, st.sets(st.integers(1, 4)), st.integers(0, 10**6))
def test_it_is_sent_again_only_if_nothing_in_the_list_can_be_it(
    xdrs: list[Xdr], others: set[int], seconds: int
) -> None:
    found = resolve(DOUBT, xdrs, others, PATIENCE, NOW + timedelta(seconds=seconds))
    bearing = [xdr for xdr in xdrs if any(REF in text for text in xdr.texts)]
    if isinstance(found, Absent):
        assert not bearing
        assert all(xdr.amount != AMOUNT or xdr.i_xdr in others or OTHER in xdr.texts for xdr in xdrs)
        assert 60 <= seconds <= 24 * 3600
    if isinstance(found, Found):
        assert [(xdr.i_xdr, xdr.amount) for xdr in bearing] == [(found.i_xdr, AMOUNT)]
