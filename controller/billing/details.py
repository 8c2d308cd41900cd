"""The part of an account that only `Account/get_account_info` tells: add-ons, contact, customer flags. Pure.

Some installations show the add-ons in the list as well; they are read in the same way. Everything here raises
`Unreadable` for what it cannot understand. Add-ons outside their interval are kept: what counts now is the core's
business.
"""

import re
from collections.abc import Mapping

from controller.billing.rows import AccountRow, decode_value
from controller.billing.values import Unreadable, flag, instant, is_unset, kind, text, unreadable, whole
from desired_state.account import AccountDetails, AssignedProduct, Contact

_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(?:\.[^@\s.]+)+")
_BETWEEN_EMAILS = re.compile(r"[,;\s]+")
_ADDRESS_LINES = ("baddr1", "baddr2", "baddr3", "baddr4", "baddr5", "address_line_2")


def account_details(info: Mapping[str, object]) -> AccountDetails:
    """The details in an `account_info`, credentials unknown."""
    zone = _stripped(info, "time_zone_name")
    return AccountDetails(
        addons=_addons(info.get("assigned_addons"), zone),
        contact=_contact(info),
        time_zone=zone,
        customer_blocked=flag("customer_blocked", info.get("customer_blocked")),
        customer_bill_status=_stripped(info, "customer_bill_status").upper(),
        customer_suspended=flag("customer_bill_suspended", info.get("customer_bill_suspended")),
    )


def addons_in(row: AccountRow, zone: str = "") -> tuple[AssignedProduct, ...] | None:
    """The add-ons that a row of the list shows; `None` where it tells nothing of them, or nothing that makes sense.

    `zone` is the account's time zone as far as it is known, for rows that do not tell it.
    """
    if not bytes(row.assigned_addons):
        return None
    try:
        return _addons(decode_value(row.assigned_addons), (row.time_zone_name or "").strip() or zone)
    except (Unreadable, ValueError):
        return None


def first_email(written: str) -> str:
    """The first valid address of a field that may hold several (contract, section 2.2); empty if there is none."""
    candidates = _BETWEEN_EMAILS.split(written)
    return next((candidate for candidate in candidates if _EMAIL.fullmatch(candidate)), "")


def _addons(listed: object, zone: str) -> tuple[AssignedProduct, ...]:
    if is_unset(listed):
        return ()
    if not isinstance(listed, list) or not all(isinstance(entry, dict) for entry in listed):
        found = "holds something else than objects" if isinstance(listed, list) else f"is {kind(listed)}"
        raise Unreadable(f"field 'assigned_addons' {found}", "assigned_addons")
    return tuple(_addon(entry, zone) for entry in listed)


def _addon(entry: Mapping[str, object], zone: str) -> AssignedProduct:
    """One add-on; without an end it stays. Its date-times are in UTC (contract, section 2.2), bare dates in `zone`."""
    i_product = whole("i_product", entry.get("i_product"))
    if i_product is None:
        raise unreadable("assigned_addons.i_product", entry.get("i_product"), "a product's number")
    return AssignedProduct(
        i_product,
        _stripped(entry, "name"),
        instant("addon_effective_from", entry.get("addon_effective_from"), zone=zone),
        instant("addon_effective_to", entry.get("addon_effective_to"), zone=zone, ends=True),
    )


def _contact(info: Mapping[str, object]) -> Contact:
    lines = (_stripped(info, line) for line in _ADDRESS_LINES)
    return Contact(
        first_name=_stripped(info, "firstname"),
        last_name=_stripped(info, "lastname"),
        email=first_email(_stripped(info, "email")),
        phone=_stripped(info, "phone1") or _stripped(info, "phone2"),
        country=_stripped(info, "country"),
        state=_stripped(info, "state"),
        city=_stripped(info, "city"),
        address=", ".join(line for line in lines if line),
        zip=_stripped(info, "zip"),
    )


def _stripped(fields: Mapping[str, object], name: str) -> str:
    return text(name, fields.get(name)).strip()
