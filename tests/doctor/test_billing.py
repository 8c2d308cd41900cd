"""Asking a billing: every check that passes on a good one, and what each fault of it comes to."""

import pytest

from controller.billing.client import BillingSettings
from controller.billing.settings import CustomFields
from controller.doctor.billing import BillingTarget, examine_billing
from controller.doctor.checks import Check
from desired_state.catalog import CatalogEntry, ProductMatch
from platforms.breaker import NeverOpen
from platforms.simulation import Fault
from tests.billing.helpers import FIELDS, Billing, billing, billing_with, settings
from tests.doctor.helpers import FAIL, OK, WARN, levels, text_of

ENTRIES = (CatalogEntry(product=ProductMatch(i_product=61), platform="tv"),)
READS = (
    *("Generic/get_version", "Env/get_env_info", "Account/get_account_list", "Account/get_account_info"),
    *("Account/get_custom_fields_values", "Product/get_product_list"),
)


def populate(world: Billing, accounts: int = 3) -> None:
    for number in range(1, accounts + 1):
        i_account = world.sim.change("create", id=f"tv{number}", i_product=61)
        fields = world.sim.installation.accounts[i_account].custom_fields
        fields.update(dict.fromkeys(FIELDS.names, "canary-value"))


async def examined(world: Billing) -> list[Check]:
    checks = await examine_billing(BillingTarget(world.client, world.source, ENTRIES))
    assert "canary" not in repr(checks)
    assert "simulated-token" not in repr(checks)
    assert world.sim.requests.writes == 0
    return checks


async def examined_with(configured: BillingSettings | None = None, **switches: object) -> list[Check]:
    async with billing_with(switches, configured) as world:
        populate(world)
        return await examined(world)


@pytest.mark.parametrize("api_document", ["openapi3", "swagger2"])
async def test_a_billing_that_is_as_we_assume_has_nothing_but_good_lines(api_document: str) -> None:
    checks = await examined_with(api_document=api_document)

    assert {check.level for check in checks} == {OK}
    names = {"login", "release", "environment", "accounts", "status", "addons", "custom_fields", "products"}
    assert {check.name for check in checks} == names | {"rights", "api_document"}


async def test_every_call_is_tried_and_told() -> None:
    checks = await examined_with()

    told = text_of(checks, OK, "rights")
    assert [f"{operation} is answered" for operation in READS] == told.split("\n")


@pytest.mark.parametrize("refused", READS)
async def test_a_refused_call_is_named_with_its_fault_and_the_rest_goes_on(refused: str) -> None:
    checks = await examined_with(refused_methods=[refused])

    (line,) = [check for check in checks if check.name == "rights" and check.level is not OK]
    assert refused in line.text
    assert "access_denied" in line.text
    assert line.level is (WARN if refused in READS[:2] else FAIL)
    assert levels(checks, "api_document") == [OK]


async def test_a_refused_call_that_this_configuration_does_not_need_is_not_told() -> None:
    checks = await examined_with(refused_methods=["Customer/get_custom_fields_values"])

    assert {check.level for check in checks} == {OK}


async def test_a_call_that_fails_now_and_then_is_a_warning() -> None:
    async with billing() as world:
        populate(world)
        world.sim.faults.add(Fault(operation="Account/get_account_info", kind="html", count=2))
        checks = await examined(world)

    assert "Account/get_account_info failed 2 of 3 times" in text_of(checks, WARN, "rights")


@pytest.mark.parametrize(("switch", "value"), [("token", "another"), ("must_change_password", True)])
async def test_without_a_session_the_rest_is_left_out_and_a_line_says_so(switch: str, value: object) -> None:
    async with billing_with({switch: value}, breaker=NeverOpen()) as world:
        populate(world)
        checks = await examined(world)

    assert levels(checks, "login") == [FAIL, WARN]
    assert "not looked at" in text_of(checks, WARN, "login")
    assert levels(checks, "api_document") == [OK], "that one needs no session"
    assert len(checks) == 3


async def test_a_billing_that_cannot_be_reached_is_told_once_for_each_thing() -> None:
    async with billing() as world:
        world.sim.faults.add(Fault(kind="lost_answer", count=None))
        checks = await examined(world)

    assert [(check.name, check.level) for check in checks] == [("login", FAIL), ("login", WARN), ("api_document", WARN)]


async def test_an_empty_billing_is_told() -> None:
    async with billing() as world:
        checks = await examined(world)

    assert "shows no account" in text_of(checks, WARN, "accounts")
    assert "no open account to take as a sample" in text_of(checks, WARN, "custom_fields")


async def test_another_environment_fails() -> None:
    async with billing(settings(environment=4)) as world:
        checks = await examined(world)

    assert levels(checks, "environment") == [FAIL]


async def test_where_add_ons_are_shown_is_found_out() -> None:
    async with billing() as world:
        populate(world)
        world.sim.change("addon_add", i_account=world.sim.installation.order[0], i_product=86)
        before = await examined(world)
        world.sim.switch(addons_in_list=True)
        after = await examined(world)

    assert "read with each account's details" in text_of(before, OK, "addons")
    assert text_of(after, OK, "addons") == "the list shows add-ons"


async def test_fields_of_the_other_owner_are_found() -> None:
    checks = await examined_with(settings(custom_fields=CustomFields(owner="customer", device_ids=("TV MAC",))))

    assert "set owner: account" in text_of(checks, FAIL, "custom_fields")


@pytest.mark.parametrize(
    ("left_out", "level", "text"),
    [
        ("Account/get_account_info", FAIL, "Account/get_account_info: the API document has no such method"),
        ("Generic/get_version", WARN, "Generic/get_version: the API document has no such method"),
        ("status", FAIL, "no field account_info.status"),
        ("email", WARN, "no field account_info.email"),
        ("get_statuses", FAIL, "no parameter get_statuses"),
        ("addon_effective_to", FAIL, "no field account_info.assigned_addons.addon_effective_to"),
    ],
)
async def test_every_difference_from_the_api_document_is_a_line(left_out: str, level: str, text: str) -> None:
    checks = await examined_with(undocumented=[left_out])

    assert any(check.level == level and text in check.text for check in checks)


async def test_an_api_document_that_is_not_there_is_a_warning() -> None:
    checks = await examined_with(api_document="none")

    assert levels(checks, "api_document") == [WARN]
    assert "HTTP 404" in text_of(checks, WARN, "api_document")


@pytest.mark.parametrize("kind", ["html", "garbage", "truncated"])
async def test_an_api_document_that_makes_no_sense_is_a_warning(kind: str) -> None:
    async with billing() as world:
        populate(world)
        fault = {"operation": "doc/api/AdminInterface.json", "kind": kind}
        world.sim.faults.add(Fault.model_validate(fault))
        checks = await examined(world)

    assert levels(checks, "api_document") == [WARN]
