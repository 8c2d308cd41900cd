"""Charges and credits: `make_transaction`, `get_xdr_list` (contract, section 6).

There is no key that makes a repeated call harmless: each books another xDR. The internal comment never shows in an
xDR; where the visible one shows is a switch.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal

from controller.billing.simulator.accounts import total
from controller.billing.simulator.refusal import Refusal
from controller.billing.simulator.rendering import instant, money
from controller.billing.simulator.state import DEBIT, SimulatedAccount, Transaction
from controller.billing.simulator.world import Method, Params, Reply, World, amount, number

_CHARGES = frozenset({"manual charge", "e-commerce refund", "refund"})
_CREDITS = frozenset({"manual credit", "manual payment", "promotional credit", "e-commerce payment"})
_FIRST_XDR = 88_123_401
_DEFAULT_SERVICE = 5


def make_transaction(world: World, params: Params) -> Reply:
    """Book an amount: a charge raises a postpaid balance and lowers a prepaid one, a credit the reverse."""
    account = world.account(params, "make_transaction")
    action, booked = str(params.get("action", "")), amount(params, "amount")
    if action.lower() not in _CHARGES | _CREDITS:
        raise Refusal("Client.Account.make_transaction.action", "Unknown action")
    if booked is None or booked <= 0:
        raise Refusal("Client.Account.make_transaction.amount", "The amount must be positive")
    is_charge = action.lower() in _CHARGES
    account.balance += booked if is_charge is (account.billing_model != DEBIT) else -booked
    i_xdr = _book(world, account, params, booked)
    balance = money(account.balance)
    answer: Reply = {"i_payment_transaction": None, "balance": balance, "i_xdr": i_xdr}
    return {**answer, "transaction_id": "", "authorization": "", "result_code": ""}


def get_xdr_list(world: World, params: Params) -> Reply:
    """The xDRs of one account by their bill time, both ends included, as far as they show yet."""
    account = world.account(params, "get_xdr_list")
    begins, ends = _instant(params, "from_date"), _instant(params, "to_date")
    found = [
        _xdr(world, account, booked)
        for booked in world.installation.transactions
        if booked.i_account == account.i_account
        and (world.clock.now() - booked.booked_at).total_seconds() >= world.switches.xdr_lag
        and (begins is None or booked.booked_at.replace(microsecond=0) >= begins)
        and (ends is None or booked.booked_at.replace(microsecond=0) <= ends)
    ]
    cap = world.switches.xdr_page_cap
    offset, limit = number(params, "offset") or 0, min(number(params, "limit") or cap, cap)
    return {**total(world, params, len(found)), "xdr_list": found[offset : offset + limit]}


def _book(world: World, account: SimulatedAccount, params: Params, booked: Decimal) -> int:
    transactions = world.installation.transactions
    transaction = Transaction(
        i_xdr=_FIRST_XDR + len(transactions),
        i_account=account.i_account,
        action=str(params["action"]),
        amount=booked,
        visible_comment=str(params.get("visible_comment", "")),
        internal_comment=str(params.get("internal_comment", "")),
        i_service=number(params, "i_service") or _DEFAULT_SERVICE,
        booked_at=world.clock.now(),
    )
    transactions.append(transaction)
    return transaction.i_xdr


def _xdr(world: World, account: SimulatedAccount, booked: Transaction) -> Reply:
    sign = 1 if booked.action.lower() in _CHARGES else -1
    xdr: Reply = {
        "i_xdr": booked.i_xdr,
        "i_service": str(booked.i_service),
        "account_id": account.id,
        "CLI": "",
        "CLD": "",
        "charged_amount": money(sign * booked.amount),
        "charged_quantity": "1",
        "bill_time": instant(booked.booked_at),
        "connect_time": instant(booked.booked_at),
        "disconnect_time": instant(booked.booked_at),
        "bill_status": "O",
        "description": booked.action,
        "country": "",
        "subdivision": "",
    }
    match world.switches.comment_field:
        case "none":
            return xdr
        case "other":
            return {**xdr, "attributes": [{"name": "note", "values": [booked.visible_comment]}]}
        case field:
            return {**xdr, field: booked.visible_comment}


def _instant(params: Params, name: str) -> datetime | None:
    value = params.get(name)
    try:
        return datetime.fromisoformat(str(value)).replace(tzinfo=UTC) if value else None
    except ValueError:
        raise Refusal(f"Client.Account.get_xdr_list.{name}", "Not a date-time") from None


METHODS: Mapping[str, Method] = {
    "Account/make_transaction": Method(make_transaction, writes=True),
    "Account/get_xdr_list": Method(get_xdr_list),
}
