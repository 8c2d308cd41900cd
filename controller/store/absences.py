"""Accounts that billing's lists do not show: how far that is proven (promise P3).

Rules of this module:

1. A count belongs to one disappearance, by the account's `missing_since`: whatever ends that, whoever wrote it, ends
   the count, and the next disappearance begins with nothing.
2. Only accounts of which a platform has a record of ours are counted: of the others nothing could be taken.
3. What is counted is decided by `desired_state/absence.py`. Whatever changes about it has the account judged anew.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from controller.store.codec import instant, to_instant, to_seconds
from controller.store.connection import Database
from desired_state.absence import LISTS, Absence, denied, unlisted


@dataclass(frozen=True, slots=True)
class WholeList:
    """A complete list: when its reading began and ended, and by how much the wall clock leapt ahead since the last."""

    began: datetime
    ended: datetime
    leap: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class StoredAbsence:
    """An absence, with the last look-up that came to nothing: when, and what went wrong."""

    absence: Absence
    failed_at: datetime | None
    failure: str | None


_COLUMNS = "b.since, b.lists, b.counted_at, b.looked_up_at, b.proven_at, b.failed_at, b.failure"
# Absences are few: queries begin with them (CROSS JOIN), whatever SQLite takes for likely.
_VALID = "b.billing = a.billing AND b.i_account = a.i_account AND b.missing_since = a.missing_since"
_HAS_RECORD = (
    "EXISTS (SELECT 1 FROM records INDEXED BY records_by_account"
    " WHERE platform IN (SELECT value FROM json_each(?)) AND i_account = a.i_account AND gone = 0)"
)
_SOME = 200  # missing accounts that are counted at a time
_FOLLOWING = " UNION ALL ".join(  # each part by the index alone, as a comparison of pairs would not be
    "SELECT * FROM (SELECT billing, i_account, missing_since, seen_at, presence"
    f" FROM accounts INDEXED BY accounts_missing WHERE billing = ?2 AND {which}"
    f" ORDER BY missing_since, i_account LIMIT {_SOME})"
    for which in ("missing_since = ?3 AND i_account > ?4", "missing_since > ?3")
)
_MISSING = (
    "SELECT a.missing_since, a.i_account, a.seen_at IS NOT NULL"
    f" AND (a.presence IS NOT 'absent' OR b.proven_at IS NOT NULL) AND {_HAS_RECORD}, {_COLUMNS}"
    f" FROM ({_FOLLOWING} LIMIT {_SOME}) a LEFT JOIN absences b ON {_VALID}"
)


class Absences:
    """The tables `absences` and `switched_off` of one billing source."""

    def __init__(self, db: Database, billing: str) -> None:
        self._conn = db.conn
        self._billing = billing

    def get(self, i_account: int) -> StoredAbsence | None:
        """How far the account's absence is proven; `None` if it is not missing, or nothing counts yet."""
        row = self._conn.execute(
            f"SELECT {_COLUMNS} FROM absences b JOIN accounts a ON {_VALID} WHERE b.billing = ? AND b.i_account = ?",
            (self._billing, i_account),
        ).fetchone()
        return None if row is None else StoredAbsence(_absence(row), to_instant(row[5]), row[6])

    def count_list(
        self, listed: WholeList, platforms: Iterable[str], after: tuple[float, int] = (0.0, 0)
    ) -> tuple[float, int] | None:
        """Count a complete list against missing accounts that it did not show: all that are missing now, of some that
        follow one in the order in which they went.

        Terminated accounts are left out: their end is a fact. Returns the instant and the account after which to go on;
        `None` where there are no more.
        """
        rows = self._conn.execute(_MISSING, (json.dumps(list(platforms)), self._billing, *after)).fetchall()
        for missing_since, i_account, counts, *known in rows:
            before = _absence(known) if known[0] is not None else None
            count = unlisted(before, listed.began, listed.ended) if counts else before
            if count is not None and count != before:
                self._put(i_account, missing_since, count)
        return max((missing_since, i_account) for missing_since, i_account, *_ in rows) if rows else None

    def note_denied(self, i_account: int, at: datetime) -> None:
        """Billing, asked for this very account, said that it has none."""
        known = self.get(i_account)
        if known is None:
            return
        (missing_since,) = self._conn.execute(
            "SELECT missing_since FROM absences WHERE billing = ? AND i_account = ?", (self._billing, i_account)
        ).fetchone()
        self._put(i_account, missing_since, denied(known.absence, at))

    def note_failure(self, i_account: int, text: str, at: datetime) -> None:
        """Asked for this account, billing gave no answer that says anything: that proves nothing, either way."""
        self._conn.execute(
            "UPDATE absences SET failed_at = ?, failure = ? WHERE billing = ? AND i_account = ?",
            (at.timestamp(), text, self._billing, i_account),
        )

    def to_look_up(self, platforms: Iterable[str]) -> list[int]:
        """Accounts of whose absence only billing's own word is missing; those who failed longest ago come first."""
        rows = self._conn.execute(
            f"SELECT a.i_account FROM absences b CROSS JOIN accounts a ON {_VALID}"
            f" WHERE b.billing = ? AND b.lists >= {LISTS} AND b.proven_at IS NULL AND {_HAS_RECORD}"
            " ORDER BY coalesce(b.failed_at, 0), a.i_account",
            (self._billing, json.dumps(list(platforms))),
        )
        return [i_account for (i_account,) in rows]

    def proven(self, platforms: Iterable[str]) -> Sequence[int]:
        """Accounts that count as gone and still have a record, those that went first coming first."""
        rows = self._conn.execute(
            f"SELECT a.i_account FROM absences b CROSS JOIN accounts a ON {_VALID}"
            f" WHERE b.billing = ? AND b.proven_at IS NOT NULL AND {_HAS_RECORD} ORDER BY b.since, a.i_account",
            (self._billing, json.dumps(list(platforms))),
        )
        return [i_account for (i_account,) in rows]

    def begin_anew(self) -> None:
        """Count nothing of what was counted so far: it was not about this billing, or not of this database."""
        self._conn.execute("DELETE FROM absences WHERE billing = ?", (self._billing,))
        self._conn.execute(
            "UPDATE accounts SET judged_in = NULL WHERE billing = ? AND missing_since > 0", (self._billing,)
        )

    def off_since(self, platform: str, i_account: int, absence: Absence) -> datetime | None:
        """Since when the platform's record has been off for this absence."""
        row = self._conn.execute(
            "SELECT since FROM switched_off WHERE platform = ? AND i_account = ? AND absent_since = ?",
            (platform, i_account, absence.since.timestamp()),
        ).fetchone()
        return to_instant(row[0]) if row is not None else None

    def set_off_since(self, platform: str, i_account: int, absence: Absence, since: datetime | None) -> None:
        """Remember since when the platform's record has been off for this absence; `None` if it is on."""
        if since is None:
            self._conn.execute("DELETE FROM switched_off WHERE platform = ? AND i_account = ?", (platform, i_account))
            return
        self._conn.execute(
            "INSERT OR REPLACE INTO switched_off (platform, i_account, billing, absent_since, since)"
            " VALUES (?, ?, ?, ?, ?)",
            (platform, i_account, self._billing, absence.since.timestamp(), since.timestamp()),
        )

    def _put(self, i_account: int, missing_since: float, absence: Absence) -> None:
        self._conn.execute(
            "INSERT INTO absences"
            " (billing, i_account, missing_since, since, lists, counted_at, looked_up_at, proven_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (billing, i_account) DO UPDATE SET"
            " since = excluded.since, lists = excluded.lists, counted_at = excluded.counted_at,"
            " failed_at = CASE WHEN looked_up_at IS excluded.looked_up_at THEN failed_at END,"
            " failure = CASE WHEN looked_up_at IS excluded.looked_up_at THEN failure END,"
            " looked_up_at = excluded.looked_up_at, proven_at = excluded.proven_at,"
            " missing_since = excluded.missing_since",
            (self._billing, i_account, missing_since, absence.since.timestamp(), absence.lists,
             absence.counted_at.timestamp(), to_seconds(absence.looked_up_at), to_seconds(absence.proven_at)),
        )  # fmt: skip
        self._conn.execute(
            "UPDATE accounts SET judged_in = NULL WHERE billing = ? AND i_account = ?", (self._billing, i_account)
        )

    def note_leap(self, leap: timedelta) -> None:
        """The clock leapt: what is not proven begins anew, and a grace gets no shorter by time that did not pass."""
        if not leap:
            return
        self._conn.execute("DELETE FROM absences WHERE billing = ? AND proven_at IS NULL", (self._billing,))
        self._conn.execute(
            "UPDATE switched_off SET since = since + ? WHERE billing = ?",
            (max(leap, timedelta(0)).total_seconds(), self._billing),
        )

    def forget_old(self) -> None:
        """Drop the counts of disappearances that are over."""
        self._conn.execute(
            f"DELETE FROM absences AS b WHERE b.billing = ? AND NOT EXISTS (SELECT 1 FROM accounts a WHERE {_VALID})",
            (self._billing,),
        )
        self._conn.execute(
            "DELETE FROM switched_off AS s WHERE billing = ? AND NOT EXISTS (SELECT 1 FROM absences b"
            " WHERE b.billing = s.billing AND b.i_account = s.i_account AND b.since = s.absent_since)",
            (self._billing,),
        )


def _absence(row: Sequence[float]) -> Absence:
    since, lists, counted_at, looked_up_at, proven_at = row[:5]
    return Absence(instant(since), int(lists), instant(counted_at), to_instant(looked_up_at), to_instant(proven_at))
