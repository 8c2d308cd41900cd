"""The bodies in which events come (contract, sections 7.1 and 7.4; PortaOne's OpenAPI document for connectors). Pure.

Rules of this module:

1. ESPF's body is taken as tolerantly as can be: a refusal means that the event is lost.
2. NSPS's body has to be as the document says, in all it names; what it does not name is let pass. Only the event is
   used, and of the billing data (a cache of seconds before) the account's number where the event has none.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec


class NotAnEvent(ValueError):
    """A body that is no event; the text says why, without quoting it."""


@dataclass(frozen=True, slots=True)
class Notice:
    """An event as it came. `key` is what the sender knows it by; `None` where it does not say."""

    key: str | None
    event_type: str
    variables: Mapping[str, object] = field(repr=False)


class _Espf(msgspec.Struct):
    event_type: str
    variables: dict[str, object] | None = None


class _EspfEvent(msgspec.Struct):
    event_type: str
    variables: dict[str, object] = {}


class _Feature(msgspec.Struct):
    class Attribute(msgspec.Struct):
        name: str | None = None
        effective_value: str | None = None

    name: str | None = None
    effective_flag_value: str | None = None
    attributes: list[Attribute] = []


class _AddOn(msgspec.Struct):
    addon_effective_from: str | None = None
    addon_effective_to: str | None = None
    addon_priority: int | None = None
    description: str | None = None
    i_product: int | None = None
    i_product_group: int | None = None
    i_vd_plan: int | None = None
    name: str | None = None


class _Account(msgspec.Struct):
    bill_status: str | None = None
    billing_model: str | None = None
    blocked: bool | None = None
    email: str | None = None
    firstname: str | None = None
    i_account: int | None = None
    i_customer: int | None = None
    i_master_account: int | None = None
    i_product: int | None = None
    i_vd_plan: int | None = None
    id: str | None = None
    lastname: str | None = None
    phone1: str | None = None
    product_name: str | None = None
    status: str | None = None
    time_zone_name: str | None = None
    zip: str | None = None
    assigned_addons: list[_AddOn] = []
    service_features: list[_Feature] = []


class _Card(msgspec.Struct):
    i_account: int | None = None
    i_sim_card: int | None = None
    iccid: str | None = None
    imsi: str | None = None
    msisdn: str | None = None
    status: str | None = None


class _AccessPolicy(msgspec.Struct):
    class Attribute(msgspec.Struct):
        group_name: str | None = None
        name: str | None = None
        value: str | None = None

    i_access_policy: int | None = None
    name: str | None = None
    attributes: list[Attribute] = []


class _BillingData(msgspec.Struct):
    account_info: _Account | None = None
    sim_info: _Card | None = None
    access_policy_info: _AccessPolicy | None = None


class _Nsps(msgspec.Struct):
    event_id: str
    data: _EspfEvent
    handler_id: str | None = None
    created_at: str | None = None
    updated_at: str | None = None
    status: str | None = None
    pb_data: _BillingData | None = None


_ESPF = msgspec.json.Decoder(_Espf)
_NSPS = msgspec.json.Decoder(_Nsps)


def espf_notice(body: bytes) -> Notice:
    """The event in a request of ESPF. Raises `NotAnEvent`."""
    try:
        event = _ESPF.decode(body)
    except (ValueError, RecursionError) as error:
        raise _not_an_event(error) from None
    variables = event.variables or {}
    number = variables.get("i_event")
    key = str(number) if isinstance(number, str | int) and not isinstance(number, bool) else ""
    return Notice(_key(key), event.event_type, variables)


def nsps_notice(body: bytes) -> Notice:
    """The event in a request of NSPS. Raises `NotAnEvent`."""
    try:
        event = _NSPS.decode(body)
    except (ValueError, RecursionError) as error:
        raise _not_an_event(error) from None
    variables = event.data.variables
    known = event.pb_data.account_info if event.pb_data is not None else None
    if known is not None and known.i_account is not None:
        variables = {"i_account": known.i_account, **variables}
    return Notice(_key(event.event_id), event.data.event_type, variables)


def _key(sent: str) -> str | None:
    """What the sender knows the event by; where it counts none it may send a zero."""
    key = sent.strip()
    return key if key.strip("0") else None


def _not_an_event(error: Exception) -> NotAnEvent:
    """What is wrong, by place and type; a sentence about syntax may quote what was sent, so it is not passed on."""
    if isinstance(error, msgspec.ValidationError):
        return NotAnEvent(f"the body is not an event: {error}")
    return NotAnEvent("the body is not JSON in UTF-8")
