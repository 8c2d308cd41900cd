"""Fleets of accounts in every state there is.

`populate` makes as many real accounts as asked for. Three of four are in order: with and without add-ons, with one or
several devices, alone or with others under one customer. The fourth is in one of `SPECIAL` states, in turn. Besides,
one voucher and one alias come with every hundred: no subscribers, left out of the list of real accounts.

Everything follows from the number of accounts and the seed.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal

from controller.billing.simulator.changes import contact_of, credentials_of, drain
from controller.billing.simulator.state import ALIAS, DEBIT, SUBORDINATE, VOUCHER, AddOn, Customer, SimulatedAccount
from controller.billing.simulator.world import World

Make = Callable[[World, SimulatedAccount], None]

_BASIC, _FAMILY, _PHONE_ONLY, _SPORT, _KIDS = 61, 62, 70, 86, 87
_FAR = timedelta(days=400)
_ACCOUNTS_OF_A_LARGE_CUSTOMER = 3


def populate(world: World, accounts: int, seed: int = 1) -> None:
    """Add this many real accounts, and the vouchers and aliases that go with them."""
    shared: Customer | None = None
    today = world.clock.now().date()
    for position in range(accounts):
        if position % 12 == 0:
            shared = world.installation.add_customer()
        together = position % 12 < _ACCOUNTS_OF_A_LARGE_CUSTOMER
        account = _account(world, position, seed, shared if together else None)
        _kind(position, seed)(world, account)
        if position % 100 == 99:
            _not_subscribers(world, account, today)


def _kind(position: int, seed: int) -> Make:
    round_of_four, place = divmod(position, 4)
    if place == 3:
        return SPECIAL[round_of_four % len(SPECIAL)]
    return USUAL[(round_of_four * 3 + place + seed) % len(USUAL)]


def _account(world: World, position: int, seed: int, customer: Customer | None) -> SimulatedAccount:
    installation = world.installation
    began = world.clock.now().date() - timedelta(days=30 + (position * 37 + seed) % 900)
    account = installation.add_account(f"tv{installation.next_i_account:06}", began, customer)
    account.login = f"self{account.i_account}"
    account.activation_date = began
    account.i_product = _FAMILY if position % 5 == 0 else _BASIC
    account.balance = Decimal(position % 40) + Decimal("0.5")
    account.info = contact_of(account.i_account + seed)
    account.custom_fields = credentials_of(account.i_account)
    return account


def _plain(_world: World, _account: SimulatedAccount) -> None:
    """As it is."""


def _with_sport(world: World, account: SimulatedAccount) -> None:
    account.addons.append(AddOn(_SPORT, _days(world, -90)))


def _with_both(world: World, account: SimulatedAccount) -> None:
    account.addons += [AddOn(_SPORT, _days(world, -90)), AddOn(_KIDS, _days(world, -20), _days(world, 200))]


def _with_future_addon(world: World, account: SimulatedAccount) -> None:
    account.addons.append(AddOn(_KIDS, _days(world, 20)))


def _with_past_addon(world: World, account: SimulatedAccount) -> None:
    account.addons.append(AddOn(_SPORT, _days(world, -200), _days(world, -10)))


def _with_devices(_world: World, account: SimulatedAccount) -> None:
    account.custom_fields = credentials_of(account.i_account, devices=3)


def _prepaid(_world: World, account: SimulatedAccount) -> None:
    account.billing_model, account.balance = DEBIT, Decimal("12.50")


def _subordinate(_world: World, account: SimulatedAccount) -> None:
    account.balance_control, account.balance = SUBORDINATE, Decimal(0)


USUAL: tuple[Make, ...] = (
    *(_plain, _with_sport, _with_both, _with_future_addon, _with_past_addon, _with_devices),
    *(_prepaid, _subordinate),
)


def _mark(name: str) -> Make:
    def make(_world: World, account: SimulatedAccount) -> None:
        account.marks.add(name)

    return make


def _bill_status(letter: str) -> Make:
    def make(_world: World, account: SimulatedAccount) -> None:
        account.bill_status = letter

    return make


def _customer_bill_status(letter: str) -> Make:
    def make(world: World, account: SimulatedAccount) -> None:
        _own_customer(world, account).bill_status = letter

    return make


def _customer_mark(name: str) -> Make:
    def make(world: World, account: SimulatedAccount) -> None:
        _own_customer(world, account).marks.add(name)

    return make


def _own_customer(world: World, account: SimulatedAccount) -> Customer:
    """A customer with no other account, so that its state stays with this one."""
    account.customer = world.installation.add_customer()
    return account.customer


def _blocked(_world: World, account: SimulatedAccount) -> None:
    account.blocked = True


def _customer_blocked(world: World, account: SimulatedAccount) -> None:
    _own_customer(world, account).blocked = True


def _overdraft(_world: World, account: SimulatedAccount) -> None:
    account.billing_model, account.balance = DEBIT, Decimal("-3.20")


def _zero_balance(_world: World, account: SimulatedAccount) -> None:
    account.billing_model, account.balance = DEBIT, Decimal(0)


def _credit_exceeded(_world: World, account: SimulatedAccount) -> None:
    drain(account)


def _customer_without_funds(prepaid: bool) -> Make:
    def make(world: World, account: SimulatedAccount) -> None:
        customer = _own_customer(world, account)
        customer.prepaid, account.balance_control = prepaid, SUBORDINATE
        drain(account)

    return make


def _expired(world: World, account: SimulatedAccount) -> None:
    account.expiration_date = world.clock.now().date() - timedelta(days=5)


def _expires_some_day(world: World, account: SimulatedAccount) -> None:
    account.expiration_date = world.clock.now().date() + _FAR


def _not_yet_active(world: World, account: SimulatedAccount) -> None:
    account.activation_date = world.clock.now().date() + timedelta(days=9)


def _phone_only(_world: World, account: SimulatedAccount) -> None:
    account.i_product = _PHONE_ONLY


def _closed(_world: World, account: SimulatedAccount) -> None:
    account.bill_status, account.id = "C", f"{account.id}-old000"


def _id_used_again(world: World, account: SimulatedAccount) -> None:
    """The id belonged to the account that was closed just before (contract, section 2.1)."""
    closed = (i_account for i_account in reversed(world.installation.order) if _is_closed(world, i_account))
    account.id = world.installation.accounts[next(closed)].id.removesuffix("-old000")


def _is_closed(world: World, i_account: int) -> bool:
    return world.installation.accounts[i_account].bill_status == "C"


SPECIAL: tuple[Make, ...] = (
    *(_blocked, _customer_blocked, _bill_status("S"), _customer_bill_status("S"), _bill_status("I")),
    *(_overdraft, _zero_balance, _credit_exceeded, _customer_without_funds(True), _customer_without_funds(False)),
    *(_expired, _expires_some_day, _not_yet_active, _phone_only, _closed, _id_used_again),
    *(_customer_bill_status("E"), _customer_bill_status("D"), _customer_bill_status("L")),
    *(_mark("frozen"), _mark("screening"), _mark("quarantine")),
    *(_customer_mark("customer_suspension_delayed"), _customer_mark("customer_limiting_delayed")),
)


def _not_subscribers(world: World, master: SimulatedAccount, today: date) -> None:
    voucher = world.installation.add_account(f"V{master.i_account:010}", today, master.customer)
    voucher.billing_model = VOUCHER
    alias = world.installation.add_account(f"4205559{master.i_account:06}", today, master.customer)
    alias.billing_model, alias.i_master_account = ALIAS, master.i_account


def _days(world: World, days: int) -> datetime:
    return world.clock.now().replace(microsecond=0) + timedelta(days=days)
