"""What becomes of a sale: the only rules about money. Pure.

The truth table; the first line that fits decides, and what is not known is never guessed:

    cannot be understood, or of an unknown kind            park       for a person
    not above zero                                         refuse     never sent
    more than 5 decimals (billing keeps 5)                 park
    sold before `since`                                    refuse     whoever booked then has booked it
    a refund of nothing, of a refund                       park
    a refund of a sale that is not there (yet)             wait       until `refund_wait` is over, then park
    a refund of a sale from before `since`                 park       nobody here knows what was booked then
    a refund of a sale that is not charged                 refuse     nothing was taken, nothing is given back
    a refund of a sale that is not booked yet              wait       for its sale
    the buyer is nobody's, or may be several accounts'     park
    billing does not show the account (any more)           wait       until `account_wait` is over, then park
    the account is closed                                  park
    the currency is unknown, or not the account's          park
    a refund for another account than its sale's           park
    refunds that exceed their sale                         park
    above `max_amount`, and nobody has approved of it      wait       for a person
    a charge above what is left of a daily total           wait       for time, or a person
    anything else                                          book

A sale while the account is blocked, suspended or without funds is booked: it was sold and watched. What was said about
an account's name has been settled before: a buyer is an `i_account`, whatever that is called by now.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import assert_never

from desired_state.account import Account
from desired_state.sales import FeedRecord, SaleKind

DECIMALS = 5  # billing keeps no more (PortaBilling contract, section 1.4)
DAY = timedelta(hours=24)
APPROVABLE = ("approval", "daily_account", "daily_platform")
"""What waits for these reasons goes on when a person approves it."""


class Action(StrEnum):
    """What billing is asked to book, in its own words (PortaBilling contract, section 6.1)."""

    CHARGE = "Manual charge"
    CREDIT = "Manual credit"


class ChargeState(StrEnum):
    """Where a charge stands; `status` counts by these words."""

    PENDING = "pending"  # it is going to be booked as soon as that may be
    WAITING = "waiting"  # for an approval, for room under a limit, for its sale
    SENDING = "sending"  # billing is being asked
    IN_DOUBT = "in_doubt"  # billing may have booked it, or not
    BOOKED = "booked"
    PARKED = "parked"  # for a person
    REFUSED = "refused"  # never to be booked
    RESOLVED = "resolved"  # a person has decided


class SaleState(StrEnum):
    """Where a sale stands, as far as its refunds have to know."""

    OPEN = "open"  # it may still be booked
    BOOKED = "booked"
    NOT_CHARGED = "not_charged"  # refused, or a person decided so
    FORMER = "former"  # sold before `since`


@dataclass(frozen=True, slots=True)
class Book:
    """Have billing book a positive amount."""

    action: Action
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing is done now. `reason` is a word, `text` a sentence."""

    reason: str
    text: str


@dataclass(frozen=True, slots=True)
class Park:
    """A person has to decide."""

    reason: str
    text: str


@dataclass(frozen=True, slots=True)
class Refuse:
    """It is never booked."""

    reason: str
    text: str


