"""One file for each goal: it builds the data, runs ours and its floor or peer, and gives rows of the table."""

from collections.abc import Callable, Iterator, Mapping

from tests.benchmarks.bench import Bench
from tests.benchmarks.goals import (
    a_pass,
    b_memory,
    c_plan,
    convergence,
    d_lanes,
    e_events,
    f_intake,
    g_calls,
    h_promptness,
    i_growth,
)
from tests.benchmarks.table import Row

GOALS: Mapping[str, Callable[[Bench], Iterator[Row]]] = {
    "a": a_pass.rows,
    "b": b_memory.rows,
    "c": c_plan.rows,
    "d": d_lanes.rows,
    "e": e_events.rows,
    "f": f_intake.rows,
    "g": g_calls.rows,
    "h": h_promptness.rows,
    "i": i_growth.rows,
    "first": convergence.first,
    "changed": convergence.changed,
}
