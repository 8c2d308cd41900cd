"""Cutting back what grows with time, and giving room back to the disk: both in steps.

Rules of this module:

1. A step looks at the next rows by their numbers, and no further: it costs the same however large the table is.
2. Of the audit stays, however old, what others rest on: all of the last days (the brake counts 24 hours), the last call
   of each subscriber (`explain` tells of it), and the row with the highest number (by which an old copy is known, see
   `recovery.py`). Intents are open calls, and never touched.
3. Of the orders stay those whose plan is approved still: they say who caused the calls to come.
4. Charges, and who bore which record, stay for good: a feed may repeat any sale, and each is charged once.
"""

from dataclasses import dataclass
from datetime import datetime

from controller.keep import NEEDED, Keep
from controller.store.codec import to_instant
from controller.store.connection import Database

ROWS = 200  # of a step
PAGES = 200  # of a step
_SPARE = 0.1  # the share of the pages that may be unused: new rows take them before the file grows
FEW_PAGES = 1000  # pages that nobody misses


@dataclass(frozen=True, slots=True)
class Cut:
    """How many rows a step took, and the number after which the next goes on; `None`: all that is left stays."""

    rows: int
    last: int | None


@dataclass(frozen=True, slots=True)
class _Growing:
    """Which rows of a table are old, and which of these may go; `at` is when a row was written."""

    at: str
    is_old: str
    may_go: str


_GROWING = {
    "audit": _Growing(
        "closed_at",
        "(id <= :newest - :rows OR closed_at < :old) AND closed_at < :needed",
        "id < :newest AND (EXISTS (SELECT 1 FROM audit AS later INDEXED BY audit_by_subscriber"
        "  WHERE later.platform = audit.platform AND later.i_account = audit.i_account AND later.id > audit.id)"
        " OR NOT EXISTS (SELECT 1 FROM subscribers AS s"
        "  WHERE s.platform = audit.platform AND s.i_account = audit.i_account))",
    ),
    "orders": _Growing("at", "at < :old AND at < :needed", "(plan IS NULL OR plan NOT IN (SELECT plan FROM approved))"),
}
CUT_BACK = tuple(_GROWING)
"""What is cut back here. Events are forgotten where they are spread."""


class Retention:
    """The oldest rows of the tables `CUT_BACK`, and the pages of the file that nothing is in."""

    def __init__(self, db: Database) -> None:
        self._conn = db.conn

    def cut(self, table: str, keep: Keep, after: int, now: datetime) -> Cut:
        """One step through a table, from the number `after` on."""
        growing = _GROWING[table]
        newest = self._number(f"SELECT coalesce(max(id), 0) FROM {table}")
        given = {
            "after": after,
            "limit": ROWS,
            "newest": newest,
            "rows": keep.rows,
            "old": (now - keep.age).timestamp(),
            "needed": (now - NEEDED).timestamp(),
        }
        last, is_any_old, until = self._conn.execute(
            f"SELECT max(id), max(is_old), max(CASE WHEN is_old THEN at END) FROM (SELECT id, {growing.at} AS at,"
            f" {growing.is_old} AS is_old FROM {table} WHERE id > :after ORDER BY id LIMIT :limit)",
            given,
        ).fetchone()
        if not is_any_old:
            return Cut(0, None)
        gone = self._conn.execute(
            f"DELETE FROM {table} WHERE id > :after AND id <= :last AND {growing.is_old} AND {growing.may_go}",
            given | {"last": last},
        ).rowcount
        if gone:
            self._note(table, until)
        return Cut(gone, last)

    def cut_until(self, table: str) -> datetime | None:
        """Up to when a table was cut back; `None` if nothing was taken from it yet."""
        row = self._conn.execute("SELECT value FROM meta WHERE key = ?", (_CUT.format(table),)).fetchone()
        return to_instant(float(row[0])) if row is not None else None

    def vacuum(self) -> bool:
        """Give some pages back to the disk if too many are unused; says whether it did.

        A file that was begun by an older version keeps its pages, for new rows: see `deploy/operations.md`.
        """
        pages, unused = self._number("PRAGMA page_count"), self.unused_pages()
        if unused <= max(FEW_PAGES, _SPARE * pages) or self._number("PRAGMA auto_vacuum") != _INCREMENTAL:
            return False
        for _ in range(PAGES):  # asked for many, SQLite gives one with each result, and sqlite3 fetches no empty ones
            self._conn.execute("PRAGMA incremental_vacuum(1)")
        return True

    def unused_pages(self) -> int:
        """How many pages of the file hold nothing."""
        return self._number("PRAGMA freelist_count")

    def unused_bytes(self) -> int:
        """What these take on the disk."""
        return self.unused_pages() * self._number("PRAGMA page_size")

    def _note(self, table: str, until: float) -> None:
        self._conn.execute(
            "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value ="
            " max(CAST(value AS REAL), CAST(excluded.value AS REAL))",
            (_CUT.format(table), repr(until)),
        )

    def _number(self, query: str) -> int:
        return int(self._conn.execute(query).fetchone()[0])


_CUT = "{} is cut until"
_INCREMENTAL = 2
