"""What is to be done now, and what is known by what came of it: everything within transactions of the store.

Rules of this module:

1. A charge is sent only after `sending` was committed, in the transaction that looked at the limits: two workers cannot
   use the same room. One charge of an account is under way at a time, in the order of the feed.
2. A charge that billing may know already is in doubt from the beginning.
3. What billing has certainly not booked goes back to where it was.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from controller.charges.rules import ChargeRules
from controller.store import Charge, Store
from desired_state.charges import (
    DAY,
    Action,
    Book,
    Buyer,
    ChargeState,
    Knowledge,
    Nobody,
    Park,
    Refuse,
    Verdict,
    Wait,
    verdict,
)
from desired_state.doubt import Absent, Doubt, Found, Unsettled, Xdr, resolve, too_old
from desired_state.sales import SaleKind

AGAIN = timedelta(minutes=10)  # what waits is looked at again so often; most of it is woken before
_MOST = 200  # charges considered in one transaction


@dataclass(frozen=True, slots=True)
class Send:
    """Have billing book it. `charge` is as it was before."""

    charge: Charge
    i_account: int
    order: Book


@dataclass(frozen=True, slots=True)
class Look:
    """Ask billing whether it has booked it."""

    charge: Charge
    i_account: int


Job = Send | Look


def is_anything_due(store: Store, platforms: Mapping[str, bool], now: datetime) -> bool:
    """Whether there may be something to do; `platforms` are those that sell, and whether they may be booked for."""
    return any(store.charges.due(name, now, 1, doubts_only=not is_open) for name, is_open in platforms.items())


def take(
    store: Store, platforms: Mapping[str, bool], rules: ChargeRules, now: datetime, room: int
) -> tuple[list[Job], int]:
    """What is to be done now, at most `room` jobs, and how many charges were decided about for that."""
    jobs: list[Job] = []
    decided = 0
    for name, is_open in platforms.items():
        for charge in store.charges.due(name, now, _MOST, doubts_only=not is_open):
            if len(jobs) >= room:
                return jobs, decided
            jobs.extend(_consider(store, charge, rules, now))
            decided += 1
    return jobs, decided


def _consider(store: Store, charge: Charge, rules: ChargeRules, now: datetime) -> Iterator[Job]:
    if charge.state is ChargeState.IN_DOUBT and charge.i_account is not None:
        store.charges.put(charge, charge.state, now, reason=charge.reason, text=charge.text)
        yield Look(charge, charge.i_account)
        return
    known = _knowledge(store, charge, now)
    decided = verdict(charge.record, known, rules.limits)
    if isinstance(decided, Book) and isinstance(known.buyer, Buyer):
        yield from _begin(store, charge, known.buyer.i_account, decided, now)
    else:
        _note(store, charge, known, decided, now)


def _knowledge(store: Store, charge: Charge, now: datetime) -> Knowledge:
    buyer = _buyer(store, charge)
    begins = now - DAY
    return Knowledge(
        buyer=buyer,
        received_at=charge.received_at,
        now=now,
        sale=store.charges.sale_of(charge) if charge.record.kind is SaleKind.REFUND else None,
        account_total=store.charges.account_total(charge, getattr(buyer, "i_account", 0), begins),
        platform_total=store.charges.platform_total(charge, begins),
        is_approved=charge.is_approved,
    )


def _buyer(store: Store, charge: Charge) -> Buyer | Nobody:
    """Who bought. A refund that names the customer of its sale is that one's, whatever became of the record since."""
    record, found = charge.record, store.feeds.buyer(charge.record)
    if record.kind is SaleKind.REFUND and record.refund_of:
        sale = store.charges.find(record.platform, record.refund_of)
        if sale is not None and sale.i_account is not None and _same_customer(sale, charge):
            found = sale.i_account
    if isinstance(found, Nobody):
        return found
    stored = store.accounts(charge.billing).get(found)
    is_shown = stored is not None and stored.missing_since is None
    return Buyer(found, stored.account if stored is not None and is_shown else None)


def _same_customer(sale: Charge, refund: Charge) -> bool:
    if sale.record.record_id or refund.record.record_id:
        return sale.record.record_id == refund.record.record_id
    return sale.record.external_id == refund.record.external_id


def _begin(store: Store, charge: Charge, i_account: int, order: Book, now: datetime) -> Iterator[Job]:
    charges = store.charges
    paused = next(
        (each for each in store.holds.pauses(now) if (each.billing, each.i_account) == (charge.billing, i_account)),
        None,
    )
    if paused is not None:
        again = min(now + AGAIN, paused.until)
        charges.put(
            charge, ChargeState.PENDING, now, reason="paused", text=paused.text, next_at=again, i_account=i_account
        )
    elif charges.is_behind(charge, i_account):
        text, again = "another charge of the account comes first", now + AGAIN
        charges.put(charge, ChargeState.PENDING, now, reason="behind", text=text, next_at=again, i_account=i_account)
    elif charge.must_look:
        text, since = "billing may have booked it already: it is asked first", charge.doubt_since or charge.received_at
        charges.put(
            charge, ChargeState.IN_DOUBT, now, reason="may_be_booked", text=text, i_account=i_account, doubt_since=since
        )
        yield Look(charges.get(charge.number), i_account)
    else:
        first, tries = charge.first_sent_at or now, charge.tries + 1
        charges.put(charge, ChargeState.SENDING, now, i_account=i_account, first_sent_at=first, tries=tries)
        yield Send(charge, i_account, order)


