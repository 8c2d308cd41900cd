"""The only business rules: what an account is entitled to, and why.

Rules of this module:

1. Every condition that holds for the account is looked up in one table, condition -> presence (PortaBilling contract,
   section 2.2); the operator can override a line of it. A condition the table does not know means `hold`.
2. Conditions are looked at in a fixed order; the first that does not allow service decides. An export outranks an
   end, an end outranks everything else.
3. Billing's computed `status` is trusted. Funds and the customer's own flags count only where no status tells, or only
   one that the grace period sets aside. Dates always count, since time passes between two looks.
4. What is not known is not decided: without the account's details an account that would be active is held.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from desired_state.absence import Absence
from desired_state.account import Account, AccountStatus, AssignedProduct, BillingModel
from desired_state.catalog import Catalog, Service
from desired_state.days import midnight


class Presence(StrEnum):
    """What should become of the subscriber.

    `active`: there, and on. `suspended`: off. `dormant`: no IPTV service in billing; off if there, never created.
    `absent`: not there. `hold`: left exactly as it is.
    """

    ACTIVE = "active"
    SUSPENDED = "suspended"
    DORMANT = "dormant"
    ABSENT = "absent"
    HOLD = "hold"


_ON = (
    AccountStatus.ACTIVE,
    AccountStatus.CUSTOMER_SUSPENSION_DELAYED,
    AccountStatus.CUSTOMER_LIMITING_DELAYED,
    AccountStatus.CUSTOMER_LIMITED,
    AccountStatus.FROZEN,
    AccountStatus.SCREENING,
    AccountStatus.QUARANTINE,
)
_NO_FUNDS = (
    AccountStatus.OVERDRAFT,
    AccountStatus.ZERO_BALANCE,
    AccountStatus.CREDIT_EXCEEDED,
    AccountStatus.CUSTOMER_HAS_NO_AVAILABLE_FUNDS,
    AccountStatus.CUSTOMER_CREDIT_EXCEED,
)
DEFAULT_STATUS_TABLE: Mapping[str, Presence] = {
    **dict.fromkeys(AccountStatus, Presence.SUSPENDED),
    **dict.fromkeys(_ON, Presence.ACTIVE),
    AccountStatus.CLOSED: Presence.ABSENT,
    AccountStatus.CUSTOMER_EXPORTED: Presence.HOLD,
}
_BILL_STATUS: Mapping[str, AccountStatus | None] = {
    "O": None,
    "S": AccountStatus.SUSPENDED,
    "I": AccountStatus.INACTIVE,
    "C": AccountStatus.CLOSED,
}
_CUSTOMER_BILL_STATUS: Mapping[str, AccountStatus] = {
    "S": AccountStatus.CUSTOMER_SUSPENDED,
    "L": AccountStatus.CUSTOMER_LIMITED,
    "C": AccountStatus.CUSTOMER_PROVISIONALLY_TERMINATED,
    "D": AccountStatus.CUSTOMER_PROVISIONALLY_TERMINATED,
}
_SAME_AS_ACTIVE = ("", "ok", AccountStatus.ACTIVE)
UNREAD = "details_unknown"
"""The reason for which an account is held whose details were not read yet."""
_NEVER = datetime.max.replace(tzinfo=UTC)


class Rules(BaseModel):
    """What an operator may decide otherwise."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    status: Mapping[str, Presence] = Field(default_factory=dict)
    """What a status means: overrides lines of README's table, or adds some to it."""
    no_funds_grace: timedelta = Field(default=timedelta(0), ge=timedelta(0), le=timedelta(days=3650))
    """How long an account without funds stays on, counted from when it was first seen so."""

    def presence(self, condition: str) -> Presence:
        """What the condition means; `hold` for one the table does not know."""
        decided = self.status.get(condition)
        return decided if decided is not None else DEFAULT_STATUS_TABLE.get(condition, Presence.HOLD)


