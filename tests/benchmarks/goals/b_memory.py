"""Goal b: a full pass needs at most 120 MB, and from N to 10 N at most 10 MB more."""

from collections.abc import Iterator
from itertools import pairwise
from statistics import median

from tests.benchmarks.bench import Bench
from tests.benchmarks.goals.a_pass import passes
from tests.benchmarks.table import Row

MOST, MOST_GROWTH = 120.0, 10.0


def rows(bench: Bench) -> Iterator[Row]:
    """Peak memory of fresh processes, each of which made one pass."""
    for accounts in bench.sizes:
        peaks = passes(bench, accounts).ours("peak_mb")
        yield Row("b", "quiet pass, peak memory", "MB", accounts, "target", (MOST,), peaks, most=1)
    for fewer, accounts in pairwise(bench.sizes):
        grown = median(passes(bench, accounts).ours("peak_mb")) - median(passes(bench, fewer).ours("peak_mb"))
        yield Row("b", f"its growth from {fewer:,}", "MB", accounts, "target", (MOST_GROWTH,), (grown,), most=1)
