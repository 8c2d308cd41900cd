"""Goal a: a full pass with nothing changed costs at most twice the CPU of its floor."""

from collections.abc import Iterator
from dataclasses import dataclass

from tests.benchmarks.bench import Bench, put_store
from tests.benchmarks.processes import figures
from tests.benchmarks.table import Row, Samples

FLOOR = "typed decode of both sides' pages + scan"


@dataclass(frozen=True, slots=True)
class Passes:
    """What passes and their floor cost, each in a fresh process, in turn."""

    runs: tuple[dict[str, float], ...]
    floors: tuple[dict[str, float], ...]

    def ours(self, name: str) -> Samples:
        """`cpu`, `seconds` or `peak_mb` of the passes."""
        return tuple(run[name] for run in self.runs)

    def floor(self, name: str) -> Samples:
        """The same of the floor."""
        return tuple(run[name] for run in self.floors)


def passes(bench: Bench, accounts: int) -> Passes:
    """Quiet passes over so many accounts."""
    return bench.once(("quiet passes over", accounts), lambda: _measured(bench, accounts))


def _measured(bench: Bench, accounts: int) -> Passes:
    runs, floors = list[dict[str, float]](), list[dict[str, float]]()
    with bench.fleet(accounts) as fleet:
        for _ in range(bench.runs):
            put_store(bench.store(accounts), fleet)
            floors.append(figures("floor", str(accounts), str(fleet.folder / "state.db")))
            runs.append(figures("quiet", str(fleet.config)))
    if any(run["changes"] or run["failed"] for run in runs):
        raise RuntimeError("the passes were not quiet")
    return Passes(tuple(runs), tuple(floors))


def rows(bench: Bench) -> Iterator[Row]:
    """CPU seconds at every size."""
    for accounts in bench.sizes:
        found = passes(bench, accounts)
        floor = found.floor("cpu")
        yield Row("a", "quiet pass, CPU", "s", accounts, FLOOR, floor, found.ours("cpu"), most=2)
        yield Row("a", "the first one of a process", "s", accounts, FLOOR, floor, found.ours("first_cpu"))
