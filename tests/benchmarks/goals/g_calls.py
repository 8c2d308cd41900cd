"""Goal g: one call for each creation and update, none at rest; to billing then its pages and the audit's share.

The servers count.
"""

from collections.abc import Iterator
from math import ceil
from time import perf_counter

from controller.rounds import SHORTEST_PAUSE
from tests.benchmarks.bench import Bench
from tests.benchmarks.daemons import daemon
from tests.benchmarks.fleets import Fleet, begun, calls, change, forget_calls, written
from tests.benchmarks.population import FIRST
from tests.benchmarks.table import Row

_CHANGES = 200
_PASSES, _EVERY = 4, "3s"
_PAGE = 1000
_DAY = 86_400.0
_SINGLE = ("customers one", "customers found", "customers list POST")


def rows(bench: Bench) -> Iterator[Row]:
    """Calls for each change, and in passes at rest."""
    bench.say("  calls of creations, updates and rest")
    accounts = bench.sizes[0]
    created = _created(bench)
    yield _row("calls a creation", _CHANGES, "one each", _CHANGES, _single(created))
    yield _row("  of billing, details and custom fields", _CHANGES, "two each", 2 * _CHANGES, _details(created))
    with bench.fleet(accounts, full_pass=_EVERY) as fleet:
        yield _row("calls an update", accounts, "one each", _CHANGES, _updated(fleet))
        yield from _at_rest(fleet, accounts)


def _row(what: str, accounts: int, against: str, fewest: float, count: float) -> Row:
    return Row("g", what, "", accounts, against, (float(fewest),), (float(count),), most=1)


def _single(called: dict[str, int]) -> int:
    """Calls to the platform about single customers, lookups included."""
    return sum(count for name, count in called.items() if name.startswith(_SINGLE))


def _details(called: dict[str, int]) -> int:
    """Calls to billing about single accounts."""
    return sum(called.get(f"Account/{name}", 0) for name in ("get_account_info", "get_custom_fields_values"))


def _created(bench: Bench) -> dict[str, int]:
    with bench.fleet(_CHANGES, empty=True) as fleet, daemon(fleet) as running:
        running.until(lambda: written(fleet.platform).count >= _CHANGES)
        return calls(fleet.platform) | calls(fleet.billing)


def _updated(fleet: Fleet) -> int:
    change(fleet.platform, list(range(FIRST, FIRST + _CHANGES)), {"phone": "+420000"})
    with daemon(fleet) as running:
        running.until(lambda: written(fleet.platform).count >= _CHANGES)
        return _single(calls(fleet.platform))


def _at_rest(fleet: Fleet, accounts: int) -> Iterator[Row]:
    with daemon(fleet) as running:
        running.until(lambda: running.passes > 0, every=0.1)
        forget_calls(fleet.platform)
        forget_calls(fleet.billing)
        began = perf_counter()
        running.until(lambda: running.passes > _PASSES, every=0.1)
        seconds, passes = perf_counter() - began, begun(fleet.billing)
        billing, platform = calls(fleet.billing), calls(fleet.platform)
    pages, lists = passes * (accounts // _PAGE + 1), billing.get("Account/get_account_list", 0)
    yield _row(f"calls about customers in {passes} passes at rest", accounts, "none", 0, _single(platform))
    yield _row("  billing's list in these", accounts, "pages, the last and empty one too", pages, lists)
    share = _audited(accounts, seconds)
    yield _row("  billing's details in these", accounts, "two for each of the audit", share, _details(billing))


def _audited(accounts: int, seconds: float) -> int:
    """The most calls of the audit in so much time: what falls due in it, and the two steps that a start may owe."""
    a_second = accounts / _DAY
    return 2 * ceil(a_second * seconds + 2 * max(1.0, a_second * SHORTEST_PAUSE))
