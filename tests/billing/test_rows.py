"""Pages of the list: decoding, tolerance, fingerprints."""

import json
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.billing.rows import GARBLED
from controller.billing.wire import AccountRow, decode_page, to_account
from desired_state.account import Account, AssignedProduct, BillingModel
from tests.billing.helpers import page, row

PERSONAL = "canary-personal"
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def only(body: bytes) -> AccountRow:
    decoded = decode_page(body)
    assert decoded.unreadable == ()
    (found,) = decoded.rows
    return found


def problem(**fields: object) -> str:
    decoded = decode_page(page(row(), row(i_account=70102, **fields)))
    assert [each.i_account for each in decoded.rows] == [70101], "the row beside it is read all the same"
    (bad,) = decoded.unreadable
    assert bad.i_account == 70102
    return bad.text


def test_a_recorded_row_is_read() -> None:
    assert to_account(only(page(row(status="Customer_Limited "))), 3) == Account(
        i_account=70101,
        id="tv000101",
        i_env=3,
        i_customer=4102,
        billing_model=BillingModel.CREDIT,
        bill_status="O",
        status="customer_limited",
        product=AssignedProduct(61, "IPTV Basic"),
        balance=Decimal("12.5"),
        subordinate=True,
        activation_date=date(2025, 11, 2),
    )


def test_a_closed_row_with_few_fields_is_read() -> None:
    account = to_account(only(page({"i_account": 66007, "id": "tv000101-old000", "bill_status": "C"})), 3)
    assert account.is_terminated
    assert account.base_id == "tv000101"
    assert account.product is None


@given(
    st.integers(1, 2**63 - 1),
    TEXTS.filter(str.strip),
    TEXTS,
    st.sampled_from(["Y", "N"]),
    st.sampled_from(BillingModel),
)
def test_numbers_as_text_and_flags_as_numbers_say_the_same(
    i_account: int, account_id: str, name: str, blocked: str, model: BillingModel
) -> None:
    usual = row(i_account=i_account, id=account_id, product_name=name, blocked=blocked, billing_model=int(model))
    odd = usual | {
        "i_account": str(i_account),
        "i_customer": "4102",
        "i_product": "61",
        "billing_model": str(int(model)),
        "blocked": int(blocked == "Y"),
        "i_account_balance_control_type": "3",
        "balance": "12.5",
        "credit_limit": "",
        "expiration_date": "",
    }
    account = to_account(only(page(usual)), 3)
    assert to_account(only(page(odd)), 3) == account
    assert (account.i_account, account.id, account.blocked) == (i_account, account_id, blocked == "Y")


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=5))
def test_money_is_read_from_its_digits_and_never_through_a_float(amount: Decimal) -> None:
    body = page(row()).replace(b"12.5", str(amount).encode())
    assert to_account(only(body), 3).balance == amount
    assert to_account(only(page(row(blocked="n")).replace(b"12.5", str(amount).encode())), 3).balance == amount


@given(
    st.dictionaries(st.sampled_from(AccountRow.__struct_fields__), st.none() | TEXTS | st.integers() | st.booleans())
)
def test_no_row_stops_the_page(fields: dict[str, object]) -> None:
    decoded = decode_page(page(row(i_account=1), row(**fields), row(i_account=3)))
    assert len(decoded) == 3
    for each in decoded.rows:
        to_account(each, 3).is_terminated  # noqa: B018  must not raise
        assert len(each.fingerprint()) == 16


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"blocked": "maybe"}, "field 'blocked' is 'maybe', not a flag"),
        ({"expiration_date": "2026-02-30"}, "field 'expiration_date' is '2026-02-30', not a date"),
        ({"activation_date": 5}, "field 'activation_date' is 5, not a date"),
        ({"balance": "NaN"}, "field 'balance' is 'NaN', not a number"),
        ({"billing_model": 7}, "field 'billing_model' is 7, not a billing model"),
        ({"billing_model": "debit"}, "field 'billing_model' is 'debit'"),
        ({"id": None}, "field 'id' is missing"),
        ({"i_product": {"a": 1}}, "field 'i_product' is an object, not a number"),
        ({"status": ["blocked"]}, "field 'status' is a list, not a text"),
    ],
)
def test_a_row_that_makes_no_sense_is_named_with_its_field_and_value(fields: dict[str, object], words: str) -> None:
    assert words in problem(**fields)
    assert "account 70102" in problem(**fields)


@pytest.mark.parametrize("name", ["firstname", "email", "baddr1", "login"])
def test_p10_an_unreadable_personal_field_is_not_quoted(name: str) -> None:
    assert PERSONAL not in problem(**{name: {"first": PERSONAL}})


