"""What each fault code of the contract (section 1.3) means."""

import json

import pytest

from controller.billing.faults import BillingFault, Meaning, fault_in


def fault(code: str, text: str = "") -> BillingFault | None:
    return fault_in(json.dumps({"faultcode": code, "faultstring": text}).encode(), "Account/get_account_info")


@pytest.mark.parametrize(
    ("code", "meaning"),
    [
        ("Server.Session.auth_failed", Meaning.LOGIN_REFUSED),
        ("Server.Session.cannot_login_brute_force_activity", Meaning.LOGIN_LOCKED),
        ("Server.Session.alert_You_must_change_password", Meaning.PASSWORD_EXPIRED),
        ("Server.Session.check_auth.auth_failed", Meaning.SESSION_OVER),
        ("Client.Session.check_auth.failed_to_process_access_token", Meaning.SESSION_OVER),
        ("Client.Session.check_auth.failed_to_process_jwt", Meaning.SESSION_OVER),
        ("Client.check_auth.envelope_missed", Meaning.SESSION_OVER),
        ("Server.Session.refresh_access_token.refresh_failed", Meaning.REFRESH_REFUSED),
        ("Server.Account.duplicate_id", Meaning.REFUSED),
        ("Server.CDR.xdr_not_found", Meaning.REFUSED),
        ("Something.New", Meaning.REFUSED),
    ],
)
def test_codes_and_their_meanings(code: str, meaning: Meaning) -> None:
    found = fault(code)
    assert found is not None
    assert found.meaning is meaning
    assert found.code == code


def test_p10_of_a_fault_only_the_code_is_shown() -> None:
    found = fault("Client.Account.too_short.account_info.login", "canary-personal is too short")
    assert found is not None
    assert found.text == "billing refused Account/get_account_info: Client.Account.too_short.account_info.login"


def test_p10_a_code_that_is_no_code_is_not_shown() -> None:
    found = fault("Ana Doe, Hill Street 9")
    assert found is not None
    assert "Ana" not in found.text


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'{"faultcode": 5}', b'{"message": "x"}'])
def test_a_body_that_states_no_fault_is_none(body: bytes) -> None:
    assert fault_in(body, "x") is None
