"""The benchmarks' accounts: billing and platform say the same of each, in the forms that the product reads."""

from datetime import UTC, datetime

import msgspec
import pytest

from controller.billing.rows import decode_page
from controller.billing.wire import decode_account, decode_object
from controller.events.bodies import nsps_notice
from controller.events.vocabulary import subject_of
from platforms.telebreeze.dialect import Dialect
from platforms.telebreeze.wire import Wire
from tests.benchmarks.population import (
    ENVIRONMENT,
    EVEN,
    FIRST,
    PACKAGES,
    PRODUCTS,
    SECOND_PRODUCT,
    custom_fields,
    customer,
    event,
    info,
    row,
)

SOME = [FIRST, FIRST + 1, FIRST + 999_999]


@pytest.mark.parametrize("number", SOME)
def test_a_row_is_read_in_one_go_and_is_as_long_as_a_real_one(number: int) -> None:
    page = decode_page(b'{"total":1,"account_list":[%s]}' % row(number))
    assert [(each.i_account, each.id) for each in page.rows] == [(number, f"tv{number}")]
    assert 650 < len(row(number)) < 750


@pytest.mark.parametrize("number", SOME)
def test_billing_and_platform_say_the_same(number: int) -> None:
    account = decode_account(decode_object(info(number)), ENVIRONMENT)
    assert account is not None
    held = Wire("tv", Dialect()).observation(msgspec.json.decode(customer(number)), datetime(2026, 9, 21, tzinfo=UTC))
    fields = msgspec.json.decode(custom_fields(number))["custom_fields_values"]
    assert held.external_id == f"{account.id}_{ENVIRONMENT}"
    assert held.spec.packages == PACKAGES[PRODUCTS[number % 2][0]]
    assert held.spec.device_ids == tuple(each["db_value"] for each in fields)


def test_the_change_that_only_adds_is_one_of_an_account_of_the_first_product() -> None:
    number = FIRST + EVEN
    assert PRODUCTS[number % 2][0] == 61
    assert msgspec.json.decode(row(number, SECOND_PRODUCT))["product_name"] == dict(PRODUCTS)[62]
    assert set(PACKAGES[61]) < set(PACKAGES[62])


def test_an_event_names_its_account() -> None:
    notice = nsps_notice(event(FIRST))
    subject = subject_of(notice.event_type, notice.variables)
    assert subject is not None
    assert subject.number == FIRST
