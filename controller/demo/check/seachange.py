"""SeaChange's Traxis.Web in plain words (SeaChange contract, Declared)."""

from collections.abc import Mapping, Sequence

from controller.demo.check.facts import Account
from controller.demo.check.words import (
    Record,
    Words,
    all_devices,
    first_address,
    in_order,
    united,
    with_environment,
)

_PRODUCTS: Mapping[int, tuple[str, ...]] = {63: ("basic",), 64: ("basic", "cinema"), 88: ("sport",)}


def _devices_of(record: Record) -> list[str]:
    return in_order(record["cpes"])


def _rest(account: Account, products: Sequence[int]) -> Record:
    return {
        "products": united(_PRODUCTS, products),
        "pin": account.custom_fields.get("TV PIN") or "",
        "first": account.contact.get("firstname", ""),
        "last": account.contact.get("lastname", ""),
        "email": first_address(account),
        "phone": account.contact.get("phone1", ""),
    }


SEACHANGE = Words(
    path="/_sim/customers",
    key="id",
    called="id",
    note="note",
    switch=("enabled", True, False),
    since=("switched_at", "switched_at"),
    lists=("products",),
    products=frozenset(_PRODUCTS),
    name=with_environment,
    devices=all_devices,
    devices_of=_devices_of,
    rest=_rest,
)
