"""What persons look at of charges: `charges list`, `charges show`; `charge_decisions.py` has what they decide."""

from dataclasses import dataclass
from pathlib import Path

from controller.cli.codes import Code
from controller.cli.printing import Output, as_json, say, tell
from controller.cli.session import check_platform, configured_to_look, opened
from controller.clock import SystemClock
from controller.config import Config
from controller.views.charge import charge_view, find_charge, list_view
from controller.views.charge_text import charge_lines, list_lines
from desired_state.charges import ChargeState


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which charges to list, and how many at most."""

    state: ChargeState | None
    platform: str | None
    limit: int


def list_charges(path: Path, wanted: Wanted, output: Output) -> Code:
    """Print charges, those first that a person has to decide about."""
    config = charging(path)
    check_platform(config, wanted.platform)
    with opened(config) as store:
        view = list_view(store, wanted.state, wanted.platform, wanted.limit, SystemClock().now())
    say(as_json(view) if output is Output.JSON else "\n".join(list_lines(view)))
    return Code.OK


def show_charge(path: Path, asked: str, output: Output) -> Code:
    """Print everything about one charge."""
    config = charging(path)
    with opened(config) as store:
        charge = find_charge(store, asked)
        if charge is None:
            return unknown(asked)
        view = charge_view(store, charge, SystemClock().now())
    say(as_json(view) if output is Output.JSON else "\n".join(charge_lines(view)))
    return Code.OK


def charging(path: Path) -> Config:
    """The configuration; whether charges are booked at all is said."""
    config = configured_to_look(path)
    if not config.charges.enabled:
        tell("charges.enabled is false: no feed is read, and nothing is booked, until it is true")
    return config


def unknown(asked: str) -> Code:
    """Say that there is no such charge."""
    tell(f"the store knows no charge {asked!r}; charges list shows what there is")
    return Code.UNKNOWN_CHARGE
