"""What people and logs may see of our values (promise P10).

Rules of this module:

1. Passwords and PINs show as `***`. Names, addresses, e-mails and phones never show: only that they are set, or that
   they changed. Devices and logins are hidden in their middle. Of a note, which anybody may write anything into, only
   our own mark shows.
2. Whatever is printed, logged, audited or served passes here first.
"""

from typing import TypeAlias

import msgspec

from desired_state.account import Contact, Secret
from desired_state.desired import mask_device
from desired_state.plan import Change, name_after
from desired_state.subscriber import SPEC_FIELDS, Owner, SubscriberSpec

Shown: TypeAlias = dict[str, str | int | bool | list[str]]

_WHY_HELD = {
    "customer_exported": "the customer is being moved to another PortaSwitch; nothing is touched until that is over",
    "dual_version_source": "the account is the source of a side-by-side upgrade; its other half decides",
    "details_unknown": "the account's details have not been read yet",
    "unknown_status": "billing shows a status that is in no rule; add it under rules.status to decide about it",
    "unknown_bill_status": "billing shows a bill_status that is none of O, S, I and C",
    "missing_from_billing": "billing's last complete list did not show the account; its record is left as it is until"
    " it is proven that the account is gone (explain says what that waits for)",
    "not_given_by_billing": "billing's list shows the account, but asked for it, billing says that there is none; its"
    " record is left as it is until the two agree",
    "unreadable_in_billing": "billing's answer about the account could not be understood; its record is left as it is",
}


def why_held(reason: str) -> str:
    """The sentence for a decision to leave a record as it is."""
    return _WHY_HELD.get(reason, f"rules.status says that accounts that are {reason!r} are left as they are")


def show_spec(spec: SubscriberSpec | None, beside: SubscriberSpec | None = None) -> Shown | None:
    """The fields of a spec that are managed, fit to be seen; `beside` is the other side of the difference."""
    if spec is None:
        return None
    shown: Shown = {}
    for name in SPEC_FIELDS:
        value = getattr(spec, name)
        if value is None:
            continue
        differs = beside is not None and getattr(beside, name) not in (None, value)
        shown[name] = _note(str(value), differs) if name == "note" else _show(name, value, differs)
    return shown


def show_difference(change: Change) -> list[str]:
    """The names of what a change touches; personal data by its kind only."""
    if change.after is None:
        return ["record"]
    if change.observed is None:
        return [name for name in SPEC_FIELDS if getattr(change.after, name) is not None]
    names = change.after.differs_from(change.observed.spec)
    renamed = ["external_id"] if change.observed.external_id != name_after(change) else []
    return [*renamed, *names]


def as_json(shown: Shown | None) -> str | None:
    """The shown form as the journal keeps it."""
    return None if shown is None else msgspec.json.encode(shown).decode()


def of_json(kept: str | None) -> Shown | None:
    """The shown form out of the journal."""
    return None if kept is None else msgspec.json.decode(kept, type=Shown)


def _note(note: str, differs: bool) -> str:
    owner = Owner.of(note)
    if owner is None:
        return "changed" if differs and note else "set" if note else ""
    return owner.note if note == owner.note else f"{owner.note} …"


def _show(name: str, value: object, differs: bool) -> "str | int | bool | list[str]":
    match value:
        case Secret():
            return "***" if value.fingerprint else ""
        case Contact():
            return "changed" if differs else "set" if value != Contact() else ""
        case tuple():
            return [mask_device(item) if name == "device_ids" else str(item) for item in value]
        case bool() | int():
            return value
    return mask_device(str(value)) if name == "login" and value else str(value)
