"""Telebreeze's payloads: what is sent, and what is believed."""

from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desired_state.account import Contact, Secret
from desired_state.catalog import Package
from desired_state.subscriber import SubscriberSpec
from platforms.driver import Transient
from platforms.telebreeze.dialect import AuthMethods, CustomerFields, Dialect, Statuses
from platforms.telebreeze.wire import JsonObject, Wire, refusal
from platforms.transport import Answer
from tests import strategies
from tests.clocks import START

WIRE = Wire("tv", Dialect())
OTHER = Wire(
    "tv",
    Dialect(
        customer=CustomerFields(external_id="extId", devices="boxes", device_id="mac", first_name="givenName"),
        status=Statuses(active="ON", disabled="OFF"),
        auth=AuthMethods(all="any"),
    ),
)
ROW: JsonObject = {"id": "a1", "externalId": "1_3", "status": "active"}


def shown(payload: JsonObject, **more: object) -> JsonObject:
    """The row a platform shows after this payload."""
    return {"id": "a1", "externalId": "1_3", "extId": "1_3", **payload, **more}


def test_a_new_customer_is_sent_with_everything_in_it() -> None:
    spec = SubscriberSpec(
        enabled=True,
        packages=("1", "2"),
        auth="device",
        device_ids=("001A79000001",),
        login="ana",
        password=Secret("f", "secret"),
        max_connections=2,
        contact=Contact(first_name="Ana", zip="60200"),
        note="note",
    )
    assert WIRE.creation("1_3", spec) == {
        "externalId": "1_3",
        "status": "active",
        "packages": ["1", "2"],
        "authMethod": "device",
        "devices": [{"deviceId": "001A79000001"}],
        "username": "ana",
        "password": "secret",
        "maxConcurrentConnections": 2,
        "notes": "note",
        "firstName": "Ana",
        "lastName": "",
        "email": "",
        "phone": "",
        "country": "",
        "state": "",
        "city": "",
        "address": "",
        "zip": "60200",
    }


@given(spec=strategies.full_specs())
@pytest.mark.parametrize("wire", [WIRE, OTHER])
def test_what_is_written_reads_back(wire: Wire, spec: SubscriberSpec) -> None:
    observed = wire.observation(shown(wire.creation("1_3", spec)), START)
    assert observed.spec == replace(spec, password=None, pin=None)
    assert (observed.external_id, observed.record_id, observed.observed_at) == ("1_3", "a1", START)


@given(before=strategies.full_specs(), after=strategies.specs())
@pytest.mark.parametrize("wire", [WIRE, OTHER])
def test_a_change_brings_the_customer_to_the_wish(wire: Wire, before: SubscriberSpec, after: SubscriberSpec) -> None:
    payload = wire.change(before, after)
    row = shown({**wire.creation("1_3", before), **payload})
    wanted = replace(after.over(before), password=None, pin=None)
    assert wire.observation(row, START).spec == wanted


@given(before=strategies.full_specs())
def test_no_difference_sends_nothing(before: SubscriberSpec) -> None:
    assert WIRE.change(before, before) == {}


def test_only_what_differs_is_sent() -> None:
    before = SubscriberSpec(enabled=True, packages=("1",), contact=Contact(first_name="Ana", email="a@example.net"))
    after = SubscriberSpec(enabled=True, packages=("1", "2"), contact=Contact(first_name="Ana", email="b@example.net"))
    assert WIRE.change(before, after) == {"packages": ["1", "2"], "email": "b@example.net"}


@pytest.mark.parametrize(
    ("before", "after", "sent"),
    [
        (None, None, {}),
        (None, Secret("f1", "new"), {"password": "new"}),
        (Secret("f1"), Secret("f1", "same"), {}),
        (Secret("f1"), Secret("f2", "new"), {"password": "new"}),
        (Secret("f1"), Secret("f2"), {}),
        (Secret("f1"), Secret(""), {"password": ""}),
        (Secret(""), Secret("", ""), {}),
        (Secret("f1"), None, {}),
    ],
)
def test_a_password_is_sent_only_if_it_is_another_one(
    before: Secret | None, after: Secret | None, sent: JsonObject
) -> None:
    assert WIRE.change(SubscriberSpec(enabled=True, password=before), SubscriberSpec(enabled=True, password=after)) == (
        sent
    )


