"""The form in which each platform's words are written down here, so that all are judged alike.

Rules of this module:

1. Records are what the simulators' own `/_sim/` interfaces dump: the platforms' words, not those of the drivers.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from controller.demo.check.facts import ENVIRONMENT, Account

Record = Mapping[str, object]
"""A record as the platform's simulator dumps it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """How one platform says what it holds, and what the demo's catalog gives there.

    `path` is where its simulator dumps everything; `key`, `called` and `note` are the fields with the platform's own
    id, the name and the free text; `switch` is the field, and its values, of a service that is on, and off. `since`
    are the fields that tell when a record that was switched once came to have service, and lost it. `lists` are
    fields whose order means nothing. `products` are those that give service there, add-ons too. `devices` are those
    that it is to hold for an account, `devices_of` those that a record has. `rest` is all else that a record has to
    show.
    """

    path: str
    key: str
    called: str
    note: str
    switch: tuple[str, object, object]
    since: tuple[str, str]
    lists: tuple[str, ...]
    products: frozenset[int]
    name: Callable[[Account], str]
    devices: Callable[[Account], list[str]]
    devices_of: Callable[[Record], list[str]]
    rest: Callable[[Account, Sequence[int]], Record]

    def key_of(self, record: Record) -> str:
        """What tells the record from all others."""
        return str(record[self.key])

    def name_of(self, record: Record) -> str:
        """What the record is called."""
        return str(record[self.called])

    def is_on(self, record: Record) -> bool:
        """Whether the viewer has service."""
        field, on, _ = self.switch
        return record[field] == on

    def on_since(self, record: Record) -> datetime:
        """When a record that is on was switched on."""
        return datetime.fromisoformat(str(record[self.since[0]]))

    def off_since(self, record: Record) -> datetime:
        """When a record that is off was switched off."""
        return datetime.fromisoformat(str(record[self.since[1]]))

    def shown(self, record: Record) -> Record:
        """The record's fields in a form that can be compared."""
        return {**record, **{name: in_order(record[name]) for name in self.lists}}

    def wanted(self, account: Account, products: Sequence[int]) -> Record:
        """All that the account's record has to show but its devices: of one without such products, that it is off."""
        field, on, off = self.switch
        if not self.products & set(products):
            return {field: off}
        return {field: on if account.is_on else off, **self.rest(account, products)}


def with_environment(account: Account) -> str:
    """The usual name of a record."""
    return f"{account.id}_{ENVIRONMENT}"


def all_devices(account: Account) -> list[str]:
    """For a platform that holds as many devices as there are."""
    return sorted(account.devices)


def first_address(account: Account) -> str:
    """Of several e-mail addresses the first."""
    return account.contact.get("email", "").partition(",")[0]


def united(given: Mapping[int, Iterable[str]], products: Iterable[int]) -> list[str]:
    """What these products give together."""
    return sorted({package for product in products for package in given.get(product, ())})


def in_order(values: object) -> list[str]:
    """The texts of a list, sorted."""
    return sorted(str(each) for each in values) if isinstance(values, list | tuple) else []
