"""The facts of the simulated installation. Everything here may be changed by a test, directly or through `changes`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

ENVIRONMENT = 3
TIME_ZONE = "Europe/Prague"
TV_MAC, TV_LOGIN, TV_PASSWORD, TV_PIN = "TV MAC", "TV Login", "TV Password", "TV PIN"
FIELD_NUMBERS: Mapping[str, int] = {TV_MAC: 12, TV_LOGIN: 13, TV_PASSWORD: 14, TV_PIN: 15}

DEBIT, VOUCHER, CREDIT, ALIAS = -1, 0, 1, 2
OWN_BALANCE, SUBORDINATE = 1, 3


@dataclass(frozen=True, slots=True)
class Product:
    """A main product, or an add-on."""

    i_product: int
    name: str
    is_addon: bool = False


PRODUCTS: Mapping[int, Product] = {
    product.i_product: product
    for product in (
        Product(61, "IPTV Basic"),
        Product(62, "IPTV Family"),
        Product(63, "Cable Basic"),
        Product(64, "Cable Family"),
        Product(65, "Box Basic"),
        Product(66, "Box Family"),
        Product(70, "Phone only"),
        Product(86, "IPTV Sport", is_addon=True),
        Product(87, "IPTV Kids", is_addon=True),
        Product(88, "Cable Sport", is_addon=True),
        Product(89, "Box Sport", is_addon=True),
    )
}


@dataclass(slots=True, kw_only=True)
class Customer:
    """Who pays. `marks` are further statuses that accounts inherit, such as `customer_limited`."""

    i_customer: int
    name: str
    blocked: bool = False
    bill_status: str = "O"
    prepaid: bool = False
    has_funds: bool = True
    marks: set[str] = field(default_factory=set)
    custom_fields: dict[str, str | None] = field(default_factory=dict)


@dataclass(slots=True)
class AddOn:
    """An assigned add-on; times in UTC, no end = open."""

    i_product: int
    effective_from: datetime
    effective_to: datetime | None = None


@dataclass(slots=True, kw_only=True)
class SimulatedAccount:
    """One account. `info` holds its contact fields by the API's names; `marks` statuses such as `frozen`.

    `custom_fields` has a key for each field that the customer class enables.
    """

    i_account: int
    id: str
    customer: Customer
    i_product: int = 61
    billing_model: int = CREDIT
    bill_status: str = "O"
    blocked: bool = False
    balance: Decimal = Decimal(0)
    credit_limit: Decimal | None = None
    balance_control: int = OWN_BALANCE
    issue_date: date
    activation_date: date | None = None
    expiration_date: date | None = None
    dual_version: str | None = None
    i_master_account: int | None = None
    login: str = ""
    time_zone: str = TIME_ZONE
    info: dict[str, str] = field(default_factory=dict)
    addons: list[AddOn] = field(default_factory=list)
    custom_fields: dict[str, str | None] = field(default_factory=dict)
    marks: set[str] = field(default_factory=set)


@dataclass(slots=True, kw_only=True)
class Transaction:
    """What a `make_transaction` booked: one xDR."""

    i_xdr: int
    i_account: int
    action: str
    amount: Decimal
    visible_comment: str
    internal_comment: str
    i_service: int
    booked_at: datetime


@dataclass(frozen=True, slots=True)
class ToldStatus:
    """What we were told about the provisioning of an account, by the ESPF API."""

    i_account: int
    status: str
    group: str
    message: str


@dataclass(slots=True)
class Installation:
    """All facts. `order` is the order in which the account list shows them."""

    accounts: dict[int, SimulatedAccount] = field(default_factory=dict)
    customers: dict[int, Customer] = field(default_factory=dict)
    order: list[int] = field(default_factory=list)
    transactions: list[Transaction] = field(default_factory=list)
    statuses: list[ToldStatus] = field(default_factory=list)
    next_i_account: int = 70001

    def in_order(self) -> Iterator[SimulatedAccount]:
        """Every account, as the list shows them."""
        return (self.accounts[i_account] for i_account in self.order)

    def add_customer(self, name: str = "") -> Customer:
        """A new customer."""
        i_customer = 4001 + len(self.customers)
        customer = Customer(i_customer=i_customer, name=name or f"Customer {i_customer}")
        self.customers[i_customer] = customer
        return customer

    def add_account(self, account_id: str, today: date, customer: Customer | None = None) -> SimulatedAccount:
        """A new account, with nothing special about it. Numbers are never used again."""
        i_account, self.next_i_account = self.next_i_account, self.next_i_account + 1
        account = SimulatedAccount(
            i_account=i_account, id=account_id, customer=customer or self.add_customer(), issue_date=today
        )
        self.accounts[i_account] = account
        self.order.append(i_account)
        return account

    def by_id(self, account_id: str) -> SimulatedAccount | None:
        """The account that has this id now."""
        return next((account for account in self.accounts.values() if account.id == account_id), None)

    def purge(self, account: SimulatedAccount) -> None:
        """Remove it without a trace, as happens long after its end."""
        del self.accounts[account.i_account]
        self.order.remove(account.i_account)

    def terminate(self, account: SimulatedAccount) -> None:
        """Close it for ever and free its id (contract, section 2.1). Closed already: nothing happens."""
        if account.bill_status == "C":
            return
        taken = {other.id for other in self.accounts.values()}
        account.id = next(f"{account.id}-old{n:03}" for n in range(1000) if f"{account.id}-old{n:03}" not in taken)
        account.bill_status = "C"
