"""The store as whoever is in a transaction uses it, or only looks; `ledger.py` gives the loop its transactions."""

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from controller.store.absences import Absences
from controller.store.account_list import AccountList
from controller.store.accounts import Accounts
from controller.store.charge_decisions import ChargeDecisions
from controller.store.charges import Charges
from controller.store.connection import Database
from controller.store.database import (
    is_database_error,
    open_database,
    open_to_read,
    private_copy,
    translated,
    writing,
)
from controller.store.events import Events
from controller.store.feeds import Feeds
from controller.store.fence import Fence, Fences
from controller.store.holds import Holds
from controller.store.journal import Journal
from controller.store.names import Names
from controller.store.operator import Operator
from controller.store.reconciled import Reconciliations
from controller.store.records import Records
from controller.store.recovery import Recovery
from controller.store.retention import Retention
from controller.store.subscribers import Subscribers
from controller.store.targets import Targets
from controller.store.told import Audience, Told
from controller.store.trouble import RowDamaged, StoreError, of_sqlite

I = TypeVar("I")  # noqa: E741  an item
T = TypeVar("T")
_TRIAL_BYTES = 256 * 1024


class Store:
    """All tables, by the part they belong to; used within one thread."""

    def __init__(self, db: Database, path: Path, file: os.stat_result | None = None) -> None:
        """`file` is what stood at `path` when the database was opened; a copy in memory has none."""
        self.db = db
        self.path = path
        self._file = file
        self.journal = Journal(db)
        self.targets = Targets(db)
        self.operator = Operator(db)
        self.holds = Holds(db)
        self.recovery = Recovery(db)
        self.charges = Charges(db)
        self.charge_decisions = ChargeDecisions(self.charges)
        self.feeds = Feeds(db)
        self.reconciliations = Reconciliations(db)
        self.retention = Retention(db)
        self.fences = Fences(db)
        self.is_led_here = True

    @staticmethod
    def open(path: Path) -> "Store":
        """The store at `path`, made if it is not there. Raises `StoreError`."""
        db = open_database(path)
        with translated(path):
            return Store(db, path, path.stat())

    @staticmethod
    @contextmanager
    def as_it_stands(path: Path) -> Iterator["Store"]:
        """The store at `path` as it is at one moment, to be read beside whoever works on it. Raises `StoreError`."""
        store = Store(open_to_read(path), path)
        try:
            with store.translating():
                store.db.conn.execute("BEGIN")
                yield store
        finally:
            store.close()

    def enter(self, fence: Fence) -> None:
        """From now on this is the leader. A new epoch begins, so that the audit tells whose each call was.

        Raises `NotLeading`.
        """
        if self.fences.put(fence):
            self.recovery.raise_epoch()

    def copy(self) -> "Store":
        """A private copy. Raises `StoreError` where there is no room for it."""
        with self.translating():
            return Store(private_copy(self.db, self.path), self.path)

    @contextmanager
    def translating(self) -> Iterator[None]:
        """What fails within the context is said as a `StoreError`."""
        with translated(self.path, is_open=True):
            yield

    def accounts(self, billing: str) -> Accounts:
        """What one billing source says."""
        return Accounts(self.db, billing)

    def account_list(self, billing: str) -> AccountList:
        """The same, as billing's list changes it."""
        return AccountList(self.db, billing)

    def absences(self, billing: str) -> Absences:
        """Who is missing in what one billing source says, and how far that is proven."""
        return Absences(self.db, billing)

    def names(self, billing: str) -> Names:
        """Which ids one billing source's accounts bore before."""
        return Names(self.db, billing)

    def events(self, billing: str) -> Events:
        """What was announced of one billing source's accounts."""
        return Events(self.db, billing)

    def subscribers(self, platform: str) -> Subscribers:
        """What one platform should hold."""
        return Subscribers(self.db, platform)

    def records(self, platform: str, i_env: int) -> Records:
        """What one platform holds, for a billing environment."""
        return Records(self.db, platform, i_env)

    def told(self, audience: Audience) -> Told:
        """What a billing source was told about its accounts."""
        return Told(self.db, audience)

    def assert_in_place(self) -> None:
        """Raises `StoreError` where the file is no longer the one that was opened."""
        if self._file is not None and not _is_still(self._file, self.path):
            raise StoreError(
                f"the store {self.path} was removed or replaced while this process worked on it; nothing more is done."
                " Start it again: it finds out what stands there now. To restore a backup, stop it first"
            )

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """One transaction, translated where it fails."""
        with self.translating(), writing(self.db):
            yield

    def write_for_trial(self) -> None:
        """Write as much as a slice of a pass does."""
        self.db.conn.execute("INSERT OR REPLACE INTO meta (key, value) VALUES ('room', zeroblob(?))", (_TRIAL_BYTES,))

    def take_back_trial(self) -> None:
        """Make the room free again that the trial took."""
        self.db.conn.execute("DELETE FROM meta WHERE key = 'room'")

    def each(self, items: Iterable[I], action: Callable[[I], T], failed: Callable[[I, Exception], None]) -> list[T]:
        """Do something for each item; one that trips a bug of ours, or over a damaged row, is told to `failed`, and the
        others go on.
        """
        results: list[T] = []
        for item in items:
            try:
                with self.db.atomic():
                    results.append(action(item))
            except Exception as error:
                said = self.said(error)
                if is_database_error(said) and not isinstance(said, RowDamaged):
                    raise
                failed(item, said)
        return results

    def said(self, error: Exception) -> Exception:
        """The error; what SQLite objected as a `StoreError`."""
        return of_sqlite(self.path, error, is_open=True) if isinstance(error, sqlite3.DatabaseError) else error

    def close(self) -> None:
        """Let go of the file."""
        self.db.close()


def _is_still(file: os.stat_result, path: Path) -> bool:
    """Whether the file that was opened is the one that stands at the path."""
    try:
        return os.path.samestat(file, os.stat(path))
    except FileNotFoundError:
        return False
