"""How long convergence takes at a platform of 20 ms: everybody for the first time, and 1 % changed. Against physics.

No goal of its own is set for it; physics is the number of calls to the platform times its latency over concurrency.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from tests.benchmarks.bench import Bench
from tests.benchmarks.daemons import daemon
from tests.benchmarks.fleets import Fleet, Written, calls, forget_calls, written
from tests.benchmarks.goals.c_plan import disturb
from tests.benchmarks.processes import until
from tests.benchmarks.table import Row

LATENCY = 0.02
CONCURRENCIES = (16, 64)
_FIRST, _FIRST_SHORT = 100_000, 600


@dataclass(frozen=True, slots=True)
class _Convergence:
    """`seconds` count from the start of the daemon to the answer of the last call."""

    writes: Written
    seconds: float
    cpu: float
    peak_mb: float
    to_billing: int
    to_platform: int


def first(bench: Bench) -> Iterator[Row]:
    """New accounts on an empty platform."""
    accounts = _FIRST_SHORT if bench.is_short else min(_FIRST, bench.sizes[-1])
    for concurrency in CONCURRENCIES:
        bench.say(f"  first convergence of {accounts} accounts, {concurrency} at a time")
        with bench.fleet(accounts, empty=True, latency=LATENCY, concurrency=concurrency) as fleet:
            found = _run(fleet, accounts)
        yield from _rows(f"first convergence, {concurrency} at a time", accounts, concurrency, found)


def changed(bench: Bench) -> Iterator[Row]:
    """1 % changed, half by billing and half at the platform."""
    accounts = bench.sizes[-1]
    for concurrency in CONCURRENCIES:
        bench.say(f"  1 % of {accounts} accounts changed, {concurrency} at a time")
        with bench.fleet(accounts, latency=LATENCY, concurrency=concurrency) as fleet:
            count = disturb(fleet, accounts // 100, accounts)
            forget_calls(fleet.platform)
            found = _run(fleet, count)
        yield from _rows(f"1 % changed, {concurrency} at a time", accounts, concurrency, found)


def _run(fleet: Fleet, changes: int) -> _Convergence:
    with daemon(fleet) as running:
        running.until(lambda: written(fleet.platform).count >= changes, every=0.1)
        until(lambda: running.metric("intents_open") == 0, every=0.1, patience=10)
        writes, billing, platform = written(fleet.platform), calls(fleet.billing), calls(fleet.platform)
        seconds = writes.last - running.began
        return _Convergence(
            writes, seconds, running.cpu, running.peak_mb, sum(billing.values()), sum(platform.values())
        )


def _rows(what: str, accounts: int, concurrency: int, found: _Convergence) -> Iterator[Row]:
    count = found.writes.count
    physics = ("physics: K L / C", (count * LATENCY / concurrency,))
    yield Row("-", what, "s", accounts, *physics, (found.seconds,))
    yield Row("-", "  from the first write to the last", "s", accounts, *physics, (found.writes.seconds,))
    yield Row("-", "  calls to the platform", "", accounts, "changes", (count,), (found.to_platform,))
    yield Row("-", "  calls to billing", "", accounts, "", (), (found.to_billing,))
    yield Row("-", "  CPU of the daemon", "s", accounts, "", (), (found.cpu,))
    yield Row("-", "  its peak memory", "MB", accounts, "", (), (found.peak_mb,))
