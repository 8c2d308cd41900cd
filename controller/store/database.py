"""Opening the SQLite file.

Rules of this module:

1. WAL. A commit survives a kill of the process; with `synchronous=FULL`, which every intent asks for, it is on the
   disk before the call it announces is made (`ledger.py`).
2. What was taken out leaves its pages to what comes; where many are unused they are given back in steps, which only a
   file can do that was begun so (`retention.py`). The log beside it (`-wal`) grows while somebody reads, and is cut to
   `WAL_BYTES` after that.
3. A transaction is explicit (`Database.atomic`), short, and never spans a network call.
4. What SQLite says is translated into a sentence that names the file (`trouble.py`).
5. A database of a newer version is not touched: who does not know its tables cannot keep its promises. Neither is
   one of another program, to which a wrong path may lead.
"""

import fcntl
import math
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

from controller.store.connection import Database
from controller.store.migrations import NOTES, migrate, pending, taken, unknown
from controller.store.trouble import StoreError, of_sqlite, of_system

CACHE_KIB = 16 * 1024
IN_MEMORY_BYTES = 64 * 1024 * 1024
WAL_BYTES = 16 * 1024 * 1024
_OFF = 0  # of `PRAGMA synchronous`


def open_database(path: Path) -> Database:
    """Open (or make) the database at `path` and bring its schema up to date.

    Raises `StoreError` where the folder or the file cannot be used.
    """
    with translated(path):
        refuse_what_is_no_file(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        is_new = not path.exists() or not path.stat().st_size
        db = Database.connected(path)
        try:
            if is_new:
                path.chmod(0o600)
            _refuse_newer(db, path)
            _refuse_foreign(db, path)
            with _migrating(path) if pending(db) else nullcontext():
                return _prepared(db)
        except BaseException:
            db.close()
            raise


def open_to_read(path: Path) -> Database:
    """Open the database that somebody else keeps up to date; what is written by mistake fails. Raises `StoreError`."""
    with translated(path):
        db = Database(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None))
        db.conn.execute("PRAGMA busy_timeout = 10000")
        return db


@contextmanager
def _migrating(path: Path) -> Iterator[None]:
    """Of several processes that open a new or an older store at once, one at a time changes its tables.

    A lock of another kind than `controller/lock.py` takes on the same file: neither is in the other's way.
    """
    file = os.open(path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.lockf(file, fcntl.LOCK_EX)
        yield
    finally:
        os.close(file)


def refuse_what_is_no_file(path: Path) -> None:
    """SQLite would say only that it cannot open it. Raises `StoreError`."""
    if path.exists() and not path.is_file():
        raise StoreError(f"the store {path} is a folder, or something else that is no file; look at store.path")


def private_copy(db: Database, beside: Path, *, in_memory: int = IN_MEMORY_BYTES) -> Database:
    """A copy of everything in `db`, for looking ahead without leaving a trace.

    It is in memory, or, from so many bytes on, in a file beside the store that loses its name when it is complete, and
    goes with the copy: a million accounts would take gigabytes of memory. Raises `StoreError` where there is no room
    for that.
    """
    size = math.prod(int(db.conn.execute(f"PRAGMA {of}").fetchone()[0]) for of in ("page_count", "page_size"))
    if size <= in_memory:
        copy = Database.connected(":memory:")
        db.conn.backup(copy.conn)
        return _prepared(copy)
    _remove_unfinished(beside)
    if shutil.disk_usage(beside.parent).free < size:
        raise StoreError(
            f"this works on a copy of the store, which takes {size >> 20} MiB, and {beside.parent} has no such room;"
            " make the volume larger, or remove from it what is not needed"
        )
    with NamedTemporaryFile(dir=beside.parent, prefix=f"{beside.name}.copy-") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        copy = Database.connected(file.name)
        db.conn.backup(copy.conn)
        for setting in (
            "locking_mode = EXCLUSIVE",
            "journal_mode = MEMORY",
            "synchronous = OFF",
            f"cache_size = -{CACHE_KIB}",
        ):
            copy.conn.execute(f"PRAGMA {setting}").fetchall()
        migrate(copy)
        return copy


def _remove_unfinished(beside: Path) -> None:
    """What a process left behind that was killed while it copied: it held a lock as long as it lived."""
    for unfinished in beside.parent.glob(f"{beside.name}.copy-*"):
        with unfinished.open() as file, suppress(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            unfinished.unlink()


def _refuse_newer(db: Database, path: Path) -> None:
    newer = unknown(db)
    if newer:
        raise StoreError(
            f"the store {path} was written by a newer version of this program (its step {newer[0]!r} is not known"
            " here); nothing was changed. Install that version again, or restore a backup made before it"
        )


def _refuse_foreign(db: Database, path: Path) -> None:
    """Not even a look may leave our tables in a database of somebody else's."""
    foreign = [name for name in db.tables() if not name.startswith(("sqlite_", NOTES))]
    if foreign and not taken(db):
        raise StoreError(
            f"the file {path} is a database of another program (with a table {foreign[0]!r}); nothing was changed in"
            " it. Correct store.path in the configuration"
        )


def _prepared(db: Database) -> Database:
    db.conn.execute("PRAGMA busy_timeout = 10000")
    if not db.tables():
        db.conn.execute("PRAGMA auto_vacuum = INCREMENTAL")  # it is too late for that when there is a table
    db.conn.execute("PRAGMA journal_mode = wal")
    db.conn.execute("PRAGMA synchronous = FULL")
    db.conn.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    db.conn.execute(f"PRAGMA journal_size_limit = {WAL_BYTES}")
    migrate(db)
    return db


def set_durable(db: Database, durable: bool) -> None:
    """Whether the following commits are on the disk when they return, or only safe from the end of the process.

    Those of a private copy are neither.
    """
    ((synchronous,),) = db.conn.execute("PRAGMA synchronous").fetchall()
    if synchronous == _OFF:
        return
    db.conn.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")


@contextmanager
def writing(db: Database) -> Iterator[None]:
    """One transaction that may write: it takes the write lock at its begin, so that it cannot fail to get it later."""
    db.conn.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.conn.commit()
    except BaseException:
        db.conn.rollback()  # also after a commit that failed: what it leaves open would be in everybody's way
        raise


def is_database_error(error: Exception) -> bool:
    """Whether the database failed, rather than what was asked of it."""
    return isinstance(error, StoreError | sqlite3.DatabaseError)


@contextmanager
def translated(path: Path, *, is_open: bool = False) -> Iterator[None]:
    """Turn what the file system and SQLite raise into `StoreError`; `is_open`: the file could be opened before."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise of_sqlite(path, error, is_open=is_open) from error
    except OSError as error:
        raise of_system(f"the store {path} cannot be opened", error) from error
