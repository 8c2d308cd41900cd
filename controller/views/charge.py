"""What `charges list` and `charges show` tell: how sales stand, without their titles.

Rules of this module:

1. Views are plain data, the same for JSON and for text.
2. What was bought is nobody's to read here: titles and comments are in billing only.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TypedDict

from controller.store import Charge, Store
from controller.views.instants import iso
from desired_state.charges import APPROVABLE, ChargeState
from desired_state.sales import FeedRecord, SaleKind

_TO_SETTLE = (
    ChargeState.PARKED,
    ChargeState.IN_DOUBT,
    ChargeState.WAITING,
    ChargeState.SENDING,
    ChargeState.PENDING,
)
_SETTLED = (ChargeState.BOOKED, ChargeState.REFUSED, ChargeState.RESOLVED)


class BuyerView(TypedDict):
    """The account that a charge is for; `id` is its present one, null where billing does not show the account."""

    i_account: int
    id: str | None


class ChargeRow(TypedDict):
    """A line of `charges list`. `id` names the charge in every command; `age_seconds` counts from when it came."""

    id: str
    platform: str
    record: str
    reference: str
    kind: str
    state: str
    reason: str | None
    text: str | None
    account: BuyerView | None
    amount: str | None
    currency: str
    sold_at: str | None
    received_at: str
    age_seconds: float
    next_at: str | None
    i_xdr: int | None


class ListView(TypedDict):
    """Everything `charges list` prints; `more`: there are others that the limit left out."""

    charges: list[ChargeRow]
    more: bool


class LogView(TypedDict):
    """Something that happened to a charge; `by` is the person who decided it, if one did."""

    at: str
    event: str
    by: str | None
    text: str | None


class ChargeView(ChargeRow):
    """Everything `charges show` prints."""

    customer: str
    known_by: str
    refund_of: str | None
    approved: bool
    tries: int
    first_sent_at: str | None
    settled_at: str | None
    log: list[LogView]
    next_step: str


def find_charge(store: Store, asked: str) -> Charge | None:
    """The charge that somebody names: by platform and record, or by its reference, with or without brackets."""
    platform, slash, record = asked.partition("/")
    found = store.charges.find(platform, record) if slash else None
    return found or store.charges.referred_to(asked) or store.charges.referred_to(f"[ref:{asked}]")


def list_view(store: Store, state: ChargeState | None, platform: str | None, limit: int, now: datetime) -> ListView:
    """Charges, those first that wait for a person or for billing, the oldest first; then the latest of the settled."""
    found: list[Charge] = []
    for states, oldest_first in _groups(state):
        left = limit + 1 - len(found)
        found += store.charges.listed(states, platform, left, oldest_first=oldest_first)
    return ListView(charges=[_row(store, each, now) for each in found[:limit]], more=len(found) > limit)


def charge_view(store: Store, charge: Charge, now: datetime) -> ChargeView:
    """Everything about one charge."""
    record = charge.record
    return ChargeView(
        **_row(store, charge, now),
        customer=record.external_id or record.record_id,
        known_by=_known_by(store, charge),
        refund_of=record.refund_of or None,
        approved=charge.is_approved,
        tries=charge.tries,
        first_sent_at=iso(charge.first_sent_at),
        settled_at=iso(charge.settled_at),
        log=list(_log(store, charge)),
        next_step=_next_step(charge),
    )


def buyer_view(store: Store, billing: str, i_account: int | None) -> BuyerView | None:
    """An account, where it is known."""
    if i_account is None:
        return None
    stored = store.accounts(billing).get(i_account)
    return BuyerView(i_account=i_account, id=None if stored is None else stored.account.id)


def _groups(state: ChargeState | None) -> Iterator[tuple[Sequence[ChargeState], bool]]:
    for each in _TO_SETTLE:
        if state in (None, each):
            yield (each,), True
    if state is None:
        yield _SETTLED, False
    elif state in _SETTLED:
        yield (state,), False


def _row(store: Store, charge: Charge, now: datetime) -> ChargeRow:
    record = charge.record
    return ChargeRow(
        id=charge.name,
        platform=record.platform,
        record=record.id,
        reference=record.reference,
        kind=record.kind.value,
        state=charge.state.value,
        reason=charge.reason,
        text=charge.text,
        account=buyer_view(store, charge.billing, charge.i_account),
        amount=None if record.amount is None else f"{record.amount:f}",
        currency=record.currency,
        sold_at=iso(record.sold_at),
        received_at=charge.received_at.isoformat(),
        age_seconds=round((now - charge.received_at).total_seconds(), 3),
        next_at=iso(charge.next_at),
        i_xdr=charge.i_xdr,
    )


def _known_by(store: Store, charge: Charge) -> str:
    record = charge.record
    if charge.i_account is None:
        return "it is not known whose it is" + ("" if charge.reason is None else f" ({charge.reason})")
    sale = store.charges.find(record.platform, record.refund_of) if record.kind is SaleKind.REFUND else None
    if sale is not None and sale.i_account == charge.i_account:
        return f"its sale {sale.name}, which is of the same account"
    return _by_record(record)


def _by_record(record: FeedRecord) -> str:
    if record.record_id:
        return f"the platform's id of the customer's record, {record.record_id}"
    return f"the name {record.external_id}, which the account's record had at the instant of the sale"


def _log(store: Store, charge: Charge) -> Iterator[LogView]:
    yield LogView(at=charge.received_at.isoformat(), event="received", by=None, text=None)
    for each in store.charges.history(charge.number):
        yield LogView(at=each.at.isoformat(), event=each.event, by=each.by, text=each.text or None)


_NEXT = {
    ChargeState.PARKED: (
        "a person decides: charges retry {id} looks for it in billing and books it if it is not there;"
        " charges resolve {id} --xdr N states that billing has booked it, --drop that it is not to be"
    ),
    ChargeState.WAITING: "it goes on by itself when what it waits for has come; it is looked at again {later}",
    ChargeState.PENDING: "billing is asked to book it with its turn, {later}",
    ChargeState.SENDING: "billing's answer comes; if none does, its xDRs are searched for the reference",
    ChargeState.IN_DOUBT: "billing's xDRs are searched for the reference {later}",
}
_APPROVABLE = "a person decides: charges approve {id}, or charges resolve {id} --drop"


def _next_step(charge: Charge) -> str:
    """What comes next, and what a person can do."""
    later = "at once" if charge.next_at is None else f"at {charge.next_at.isoformat(timespec='seconds')}"
    step = _NEXT.get(charge.state, "nothing")
    if charge.state is ChargeState.WAITING and charge.reason in APPROVABLE:
        room = "; by itself it goes on when there is room under the limit"
        step = _APPROVABLE + ("" if charge.reason == "approval" else room)
    return step.replace("{id}", charge.name).replace("{later}", later)
