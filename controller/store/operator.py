"""What people have asked for by commands, with or without a running daemon.

Rules of this module:

1. A command writes here and is done; the daemon looks every second, a later process at its start.
2. What is asked for is noted until somebody acts upon it: a crash in between loses nothing.
"""

from datetime import datetime

from sqlite_utils import Database


class Operator:
    """The table `requeued`."""

    def __init__(self, db: Database) -> None:
        self._conn = db.conn

    def requeue(self, billing: str, i_account: int, now: datetime) -> None:
        """Have an account looked at before all others."""
        self._conn.execute(
            "INSERT OR REPLACE INTO requeued (billing, i_account, at) VALUES (?, ?, ?)",
            (billing, i_account, now.timestamp()),
        )

    def take_requeued(self, billing: str) -> list[int]:
        """The accounts that were asked for, those that wait longest first; they are asked for no longer."""
        rows = self._conn.execute("SELECT i_account FROM requeued WHERE billing = ? ORDER BY at", (billing,)).fetchall()
        if rows:
            self._conn.execute("DELETE FROM requeued WHERE billing = ?", (billing,))
        return [i_account for (i_account,) in rows]