def test_reading_is_tolerant_of_what_does_not_matter() -> None:
    row = {
        **ROW,
        "id": 7,
        "firstName": None,
        "zip": 60200,
        "maxConcurrentConnections": "2",
        "packages": [1, "2"],
        "x": 1,
    }
    observed = WIRE.observation(row, START)
    assert observed.record_id == "7"
    assert observed.spec == SubscriberSpec(
        enabled=True,
        packages=("1", "2"),
        auth="",
        device_ids=(),
        login="",
        max_connections=2,
        contact=Contact(zip="60200"),
        note="",
    )


@pytest.mark.parametrize("field", ["id", "externalId", "status"])
def test_a_customer_without_what_matters_is_not_believed(field: str) -> None:
    row = {name: value for name, value in ROW.items() if name != field}
    with pytest.raises(Transient, match=f"platform 'tv' answered a customer without '{field}'"):
        WIRE.observation(row, START)


@pytest.mark.parametrize(("field", "value"), [("id", None), ("id", ""), ("id", {}), ("status", None), ("status", True)])
def test_an_empty_id_or_status_is_not_believed(field: str, value: object) -> None:
    with pytest.raises(Transient, match="without"):
        WIRE.observation({**ROW, field: value}, START)


@pytest.mark.parametrize("nothing", [None, ""])
def test_a_customer_made_by_somebody_else_may_have_no_external_id(nothing: str | None) -> None:
    assert WIRE.observation({**ROW, "externalId": nothing}, START).external_id == ""


def test_a_status_of_the_platforms_own_is_off() -> None:
    assert not WIRE.observation({**ROW, "status": "blocked"}, START).spec.enabled


def test_an_authentication_of_the_platforms_own_differs_from_every_wish() -> None:
    assert WIRE.observation({**ROW, "authMethod": "pin"}, START).spec.auth == "pin"


def test_the_platforms_spelling_of_a_device_is_kept() -> None:
    row = {**ROW, "devices": [{"deviceId": "00:1a:79:00:00:01"}, {"deviceId": None}, "stb-7"]}
    assert WIRE.observation(row, START).spec.device_ids == ("00:1a:79:00:00:01", "stb-7")


@given(junk=st.dictionaries(st.sampled_from(sorted(CustomerFields().model_dump().values())), st.from_type(object)))
def test_a_row_of_any_shape_is_believed_or_transient(junk: dict[str, object]) -> None:
    with suppress(Transient):
        WIRE.observation({**ROW, **junk}, START)


def test_a_package_is_read() -> None:
    assert WIRE.package({"id": 1, "title": "Basic", "externalId": None}) == Package("1", "", "Basic")


def answered(status: int, body: bytes) -> Answer:
    return Answer(status, {}, body, "tv")


@pytest.mark.parametrize(
    ("status", "body", "field", "text"),
    [
        (
            409,
            b'{"message": "Ana has it", "field": "devices"}',
            "devices",
            "tv refused devices (001A…01): another customer has the same value (HTTP 409)",
        ),
        (
            409,
            b'{"message": "Ana has it", "field": "username"}',
            "username",
            "tv refused username: another customer has the same value (HTTP 409)",
        ),
        (
            409,
            b'{"field": "externalId"}',
            "externalId",
            "tv refused externalId (1_3): another customer has the same value (HTTP 409)",
        ),
        (
            422,
            b'{"errors": {"packages": "unknown 9", "email": "Ana?"}}',
            "packages",
            "tv refused packages (1, 9), email: it does not accept the value (HTTP 422)",
        ),
        (422, b"[]", "", "tv refused a field it does not name: it does not accept the value (HTTP 422)"),
        (
            422,
            b'{"errors": {"Ana Doe <a@example.net>": "x"}}',
            "",
            "tv refused a field it does not name: it does not accept the value (HTTP 422)",
        ),
    ],
)
def test_a_refusal_names_fields_and_nothing_personal(status: int, body: bytes, field: str, text: str) -> None:
    payload: JsonObject = {
        "externalId": "1_3",
        "username": "ana",
        "email": "a@example.net",
        "devices": [{"deviceId": "001A79000001"}],
        "packages": ["1", "9"],
    }
    refused = refusal(answered(status, body), payload, Dialect())
    assert (refused.field, refused.text) == (field, text)


def test_a_refusal_by_a_proxy_is_none() -> None:
    with pytest.raises(Transient, match="not JSON"):
        refusal(answered(409, b"<html>"), {}, Dialect())
