"""Custom fields -> credentials (contract, section 4).

Rules of this module:

1. A field that is there and empty was cleared by the operator: the device, login or secret goes.
2. A field that is missing (not enabled in the customer class, not shown to our user) or masked (personal data) is
   unknown, `None`: it changes nothing.
3. Where several fields hold devices, one unknown field makes the whole list unknown. It may hold a device that is on
   the platform now, and a list without that device would take it away.
"""

import re
from collections.abc import Callable, Iterable, Mapping

from controller.billing.settings import CustomFields
from controller.billing.values import text
from desired_state.account import Credentials, Secret

Fingerprint = Callable[[str], str]

_SEPARATORS = re.compile(r"[,;\s]+")
_MASK_CHARACTERS = "*•●"
_MASKED = re.compile(rf"[{_MASK_CHARACTERS}]+|[{_MASK_CHARACTERS}]{{2}}.*", re.DOTALL)


def field_values(entries: Iterable[Mapping[str, object]]) -> dict[str, str]:
    """The values of `custom_fields_values` by name and by number; an entry without `db_value` is missing."""
    values: dict[str, str] = {}
    for entry in entries:
        if "db_value" not in entry:
            continue
        value = _value(text("custom field name", entry.get("name")), entry["db_value"])
        for key in ("name", "i_custom_field"):
            if label := text(key, entry.get(key)).strip():
                values.setdefault(label, value)
    return values


def credentials(values: Mapping[str, str], fields: CustomFields, fingerprint: Fingerprint) -> Credentials:
    """What the fields say about how the viewer is recognised."""
    return Credentials(
        device_ids=_devices(values, fields.device_ids),
        login=_readable(values, fields.login),
        password=_secret(_readable(values, fields.password), fingerprint),
        pin=_secret(_readable(values, fields.pin), fingerprint),
    )


def masked_fields(values: Mapping[str, str], fields: CustomFields) -> tuple[str, ...]:
    """Which of the configured fields are there, but hidden from our user."""
    texts = [name for name in (fields.login, fields.password, fields.pin) if name and _readable(values, name) is None]
    devices = [name for name in fields.device_ids if _is_masked_device(values.get(name, ""))]
    return tuple(name for name in (*devices, *texts) if name in values)


def _value(name: str, value: object) -> str:
    if isinstance(value, list):
        return " ".join(text(f"custom field {name}", item) for item in value)
    return text(f"custom field {name}", value).strip()


def _readable(values: Mapping[str, str], name: str | None) -> str | None:
    value = values.get(name) if name else None
    return None if value is None or _MASKED.fullmatch(value) else value


def _devices(values: Mapping[str, str], names: tuple[str, ...]) -> tuple[str, ...] | None:
    found = [values.get(name) for name in names]
    known = [value for value in found if value is not None and not _is_masked_device(value)]
    if not names or len(known) < len(names):
        return None
    devices = (device for value in known for device in _SEPARATORS.split(value) if device)
    return tuple(dict.fromkeys(devices))


def _is_masked_device(value: str) -> bool:
    """A device id never contains a mask character, so one anywhere hides a part of it."""
    return any(character in value for character in _MASK_CHARACTERS)


def _secret(value: str | None, fingerprint: Fingerprint) -> Secret | None:
    if value is None:
        return None
    return Secret(fingerprint(value), value) if value else Secret("", "")
