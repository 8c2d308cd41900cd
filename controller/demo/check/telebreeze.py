"""Telebreeze in plain words (Telebreeze contract, Declared)."""

from collections.abc import Mapping, Sequence

from controller.demo.check.facts import Account
from controller.demo.check.words import Record, Words, all_devices, first_address, united, with_environment

_PACKAGES: Mapping[int, tuple[str, ...]] = {
    61: ("1",),  # basic
    62: ("1", "4"),  # basic, cinema
    86: ("2",),  # sport
    87: ("3",),  # kids
}
_CONNECTIONS: Mapping[int, int] = {61: 2, 62: 4}


def _devices_of(record: Record) -> list[str]:
    devices = record["devices"]
    return sorted(str(each["deviceId"]) for each in devices) if isinstance(devices, list) else []


def _rest(account: Account, products: Sequence[int]) -> Record:
    contact = account.contact
    lines = [contact.get(f"baddr{line}", "") for line in range(1, 6)]
    return {
        "packages": united(_PACKAGES, products),
        "authMethod": "device",
        "maxConcurrentConnections": max(_CONNECTIONS.get(each, 0) for each in products),
        "firstName": contact.get("firstname", ""),
        "lastName": contact.get("lastname", ""),
        "email": first_address(account),
        "phone": contact.get("phone1", ""),
        "address": ", ".join(line for line in lines if line),
        "city": contact.get("city", ""),
        "state": contact.get("state", ""),
        "zip": contact.get("zip", ""),
        "country": contact.get("country", ""),
    }


TELEBREEZE = Words(
    path="/_sim/customers",
    key="id",
    called="externalId",
    note="notes",
    switch=("status", "active", "disabled"),
    since=("createdAt", "updatedAt"),
    lists=("packages",),
    products=frozenset(_PACKAGES),
    name=with_environment,
    devices=all_devices,
    devices_of=_devices_of,
    rest=_rest,
)