Verdict = Book | Wait | Park | Refuse


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What an operator allows. Amounts are in the account's currency, totals over any 24 hours.

    What was sold before `since` is not booked. `refund_wait` is how long a refund waits for a sale that is not there,
    `account_wait` how long a sale does for an account that billing does not show.
    """

    max_amount: Decimal = Decimal(100)
    daily_account: Decimal = Decimal(200)
    daily_platform: Decimal = Decimal(10_000)
    since: datetime | None = None
    refund_wait: timedelta = timedelta(days=7)
    account_wait: timedelta = DAY


@dataclass(frozen=True, slots=True)
class Patience:
    """How long absence must last before a charge is repeated, and after what time a person has to decide."""

    settle: timedelta = timedelta(seconds=60)
    give_up: timedelta = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Nobody:
    """Why it cannot be said which account bought: `foreign`, `unknown_customer` or `ambiguous`, and a sentence."""

    reason: str
    text: str


@dataclass(frozen=True, slots=True)
class Buyer:
    """Who bought; `account` is as billing showed it last, `None` where it does not show it."""

    i_account: int
    account: Account | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """The sale that a refund is about. `refunded` is what other refunds of it have taken or may have."""

    kind: SaleKind
    state: SaleState
    i_account: int | None
    amount: Decimal
    currency: str
    refunded: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """What is known about a record besides itself; `sale` belongs to a refund, `None` where no such is there.

    `account_total` and `platform_total` are the charges of the last 24 hours that were made or may have been.
    """

    buyer: Buyer | Nobody
    received_at: datetime
    now: datetime
    sale: Sale | None = None
    account_total: Decimal = Decimal(0)
    platform_total: Decimal = Decimal(0)
    is_approved: bool = False


def verdict(record: FeedRecord, known: Knowledge, limits: Limits) -> Verdict:
    """What is to be done about a record: total, and by the table above."""
    amount = record.amount
    if record.problem or record.kind is SaleKind.OTHER or amount is None or record.sold_at is None:
        return Park("unreadable", record.problem or "the record lacks its kind, its amount or its time")
    about_itself = _about_itself(record, amount, limits)
    if about_itself is not None:
        return about_itself
    about_sale = _about_sale(record, known, limits) if record.kind is SaleKind.REFUND else None
    if about_sale is not None:
        return about_sale
    about_buyer = _about_buyer(record, known, limits)
    if about_buyer is not None:
        return about_buyer
    return (
        _about_refund(record, amount, known)
        or _about_limits(record, amount, known, limits)
        or Book(Action.CREDIT if record.kind is SaleKind.REFUND else Action.CHARGE, amount)
    )


def _about_itself(record: FeedRecord, amount: Decimal, limits: Limits) -> Park | Refuse | None:
    if amount <= 0:
        return Refuse("amount", f"an amount of {amount:f} is not above zero")
    if amount != round(amount, DECIMALS):
        return Park("decimals", f"the amount {amount:f} has more than the {DECIMALS} decimals that billing keeps")
    if limits.since is not None and record.sold_at is not None and record.sold_at < limits.since:
        return Refuse("before_since", f"sold before charges.since ({limits.since.isoformat()}): not ours to book")
    return None


def _about_sale(record: FeedRecord, known: Knowledge, limits: Limits) -> Verdict | None:
    """What a refund has to do with its sale."""
    sale, name = known.sale, repr(record.refund_of)
    if not record.refund_of:
        return Park("refund_of_nothing", "the refund does not say what is given back")
    if sale is None:
        text = f"the refund is of sale {name}, which the feed has not shown"
        is_patient = known.now - known.received_at < limits.refund_wait
        return Wait("no_sale_yet", text) if is_patient else Park("no_sale", text)
    if sale.kind is SaleKind.REFUND:
        return Park("refund_of_refund", f"the refund is of {name}, which is a refund itself")
    return _about_state(sale.state, name)


def _about_state(state: SaleState, name: str) -> Verdict | None:
    match state:
        case SaleState.FORMER:
            return Park("former_sale", f"its sale {name} is from before charges.since")
        case SaleState.NOT_CHARGED:
            return Refuse("sale_not_charged", f"its sale {name} is not charged")
        case SaleState.OPEN:
            return Wait("sale_not_booked", f"its sale {name} is not booked yet")
        case SaleState.BOOKED:
            return None
        case _:
            assert_never(state)


def _about_buyer(record: FeedRecord, known: Knowledge, limits: Limits) -> Wait | Park | None:
    buyer = known.buyer
    if isinstance(buyer, Nobody):
        return Park(buyer.reason, buyer.text)
    account = buyer.account
    if account is None:
        text = f"billing does not show i_account {buyer.i_account}"
        is_patient = known.now - known.received_at < limits.account_wait
        return Wait("no_account_yet", text) if is_patient else Park("no_account", text)
    if account.is_terminated:
        return Park("closed", f"i_account {buyer.i_account} is closed")
    if not account.currency:
        return Park("currency_unknown", f"billing does not say which currency i_account {buyer.i_account} has")
    return _currency(record, account.currency, f"i_account {buyer.i_account}")


def _currency(record: FeedRecord, currency: str, whose: str) -> Park | None:
    if record.currency.strip().upper() == currency.strip().upper():
        return None
    return Park("currency", f"the amount is in {record.currency or 'no currency'!r}, {whose} in {currency!r}")


def _about_refund(record: FeedRecord, amount: Decimal, known: Knowledge) -> Park | None:
    """Whether a refund fits what was charged; `None` too for what is no refund."""
    sale = known.sale
    if record.kind is not SaleKind.REFUND or sale is None or isinstance(known.buyer, Nobody):
        return None
    if sale.i_account != known.buyer.i_account:
        text = f"its sale was charged to i_account {sale.i_account}, the refund is for {known.buyer.i_account}"
        return Park("other_account", text)
    if sale.refunded + amount > sale.amount:
        text = f"{sale.amount:f} was charged, {sale.refunded:f} of it is given back: {amount:f} more is too much"
        return Park("refund_exceeds", text)
    return _currency(record, sale.currency, "its sale")


def _about_limits(record: FeedRecord, amount: Decimal, known: Knowledge, limits: Limits) -> Wait | None:
    if known.is_approved:
        return None
    if amount > limits.max_amount:
        text = f"{amount:f} is more than charges.max_amount ({limits.max_amount:f}): a person has to approve it"
        return Wait("approval", text)
    if record.kind is SaleKind.REFUND:
        return None
    for word, total, limit in (
        ("daily_account", known.account_total, limits.daily_account),
        ("daily_platform", known.platform_total, limits.daily_platform),
    ):
        if total + amount > limit:
            text = f"{total:f} was charged in 24 hours: {amount:f} more would exceed charges.{word} ({limit:f})"
            return Wait(word, f"{text}; it goes on when there is room, or a person approves it")
    return None
