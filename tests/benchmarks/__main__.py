"""The benchmarks' command: measures goals of performance and prints one table; no assertion anywhere."""

import argparse
import json
import os
import platform
import signal
import sqlite3
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter

from tests.benchmarks.bench import ROOT, Bench
from tests.benchmarks.goals import GOALS
from tests.benchmarks.table import Row, table

LONG = (10_000, 100_000, 1_000_000)
SHORT = (2_000, 20_000)


def main() -> None:
    """Measure what is asked for."""
    asked = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that no server outlives it
    sizes = tuple(asked.size) or (SHORT if asked.short else LONG)
    bench = Bench(sizes, asked.runs or (2 if asked.short else 3), asked.folder, asked.short)
    began, rows = perf_counter(), list[Row]()
    for goal in asked.goal or GOALS:
        bench.say(f"goal {goal}, after {perf_counter() - began:.0f} s")
        rows += _measured(bench, goal)
    cost = f"in {perf_counter() - began:.0f} s, with {sum(os.times()[:4]):.0f} s of CPU"
    sys.stdout.write(f"{machine()}\n\n{table(rows)}\n\n{cost}\n")
    if asked.json is not None:
        told = {"machine": machine(), "sizes": sizes, "runs": bench.runs, "rows": [row.as_json() for row in rows]}
        asked.json.write_text(json.dumps(told, indent=1) + "\n")


def _measured(bench: Bench, goal: str) -> Iterator[Row]:
    """The goal's rows; trouble ends this goal and is told, and the others go on."""
    measure: Callable[[Bench], Iterator[Row]] = GOALS[goal]
    try:
        yield from measure(bench)
    except Exception as error:
        yield Row(
            goal, "the rest of it", "", bench.sizes[-1], "", note=f"not measured: {type(error).__name__}: {error}"
        )


def machine() -> str:
    """On what it was measured."""
    load = os.getloadavg()[0]
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{os.cpu_count()} cores, {python}, SQLite {sqlite3.sqlite_version}, load at the end {load:.1f}"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--size", type=int, action="append", default=[], help="accounts; may be given several times")
    parser.add_argument("--goal", choices=[*GOALS], action="append", help="may be given several times")
    parser.add_argument("--runs", type=int, help="how often everything is measured")
    parser.add_argument("--short", action="store_true", help="small sizes and few runs, in three minutes")
    parser.add_argument("--json", type=Path, help="write all figures to this file as well")
    parser.add_argument("--folder", type=Path, default=ROOT / ".bench", help="where filled stores are kept")
    return parser.parse_args()


if __name__ == "__main__":
    main()
