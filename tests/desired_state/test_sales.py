"""References and amounts: what must never be mistaken."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desired_state.sales import FeedRecord, SaleKind, comment, nameless, read_amount, reference, references_in

NAMES = st.text("ab-_", min_size=1, max_size=6)
IDS = st.one_of(st.text("a1-_.[]/% ", min_size=1, max_size=6), st.text(min_size=1, max_size=80))


@given(NAMES, IDS, NAMES, IDS)
def test_no_reference_is_anothers_or_a_part_of_it(one: str, first: str, other: str, second: str) -> None:
    if (one, first) == (other, second):
        assert reference(one, first) == reference(other, second)
    else:
        assert reference(one, first) not in f"VOD: {reference(other, second)}"


@given(NAMES, IDS, st.text(max_size=100))
def test_the_comment_has_one_reference_and_is_not_too_long(name: str, record_id: str, title: str) -> None:
    record = FeedRecord(platform=name, id=record_id, kind=SaleKind.VOD, title=title)
    shown = comment(record)
    assert references_in(shown) == [record.reference]
    assert shown.endswith(record.reference)
    assert len(shown) <= 111
    assert len(record.reference) <= 62
    assert shown.isprintable()


@pytest.mark.parametrize(
    ("platform", "record_id", "expected"),
    [
        ("tv", "t-1", "[ref:tv-t-1]"),
        ("tv-2", "t_1", "[ref:tv_2D2-t_5F1]"),
        ("tv", "ř", "[ref:tv-_C5_99]"),
        ("tv", "x" * 53, f"[ref:tv-{'x' * 53}]"),
    ],
)
def test_a_reference_can_be_read(platform: str, record_id: str, expected: str) -> None:
    assert reference(platform, record_id) == expected


def test_a_long_id_becomes_a_short_reference_and_stays_itself() -> None:
    long = reference("tv", "x" * 54)
    assert long.startswith("[ref:_h")
    assert long == reference("tv", "x" * 54)
    assert long != reference("tv", "x" * 55)


@pytest.mark.parametrize(
    ("title", "kind", "expected"),
    [
        ("Northern Sea", SaleKind.VOD, "VOD: Northern Sea [ref:tv-1]"),
        ("[ref:tv-2] \n\t x", SaleKind.PPV, "PPV: (ref:tv-2) x [ref:tv-1]"),
        ("", SaleKind.REFUND, "Refund: [ref:tv-1]"),
        ("a" * 41, SaleKind.OTHER, f"Sale: {'a' * 37}... [ref:tv-1]"),
        ("a" * 40, SaleKind.VOD, f"VOD: {'a' * 40} [ref:tv-1]"),
    ],
)
def test_a_title_cannot_break_the_comment(title: str, kind: SaleKind, expected: str) -> None:
    assert comment(FeedRecord(platform="tv", id="1", kind=kind, title=title)) == expected


@pytest.mark.parametrize("text", ["3.99", " 3.99 ", "0", "-1.5", "+2", "100", "0.00001"])
def test_an_amount_is_what_is_written(text: str) -> None:
    assert read_amount(text) == Decimal(text.strip())


@pytest.mark.parametrize("text", ["", "free", "3,99", "1e2", "NaN", "Infinity", "1_000", "٣", ".5", "1.", "9" * 16])
def test_what_is_no_plain_number_is_no_amount(text: str) -> None:
    assert read_amount(text) is None


def test_a_record_without_an_id_is_known_by_its_content() -> None:
    assert nameless("tv", "a") == nameless("tv", "a")
    assert len({nameless("tv", "a"), nameless("tv", "b"), nameless("tv2", "a")}) == 3


def test_no_repr_shows_what_somebody_watches() -> None:
    assert "Northern" not in repr(FeedRecord(platform="tv", id="1", kind=SaleKind.VOD, title="Northern Sea"))


def test_the_essence_is_what_money_depends_on() -> None:
    one = FeedRecord(platform="tv", id="1", kind=SaleKind.VOD, record_id="a", external_id="x", amount=Decimal("3.99"))
    renamed = FeedRecord(
        platform="tv", id="1", kind=SaleKind.VOD, record_id="a", external_id="y", title="T", amount=Decimal("3.99")
    )
    dearer = FeedRecord(platform="tv", id="1", kind=SaleKind.VOD, record_id="a", amount=Decimal("4.99"))
    assert one.essence == renamed.essence != dearer.essence
