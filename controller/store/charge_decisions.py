"""What persons decide about charges, with or without a running daemon.

Rules of this module:

1. A decision is about one charge in a state in which it means something; any other is refused, and changes nothing.
2. Who decided what, when and why, is logged in the same transaction.
3. Nothing is sent on a person's word alone: what is tried again is looked for in billing first.
"""

from dataclasses import dataclass
from datetime import datetime

from controller.store.charges import Charge, Charges
from desired_state.charges import APPROVABLE, ChargeState


class NotDecidable(Exception):
    """The charge is in a state in which that cannot be decided; `str()` is a sentence."""


@dataclass(frozen=True, slots=True)
class Decider:
    """Who decides, when, and why."""

    by: str
    at: datetime
    why: str = ""


class ChargeDecisions:
    """Approvals, repeats and resolutions."""

    def __init__(self, charges: Charges) -> None:
        self._charges = charges

    def approve(self, charge: Charge, decider: Decider) -> None:
        """Let a charge exceed the limits. Raises `NotDecidable`."""
        if charge.state is not ChargeState.WAITING or charge.reason not in APPROVABLE:
            raise _not(charge, "approved: only what waits for an approval, or for room under a limit, can be")
        self._charges.put(charge, ChargeState.PENDING, decider.at, reason="approved", next_at=decider.at, approved=1)
        self._log(charge, "approve", decider)

    def retry(self, charge: Charge, decider: Decider) -> None:
        """Have a parked charge decided anew; billing is asked whether it has booked it. Raises `NotDecidable`."""
        if charge.state is not ChargeState.PARKED:
            raise _not(charge, "tried again: only what is parked can be")
        afresh = {"must_look": 1, "tries": 0, "first_sent_at": None, "failures": 0, "next_at": decider.at}
        self._charges.put(charge, ChargeState.PENDING, decider.at, reason="retried", **afresh)
        self._log(charge, "retry", decider)

    def resolve(self, charge: Charge, decider: Decider, i_xdr: int | None = None) -> None:
        """State that billing has booked it, as an xDR; or, without one, that it is not to be. Raises `NotDecidable`."""
        if charge.state not in (ChargeState.PARKED, ChargeState.IN_DOUBT, ChargeState.WAITING):
            raise _not(charge, "resolved: only what is parked, in doubt or waiting can be")
        if i_xdr is not None and set(self._charges.booked_as(charge.billing, i_xdr)) - {charge.number}:
            raise _not(charge, f"resolved by xDR {i_xdr}: that is another charge's")
        reason = "dropped" if i_xdr is None else "booked_by_hand"
        details = {"text": decider.why, "i_xdr": i_xdr, "settled_at": decider.at}
        self._charges.put(charge, ChargeState.RESOLVED, decider.at, reason=reason, **details)
        self._log(charge, "resolve", decider)

    def _log(self, charge: Charge, event: str, decider: Decider) -> None:
        self._charges.log(charge.number, decider.at, event, by=decider.by, text=decider.why)


def _not(charge: Charge, text: str) -> NotDecidable:
    return NotDecidable(f"{charge.name} is {charge.state} and cannot be {text}")
