"""Which custom fields there are: names are told, values never."""

from collections.abc import Mapping

import pytest

from controller.billing.settings import CustomFields
from controller.billing.values import Unreadable
from controller.doctor.checks import Check
from controller.doctor.fields import NAME, SeenFields, judge_fields
from tests.doctor.helpers import FAIL, HERE, OK, WARN, levels, text_of

FIELDS = CustomFields(device_ids=("TV MAC",), password="TV Password")
CANARY = "canary-value"


def answer(**values: str | None) -> dict[str, object]:
    entries = [
        {"i_custom_field": 12 + place, "name": name.replace("_", " "), "db_value": value}
        for place, (name, value) in enumerate(values.items())
    ]
    return {"custom_fields_values": entries}


def judged(
    *accounts: Mapping[str, object],
    customers: tuple[Mapping[str, object], ...] = (),
    fields: CustomFields = FIELDS,
    served: bool = True,
) -> list[Check]:
    seen = {"account": SeenFields.of(accounts), "customer": SeenFields.of(customers)}
    checks = list(judge_fields(HERE, fields, seen, served=served))
    assert CANARY not in repr((seen, checks))
    return checks


FULL = answer(TV_MAC=CANARY, TV_Password=CANARY)


def test_fields_that_are_there_are_fine_also_when_they_are_empty() -> None:
    assert levels(judged(FULL, answer(TV_MAC=None, TV_Password="")), NAME) == [OK, OK, OK]


def test_a_field_is_found_by_its_number_too() -> None:
    assert levels(judged(FULL, fields=CustomFields(device_ids=("12",))), NAME) == [OK, OK]


def test_a_field_that_some_classes_lack_is_a_warning() -> None:
    checks = judged(FULL, answer(TV_MAC=CANARY))

    assert "'TV Password' is there on 1 of 2 accounts" in text_of(checks, WARN)


def test_a_field_that_nobody_has_fails_and_the_others_are_named() -> None:
    checks = judged(answer(TV_MAC=CANARY, TV_Pass=CANARY))

    assert text_of(checks, FAIL) == "'TV Password' is not there on any of 1 accounts; there are: 'TV MAC', 'TV Pass'"


def test_it_is_a_warning_where_no_account_looked_at_has_tv() -> None:
    assert FAIL not in levels(judged(answer(Phone=CANARY), served=False), NAME)


def test_a_field_that_the_other_owner_has_is_told() -> None:
    checks = judged({}, customers=(FULL,))

    assert "it is there on the customer: set owner: customer" in text_of(checks, FAIL)


@pytest.mark.parametrize("value", ["********", "001A79******"])
def test_a_field_that_is_hidden_from_us_is_a_warning(value: str) -> None:
    checks = judged(answer(TV_MAC=value, TV_Password=CANARY))

    assert "'TV MAC' is hidden from our user" in text_of(checks, WARN)
    assert "***" not in text_of(checks, WARN)


def test_without_configured_fields_those_found_are_told() -> None:
    (check,) = judged(FULL, fields=CustomFields())

    assert (check.level, check.text) == (OK, "fields of the 1 accounts looked at: 'TV MAC', 'TV Password'")


def test_where_nothing_was_answered_nothing_is_said() -> None:
    assert judged() == []


@pytest.mark.parametrize("listed", ["text", ["text"]])
def test_an_answer_that_makes_no_sense_is_unreadable(listed: object) -> None:
    with pytest.raises(Unreadable):
        SeenFields.of([{"custom_fields_values": listed}])
