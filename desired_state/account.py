"""What billing says about an account, in our words.

Rules of this module:

1. Identity is `i_account`. The account `id` is a label: it can be changed, reused by another account, and is renamed
   to `...-old000` at termination (PortaBilling contract, section 2.1).
2. Unknown is not empty. `None` means that billing did not tell (not fetched, masked, field missing) and therefore
   changes nothing; an empty text or tuple means that billing says "none".
3. Secrets compare by fingerprint. Their clear text is carried only as long as somebody has to write it.
4. No `repr` shows a secret or personal data.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import IntEnum, StrEnum

_ID_AFTER_TERMINATION = re.compile(r"(?P<base>.+)-old\d{3,}", re.ASCII | re.DOTALL)


class BillingModel(IntEnum):
    """PortaBilling `billing_model`; only debit, credit and beneficiary accounts are real subscribers."""

    DEBIT = -1
    VOUCHER = 0
    CREDIT = 1
    ALIAS = 2
    INTERNAL = 3
    BENEFICIARY = 4

    @property
    def is_real(self) -> bool:
        """Whether an account of this model can be a subscriber (vouchers, aliases and internal ones cannot)."""
        return self in (BillingModel.DEBIT, BillingModel.CREDIT, BillingModel.BENEFICIARY)


class AccountStatus(StrEnum):
    """The computed `status` of PortaBilling (contract, section 2.2). Absent, `ok` and `active` are all `ACTIVE`."""

    ACTIVE = "active"
    BLOCKED = "blocked"
    CUSTOMER_BLOCKED = "customer_blocked"
    SUSPENDED = "suspended"
    CUSTOMER_SUSPENDED = "customer_suspended"
    CUSTOMER_SUSPENSION_DELAYED = "customer_suspension_delayed"
    CUSTOMER_LIMITING_DELAYED = "customer_limiting_delayed"
    CUSTOMER_LIMITED = "customer_limited"
    CUSTOMER_PROVISIONALLY_TERMINATED = "customer_provisionally_terminated"
    OVERDRAFT = "overdraft"
    ZERO_BALANCE = "zero_balance"
    CREDIT_EXCEEDED = "credit_exceeded"
    CUSTOMER_HAS_NO_AVAILABLE_FUNDS = "customer_has_no_available_funds"
    CUSTOMER_CREDIT_EXCEED = "customer_credit_exceed"
    EXPIRED = "expired"
    NOT_YET_ACTIVE = "not_yet_active"
    INACTIVE = "inactive"
    FROZEN = "frozen"
    SCREENING = "screening"
    QUARANTINE = "quarantine"
    CLOSED = "closed"
    CUSTOMER_EXPORTED = "customer_exported"


@dataclass(frozen=True, slots=True)
class Secret:
    """A password or PIN: a keyed fingerprint that may be kept, and a value that may not.

    Two secrets are equal when their fingerprints are. An empty fingerprint says "none is set". The value is `None`
    wherever the secret was read back from our own store: to write it, billing has to be asked again.
    """

    fingerprint: str
    value: str | None = field(default=None, compare=False, repr=False)

    def sealed(self) -> "Secret":
        """The same secret without its clear text."""
        return Secret(self.fingerprint)


@dataclass(frozen=True, slots=True)
class AssignedProduct:
    """A main product or an add-on. The interval is half open, in UTC; `None` is an open end."""

    i_product: int
    name: str
    effective_from: datetime | None = None
    effective_to: datetime | None = None

    def is_effective(self, now: datetime) -> bool:
        """Whether the product counts at `now`."""
        started = self.effective_from is None or self.effective_from <= now
        return started and (self.effective_to is None or now < self.effective_to)

    def covers(self, other: "AssignedProduct") -> bool:
        """Whether it is the same product, and counts at least whenever the other does."""
        begins = self.effective_from is None or (
            other.effective_from is not None and self.effective_from <= other.effective_from
        )
        ends = self.effective_to is None or (other.effective_to is not None and other.effective_to <= self.effective_to)
        return self.i_product == other.i_product and begins and ends


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Contact:
    """Who the subscriber is: personal data, never to be shown."""

    first_name: str = ""
    last_name: str = ""
    email: str = ""
    phone: str = ""
    country: str = ""
    state: str = ""
    city: str = ""
    address: str = ""
    zip: str = ""

    def __repr__(self) -> str:
        return "Contact(***)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """How the viewer is recognised; from custom fields. `None` = missing or masked, so nothing changes."""

    device_ids: tuple[str, ...] | None = field(default=None, repr=False)
    login: str | None = field(default=None, repr=False)
    password: Secret | None = None
    pin: Secret | None = None

    def sealed(self) -> "Credentials":
        """The same credentials without clear text."""
        return Credentials(
            device_ids=self.device_ids,
            login=self.login,
            password=self.password and self.password.sealed(),
            pin=self.pin and self.pin.sealed(),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountDetails:
    """What only the account's own calls tell (account details and custom fields), not its row in the list."""

    addons: tuple[AssignedProduct, ...] = ()
    contact: Contact = Contact()
    credentials: Credentials = Credentials()
    time_zone: str = ""
    customer_blocked: bool = False
    customer_bill_status: str = ""
    customer_suspended: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One account as billing shows it.

    `status` is billing's computed status in lower case, empty where billing gives none; `bill_status` is one of
    O(pen), S(uspended), I(nactive), C(losed). Balances are in `currency` (ISO 4217, empty where billing does not say).
    `no_funds_since` is the first instant at which we saw the account without funds (billing does not tell it).
    `details` is `None` until the account's own calls were made.
    """

    i_account: int
    id: str
    i_env: int
    i_customer: int | None = None
    billing_model: BillingModel = BillingModel.CREDIT
    bill_status: str = "O"
    blocked: bool = False
    status: str = ""
    dual_version: str = ""
    product: AssignedProduct | None = None
    balance: Decimal | None = None
    credit_limit: Decimal | None = None
    currency: str = ""
    subordinate: bool = False
    activation_date: date | None = None
    expiration_date: date | None = None
    no_funds_since: datetime | None = None
    details: AccountDetails | None = None

    @property
    def is_terminated(self) -> bool:
        """Whether billing states the end of the account: a fact, unlike its absence from a list."""
        return self.bill_status == "C" or self.status == AccountStatus.CLOSED

    @property
    def base_id(self) -> str:
        """The id it had in life: a terminated account loses PortaBilling's `-oldNNN` suffix."""
        renamed = _ID_AFTER_TERMINATION.fullmatch(self.id) if self.is_terminated else None
        return renamed["base"] if renamed else self.id


@dataclass(frozen=True, slots=True)
class BillingSnapshot:
    """The outcome of reading billing's whole list. Only a `complete` one may lead to a destructive change.

    `accounts` counts the distinct real accounts, `taken_at` is the instant at which the reading began, `doubt` says
    why the list is not proven complete, and `unreadable` names the rows that could not be understood (`i_account` ->
    a sentence): those accounts are left as they are.
    """

    accounts: int
    taken_at: datetime
    complete: bool
    doubt: str = ""
    unreadable: Mapping[int, str] = field(default_factory=dict)
