"""The demo itself, at small size: real processes, real HTTP over loopback, the product's own command line."""

import signal
import subprocess
from pathlib import Path

import pytest

from controller.demo.parts import command, surroundings

pytestmark = pytest.mark.long

DEADLINE = 120.0
DONE = (
    *("first convergence", "blocked", "unblocked", "topped up", "product changed", "moved here or away"),
    *("add-on added", "add-on removed", "contact changed", "device replaced", "terminated", "newly opened"),
    "edited by hand, healed",
)


def demo(folder: Path) -> "subprocess.Popen[str]":
    """Start the command so that its temporary files can be seen in `folder`."""
    return subprocess.Popen(
        command(["demo", "--accounts", "40"]),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env={**surroundings(), "TMPDIR": str(folder), "PYTHONIOENCODING": "utf-8"},
    )


def test_the_demo_converges_and_says_so(tmp_path: Path) -> None:
    with demo(tmp_path) as process:
        printed, said = process.communicate(timeout=DEADLINE)
    assert process.returncode == 0, printed + said
    assert [what for what in DONE if f"│ {what} " not in printed] == []
    assert all(printed.count(f"│ {platform} ") > len(DONE) / 2 for platform in ("tv", "cable", "box"))
    assert "0 writes in 2 passes" in printed
    assert "0 restarts on box" in printed
    assert "exit code 0" in printed
    assert " NO " not in printed
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_demo_leaves_nothing_behind(tmp_path: Path) -> None:
    with demo(tmp_path) as process:
        assert process.stderr is not None
        assert process.stderr.readline().startswith("first convergence")  # so the daemon is at work
        (folder,) = tmp_path.iterdir()
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=DEADLINE)
    assert process.returncode == 1
    assert "interrupted" in said
    assert not folder.exists()
