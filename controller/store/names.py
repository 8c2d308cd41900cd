"""Which ids accounts bore before, and who else bears or bore one of them.

Rules of this module:

1. An id is a label: it changes, it is given to another account, and a termination adds `-old000` to it (PortaBilling
   contract, section 2.1). People go on asking by the one they know.
2. A former id is kept when the account's row gets another one, whoever changes it (a trigger of `later.py`).
"""

from dataclasses import dataclass
from datetime import datetime

from controller.store.codec import instant
from controller.store.connection import Database


@dataclass(frozen=True, slots=True)
class FormerId:
    """An id that an account bore, until billing showed another one."""

    id: str
    until: datetime


class Names:
    """The table `former_ids` of one billing source."""

    def __init__(self, db: Database, billing: str) -> None:
        self._conn = db.conn
        self._billing = billing

    def former(self, i_account: int) -> list[FormerId]:
        """The ids the account bore before, the latest first."""
        rows = self._conn.execute(
            "SELECT id, until FROM former_ids WHERE billing = ? AND i_account = ? ORDER BY until DESC, id",
            (self._billing, i_account),
        )
        return [FormerId(account_id, instant(until)) for account_id, until in rows]

    def last_bearer(self, account_id: str) -> int | None:
        """Who bore an id last, of those that bear another one now."""
        row = self._conn.execute(
            "SELECT i_account FROM former_ids WHERE billing = ? AND id = ? ORDER BY until DESC, i_account DESC LIMIT 1",
            (self._billing, account_id),
        ).fetchone()
        return None if row is None else int(row[0])

    def beginning(self, text: str, limit: int) -> list[tuple[int, str]]:
        """Accounts whose present id begins with a text, in the order of their ids: `i_account` and id."""
        rows = self._conn.execute(
            "SELECT i_account, id FROM accounts INDEXED BY accounts_by_id WHERE billing = ?1 AND id >= ?2"
            " AND id < ?2 || ?3 ORDER BY id LIMIT ?4",
            (self._billing, text, _LAST, limit),
        )
        return list(rows)

    def namesakes(self, i_account: int) -> list[tuple[int, str]]:
        """Other accounts that bear or bore an id that this one bears or bore: `i_account` and present id."""
        rows = self._conn.execute(_NAMESAKES, {"billing": self._billing, "i_account": i_account})
        return list(rows)


_LAST = chr(0x10FFFF)  # sorts behind every character
_NAMESAKES = """
WITH ids AS (
    SELECT id FROM accounts WHERE billing = :billing AND i_account = :i_account AND id <> ''
    UNION SELECT id FROM former_ids WHERE billing = :billing AND i_account = :i_account
), others AS (
    SELECT a.i_account FROM ids JOIN accounts a ON a.billing = :billing AND a.id = ids.id
    UNION SELECT f.i_account FROM ids JOIN former_ids f ON f.billing = :billing AND f.id = ids.id
)
SELECT i_account, id FROM others JOIN accounts USING (i_account) WHERE billing = :billing AND i_account <> :i_account
ORDER BY i_account
"""
