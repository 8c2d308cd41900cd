"""The real command in a process of its own that may have to die."""

import os
import signal
import threading
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path

from tests.cli.forked import PARENT, command
from tests.kills.crossings import Crossing
from tests.kills.witness import Witness

_THREADED = ("apply", "run")
"""Commands whose store has a thread of its own."""

_ONE_BY_ONE = threading.Lock()
"""Whoever starts a process also asks how all others have ended, which two threads must not do at once."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended (an exit code, or the negative number of a signal), and all it said."""

    code: int
    out: str
    err: str

    @property
    def was_killed(self) -> bool:
        return self.code == -signal.SIGKILL


class Victim:
    """A process that waits to be told to begin. What it says, and its crossings, are in files of its folder."""

    def __init__(self, words: tuple[str, ...], folder: Path, die: Crossing | None) -> None:
        self._folder = folder
        for name in ("out", "err", "crossings"):
            (folder / name).unlink(missing_ok=True)
        theirs, self._ours = PARENT.Pipe(duplex=False)
        self._process = PARENT.Process(target=_live, args=(theirs, words, folder, die))
        with _ONE_BY_ONE:
            self._process.start()
        theirs.close()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        return not wait([self._process.sentinel], timeout=0)

    def begin(self) -> None:
        self._ours.send_bytes(b"go")
        self._ours.close()

    def send(self, number: signal.Signals) -> None:
        """Send it a signal, which a dead one does not hear."""
        if self.is_alive:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def said(self) -> str:
        """What it has said on standard error so far, in whole lines."""
        return "".join(line for line in _text(self._folder / "err").splitlines(True) if line.endswith("\n"))

    def ended(self) -> Ended:
        """Wait for its end."""
        wait([self._process.sentinel])
        with _ONE_BY_ONE:
            self._process.join()
        assert self._process.exitcode is not None
        return Ended(self._process.exitcode, _text(self._folder / "out"), _text(self._folder / "err"))


def _text(file: Path) -> str:
    """What is in it; nothing where a process did not live to make it."""
    return file.read_text() if file.exists() else ""


def _live(begin: Connection, words: tuple[str, ...], folder: Path, die: Crossing | None) -> None:
    begin.recv_bytes()
    Witness(folder, folder / "crossings", die).begin(is_alone=words[0] not in _THREADED)
    command(words, folder / "out", folder / "err")
