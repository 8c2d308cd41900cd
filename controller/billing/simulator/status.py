"""The computed account `status`: the first condition that holds, in order of priority (contract, section 2.2).

An account for which none holds has no status.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from controller.billing.simulator.state import DEBIT, SUBORDINATE, SimulatedAccount


@dataclass(frozen=True, slots=True)
class _Case:
    account: SimulatedAccount
    today: date

    @property
    def subordinate(self) -> bool:
        return self.account.balance_control == SUBORDINATE

    def bill_status(self, letter: str) -> bool:
        return self.account.bill_status == letter

    def customer_is(self, *letters: str) -> bool:
        return self.account.customer.bill_status in letters

    def customer_lacks_funds(self, prepaid: bool) -> bool:
        customer = self.account.customer
        return self.subordinate and not customer.has_funds and customer.prepaid is prepaid

    def debit_balance(self) -> int:
        """The sign of what is left on a debit account of its own; 1 for every other account."""
        if self.subordinate or self.account.billing_model != DEBIT:
            return 1
        return (self.account.balance > 0) - (self.account.balance < 0)

    def credit_is_exceeded(self) -> bool:
        account = self.account
        own_credit = not self.subordinate and account.billing_model != DEBIT
        return own_credit and account.credit_limit is not None and account.balance >= account.credit_limit


def _mark(name: str) -> tuple[str, Callable[[_Case], bool]]:
    return name, lambda case: name in case.account.marks | case.account.customer.marks


_PRIORITY: tuple[tuple[str, Callable[[_Case], bool]], ...] = (
    ("closed", lambda case: case.bill_status("C")),
    ("customer_exported", lambda case: case.customer_is("E")),
    ("blocked", lambda case: case.account.blocked),
    ("customer_blocked", lambda case: case.account.customer.blocked),
    ("customer_provisionally_terminated", lambda case: case.customer_is("C", "D")),
    ("suspended", lambda case: case.bill_status("S")),
    ("customer_suspended", lambda case: case.customer_is("S")),
    ("overdraft", lambda case: case.debit_balance() < 0),
    ("zero_balance", lambda case: case.debit_balance() == 0),
    ("credit_exceeded", _Case.credit_is_exceeded),
    ("customer_has_no_available_funds", lambda case: case.customer_lacks_funds(prepaid=True)),
    ("customer_credit_exceed", lambda case: case.customer_lacks_funds(prepaid=False)),
    ("expired", lambda case: case.account.expiration_date is not None and case.account.expiration_date < case.today),
    (
        "not_yet_active",
        lambda case: case.account.activation_date is not None and case.account.activation_date > case.today,
    ),
    ("inactive", lambda case: case.bill_status("I")),
    ("customer_limited", lambda case: case.customer_is("L")),
    _mark("frozen"),
    _mark("screening"),
    _mark("quarantine"),
    _mark("customer_suspension_delayed"),
    _mark("customer_limiting_delayed"),
)


def status_of(account: SimulatedAccount, now: datetime) -> str | None:
    """The status an installation would show at `now`; `None` if the account is fine.

    A mark that is no known status is shown as it is: a release nobody has seen yet.
    """
    case = _Case(account, now.astimezone(ZoneInfo(account.time_zone)).date())
    unheard_of = sorted((account.marks | account.customer.marks) - {name for name, _ in _PRIORITY})
    return next((name for name, holds in _PRIORITY if holds(case)), unheard_of[0] if unheard_of else None)
