"""Opening the SQLite file: the door of sqlite_utils.

Rules of this module:

1. WAL. A commit survives a kill of the process; with `synchronous=FULL`, which every intent asks for, it is on the
   disk before the call it announces is made (`ledger.py`).
2. A transaction is explicit (`Database.atomic`), short, and never spans a network call.
3. What SQLite says is translated into a sentence that names the file (`StoreError`).
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlite_utils import Database

from controller.store.later import MIGRATIONS

CACHE_KIB = 16 * 1024


class StoreError(Exception):
    """The database cannot be used; `str()` names the file and says what to do."""


def open_database(path: Path) -> Database:
    """Open (or make) the database at `path` and bring its schema up to date.

    Raises `StoreError` where the folder or the file cannot be used.
    """
    with translated(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        is_new = not path.exists()
        db = Database(path)
        if is_new:
            path.chmod(0o600)
        return _prepared(db)


def copy_in_memory(db: Database) -> Database:
    """A private copy of everything in `db`, for looking ahead without leaving a trace."""
    copy = Database(memory=True)
    db.conn.backup(copy.conn)
    return _prepared(copy)


def _prepared(db: Database) -> Database:
    db.conn.execute("PRAGMA busy_timeout = 10000")
    db.enable_wal()
    db.conn.execute("PRAGMA synchronous = FULL")
    db.conn.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    MIGRATIONS.apply(db)
    return db


def set_durable(db: Database, durable: bool) -> None:
    """Whether the following commits are on the disk when they return, or only safe from the end of the process."""
    db.conn.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")


@contextmanager
def writing(db: Database) -> Iterator[None]:
    """One transaction that may write: it takes the write lock at its begin, so that it cannot fail to get it later."""
    db.conn.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        db.conn.rollback()
        raise
    db.conn.commit()


def is_database_error(error: Exception) -> bool:
    """Whether the database failed, rather than what was asked of it."""
    return isinstance(error, StoreError | sqlite3.DatabaseError)


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn what the file system and SQLite raise into `StoreError`."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise StoreError(f"the store {path} cannot be used: {error}") from error
    except OSError as error:
        raise StoreError(f"the store {path} cannot be opened: {error.strerror or error}") from error