def _note(store: Store, charge: Charge, known: Knowledge, decided: Verdict, now: datetime) -> None:
    details: dict[str, object] = {"i_account": getattr(known.buyer, "i_account", charge.i_account)}
    match decided:
        case Wait(reason=reason, text=text):
            store.charges.put(
                charge, ChargeState.WAITING, now, reason=reason, text=text, next_at=now + AGAIN, **details
            )
        case Park(reason=reason, text=text):
            store.charges.put(charge, ChargeState.PARKED, now, reason=reason, text=text, **details)
        case Refuse(reason=reason, text=text):
            store.charges.put(charge, ChargeState.REFUSED, now, reason=reason, text=text, settled_at=now, **details)


def booked(store: Store, charge: Charge, i_xdr: int, now: datetime) -> bool:
    """Billing says that it has booked it; says whether that is a booking of its own."""
    if i_xdr in store.charges.xdrs_of_others(charge):
        text = f"billing says that it has booked it as xDR {i_xdr}, which is another charge's"
        store.charges.put(charge, ChargeState.PARKED, now, reason="booked_otherwise", text=text)
        return False
    store.charges.put(charge, ChargeState.BOOKED, now, i_xdr=i_xdr, settled_at=now, must_look=0, failures=0)
    return True


def not_sent(store: Store, before: Charge, text: str, next_at: datetime, now: datetime) -> None:
    """Billing has certainly not been asked, or has not looked at it."""
    details = {"tries": before.tries, "first_sent_at": before.first_sent_at, "next_at": next_at}
    store.charges.put(store.charges.get(before.number), ChargeState.PENDING, now, reason="later", text=text, **details)


def refused(store: Store, before: Charge, text: str, now: datetime) -> None:
    """Billing has refused this very charge: nothing was booked, now or before."""
    charge = store.charges.get(before.number)
    details = {"tries": 0, "first_sent_at": None, "doubt_since": None}
    store.charges.put(charge, ChargeState.PARKED, now, reason="billing_refused", text=text, **details)


def in_doubt(store: Store, before: Charge, text: str, now: datetime) -> None:
    """The answer is missing: look for the xDR at once."""
    charge = store.charges.get(before.number)
    store.charges.put(
        charge, ChargeState.IN_DOUBT, now, reason="no_answer", text=text, next_at=now, doubt_since=now, failures=0
    )


def not_looked(store: Store, number: int, text: str, rules: ChargeRules, after: "Delay") -> None:
    """Billing's xDRs could not be read. What a person has decided meanwhile stays decided."""
    charge = store.charges.get(number)
    if charge.state is not ChargeState.IN_DOUBT:
        return
    old = too_old(_doubt(charge), rules.patience, after.now)
    if old is not None:
        store.charges.put(charge, ChargeState.PARKED, after.now, reason=old.reason, text=old.text)
        return
    details = {"failures": charge.failures + 1, "next_at": after.now + after.delay}
    store.charges.put(charge, ChargeState.IN_DOUBT, after.now, reason=charge.reason, text=text, **details)


@dataclass(frozen=True, slots=True)
class Delay:
    """What is to be waited from an instant on."""

    now: datetime
    delay: timedelta


def looked(store: Store, number: int, xdrs: list[Xdr], rules: ChargeRules, now: datetime) -> bool:
    """What billing has booked was read whole: settle the doubt as far as that goes; says whether it is booked."""
    charge = store.charges.get(number)
    if charge.state is not ChargeState.IN_DOUBT:
        return False
    finding = resolve(_doubt(charge), xdrs, store.charges.xdrs_of_others(charge), rules.patience, now)
    match finding:
        case Found(i_xdr=i_xdr):
            return booked(store, charge, i_xdr, now)
        case Absent():
            details = {"must_look": 0, "failures": 0, "doubt_since": None, "next_at": now}
            store.charges.put(charge, ChargeState.PENDING, now, reason="not_booked", **details)
        case Unsettled(until=until):
            store.charges.put(charge, charge.state, now, reason=charge.reason, text=charge.text, next_at=until)
        case Park(reason=reason, text=text):
            store.charges.put(charge, ChargeState.PARKED, now, reason=reason, text=text)
    return False


def _doubt(charge: Charge) -> Doubt:
    record = charge.record
    return Doubt(
        reference=record.reference,
        action=Action.CREDIT if record.kind is SaleKind.REFUND else Action.CHARGE,
        amount=record.amount or Decimal(0),
        since=charge.doubt_since or charge.received_at,
        first_sent_at=charge.first_sent_at,
        tries=charge.tries,
    )
