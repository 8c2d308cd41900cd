"""Goal c: `plan`, whole command over HTTP, against octoDNS planning from YAML and DiffSync comparing in memory.

One account in a hundred differs: half of these were changed by billing, half at the platform.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.benchmarks.bench import Bench, put_store
from tests.benchmarks.daemons import PRODUCT
from tests.benchmarks.fleets import Fleet, change
from tests.benchmarks.population import EVEN, FIRST, SECOND_PRODUCT
from tests.benchmarks.processes import Ended, Runs, cpu, run, seconds
from tests.benchmarks.table import Row, Samples

OCTODNS, DIFFSYNC = 50.0, 10.0
_MOST_OF_PEERS = 100_000
_PEERS = Path(__file__).parent.parent / "peers"


def plans(bench: Bench, accounts: int) -> Runs:
    """The command, whole processes."""
    return bench.once(("plans for", accounts), lambda: _plans(bench, accounts))


def _plans(bench: Bench, accounts: int) -> Runs:
    with bench.fleet(accounts) as fleet:
        changed = disturb(fleet, accounts // 100, accounts)
        return tuple(_plan(bench, fleet, accounts, changed) for _ in range(bench.runs))


def disturb(fleet: Fleet, count: int, accounts: int) -> int:
    """Change so many accounts, evenly spread: every other one in billing, the rest at the platform; returns how many.

    Each of the changes is one call, and takes nothing from anybody.
    """
    distance = accounts // count // 2 * 2
    chosen = [FIRST + EVEN + distance * place for place in range(count) if EVEN + distance * place < accounts]
    change(fleet.billing, chosen[::2], SECOND_PRODUCT)
    change(fleet.platform, chosen[1::2], {"phone": "+420000"})
    return len(chosen)


def _plan(bench: Bench, fleet: Fleet, accounts: int, changed: int) -> Ended:
    put_store(bench.store(accounts), fleet)
    out = fleet.folder / "plan.json"
    done = run(*PRODUCT, "plan", "--config", str(fleet.config), "--output", "json", "--out", str(out))
    planned = len(json.loads(out.read_text())["changes"])
    if planned != changed:
        raise RuntimeError(f"plan ended with {done.code} and {planned} changes instead of {changed}")
    return done


def rows(bench: Bench) -> Iterator[Row]:
    """Records per second, of peers with up to 100,000 records."""
    for accounts in bench.sizes:
        ours = _rates(accounts, seconds(plans(bench, accounts)))
        for peer, measure, least in (("octoDNS", _octodns, OCTODNS), ("DiffSync", _diffsync, DIFFSYNC)):
            records = min(accounts, _MOST_OF_PEERS)
            name = peer if records == accounts else f"{peer}, {records:,} records"
            theirs = _rates(records, _of_peer(bench, peer, records, measure))
            note = "" if theirs else "no environment of the peers: make it by `make bench`"
            yield Row("c", "plan, 1 % changed", "rec/s", accounts, name, theirs, ours, least=least, note=note)
        yield Row("c", "  its CPU", "s", accounts, "", (), cpu(plans(bench, accounts)))


def _rates(records: int, times: Samples) -> Samples:
    return tuple(records / each for each in times)


def _of_peer(bench: Bench, peer: str, records: int, measure: Callable[[Bench, int], Samples]) -> Samples:
    if not _python(bench).exists():
        return ()
    return bench.once((peer, records), lambda: measure(bench, records))


def _octodns(bench: Bench, records: int) -> Samples:
    """Seconds of the processes that plan, from their start."""
    script = str(_PEERS / "octodns_plan.py")
    with TemporaryDirectory(dir=bench.folder) as folder:
        run(str(_python(bench)), script, "make", folder, str(records))
        runs = [run(str(_python(bench)), script, "plan", folder) for _ in range(_often(bench))]
    if any(int(_last(done)) != records // 100 for done in runs):
        raise RuntimeError("octoDNS did not find the changes")
    return seconds(tuple(runs))


def _diffsync(bench: Bench, records: int) -> Samples:
    """Seconds of the comparison alone."""
    script = str(_PEERS / "diffsync_compare.py")
    found = [json.loads(_last(run(str(_python(bench)), script, str(records)))) for _ in range(_often(bench))]
    if any(each["changes"] != records // 100 for each in found):
        raise RuntimeError("DiffSync did not find the changes")
    return tuple(each["seconds"] for each in found)


def _often(bench: Bench) -> int:
    return 1 if bench.is_short else bench.runs


def _last(done: Ended) -> str:
    return (done.output.splitlines() or ["0"])[-1]


def _python(bench: Bench) -> Path:
    return bench.folder / "peers" / "bin" / "python"
