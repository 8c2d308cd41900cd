"""Which events an installation emits for a change (contract, section 7.2). Pure: values in, values out.

Rules of this module:

1. A customer's change is a Customer/* event and nothing else: accounts do not inherit a block.
2. Variables name whom an event is about by `i_account` or `i_customer`; a change of balance by `billing_entity_id`.
3. A release spells some types its own way; the grouped vocabulary knows little but created, updated, deleted.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from controller.billing.simulator.changes import Action

Vocabulary = Literal["grouped", "mr80", "mr115"]

_DETAILED: Mapping[Action, tuple[str, ...]] = {
    "block": ("Account/Blocked",),
    "unblock": ("Account/Unblocked",),
    "customer_block": ("Customer/Blocked",),
    "customer_unblock": ("Customer/Unblocked",),
    "topup": ("Account/BalanceChanged", "Account/AvailableFundsAppear", "Account/Status/Unsuspend"),
    "drain": ("Account/BalanceChanged", "Account/ZeroAvailableFunds", "Account/Status/Suspend"),
    "product": ("Account/Product/Changed",),
    "addon_add": ("Account/ProductAddon/Inserted",),
    "addon_remove": ("Account/ProductAddon/Deleted",),
    "terminate": ("Account/Status/Closed",),
    "contact": ("Subscriber/ContactInfo/Changed",),
    "device": ("Account/CustomField/Changed",),
    "rename": ("Account/Id/Changed",),
    "create": ("Account/New",),
    "activate_on": ("Account/ActivationDate/Changed",),
    "expire_on": ("Account/ExpirationDate/Changed",),
}
_MR115 = {
    "Account/Status/Suspend": "Account/Status/Suspended",
    "Account/Status/Unsuspend": "Account/Status/SuspensionRemoved",
    "Account/Id/Changed": "Account/ID/Changed",
}
_COALESCING = frozenset(
    {
        "Account/ProductAddon/Changed",
        "Account/ProductAddon/Deleted",
        "Customer/Status/Limited",
        "Customer/Status/Suspend",
        "Customer/Status/Suspended",
    }
)
PRODUCT_CHANGED = "Product/ServiceAttribute/Changed"


@dataclass(frozen=True, slots=True)
class Happening:
    """An event before it has a number: its type, and the variables that say whom it is about."""

    event_type: str
    about: Mapping[str, int] = field(default_factory=dict)

    @property
    def coalesces_as(self) -> tuple[object, ...] | None:
        """What it shares with those queued events that it replaces; `None` if it replaces none (section 7.1)."""
        return (self.event_type, *sorted(self.about.items())) if self.event_type in _COALESCING else None


def happenings(action: Action, number: int, vocabulary: Vocabulary) -> tuple[Happening, ...]:
    """The events of one change; `number` is the i_customer of a customer's change, else the i_account."""
    if vocabulary == "grouped":
        return (Happening(_grouped(action), _about(action, "", number)),)
    types = _DETAILED[action] if vocabulary == "mr80" else tuple(_MR115.get(name, name) for name in _DETAILED[action])
    return tuple(Happening(name, _about(action, name, number)) for name in types)


def product_changed(i_product: int) -> Happening:
    """The event of a product whose attributes change, for all its accounts at once."""
    return Happening(PRODUCT_CHANGED, {"i_product": i_product})


def _grouped(action: Action) -> str:
    group = "Customer" if action.startswith("customer_") else "Subscriber"
    return f"{group}/{ {'create': 'Created', 'terminate': 'Deleted'}.get(action, 'Updated') }"


def _about(action: Action, event_type: str, number: int) -> Mapping[str, int]:
    if event_type.endswith("/BalanceChanged"):
        return {"billing_entity_id": number}
    return {"i_customer" if action.startswith("customer_") else "i_account": number}