@dataclass(frozen=True, slots=True)
class Decision:
    """What should be, and why.

    `reason` is the condition that decided, or one of `entitled`, `no_iptv_product`, `not_a_subscriber`,
    `details_unknown`, `dual_version_source`, `unknown_bill_status`, `unknown_status`; `facts` are what it rests on, as
    (name, value) pairs. `services` is `None` while the add-ons are not known. `valid_until` is the next instant at
    which time alone may change the decision. `absence` is there where that is what decided: the account is `absent`,
    and each platform lets its grace go by before its record goes.
    """

    presence: Presence
    reason: str
    facts: tuple[tuple[str, str], ...]
    services: tuple[Service, ...] | None
    valid_until: datetime | None
    absence: Absence | None = None


def entitlement(account: Account, catalog: Catalog, rules: Rules, now: datetime) -> Decision:
    """Decide what `account` should have at `now`."""
    services = _services(account, catalog, now)
    presence, reason = _verdict(account, rules, now)
    if presence is Presence.ACTIVE and services is None:
        presence, reason = Presence.HOLD, UNREAD
    elif services == () and presence in (Presence.ACTIVE, Presence.SUSPENDED):
        presence, reason = Presence.DORMANT, "no_iptv_product"
    return Decision(
        presence=presence,
        reason=reason,
        facts=tuple(_facts(account, now)),
        services=services,
        valid_until=_valid_until(account, rules, now),
    )


def lacks_funds(account: Account) -> bool:
    """Whether the account has no money left: by its status, else by balance and billing model.

    A credit account has `credit_limit - balance` left (no limit = enough), a debit account its balance. With
    subordinate balance control only the customer's balance counts, for a beneficiary its sponsor's; the account shows
    neither.
    """
    if account.status not in _SAME_AS_ACTIVE:
        return account.status in _NO_FUNDS
    return account.status == "" and any(_funds_conditions(account))


def _verdict(account: Account, rules: Rules, now: datetime) -> tuple[Presence, str]:
    if not account.billing_model.is_real:
        return Presence.DORMANT, "not_a_subscriber"
    if account.dual_version == "source":
        return Presence.HOLD, "dual_version_source"
    deciding = "entitled"
    for condition in _conditions(account, rules, now):
        presence = rules.presence(condition)
        if presence is not Presence.ACTIVE:
            return presence, _named(condition, account, presence)
        deciding = condition
    return Presence.ACTIVE, deciding


def _conditions(account: Account, rules: Rules, now: datetime) -> Iterator[str]:
    """Every condition that holds, the weightiest first."""
    status_tells = account.status != ""
    in_grace = _in_grace(account, rules, now)
    if account.status == AccountStatus.CUSTOMER_EXPORTED or _customer_bill_status(account) == "E":
        yield AccountStatus.CUSTOMER_EXPORTED
    if account.is_terminated:
        yield AccountStatus.CLOSED
    if account.status not in _SAME_AS_ACTIVE and not in_grace:
        yield account.status
    yield from _own_conditions(account)
    if not status_tells or in_grace:
        yield from _customer_conditions(account)
    yield from _date_conditions(account, now)
    if not status_tells and not in_grace:
        yield from _funds_conditions(account)


def _own_conditions(account: Account) -> Iterator[str]:
    if account.bill_status not in _BILL_STATUS:
        yield "unknown_bill_status"
    elif (status := _BILL_STATUS[account.bill_status]) is not None:
        yield status
    if account.blocked:
        yield AccountStatus.BLOCKED


def _date_conditions(account: Account, now: datetime) -> Iterator[str]:
    if (begins := _begins(account)) and now < begins:
        yield AccountStatus.NOT_YET_ACTIVE
    if (ends := _ends(account)) and ends <= now:
        yield AccountStatus.EXPIRED


def _customer_bill_status(account: Account) -> str:
    return account.details.customer_bill_status if account.details is not None else ""


