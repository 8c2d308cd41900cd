"""The benchmarks still measure what they say: in the small, and without the peers from PyPI."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks.goals import GOALS


@pytest.mark.long
def test_every_goal_is_measured_but_growth_which_needs_two_sizes(tmp_path: Path) -> None:
    out, goals = tmp_path / "bench.json", [f"--goal={goal}" for goal in GOALS if goal != "i"]
    options = (
        *goals,
        "--size",
        "400",
        "--short",
        "--runs",
        "1",
        "--folder",
        str(tmp_path / "work"),
        "--json",
        str(out),
    )
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks", *options], capture_output=True, text=True, check=True
    )
    rows = json.loads(out.read_text())["rows"]
    assert {row["goal"] for row in rows} == {*"abcdefgh", "-"}
    assert [row for row in rows if not row["ours"]] == []
    assert done.stdout.count("not measured") == 2  # there are no peers
