"""Everything a method of the API works with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from controller.billing.simulator.refusal import Refusal
from controller.billing.simulator.sessions import Sessions
from controller.billing.simulator.state import Customer, Installation, SimulatedAccount
from controller.billing.simulator.switches import Switches
from platforms.transport import Clock

Params = Mapping[str, object]
Reply = dict[str, object]


@dataclass(slots=True)
class World:
    """The installation at this instant, and how it behaves."""

    installation: Installation
    sessions: Sessions
    clock: Clock
    switches: Switches

    def find_account(self, params: Params) -> SimulatedAccount | None:
        """The account that `i_account`, `id` or `login` names (contract, section 2.2)."""
        if (i_account := number(params, "i_account")) is not None:
            return self.installation.accounts.get(i_account)
        if "id" in params:
            return self.installation.by_id(str(params["id"]))
        login = str(params.get("login", ""))
        matching = (account for account in self.installation.accounts.values() if login and account.login == login)
        return next(matching, None)

    def account(self, params: Params, method: str) -> SimulatedAccount:
        """The account that is named, or a fault."""
        account = self.find_account(params)
        if account is None:
            raise Refusal(f"Server.Account.{method}.account_not_found", "Account not found")
        return account

    def customer(self, params: Params, method: str) -> Customer:
        """The customer that `i_customer` names, or a fault."""
        customer = self.installation.customers.get(number(params, "i_customer") or 0)
        if customer is None:
            raise Refusal(f"Server.Customer.{method}.customer_not_found", "Customer not found")
        return customer


@dataclass(frozen=True, slots=True)
class Method:
    """One method of the API; one that writes is refused in standalone mode."""

    handle: Callable[[World, Params], Reply]
    writes: bool = False


def number(params: Params, name: str) -> int | None:
    """A whole number, sent as number or text."""
    value = amount(params, name)
    return None if value is None else int(value)


def amount(params: Params, name: str) -> Decimal | None:
    """An amount, sent as number or text."""
    value = params.get(name)
    if value is None or value == "":
        return None
    try:
        return Decimal(str(value))
    except InvalidOperation:
        raise Refusal(f"Client.validation.not_a_number.{name}", f"{name} must be a number") from None


def asked(params: Params, name: str) -> bool:
    """Whether a flag is set."""
    return str(params.get(name, "0")).lower() in ("1", "y", "true")
