"""What billing's xDRs tell about a charge of which nobody knows whether it was made. Pure.

Rules of this module:

1. The comment may stand in any text of an xDR (PortaBilling contract, section 6.3): every text is searched.
2. An xDR that bears the reference is the charge. Two are a double booking; another amount is for a person, too.
3. Absence is believed only of a list that is proven whole, and only if nothing in it may be the charge without saying
   so: where an installation does not show comments in xDRs, one of the same amount without a reference, that is not
   known as another charge's, is for a person.
4. What a list does not show yet may still come: absence has to last for `settle` after the call ended. A charge that
   was sent and is older than `give_up` is never repeated by itself.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from desired_state.charges import Action, Park, Patience
from desired_state.sales import references_in


@dataclass(frozen=True, slots=True)
class Xdr:
    """What billing booked: its number, the amount (a credit's is negative), and every text in it."""

    i_xdr: int
    amount: Decimal | None
    texts: tuple[str, ...] = ()

    @property
    def references(self) -> frozenset[str]:
        """Every reference of ours that stands in it."""
        return frozenset(reference for text in self.texts for reference in references_in(text))


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """A charge in doubt. `since` is when its call ended, or may have; `tries`: how often this store has sent it."""

    reference: str
    action: Action
    amount: Decimal
    since: datetime
    first_sent_at: datetime | None
    tries: int


@dataclass(frozen=True, slots=True)
class Found:
    """The charge was made: this is its xDR."""

    i_xdr: int


@dataclass(frozen=True, slots=True)
class Absent:
    """The charge was not made, and nothing of the former calls can make it any more: it may be sent."""


@dataclass(frozen=True, slots=True)
class Unsettled:
    """It does not show, but still may: look again at that instant."""

    until: datetime


Finding = Found | Absent | Unsettled | Park


def resolve(doubt: Doubt, xdrs: Iterable[Xdr], others: Collection[int], patience: Patience, now: datetime) -> Finding:
    """What a list that is proven whole tells; `others` are the xDRs that are known as other charges'."""
    listed = list(xdrs)
    bearing = {xdr.i_xdr: xdr for xdr in listed if any(doubt.reference in text for text in xdr.texts)}
    if len(bearing) > 1:
        numbers = ", ".join(map(str, sorted(bearing)))
        return Park("booked_twice", f"billing has booked it {len(bearing)} times (xDRs {numbers}): revert all but one")
    signed = doubt.amount if doubt.action is Action.CHARGE else -doubt.amount
    for i_xdr, xdr in bearing.items():
        if xdr.amount != signed:
            return Park("booked_otherwise", f"billing has booked {xdr.amount} as xDR {i_xdr}, not {signed:f}")
        return Found(i_xdr)
    unexplained = [xdr.i_xdr for xdr in listed if xdr.amount == signed and _is_unexplained(xdr, others)]
    if unexplained:
        text = f"xDR {unexplained[0]} has the same amount and names no reference: it may be this one"
        return Park("unclear", text)
    if now - doubt.since < patience.settle:
        return Unsettled(doubt.since + patience.settle)
    return too_old(doubt, patience, now) or Absent()


def too_old(doubt: Doubt, patience: Patience, now: datetime) -> Park | None:
    """Whether it is beyond the age at which anything is done by itself."""
    if not doubt.tries or doubt.first_sent_at is None or now - doubt.first_sent_at <= patience.give_up:
        return None
    return Park("doubt", f"nobody knows whether it was made since {doubt.first_sent_at.isoformat(timespec='seconds')}")


def _is_unexplained(xdr: Xdr, others: Collection[int]) -> bool:
    return xdr.i_xdr not in others and not xdr.references
