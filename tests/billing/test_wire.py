"""One account with its details, and its credentials."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.billing.details import addons_in, first_email
from controller.billing.wire import Unreadable, decode_account, decode_custom_fields, decode_object, decode_page
from desired_state.account import Account, AssignedProduct, Contact, Secret
from tests.billing.helpers import FIELDS, fingerprint, page, row

PERSONAL = "canary-personal"


def info(**fields: object) -> dict[str, object]:
    recorded = row(
        is_active=1,
        customer_blocked="N",
        customer_bill_status="O",
        customer_bill_suspended=0,
        firstname="Ana",
        lastname="Doe",
        email="a@example.net,b@example.net",
        time_zone_name="Europe/Prague",
        assigned_addons=[
            {
                "i_product": 86,
                "name": "TV Sport",
                "addon_effective_from": "2026-01-15 09:34:58",
                "addon_effective_to": "2026-06-30 21:59:59",
            }
        ],
    )
    return {**recorded, **fields}


def read(**fields: object) -> Account:
    body = json.dumps({"account_info": info(**fields)}).encode()
    account = decode_account(decode_object(body), 3)
    assert account is not None
    return account


def contact(**fields: object) -> Contact:
    details = read(**fields).details
    assert details is not None
    return details.contact


def test_a_recorded_account_is_read() -> None:
    account = read()
    assert (account.i_account, account.id, account.i_env, account.balance) == (70101, "tv000101", 3, Decimal("12.5"))
    assert account.details is not None
    assert account.details.time_zone == "Europe/Prague"
    assert account.details.contact == Contact(first_name="Ana", last_name="Doe", email="a@example.net")
    assert account.details.addons == (
        AssignedProduct(
            86, "TV Sport", datetime(2026, 1, 15, 9, 34, 58, tzinfo=UTC), datetime(2026, 6, 30, 21, 59, 59, tzinfo=UTC)
        ),
    )


def test_future_past_and_open_ended_addons_are_all_kept() -> None:
    addons = [
        {"i_product": "87", "name": "Kids", "addon_effective_from": "2030-01-01 00:00:00"},
        {"i_product": 86, "addon_effective_from": None, "addon_effective_to": "2020-01-01 00:00:00"},
    ]
    details = read(assigned_addons=addons).details
    assert details is not None
    assert [(addon.i_product, addon.effective_to is None) for addon in details.addons] == [(87, True), (86, False)]


@pytest.mark.parametrize(("told", "known"), [("Asia/Tokyo", ""), (None, "Asia/Tokyo"), ("Asia/Tokyo", "Etc/GMT+12")])
def test_addon_dates_without_a_time_are_days_of_the_accounts_zone_in_its_row_too(told: str | None, known: str) -> None:
    addons = [{"i_product": 86, "name": "x", "addon_effective_from": "2026-03-01", "addon_effective_to": "2026-03-31"}]
    begins, ends = datetime(2026, 2, 28, 15, tzinfo=UTC), datetime(2026, 3, 31, 15, tzinfo=UTC)
    expected = (AssignedProduct(86, "x", begins, ends),)
    details = read(time_zone_name="Asia/Tokyo", assigned_addons=addons).details
    assert details is not None
    assert details.addons == expected
    (listed,) = decode_page(page(row(time_zone_name=told, assigned_addons=addons))).rows
    assert addons_in(listed, known) == expected


@pytest.mark.parametrize("nothing", [None, [], ""])
def test_no_addons_are_no_addons(nothing: object) -> None:
    details = read(assigned_addons=nothing).details
    assert details is not None
    assert details.addons == ()


@pytest.mark.parametrize(
    "broken",
    [
        {"i_product": None},
        {"name": "Sport"},
        {"i_product": 86, "addon_effective_to": "30/06/2026"},
        {"i_product": 86, "addon_effective_from": 5},
        "86",
        None,
    ],
)
def test_an_addon_that_makes_no_sense_makes_the_account_unreadable(broken: object) -> None:
    with pytest.raises(Unreadable, match="account 70101 cannot be read from billing"):
        read(assigned_addons=[broken])


def test_addons_of_another_type_make_the_account_unreadable() -> None:
    with pytest.raises(Unreadable, match="'assigned_addons' is an object"):
        read(assigned_addons={"i_product": 86})


@pytest.mark.parametrize(("fields", "expected"), [({}, False), ({"customer_blocked": "Y"}, True)])
def test_what_the_customer_passes_on_is_read(fields: dict[str, object], expected: bool) -> None:
    details = read(**fields, customer_bill_status="s", customer_bill_suspended="1").details
    assert details is not None
    assert details.customer_blocked is expected
    assert details.customer_bill_status == "S"
    assert details.customer_suspended is True


@pytest.mark.parametrize(
    ("written", "first"),
    [
        ("a@example.net,b@example.net", "a@example.net"),
        ("not an address; b@example.net", "b@example.net"),
        (" , ;b@example.net", "b@example.net"),
        ("a@localhost", ""),
        ("@example.net", ""),
        ("a@b@c.net", ""),
        ("a@example..net", ""),
        ("", ""),
    ],
)
def test_of_several_addresses_the_first_valid_one_is_taken(written: str, first: str) -> None:
    assert first_email(written) == first


def test_address_lines_are_joined_by_a_comma() -> None:
    assert contact(baddr1="Hill St 9", baddr2="", baddr3=" 2nd floor ", address_line_2="Back").address == (
        "Hill St 9, 2nd floor, Back"
    )


def test_the_second_phone_stands_in_for_the_first() -> None:
    assert contact(phone1="", phone2="222").phone == "222"
    assert contact(phone1="111", phone2="222").phone == "111"


def test_numbers_in_text_fields_are_their_digits() -> None:
    assert contact(zip=60200, phone1=420555).zip == "60200"
    assert contact(zip=60200, phone1=420555).phone == "420555"


@pytest.mark.parametrize("answer", [{}, {"account_info": None}, {"account_info": {}}, {"account_info": ""}])
def test_an_answer_that_names_no_account_is_no_such_account(answer: dict[str, object]) -> None:
    assert decode_account(answer, 3) is None


@pytest.mark.parametrize(
    "answer", [{"account_info": [1]}, {"account_info": "x"}, {"account_info": {"id": "a"}}, {"account_info": {"a": 1}}]
)
def test_an_answer_that_makes_no_sense_is_not_no_such_account(answer: dict[str, object]) -> None:
    with pytest.raises(Unreadable):
        decode_account(answer, 3)


def test_p10_the_sentence_about_an_account_has_no_personal_data() -> None:
    with pytest.raises(Unreadable) as error:
        read(firstname={"x": PERSONAL}, email=PERSONAL)
    assert PERSONAL not in error.value.text
    assert error.value.field == "firstname"


def with_fields(*entries: object) -> Account:
    return decode_custom_fields(read(), {"custom_fields_values": list(entries)}, FIELDS, fingerprint)


def test_credentials_are_read_from_the_named_fields() -> None:
    details = with_fields(
        {"i_custom_field": 12, "name": "TV MAC", "db_value": "00:1A:79:AA:BB:01, 00:1A:79:AA:BB:02"},
        {"i_custom_field": 13, "name": "TV Login", "db_value": "ana"},
        {"i_custom_field": 14, "name": "TV Password", "db_value": "secret"},
        {"i_custom_field": 15, "name": "TV PIN", "db_value": 1234},
    ).details
    assert details is not None
    assert details.credentials.device_ids == ("00:1A:79:AA:BB:01", "00:1A:79:AA:BB:02")
    assert details.credentials.login == "ana"
    assert details.credentials.password == Secret(fingerprint("secret"))
    assert details.credentials.password.value == "secret"
    assert details.credentials.pin == Secret(fingerprint("1234"))


@pytest.mark.parametrize("answer", [{}, {"custom_fields_values": None}, {"custom_fields_values": []}])
def test_without_any_field_nothing_is_known(answer: dict[str, object]) -> None:
    details = decode_custom_fields(read(), answer, FIELDS, fingerprint).details
    assert details is not None
    credentials = details.credentials
    assert (credentials.device_ids, credentials.login, credentials.password, credentials.pin) == (None,) * 4


@pytest.mark.parametrize("listed", ["x", {"a": 1}, [5], [None]])
def test_custom_fields_of_another_shape_are_unreadable(listed: object) -> None:
    with pytest.raises(Unreadable, match="custom fields of account 70101"):
        decode_custom_fields(read(), {"custom_fields_values": listed}, FIELDS, fingerprint)


def test_p10_an_unreadable_custom_field_is_named_and_not_quoted() -> None:
    with pytest.raises(Unreadable, match="TV Login") as error:
        with_fields({"name": "TV Login", "db_value": {"x": PERSONAL}})
    assert PERSONAL not in error.value.text


@given(st.dictionaries(st.text(max_size=8), st.none() | st.booleans() | st.integers() | st.text(max_size=8)))
def test_fields_we_do_not_know_do_no_harm(fields: dict[str, object]) -> None:
    assert read(**{f"new_{name}": value for name, value in fields.items()}) == read()


def test_fractions_are_decimals_in_every_answer() -> None:
    assert decode_object(b'{"balance": 16.49, "i_xdr": 5}') == {"balance": Decimal("16.49"), "i_xdr": 5}
    assert decode_object(b"  ") == {}