def test_p10_a_row_shows_no_personal_data_in_its_repr() -> None:
    assert PERSONAL not in repr(only(page(row(firstname=PERSONAL, email=PERSONAL, login=PERSONAL))))


@pytest.mark.parametrize("number", [None, 0, -5, "abc", 2**63, 2**70, 1.5, [], True])
def test_a_row_without_a_usable_number_is_nameless(number: object) -> None:
    decoded = decode_page(page(row(i_account=number), row()))
    assert len(decoded.rows) == 1
    assert decoded.unreadable[0].i_account is None


@pytest.mark.parametrize("rubbish", [None, 5, "row", [1], []])
def test_a_row_that_is_no_object_is_nameless(rubbish: object) -> None:
    decoded = decode_page(page(rubbish, row()))
    assert (len(decoded.rows), len(decoded.unreadable)) == (1, 1)


def test_a_row_in_broken_utf8_stops_nobody() -> None:
    decoded = decode_page(page(row(), row(i_account=9, firstname="@@")).replace(b"@@", b"\xff\xfe"))
    assert [each.i_account for each in decoded.rows] == [70101]
    assert decoded.unreadable[0].i_account == 9


@pytest.mark.parametrize(
    ("total", "expected"),
    [(12, 12), ("12", 12), (None, None), ("", None), ("many", GARBLED), (12.0, 12), ([], GARBLED)],
)
def test_the_total_may_be_a_number_text_or_missing(total: object, expected: int | None) -> None:
    assert decode_page(page(row(), total=total)).total == expected


def test_an_answer_without_a_list_is_told_from_an_empty_list() -> None:
    assert decode_page(b"{}").listed is False
    assert decode_page(b"").listed is False
    assert decode_page(b'{"account_list": null, "total": 0}').listed is False
    assert decode_page(page(total=0)).listed is True


@pytest.mark.parametrize("body", [b"<html></html>", b"[]", b'{"account_list": [', b'{"account_list": "none"}', b"null"])
def test_what_is_no_page_is_no_value(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"JSON|Expected|truncated"):
        decode_page(body)


@pytest.mark.parametrize(
    "changed",
    [
        {"status": "blocked"},
        {"blocked": "Y"},
        {"bill_status": "C"},
        {"id": "other"},
        {"i_product": 62},
        {"expiration_date": "2027-01-01"},
        {"login": "tv102"},
        {"email": "a@example.net"},
        {"firstname": "Ana"},
        {"baddr1": "Hill St"},
        {"phone1": "1"},
        {"assigned_addons": [{"i_product": 86}]},
    ],
)
def test_a_change_that_details_may_follow_changes_both_fingerprints(changed: dict[str, object]) -> None:
    before, after = only(page(row())), only(page(row(**changed)))
    assert before.fingerprint() != after.fingerprint()
    assert before.details_fingerprint() != after.details_fingerprint()


@pytest.mark.parametrize("changed", [{"balance": 13}, {"credit_limit": 5}])
def test_money_alone_asks_for_no_details(changed: dict[str, object]) -> None:
    before, after = only(page(row())), only(page(row(**changed)))
    assert before.fingerprint() != after.fingerprint()
    assert before.details_fingerprint() == after.details_fingerprint()


@pytest.mark.parametrize("changed", [{"last_usage": "2026-01-01"}, {"idle_days": 4}, {"note": "x"}, {"sip_status": 1}])
def test_what_we_do_not_use_changes_no_fingerprint(changed: dict[str, object]) -> None:
    assert only(page(row())).fingerprint() == only(page(row(**changed))).fingerprint()


def test_a_bad_neighbour_changes_no_fingerprint() -> None:
    alone = only(page(row()))
    beside = decode_page(page(row(), row(i_account=5, blocked="maybe"))).rows[0]
    assert alone.fingerprint() == beside.fingerprint()


@pytest.mark.parametrize(
    ("written", "letter"), [("o", "O"), ("open", "O"), ("Active", "O"), ("terminated", "C"), ("X", "X"), (None, "")]
)
def test_bill_status_is_a_letter_or_a_word_and_unknown_ones_stay(written: str | None, letter: str) -> None:
    assert to_account(only(page(row(bill_status=written))), 3).bill_status == letter


def test_fields_we_do_not_know_do_no_harm() -> None:
    assert only(json.dumps({"account_list": [row(new_field={"deep": [1, {"x": None}]})], "more": 1}).encode())
