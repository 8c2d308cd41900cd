"""`charges reconcile`: what was sold in a period against what billing has booked."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from controller.app import Connections, connect
from controller.billing.transactions import Transactions
from controller.charges.reconciling import Compared, Market, Period, reconcile
from controller.cli.codes import Code, Failed
from controller.cli.printing import Output, as_json, say
from controller.cli.progress import counting
from controller.cli.session import check_platform, configured, opened
from controller.cli.work import execute
from controller.clock import SystemClock
from controller.config import Config
from controller.store import Reconciled, Store
from controller.views.reconciled import reconciled_lines, reconciled_view
from platforms.kinds import KINDS

_YEARS = (1971, 2999)  # what is beyond is a slip, and no room to reckon with


@dataclass(frozen=True, slots=True)
class Asked:
    """The period as it was written, the platform it is about (all where none is named), and in whose xDRs to look."""

    begins: str
    ends: str
    platform: str | None
    all_accounts: bool


def reconcile_charges(path: Path, asked: Asked, output: Output) -> Code:
    """Print every difference of a period; what came of it is kept for the metrics, if everything could be read."""
    period = _period(asked)
    config = configured(path)
    names, clock = _platforms(config, asked.platform), SystemClock()
    with opened(config) as store:
        at = clock.now()
        compared = execute(_reconciled(config, names, period, store, everybody=asked.all_accounts))
        with store.transaction():
            for name, each in compared.items():
                if not each.unread:
                    store.reconciliations.note(name, Reconciled(at, each.comparison.differences))
        view = reconciled_view(store, period, at, compared)
    say(as_json(view) if output is Output.JSON else "\n".join(reconciled_lines(view)))
    if not view["complete"]:
        return Code.ERROR
    return Code.CHANGES if view["differences"] else Code.OK


async def _reconciled(
    config: Config, names: list[str], period: Period, store: Store, *, everybody: bool
) -> dict[str, Compared]:
    clock = SystemClock()
    connections = connect(config, clock)
    compared: dict[str, Compared] = {}
    try:
        for market in _markets(config, names, connections, everybody=everybody):
            with counting(f"xDRs of {market.billing}") as on_account:
                compared |= await reconcile(market, period, store, clock.now, on_account)
    finally:
        await connections.aclose()
    return {name: compared[name] for name in names}


def _markets(config: Config, names: list[str], connections: Connections, *, everybody: bool) -> Iterator[Market]:
    for client, source in connections.billings:
        theirs = [name for name in names if config.billing_of(name).name == source.name]
        drivers = tuple(each for each in connections.drivers if each.name in theirs)
        if drivers:
            yield Market(source.name, Transactions(client), drivers, everybody)


def _platforms(config: Config, asked: str | None) -> list[str]:
    """The platforms that are compared. Raises `Failed` where none can be."""
    if not config.charges.enabled:
        raise Failed("charges.enabled is false: nothing is booked, so there is nothing to compare")
    check_platform(config, asked)
    selling = [name for name, each in config.platforms.items() if KINDS[each.driver].capabilities.has_charges]
    if asked is not None and asked not in selling:
        raise Failed(f"platform {asked!r} has no feed of what it sells")
    if not selling:
        raise Failed("no platform has a feed of what it sells")
    return selling if asked is None else [asked]


def _period(asked: Asked) -> Period:
    period = Period(_instant("--from", asked.begins), _instant("--to", asked.ends))
    if period.begins >= period.ends:
        raise Failed(f"--from {asked.begins} is not before --to {asked.ends}: nothing lies between", Code.USAGE)
    return period


def _instant(option: str, text: str) -> datetime:
    """A date is its beginning; what names no zone is UTC."""
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        hint = "write a date (2026-03-01) or an instant (2026-03-01T18:00:00+01:00)"
        raise Failed(f"{option} {text!r} is no time; {hint}", Code.USAGE) from None
    if not _YEARS[0] <= at.year <= _YEARS[1]:
        raise Failed(f"{option} {text!r} is not between the years {_YEARS[0]} and {_YEARS[1]}", Code.USAGE)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
