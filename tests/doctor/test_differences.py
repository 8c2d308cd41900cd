"""The API document against the table of what we assume."""

from collections.abc import Mapping

import pytest

from controller.billing.assumptions import Assumed, Names
from controller.doctor.checks import Check
from controller.doctor.differences import differences
from tests.doctor.helpers import FAIL, OK, WARN, text_of

ASSUMED = Assumed(
    "Account/get_account_info",
    Names(("i_account",), ("detailed_info",)),
    Names(
        ("account_info.i_account", "account_info.addons", "account_info.addons.i_product"),
        ("account_info.email", "note"),
    ),
)
ADDONS: Mapping[str, object] = {"items": {"properties": {"i_product": {}}}}
ACCOUNT = {"i_account": {}, "addons": ADDONS, "email": {}}
ANSWER = {"account_info": {"properties": ACCOUNT}, "note": {}}
PARAMETERS: Mapping[str, object] = {"i_account": {}, "detailed_info": {}}


def compared(parameters: object = PARAMETERS, answer: object = ANSWER, assumed: Assumed = ASSUMED) -> list[Check]:
    called = {
        "requestBody": {"content": {"application/json": {"schema": {"properties": parameters}}}},
        "responses": {"200": {"content": {"application/json": {"schema": {"properties": answer}}}}},
    }
    return differences("here", {"paths": {"/rest/Account/get_account_info": {"post": called}}}, [assumed])


def without(name: str) -> dict[str, object]:
    return {"account_info": {"properties": {key: value for key, value in ACCOUNT.items() if key != name}}, "note": {}}


def test_a_document_that_says_what_we_assume_is_one_line() -> None:
    (check,) = compared()

    assert (check.level, check.text) == (OK, "1 of the 1 methods we call are described as we assume")


def test_a_method_that_is_not_there_fails() -> None:
    checks = differences("here", {"paths": {"/Other/method": {}}}, [ASSUMED])

    assert text_of(checks, FAIL) == "Account/get_account_info: the API document has no such method"
    assert text_of(checks, OK).startswith("0 of the 1")


def test_a_method_that_only_doctor_calls_is_a_warning_where_it_is_not_there() -> None:
    asked = Assumed("Generic/get_version", Names(), Names((), ("version",)), needed=False)

    assert "no such method" in text_of(compared(assumed=asked), WARN)


def test_every_missing_field_is_a_line_that_fails_if_it_is_essential() -> None:
    assert "account_info.i_account" in text_of(compared(answer=without("i_account")), FAIL)
    assert "account_info.email" in text_of(compared(answer=without("email")), WARN)
    assert "field note" in text_of(compared(answer={"account_info": {"properties": ACCOUNT}}), WARN)


def test_what_is_inside_a_missing_field_is_not_told_again() -> None:
    assert text_of(compared(answer=without("addons")), FAIL).count("account_info.addons") == 1
    missing = compared(answer={"note": {}})
    assert [check.level for check in missing] == [OK, FAIL]
    assert "no field account_info," in text_of(missing, FAIL)


def test_every_missing_parameter_is_a_line_that_fails_if_it_is_essential() -> None:
    checks = compared(parameters={"other": {}})

    assert "parameter i_account" in text_of(checks, FAIL)
    assert "parameter detailed_info" in text_of(checks, WARN)


@pytest.mark.parametrize(
    ("parameters", "answer"),
    [({}, ANSWER), (PARAMETERS, {}), (PARAMETERS, {"account_info": {"type": "object"}, "note": {}})],
)
def test_a_schema_that_names_nothing_proves_nothing_and_is_one_line(parameters: object, answer: object) -> None:
    ok, nothing = compared(parameters, answer)

    assert ok.level is OK
    assert nothing.level is WARN
    assert "proves nothing" in nothing.text


def test_what_is_no_openapi_document_is_one_warning() -> None:
    (check,) = differences("here", ["anything"], [ASSUMED])

    assert check.level is WARN
    assert "no OpenAPI document" in check.text
