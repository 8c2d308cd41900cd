"""Whom an event is about."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.events.bodies import NotAnEvent, espf_notice, nsps_notice
from controller.events.vocabulary import Scope, Subject, subject_of

ACCOUNT, CUSTOMER, PRODUCT = (Subject(scope, 5) for scope in Scope)


@pytest.mark.parametrize(
    ("event_type", "variables", "subject"),
    [
        ("Subscriber/Created", {"i_account": 5}, ACCOUNT),
        ("Subscriber/Name/Changed", {"i_account": "5", "i_customer": 9}, ACCOUNT),
        ("Account/Blocked", {"i_account": 5}, ACCOUNT),
        ("account/id/changed", {"i_account": " 5 "}, ACCOUNT),
        ("ACCOUNT/ID/CHANGED", {"i_account": 5.0}, ACCOUNT),
        ("Account/BalanceChanged", {"billing_entity_id": 5, "prev_balance": 1, "curr_balance": 0}, ACCOUNT),
        ("Account/BalanceChanged", {"billing_entity_id": 9, "i_account": 5}, ACCOUNT),
        ("Account/Anything", {"i_customer": 5}, CUSTOMER),
        ("Customer/Blocked", {"i_customer": 5}, CUSTOMER),
        ("Customer/BalanceChanged", {"billing_entity_id": "5"}, CUSTOMER),
        ("Customer/Suspended", {"i_customer": 5, "i_account": 9}, CUSTOMER),
        ("Customer/Anything", {"i_account": 5}, ACCOUNT),
        ("Product/ServiceAttribute/Changed", {"i_product": 5}, PRODUCT),
        ("SIM/Updated", {"i_account": 5, "i_customer": 9}, ACCOUNT),
        ("CustomField/Changed", {"i_customer": 5}, CUSTOMER),
        ("", {"i_account": 5}, ACCOUNT),
        ("Invoice/Created", {"i_invoice": 5}, None),
        ("DID/Updated", {"number": 5}, None),
        ("Account/Blocked", {}, None),
        ("Account/Blocked", {"i_account": None}, None),
        ("Account/Blocked", {"i_account": ""}, None),
        ("Account/Blocked", {"i_account": 0}, None),
        ("Account/Blocked", {"i_account": -5}, None),
        ("Account/Blocked", {"i_account": 5.5}, None),
        ("Account/Blocked", {"i_account": True}, None),
        ("Account/Blocked", {"i_account": "five"}, None),
        ("Account/Blocked", {"i_account": [5]}, None),
        ("Account/Blocked", {"i_account": 2**63}, None),
        ("Invoice/Created", {"billing_entity_id": 5}, None),
    ],
)
def test_whom_an_event_is_about(event_type: str, variables: dict[str, object], subject: Subject | None) -> None:
    assert subject_of(event_type, variables) == subject


def test_an_enriched_event_without_an_id_is_about_the_account_of_its_billing_data() -> None:
    body = b'{"event_id": "e", "data": {"event_type": "Account/X"}, "pb_data": {"account_info": {"i_account": 5}}}'
    notice = nsps_notice(body)
    assert subject_of(notice.event_type, notice.variables) == ACCOUNT


@pytest.mark.parametrize("number", [b"17", b'"17"', b'" 17 "'])
def test_an_event_number_is_one_whether_number_or_text(number: bytes) -> None:
    assert espf_notice(b'{"event_type": "x", "variables": {"i_event": ' + number + b"}}").key == "17"


@pytest.mark.parametrize(
    "variables",
    [
        b"null",
        b"{}",
        *(b'{"i_event": ' + number + b"}" for number in (b"null", b'""', b"true", b"0", b'"0"', b'" 0 "')),
    ],
)
def test_an_event_may_come_without_a_number(variables: bytes) -> None:
    assert espf_notice(b'{"event_type": "x", "variables": ' + variables + b"}").key is None


@pytest.mark.parametrize("event_id", [b'""', b'" "', b'"0"'])
def test_an_enriched_event_may_come_without_an_id_of_its_own(event_id: bytes) -> None:
    assert nsps_notice(b'{"event_id": ' + event_id + b', "data": {"event_type": "x"}}').key is None


@given(st.binary(max_size=200) | st.text().map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_are_an_event_or_are_told_not_to_be(body: bytes) -> None:
    for read in (espf_notice, nsps_notice):
        try:
            notice = read(body)
        except NotAnEvent:
            continue
        subject = subject_of(notice.event_type, notice.variables)
        assert subject is None or 0 < subject.number < 2**63


def test_what_an_event_holds_is_not_shown() -> None:
    body = b'{"event_type": "Account/X", "variables": {"i_account": 5, "email": "canary@example.net"}}'
    assert "canary" not in repr(espf_notice(body))
