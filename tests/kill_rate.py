"""Judges mutmut's figures: `python tests/kill_rate.py STATS.json PERCENT` fails below that share of killed mutants."""

import json
import sys
from pathlib import Path


def main(file: str, wanted: str) -> int:
    """Print the rate; 0 if it is high enough. A mutant that ran for ever counts as killed, one never run not."""
    figures = json.loads(Path(file).read_text(encoding="utf-8"))
    killed = figures["killed"] + figures["timeout"]
    rate = 100 * killed / max(figures["total"] - figures["skipped"], 1)
    print(f"{killed} of {figures['total']} mutants killed: {rate:.1f} % (wanted: {wanted} %)")  # noqa: T201
    return 0 if rate >= float(wanted) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
