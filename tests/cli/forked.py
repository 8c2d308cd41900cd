"""The command in a process of its own, forked from one that has imported everything.

Rules of this module:

1. Each call is a process: its own arguments, streams and exit code, and nothing of an earlier call is left in it. Only
   the second in which Python imports what the command needs is spent once for all.
2. That the command starts by itself, imports included, is shown by the tests of the daemon and of the demo.
"""

import os
import sys
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

DEADLINE = 60.0

_COMMANDS = (
    "main",
    "apply",
    "charge_decisions",
    "charges",
    "decide",
    "demo",
    "doctor",
    "explain",
    "operate",
    "rebuild",
    "reconcile",
    "run",
)

PARENT = get_context("forkserver")
"""Whence every process comes."""
PARENT.set_forkserver_preload(["pytest", *(f"controller.cli.{part}" for part in _COMMANDS)])


@dataclass(frozen=True, slots=True)
class Said:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str


def call(*words: str) -> Said:
    """Run `iptv-reconciler` with these words and wait for its end."""
    with TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        process = PARENT.Process(target=command, args=(words, out, err))
        process.start()
        process.join(DEADLINE)
        code = process.exitcode
        process.kill()
        assert code is not None, f"{words} took more than {DEADLINE:.0f} seconds"
        return Said(code, out.read_text(), err.read_text())


def command(words: tuple[str, ...], out: Path, err: Path) -> None:
    """Be the command, to its end."""
    from controller.cli import main

    for descriptor, stream, file in ((1, sys.stdout, out), (2, sys.stderr, err)):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), descriptor)
        stream.flush()
    sys.argv = ["iptv-reconciler", *words]
    main()
