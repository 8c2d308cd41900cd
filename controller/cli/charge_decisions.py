"""What persons decide about charges: `charges approve`, `charges retry`, `charges resolve`."""

from collections.abc import Callable
from pathlib import Path

from controller import orders
from controller.cli.charges import charging, unknown
from controller.cli.codes import Code, Failed
from controller.cli.person import person
from controller.cli.printing import say, tell
from controller.cli.session import opened
from controller.store import Charge, NotDecidable, Store
from controller.views.charge import find_charge

Decision = Callable[[Store, orders.Person, Charge, str], None]


def approve_charge(path: Path, asked: str, reason: str) -> Code:
    """Let a charge exceed the limits."""
    return _decide(path, asked, reason, orders.approve_charge, "approved: it is booked with its turn")


def retry_charge(path: Path, asked: str, reason: str) -> Code:
    """Have a parked charge decided anew."""
    return _decide(path, asked, reason, orders.retry_charge, "tried again: it is looked for in billing first")


def resolve_charge(path: Path, asked: str, reason: str, i_xdr: int | None, *, drop: bool) -> Code:
    """Settle a charge on a person's word: it is an xDR, or (`drop`) not to be booked."""
    if drop is (i_xdr is not None):
        raise Failed("say either --xdr N (billing has booked it so) or --drop (it is not to be booked)", Code.USAGE)
    if not reason.strip():
        raise Failed("resolve needs a --reason for whoever comes across it", Code.USAGE)

    def decide(store: Store, who: orders.Person, charge: Charge, why: str) -> None:
        orders.resolve_charge(store, who, charge, why, i_xdr)

    said = "not to be booked" if i_xdr is None else f"booked as xDR {i_xdr}"
    return _decide(path, asked, reason, decide, f"resolved: {said}")


def _decide(path: Path, asked: str, reason: str, decision: Decision, said: str) -> Code:
    """Read and decide in one transaction, so that of two persons at once the second is told."""
    config = charging(path)
    with opened(config) as store:
        try:
            with store.transaction():
                charge = find_charge(store, asked)
                if charge is None:
                    return unknown(asked)
                decision(store, person(), charge, reason.strip())
        except NotDecidable as error:
            tell(f"{error}; nothing was changed")
            return Code.NOT_DECIDABLE
    say(f"{charge.name} is {said}")
    return Code.OK
