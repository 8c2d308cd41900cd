"""Cleared, masked and missing: what custom fields say (contract, section 4; operations.md)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from controller.billing.custom_fields import credentials, field_values
from controller.billing.settings import CustomFields
from desired_state.account import Credentials, Secret
from tests.billing.helpers import fingerprint

MASKS = ["*", "****", "•••", "**** 1234", "●●", "••34"]


def of(values: dict[str, str], **names: object) -> Credentials:
    return credentials(values, CustomFields.model_validate(names), fingerprint)


@pytest.mark.parametrize("written", ["a,b", "a;b", "a b", " a ,; b ", "a\nb", "a, b, a", "a\t;;b,"])
def test_several_devices_are_separated_by_comma_semicolon_or_white_space(written: str) -> None:
    assert of({"MAC": written}, device_ids="MAC").device_ids == ("a", "b")


@given(st.lists(st.text("0123456789ABCDEF:-", min_size=1, max_size=17)))
def test_devices_are_kept_in_order_and_once(devices: list[str]) -> None:
    assert of({"MAC": ", ".join(devices)}, device_ids="MAC").device_ids == tuple(dict.fromkeys(devices))


def test_a_field_that_is_there_and_empty_was_cleared() -> None:
    cleared = of({"MAC": "", "L": "", "P": "", "N": ""}, device_ids=["MAC"], login="L", password="P", pin="N")
    assert cleared == Credentials(device_ids=(), login="", password=Secret("", ""), pin=Secret("", ""))


@pytest.mark.parametrize("mask", MASKS)
def test_a_masked_field_changes_nothing(mask: str) -> None:
    values = {"MAC": mask, "L": mask, "P": mask, "N": mask}
    assert of(values, device_ids=["MAC"], login="L", password="P", pin="N") == Credentials()


def test_a_missing_field_changes_nothing() -> None:
    assert of({}, device_ids=["MAC"], login="L", password="P", pin="N") == Credentials()


def test_a_half_masked_device_changes_nothing() -> None:
    assert of({"MAC": "00:1A:79:**:**:01"}, device_ids="MAC").device_ids is None
    assert of({"MAC": "00:1A:79:AA:BB:01, ****"}, device_ids="MAC").device_ids is None


def test_a_password_may_hold_an_asterisk() -> None:
    assert of({"P": "*pa*ss"}, password="P").password == Secret(fingerprint("*pa*ss"))


def test_devices_of_several_fields_are_united() -> None:
    assert of({"A": "1 2", "B": "2,3", "C": ""}, device_ids=["A", "B", "C"]).device_ids == ("1", "2", "3")


@pytest.mark.parametrize("values", [{"A": "1"}, {"A": "1", "B": "****"}])
def test_no_device_is_taken_away_because_one_of_several_fields_is_unknown(values: dict[str, str]) -> None:
    assert of(values, device_ids=["A", "B"]).device_ids is None


def test_what_is_not_configured_is_not_known() -> None:
    assert of({"MAC": "1", "L": "x"}) == Credentials()
    assert CustomFields().any_configured is False


def test_a_field_is_found_by_name_or_number() -> None:
    values = field_values([{"name": "TV MAC ", "i_custom_field": 12, "db_value": " 00:1A "}])
    assert of(values, device_ids="12") == of(values, device_ids="TV MAC") == Credentials(device_ids=("00:1A",))


def test_null_is_cleared_and_no_value_at_all_is_missing() -> None:
    assert field_values([{"name": "A", "db_value": None}, {"name": "B"}]) == {"A": ""}


def test_a_list_of_values_is_read_as_several() -> None:
    assert field_values([{"name": "A", "db_value": ["1", 2, None]}])["A"].split() == ["1", "2"]


@pytest.mark.parametrize("wrong", [{"owner": "reseller"}, {"mac": "A"}, {"device_ids": 5}, {"login": ["a"]}])
def test_a_wrong_configuration_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        CustomFields.model_validate(wrong)
