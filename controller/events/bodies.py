"""The bodies in which events come (contract, sections 7.1 and 7.4; PortaOne's OpenAPI document for connectors). Pure.

Rules of this module:

1. A body is taken as tolerantly as can be: a refusal means that the event is lost.
2. Of NSPS's body only the event is used, and of the billing data (a cache of seconds before) the account's number where
   the event has none. It is strict about what it cannot do without: an id, a type, and objects where objects belong.
   The document says more about the rest, which no answer of ours depends on; whatever stands there is let pass.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from controller.events.vocabulary import positive


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
    variables: object = None


class _Nsps(msgspec.Struct):
    event_id: str
    data: _EspfEvent
    pb_data: object = None


_ESPF = msgspec.json.Decoder(_Espf)
_NSPS = msgspec.json.Decoder(_Nsps)
_EMPTY: tuple[object, ...] = (None, [], "")
"""What stands for an object that has nothing in it, in languages that do not tell it from an empty list."""


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
    variables = _members("$.data.variables", event.data.variables)
    known = _members("$.pb_data", event.pb_data).get("account_info")
    i_account = positive(known.get("i_account")) if isinstance(known, Mapping) else None
    if i_account is not None and positive(variables.get("i_account")) is None:
        variables = {**variables, "i_account": i_account}
    return Notice(_key(event.event_id), event.data.event_type, variables)


def _members(place: str, value: object) -> Mapping[str, object]:
    """The members of what has to be an object, or empty."""
    if isinstance(value, dict):
        return value
    if value in _EMPTY:
        return {}
    raise NotAnEvent(f"the body is not an event: neither an object nor empty - at `{place}`")


def _key(sent: str) -> str | None:
    """What the sender knows the event by; where it counts none it may send a zero."""
    key = sent.strip()
    return key if key.strip("0") else None


def _not_an_event(error: Exception) -> NotAnEvent:
    """What is wrong, by place and type; a sentence about syntax may quote what was sent, so it is not passed on."""
    if isinstance(error, msgspec.ValidationError):
        return NotAnEvent(f"the body is not an event: {error}")
    return NotAnEvent("the body is not JSON in UTF-8")