def _customer_conditions(account: Account) -> Iterator[str]:
    """What the customer passes on to the account, for installations whose accounts show no status."""
    if account.details is None:
        return
    if account.details.customer_blocked:
        yield AccountStatus.CUSTOMER_BLOCKED
    if account.details.customer_suspended:
        yield AccountStatus.CUSTOMER_SUSPENDED
    if (status := _CUSTOMER_BILL_STATUS.get(account.details.customer_bill_status)) is not None:
        yield status


def _named(condition: str, account: Account, presence: Presence) -> str:
    """The machine-readable reason; a status in no rule is named so, its text stands in the facts."""
    is_known = condition in AccountStatus.__members__.values()
    if condition == account.status and not is_known and presence is Presence.HOLD:
        return "unknown_status"
    return str(condition)


def _funds_conditions(account: Account) -> Iterator[str]:
    of_another = account.subordinate or account.billing_model is BillingModel.BENEFICIARY
    if of_another or account.balance is None:
        return
    if account.billing_model is BillingModel.DEBIT:
        if account.balance <= 0:
            yield AccountStatus.ZERO_BALANCE
    elif account.credit_limit is not None and account.balance >= account.credit_limit:
        yield AccountStatus.CREDIT_EXCEEDED


def _grace_end(account: Account, rules: Rules) -> datetime | None:
    if not rules.no_funds_grace or account.no_funds_since is None or not lacks_funds(account):
        return None
    return account.no_funds_since + rules.no_funds_grace


def _in_grace(account: Account, rules: Rules, now: datetime) -> bool:
    end = _grace_end(account, rules)
    return end is not None and now < end


def _products(account: Account) -> Iterator[AssignedProduct]:
    if account.product is not None:
        yield account.product
    if account.details is not None:
        yield from account.details.addons


def _services(account: Account, catalog: Catalog, now: datetime) -> tuple[Service, ...] | None:
    if account.details is None:
        return None
    return catalog.services(product for product in _products(account) if product.is_effective(now))


def _midnight(day: date, account: Account) -> datetime:
    """The start of a calendar day in the account's time zone (UTC where that is not known)."""
    return midnight(day, account.details.time_zone if account.details is not None else "")


def _begins(account: Account) -> datetime | None:
    if account.activation_date is None or account.activation_date == date.min:
        return None
    return _midnight(account.activation_date, account)


def _ends(account: Account) -> datetime | None:
    """An account expires when its expiration date has passed: at the end of that day."""
    if account.expiration_date is None or account.expiration_date == date.max:
        return None
    return _midnight(account.expiration_date + timedelta(days=1), account)


def _valid_until(account: Account, rules: Rules, now: datetime) -> datetime | None:
    instants = [_begins(account), _ends(account), _grace_end(account, rules)]
    for product in _products(account):
        instants += [product.effective_from, product.effective_to]
    ahead = min((instant for instant in instants if instant is not None and instant > now), default=_NEVER)
    return None if ahead == _NEVER else ahead


def _facts(account: Account, now: datetime) -> Iterator[tuple[str, str]]:
    """What a decision rests on: no personal data, in a fixed order."""
    yield "status", account.status or "(none)"
    yield "bill_status", account.bill_status
    yield "blocked", "yes" if account.blocked else "no"
    yield "billing_model", account.billing_model.name.lower()
    if account.product is not None:
        yield "product", f"{account.product.i_product} {account.product.name}".strip()
    for addon in account.details.addons if account.details else ():
        state = "effective" if addon.is_effective(now) else "not effective now"
        yield "addon", f"{addon.i_product} {addon.name} ({state})"
    if account.activation_date:
        yield "activation_date", account.activation_date.isoformat()
    if account.expiration_date:
        yield "expiration_date", account.expiration_date.isoformat()
    if lacks_funds(account):
        yield "funds", "none left"
    if account.no_funds_since is not None and lacks_funds(account):
        yield "no_funds_since", account.no_funds_since.isoformat()
