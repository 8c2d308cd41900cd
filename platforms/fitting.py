"""Whether a platform can hold a wish, as far as its declared capabilities tell. Pure.

Rules of this module:

1. What a platform cannot hold is a `Problem` with a sentence: the account is held, nothing is cut to fit.
2. Unless the operator chose so (`degrade` of the platform): then that part of the wish is left out, and only that part.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import replace

from desired_state.desired import Problem, mask_device
from desired_state.subscriber import SubscriberSpec
from platforms.capabilities import Capabilities
from platforms.devices import is_mac, plain_device


def degraded(spec: SubscriberSpec, capabilities: Capabilities, degrade: Collection[str]) -> SubscriberSpec:
    """The wish without what the operator does without; of several devices the first in billing's order stay."""
    if "pin" in degrade and not capabilities.has_pin:
        spec = replace(spec, pin=None)
    if "connection_limit" in degrade and not capabilities.has_connection_limit:
        spec = replace(spec, max_connections=None)
    if "devices" in degrade and spec.device_ids is not None:
        distinct = tuple(dict.fromkeys(plain_device(device) for device in spec.device_ids))
        spec = replace(spec, device_ids=distinct[: capabilities.max_devices])
    return spec


def shortfalls(
    platform: str, capabilities: Capabilities, external_id: str, spec: SubscriberSpec
) -> tuple[Problem, ...]:
    """What of a (normalized) wish a platform with these capabilities cannot hold, a sentence each."""
    found = (*_of_name(capabilities, external_id), *_of_access(capabilities, spec), *_of_rest(capabilities, spec))
    return tuple(cannot_hold(platform, text) for text in found)


def cannot_hold(platform: str, text: str) -> Problem:
    """The problem that `text` describes: it goes on from "cannot hold this"."""
    return Problem("capability", f"platform {platform!r} cannot hold this: {text}")


def _of_name(capabilities: Capabilities, name: str) -> Iterator[str]:
    longest = capabilities.external_id_length
    if not 1 <= len(name) <= longest:
        yield f"the customer id {name!r} has {len(name)} characters, not 1 to {longest}"
    elif capabilities.name_pattern and not re.fullmatch(capabilities.name_pattern, name):
        yield f"the customer id {name!r} has a character, or a form, that the platform cannot address"


def _of_access(capabilities: Capabilities, spec: SubscriberSpec) -> Iterator[str]:
    """How viewers are recognised."""
    devices, most = spec.device_ids or (), capabilities.max_devices
    if spec.auth is not None and spec.auth not in capabilities.auths:
        yield f"there is no authentication by {spec.auth!r}"
    if most is not None and len(devices) > most:
        yield f"the account has {len(devices)} devices, more than {most} (degrade: [devices] takes the first)"
    if capabilities.only_macs:
        yield from (f"device {mask_device(device)!r} is not a MAC address" for device in devices if not is_mac(device))
    if capabilities.login_length is not None and len(spec.login or "") > capabilities.login_length:
        yield f"the login has {len(spec.login or '')} characters, more than {capabilities.login_length}"
    if not capabilities.has_password and spec.password is not None and spec.password.fingerprint:
        yield "there are no passwords"


def _of_rest(capabilities: Capabilities, spec: SubscriberSpec) -> Iterator[str]:
    if not capabilities.has_pin and spec.pin is not None and spec.pin.fingerprint:
        yield "there is no PIN (degrade: [pin] does without)"
    if not capabilities.has_connection_limit and spec.max_connections:
        yield (
            f"there is no limit of connections, and {spec.max_connections} are allowed"
            " (degrade: [connection_limit] does without)"
        )
    if capabilities.note_length is not None and len(spec.note or "") > capabilities.note_length:
        yield f"the note has {len(spec.note or '')} characters, more than {capabilities.note_length}"
