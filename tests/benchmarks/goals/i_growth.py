"""Goal i: ten times the accounts take at most eleven times the time."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from statistics import median

from tests.benchmarks.bench import Bench
from tests.benchmarks.goals.a_pass import passes
from tests.benchmarks.goals.c_plan import plans
from tests.benchmarks.goals.h_promptness import statuses
from tests.benchmarks.processes import seconds
from tests.benchmarks.table import Row, Samples

MOST = 1.1


def rows(bench: Bench) -> Iterator[Row]:
    """How many times the time, against how many times the accounts."""
    measured: tuple[tuple[str, Callable[[int], Samples]], ...] = (
        ("quiet pass, CPU", lambda size: passes(bench, size).ours("cpu")),
        ("quiet pass, time", lambda size: passes(bench, size).ours("seconds")),
        ("plan, 1 % changed, time", lambda size: seconds(plans(bench, size))),
        ("status, time", lambda size: seconds(statuses(bench, size))),
    )
    for fewer, accounts in pairwise(bench.sizes):
        for what, times in measured:
            grown = _times(times(fewer), times(accounts))
            yield Row("i", f"{what}, over {fewer:,}", "x", accounts, "growth", (accounts / fewer,), (grown,), most=MOST)


def _times(before: Samples, after: Samples) -> float:
    return median(after) / median(before)
