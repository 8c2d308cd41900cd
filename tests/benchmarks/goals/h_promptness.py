"""Goal h: `status` within 0.3 s, the daemon ready within 3 s, `/metrics` rendered within 20 ms."""

import sys
from collections.abc import Iterator
from time import perf_counter

from tests.benchmarks.bench import Bench
from tests.benchmarks.daemons import PRODUCT, Daemon, daemon
from tests.benchmarks.fleets import ASK
from tests.benchmarks.processes import Runs, cpu, run, seconds
from tests.benchmarks.table import Row, Samples

STATUS, READY, METRICS = 0.3, 3.0, 20.0
_IMPORTS = "import msgspec, typer, yaml; from pydantic import BaseModel, TypeAdapter"


def statuses(bench: Bench, accounts: int) -> Runs:
    """The command `status`, whole processes."""
    return bench.once(("status of", accounts), lambda: _statuses(bench, accounts))


def _statuses(bench: Bench, accounts: int) -> Runs:
    with bench.fleet(accounts) as fleet:
        return tuple(run(*PRODUCT, "status", "--config", str(fleet.config)) for _ in range(_often(bench)))


def _often(bench: Bench) -> int:
    return 2 * bench.runs + 1


def rows(bench: Bench) -> Iterator[Row]:
    """At every size; and what importing the libraries costs by itself."""
    for accounts in bench.sizes:
        ours = statuses(bench, accounts)
        yield Row("h", "status", "s", accounts, "target", (STATUS,), seconds(ours), most=1)
        yield Row("h", "  its CPU", "s", accounts, "", (), cpu(ours))
        imports = tuple(run(sys.executable, "-c", _IMPORTS).seconds for _ in range(_often(bench)))
        yield Row("h", "  import of the libraries alone", "s", accounts, "", (), imports)
        ready, rendered = _daemons(bench, accounts)
        yield Row("h", "daemon ready after", "s", accounts, "target", (READY,), ready, most=1)
        yield Row("h", "/metrics over HTTP", "ms", accounts, "target", (METRICS,), rendered, most=1)


def _daemons(bench: Bench, accounts: int) -> tuple[Samples, Samples]:
    """Seconds from start to ready, and milliseconds of `/metrics` when the first pass is through."""
    ready, rendered = list[float](), list[float]()
    bench.say(f"  starts of the daemon with {accounts} accounts")
    with bench.fleet(accounts) as fleet:
        for _ in range(bench.runs):
            with daemon(fleet) as running:
                ready.append(running.ready_after)
                running.until(lambda: running.passes > 0, every=0.2)
                rendered += _rendered(running)
    return tuple(ready), tuple(rendered)


def _rendered(running: Daemon) -> Iterator[float]:
    for _ in range(10):
        began = perf_counter()
        ASK.get(f"{running.url}/metrics").raise_for_status()
        yield (perf_counter() - began) * 1000
