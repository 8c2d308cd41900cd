"""Ministra in plain words (Ministra contract): a user has one tariff plan, add-ons to it, and one MAC."""

import re
from collections.abc import Mapping, Sequence

from controller.demo.check.facts import Account
from controller.demo.check.words import Record, Words, united

_PLANS: Mapping[int, str] = {65: "basic", 66: "family"}
_ADDONS: Mapping[int, tuple[str, ...]] = {89: ("sport",)}


def _name(account: Account) -> str:
    return account.id.lower()


def _devices(account: Account) -> list[str]:
    return account.devices[:1]


def _devices_of(record: Record) -> list[str]:
    mac = str(record["stb_mac"]).replace(":", "")
    return [mac] if mac else []


def _rest(account: Account, products: Sequence[int]) -> Record:
    names = (account.contact.get("firstname", ""), account.contact.get("lastname", ""))
    return {
        "tariff_plan": next((_PLANS[each] for each in products if each in _PLANS), ""),
        "subscribed": united(_ADDONS, products),
        "stb_mac": ":".join(re.findall("..", "".join(_devices(account)))),
        "full_name": " ".join(name for name in names if name),
        "phone": account.contact.get("phone1", ""),
        "account_number": account.id,
    }


MINISTRA = Words(
    path="/_sim/users",
    key="login",
    called="login",
    note="comment",
    switch=("status", "1", "0"),
    since=("switched_at", "switched_at"),
    lists=("subscribed",),
    products=frozenset({*_PLANS, *_ADDONS}),
    name=_name,
    devices=_devices,
    devices_of=_devices_of,
    rest=_rest,
)
