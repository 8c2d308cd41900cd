"""The schema comes about whole, wherever the process is killed meanwhile."""

import os
import signal
import sqlite3  # noqa: TID251  what came about is looked at
import sys
from contextlib import closing
from itertools import count
from multiprocessing.synchronize import Barrier
from pathlib import Path

from controller.store import Store
from tests.cli.forked import DEADLINE, PARENT


def schema(path: Path) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(path)) as conn:
        rows = conn.execute("SELECT name, sql FROM sqlite_master WHERE sql NOT NULL ORDER BY name").fetchall()
    return [row for row in rows if not row[0].startswith(("sqlite_", "idx__sqlite"))]


def is_killed_at(statement: int, path: Path) -> bool:
    """Open the store in a process that is killed as it begins its nth statement; says whether it came to that."""
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    numbers = count(1)

    def traced(_: str) -> None:
        if next(numbers) == statement:
            os.kill(os.getpid(), signal.SIGKILL)

    made: list[sqlite3.Connection] = []

    def audited(event: str, args: tuple[object, ...]) -> None:
        while made:  # while it is made a connection cannot be traced yet; what comes next is `chmod`
            made.pop().set_trace_callback(traced)
        if event == "sqlite3.connect/handle" and isinstance(args[0], sqlite3.Connection):
            made.append(args[0])

    sys.addaudithook(audited)
    try:
        Store.open(path).close()
    finally:
        os._exit(0)


def test_p16_a_process_that_is_killed_at_any_statement_of_a_migration_leaves_a_store_that_opens(tmp_path: Path) -> None:
    whole = tmp_path / "whole.db"
    Store.open(whole).close()
    kills = 0
    for statement in count(1, 4):
        path = tmp_path / f"{statement}.db"
        if not is_killed_at(statement, path):
            break
        kills += 1
        store = Store.open(path)
        assert store.recovery.identity().epoch == 1
        store.close()
        assert schema(path) == schema(whole)
    assert kills > 20


def opens(path: Path, starting: Barrier) -> None:
    starting.wait(DEADLINE)
    Store.open(path).close()


def test_of_several_that_open_a_new_store_at_once_each_can(tmp_path: Path) -> None:
    starting = PARENT.Barrier(4)
    processes = [PARENT.Process(target=opens, args=(tmp_path / "state.db", starting)) for _ in range(4)]
    for each in processes:
        each.start()
    for each in processes:
        each.join(DEADLINE)
    assert [each.exitcode for each in processes] == [0, 0, 0, 0]
