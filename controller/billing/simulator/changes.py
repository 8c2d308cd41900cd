"""What happens to accounts: as an operator does it, a payment, or a passing month.

`POST /_sim/changes` takes a `Change`; `Simulator.change` the same in Python.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from controller.billing.simulator.state import (
    DEBIT,
    PRODUCTS,
    SUBORDINATE,
    TV_LOGIN,
    TV_MAC,
    TV_PASSWORD,
    TV_PIN,
    AddOn,
    Customer,
    SimulatedAccount,
)
from controller.billing.simulator.world import World

Action = Literal[
    "block",
    "unblock",
    "customer_block",
    "customer_unblock",
    "topup",
    "drain",
    "product",
    "addon_add",
    "addon_remove",
    "terminate",
    "contact",
    "device",
    "rename",
    "create",
    "activate_on",
    "expire_on",
]


class Change(BaseModel):
    """One thing that happens.

    `i_account` names whom it happens to; the customer actions take `i_customer` as well. `create` needs `id`, and takes
    `i_product` and `i_customer`. `product` and `addon_*` need `i_product`; an add-on counts from `effective_from` (now)
    to `effective_to` (open). `rename` needs `id`. `device` sets `devices` (none = cleared). `contact` sets fields by
    their API names. `topup` adds `amount`; `drain` takes all that is left. `activate_on` and `expire_on` set `day`
    (none = not set).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    action: Action
    i_account: int | None = None
    i_customer: int | None = None
    i_product: int | None = None
    id: str | None = None
    amount: Decimal = Field(default=Decimal(20), gt=0)
    devices: tuple[str, ...] = ()
    contact: Mapping[str, str] = Field(default_factory=dict)
    day: date | None = None
    effective_from: datetime | None = None
    effective_to: datetime | None = None

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> "Change":
        needs = {"create": "id", "rename": "id"}
        needs |= dict.fromkeys(("product", "addon_add", "addon_remove"), "i_product")
        needed = needs.get(self.action)
        if needed is not None and getattr(self, needed) is None:
            raise ValueError(f"action {self.action!r} needs {needed!r}")
        if self.i_product is not None and self.i_product not in PRODUCTS:
            raise ValueError(f"i_product {self.i_product} is not one of {sorted(PRODUCTS)}")
        return self


class NoSuchAccount(LookupError):
    """A change names an account or customer that is not there."""


def apply(world: World, change: Change) -> int:
    """Let it happen; returns the i_account (the i_customer for a customer's change)."""
    if change.action in ("customer_block", "customer_unblock"):
        customer = _customer(world, change)
        customer.blocked = change.action == "customer_block"
        return customer.i_customer
    account = _create(world, change) if change.action == "create" else _account(world, change)
    if change.action != "create":
        _ACTIONS[change.action](world, account, change)
    return account.i_account


def credentials_of(i_account: int, devices: int = 1) -> dict[str, str | None]:
    """Custom fields that no other account has: devices of its own, a login, a password, a PIN."""
    macs = (f"00:1A:79:{n >> 16 & 255:02X}:{n >> 8 & 255:02X}:{n & 255:02X}" for n in range(i_account * 4, 2**62))
    return {
        TV_MAC: ", ".join(next(macs) for _ in range(devices)),
        TV_LOGIN: f"viewer{i_account}",
        TV_PASSWORD: f"Watch-{i_account * 7919 % 1_000_000:06}",
        TV_PIN: f"{i_account * 31 % 10_000:04}",
    }


def contact_of(number: int) -> dict[str, str]:
    """Somebody."""
    return {
        "firstname": f"Ana{number}",
        "lastname": f"Doe{number}",
        "email": f"a{number}@example.net,b{number}@example.net",
        "phone1": f"+4205550{number:06}",
        "baddr1": f"Hill Street {number % 200 + 1}",
        "city": "Brno",
        "zip": f"{60000 + number % 1000}",
        "country": "CZ",
    }


def drain(account: SimulatedAccount) -> None:
    """Leave no funds."""
    if account.balance_control == SUBORDINATE:
        account.customer.has_funds = False
    elif account.billing_model == DEBIT:
        account.balance = Decimal(0)
    else:
        account.credit_limit = account.credit_limit if account.credit_limit is not None else Decimal(10)
        account.balance = account.credit_limit


def _customer(world: World, change: Change) -> Customer:
    if change.i_customer is None:
        return _account(world, change).customer
    customer = world.installation.customers.get(change.i_customer)
    if customer is None:
        raise NoSuchAccount(f"there is no customer {change.i_customer}")
    return customer


def _account(world: World, change: Change) -> SimulatedAccount:
    account = world.installation.accounts.get(change.i_account or 0)
    if account is None:
        raise NoSuchAccount(f"there is no account {change.i_account}")
    return account


def _create(world: World, change: Change) -> SimulatedAccount:
    customer = _customer(world, change) if change.i_customer is not None else None
    account = world.installation.add_account(change.id or "", world.clock.now().date(), customer)
    account.i_product = change.i_product or account.i_product
    account.login = account.id
    account.info = contact_of(account.i_account)
    account.custom_fields = credentials_of(account.i_account)
    return account


def _block(_world: World, account: SimulatedAccount, change: Change) -> None:
    account.blocked = change.action == "block"


def _topup(_world: World, account: SimulatedAccount, change: Change) -> None:
    if account.balance_control == SUBORDINATE:
        account.customer.has_funds = True
    else:
        account.balance += change.amount if account.billing_model == DEBIT else -change.amount


def _drain(_world: World, account: SimulatedAccount, _change: Change) -> None:
    drain(account)


def _product(_world: World, account: SimulatedAccount, change: Change) -> None:
    account.i_product = change.i_product or account.i_product


def _addon_add(world: World, account: SimulatedAccount, change: Change) -> None:
    begins = _utc(change.effective_from) or world.clock.now()
    account.addons.append(AddOn(change.i_product or 0, begins, _utc(change.effective_to)))


def _addon_remove(_world: World, account: SimulatedAccount, change: Change) -> None:
    account.addons[:] = [addon for addon in account.addons if addon.i_product != change.i_product]


def _terminate(world: World, account: SimulatedAccount, _change: Change) -> None:
    world.installation.terminate(account)


def _contact(_world: World, account: SimulatedAccount, change: Change) -> None:
    moved = {"email": f"moved{account.i_account}@example.net", "baddr1": f"Lake Road {account.i_account % 90 + 1}"}
    account.info.update(change.contact or moved)


def _device(_world: World, account: SimulatedAccount, change: Change) -> None:
    account.custom_fields[TV_MAC] = ", ".join(change.devices) or None


def _rename(_world: World, account: SimulatedAccount, change: Change) -> None:
    account.id = change.id or account.id


def _activate_on(_world: World, account: SimulatedAccount, change: Change) -> None:
    account.activation_date = change.day


def _expire_on(_world: World, account: SimulatedAccount, change: Change) -> None:
    account.expiration_date = change.day


def _utc(value: datetime | None) -> datetime | None:
    if value is None:
        return None
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


_ACTIONS: Mapping[str, Callable[[World, SimulatedAccount, Change], None]] = {
    "block": _block,
    "unblock": _block,
    "topup": _topup,
    "drain": _drain,
    "product": _product,
    "addon_add": _addon_add,
    "addon_remove": _addon_remove,
    "terminate": _terminate,
    "contact": _contact,
    "device": _device,
    "rename": _rename,
    "activate_on": _activate_on,
    "expire_on": _expire_on,
}
