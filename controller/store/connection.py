"""The connection to the store's file, which all parts of the store share."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Database:
    """An open database; used within one thread."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self.conn = conn

    @staticmethod
    def connected(path: Path | str) -> "Database":
        """The database of a file, which is made if it is not there; `:memory:` is one that nobody else sees.

        What a statement replaces sets off the triggers of what is deleted, too.
        """
        db = Database(sqlite3.connect(str(path)))
        db.conn.execute("PRAGMA recursive_triggers = on")
        return db

    def tables(self) -> list[str]:
        """The names of all tables."""
        return [name for (name,) in self.conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]

    @contextmanager
    def atomic(self) -> Iterator[None]:
        """What is done within is done whole or not at all; a part of the transaction that is open, if one is."""
        self.conn.execute("SAVEPOINT part")
        try:
            yield
        except BaseException:
            if self.conn.in_transaction:  # SQLite itself may have undone all of it: a full disk, say
                self.conn.execute("ROLLBACK TO part")
                self.conn.execute("RELEASE part")
            raise
        self.conn.execute("RELEASE part")

    def close(self) -> None:
        """Let go of the file."""
        self.conn.close()
