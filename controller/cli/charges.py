"""What persons look at and decide about charges: `charges list`, `show`, `approve`, `retry`, `resolve`."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from controller import orders
from controller.cli.codes import Code, Failed
from controller.cli.printing import Output, as_json, say, tell
from controller.cli.putting_together import person
from controller.cli.session import check_platform, configured, opened
from controller.clock import SystemClock
from controller.config import Config
from controller.store import Charge, NotDecidable, Store
from controller.views.charge import charge_view, find_charge, list_view
from controller.views.charge_text import charge_lines, list_lines
from desired_state.charges import ChargeState

Decision = Callable[[Store, orders.Person, Charge, str], None]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which charges to list, and how many at most."""

    state: ChargeState | None
    platform: str | None
    limit: int


def list_charges(path: Path, wanted: Wanted, output: Output) -> Code:
    """Print charges, those first that a person has to decide about."""
    config = _charging(path)
    check_platform(config, wanted.platform)
    with opened(config) as store:
        view = list_view(store, wanted.state, wanted.platform, wanted.limit, SystemClock().now())
    say(as_json(view) if output is Output.JSON else "\n".join(list_lines(view)))
    return Code.OK


def show_charge(path: Path, asked: str, output: Output) -> Code:
    """Print everything about one charge."""
    config = _charging(path)
    with opened(config) as store:
        charge = find_charge(store, asked)
        if charge is None:
            return _unknown(asked)
        view = charge_view(store, charge, SystemClock().now())
    say(as_json(view) if output is Output.JSON else "\n".join(charge_lines(view)))
    return Code.OK


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
    config = _charging(path)
    with opened(config) as store:
        try:
            with store.transaction():
                charge = find_charge(store, asked)
                if charge is None:
                    return _unknown(asked)
                decision(store, person(), charge, reason.strip())
        except NotDecidable as error:
            tell(f"{error}; nothing was changed")
            return Code.NOT_DECIDABLE
    say(f"{charge.name} is {said}")
    return Code.OK


def _charging(path: Path) -> Config:
    config = configured(path)
    if not config.charges.enabled:
        tell("charges.enabled is false: no feed is read, and nothing is booked, until it is true")
    return config


def _unknown(asked: str) -> Code:
    tell(f"the store knows no charge {asked!r}; charges list shows what there is")
    return Code.UNKNOWN_CHARGE
