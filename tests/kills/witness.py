"""Sees the commits of the process it lives in, and has it die at one of them.

Rules of this module:

1. Nothing of the product is replaced or wrapped. The interpreter says that a method of SQLite's connection was called
   and has returned (`sys.setprofile`), SQLite itself which statement it is about to run (its trace).
2. Death is SIGKILL, from within: before SQLite runs its COMMIT, or after it returned and before its caller goes on.
"""

import os
import re
import signal
import sqlite3  # noqa: TID251  whoever watches SQLite from outside of the store has to know it
import sys
import threading
from collections import Counter
from pathlib import Path
from types import FrameType

from tests.kills.crossings import Crossing, Kind

_WRITES = re.compile(r"\s*(?:INSERT|UPDATE|DELETE|REPLACE|CREATE|ALTER|DROP)\b", re.IGNORECASE)
_LABELS: tuple[tuple[re.Pattern[str], Kind], ...] = (
    (re.compile(r"INSERT INTO intents\b"), "intent"),
    (re.compile(r"INSERT INTO audit\b"), "outcome"),
    (re.compile(r"INSERT (?:OR \w+ )?INTO events\b"), "event"),
    (re.compile(r"INSERT (?:OR \w+ )?INTO held_changes\b"), "hold"),
    (re.compile(r"INSERT (?:OR \w+ )?INTO approved\b"), "approval"),
    (re.compile(r"INSERT INTO charges\b"), "sale"),
    (re.compile(r"INSERT INTO charge_log\b.*'sending'"), "sending"),
    (re.compile(r"INSERT INTO charge_log\b.*'in_doubt'"), "doubt"),
    (re.compile(r"INSERT INTO charge_log\b.*'booked'"), "booked"),
)
_FILES = ("os.rename", "os.link", "os.remove")


class Witness:
    """Writes down every crossing in `log`, a line each, and dies at `order`."""

    def __init__(self, folder: Path, log: Path, order: Crossing | None) -> None:
        self._folder = str(folder)
        self._log = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        self._order = order
        self._counts: Counter[Kind] = Counter()
        self._watched: list[sqlite3.Connection] = []
        self._written: set[Kind] = set()
        self._crossed: list[Crossing] = []

    def begin(self, *, is_alone: bool) -> None:
        """Watch all threads to come; and this one, if the store has none of its own (`is_alone`)."""
        sys.addaudithook(self._on_file)
        threading.setprofile(self._on_call)
        if is_alone:
            sys.setprofile(self._on_call)

    def _on_call(self, _frame: FrameType, event: str, called: object) -> None:
        if event == "c_call":
            connection = getattr(called, "__self__", None)
            if isinstance(connection, sqlite3.Connection) and not any(each is connection for each in self._watched):
                self._watched.append(connection)
                connection.set_trace_callback(self._on_statement)
        elif self._crossed and event == "c_return":
            crossed, self._crossed = self._crossed, []
            self._die_after(crossed)

    def _on_statement(self, sql: str) -> None:
        if sql.startswith("BEGIN"):
            self._written = set()
        elif sql.startswith("COMMIT"):
            self._commit()
        elif _WRITES.match(sql):
            self._written.add("commit")
            self._written.update(label for pattern, label in _LABELS if pattern.match(sql))

    def _commit(self) -> None:
        kinds, self._written = self._written, set()
        if kinds:
            self._crossed = self._cross(*sorted(kinds))

    def _on_file(self, event: str, arguments: tuple[object, ...]) -> None:
        if event in _FILES and any(str(each).startswith(self._folder) for each in arguments):
            self._cross("file")

    def _cross(self, *kinds: Kind) -> list[Crossing]:
        """Die on this side of it, or say what its other side is."""
        self._counts.update(kinds)
        here = [Crossing(kind, self._counts[kind]) for kind in kinds]
        os.write(self._log, (" ".join(map(str, here)) + "\n").encode())
        if self._order in here:
            _die()
        return [Crossing(each.kind, each.number, "after") for each in here]

    def _die_after(self, crossed: list[Crossing]) -> None:
        if self._order in crossed:
            _die()


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
